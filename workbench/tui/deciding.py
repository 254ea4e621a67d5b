"""How a decision is made on the screen: opened by one key, confirmed by another, bound to what was shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual.events import DescendantFocus

from workbench.data import Source
from workbench.data.errors import Conflict, WorkbenchError
from workbench.desk.inbox import Key
from workbench.desk.moments import now
from workbench.desk.places import Place, Rules
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verbs import ALWAYS, APPROVE, BY_ID, NEVER, Record, Verb
from workbench.tui.decision_bar import DecisionBar, TextBar
from workbench.tui.detail_pane import DetailPane
from workbench.tui.gateway import Lane
from workbench.tui.keymap import word
from workbench.tui.reopening import Reopening

if TYPE_CHECKING:
    from workbench.desk.acting import Report
    from workbench.desk.audit import Audit
    from workbench.desk.detail import Detail


SETTLE = 0.4  # seconds that an item, or a page of it, has been on screen before it can be decided
LOOKS = (1.0, 10.0)  # seconds after a decision at which it is looked at again


class Deciding(Reopening):
    """The part of the inbox screen that decides."""

    detail: Detail | None
    shown_at: float

    def __init__(self, place: Place, rules: Rules, lane: Lane, clock: Callable[[], datetime] = now) -> None:
        super().__init__(place, rules, lane, clock)
        self.mine: set[Key] = set()  # what this operator has decided, and is therefore no news when it leaves
        self.revealed: Record | None = None  # the record whose secrets are shown
        self._then: Callable[[str], None] | None = None  # what the answer to the open bar does
        self._of_item = True  # whether the open bar asks about the item that is shown
        self._writing: tuple[Key, str] | None = None  # for which item and verb words are written
        self._drafts: dict[tuple[Key, str], str] = {}  # words that did not arrive

    # -- what the other part brings --------------------------------------------------------------------------

    def read_detail(self) -> None:
        """Read the item under the cursor again."""
        raise NotImplementedError

    def focus_back(self) -> None:
        """Give the keys back to the list or the detail."""
        raise NotImplementedError

    def place_of(self, key: Key) -> Place:
        """The source in which an item is."""
        return self.place

    def lane_of(self, key: Key) -> Lane:
        """The way to the source in which an item is."""
        return self.lane

    def refresh_source(self, key: Key) -> None:
        """Read the source of an item again."""
        self.refresh_now()

    def where(self, key: Key) -> SafeText:
        """Where an item is, behind its name in a question; nothing where there is only one source."""
        return plain("")

    @property
    def pane(self) -> DetailPane:
        """The detail."""
        return self.query_one(DetailPane)

    @property
    def asking(self) -> bool:
        """Whether a bar is open."""
        return any(bar.display for bar in self._bars)

    @property
    def _bars(self) -> tuple[DecisionBar, TextBar]:
        return self.query_one(DecisionBar), self.query_one(TextBar)

    # -- opening ---------------------------------------------------------------------------------------------

    def action_verb(self, verb: str) -> None:
        """A key of a verb was pressed."""
        self.begin(BY_ID[verb])

    def action_approve_unseen(self) -> None:
        """Approve although lines are unseen: their number has to be typed."""
        from workbench.desk import acting  # with all that it needs; nobody decides before the first frame

        unseen = self.pane.unseen
        if not unseen:
            self.begin(APPROVE)
        elif detail := self._ready(APPROVE):
            told = f"{_lines(unseen)} not been on screen. Type {unseen} to approve all the same"
            question = plain(told) + self.where(detail.key) + plain(".")
            self._ask_words(
                question,
                lambda text: None if text.strip() == str(unseen) else plain(f"that is not {unseen}"),
                lambda _: self._act(APPROVE, detail, "", unseen),
                (*detail.cautions, *acting.warnings(detail.record)),
            )

    def begin(self, verb: Verb) -> None:
        """Open the bar in which this verb is confirmed or given its words."""
        from workbench.desk import acting

        detail = self._ready(verb)
        if detail is None:
            return
        if verb is APPROVE and self.pane.unseen:
            self._show_unseen(detail.key)
            return
        warnings = acting.warnings(detail.record)
        if verb.text == NEVER:
            question = plain(f"{verb.title} ") + acting.name_of(detail.record) + self.where(detail.key) + plain("?")
            then = partial(self._act, verb, detail, unseen=0)
            self._ask(question, lambda _: then(""), (*detail.cautions, *warnings) if verb is APPROVE else warnings)
            return
        optional = "" if verb.text == ALWAYS else " (may be empty)"
        name = acting.name_of(detail.record) + self.where(detail.key)
        question = plain(f"{verb.title} ") + name + plain(f" · {verb.asks}{optional}:")
        self._writing = (detail.key, verb.id)
        self._ask_words(question, partial(_refused, verb), lambda text: self._act(verb, detail, text), warnings)

    def _ready(self, verb: Verb) -> Detail | None:
        """What is shown, if this verb may be used on it now; otherwise it is said why not."""
        detail = self.detail
        if detail is None or detail.kind not in verb.applies:
            return None
        self.notice.clear()
        if reason := detail.refusals.get(verb.id):
            key = word(self, "source.write", "W")
            more = f"; {key} opens the source for writing" if not self.place_of(detail.key).writable else ""
            self.notice.say(safe(f"{verb.title}: {reason}{more}"), "$warning")
        elif detail.key in self.mine and self.lane_of(detail.key).acting:
            self.notice.say(plain("A decision on this is being written: wait for what becomes of it."), "$warning")
        elif monotonic() - self.shown_at < SETTLE:
            self.notice.say(plain("This has only just come on screen: look, and press again."), "$warning")
        else:
            return detail
        return None

    def _show_unseen(self, key: Key) -> None:
        """Show the next page of what was not seen; it has to be there a while too."""
        before = self.pane.next_unseen
        self.pane.show_unseen()
        self.shown_at = monotonic()
        # Said before it is looked at: a sentence of several lines takes a line of what it speaks of.
        self._say_unseen(self._next())
        self.call_after_refresh(self._looked_on, key, before)

    def _looked_on(self, key: Key, before: int | None) -> None:
        """The next page is on screen: count what is left."""
        if self.detail is None or self.detail.key != key:
            return
        self.pane.look()
        if not self.pane.unseen:
            self.notice.say(plain(f"That is the rest of it: {self._key(APPROVE)} again approves."), "$warning")
        else:
            stuck = self.pane.next_unseen == before
            whole = f", and there is no room: {word(self, 'view.open', 'enter')} shows it on the whole screen."
            self._say_unseen(whole if stuck else self._next())

    def _key(self, verb: Verb) -> str:
        return word(self, id_of(verb), verb.key)

    def _next(self) -> str:
        key = word(self, "inbox.approve-unseen", "A")
        return f" yet: {self._key(APPROVE)} shows the next, {key} approves all the same."

    def _say_unseen(self, more: str) -> None:
        self.notice.say(plain(f"{_lines(self.pane.unseen)} not been seen{more}"), "$warning")

    def _ask(
        self,
        question: SafeText,
        then: Callable[[str], None],
        warnings: Iterable[SafeText] = (),
        *,
        of_item: bool = True,
    ) -> None:
        self._then, self._of_item = then, of_item
        self.add_class("-asking")
        self.query_one(DecisionBar).ask(question, warnings)
        self.show_keys()

    def ask_beside(self, question: SafeText, then: Callable[[str], None]) -> None:
        """Ask something that is not about the item under the cursor."""
        self._ask(question, then, of_item=False)

    def _ask_words(
        self,
        question: SafeText,
        check: Callable[[str], SafeText | None],
        then: Callable[[str], None],
        warnings: Iterable[SafeText] = (),
    ) -> None:
        self._then, self._of_item = then, True
        self.add_class("-asking")
        draft = self._drafts.get(self._writing, "") if self._writing else ""
        self.query_one(TextBar).ask(question, check, warnings, draft)
        self.show_keys()

    # -- answered --------------------------------------------------------------------------------------------

    def close_bars(self) -> None:
        """Close what is open without an answer."""
        if self.asking:
            for bar in self._bars:
                bar.close()
            self._end_asking()

    def item_changed(self) -> None:
        """The item is another now, or reads differently: nothing is asked about it any more."""
        if not self._of_item:
            return
        _, words = self._bars
        if words.display:
            # Not closed: whoever is typing would go on with keys that act on the next item.
            key = word(self, "words.cancel", "escape")
            words.hold(plain(f"This has changed or gone: nothing will be sent. {key} closes, and keeps the words."))
        else:
            self.close_bars()

    def _end_asking(self) -> Callable[[str], None] | None:
        then, self._then = self._then, None
        if self._writing is not None:
            self._drafts[self._writing] = self.query_one(TextBar).words.text
            self._writing = None
        self.remove_class("-asking")
        self.focus_back()
        self.show_keys()
        return then

    def on_decision_bar_confirmed(self) -> None:
        """Yes."""
        if then := self._end_asking():
            then("")

    def on_text_bar_given(self, message: TextBar.Given) -> None:
        """The words are there."""
        if then := self._end_asking():
            then(message.text)

    def on_decision_bar_cancelled(self) -> None:
        """No."""
        self._end_asking()

    def on_text_bar_cancelled(self) -> None:
        """Nothing to write."""
        self._end_asking()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The mouse went elsewhere: keys would act there, beside an open question."""
        if self.asking and not any(bar in event.widget.ancestors_with_self for bar in self._bars):
            self.close_bars()

    # -- acting ----------------------------------------------------------------------------------------------

    def _act(self, verb: Verb, detail: Detail, text: str, unseen: int = 0) -> None:
        work = partial(_perform, verb=verb, detail=detail, text=text, audit=self._audit(), unseen=unseen)
        self.mine.add(detail.key)
        self.notice.say(plain(f"{verb.title}…"), about=detail.key)
        lane, key = self.lane_of(detail.key), detail.key
        lane.act(work, partial(self.show_report, key), partial(self.show_act_failure, key))

    def _audit(self) -> Audit:
        from workbench.desk.audit import Audit  # a screen that only looks needs none of it

        return Audit(self.rules.home, self.rules.operator, secrets=self.rules.secrets)

    def show_report(self, key: Key, report: Report) -> None:
        """Say what became of it, and look at it again later."""
        done = report.error is None and report.unrecorded is None
        self.notice.say(report.words, "$success" if done else "$error", about=key)
        if report.error is None:
            self._drafts = {written: text for written, text in self._drafts.items() if written[0] != key}
            decided_at = datetime.now().astimezone()
            for seconds in LOOKS:
                self.set_timer(seconds, partial(self._look_again, key, report, decided_at))
        elif not isinstance(report.error, Conflict):
            self.mine.discard(key)
        self.refresh_source(key)

    def show_act_failure(self, key: Key, error: Exception) -> None:
        """It could not be done; the item is read again, because nobody knows how far it went."""
        self.mine.discard(key)
        self.notice.say(safe(str(error)), "$error")
        self.refresh_source(key)

    def _look_again(self, key: Key, report: Report, decided_at: datetime) -> None:
        look = partial(_aftermath, report=report, decided_at=decided_at, operator=self.rules.operator)
        self.lane_of(key).read(f"after {key}", look, partial(self.show_aftermath, key), lambda _: None)

    def show_aftermath(self, key: Key, found: tuple[SafeText, str]) -> None:
        """What followed a decision: other news is not overwritten by it, unless the decision does not stand."""
        words, tone = found
        if tone in ("$error", "$warning"):
            self.notice.say(words, tone, about=key)
        else:
            self.notice.add(words, tone, about=key)

    # -- secrets ---------------------------------------------------------------------------------------------

    def action_reveal(self) -> None:
        """Show the secrets of this item once that is on record, or mask them again."""
        detail = self.detail
        if detail is None:
            return
        self.notice.clear()
        if detail.revealed:
            self.revealed = None
            self.read_detail()
        elif not detail.secrets:
            self.notice.say(plain("Nothing is masked here."))
        else:
            work = partial(_reveal, detail=detail, audit=self._audit())
            lane = self.lane_of(detail.key)
            lane.act(work, partial(self._show_revealed, detail.key), partial(self.show_act_failure, detail.key))

    def _show_revealed(self, key: Key, record: Record) -> None:
        if self.detail is not None and self.detail.key == key and self.detail.record == record:
            self.revealed = record
            self.read_detail()


def id_of(verb: Verb) -> str:
    """The id under which the key of a verb stands in the settings."""
    return "view.open" if verb.key == "enter" else f"inbox.{verb.id}"


def _perform(source: Source, verb: Verb, detail: Detail, text: str, audit: Audit, unseen: int) -> Report:
    from workbench.desk.acting import perform

    return perform(verb, source, detail.record, text, audit=audit, unseen=unseen)


def _aftermath(source: Source, **what: Any) -> tuple[SafeText, str]:  # noqa: ANN401
    from workbench.desk.aftermath import aftermath

    return aftermath(source, **what)


def _reveal(source: Source, detail: Detail, audit: Audit) -> Record:
    record: Record = detail.record
    from workbench.desk.acting import reveal

    reveal(source, record, detail.secrets, audit=audit)
    return record


def _refused(verb: Verb, text: str) -> SafeText | None:
    try:
        verb.refuse_text(text)
    except WorkbenchError as error:
        return safe(str(error))
    return None


def _lines(count: int) -> str:
    return "1 line has" if count == 1 else f"{count:,} lines have"
