"""The loaded window of a list whose length nobody knows: its rows, the cursor and the marks. No widget, no drawing.

The cursor and the marks are bound to the keys of rows, so rows that come, go or move never take them elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from workbench.desk.safe import SafeText

Key = str | tuple[str, ...]
Edge = Literal["", "start", "end"]
MAXIMUM = 2_000
TONES = ("urgent", "warning", "bad", "good", "muted")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row as it is shown.

    `tone` is one of `TONES` or nothing; `sign` is one character that says the same without colour. `says` is what
    counts as news when it changes (by default the cells): give it where cells hold ages, which change by themselves.
    """

    key: Key
    cells: tuple[SafeText, ...]
    tone: str = ""
    sign: SafeText | None = None
    says: str | None = None

    def __post_init__(self) -> None:
        for cell in self.cells if self.sign is None else (*self.cells, self.sign):
            if not isinstance(cell, SafeText):
                raise TypeError(f"a cell of row {self.key!r} is no SafeText; pass it through workbench.desk.safe")

    @property
    def news(self) -> object:
        """What the operator is told about when it changes."""
        return self.cells if self.says is None else self.says


@dataclass(frozen=True, slots=True)
class Changes:
    """What an operation changed; nothing at all is false.

    `lines` look different now (lines that came or went at the end included), `shifted` says that rows stand on other
    lines than before, `fresh` are rows with other cells than before. `left` is the key whose row left under the
    cursor, `unmarked` are the keys whose marks went with their rows.
    """

    lines: tuple[int, ...] = ()
    shifted: bool = False
    fresh: tuple[TableRow, ...] = ()
    edges: bool = False
    cursor: bool = False
    left: Key | None = None
    unmarked: tuple[Key, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines or self.shifted or self.edges or self.cursor or self.unmarked)


@dataclass(frozen=True, slots=True)
class _Picture:
    """How the window was before an operation."""

    rows: tuple[TableRow, ...]
    edges: tuple[bool, bool]
    cursor: Key | None
    marks: frozenset[Key]
    changed: frozenset[Key]


