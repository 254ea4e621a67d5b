"""`workbench config keys` and `workbench config themes`: what the screen obeys, and how it may look."""

from __future__ import annotations

import click

from workbench import themes
from workbench.cli.failures import OK
from workbench.cli.options import Command
from workbench.cli.output import Cell
from workbench.cli.screen import bound_keys, keymap_of, theme_fault
from workbench.cli.session import Session


@click.command("keys", cls=Command)
@click.pass_obj
def keys(session: Session) -> int:
    """Show every key of the screen: its id in the settings, what it does, and where a changed one is set."""
    keymap = keymap_of(session.loaded)
    output = session.output
    rows = []
    for one, written in bound_keys():
        names = [written(key) for key in keymap.keys(one.id, *one.keys)]
        origin = session.loaded.place("keys", _as_set(session, one.id)) if one.id in keymap.changed else "default"
        if output.as_json:
            defaults = [written(key) for key in one.keys]
            output.json({"id": one.id, "keys": names, "default": defaults, "words": one.words, "origin": origin})
        rows.append([Cell(one.id), Cell(" ".join(names)), Cell(one.words), Cell(origin, "faint")])
    if not output.as_json:
        output.table(["id", "keys", "does", "set by"], rows)
    return OK


def _as_set(session: Session, id: str) -> str:
    """The id as the settings write it: a variable of the environment has `_` for `-`."""
    return next(name for name in session.loaded.settings.keys if name.replace("-", "_") == id.replace("-", "_"))


@click.command("themes", cls=Command)
@click.pass_obj
def show_themes(session: Session) -> int:
    """Show every theme, which one is used, its file, and what is wrong with it."""
    output, own = session.output, session.loaded.themes
    chosen = session.loaded.settings.theme
    rows = []
    for name in themes.theme_names(own):
        file = themes.theme_file(name, own)
        whose = "yours" if file.parent == own else "ours"
        fault = theme_fault(name, own)
        if output.as_json:
            output.json({"name": name, "used": name == chosen, "from": whose, "file": file, "fault": fault or None})
        said = Cell(fault, "bad") if fault else Cell(str(file), "faint")
        rows.append([Cell(name), Cell("used" if name == chosen else "", "good"), Cell(whose), said])
    if not output.as_json:
        output.table(["theme", "used", "from", "file"], rows)
    return OK
