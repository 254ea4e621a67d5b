"""Where the theme files are: beside an editable install, inside an installed wheel, and in the user's own folder.

A checkout always wins over what a wheel left behind, so that an edited theme is never shadowed by a stale copy. The
user's own folder is `themes` beside the settings file; a theme in it wins over ours of the same name.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from workbench.data.errors import Invalid

PACKAGE = Path(__file__).resolve().parent
FOLDER = "themes"


def theme_dirs(own: Path | None = None) -> tuple[Path, ...]:
    """The directories that themes are read from, the first one wins; `own` is the user's."""
    checkout = PACKAGE.parent
    ours = checkout / FOLDER if _is_our_checkout(checkout) else PACKAGE / "_themes"
    return (ours,) if own is None else (own, ours)


def theme_names(own: Path | None = None) -> tuple[str, ...]:
    """The names of every theme, sorted."""
    return tuple(sorted({file.stem for folder in theme_dirs(own) for file in _files_in(folder)}))


def theme_file(name: str, own: Path | None = None) -> Path:
    """The file of the theme `name`; `Invalid` with the nearest name when there is none."""
    # Only listed names are looked up, so that a name can never lead out of the directory.
    for folder in theme_dirs(own):
        for file in _files_in(folder):
            if file.stem == name:
                return file
    raise Invalid(f'"{name}" is no theme; {nearest_theme(name, own)}')


def nearest_theme(name: str, own: Path | None = None) -> str:
    """The end of the sentence about a theme that does not exist: the nearest name, or all of them."""
    import difflib

    names = theme_names(own)
    near = [known for known in names if name.lower() in known] or difflib.get_close_matches(name.lower(), names, n=1)
    return f'did you mean "{near[0]}"?' if near and name else f"there is: {', '.join(names) or 'none at all'}"


def _files_in(folder: Path) -> list[Path]:
    """The theme files of a directory: nothing that would have to be waited for, and nothing where there is none."""
    try:
        return sorted(file for file in folder.glob("*.toml") if file.is_file())
    except OSError:  # it may not be looked into
        return []


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