class RowWindow:
    """The rows that are loaded, in their order, with the cursor, the marks and the range of the operator."""

    def __init__(self, maximum: int = MAXIMUM) -> None:
        self.maximum = maximum
        self.forget()

    def forget(self) -> None:
        """Become empty, as for another list."""
        self.rows: tuple[TableRow, ...] = ()
        self.at_start = self.at_end = False
        self.cursor: Key | None = None
        self.seeking: Edge = ""
        self.anchor: Key | None = None
        self.changed: frozenset[Key] = frozenset()
        self._marks: frozenset[Key] = frozenset()
        self._ranged: frozenset[Key] = frozenset()
        self._lines: dict[Key, int] = {}
        self._filled = False

    # -- looking -------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.rows)

    def line_of(self, key: Key | None) -> int | None:
        """The line on which a row stands, or None when it is not loaded."""
        return None if key is None else self._lines.get(key)

    @property
    def cursor_line(self) -> int | None:
        """The line of the cursor; None only when there are no rows."""
        return self.line_of(self.cursor)

    @property
    def marked(self) -> tuple[Key, ...]:
        """The keys of the marked rows: the loaded ones in their order, then those outside the window."""
        here = tuple(key for key in self._lines if key in self._marks)
        return here + tuple(sorted(self._marks.difference(here), key=repr))

    @property
    def marks(self) -> frozenset[Key]:
        """The same in no order: cheap to be compared."""
        return self._marks

    def is_marked(self, key: Key) -> bool:
        """Whether a row is marked."""
        return key in self._marks

    def count_words(self) -> str:
        """How many rows there are, as far as is known: `7`, or `≥ 2,000`."""
        whole = self.at_start and self.at_end
        return f"{len(self.rows):,}" if whole else f"≥ {len(self.rows):,}"

    # -- rows that come and go -----------------------------------------------------------------------------

    def replace(self, rows: Iterable[TableRow], *, at_start: bool, at_end: bool) -> Changes:
        """Show these rows from now on; what stays the same is no change."""
        before = self._picture()
        found = _first_of_each(rows)
        sought = (self.seeking == "start" and at_start) or (self.seeking == "end" and at_end)
        if sought and found:
            self.cursor, before_cursor = found[0 if self.seeking == "start" else -1].key, None
            self.anchor, self.seeking = None, ""
        else:
            before_cursor = self.cursor
        at = next((line for line, row in enumerate(found) if row.key == self.cursor), 0)
        first = max(0, at - self.maximum + 1)
        kept = found[first : first + self.maximum]
        self.at_start = at_start and first == 0
        self.at_end = at_end and first + len(kept) == len(found)
        news = self._news(before, kept)
        self._set(kept)
        self.changed = (before.changed | news) & self._lines.keys()
        # Rows of the old window that are gone take their marks along; a row that was not loaded says nothing of itself.
        here = {row.key for row in found}
        gone = frozenset() if sought else frozenset(row.key for row in before.rows if row.key not in here)
        unmarked = tuple(sorted(self._marks & gone, key=repr))
        self._marks -= gone
        self._ranged -= gone
        self.anchor = self._neighbour(before, self.anchor)
        self.cursor = self._neighbour(before, self.cursor) or (self.rows[0].key if self.rows else None)
        self._filled = True
        left = before_cursor if before_cursor != self.cursor else None
        return self._changes(before, left=left, unmarked=unmarked)

    def extend_after(self, after: Key, rows: Iterable[TableRow], *, at_end: bool) -> Changes:
        """Add the rows behind the last one; an answer for another last row than now is late, and is dropped."""
        if not self.rows or self.rows[-1].key != after:
            return Changes()
        before = self._picture()
        whole = (*self.rows, *(row for row in _first_of_each(rows) if row.key not in self._lines))
        # The window never slides past the row of the cursor.
        drop = min(max(0, len(whole) - self.maximum), self.cursor_line or 0)
        kept = whole[drop : drop + self.maximum]
        self.at_start = self.at_start and drop == 0
        self.at_end = at_end and drop + len(kept) == len(whole)
        self._set(kept)
        return self._changes(before)

    def extend_before(self, before: Key, rows: Iterable[TableRow], *, at_start: bool) -> Changes:
        """Add the rows ahead of the first one; an answer for another first row than now is late, and is dropped."""
        if not self.rows or self.rows[0].key != before:
            return Changes()
        was = self._picture()
        whole = (*(row for row in _first_of_each(rows) if row.key not in self._lines), *self.rows)
        behind = len(self.rows) - 1 - (self.cursor_line or 0)
        drop = min(max(0, len(whole) - self.maximum), behind)
        last = len(whole) - drop
        kept = whole[max(0, last - self.maximum) : last]
        self.at_start = at_start and last - len(kept) == 0
        self.at_end = self.at_end and drop == 0
        self._set(kept)
        return self._changes(was)

    # -- the cursor ----------------------------------------------------------------------------------------

    def move(self, by: int) -> Changes:
        """Move the cursor by so many lines, as far as rows are loaded."""
        self.seeking = ""
        line = self.cursor_line
        return Changes() if line is None else self._go(line + by)

    def to(self, key: Key) -> Changes:
        """Put the cursor on a row; one that is not loaded changes nothing."""
        line = self.line_of(key)
        if line is None:
            return Changes()
        self.seeking = ""
        return self._go(line)

    def to_start(self) -> Changes:
        """Go to the first row; if it is not loaded, `seeking` says so and the rows that come take the cursor there."""
        self.seeking = "" if self.at_start else "start"
        return self._go(0)

    def to_end(self) -> Changes:
        """Go to the last row; if it is not loaded, `seeking` says so and the rows that come take the cursor there."""
        self.seeking = "" if self.at_end else "end"
        return self._go(len(self.rows) - 1)

    def _go(self, line: int) -> Changes:
        if not self.rows:
            return Changes()
        before = self._picture()
        old, new = self.cursor_line or 0, min(max(line, 0), len(self.rows) - 1)
        self.cursor = self.rows[new].key
        if new != old:
            self.changed -= {self.rows[old].key}
            self._stretch(old, new)
        return self._changes(before)

    # -- marks ---------------------------------------------------------------------------------------------

    def mark(self) -> Changes:
        """Mark the row of the cursor, or take its mark away."""
        before = self._picture()
        if self.cursor is not None:
            self._marks ^= {self.cursor}
            self._ranged -= {self.cursor}
        return self._changes(before)

    def range(self) -> Changes:
        """Begin a range: every row that the cursor passes is marked. Or end it: the marks stay."""
        before = self._picture()
        if self.anchor is None and self.cursor is not None:
            self.anchor = self.cursor
            self._ranged = frozenset({self.cursor}) - self._marks
            self._marks |= {self.cursor}
        else:
            self.anchor, self._ranged = None, frozenset()
        return self._changes(before)

    def clear_marks(self) -> Changes:
        """Take every mark away, and end the range."""
        before = self._picture()
        self._marks = self._ranged = frozenset()
        self.anchor = None
        return self._changes(before)

    def looked(self) -> Changes:
        """The operator has seen it all: what changes from now on is news."""
        before = self._picture()
        self.changed = frozenset()
        return self._changes(before)

    def _stretch(self, old: int, new: int) -> None:
        """Mark the rows that the cursor passed, away from the anchor; unmark those it passed on the way back.

        Only rows that were passed: one that arrives inside a range was never looked at, and must not be marked.
        """
        anchor = self.line_of(self.anchor)
        if anchor is None:
            return
        was, now = (set(range(min(anchor, line), max(anchor, line) + 1)) for line in (old, new))
        passed = frozenset(self.rows[line].key for line in now - was) - self._marks
        back = frozenset(self.rows[line].key for line in was - now) & self._ranged
        self._marks = (self._marks | passed) - back
        self._ranged = (self._ranged | passed) - back

    # -- comparing -----------------------------------------------------------------------------------------

    def _set(self, rows: Sequence[TableRow]) -> None:
        if tuple(rows) != self.rows:
            self.rows = tuple(rows)
            self._lines = {row.key: line for line, row in enumerate(self.rows)}

    def _picture(self) -> _Picture:
        return _Picture(self.rows, (self.at_start, self.at_end), self.cursor, self._marks, self.changed)

    def _neighbour(self, before: _Picture, key: Key | None) -> Key | None:
        """The key itself while its row is here, else the next row that was behind it, else the next one ahead."""
        if key is None or key in self._lines:
            return key
        keys = [row.key for row in before.rows]
        line = keys.index(key) if key in keys else len(keys)
        return next((near for near in (*keys[line:], *reversed(keys[:line])) if near in self._lines), None)

    def _news(self, before: _Picture, rows: Sequence[TableRow]) -> frozenset[Key]:
        """The keys of rows that came or changed; what merely slid into the window from outside it is no news."""
        if not self._filled:
            return frozenset()
        old = {row.key: row for row in before.rows}
        known = [line for line, row in enumerate(rows) if row.key in old]
        first = 0 if before.edges[0] else (known[0] if known else len(rows))
        last = len(rows) if before.edges[1] else (known[-1] if known else 0)
        return frozenset(
            row.key
            for line, row in enumerate(rows)
            if (first <= line < last if row.key not in old else old[row.key].news != row.news)
        )

    def _changes(self, before: _Picture, *, left: Key | None = None, unmarked: tuple[Key, ...] = ()) -> Changes:
        edges = before.edges != (self.at_start, self.at_end)
        cursor = before.cursor != self.cursor
        keys = (before.marks ^ self._marks) | (before.changed ^ self.changed)
        if cursor:
            keys |= {key for key in (before.cursor, self.cursor) if key is not None}
        lines = {self._lines[key] for key in keys if key in self._lines}
        shifted, fresh = False, tuple[TableRow, ...]()
        if before.rows is not self.rows:
            lines |= {n for n, (a, b) in enumerate(zip_longest(before.rows, self.rows)) if a is not b and a != b}
            shifted = any(self._lines.get(row.key, line) != line for line, row in enumerate(before.rows))
            old = {row.key: row.cells for row in before.rows}
            fresh = tuple(row for row in self.rows if old.get(row.key) != row.cells)
        return Changes(tuple(sorted(lines)), shifted, fresh, edges, cursor, left, unmarked)


def _first_of_each(rows: Iterable[TableRow]) -> tuple[TableRow, ...]:
    """The rows, each key once: pages that were read one after the other can overlap."""
    found: dict[Key, TableRow] = {}
    for row in rows:
        found.setdefault(row.key, row)
    return tuple(found.values())
