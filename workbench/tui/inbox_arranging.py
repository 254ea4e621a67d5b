"""How the inbox is arranged: it is read whole, up to its limit, so it can be ordered by any of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.desk.inbox import LIMIT, Waiting
from workbench.desk.inbox_order import SORTS, in_order
from workbench.desk.noun import Sort
from workbench.desk.safe import plain
from workbench.tui.arranging import Arranging, Choosable
from workbench.tui.inbox_rows import COLUMNS, usual_columns

if TYPE_CHECKING:
    from workbench.desk.inbox import Inbox
    from workbench.tui.inboxes import Inboxes

_WORDS = {
    "wait": "for how long it has waited",
    "expires": "in how long it expires",
    "source": "where it waits",
    "what": "the tool, or the question",
    "from": "who asks",
}


class InboxArranging(Arranging):
    """The orders and the columns of the inbox."""

    view = "inbox"
    read: Inbox
    inboxes: Inboxes

    @property
    def sorts(self) -> Sequence[Sort]:  # type: ignore[override]
        """Those of the columns that there are."""
        here = usual_columns(several=self.inboxes.several)
        return [sort for sort in SORTS if sort is SORTS[0] or sort.column in here]

    @property
    def choosable(self) -> Sequence[Choosable]:
        """Its columns."""
        usual = usual_columns(several=self.inboxes.several)
        return [Choosable(one.id, str(one.title), _WORDS.get(one.id, ""), one.id in usual) for one in COLUMNS]

    def in_order(
        self, items: Iterable[Waiting], now: datetime, abandoned_after: timedelta, ahead: Mapping[str, float]
    ) -> list[Waiting]:
        """The items in the order that was chosen."""
        return in_order(items, self.sort or SORTS[0], now, abandoned_after, ahead)

    def sorted_anew(self) -> None:
        """Show the rows in the other order, the cursor on the row where it was."""
        self.show_rows()
        if self.read.more:
            self.say(plain(f"There are more than the {LIMIT:,} that are read: those are sorted."))

    def columns_chosen(self) -> None:
        """Every row has all of its cells: the table alone shows others."""

    def show_rows(self) -> None:
        """Put the items in order and show them."""
        raise NotImplementedError
