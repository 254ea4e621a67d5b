"""The list of sources that one may go to: all at once, or one, which is opened first to see that it answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from workbench.data import Source
from workbench.desk import inbox
from workbench.desk.places import Place
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.columns import TableColumn
from workbench.tui.gateway import HUNG, Gateway
from workbench.tui.lines import Notice
from workbench.tui.live_table import LiveTable
from workbench.tui.rows import TableRow
from workbench.tui.source_editing import SourceEditing

_COLUMNS = (
    TableColumn("name", plain("SOURCE"), least=8, most=30),
    TableColumn("mode", plain("MODE"), width=10),
    TableColumn("where", plain("WHERE"), least=10, grows=True),
)


_ALL = "all"  # the key of the line for all of them; a source's key is a tuple


class SourceTable(LiveTable):
    """The sources. None can be marked."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what has no use here."""
        return action not in ("mark", "range", "clear_marks")


class SourceScreen(SourceEditing):
    """Shows the sources; enter goes to one if it answers and has something to show, or to all of them together."""

    DEFAULT_CSS = """
    SourceScreen { align: center middle; }
    SourceScreen > Vertical {
        width: 100%; max-width: 100; height: auto; max-height: 80%; border: round $primary; background: $surface;
    }
    SourceScreen SourceTable { height: auto; min-height: 3; max-height: 20; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,s", "dismiss", "Close", id="source.close")]

    def __init__(self, places: Sequence[Place], shown: str | None, gateway: Gateway) -> None:
        super().__init__()
        self._places = {place.name: place for place in places}
        self._shown = shown  # None: all together
        self._gateway = gateway

    def compose(self) -> ComposeResult:
        """The list, and a line for what goes wrong."""
        with Vertical():
            yield SourceTable(_COLUMNS, empty=plain("No sources are configured: `workbench source add` adds one."))
            yield Notice(id="source-notice")

    def on_mount(self) -> None:
        """Show them, the cursor on the one that is shown."""
        table = self.query_one(SourceTable)
        rows = [TableRow((name,), self._cells(place)) for name, place in self._places.items()]
        if len(rows) > 1:
            words = plain(f"the inbox of these {len(rows)}, the most urgent first")
            rows.insert(0, TableRow(_ALL, (plain("all sources"), plain("together"), words)))
        table.show(rows, at_start=True, at_end=True)
        table.move_cursor(_ALL if self._shown is None else (self._shown,))
        table.focus()

    def _cells(self, place: Place) -> tuple[SafeText, ...]:
        lane = self._gateway.lanes.get(place.name)
        silent = lane is not None and (lane.silent_for >= HUNG or (lane.source is None and lane.error is not None))
        # Ahead of the address, whose end is cut where it is long.
        marks = plain("PRODUCTION · " if place.production else "") + plain("○ does not answer · " if silent else "")
        return (
            safe(place.name, limit=40),
            plain("read-write" if place.writable else "read-only"),
            marks + safe(place.display, limit=200),
        )

    def _say(self, words: str, tone: str = "dim") -> None:
        if self.is_attached:  # a slow source may answer after this was closed
            self.query_one(Notice).say(safe(words), tone)

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        """Go to all of them, or try to open the one."""
        if message.key == _ALL:
            self.dismiss(tuple(self._places.values()))
            return
        place = self._places[str(message.key[0])]
        if place.name == self._shown:
            self.dismiss(None)
            return
        self._say(f"opening {place.name}…")
        lane = self._gateway.lane(place.name, place.opener())
        lane.retry()
        lane.read("look", _has_inbox, partial(self._opened, place), lambda error: self._say(str(error), "$error"))

    def _opened(self, place: Place, has_inbox: bool) -> None:
        if not self.is_attached:
            return  # the operator did not wait for it
        if has_inbox:
            self.dismiss((place,))
        else:
            self._say(f"{place.name} answers, but holds nothing that this version shows", "$warning")


def _has_inbox(source: Source) -> bool:
    return bool(source.capabilities & inbox.STORES)
