"""Themes for the screen, from their files: every colour is read when the file is, not when it is first drawn.

A file with faults is never half a theme: all of its faults are told in one sentence, and the default is used instead.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

from workbench import themes
from workbench.data.errors import Invalid
from workbench.desk.safe import SafeText, plain, safe

DEFAULT, PLAIN = "workbench-dark", "ansi"
COLOURS = (
    "primary", "secondary", "accent", "foreground", "background", "surface", "panel", "success", "warning", "error",
)  # fmt: skip
_TABLES = ("name", "dark", "ansi", "colours", "variables")
_LARGEST = 65_536  # bytes; no theme is so long
_MOST = 8  # faults that are told


@dataclass(frozen=True, slots=True)
class Chosen:
    """A theme that can be drawn, and what the operator should be told about how it was come by."""

    theme: Theme
    notice: SafeText


def chosen_theme(name: str, own: Path | None = None) -> Chosen:
    """The theme of that name, or the default with all that is wrong with it in one sentence."""
    try:
        theme = load_theme(name, own)
    except Invalid as error:
        return Chosen(load_theme(DEFAULT), safe(f"{error} ({DEFAULT} is used instead)", limit=2_000))
    if own is not None and stands_in(name, own):
        return Chosen(theme, plain("Your own theme ") + safe(name, limit=40) + plain(" stands in for ours."))
    return Chosen(theme, plain(""))


def stands_in(name: str, own: Path) -> bool:
    """Whether a theme of the user's folder has the name of one of ours."""
    return name in themes.theme_names() and themes.theme_file(name, own).parent == own


def load_theme(name: str, own: Path | None = None) -> Theme:
    """The theme of that name; `Invalid` with its file and all of its faults if its file is not one."""
    file = themes.theme_file(name, own)
    table = _read(file)
    if faults := list(_faults(name, table)):
        more = f"; and {len(faults) - _MOST} more" if len(faults) > _MOST else ""
        number = "a fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise Invalid(f"{file} has {number}: {'; '.join(faults[:_MOST])}{more}")
    theme = Theme(
        name=name,
        dark=table.get("dark", True),
        ansi=table.get("ansi", False),
        variables=dict(table.get("variables", {})),
        **table["colours"],
    )
    try:
        theme.to_color_system().generate()
    except (ValueError, ColorParseError) as error:  # what only shows when the colours are put together
        raise Invalid(f"{file} is no theme: {error}; compare it with {DEFAULT}.toml") from None
    return theme


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            raw = opened.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise Invalid(f"{file} is no theme: it is larger than 64 KiB")
        return tomllib.loads(raw.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Invalid(f"{file} is no theme: {error}; compare it with {DEFAULT}.toml") from None


def _faults(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with a theme, each in the words of one clause."""
    for key in table:
        if key not in _TABLES:
            yield f"{_short(key)} is nothing that a theme has; it has {', '.join(_TABLES)}"
    if table.get("name", name) != name:
        yield f"name is {_short(table['name'])}, but the file is called {name}.toml"
    for key in ("dark", "ansi"):
        if not isinstance(table.get(key, False), bool):
            yield f"{key} must be true or false"
    colours, variables = table.get("colours"), table.get("variables", {})
    if not isinstance(colours, dict) or "primary" not in colours:
        yield "[colours] needs primary at least"
    for key, value in colours.items() if isinstance(colours, dict) else ():
        if key not in COLOURS:
            yield f"colours.{_short(key)} is not known; known are {', '.join(COLOURS)}"
        elif not _is_colour(value):
            yield _no_colour(key, value)
    if not isinstance(variables, dict):
        yield "[variables] must be a table"
        return
    yield from (_no_colour(key, value) for key, value in variables.items() if not _is_colour(value))


def _no_colour(key: str, value: object) -> str:
    return f"{_short(key)} = {_short(value)} is no colour, write #rrggbb or a name such as ansi_blue"


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:40]}…" if len(text) > 40 else text


def _is_colour(value: object) -> bool:
    try:
        return isinstance(value, str) and not Color.parse(value).auto
    except ColorParseError:
        return False


def is_plain(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether colours are unwanted here, or too few for any theme but the plain one."""
    few = "256" not in environment.get("TERM", "") and environment.get("COLORTERM", "") not in ("truecolor", "24bit")
    return few or bool(environment.get("NO_COLOR"))


def suited(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The theme for this terminal: where colours are unwanted or few, the default gives way to the plain one."""
    return PLAIN if name == DEFAULT and is_plain(environment) else name


def following(name: str, own: Path | None = None) -> str:
    """The theme after that one, in the order of their names, and after the last the first."""
    names = themes.theme_names(own)
    return names[(names.index(name) + 1) % len(names)] if name in names else DEFAULT
