"""The lines of which a detail is made, for every face: labels, pieces of safe text, and their tones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.desk.safe import SafeText, plain

if TYPE_CHECKING:
    from workbench.desk.arguments import Line

Piece = tuple[SafeText, str]
NO_LABEL = plain("")


@dataclass(frozen=True, slots=True)
class DetailLine:
    """One line: a label (empty where the line before goes on), and pieces of text with their tones.

    What must be seen before a decision is marked so. `prose` may break between words; other lines break anywhere,
    and what is `folded` takes one row, cut where that ends.
    """

    label: SafeText
    pieces: tuple[Piece, ...]
    must_see: bool = False
    labelled: bool = True
    prose: bool = False
    folded: bool = False


def labelled(
    label: str, lines: Iterable[Line], *, must_see: bool = False, prose: bool = False, tone: str = ""
) -> Iterator[DetailLine]:
    """A block of lines, the first with its label."""
    for number, line in enumerate(lines):
        pieces = tuple((text, kind or tone) for text, kind in line.pieces)
        yield DetailLine(plain(label) if not number else NO_LABEL, pieces, must_see, prose=prose)


def fact(label: str, words: SafeText, tone: str = "") -> DetailLine:
    """One fact on one line."""
    return DetailLine(plain(label), ((words, tone),), prose=True)
