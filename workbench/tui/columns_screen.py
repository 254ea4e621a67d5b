"""The columns of a list: which are shown, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen

from workbench.desk.safe import plain, safe
from workbench.tui.columns import TableColumn
from workbench.tui.keymap import word
from workbench.tui.lines import Line, Notice
from workbench.tui.live_table import LiveTable
from workbench.tui.rows import TableRow

if TYPE_CHECKING:
    from workbench.tui.arranging import Choosable

_COLUMNS = (
    TableColumn("shown", plain("SHOWN"), width=5),
    TableColumn("column", plain("COLUMN"), least=8, most=16),
    TableColumn("words", plain("WHAT IT SAYS"), least=10, grows=True),
)
_SHOWN, _HIDDEN = plain("[x]"), plain("[ ]")


class ColumnTable(LiveTable):
    """The columns of a list. The key that marks rows elsewhere shows and hides them here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Show or hide", id="row.mark"),
        Binding("left,K", "screen.shift(-1)", "Further to the left", id="columns.left"),
        Binding("right,J", "screen.shift(1)", "Further to the right", id="columns.right"),
        Binding("u", "screen.usual", "As usual", id="columns.usual"),
    ]

    class Marked(Message):
        """The column under the cursor is to be shown, or hidden."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what has no use here."""
        return action not in ("range", "clear_marks")

    def action_mark(self) -> None:
        """Show the column, or hide it."""
        self.post_message(self.Marked())


class ColumnsScreen(ModalScreen[tuple[str, ...] | None]):
    """Shows the columns, the shown ones first; enter takes what was chosen, escape leaves all as it was."""

    DEFAULT_CSS = """
    ColumnsScreen { align: center middle; }
    ColumnsScreen > Vertical {
        width: 100%; max-width: 76; height: auto; max-height: 90%; border: round $primary; background: $surface;
    }
    ColumnsScreen ColumnTable { height: auto; min-height: 3; max-height: 14; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,c", "dismiss", "Close", id="columns.close")]

    def __init__(self, columns: Sequence[Choosable], shown: Sequence[str]) -> None:
        super().__init__()
        self._columns = {column.id: column for column in columns}
        self._shown = set(shown)
        self._order = [*shown, *(column.id for column in columns if column.id not in self._shown)]

    def compose(self) -> ComposeResult:
        """The columns, a line for what cannot be, and the keys."""
        with Vertical():
            yield Line(id="columns-title")
            yield ColumnTable(_COLUMNS)
            yield Notice(id="columns-notice")
            yield Line(id="columns-keys")

    def on_mount(self) -> None:
        """Show them."""
        self.query_one("#columns-title", Line).show((plain(" Columns, from left to right"), "bold"))
        self._show()
        self.query_one(ColumnTable).focus()
        keys = "   ".join(
            f"{word(self, id, key)} {what}"
            for id, key, what in (
                ("row.mark", "space", "shows, hides"),
                ("columns.left", "left", "and"),
                ("columns.right", "right", "move"),
                ("columns.usual", "u", "as usual"),
                ("row.open", "enter", "takes"),
                ("columns.close", "escape", "leaves"),
            )
        )
        self.query_one("#columns-keys", Line).show((plain(f" {keys}"), "dim"))

    def _show(self) -> None:
        rows = [
            TableRow(
                (column.id,),
                (_SHOWN if id in self._shown else _HIDDEN, safe(column.title, limit=40), safe(column.words, limit=200)),
                "" if id in self._shown else "muted",
                says=id,
            )
            for id in self._order
            for column in (self._columns[id],)
        ]
        self.query_one(ColumnTable).show(rows, at_start=True, at_end=True)

    @property
    def _under_cursor(self) -> str | None:
        key = self.query_one(ColumnTable).cursor
        return key[0] if isinstance(key, tuple) else None

    def on_column_table_marked(self) -> None:
        """Show the column under the cursor, or hide it; one has to stay."""
        notice, id = self.query_one(Notice), self._under_cursor
        notice.clear()
        if id is None:
            return
        if self._shown == {id}:
            notice.say(plain("A list needs one column at least."), "$warning")
            return
        self._shown ^= {id}
        self._show()

    def action_shift(self, by: int) -> None:
        """Move the column under the cursor."""
        if (id := self._under_cursor) is None:
            return
        at = self._order.index(id)
        to = min(max(at + by, 0), len(self._order) - 1)
        self._order.insert(to, self._order.pop(at))
        self._show()

    def action_usual(self) -> None:
        """As it is when nobody has chosen anything."""
        self._order = [*self._columns]
        self._shown = {column.id for column in self._columns.values() if column.usual}
        self._show()

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        """Take what was chosen."""
        self.dismiss(tuple(id for id in self._order if id in self._shown))
