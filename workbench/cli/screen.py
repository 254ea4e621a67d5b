"""`workbench [TARGET]`: the screen where there is a terminal, the inbox once where there is none."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from workbench.cli.failures import RememberedSecrets, masked
from workbench.cli.inbox import print_inbox
from workbench.cli.options import Command
from workbench.cli.probing import opened
from workbench.cli.resuming import last_source, remembered, theme_of
from workbench.cli.session import HOME, Candidate, Session
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
@click.argument("names", metavar="SOURCE|PATH|URL…", nargs=-1)
@click.pass_obj
def open_target(session: Session, names: tuple[str, ...]) -> int:
    """Open a source, or several together: the inbox on the screen, or once where there is no terminal."""
    return show(session, names)


def show(session: Session, names: Sequence[str] = ()) -> int:
    """Show sources; a single one that can have no inbox is described instead."""
    places = chosen_places(session, names)
    if not names and (hint := session.genie_hint()):
        session.output.note(hint)
    try:
        if session.output.as_json or not _is_terminal():
            return print_inbox(session, places)
        refuse_dumb_terminal(os.environ.get("TERM"))
        usual = places if names else shown_together(session)
        kept = remembered(session, named=bool(names))
        if (last := last_source(session, kept)) is not None and [last] != usual:
            with suppress(NoInbox):  # it is another database by now: as if nothing were remembered
                return _open_screen(session, [last], kept)
        return _open_screen(session, usual, kept)
    except NoInbox:
        return show_source(session, places[0])


def shown_together(session: Session) -> list[str]:
    """The sources whose inbox the screen shows where none is named: the configured ones and the home, as one.

    The default source comes first. If only one is configured it is that one alone, and without any the home.
    """
    settings = session.loaded.settings
    if len(settings.sources) < 2:
        return chosen_places(session, ())
    first = [] if settings.default_source is None else [settings.default_source]
    return list(dict.fromkeys([*first, *settings.sources, HOME]))


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


def _open_screen(session: Session, names: Sequence[str], kept: Remembered) -> int:
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

    def place_of_candidate(candidate: Candidate) -> Place:
        """One of several: where it is not even known how to open it, that is what it answers."""
        if isinstance(candidate.opening, Opening):
            return place_of(candidate.opening)
        why = masked(str(candidate.opening))

        def refuse(write: bool) -> Source:
            raise Invalid(why)

        return Place(candidate.name, why, refuse)

    def places() -> list[Place]:
        found = [each.opening for each in session.configured()]
        return [place_of(each) for each in (session.home(), *found) if isinstance(each, Opening)]

    if len(names) == 1:
        several = [place_of(opening_of(session, names[0]))]
    else:
        several = [place_of_candidate(_candidate(session, name)) for name in names]
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
    rules = Rules(settings.operator, settings.home, RememberedSecrets())
    code = run(several[0], rules, suited(theme), choices, several[1:])
    if code == NO_INBOX:
        raise NoInbox(f"{several[0].display} has no inbox")
    return code


def _candidate(session: Session, name: str) -> Candidate:
    """A source of several; a configured one may be wrong without harm to others, a word that means none is not."""
    try:
        return session.candidate(name)
    except Invalid as error:
        if name not in session.loaded.settings.sources:
            raise
        return Candidate(name, error)


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
