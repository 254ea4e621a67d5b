"""The bars under the detail in which a decision is confirmed or given its words: never by the key that opened it."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import TextArea

from workbench.desk.safe import SafeText, plain
from workbench.tui.keymap import own_bindings, word
from workbench.tui.lines import Words


def _warned(warnings: Iterable[SafeText]) -> list[tuple[SafeText, str]]:
    return [(plain("⚠ ") + warning, "$warning") for warning in warnings]


class DecisionBar(Vertical, can_focus=True):
    """Asks one question; `y` is yes, `n` and escape are no."""

    KEYS_ALONE: ClassVar[bool] = True  # while it asks no other key acts, so that each may mean something else here
    DEFAULT_CSS = "DecisionBar { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "Yes", show=False, id="bar.yes"),
        Binding("n,escape", "no", "No", show=False, id="bar.no"),
        Binding("tab,shift+tab", "stay", show=False, id="bar.stay"),
        Binding("down,j", "screen.scroll_detail(1)", "Scroll the detail down", show=False, id="bar.down"),
        Binding("up,k", "screen.scroll_detail(-1)", "Scroll the detail up", show=False, id="bar.up"),
    ]

    class Confirmed(Message):
        """The operator said yes."""

    class Cancelled(Message):
        """The operator said no."""

    def compose(self) -> ComposeResult:
        """The question, what to know before, and what to press."""
        yield Words(id="bar-question")
        yield Words(id="bar-warnings")
        yield Words(id="bar-keys")

    def on_mount(self) -> None:
        """Nothing is asked yet."""
        self.display = False

    def ask(self, question: SafeText, warnings: Iterable[SafeText] = ()) -> None:
        """Open with a question."""
        self.query_one("#bar-question", Words).show((question, "bold"))
        self.query_one("#bar-warnings", Words).show(*_warned(warnings))
        keys = f"{word(self, 'bar.yes', 'y')} yes   {word(self, 'bar.no', 'n')} no"
        self.query_one("#bar-keys", Words).show((plain(keys), ""))
        self.display = True
        self.focus()

    def close(self) -> None:
        """Close without an answer."""
        self.display = False

    def action_yes(self) -> None:
        """Yes."""
        self.close()
        self.post_message(self.Confirmed())

    def action_no(self) -> None:
        """No."""
        self.close()
        self.post_message(self.Cancelled())

    def action_stay(self) -> None:
        """The keys stay with the question until it is answered."""


class WordsArea(TextArea):
    """An editor for a reason or an answer: enter sends, ctrl+j begins a new line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", show=False, id="words.send"),
        Binding("ctrl+j", "new_line", "New line", show=False, id="words.new-line"),
        Binding("escape", "give_up", "Cancel", show=False, id="words.cancel"),
        Binding("tab,shift+tab", "stay", show=False, id="words.stay"),
    ]

    class Sent(Message):
        """The operator is done."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class GivenUp(Message):
        """The operator does not want to write."""

    async def _on_key(self, event: Key) -> None:
        # Taken in their turn: priority bindings would overtake the letters that were typed before them.
        for binding in own_bindings(self, "words.", event.key):
            event.stop()
            event.prevent_default()
            await self.app.run_action(binding.action, self)

    def action_send(self) -> None:
        """Done."""
        self.post_message(self.Sent(self.text))

    def action_new_line(self) -> None:
        """A new line, where enter sends."""
        self.insert("\n")

    def action_give_up(self) -> None:
        """Leave."""
        self.post_message(self.GivenUp())

    def action_stay(self) -> None:
        """The keys stay with the words until they are sent."""

    async def _on_paste(self, event: Paste) -> None:
        # The editor's own handler comes after this one. What is pasted comes from anywhere; a control character in it
        # would reach the terminal. Terminals send the line ends of a paste as carriage returns.
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        event.text = "".join(character for character in text if character.isprintable() or character in "\n\t")


class TextBar(Vertical):
    """Asks for words: a reason, an answer, a count. `check` refuses with a sentence, and the bar stays open."""

    DEFAULT_CSS = "TextBar { height: auto; }"

    class Given(Message):
        """The operator's words."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Cancelled(Message):
        """Nothing will be written."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._check: Callable[[str], SafeText | None] = lambda _: None

    def compose(self) -> ComposeResult:
        """The question, the words, and what to press."""
        yield Words(id="text-question")
        yield Words(id="text-warnings")
        yield WordsArea(id="text-words", show_line_numbers=False)
        yield Words(id="text-keys")

    def on_mount(self) -> None:
        """Nothing is asked yet."""
        self.display = False

    @property
    def words(self) -> WordsArea:
        """Where the operator writes."""
        return self.query_one(WordsArea)

    def ask(
        self,
        question: SafeText,
        check: Callable[[str], SafeText | None],
        warnings: Iterable[SafeText] = (),
        draft: str = "",
    ) -> None:
        """Open with a question, and with what was written before."""
        self._check = check
        self.query_one("#text-question", Words).show((question, "bold"))
        self.query_one("#text-warnings", Words).show(*_warned(warnings))
        send, line = (word(self, f"words.{name}", key) for name, key in (("send", "enter"), ("new-line", "ctrl+j")))
        keys = f"{send} send   {line} new line   {word(self, 'words.cancel', 'escape')} cancel"
        self.query_one("#text-keys", Words).show((plain(keys), "dim"))
        self.words.load_text(draft)
        self.words.move_cursor(self.words.document.end)
        self.display = True
        self.words.focus()

    def close(self) -> None:
        """Close."""
        self.display = False

    def hold(self, why: SafeText) -> None:
        """Send nothing any more and say why. The bar stays: what the operator is typing must not become keys."""
        self._check = lambda _: why
        self.query_one("#text-keys", Words).show((why, "$error"))

    def on_words_area_sent(self, message: WordsArea.Sent) -> None:
        """Take the words, or say why not."""
        message.stop()
        if not self.display:
            return  # it was closed under the operator's fingers
        if refusal := self._check(message.text):
            self.query_one("#text-keys", Words).show((refusal, "$error"))
            return
        self.close()
        self.post_message(self.Given(message.text))

    def on_words_area_given_up(self, message: WordsArea.GivenUp) -> None:
        """Close."""
        message.stop()
        self.close()
        self.post_message(self.Cancelled())
