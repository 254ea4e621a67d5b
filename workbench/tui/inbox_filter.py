"""The part of the inbox that finds: words that must stand in an item, and the next one that waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from workbench.data.errors import Invalid
from workbench.desk.inbox import Key, Waiting
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.live_table import LiveTable
from workbench.tui.view_screen import ViewScreen

if TYPE_CHECKING:
    from workbench.desk.noun import Ask
    from workbench.tui.filter_bar import FilterBar


class InboxFilter(ViewScreen):
    """What is filtered away is counted still, and comes back with escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="view.filter", priority=True)  # else what is typed behind it is keys
    ]

    filter = ""
    items: Mapping[Key, Waiting]
    _wanted: Ask | None = None

    # -- what the other part brings --------------------------------------------------------------------------

    @property
    def table(self) -> LiveTable:
        """The list."""
        raise NotImplementedError

    def show_rows(self) -> None:
        """Show the items that the filter lets through."""
        raise NotImplementedError

    def action_back(self) -> None:
        """Back to the list."""
        raise NotImplementedError

    def moment_of(self, key: Key) -> datetime:
        """This moment by the clock of the source in which an item is."""
        return self.moment

    # -- words -----------------------------------------------------------------------------------------------

    async def action_filter(self) -> None:
        """Ask for words."""
        from workbench.desk.nouns.waiting import INBOX
        from workbench.tui.filter_bar import FilterBar  # with an editor that the first frame does not wait for

        bar = next(iter(self.query(FilterBar)), None)
        if bar is None:
            bar = FilterBar(id="filter")
            await self.mount(bar, before="#notice")
        bar.ask(self.filter, INBOX)

    def on_filter_bar_given(self, message: FilterBar.Given) -> None:
        """Filter by what was written."""
        self.focus_back()
        self.filter_by(message.text)

    def on_filter_bar_cancelled(self) -> None:
        """As it was."""
        self.focus_back()

    def filter_by(self, text: str) -> None:
        """Show only items that fit, by the terms of the inbox and by words."""
        from workbench.desk.nouns.waiting import asked

        try:
            self._wanted = asked(text) if text else None
        except Invalid as error:
            self.say(safe(str(error)), "$error")
            return
        if self.has_class("-detail"):
            self.action_back()
        self.filter = text
        if self._laid_out:
            self.table.forget(empty=plain("…"))
            self.show_rows()
            self.show_frame()

    def filtered(self, items: Iterable[Waiting]) -> Iterable[Waiting]:
        """Those that are let through."""
        if self._wanted is None:
            return items
        from workbench.desk.nouns.waiting import asked_for

        return (item for item in items if asked_for([item], self._wanted, self.moment_of(item.key)))

    def filter_words(self) -> SafeText:
        """The filter, and how many it lets through, for the top line."""
        if not self.filter:
            return plain("")
        return plain(" · filter: ") + safe(self.filter, limit=60) + plain(f" ({len(self.table.rows):,})")

    # -- what waits next -------------------------------------------------------------------------------------

    def to_waiting(self, by: int) -> None:
        """Put the cursor on the next item that probably waits, on the one before, or (0) on the most urgent."""
        if not self._laid_out or not self.answered:
            return  # it begins with the most urgent
        keys = [row.key for row in self.table.rows]
        waiting = [key for key in keys if self._waits(key)]
        cursor = self.table.cursor
        if not waiting:
            self.say(plain("Nothing here probably waits."))
        elif waiting == [cursor]:
            self.say(plain("Nothing else here probably waits."))
        elif by == 0:
            self.table.move_cursor(waiting[0])
        else:
            at = keys.index(cursor) if cursor in keys else 0
            ahead = [key for key in waiting if keys.index(key) * by > at * by]
            others = waiting if by > 0 else waiting[::-1]  # behind the last one comes the first again
            self.table.move_cursor(ahead[0] if by > 0 and ahead else ahead[-1] if ahead else others[0])

    def _waits(self, key: object) -> bool:
        item = self.items.get(key) if isinstance(key, tuple) else None
        return item is not None and not item.abandoned(self.moment_of(item.key), self.rules.abandoned_after)
