"""The rows of the inbox: its columns, and each row drawn anew only when it reads differently."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.desk import inbox
from workbench.desk.inbox import Key, Waiting
from workbench.desk.safe import plain
from workbench.tui.columns import TableColumn
from workbench.tui.rows import TableRow

COLUMNS = (
    TableColumn("wait", plain("WAIT"), width=4, align="right"),
    TableColumn("expires", plain("EXPIRES"), width=7, align="right"),
    TableColumn("source", plain("SOURCE"), least=6, most=14),
    TableColumn("what", plain("WHAT"), least=10, grows=True),
    TableColumn("from", plain("FROM"), least=6, most=18, drop=1),
)
_CELLS = (inbox.wait_cell, inbox.expires_cell, inbox.source_cell, inbox.what_cell, inbox.from_cell)
_Order = Callable[[Iterable[Waiting], datetime, timedelta, Mapping[str, float]], list[Waiting]]
_OVERDUE = plain("!")
_MINUTE = timedelta(minutes=1)


def usual_columns(*, several: bool) -> tuple[str, ...]:
    """The columns that are shown of a list over one source, or over several: then each row says where it waits."""
    return tuple(column.id for column in COLUMNS if several or column.id != "source")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A row, of which item it was made, and from when until when it reads so."""

    item: Waiting
    begin: datetime
    end: datetime
    row: TableRow


class InboxRows:
    """Makes rows of items. Ages are told in minutes, so most rows are good for most of a minute."""

    def __init__(self, abandoned_after: timedelta) -> None:
        self._after = abandoned_after
        self._drawn: dict[Key, _Drawn] = {}
        # The order of the rows; the operator may choose another one.
        self.order: _Order = inbox.by_urgency

    def rows(
        self, items: Iterable[Waiting], now: datetime, ahead: Mapping[str, float] = inbox.NOWHERE
    ) -> list[TableRow]:
        """The rows of these items in their order, usually the most urgent first; each by the clock of its source."""
        before, self._drawn = self._drawn, {}
        rows = []
        for item in self.order(items, now, self._after, ahead):
            moment = now + timedelta(seconds=ahead[item.source]) if item.source in ahead else now
            drawn = before.get(item.key)
            if drawn is None or drawn.item != item or not drawn.begin <= moment < drawn.end:
                drawn = _Drawn(item, moment, self._until(item, moment), self._row(item, moment))
            self._drawn[item.key] = drawn
            rows.append(drawn.row)
        return rows

    def _row(self, item: Waiting, moment: datetime) -> TableRow:
        overdue = item.overdue(moment)
        soon = item.expires is not None and not overdue and item.expires - moment <= inbox.SOON
        gone = item.abandoned(moment, self._after)
        tone = "warning" if overdue else "urgent" if soon else "muted" if gone else ""
        cells = tuple(cell(item, moment) for cell in _CELLS)
        return TableRow(item.key, cells, tone, _OVERDUE if overdue else None, says=item.what)

    def _until(self, item: Waiting, moment: datetime) -> datetime:
        """The next moment at which a row may read differently."""
        ends = [moment + _MINUTE]
        if item.asked is not None:
            ends.append(moment + _MINUTE - (moment - item.asked) % _MINUTE)
            if moment <= item.asked + self._after:
                ends.append(item.asked + self._after + timedelta.resolution)
        if item.expires is not None and item.expires > moment:
            ends.append(moment + (item.expires - moment) % _MINUTE)
        return min(ends)
