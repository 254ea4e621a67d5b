"""What the inbox screen reads: each of its sources by itself, shown as one list. A silent one holds back nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from workbench.data.errors import Unsupported
from workbench.desk import clocks, inbox
from workbench.desk.inbox import Inbox, Key, Waiting
from workbench.desk.moments import now
from workbench.desk.places import Place, Rules
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.choices import Counted
from workbench.tui.deciding import Deciding
from workbench.tui.gateway import Lane
from workbench.tui.inbox_arranging import InboxArranging
from workbench.tui.inbox_filter import InboxFilter
from workbench.tui.inbox_rows import COLUMNS, InboxRows
from workbench.tui.inboxes import Inboxes, OneInbox
from workbench.tui.marking import MarkedTable

if TYPE_CHECKING:
    from workbench.data import Source

_FAILURE = "failure"


class InboxTable(MarkedTable):
    """The list of what waits."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Open, or answer", id="row.open")]

    def __init__(self) -> None:
        super().__init__(COLUMNS, empty=plain("…"), id="list")


class InboxReading(InboxFilter, InboxArranging, Deciding):
    """The part of the inbox screen that reads. Its place and its lane are those of the item under the cursor."""

    class NoInbox(Message):
        """None of the sources can have an inbox."""

    def __init__(self, inboxes: Inboxes, rules: Rules, clock: Callable[[], datetime] = now) -> None:
        first = next(iter(inboxes))
        super().__init__(first.place, rules, first.lane, clock)
        self.inboxes = inboxes
        self.items: dict[Key, Waiting] = {}
        self.read = Inbox(())
        self._rows = InboxRows(rules.abandoned_after)
        self._rows.order = self.in_order
        self._several: bool | None = None  # whether the list says where something waits; None before it is laid out

    @property
    def table(self) -> InboxTable:
        """The list."""
        return self.query_one(InboxTable)

    # -- which source ----------------------------------------------------------------------------------------

    @property
    def places(self) -> Sequence[Place]:
        """All sources, those too that have no inbox."""
        return self.inboxes.places

    @property
    def is_together(self) -> bool:
        """Whether this is the inbox of several sources, some of which may turn out to have none."""
        return len(self.places) > 1

    @property
    def lanes(self) -> Sequence[Lane]:
        """The ways to all sources."""
        return [one.lane for one in self.inboxes]

    def place_of(self, key: Key) -> Place:
        """The source in which an item is."""
        one = self.inboxes.get(key[0])
        return self.place if one is None else one.place

    def lane_of(self, key: Key) -> Lane:
        """The way to the source in which an item is."""
        one = self.inboxes.get(key[0])
        return self.lane if one is None else one.lane

    def moment_of(self, key: Key) -> datetime:
        """This moment by the clock of the source in which an item is."""
        return self.clock() + timedelta(seconds=self.lane_of(key).offset)

    def where(self, key: Key) -> SafeText:
        """Where an item is, behind its name in a question; nothing where there is only one source."""
        return plain(" in ") + safe(key[0]).cut(40) if self.inboxes.several else plain("")

    def place_here(self) -> Place:
        """The source of the item under the cursor; without one the source that the frame names."""
        self.stand_in(self.key_here)
        return self.place

    @property
    def key_here(self) -> Key | None:
        """The key of the item under the cursor."""
        key = self.table.cursor if self._laid_out else None
        return key if isinstance(key, tuple) and len(key) == 3 else None

    def stand_in(self, key: Key | None) -> None:
        """Have the frame speak of the source of an item; without one, of the same as before if it is still here."""
        one = None if key is None else self.inboxes.get(key[0])
        one = one or self.inboxes.get(self.place.name)
        if one is None or one.left_out:
            one = next(iter(self.inboxes), one)
        if one is not None:
            self.place, self.lane, self.failure = one.place, one.lane, one.failure
            self.set_class(self.place.production, "-production")

    def placed(self, place: Place) -> None:
        """A source is opened another way from now on."""
        super().placed(place)
        self.inboxes.placed(place)

    def keep_to(self, places: Sequence[Place]) -> None:
        """Be the inbox of these sources from now on; what was read of those that stay is shown at once."""
        self.inboxes.keep_to(places)
        if self._laid_out:
            self._show_what_is_left()

    # -- asking ----------------------------------------------------------------------------------------------

    def refresh_now(self) -> None:
        """Read every source, and the item under the cursor."""
        for one in self.inboxes:
            self._read(one, "inbox", self.show_inbox)

    def refresh_first(self) -> None:
        """Read the first source, and the others once the frame stands there."""
        for number, one in enumerate(self.inboxes):
            if number:
                self.call_after_refresh(self._read, one, "inbox", self.show_inbox)
            else:
                self._read(one, "inbox", self.show_inbox)

    def refresh_source(self, key: Key) -> None:
        """Read the source of an item again."""
        if (one := self.inboxes.get(key[0])) is not None:
            self._read(one, "inbox", self.show_inbox)

    def changed(self) -> None:
        """Somebody may have written to any source."""
        for one in self.inboxes:
            self._read_changed(one)

    def changed_in(self, name: str) -> None:
        """Somebody has written to that source: it alone is read."""
        one = self.inboxes.get(name)
        if one is not None and one in self.inboxes:
            self._read_changed(one)

    def _read_changed(self, one: OneInbox) -> None:
        if not self._laid_out:
            return  # it reads by itself as soon as there is a place for what is read
        if self.paused:
            # Under another name: it must not take the place of a refresh that was asked for by hand.
            self._read(one, "counts", self.show_counts)
        else:
            self._read(one, "inbox", self.show_inbox)

    def _read(self, one: OneInbox, slot: str, show: Callable[[OneInbox, Inbox | None], None]) -> None:
        work = partial(_read_inbox, name=one.name)
        one.lane.read(slot, work, partial(show, one), partial(self.show_failure, one))

    def ask_failed(self) -> None:
        """Ask those again that did not answer."""
        for one in self.inboxes:
            if one.failure is not None and not one.lane.asking:
                self._read_changed(one)

    # -- answered --------------------------------------------------------------------------------------------

    def show_counts(self, one: OneInbox, read: Inbox | None) -> None:
        """Show how much there is, here and beside the screen."""
        if read is None:
            self._leave_out(one)
            return
        one.read, one.failure = read, None
        self._count()
        self.notice.clear((_FAILURE, one.name))
        self.show_frame()
        if (source := one.lane.source) is not one.timed:
            one.timed = source
            one.lane.read("clock", clocks.ahead, partial(self._take_clock, one), lambda _: None)

    def _count(self) -> None:
        """Put together what was read, and tell how much it is."""
        self.answered = self.inboxes.answered
        self.read = self.inboxes.as_one(self.clock(), self.rules.abandoned_after)
        self.failure = self._one.failure
        name = plain(f"{len(self.inboxes)} sources") if self.inboxes.several else safe(self.place.name, limit=100)
        known = [one.name for one in self.inboxes if one.read is not None]
        self.post_message(Counted(self.read.items, name, known, more=self.read.more))

    def _take_clock(self, one: OneInbox, ahead: float) -> None:
        if ahead and not one.lane.offset:
            self.notice.say(safe(clocks.told(one.name, ahead)), "$warning")
        one.lane.offset = ahead
        self.tick()

    def show_inbox(self, one: OneInbox, read: Inbox | None) -> None:
        """Show what was read of a source; if the item under the cursor is of it, that is read too."""
        came = one.read is None and one.failure is None
        self.show_counts(one, read)
        if read is None:
            return
        self._show_items()
        if came:
            self.table.looked()  # what waited when we came is no news
        key = self.key_here
        if key is None or key[0] == one.name:
            self.read_detail()

    def _show_items(self) -> None:
        self.items = {item.key: item for item in self.read.items}
        self.show_rows()

    def _leave_out(self, one: OneInbox) -> None:
        """It is of a kind that has no inbox; where it is the only one, there is nothing to be shown."""
        if one.read is not None:
            # It had one: another file lies there by now, which is nothing to end for, and may be put right.
            self.show_failure(one, Unsupported("what lies here by now has no inbox"))
            return
        one.left_out, one.read, one.failure = True, None, None
        if len(self.inboxes):
            self._show_what_is_left()
        else:
            self.post_message(self.NoInbox())

    def _show_what_is_left(self) -> None:
        """Show what is left of the sources."""
        self.stand_in(self.key_here)
        self._count()
        self._show_items()
        self.show_frame()

    def show_failure(self, one: OneInbox, error: Exception) -> None:
        """The source did not answer: what is on screen stays, and the frame says why."""
        one.failure = error
        self.failure = self._one.failure
        if self.inboxes.several:  # one of many: it does not talk down what there is to say of the others
            self.notice.add(safe(f"{one.name}: {error}"), "$error", about=(_FAILURE, one.name))
        else:
            self.notice.say(safe(str(error)), "$error", about=(_FAILURE, one.name))
        self.table.say(self._empty())
        self.show_frame()

    def show_failure_of(self, key: Key, error: Exception) -> None:
        """The source of an item did not answer."""
        if (one := self.inboxes.get(key[0])) is not None:
            self.show_failure(one, error)

    def show_rows(self) -> None:
        """Put the items in order and show them; a row that reads as before is not painted."""
        self.table.say(self._empty())
        if not self.answered:
            return  # what comes first is no news
        if self._several != self.inboxes.several:
            self.show_columns()
        rows = self._rows.rows(self.filtered(self.items.values()), self.clock(), self.inboxes.ahead)
        self.table.show(rows, at_start=True, at_end=True)
        if not self.items and self.has_class("-detail") and not self.asking:
            self.action_back()

    def show_columns(self) -> None:
        """Have a column for the source where there are several."""
        self._several = self.inboxes.several
        self.show_arranged()

    def action_back(self) -> None:
        """Back to the list."""
        raise NotImplementedError

    def tick(self) -> None:
        """Once a second."""
        raise NotImplementedError

    # -- words -----------------------------------------------------------------------------------------------

    @property
    def _one(self) -> OneInbox:
        """The source that the frame names."""
        one = self.inboxes.get(self.place.name)
        assert one is not None
        return one

    def state(self) -> tuple[SafeText, str]:
        """How the source is that the frame names, and in which tone to say so."""
        one = self._one
        return self.state_of(one.lane, one.failure, answered=one.read is not None)

    def source_words(self) -> tuple[tuple[SafeText, ...], str]:
        """How many sources there are, or which of them do not answer."""
        return self.inboxes.words()

    def _empty(self) -> SafeText:
        failure = next((one.failure for one in self.inboxes if one.failure is not None), None)
        if failure is not None and not (self.inboxes.several and self.answered):
            return safe(str(failure))
        if not self.answered or not self.inboxes.settled:
            return plain("…")
        if self.filter and self.items:
            return plain("Nothing that waits matches.")
        return plain("Nothing waits in what answers." if failure is not None else "Nothing waits.")

    def count_words(self) -> SafeText:
        """How much waits, how much of it is overdue or damaged, and how far off the clock of the source is."""
        moments = {one.name: self.moment_of((one.name,)) for one in self.inboxes}
        overdue = sum(item.overdue(moments[item.source]) for item in self.read.items if item.source in moments)
        count = f"≥ {len(self.read.items):,}" if self.read.more else f"{len(self.read.items):,}"
        words = f"inbox {count}" + (f" ({overdue:,} overdue)" if overdue else "")
        if self.read.damage:
            words += f", {len(self.read.damage):,} damaged"
        if self.lane.offset:
            words += f", clock {self.lane.offset:+,.0f} s"
        return plain(words) + self.sort_words + self.filter_words()


def _read_inbox(source: Source, name: str) -> Inbox | None:
    """What waits in a source; None if it is of a kind that has no inbox."""
    return inbox.read_inbox(source, name) if source.capabilities & inbox.STORES else None
