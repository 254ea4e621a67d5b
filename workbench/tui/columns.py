"""The columns of a table: what is declared of each, and how wide each is in the room that there is.

Widths follow the widest cell seen so far and only ever grow, so that a table stands still while rows come and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.data.errors import Invalid
from workbench.desk.safe import SafeText, cells
from workbench.tui.rows import TableRow

GAP = 2


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column. `width` fixes it; otherwise it is as wide as its cells, between `least` and `most`.

    What room is left goes to the columns that grow. Where even the least widths do not fit, the column with the
    highest `drop` goes first; 0 is never dropped.
    """

    id: str
    title: SafeText
    width: int | None = None
    least: int = 4
    most: int | None = None
    grows: bool = False
    align: Literal["left", "right"] = "left"
    drop: int = 0

    def __post_init__(self) -> None:
        if self.floor < 1 or (self.most is not None and self.most < self.floor):
            raise Invalid(
                f'the column "{self.id}" cannot be so wide: give it at least one cell, and `most` over `least`'
            )

    @property
    def floor(self) -> int:
        """The fewest cells that it takes."""
        return self.least if self.width is None else self.width


@dataclass(frozen=True, slots=True)
class Placed:
    """A column in its place: which cell of a row it shows, and how wide."""

    column: TableColumn
    cell: int
    width: int

    def text(self, cell: SafeText) -> SafeText:
        """A cell in exactly this width; `…` stands for what does not fit."""
        return cell.cut(self.width).pad(self.width, to_right=self.column.align == "right")


class ColumnWidths:
    """The widths of a table's columns."""

    def __init__(self, columns: Sequence[TableColumn]) -> None:
        self.columns = tuple(columns)
        self._order = tuple(range(len(self.columns)))
        self.reset()

    def arrange(self, ids: Sequence[str]) -> None:
        """Show only these columns, in this order. Ids that no column has are passed over; without any left all are."""
        places = {column.id: number for number, column in enumerate(self.columns)}
        found = tuple(dict.fromkeys(places[id] for id in ids if id in places))
        self._order = found or tuple(range(len(self.columns)))

    def reset(self) -> None:
        """Forget every cell that was seen."""
        self._wanted = [self._bounded(column, cells(column.title)) for column in self.columns]

    def see(self, rows: Iterable[TableRow]) -> bool:
        """Take in the cells of these rows; true if a column wants to be wider than before."""
        grown = False
        # A column that is as wide as it may be needs no measuring.
        open_columns = [
            (number, column.most or 0)
            for number, column in enumerate(self.columns)
            if column.width is None and (column.most is None or self._wanted[number] < column.most)
        ]
        wanted = self._wanted
        for row in rows:
            for number, most in open_columns:
                cell = row.cells[number]
                # No character takes more than two cells.
                if 2 * len(cell) <= wanted[number]:
                    continue
                width = min(cells(cell), most) if most else cells(cell)
                if width > wanted[number]:
                    wanted[number], grown = width, True
        return grown

    def fit(self, room: int) -> tuple[Placed, ...]:
        """The columns that there is room for, with their widths. One at least, cut if it must be."""
        kept = list(self._order)
        while len(kept) > 1 and self._least(kept) > room:
            droppable = [number for number in kept if self.columns[number].drop]
            if not droppable:
                break
            kept.remove(max(droppable, key=lambda number: (self.columns[number].drop, number)))
        widths = {number: self._wanted[number] for number in kept}
        spare = room - sum(widths.values()) - GAP * (len(kept) - 1)
        self._take(widths, -spare)
        self._give([number for number in kept if self.columns[number].grows], widths, spare)
        return tuple(Placed(self.columns[number], number, widths[number]) for number in kept)

    def _least(self, numbers: Sequence[int]) -> int:
        return sum(self.columns[number].floor for number in numbers) + GAP * (len(numbers) - 1)

    def _take(self, widths: dict[int, int], lacking: int) -> None:
        """Take cells from the columns that have most to spare, one by one."""
        for _ in range(max(0, lacking)):
            number = max(widths, key=lambda number: widths[number] - self.columns[number].floor)
            if widths[number] <= self.columns[number].floor:
                return
            widths[number] -= 1

    def _give(self, numbers: Sequence[int], widths: dict[int, int], spare: int) -> None:
        """Share cells among the columns that grow."""
        for place, number in enumerate(numbers):
            share = max(0, spare) // (len(numbers) - place)
            widths[number] += share
            spare -= share

    @staticmethod
    def _bounded(column: TableColumn, width: int) -> int:
        if column.width is not None:
            return column.width
        return max(width if column.most is None else min(width, column.most), column.least)
