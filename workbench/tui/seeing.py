"""Which lines that must be seen before a decision have been on screen. No widget: told what is shown, and where.

A line of the detail may take many lines of the screen; it is seen when all of them were.
"""

from collections.abc import Sequence

from workbench.desk.lines import DetailLine


class Seen:
    """Counts down the lines that were not on screen yet."""

    def __init__(self) -> None:
        self._must: tuple[DetailLine, ...] = ()
        self._lines: list[int | None] = []  # of each line of the detail: which of those that must be seen it is
        self._seen: set[int] = set()
        self._rows: Sequence[int] = ()
        self._row_seen = bytearray()
        self._left: dict[int, int] = {}  # of each unseen line: how many of its rows were not on screen

    def show(self, lines: Sequence[DetailLine], *, same: bool) -> None:
        """Other lines are shown. Of the `same` item those that read as before stay seen."""
        before = self._must
        self._must = tuple(line for line in lines if line.must_see)
        self._lines, count = [], 0
        for line in lines:
            self._lines.append(count if line.must_see else None)
            count += line.must_see
        pairs = enumerate(zip(before, self._must, strict=False))
        kept = {number for number, (old, new) in pairs if old == new} if same else set()
        self._seen &= kept

    def place(self, rows: Sequence[int]) -> None:
        """The lines stand on these rows now: for each row, which line of the detail it belongs to."""
        self._rows = rows
        self._row_seen = bytearray(len(rows))
        self._left = {}
        for line in rows:
            must = self._lines[line]
            if must is not None and must not in self._seen:
                self._left[must] = self._left.get(must, 0) + 1

    def note(self, top: int, bottom: int) -> bool:
        """Rows from `top` up to (and without) `bottom` are on screen; true if that completes a line."""
        completed = False
        for at in range(max(top, 0), min(bottom, len(self._rows))):
            if self._row_seen[at]:
                continue
            self._row_seen[at] = 1
            must = self._lines[self._rows[at]]
            if must is None or must not in self._left:
                continue
            self._left[must] -= 1
            if not self._left[must]:
                del self._left[must]
                self._seen.add(must)
                completed = True
        return completed

    @property
    def unseen(self) -> int:
        """How many lines that must be seen have not been on screen."""
        return len(self._left)

    @property
    def unseen_lines(self) -> frozenset[int]:
        """Which of the lines that must be seen have not been on screen, counted from the first of those."""
        return frozenset(self._left)

    @property
    def next_row(self) -> int | None:
        """The first row that has to be on screen yet."""
        for at, line in enumerate(self._rows):
            if not self._row_seen[at] and self._lines[line] in self._left:
                return at
        return None
