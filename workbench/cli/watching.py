"""`workbench NOUN watch`: what comes and changes in a list, line by line, until ctrl+c."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from workbench.cli.failures import masked
from workbench.cli.listing import (
    cell_of,
    check_has,
    chosen_columns,
    columns_shown,
    now_shown,
    opening_for_looking,
)
from workbench.cli.probing import opened
from workbench.cli.session import Session
from workbench.cli.working import chosen_places
from workbench.data.errors import WorkbenchError
from workbench.desk.noun import HOUSE, data_of
from workbench.desk.safe import plain, safe
from workbench.settings import Opening, TimeoutSettings

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.house import House
    from workbench.desk.noun import Ask, Key, Noun

_KNOWN = 10_000  # rows of a source that are remembered, to tell what is new
_Told = tuple[str, "list[Any] | WorkbenchError"]


def watch(session: Session, noun: Noun, *, sources: Sequence[str], filter: str, columns: str | None, utc: bool) -> None:
    """Print the list once, the oldest of it first, and then each row that is new or reads differently."""
    ask = noun.ask(filter, sources=sources)
    chosen = columns_shown(session, noun, None if columns is None else chosen_columns(noun, columns))
    told: SimpleQueue[_Told] = SimpleQueue()
    places = _begin(session, noun, ask, sources, told)
    left = len(places)
    while left:
        place, found = told.get()
        if isinstance(found, WorkbenchError):
            left -= 1
            if len(places) == 1:
                raise found
            session.output.refusal(f"{place}: {masked(str(found))}")
            continue
        moment = now_shown(utc)
        for record in found:
            if session.output.as_json:
                session.output.json(data_of(noun, place, record))
            else:
                cells = [safe(cell_of(noun, column, record, moment).text) for column in chosen]
                several = [safe(place)] if len(places) > 1 else []
                session.output.line(plain("  ").join([*several, *cells]))
        session.output.flush()


def _begin(session: Session, noun: Noun, ask: Ask, sources: Sequence[str], told: SimpleQueue[_Told]) -> list[str]:
    """Follow each source in a thread of its own; where they are."""
    if noun.where == HOUSE:
        from workbench.cli.house import house_of

        house = house_of(session)
        works = {house.name: partial(_follow, house.name, lambda: house, noun, ask, told)}
    else:
        places, timeouts = chosen_places(session, sources), session.loaded.settings.timeouts
        openings = {place: opening_for_looking(session, place) for place in places}
        if len(places) == 1 and isinstance(only := openings[places[0]], WorkbenchError):
            raise only
        works = {
            place: partial(_follow, place, partial(_open, opening, timeouts), noun, ask, told)
            for place, opening in openings.items()
        }
    for place, work in works.items():
        threading.Thread(target=work, name=f"watch {place}", daemon=True).start()
    return list(works)


def _open(opening: Opening | WorkbenchError, timeouts: TimeoutSettings) -> Source:
    if isinstance(opening, WorkbenchError):
        raise opening
    return opened(opening, timeouts)


def _follow(place: str, open_it: Callable[[], Source | House], noun: Noun, ask: Ask, told: SimpleQueue[_Told]) -> None:
    """Tell what one source has, and what changes in it, until it fails."""
    from workbench.data.engine.watch import ON_SCREEN
    from workbench.desk.reading import read_page

    try:
        with closing(open_it()) as source:
            check_has(noun, source, source.display)
            known: dict[Key, Any] = {}
            with source.watch(ON_SCREEN) as watched:
                while True:
                    rows = {noun.key(record): record for record in read_page(noun, source, ask)}
                    fresh = [record for key, record in rows.items() if known.get(key) != record]
                    if fresh:
                        told.put((place, fresh[::-1]))
                    known = dict(list({**known, **rows}.items())[-_KNOWN:])
                    while not watched.wait(1.0):
                        if watched.error is not None:
                            raise WorkbenchError(str(watched.error))
    except WorkbenchError as error:
        told.put((place, error))
