"""The line in which a filter is written."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Key, Paste
from textual.message import Message
from textual.widgets import Input

from workbench.desk.noun import Noun
from workbench.desk.safe import plain
from workbench.tui.keymap import own_bindings
from workbench.tui.lines import Line


class FilterWords(Input):
    """What is written. Escape leaves it as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Filter", show=False, id="filter.send"),
        Binding("escape", "give_up", "Cancel", show=False, id="filter.cancel"),
    ]

    class GivenUp(Message):
        """The operator does not want to filter."""

    def action_give_up(self) -> None:
        """Leave."""
        self.post_message(self.GivenUp())

    async def _on_key(self, event: Key) -> None:
        # Taken in their turn: a binding comes back later than the letters that were typed behind it.
        for binding in own_bindings(self, "filter.", event.key):
            event.stop()
            event.prevent_default()
            await self.app.run_action(binding.action, self)

    def _on_paste(self, event: Paste) -> None:
        # What is pasted comes from anywhere: a control character in it would reach the terminal.
        event.text = "".join(character for character in event.text if character.isprintable())


class FilterBar(Horizontal):
    """Asks for a filter: words, and names with values."""

    DEFAULT_CSS = """
    FilterBar { height: 1; display: none; }
    FilterBar > Line { width: auto; }
    FilterBar > FilterWords, FilterBar > FilterWords:focus { width: 1fr; height: 1; border: none; padding: 0; }
    """

    class Given(Message):
        """The operator's filter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Cancelled(Message):
        """It stays as it was."""

    def compose(self) -> ComposeResult:
        """The sign and the words."""
        yield Line(id="filter-sign")
        yield FilterWords(id="filter-words", compact=True)

    def ask(self, text: str, noun: Noun) -> None:
        """Open with the filter as it is."""
        self.ask_for(text, " ".join([*(f"{name}=…" for name in noun.terms), "words"]))

    def ask_for(self, text: str, placeholder: str) -> None:
        """Open with what was written before."""
        self.styles.display = "block"
        sign = self.query_one("#filter-sign", Line)
        sign.styles.width = 3
        sign.show((plain(" / "), "bold"))
        words = self.query_one(FilterWords)
        words.placeholder = placeholder
        words.value = text
        words.cursor_position = len(text)
        self.screen.set_focus(words)  # at once: what is typed next belongs here already

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Filter."""
        event.stop()
        self.styles.display = "none"
        self.post_message(self.Given(event.value.strip()))

    def on_filter_words_given_up(self, message: FilterWords.GivenUp) -> None:
        """Close."""
        message.stop()
        self.styles.display = "none"
        self.post_message(self.Cancelled())
