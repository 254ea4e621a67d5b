"""`workbench home` and `workbench config`: where the workbench keeps what is its own, and what it was told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from workbench.cli.failures import OK
from workbench.cli.options import Group
from workbench.cli.output import Cell, size_text
from workbench.cli.session import Session
from workbench.settings import dotted, settings_files


@click.group("home", cls=Group, invoke_without_command=True)
@click.pass_context
def home(ctx: click.Context) -> int:
    """Show where the workbench's own home is, and its size."""
    return _show_home(ctx.obj) if ctx.invoked_subcommand is None else OK


def _show_home(session: Session) -> int:
    path = session.loaded.settings.home
    exists = path.exists()
    size = _size(path) if exists else None
    if session.output.as_json:
        session.output.json({"path": path, "exists": exists, "size": size, "origin": session.loaded.place("home")})
        return OK
    session.output.pairs(
        [
            ("path", Cell(str(path))),
            ("exists", Cell("yes" if exists else "not yet; the first write makes it")),
            ("size", Cell(size_text(size))),
            ("set by", Cell(session.loaded.origins.get("home", "default"))),
        ]
    )
    return OK


@click.group("config", cls=Group)
def config() -> None:
    """The settings: their values, origins and files."""


@config.command("show")
@click.option("--origin", is_flag=True, help="Show where each value came from.")
@click.pass_obj
def show(session: Session, origin: bool) -> int:
    """Show every setting, passwords masked."""
    output = session.output
    rows = [(dotted(key), value, came_from) for key, value, came_from in session.loaded.rows()]
    if output.as_json:
        for key, value, came_from in rows:
            output.json({"key": key, "value": value, "origin": came_from})
        return OK
    head = ["setting", "value", "origin"] if origin else ["setting", "value"]
    output.table(
        head,
        [[Cell(key), Cell(_words(value)), Cell(came_from, "faint")][: len(head)] for key, value, came_from in rows],
    )
    return OK


@config.command("path")
@click.pass_obj
def path(session: Session) -> int:
    """Print the path of your settings file."""
    files = settings_files(session.config)
    if session.output.as_json:
        for file in files:
            session.output.json({"path": file.path, "role": file.role, "exists": file.exists})
    else:
        session.output.line(str(files[0].path))
    return OK


@config.command("init")
@click.pass_obj
def init(session: Session) -> int:
    """Make your settings file: every setting at its default, in comments."""
    from workbench.settings.editing import make_file
    from workbench.settings.starting import starter_text

    path = settings_files(session.config)[0].path
    make_file(path, starter_text())
    if session.output.as_json:
        session.output.json({"path": path, "result": "made"})
    else:
        session.output.line(f"made {path}; every setting in it is a comment so far", "good")
    return OK


def _words(value: object) -> str:
    """A value as TOML writes it, or a dash."""
    if value is None:
        return "—"
    if isinstance(value, (bool, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _size(path: Path) -> int:
    """The bytes of every file below a directory, links not followed."""
    if not path.is_dir():
        return path.lstat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - many files
            except OSError:  # it went away meanwhile
                continue
    return total
