"""`workbench [TARGET]`: the screen where there is a terminal, the inbox once where there is none."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from workbench.cli.inbox import print_inbox
from workbench.cli.options import Command
from workbench.cli.probing import opened
from workbench.cli.resuming import last_source, remembered, theme_of
from workbench.cli.session import Session
from workbench.cli.source_book import Book
from workbench.cli.sources import show_source
from workbench.cli.working import NoInbox, chosen_places, opening_of
from workbench.data.errors import Invalid
from workbench.settings import Opening

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.remembered import Remembered
    from workbench.settings import Loaded
    from workbench.tui.keymap import Bound, Keymap


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
        refuse_dumb_terminal(os.environ.get("TERM"))
        kept = remembered(session, named=name is not None)
        if (last := last_source(session, kept)) not in (None, place):
            with suppress(NoInbox):  # it is another database by now: as if nothing were remembered
                return _open_screen(session, last, kept)
        return _open_screen(session, place, kept)
    except NoInbox:
        return show_source(session, place)


def _is_terminal() -> bool:
    # The screen is drawn through standard error, so that has to be the terminal too.
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def refuse_dumb_terminal(term: str | None) -> None:
    """`Invalid` where nobody can draw: a terminal that says of itself that it obeys nothing, or says nothing."""
    if term not in (None, "", "dumb", "unknown"):
        return
    why = f'TERM is "{term}"' if term else "TERM is not set"
    raise Invalid(
        f"this terminal cannot show the screen ({why}): set TERM to what the terminal is, such as xterm-256color, "
        "or use `workbench inbox`, which prints what waits"
    )


def _open_screen(session: Session, name: str, kept: Remembered) -> int:
    """Run the screen until the operator leaves."""
    gc.disable()
    from workbench.desk.places import Place, Rules
    from workbench.tui.app import NO_INBOX, run
    from workbench.tui.choices import Choices
    from workbench.tui.notices_out import Wanted
    from workbench.tui.theme import is_plain, suited

    # What was loaded stays: it is never looked through for garbage, which would take as long as drawing a frame.
    gc.freeze()
    gc.enable()
    settings = session.loaded.settings

    def place_of(opening: Opening) -> Place:
        def open_place(write: bool) -> Source:
            return opened(replace(opening, read_only=not write), settings.timeouts)

        return Place(
            opening.name,
            opening.display,
            open_place,
            writable=not opening.read_only,
            never_writable=session.is_read_only,
            production=opening.production,
        )

    def places() -> list[Place]:
        found = [each.opening for each in session.configured()]
        return [place_of(each) for each in (session.home(), *found) if isinstance(each, Opening)]

    opening = opening_of(session, name)
    place = place_of(opening)
    wanted = Wanted(settings.bell, settings.title, settings.osc9)
    choices = Choices(
        keymap_of(session.loaded),
        session.loaded.themes,
        settings.clipboard,
        wanted,
        places=places,
        remembered=kept,
        theme_setting=settings.theme,
        book=Book(session, "screen", "mark that it is to be stored"),
    )
    theme = settings.theme if is_plain() else theme_of(session, kept)
    code = run(place, Rules(settings.operator, settings.home, session.secrets), suited(theme), choices)
    if code == NO_INBOX:
        raise NoInbox(f"{opening.display} has no inbox")
    return code


def keymap_of(loaded: Loaded) -> Keymap:
    """The key map of the settings, judged; `Invalid` with its line where it cannot be."""
    from workbench.tui.keymap import read_keymap

    def refuse(id: str, what: str) -> NoReturn:
        loaded.refuse(("keys", id), what)

    return read_keymap(loaded.settings.keys, refuse)


def bound_keys() -> Iterator[tuple[Bound, Callable[[str], str]]]:
    """Every action of the screen that has a key, and how a key is written in the settings."""
    from workbench.tui.key_names import written
    from workbench.tui.keymap import bound

    return ((one, written) for one in bound().values())


def theme_fault(name: str, own: Path) -> str:
    """What is wrong with a theme, in a sentence; nothing if it can be drawn."""
    from workbench.tui.theme import load_theme

    try:
        load_theme(name, own)
    except Invalid as error:
        return str(error)
    return ""
