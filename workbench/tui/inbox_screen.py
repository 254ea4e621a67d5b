"""The inbox on the screen: the list, the detail of the item under the cursor, and the bars in which one decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from workbench.desk import clocks, inbox
from workbench.desk.inbox import Inbox, Key, Waiting
from workbench.desk.moments import now
from workbench.desk.places import Place, Rules
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verbs import APPROVE, BY_ID, VERBS
from workbench.tui.choices import Counted
from workbench.tui.deciding import Deciding, id_of
from workbench.tui.decision_bar import DecisionBar, TextBar
from workbench.tui.detail_pane import DetailPane
from workbench.tui.gateway import Lane
from workbench.tui.inbox_filter import InboxFilter
from workbench.tui.inbox_rows import COLUMNS, InboxRows
from workbench.tui.keymap import word
from workbench.tui.lines import KeyLine, KeyWord, Notice, TopLine
from workbench.tui.live_table import LiveTable
from workbench.tui.view_screen import Tabs

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.detail import Detail

_FAILURE = "failure"


class InboxTable(LiveTable):
    """The list of what waits. Nothing here is done to many rows at once, so none can be marked."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Open, or answer", id="row.open")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what has no use here."""
        return action not in ("mark", "range", "clear_marks")


class InboxScreen(InboxFilter, Deciding):
    """What waits in one source."""

    view = "inbox"

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(verb.key, f"verb('{verb.id}')", verb.title, tooltip=verb.words, id=f"inbox.{verb.id}")
            for verb in VERBS
            if verb.key != "enter"
        ),
        Binding("A", "approve_unseen", "Approve although lines are unseen", id="inbox.approve-unseen"),
        Binding("v", "reveal", "Show or mask secrets", tooltip="That you looked is on record.", id="inbox.reveal"),
        Binding("enter", "open", "Open, or answer", id="view.open"),
        Binding("escape", "back", "Back", id="view.back"),
        Binding("tab", "other_pane", "Other pane", id="view.pane"),
        Binding("h", "app.noun('approval')", "History", tooltip="Every call, decided ones too.", id="inbox.history"),
        Binding("W", "write", "Reopen this source for writing", tooltip="It asks.", id="source.write"),
    ]

    def __init__(self, place: Place, rules: Rules, lane: Lane, clock: Callable[[], datetime] = now) -> None:
        super().__init__(place, rules, lane, clock)
        self.items: dict[Key, Waiting] = {}
        self.read = Inbox(())
        self.detail: Detail | None = None
        self.shown_at = 0.0
        self._timed: object = None  # the open source whose clock is known
        self._rows = InboxRows(rules.abandoned_after)
        self._cursor: object = None

    # -- layout ----------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The frame, the list, the detail and the bars."""
        yield TopLine(id="top")
        yield Tabs(id="tabs")
        with Container(id="body"):
            yield InboxTable(COLUMNS, empty=plain("…"), id="list")
            with Vertical(id="side"):
                yield DetailPane(id="detail")
                yield DecisionBar(id="decision")
                yield TextBar(id="words")
        yield Notice(id="notice")
        yield KeyLine(id="keys")

    @property
    def table(self) -> LiveTable:
        """The list."""
        return self.query_one(LiveTable)

    def on_mount(self) -> None:
        """Begin to read, and to count time."""
        self._laid_out = True
        self.set_class(self.place.production, "-production")
        self.query_one(Tabs).show_view("inbox")
        self.table.focus()
        self.show_frame()
        self.refresh_now()
        self.set_interval(1.0, self.tick)

    def on_screen_resume(self) -> None:
        """Nothing lies over this screen any more: what it shows has been in view from now on."""
        self.shown_at = monotonic()
        self.pane.look()

    # -- reading ---------------------------------------------------------------------------------------------

    def refresh_now(self) -> None:
        """Read the list, and the item under the cursor."""
        self._read_inbox("inbox", self.show_inbox)

    def changed(self) -> None:
        """Somebody has written to the source; while paused only the counts are told of it."""
        if not self._laid_out:
            return  # it reads by itself as soon as there is a place for what is read
        if self.paused:
            # Under another name: it must not take the place of a refresh that was asked for by hand.
            self._read_inbox("counts", self.show_counts)
        else:
            self._read_inbox("inbox", self.show_inbox)

    def _read_inbox(self, slot: str, show: Callable[[Inbox], None]) -> None:
        self.lane.read(slot, partial(inbox.read_inbox, name=self.place.name), show, self.show_failure)

    def show_counts(self, read: Inbox) -> None:
        """Show how much there is, here and beside the screen."""
        self.read, self.failure, self.answered = read, None, True
        self.post_message(Counted(read.items, self.place.name, more=read.more))
        self.notice.clear(_FAILURE)
        self.show_frame()
        if (source := self.lane.source) is not self._timed:
            self._timed = source
            self.lane.read("clock", clocks.ahead, self._take_clock, lambda _: None)

    def _take_clock(self, ahead: float) -> None:
        if ahead and not self.lane.offset:
            self.notice.say(safe(clocks.told(self.place.name, ahead)), "$warning")
        self.lane.offset = ahead
        self.tick()

    def show_inbox(self, read: Inbox) -> None:
        """Show what was read; the item under the cursor is read too."""
        self.items = {item.key: item for item in read.items}
        self.show_counts(read)
        self.show_rows()
        self.read_detail()

    def show_rows(self) -> None:
        """Put the items in order and show them; a row that reads as before is not painted."""
        self.table.say(self._empty())
        if not self.answered:
            return  # what comes first is no news
        self.table.show(self._rows.rows(self.filtered(self.items.values()), self.moment), at_start=True, at_end=True)
        if not self.items and self.has_class("-detail") and not self.asking:
            self.action_back()

    def _empty(self) -> SafeText:
        if self.failure is not None:
            return safe(str(self.failure))
        nothing = "Nothing that waits matches." if self.filter and self.items else "Nothing waits."
        return plain(nothing) if self.answered else plain("…")

    def show_failure(self, error: Exception) -> None:
        """The source did not answer: what is on screen stays, and the frame says why."""
        self.failure = error
        self.notice.say(safe(str(error)), "$error", about=_FAILURE)
        self.show_rows()
        self.show_frame()

    def read_detail(self) -> None:
        """Read the item under the cursor, if there is one."""
        key = self.table.cursor
        item = self.items.get(key) if isinstance(key, tuple) and len(key) == 3 else None
        if item is None:
            self.show_detail(None)
            return
        work = partial(_read_detail, item=item, after=self.rules.abandoned_after, at=self.moment, reveal=self.revealed)
        self.lane.read("detail", work, partial(self._take_detail, item.key), self.show_failure)

    def _take_detail(self, key: Key, detail: Detail | None) -> None:
        if self.table.cursor == key:
            self.show_detail(detail)

    def show_detail(self, detail: Detail | None) -> None:
        """Show an item; from the moment that it is on screen it has to be there a while before it can be decided."""
        before, self.detail = self.detail, detail
        same_item = before is not None and detail is not None and before.key == detail.key
        if before is None or detail is None or not same_item or before.record != detail.record:
            self.item_changed()
            self.shown_at = monotonic()
            if before is not None and detail is not None and same_item:
                self._tell_change(before, detail)
        self.pane.show(detail)
        self.show_keys()

    def _tell_change(self, before: Detail, detail: Detail) -> None:
        from workbench.desk.acting import fate, name_of
        from workbench.desk.item_detail import changed_fields

        if detail.key in self.mine:
            # What was decided here says what became of it. Where that was refused, what comes next is news again.
            if detail.record.status == "pending":
                self.mine.discard(detail.key)
            return
        if detail.record.status != "pending":
            words = name_of(detail.record) + plain(": ") + fate(detail.record, self.moment)
        else:
            fields = changed_fields(before.record, detail.record)
            words = plain("This has changed since it was shown, look again: ") + fields
        self.notice.say(words, "$warning", about=detail.key)

    def on_live_table_cursor_moved(self, message: LiveTable.CursorMoved) -> None:
        """Another item is under the cursor: the operator went there, or the one before has left."""
        left, began = message.left, self._cursor is None
        self._cursor = self.table.cursor
        if self.detail is not None and self.detail.key != self.table.cursor:
            self.show_detail(None)
        self.revealed = None
        if left is None:
            if not began:
                self.notice.clear()
                self.table.looked()
        elif left in self.mine:
            self.mine.discard(left)
        elif isinstance(left, tuple) and len(left) == 3:
            look = partial(_what_became, kind=left[1], id=left[2], moment=self.moment)
            self.lane.read("left", look, partial(self._tell_left, left), lambda _: None)
        self.read_detail()

    def _tell_left(self, key: Key, words: SafeText | None) -> None:
        if words is not None:
            self.notice.say(words, "$warning", about=key)

    # -- the frame -------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Once a second: ages change, a source may have fallen silent, a failed one is asked again."""
        if self.failure is not None and not self.lane.asking:
            self.changed()
        self.show_rows()
        if self.detail is not None:
            self.show_detail(self.detail.at(self.moment))
            self.pane.look()
        self.show_frame()

    def count_words(self) -> SafeText:
        """How much waits, how much of it is overdue or damaged, and how far off the clock of the source is."""
        moment = self.moment
        overdue = sum(item.overdue(moment) for item in self.read.items)
        count = f"≥ {len(self.read.items):,}" if self.read.more else f"{len(self.read.items):,}"
        words = f"inbox {count}" + (f" ({overdue:,} overdue)" if overdue else "")
        if self.read.damage:
            words += f", {len(self.read.damage):,} damaged"
        if self.lane.offset:
            words += f", clock {self.lane.offset:+,.0f} s"
        return plain(words) + self.filter_words()

    def key_words(self) -> list[KeyWord]:
        """The keys that do something to the item under the cursor; greyed where they cannot, with the reason."""
        words = []
        if self.detail is not None:
            refusals = self.detail.refusals
            words = [
                KeyWord(word(self, id_of(verb), verb.key), verb.title, refusals.get(verb.id, ""))
                for verb in VERBS
                if self.detail.kind in verb.applies
            ]
            if self.detail.secrets:
                title = "Mask" if self.detail.revealed else "Reveal"
                words.append(KeyWord(word(self, "inbox.reveal", "v"), title, drop=1))
            if self.detail.kind == inbox.APPROVAL and not self.has_class("-detail"):
                words.append(KeyWord(word(self, "view.open", "enter"), "Open", drop=3))
        if self.has_class("-detail"):
            words.append(KeyWord(word(self, "view.back", "escape"), "Back"))
        if not self.place.writable:
            words.append(KeyWord(word(self, "source.write", "W"), "Write"))
        return words

    def refusals(self) -> dict[str, str]:
        """Why verbs cannot be used on the item under the cursor."""
        return dict(self.detail.refusals) if self.detail is not None else {}

    # -- other keys ------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a bar asks, only its own keys act; those that scroll the detail then are for no other time."""
        if not self.is_mounted:
            return True
        if action == "scroll_detail":
            return self.asking
        if action in ("verb", "approve_unseen"):
            verb = BY_ID[str(parameters[0])] if parameters else APPROVE
            return not self.asking and self.detail is not None and self.detail.kind in verb.applies
        return action == "help" or not self.asking

    def focus_back(self) -> None:
        """Give the keys back to the list or the detail."""
        (self.pane if self.has_class("-detail") else self.table).focus()

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        """Enter on a row."""
        self.action_open()

    def action_open(self) -> None:
        """Answer a question, or give the detail the whole screen."""
        self.notice.clear()
        if self.detail is not None and self.detail.kind == inbox.QUESTION:
            self.begin(BY_ID["answer"])
        elif self.detail is not None:
            self.add_class("-detail")
            self.pane.focus()
            self.show_keys()

    def action_back(self) -> None:
        """Back to the list; from the list, take the filter away."""
        self.notice.clear()
        if self.filter and not self.has_class("-detail"):
            self.filter_by("")
        self.remove_class("-detail")
        self.table.focus()
        self.show_keys()

    def action_other_pane(self) -> None:
        """From the list to the detail and back."""
        (self.pane if self.table.has_focus or self.has_class("-detail") else self.table).focus()

    def action_scroll_detail(self, by: int) -> None:
        """Look at the detail above an open question."""
        self.pane.action_lines(by)


# What these import is not needed before the first frame, and is loaded beside it: they run in the reading thread.


def _read_detail(source: Source, **how: Any) -> Detail | None:  # noqa: ANN401 - those of `read_detail`
    from workbench.desk.item_detail import read_detail

    return read_detail(source, **how)


def _what_became(source: Source, kind: str, id: str, moment: datetime) -> SafeText | None:
    from workbench.desk.acting import what_became

    return what_became(source, kind, id, moment)
