"""Themes for the screen, from their files: every colour is read when the file is, not when it is first drawn."""

import os
import tomllib
from collections.abc import Mapping

from textual.color import Color, ColorParseError
from textual.theme import Theme

from workbench import themes
from workbench.data.errors import Invalid

DEFAULT, PLAIN = "workbench-dark", "ansi"


def load_theme(name: str) -> Theme:
    """The theme of that name; `Invalid` with file and colour if its file is not one."""
    file = themes.theme_file(name)
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        colours, variables = dict(table["colours"]), dict(table.get("variables", {}))
        if wrong := next((pair for pair in [*colours.items(), *variables.items()] if not _is_colour(pair[1])), None):
            raise Invalid(f"{file}: {wrong[0]} = {wrong[1]!r} is no colour; write #rrggbb or a name such as ansi_blue")
        return Theme(
            name=name,
            dark=bool(table.get("dark", True)),
            ansi=bool(table.get("ansi", False)),
            variables=variables,
            **colours,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{file} is no theme: {error}; compare it with {DEFAULT}.toml") from None


def _is_colour(value: object) -> bool:
    try:
        Color.parse(str(value))
    except ColorParseError:
        return False
    return True


def suited(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The theme for this terminal: where colours are unwanted or few, the default gives way to the plain one."""
    if name != DEFAULT:
        return name
    few = "256" not in environment.get("TERM", "") and environment.get("COLORTERM", "") not in ("truecolor", "24bit")
    return PLAIN if few or environment.get("NO_COLOR") else name
