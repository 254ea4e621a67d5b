"""Reading a list of a noun: what the store filters by itself, and the words that must stand in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from workbench.data import Page
from workbench.data.engine.page import Damage
from workbench.desk.noun import Ask, Noun

LOOKED_AT = 2_000  # rows that one page of a filter looks at; with fewer hits it is short, and has a next one
_STEP = 200


def read_page(noun: Noun, source: Any, ask: Ask) -> Page[Any]:  # noqa: ANN401 - a source, or the house
    """A page of a list. With words it may hold fewer rows than asked for, or none, and still have a next one."""
    if ask.reverse:
        page = _read(noun, source, replace(ask, backwards=not ask.backwards))
        return Page(page.rows[::-1], page.next, page.damage)
    return _read(noun, source, ask)


def _read(noun: Noun, source: Any, ask: Ask) -> Page[Any]:  # noqa: ANN401 - a source, or the house
    """A page in the order of the store, whichever end it is read from."""
    if not ask.words:
        return noun.page(source, ask)
    return sifted(lambda at: noun.page(source, at), ask, lambda record: matches(noun, record, ask.words))


def sifted(read: Callable[[Ask], Page[Any]], ask: Ask, keep: Callable[[Any], bool]) -> Page[Any]:
    """A page of those that are kept, looking at so many at most."""
    rows: list[Any] = []
    damage: list[Damage] = []
    looked, at = 0, ask.from_(ask.after, max(_STEP, ask.limit))
    while True:
        page = read(at)
        found = page[::-1] if ask.backwards else page.rows  # in the order of reading
        fitting = [number for number, record in enumerate(found) if keep(record)]
        room = ask.limit - len(rows)
        if len(fitting) > room:
            # Read again up to the last row that still has room, so that the next page begins behind it.
            at = at.from_(at.after, fitting[room - 1] + 1)
            continue
        rows += (found[number] for number in fitting)
        damage += page.damage
        looked += at.limit
        if page.next is None or len(rows) == ask.limit or looked >= LOOKED_AT:
            return Page(tuple(rows[::-1] if ask.backwards else rows), page.next, tuple(damage))
        at = at.from_(page.next, _STEP)


def every_record(noun: Noun, source: Any, ask: Ask) -> Iterator[Any]:  # noqa: ANN401 - a source, or the house
    """All records that a filter asks for, page by page."""
    while True:
        page = read_page(noun, source, ask)
        yield from page
        if page.next is None:
            return
        ask = ask.from_(page.next)


def matches(noun: Noun, record: Any, words: tuple[str, ...]) -> bool:  # noqa: ANN401 - any noun's record
    """Whether all the words stand in what a record says, in letters of either size."""
    said = noun.says(record).casefold()
    return all(word in said for word in words)
