"""`workbench [TARGET]`: the screen where there is a terminal, the inbox once where there is none."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from workbench.cli.inbox import print_inbox
from workbench.cli.options import Command
from workbench.cli.probing import opened
from workbench.cli.session import Session
from workbench.cli.sources import show_source
from workbench.cli.working import NoInbox, chosen_places, opening_of

if TYPE_CHECKING:
    from workbench.data import Source


@click.command("open", cls=Command, add_help_option=True)
@click.argument("name", metavar="SOURCE|PATH|URL")
@click.pass_obj
def open_target(session: Session, name: str) -> int:
    """Open a source: its inbox on the screen, or once where there is no terminal."""
    return show(session, name)


def show(session: Session, name: str | None) -> int:
    """Show a source; one that can have no inbox is described instead."""
    (place,) = chosen_places(session, [name] if name is not None else [])
    if name is None and (hint := session.genie_hint()):
        session.output.note(hint)
    try:
        if session.output.as_json or not _is_terminal():
            return print_inbox(session, [place])
        return _open_screen(session, place)
    except NoInbox:
        return show_source(session, place)


def _is_terminal() -> bool:
    # The screen is drawn through standard error, so that has to be the terminal too.
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return (
        all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM", "dumb") != "dumb"
    )


def _open_screen(session: Session, name: str) -> int:
    """Run the screen until the operator leaves."""
    from workbench.desk.places import Place, Rules
    from workbench.tui.app import NO_INBOX, run
    from workbench.tui.theme import suited

    opening = opening_of(session, name)
    settings = session.loaded.settings

    def open_place(write: bool) -> Source:
        return opened(replace(opening, read_only=not write), settings.timeouts)

    place = Place(
        opening.name,
        opening.display,
        open_place,
        writable=not opening.read_only,
        never_writable=session.is_read_only,
        production=opening.production,
    )
    code = run(place, Rules(settings.operator, settings.home, session.secrets), suited(settings.theme))
    if code == NO_INBOX:
        raise NoInbox(f"{opening.display} has no inbox")
    return code
