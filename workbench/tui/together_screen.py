"""Many items on one screen: all that is about to be decided, the bar that asks, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import DescendantFocus
from textual.screen import ModalScreen

from workbench.data.errors import WorkbenchError
from workbench.desk.detail import Detail
from workbench.desk.inbox import Key
from workbench.desk.lines import DetailLine
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verbs import ALWAYS, APPROVE, NEVER, VERBS, Verb
from workbench.tui.deciding import SETTLE, id_of
from workbench.tui.decision_bar import DecisionBar, TextBar
from workbench.tui.detail_pane import DetailPane
from workbench.tui.help_screen import HelpScreen, live_keys
from workbench.tui.keymap import word
from workbench.tui.lines import KeyLine, KeyWord, Line, Notice

if TYPE_CHECKING:
    from workbench.desk.together_lines import Listed

Unseen = dict[Key, int]
READING, LISTED, RUNNING, ENDED = "reading", "listed", "running", "ended"


class TogetherPane(DetailPane):
    """The lines of the list, and later of the report."""


class TogetherScreen(ModalScreen[None]):
    """Lists what is about to be decided, asks, and tells what became of each.

    `decide` is given the operator's words and the unseen lines of each item; `stop` ends after the current one.
    """

    DEFAULT_CSS = """
    TogetherScreen { layout: vertical; background: $background; color: $foreground; }
    TogetherScreen #together-title, TogetherScreen #together-keys { background: $panel; }
    TogetherScreen TogetherPane { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(verb.key, f"decide('{verb.id}')", verb.title, tooltip=verb.words, id=id_of(verb))
            for verb in VERBS
            if verb.key != "enter"
        ),
        Binding("A", "decide_unseen", "Approve although lines are unseen", id="inbox.approve-unseen"),
        Binding("space", "page", "Next page", id="together.page"),
        Binding("escape,q", "leave", "Close, or stop after the current one", id="together.close"),
        Binding("question_mark", "help", "Help", id="app.help"),
    ]

    def __init__(
        self, verb: Verb, decide: Callable[[str, Unseen], None], stop: Callable[[], None], *, production: bool = False
    ) -> None:
        super().__init__()
        self.verb = verb
        self.stage = READING
        self.shown_at = monotonic()
        self.listing: Listed | None = None
        self._decide = decide
        self._stop = stop
        self._production = production
        self._then: Callable[[str], None] | None = None
        self._draft = ""

    def compose(self) -> ComposeResult:
        """The title, the lines, the bars, and what to press."""
        yield Line(id="together-title")
        yield TogetherPane(id="detail")
        yield DecisionBar(id="decision")
        yield TextBar(id="words")
        yield Notice(id="notice")
        yield KeyLine(id="together-keys")

    def on_mount(self) -> None:
        """The keys scroll the lines."""
        self.pane.focus()
        self.title_is(plain(f"{self.verb.title}: reading…"))
        self.show_keys()

    def on_screen_resume(self) -> None:
        """Nothing lies over this screen any more: what it shows has been in view from now on."""
        self.shown_at = monotonic()
        self.pane.look()

    @property
    def pane(self) -> DetailPane:
        """The lines."""
        return self.query_one(TogetherPane)

    @property
    def notice(self) -> Notice:
        """The line that says what just happened."""
        return self.query_one(Notice)

    @property
    def asking(self) -> bool:
        """Whether a bar is open."""
        return self.query_one(DecisionBar).display or self.query_one(TextBar).display

    # -- told by the inbox -----------------------------------------------------------------------------------

    def say(self, words: SafeText, tone: str = "") -> None:
        """One sentence about what just happened."""
        if self.is_mounted:
            self.notice.say(words, tone)

    def title_is(self, words: SafeText) -> None:
        """What this is about."""
        if self.is_mounted:
            mark = [(plain(" PRODUCTION "), "bold reverse"), (plain(" "), "")] if self._production else []
            self.query_one("#together-title", Line).show((plain(" "), ""), *mark, (words, "bold"))

    def show_listing(self, listing: Listed, title: SafeText) -> None:
        """Everything is read: it can be looked through, and decided."""
        self.listing, self.stage = listing, LISTED
        self.title_is(title)
        self.shown_at = monotonic()
        self.pane.show(listing.detail)
        if not self._count:
            self.say(plain(f"There is nothing here that {self.verb.id} is for."), "$warning")
        self.show_keys()

    def show_report(self, lines: tuple[DetailLine, ...], words: SafeText, tone: str, *, ended: bool) -> None:
        """What became of it, so far or at last."""
        self.stage = ENDED if ended else RUNNING
        self.pane.show(Detail(("", "report", self.verb.id), "report", None, lines))
        self.say(words, tone)
        self.show_keys()

    # -- opening a bar ---------------------------------------------------------------------------------------

    @property
    def _count(self) -> int:
        return len(self.listing.detail.record.items) if self.listing is not None else 0

    def action_decide(self, verb: str) -> None:
        """The key of the verb again: show what is unseen, then ask."""
        if not self._ready():
            return
        assert self.listing is not None
        if self.verb is APPROVE and self.pane.unseen:
            self._show_unseen()
            return
        question = plain(f"{self.verb.title} {self.listing.detail.record.what}")
        warnings = list(self.listing.cautions)
        if self.pane.unseen:
            warnings.append(plain(f"{_lines(self.pane.unseen)} not been on screen"))
        if self.verb.text == NEVER:
            self._ask_yes(question + plain("?"), lambda _: self._go(""), warnings)
            return
        optional = "" if self.verb.text == ALWAYS else " (may be empty)"
        self._then = self._go
        question += plain(f" · {self.verb.asks}{optional}:")
        self.query_one(TextBar).ask(question, self._refused, warnings, self._draft)
        self.show_keys()

    def action_decide_unseen(self) -> None:
        """Approve although lines are unseen: their number has to be typed."""
        unseen = self.pane.unseen
        if not unseen:
            self.action_decide(self.verb.id)
        elif self._ready():
            assert self.listing is not None
            what = self.listing.detail.record.what
            question = plain(f"{_lines(unseen)} not been on screen. Type {unseen} to approve {what} all the same.")
            self._then = lambda _: self._go("")
            check = partial(_not_the_count, unseen)
            self.query_one(TextBar).ask(question, check, self.listing.cautions)
            self.show_keys()

    def _ready(self) -> bool:
        if self.stage != LISTED or self.asking or not self._count:
            return False
        self.notice.clear()
        if monotonic() - self.shown_at < SETTLE:
            self.say(plain("This has only just come on screen: look, and press again."), "$warning")
            return False
        return True

    def _show_unseen(self) -> None:
        """Show the next page of what was not seen; it has to be there a while too."""
        self.pane.show_unseen()
        self.shown_at = monotonic()
        self._say_unseen()
        self.call_after_refresh(self._looked_on)

    def _looked_on(self) -> None:
        self.pane.look()
        self._say_unseen()

    def _say_unseen(self) -> None:
        key = word(self, id_of(self.verb), self.verb.key)
        if self.pane.unseen:
            all_the_same = word(self, "inbox.approve-unseen", "A")
            words = f"{_lines(self.pane.unseen)} not been seen yet: {key} shows the next, {all_the_same} approves all"
            self.say(plain(f"{words} the same."), "$warning")
        else:
            self.say(plain(f"That is the rest of it: {key} again approves."), "$warning")

    def _ask_yes(self, question: SafeText, then: Callable[[str], None], warnings: list[SafeText]) -> None:
        self._then = then
        self.query_one(DecisionBar).ask(question, warnings)
        self.show_keys()

    def _refused(self, text: str) -> SafeText | None:
        try:
            self.verb.refuse_text(text)
        except WorkbenchError as error:
            return safe(str(error))
        return None

    # -- answered --------------------------------------------------------------------------------------------

    def _go(self, text: str) -> None:
        assert self.listing is not None
        whose = (self.listing.keys[line] for line in self.pane.unseen_lines)
        unseen = Counter(key for key in whose if key is not None)
        self.stage = RUNNING
        self._decide(text, dict(unseen))

    def _end_asking(self) -> Callable[[str], None] | None:
        then, self._then = self._then, None
        self.pane.focus()
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
        """Nothing is sent; the words are kept."""
        if self.verb.text != NEVER:
            self._draft = self.query_one(TextBar).words.text
        self._end_asking()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The mouse went elsewhere: keys would act there, beside an open question."""
        bars = (self.query_one(DecisionBar), self.query_one(TextBar))
        if self.asking and not any(bar in event.widget.ancestors_with_self for bar in bars):
            for bar in bars:
                bar.close()
            self._end_asking()

    # -- keys ------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only the verb that this is about; while a bar asks, only its own keys."""
        if not self.is_mounted:
            return True
        if action == "scroll_detail":
            return self.asking
        if self.asking:
            return action == "help"
        if action == "decide":
            return self.stage == LISTED and parameters == (self.verb.id,)
        return self.stage == LISTED and self.verb is APPROVE if action == "decide_unseen" else True

    def show_keys(self) -> None:
        """The keys of the footer."""
        line = self.query_one("#together-keys", KeyLine)
        if self.asking:
            line.show_keys([])  # the open bar says what to press
            return
        words = []
        if self.stage == LISTED and self._count:
            words.append(KeyWord(word(self, id_of(self.verb), self.verb.key), self.verb.title))
            if self.verb is APPROVE:
                words.append(KeyWord(word(self, "inbox.approve-unseen", "A"), "All the same", drop=1))
        words.append(KeyWord(word(self, "together.page", "space"), "Next page", drop=2))
        leave = "Stop after the current one" if self.stage == RUNNING else "Close"
        words.append(KeyWord(word(self, "together.close", "escape"), leave))
        words.append(KeyWord(word(self, "app.help", "question_mark"), "Help", drop=3))
        line.show_keys(words)

    def action_page(self) -> None:
        """Scroll on by a page."""
        self.pane.action_page(1)

    def action_scroll_detail(self, by: int) -> None:
        """Look at the lines above an open question."""
        self.pane.action_lines(by)

    def action_leave(self) -> None:
        """Close; while items are being decided, stop after the current one and stay for the report."""
        if self.stage == RUNNING:
            self.say(plain("Stopping after the current one…"), "$warning")
            self._stop()
        else:
            self.dismiss(None)

    def action_help(self) -> None:
        """Show every key that does something here."""
        self.app.push_screen(HelpScreen(live_keys(self, {})))


def _lines(count: int) -> str:
    return "1 line has" if count == 1 else f"{count:,} lines have"


def _not_the_count(count: int, text: str) -> SafeText | None:
    return None if text.strip().replace(",", "") == str(count) else plain(f"that is not {count}")
