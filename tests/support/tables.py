"""A live table for tests: its columns, rows for it, and an app that holds it and writes down what it says.

Run as a program (`python -m support.tables`) it is that app in a real terminal, changed by keys.
"""

import os
from collections.abc import Sequence
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.message import Message

from workbench.desk.safe import plain, safe
from workbench.tui.columns import TableColumn
from workbench.tui.live_table import LiveTable
from workbench.tui.rows import Key, TableRow

COLUMNS = (
    TableColumn("wait", plain("WAIT"), width=5, align="right"),
    TableColumn("expires", plain("EXPIRES"), least=7, most=9, drop=1),
    TableColumn("source", plain("SOURCE"), least=6, most=16, drop=2),
    TableColumn("what", plain("WHAT"), least=12, grows=True),
    TableColumn("from", plain("FROM"), least=8, most=24, drop=3),
)


def row(number: int, what: str = "", *, wait: str = "8m", tone: str = "", sign: str = "") -> TableRow:
    """A row with its number as its key; its age is no news."""
    what = what or f"tool {number}"
    cells = (plain(wait), plain("—"), plain("prod-genie"), safe(what), plain(f"agui:web-{number % 7}"))
    return TableRow(str(number), cells, tone=tone, sign=plain(sign) if sign else None, says=what)


def rows(*numbers: int) -> list[TableRow]:
    """Rows by their numbers."""
    return [row(number) for number in numbers]


class TableApp(App[None]):
    """A table, and what it said."""

    CSS = "LiveTable { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("equals_sign", "same", "show the same again"),
        ("plus", "change", "change one row"),
        ("n", "arrive", "a row arrives at the top"),
        ("ctrl+q", "quit", "quit"),
    ]

    def __init__(self, first: Sequence[TableRow] = (), *, maximum: int = 2_000) -> None:
        super().__init__()
        self.theme = os.environ.get("TABLE_THEME", "textual-dark")
        self.table = LiveTable(COLUMNS, empty=plain("Nothing is waiting."), maximum=maximum)
        self.first = list(first)
        self.said: list[Message] = []
        self.changes = 0

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield self.table

    def on_mount(self) -> None:
        """Show the first rows."""
        if self.first:
            self.table.show(self.first, at_start=True, at_end=True)

    def on_live_table_cursor_moved(self, message: LiveTable.CursorMoved) -> None:
        """Write it down."""
        self.said.append(message)

    def on_live_table_need_rows(self, message: LiveTable.NeedRows) -> None:
        """Write it down."""
        self.said.append(message)

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        """Write it down."""
        self.said.append(message)

    def moves(self) -> list[tuple[Key | None, Key | None]]:
        """Where the cursor went, and which row left under it."""
        return [(said.key, said.left) for said in self.said if isinstance(said, LiveTable.CursorMoved)]

    def needs(self) -> list[tuple[Key | None, Key | None, str]]:
        """Which rows were asked for."""
        return [(said.after, said.before, said.edge) for said in self.said if isinstance(said, LiveTable.NeedRows)]

    def opened(self) -> list[Key]:
        """Which rows were opened."""
        return [said.key for said in self.said if isinstance(said, LiveTable.Opened)]

    def action_same(self) -> None:
        """Show equal rows again, made anew as a refresh makes them."""
        fresh = [TableRow(one.key, one.cells, one.tone, one.sign, one.says) for one in self.first]
        self.table.show(fresh, at_start=True, at_end=True)

    def action_change(self) -> None:
        """Change the sixth row."""
        self.changes += 1
        self.first[5] = row(5, f"changed {self.changes}")
        self.action_same()

    def action_arrive(self) -> None:
        """Let a row arrive before all others."""
        self.changes += 1
        self.first.insert(0, row(10_000 + self.changes, f"arrived {self.changes}"))
        self.action_same()


if __name__ == "__main__":
    hostile = os.environ.get("TABLE_HOSTILE", "")
    TableApp([*rows(*range(1_900)), *([row(9_999, hostile)] if hostile else [])]).run()
