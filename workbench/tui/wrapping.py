"""A line of a detail as lines of the screen: its label once, its text wrapped, and no character of it lost.

Words of ours break between words; what a tool is called with breaks anywhere, so that every space of it stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.desk.lines import DetailLine, Piece
from workbench.desk.safe import SafeText, cells, fitting, plain

LABEL = 9
_LEAST = 8
_MOST = 5  # characters that may share one cell: a letter, and as many marks as may stand on one


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the screen: which line of the detail it belongs to, and its pieces."""

    line: int
    label: SafeText
    pieces: tuple[Piece, ...]


def wrapped(number: int, line: DetailLine, width: int) -> Iterator[Row]:
    """The lines of the screen for a line of a detail."""
    label_width = min(LABEL, width // 3) if line.labelled else 0
    room = max(width - label_width, _LEAST)
    label = line.label.pad(label_width) if label_width else plain("")
    if sum(cells(text) for text, _ in line.pieces) <= room:  # as most lines do, of which there may be very many
        yield Row(number, label, tuple(piece for piece in line.pieces if piece[0]))
        return
    text = plain("").join([text for text, _ in line.pieces])
    if line.folded:
        yield Row(number, label, _Cutter(line.pieces).between(0, fitting(text, room)))
        return
    places = at_words(text, room) if line.prose else anywhere(text, room)
    cut = _Cutter(line.pieces)
    for place in places:
        yield Row(number, label, cut.between(*place))
        label = plain(" " * label_width)


def anywhere(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Where a text breaks when every row is filled; there is one row at least."""
    at = 0
    while True:
        end = min(at + max(fitting(text[at : at + room * _MOST], room), 1), len(text))
        yield at, end
        at = end
        if at >= len(text):
            return


def at_words(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Where a text breaks between its words, or within one that fills a row. Of each break one space is left out."""
    at = 0
    while True:
        end = min(at + max(fitting(text[at : at + room * _MOST], room), 1), len(text))
        if end == len(text):
            yield at, end
            return
        after = end + 1
        if text[end] != " ":
            space = text.rfind(" ", at, end)
            # Blanks at the begin of a row are an indentation, not a place to break.
            end, after = (space, space + 1) if space > at and text[at:space].strip() else (end, end)
        yield at, end
        at = after


class _Cutter:
    """Cuts a line in pieces at places that only go forward."""

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        self._pieces = pieces
        self._piece = 0
        self._start = 0  # where that piece begins in the whole text

    def between(self, start: int, end: int) -> tuple[Piece, ...]:
        found: list[Piece] = []
        while self._piece < len(self._pieces):
            text, tone = self._pieces[self._piece]
            stop = self._start + len(text)
            if part := text[max(start - self._start, 0) : max(end - self._start, 0)]:
                found.append((part, tone))
            if stop > end:
                break
            self._piece, self._start = self._piece + 1, stop
        return tuple(found)


def height(text: SafeText, width: int) -> int:
    """How many lines of the screen a sentence takes."""
    return sum(1 for _ in at_words(text, max(width, 1))) if cells(text) > width else 1
