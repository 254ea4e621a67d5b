"""The orders of a list, to choose one: all that are offered hold for the whole list, not for what is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from workbench.desk.noun import Sort
from workbench.desk.safe import plain
from workbench.tui.columns import TableColumn
from workbench.tui.keymap import word
from workbench.tui.lines import Line
from workbench.tui.live_table import LiveTable
from workbench.tui.rows import TableRow
from workbench.tui.table_lines import FALLING, RISING

_COLUMNS = (
    TableColumn("by", plain("BY"), least=8, most=14),
    TableColumn("words", plain("ORDER"), least=10, grows=True),
)


class SortTable(LiveTable):
    """The orders. None can be marked."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what has no use here."""
        return action not in ("mark", "range", "clear_marks")


class SortScreen(ModalScreen[Sort | None]):
    """Shows the orders; enter takes the one under the cursor."""

    DEFAULT_CSS = """
    SortScreen { align: center middle; }
    SortScreen > Vertical {
        width: 100%; max-width: 60; height: auto; max-height: 80%; border: round $primary; background: $surface;
    }
    SortScreen SortTable { height: auto; min-height: 3; max-height: 12; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,S", "dismiss", "Close", id="sort.close")]

    def __init__(self, sorts: Sequence[Sort], chosen: Sort) -> None:
        super().__init__()
        self._sorts = {sort.id: sort for sort in sorts}
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """The orders, and the keys."""
        with Vertical():
            yield Line(id="sort-title")
            yield SortTable(_COLUMNS)
            yield Line(id="sort-keys")

    def on_mount(self) -> None:
        """Show them, the cursor on the one that holds."""
        self.query_one("#sort-title", Line).show((plain(" Sort the whole list"), "bold"))
        table = self.query_one(SortTable)
        rows = [
            TableRow(
                (sort.id,),
                (
                    (FALLING if sort.falling else RISING) + plain(f" {sort.column.upper()}"),
                    plain(sort.words + (" (as it is)" if sort == self._chosen else "")),
                ),
            )
            for sort in self._sorts.values()
        ]
        table.show(rows, at_start=True, at_end=True)
        table.move_cursor((self._chosen.id,))
        table.focus()
        keys = f" {word(self, 'row.open', 'enter')} sorts   {word(self, 'sort.close', 'escape')} leaves it as it is"
        self.query_one("#sort-keys", Line).show((plain(keys), "dim"))

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        """Take it."""
        self.dismiss(self._sorts[str(message.key[0])])
