"""The part of a view that arranges its list: its order, its columns, its share of the screen, all remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from workbench.desk.noun import Sort
from workbench.desk.remembered import LEAST_SIZE, MOST_SIZE, Look
from workbench.desk.safe import SafeText, plain
from workbench.tui.live_table import LiveTable
from workbench.tui.remembering import Arranged
from workbench.tui.view_screen import ViewScreen

USUAL = Look()
_SIZES = ("-smallest", "-smaller", "-small", "", "-large", "-larger", "-largest")  # as the stylesheet has them


@dataclass(frozen=True, slots=True)
class Choosable:
    """A column that a list can have: its id, its head, what it says, and whether it is usually shown."""

    id: str
    title: str
    words: str
    usual: bool = True


class Arranging(ViewScreen):
    """A view whose list can be arranged."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("S", "sort", "Sort", tooltip="The orders that the whole list can be had in.", id="view.sort"),
        Binding("c", "columns", "Columns", tooltip="Which are shown, and in which order.", id="view.columns"),
        Binding("less_than_sign", "resize(-1)", "A smaller list", id="view.narrower"),
        Binding("greater_than_sign", "resize(1)", "A larger list", id="view.wider"),
    ]

    # What a view gives: how it looks to begin with, the orders that there are, its columns, and what to do then.

    look: Look = USUAL
    sorts: Sequence[Sort] = ()

    @property
    def choosable(self) -> Sequence[Choosable]:
        """Every column that can be shown."""
        raise NotImplementedError

    @property
    def table(self) -> LiveTable:
        """The list."""
        return self.query_one(LiveTable)

    def sorted_anew(self) -> None:
        """The order is another one: show the list in it."""
        raise NotImplementedError

    def columns_chosen(self) -> None:
        """The columns are others: show the rows with them."""
        raise NotImplementedError

    # -- as it is --------------------------------------------------------------------------------------------

    @property
    def sort(self) -> Sort | None:
        """The order of the list, which is the usual one if what was remembered is no order any more."""
        return next((sort for sort in self.sorts if sort.id == self.look.sort), next(iter(self.sorts), None))

    @property
    def sort_words(self) -> SafeText:
        """The order in words, unless it is the usual one."""
        sort = self.sort
        return plain("") if sort is None or sort is self.sorts[0] else plain(f" · {sort.words}")

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The columns that are shown, in their order."""
        known = {column.id for column in self.choosable}
        chosen = tuple(id for id in dict.fromkeys(self.look.columns) if id in known)
        return chosen or self.usual_columns

    @property
    def usual_columns(self) -> tuple[str, ...]:
        """Those that are shown unless the operator chooses others."""
        return tuple(column.id for column in self.choosable if column.usual)

    def show_arranged(self) -> None:
        """Let the table show the columns and the mark of the order, and have its size."""
        sort = self.sort
        self.table.set_out(self.shown_columns, (sort.column, sort.falling) if sort is not None else None)
        for size, name in zip(range(LEAST_SIZE, MOST_SIZE + 1), _SIZES, strict=True):
            if name:
                self.set_class(size == self.look.size, name)

    # -- keys ------------------------------------------------------------------------------------------------

    def action_sort(self) -> None:
        """Choose an order."""
        sort = self.sort
        if sort is None or len(self.sorts) < 2:
            self.say(plain("This list can be had in one order only: its store gives it in no other."))
            return
        from workbench.tui.sort_screen import SortScreen

        self.app.push_screen(SortScreen(self.sorts, sort), self._sort_by)

    def _sort_by(self, sort: Sort | None) -> None:
        if sort is None or sort == self.sort:
            return
        usual = sort == self.sorts[0]
        self._look(sort="" if usual else sort.id)
        self.post_message(Arranged(self.view, ("sort",), None if usual else sort.id))
        self.sorted_anew()
        self.show_arranged()
        self.show_frame()

    def action_columns(self) -> None:
        """Choose the columns."""
        from workbench.tui.columns_screen import ColumnsScreen

        self.app.push_screen(ColumnsScreen(self.choosable, self.shown_columns), self._show_columns)

    def _show_columns(self, ids: tuple[str, ...] | None) -> None:
        if ids is None or ids == self.shown_columns:
            return
        usual = ids == self.usual_columns
        self._look(columns=() if usual else ids)
        self.post_message(Arranged(self.view, ("columns",), None if usual else list(ids)))
        self.columns_chosen()
        self.show_arranged()

    def action_resize(self, by: int) -> None:
        """Give the list more or less of the screen than the detail."""
        if self.has_class("-low") and self.has_class("-narrow"):
            self.say(plain("On so few lines the list and the detail have the same room."))
            return
        size = min(max(self.look.size + by, LEAST_SIZE), MOST_SIZE)
        if size == self.look.size:
            self.say(plain("The list is as large as it can be." if by > 0 else "The list is as small as it can be."))
            return
        self._look(size=size)
        self.post_message(Arranged(self.view, ("size",), size or None))
        self.show_arranged()

    def _look(
        self, *, sort: str | None = None, columns: tuple[str, ...] | None = None, size: int | None = None
    ) -> None:
        look = self.look
        self.look = Look(
            look.sort if sort is None else sort,
            look.columns if columns is None else columns,
            look.size if size is None else size,
            look.filters,
        )
