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

from workbench.desk import inbox
from workbench.desk.inbox import Key
from workbench.desk.moments import now
from workbench.desk.places import Rules
from workbench.desk.remembered import Look
from workbench.desk.safe import SafeText, plain
from workbench.desk.verbs import APPROVE, BY_ID, VERBS
from workbench.tui.arranging import USUAL
from workbench.tui.deciding import id_of
from workbench.tui.decision_bar import DecisionBar, TextBar
from workbench.tui.detail_pane import DetailPane
from workbench.tui.inbox_reading import InboxReading, InboxTable
from workbench.tui.inboxes import Inboxes
from workbench.tui.keymap import word
from workbench.tui.lines import KeyLine, KeyWord, Notice, TopLine
from workbench.tui.live_table import LiveTable
from workbench.tui.together import TOOL, Together
from workbench.tui.view_screen import Tabs

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.detail import Detail


class InboxScreen(Together, InboxReading):
    """What waits in one source, or in several as one list."""

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
        TOOL,
        Binding("W", "write", "Reopen this source for writing", tooltip="It asks.", id="source.write"),
    ]

    def __init__(self, inboxes: Inboxes, rules: Rules, clock: Callable[[], datetime] = now, look: Look = USUAL) -> None:
        super().__init__(inboxes, rules, clock)
        self.look = look
        self.detail: Detail | None = None
        self.shown_at = 0.0
        self._cursor: object = None

    # -- layout ----------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The frame, the list, the detail and the bars."""
        yield TopLine(id="top")
        yield Tabs(id="tabs")
        with Container(id="body"):
            yield InboxTable()
            with Vertical(id="side"):
                yield DetailPane(id="detail")
                yield DecisionBar(id="decision")
                yield TextBar(id="words")
        yield Notice(id="notice")
        yield KeyLine(id="keys")

    def on_mount(self) -> None:
        """Begin to read, and to count time."""
        self._laid_out = True
        self.set_class(self.place.production, "-production")
        self.query_one(Tabs).show_view("inbox")
        self.show_columns()
        self.table.focus()
        self.show_frame()
        self.refresh_first()
        self.set_interval(1.0, self.tick)

    def on_screen_resume(self) -> None:
        """Nothing lies over this screen any more: what it shows has been in view from now on."""
        self.shown_at = monotonic()
        self.pane.look()

    # -- the item under the cursor ---------------------------------------------------------------------------

    def read_detail(self) -> None:
        """Read the item under the cursor, if there is one."""
        key = self.key_here
        item = None if key is None else self.items.get(key)
        if key is None or item is None:
            self.show_detail(None)
            return
        moment = self.moment_of(key)
        work = partial(_read_detail, item=item, after=self.rules.abandoned_after, at=moment, reveal=self.revealed)
        self.lane_of(key).read("detail", work, partial(self._take_detail, key), partial(self.show_failure_of, key))

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
            words = name_of(detail.record) + plain(": ") + fate(detail.record, self.moment_of(detail.key))
        else:
            fields = changed_fields(before.record, detail.record)
            words = plain("This has changed since it was shown, look again: ") + fields
        self.notice.say(words, "$warning", about=detail.key)

    def on_live_table_cursor_moved(self, message: LiveTable.CursorMoved) -> None:
        """Another item is under the cursor: the operator went there, or the one before has left."""
        left, began = message.left, self._cursor is None
        self._cursor = self.table.cursor
        self.stand_in(self.key_here)
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
            look = partial(_what_became, kind=left[1], id=left[2], moment=self.moment_of(left))
            self.lane_of(left).read("left", look, partial(self._tell_left, left), lambda _: None)
        self.read_detail()

    def _tell_left(self, key: Key, words: SafeText | None) -> None:
        if words is not None:
            self.notice.say(words, "$warning", about=key)

    # -- the frame -------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Once a second: ages change, a source may have fallen silent, a failed one is asked again."""
        if self not in self.app.screen_stack:
            return  # another view is shown: it is read anew when this one is
        self.ask_failed()
        self.show_rows()
        if self.detail is not None:
            self.show_detail(self.detail.at(self.moment_of(self.detail.key)))
            self.pane.look()
        self.show_frame()

    def key_words(self) -> list[KeyWord]:
        """The keys that do something to the item under the cursor; greyed where they cannot, with the reason."""
        if self.marked:
            return self.marked_words()
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
        if action == "filter":
            return self.takes_filter
        if not self.is_mounted:
            return True
        if action == "scroll_detail":
            return self.asking
        if self.can_be_together(action, parameters):
            return True
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
