"""The loaded part of a long list: which pages of it there are, and how the next one on either side is asked for.

No widget and no database: asks go out, pages come in. A page is found again by the cursor that it was read from, so
scrolling back never needs a cursor that nobody has given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from workbench.data.engine.page import Cursor, Page
from workbench.desk.noun import PAGE, Ask

MOST = 2_000  # rows that are loaded at once


@dataclass(frozen=True, slots=True)
class Wanted:
    """One read: what to ask for, and which end of the window it is for (`all` replaces it)."""

    ask: Ask
    side: str


class ListWindow:
    """Pages in the order of the list, read from its start on, or from its end back."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.records: list[Any] = []
        self.at_start = self.at_end = False
        self._backwards = False
        self._starts: list[tuple[Cursor | None, int]] = []  # of each loaded page: whence it was read, and its rows
        self._passed: list[tuple[Cursor | None, int]] = []  # of those that were let go of at the near end
        self._next: Cursor | None = None

    def first(self) -> Wanted:
        """The first page of the list."""
        self._backwards = False
        return Wanted(self.ask.from_(None, PAGE), "all")

    def last(self) -> Wanted:
        """The last page of the list."""
        self._backwards = True
        return Wanted(self._directed(None, PAGE), "all")

    def again(self) -> Wanted:
        """The same rows once more, with what has come between them."""
        if not self._starts:
            return self.first()
        return Wanted(self._directed(self._starts[0][0], len(self.records) + PAGE), "again")

    def further(self, side: str) -> Wanted | None:
        """The next page on one side (`before` or `after`); None where there is none."""
        if self._grows_at(side):
            return None if self._next is None else Wanted(self._directed(self._next, PAGE), side)
        return Wanted(self._directed(*self._passed[-1]), side) if self._passed else None

    def take(self, wanted: Wanted, page: Page[Any], cursor: int | None = None) -> bool:
        """Take in a page that was asked for. `cursor` is the place of the row that must stay.

        False if the list has changed so that rows may lie between this page and the next one: read it `again`.
        """
        whole = True
        if wanted.side in ("all", "again"):
            self.records = list(page)
            self._starts = [(wanted.ask.after, len(page))]
            self._next = page.next
            if wanted.side == "all":
                self._passed = []
        elif self._grows_at(wanted.side):
            self._starts.append((wanted.ask.after, len(page)))
            self._next = page.next
            self._add(page, at_end=wanted.side == "after")
            if cursor is not None and wanted.side == "before":
                cursor += len(page)
            self._drop_near(cursor)
        else:
            self._passed.pop()
            whole = page.next == self._starts[0][0]
            self._starts.insert(0, (wanted.ask.after, len(page)))
            self._add(page, at_end=wanted.side == "after")
        near, far = not self._passed, self._next is None
        self.at_start, self.at_end = (far, near) if self._backwards else (near, far)
        return whole

    def _directed(self, after: Cursor | None, limit: int) -> Ask:
        return replace(self.ask, after=after, limit=limit, backwards=self._backwards)

    def _grows_at(self, side: str) -> bool:
        """Whether this side is the one that leads away from where the reading began."""
        return (side == "before") == self._backwards

    def _add(self, page: Iterable[Any], *, at_end: bool) -> None:
        self.records = [*self.records, *page] if at_end else [*page, *self.records]

    def _drop_near(self, cursor: int | None) -> None:
        """Let go of whole pages at the near end while there are too many rows; never of the row of the cursor."""
        while len(self.records) > MOST and len(self._starts) > 1:
            start, rows = self._starts[0]
            if cursor is not None:
                if (cursor >= len(self.records) - rows) if self._backwards else (cursor < rows):
                    return
                cursor -= 0 if self._backwards else rows
            self._starts.pop(0)
            self._passed.append((start, rows))
            self.records = self.records[:-rows] if self._backwards else self.records[rows:]
