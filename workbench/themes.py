"""Where the theme files are: beside an editable install, inside an installed wheel.

A checkout always wins over what a wheel left behind, so that an edited theme is never shadowed by a stale copy.
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from workbench.data.errors import Invalid

PACKAGE = Path(__file__).resolve().parent


def theme_dirs() -> tuple[Path, ...]:
    """The directories that themes are read from, the first one wins."""
    checkout = PACKAGE.parent
    if _is_our_checkout(checkout):
        return (checkout / "themes",)
    return (PACKAGE / "_themes",)


def theme_names() -> tuple[str, ...]:
    """The names of every theme, sorted."""
    return tuple(sorted({file.stem for folder in theme_dirs() for file in folder.glob("*.toml")}))


def theme_file(name: str) -> Path:
    """The file of the theme `name`; `Invalid` with the nearest name when there is none."""
    # Only listed names are looked up, so that a name can never lead out of the directory.
    if name in theme_names():
        return next(file for folder in theme_dirs() if (file := folder / f"{name}.toml").is_file())
    raise Invalid(f'"{name}" is no theme; {nearest_theme(name)}')


def nearest_theme(name: str) -> str:
    """The end of the sentence about a theme that does not exist: the nearest name, or all of them."""
    names = theme_names()
    near = [known for known in names if name.lower() in known] or difflib.get_close_matches(name.lower(), names, n=1)
    return f'did you mean "{near[0]}"?' if near and name else f"there is: {', '.join(names) or 'none at all'}"


@cache
def _is_our_checkout(folder: Path) -> bool:
    """Whether `folder` is the root of this project's source, and not site-packages."""
    import tomllib

    try:
        with (folder / "pyproject.toml").open("rb") as file:
            project = tomllib.load(file).get("project")
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and project.get("name") == "agent-workbench"
