"""Where a text stands in the lines of a detail, as they are wrapped, and at which of its places one is. No drawing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workbench.desk.finding import pattern
from workbench.desk.lines import DetailLine, Piece
from workbench.desk.safe import SafeText
from workbench.tui.wrapping import Row

FOUND, HERE = 1, 2  # a match, and the one that one is at
MOST = 5_000  # matches that are counted


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a match on one row."""

    start: int
    end: int
    match: int


class Finding:
    """The matches of one text."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.at: int | None = None
        self.more = False  # whether there are more than are counted
        self._pattern = pattern(words)
        self._rows: list[int] = []  # of each match the row on which it begins
        self._spans: dict[int, list[Span]] = {}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._rows)

    @property
    def row(self) -> int | None:
        """The row of the match that one is at."""
        return None if self.at is None else self._rows[self.at]

    def place(self, lines: Sequence[DetailLine], rows: Sequence[Row]) -> None:
        """Look through these lines. One stays at the match of the same number, as far as there is one."""
        self._rows, self._spans, self.more = [], {}, False
        for number, line in enumerate(lines):
            text = "".join([text for text, _ in line.pieces])
            if not self._pattern.search(text):
                continue
            first = bisect_left(rows, number, key=lambda row: row.line)
            behind = bisect_left(rows, number + 1, lo=first, key=lambda row: row.line)
            places = _places(text, first, rows[first:behind])
            for found in self._pattern.finditer(text):
                if self.count == MOST:
                    self.more = True
                    break
                self._add(found.start(), found.end(), places)
        if self.at is not None:
            self.at = min(self.at, self.count - 1) if self.count else None

    def _add(self, start: int, end: int, rows: list[tuple[int, int, int]]) -> None:
        """Note a match on the rows over which it goes; what a folded line leaves out is on none."""
        parts = [
            (number, max(start - begin, 0), min(end, stop) - begin)
            for number, begin, stop in rows
            if start < stop and end > begin
        ]
        if not parts:
            return
        for number, first, last in parts:
            self._spans.setdefault(number, []).append(Span(first, last, self.count))
        self._rows.append(parts[0][0])

    def begin_at(self, top: int) -> None:
        """Be at the first match from this row on, else at the first of all."""
        if self.count:
            self.at = bisect_left(self._rows, top) % self.count

    def go_to(self, number: int) -> None:
        """Be at a match by its number; after the last comes the first."""
        if self.count:
            self.at = number % self.count

    def spans(self, row: int) -> tuple[tuple[int, int, int], ...]:
        """Start, end and mark of the matches on a row."""
        return tuple(
            (span.start, span.end, HERE if span.match == self.at else FOUND) for span in self._spans.get(row, ())
        )

    def marked(self, row: int, pieces: Sequence[Piece]) -> Iterator[tuple[SafeText, str, int]]:
        """The pieces of a row, cut where matches begin and end, each with its mark."""
        spans = self.spans(row)
        at = 0
        for text, tone in pieces:
            stop = at + len(text)
            edges = {edge for start, end, _ in spans for edge in (start, end) if at < edge < stop}
            cuts = [at, *sorted(edges), stop]
            for begin, end in pairwise(cuts):
                mark = next((mark for start, last, mark in spans if start <= begin < last), 0)
                yield text[begin - at : end - at], tone, mark
            at = stop


def _places(text: str, first: int, rows: Sequence[Row]) -> list[tuple[int, int, int]]:
    """Of each row of a line its number, and where in the whole text it begins and ends."""
    found, at = [], 0
    for number, row in enumerate(rows, first):
        shown = "".join([text for text, _ in row.pieces])
        if not text.startswith(shown, at) and text[at : at + 1] == " ":
            at += 1  # the space at which the line was broken is on no row
        found.append((number, at, at + len(shown)))
        at += len(shown)
    return found
