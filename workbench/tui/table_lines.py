"""How the lines of a table are drawn: plain text in one style for each line, kept until it looks different.

Nothing here reads markup: a cell is drawn as the characters it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.strip import Strip

from workbench.desk.safe import SafeText, plain
from workbench.tui.columns import GAP, Placed
from workbench.tui.rows import TONES, TableRow

GUTTER = 3
CURSOR, MARKED, CHANGED = plain("▸"), plain("*"), plain("•")
RISING, FALLING = plain("▲"), plain("▼")
_NOTHING, _SPACE, _BLANK, _GAP = plain(""), plain(" "), plain(" " * GUTTER), plain(" " * GAP)
NAMES = ("header", "cursor", "marked", "changed", "empty", *TONES)
STYLE = """
LiveTable {
    overflow-x: hidden;
    overflow-y: scroll;
    scrollbar-size-vertical: 1;
    &> .live-table--header { text-style: bold; }
    &> .live-table--cursor {
        color: $block-cursor-blurred-foreground;
        background: $block-cursor-blurred-background;
        text-style: $block-cursor-blurred-text-style;
    }
    &:focus > .live-table--cursor {
        color: $block-cursor-foreground;
        background: $block-cursor-background;
        text-style: $block-cursor-text-style;
    }
    &> .live-table--marked { color: $accent; }
    &> .live-table--changed { text-style: bold; }
    &> .live-table--empty { text-style: dim; }
    &> .live-table--urgent { color: $accent; text-style: bold; }
    &> .live-table--warning { color: $warning; }
    &> .live-table--bad { color: $error; }
    &> .live-table--good { color: $success; }
    &> .live-table--muted { text-style: dim; }
}
"""


@dataclass(frozen=True, slots=True)
class Look:
    """How one row is drawn; equal looks are equal lines."""

    row: TableRow
    cursor: bool
    marked: bool
    changed: bool


class TableLines:
    """Draws lines in the columns as they are placed. `style` gives the style for names of component classes."""

    def __init__(self, style: Callable[[tuple[str, ...]], Style]) -> None:
        self._style = style
        self._placed: tuple[Placed, ...] = ()
        self._width = 0
        self._mark: tuple[str, bool] | None = None
        self._drawn: LRUCache[Look, Strip] = LRUCache(512)

    def place(self, placed: tuple[Placed, ...], width: int) -> bool:
        """Draw in these columns and this width from now on; true if that is another place than before."""
        if (placed, width) == (self._placed, self._width):
            return False
        self._placed, self._width = placed, width
        self._drawn.clear()
        return True

    def forget(self) -> None:
        """Draw everything anew, as in another style."""
        self._drawn.clear()

    def mark(self, mark: tuple[str, bool] | None) -> None:
        """Mark in the head the column by which the list is sorted, and whether it falls; None marks none."""
        self._mark = mark

    def header(self) -> Strip:
        """The line with the titles."""
        text, last = _BLANK, len(self._placed) - 1
        for at, placed in enumerate(self._placed):
            title, gap = placed.text(placed.column.title), 0 if at == last else GAP
            if self._mark is not None and placed.column.id == self._mark[0]:
                sign = FALLING if self._mark[1] else RISING
                # Behind the title, in the gap before the next column where the title fills its own.
                room = placed.width + min(gap, 1)
                words = title if placed.column.align == "right" else placed.column.title
                title, gap = (words.cut(room - 1) + sign).pad(room), max(gap - 1, 0)
            text += title + plain(" " * gap)
        return self._line(text, "header")

    def line(self, look: Look | SafeText | None) -> Strip:
        """The line of a row, of words where rows would be, or of nothing."""
        if not isinstance(look, Look):
            return self._line(_BLANK + look.cut(max(0, self._width - GUTTER)) if look else _NOTHING, "empty")
        strip = self._drawn.get(look)
        if strip is None:
            strip = self._drawn[look] = self._draw(look)
        return strip

    def _draw(self, look: Look) -> Strip:
        """One run of text in one style: every change of style costs bytes.

        The gutter says without colour what the style says: the mark or the news, the cursor, the row's own sign.
        """
        row = look.row
        sign = (row.sign or _NOTHING).cut(1).pad(1)
        news = MARKED if look.marked else CHANGED if look.changed else _SPACE
        text = news + (CURSOR + sign if look.cursor else sign + _SPACE)
        text += self._joined([row.cells[placed.cell] for placed in self._placed])
        if look.cursor:
            return self._line(text, "cursor")
        tones = (row.tone if row.tone in TONES else "", "marked" * look.marked, "changed" * look.changed)
        return self._line(text, *(name for name in tones if name))

    def _joined(self, cells: Sequence[SafeText]) -> SafeText:
        return _GAP.join([placed.text(cell) for placed, cell in zip(self._placed, cells, strict=True)])

    def _line(self, text: SafeText, *names: str) -> Strip:
        style = self._style(names)
        return Strip([Segment(str(text), style)]).adjust_cell_length(self._width, style)
