"""The bar behind `:`: one line that is written, and above it what may stand next, or what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Key, Paste
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from workbench.data.errors import Invalid
from workbench.desk.command_line import LONGEST, Candidate, Completion, Known, Wish, complete, parse
from workbench.desk.safe import SafeText, cells, plain, safe
from workbench.tui.keymap import own_bindings, word
from workbench.tui.lines import KeyWord, Line, Piece, Words
from workbench.tui.view_screen import ViewScreen

_PROMPT = plain(" : ")
_GAP = plain("  ")
_SHOWN = 30  # candidates that are drawn; more do not fit anyhow


class CommandWords(Input):
    """What is written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Do it", show=False, id="command.send"),
        Binding("tab", "complete(1)", "Complete, or the next that fits", show=False, id="command.complete"),
        Binding("shift+tab", "complete(-1)", "The one that fits before", show=False, id="command.complete-back"),
        Binding("up", "recall(-1)", "The line before", show=False, id="command.older"),
        Binding("down", "recall(1)", "The line after", show=False, id="command.newer"),
        Binding("escape", "give_up", "Cancel", show=False, id="command.cancel"),
    ]

    async def _on_key(self, event: Key) -> None:
        # Taken in their turn: a binding comes back later than the letters that were typed behind it.
        for binding in own_bindings(self, "command.", event.key):
            event.stop()
            event.prevent_default()
            await self.app.run_action(binding.action, self)

    def _on_paste(self, event: Paste) -> None:
        # What is pasted comes from anywhere: a control character in it would reach the terminal.
        first = next(iter(event.text.splitlines()), "")
        event.text = "".join(character for character in first if character.isprintable())

    @property
    def bar(self) -> CommandBar:
        """What it is part of."""
        return next(one for one in self.ancestors if isinstance(one, CommandBar))

    def action_send(self) -> None:
        """Done."""
        self.bar.send()

    def action_complete(self, by: int) -> None:
        """Take the next candidate."""
        self.bar.complete(by)

    def action_recall(self, by: int) -> None:
        """Take a line that was written before."""
        self.bar.recall(by)

    def action_give_up(self) -> None:
        """Leave."""
        self.bar.give_up()


class CommandBar(Vertical):
    """Asks what to do. It is there only when it was asked for once."""

    DEFAULT_CSS = """
    CommandBar { height: auto; display: none; background: $panel; }
    CommandBar > Horizontal { height: 1; }
    CommandBar #command-sign { width: 3; }
    CommandBar CommandWords, CommandBar CommandWords:focus {
        width: 1fr; height: 1; border: none; padding: 0; background: $panel;
    }
    """

    class Given(Message):
        """The operator's wish, and the line that said so."""

        def __init__(self, wish: Wish, line: str) -> None:
            super().__init__()
            self.wish = wish
            self.line = line

    class Cancelled(Message):
        """Nothing is wished."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._known = Known()
        self._history: tuple[str, ...] = ()
        self._at = 0  # in the history; behind its end stands the draft
        self._draft = ""
        self._round: tuple[Completion, int] | None = None  # what tab goes round, and where it is
        self._put = ""  # the text that we put there ourselves

    def compose(self) -> ComposeResult:
        """What fits or is wrong, and the line."""
        yield Line(id="command-candidates")
        yield Words(id="command-refusal")
        with Horizontal():
            yield Line(id="command-sign")
            yield CommandWords(id="command-words", compact=True, max_length=LONGEST)

    @property
    def words(self) -> CommandWords:
        """Where the operator writes."""
        return self.query_one(CommandWords)

    def on_mount(self) -> None:
        """The sign; and whoever goes elsewhere has closed it. A cursor that blinked would be sent all the time."""
        self.words.cursor_blink = False
        self.query_one("#command-sign", Line).show((_PROMPT, "bold"))
        self.watch(self.screen, "focused", self._focus_moved, init=False)

    # -- open and closed -------------------------------------------------------------------------------------

    def ask(self, known: Known) -> None:
        """Open, with an empty line."""
        self._known = known
        self._at, self._draft, self._round = len(self._history), "", None
        self.display = True
        self._show_keys(
            KeyWord(word(self, "command.send", "enter"), "Do it"),
            KeyWord(word(self, "command.complete", "tab"), "Complete"),
            KeyWord(word(self, "command.older", "up"), "Line before"),
            KeyWord(word(self, "command.cancel", "escape"), "Cancel"),
        )
        self._write("")
        self.screen.set_focus(self.words)  # at once: what is typed next belongs here already

    def remember(self, lines: Sequence[str]) -> None:
        """What was written before, oldest first."""
        at_draft = self._at == len(self._history)
        self._history = tuple(lines)
        self._at = len(self._history) if at_draft else min(self._at, len(self._history))

    def close(self) -> None:
        """Close."""
        self.display = False
        self._show_keys()

    def _show_keys(self, *keys: KeyWord) -> None:
        """What the footer says instead of the keys of the view."""
        assert isinstance(self.screen, ViewScreen)
        self.screen.line_keys = keys
        self.screen.show_keys()

    def _focus_moved(self, focused: Widget | None) -> None:
        # Nothing has the focus while the terminal is not looked at: that is no reason.
        if self.display and focused is not None and self not in focused.ancestors:
            self.close()

    # -- what its line asks for ------------------------------------------------------------------------------

    def send(self) -> None:
        """Take the line, or say what is wrong with it; then it stays as it is."""
        if not self.display:
            return  # it was closed under the operator's fingers
        line = self.words.value
        self._taken_in(line)  # else news of it would come later, and wipe out what is said now
        try:
            wish = parse(line, self._known)
        except Invalid as error:
            self._refuse(safe(str(error), limit=1_000))
            return
        self.close()
        self.post_message(self.Given(wish, line.strip()))

    def give_up(self) -> None:
        """Close."""
        self.close()
        self.post_message(self.Cancelled())

    def complete(self, by: int) -> None:
        """Put the next candidate in the place of what is being typed."""
        self._taken_in(self.words.value)
        completion, at = self._round or (complete(self.words.value, self._known), 0 if by < 0 else -1)
        if not completion.candidates:
            return
        at = (at + by) % len(completion.candidates)
        only = len(completion.candidates) == 1
        self._round = None if only else (completion, at)
        self._write(self.words.value[: completion.start] + completion.candidates[at].text)

    def recall(self, by: int) -> None:
        """Go through the lines that were written before; what is being written waits at their end."""
        if self._at == len(self._history):
            self._draft = self.words.value
        at = min(max(self._at + by, 0), len(self._history))
        if at != self._at:
            self._at, self._round = at, None
            self._write([*self._history, self._draft][at])

    def _write(self, text: str) -> None:
        self._put = text
        words = self.words
        words.value = text
        words.cursor_position = len(text)
        self._show_candidates()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Something was typed: other candidates."""
        event.stop()
        self._taken_in(self.words.value)

    def _taken_in(self, text: str) -> None:
        if text != self._put:  # else we wrote it ourselves
            self._put, self._round = text, None
            self._show_candidates()

    # -- what stands above it --------------------------------------------------------------------------------

    def _show_candidates(self) -> None:
        completion, at = self._round or (complete(self.words.value, self._known), -1)
        refusal = self.query_one("#command-refusal", Words)
        refusal.show()
        line = self.query_one("#command-candidates", Line)
        line.display = True
        line.show_made(lambda width: _pieces(completion.candidates, at, width))

    def _refuse(self, why: SafeText) -> None:
        self.query_one("#command-candidates", Line).display = False
        self.query_one("#command-refusal", Words).show((why, "$error"))


def _pieces(candidates: Sequence[Candidate], at: int, width: int) -> list[Piece]:
    """The candidates, the taken one in sight and marked; of a single one what it is."""
    texts = [safe(candidate.text.strip()) for candidate in candidates]
    first = 0
    while at > first and sum(cells(text) + 2 for text in texts[first : at + 1]) + 3 > width:
        first += 1
    pieces: list[Piece] = [(plain(" … " if first else " "), "dim")]
    for number, text in enumerate(texts[first : first + _SHOWN], first):
        pieces += [(text, "bold reverse" if number == at else ""), (_GAP, "")]
    chosen = at if at >= 0 else 0 if len(candidates) == 1 else None
    if chosen is not None and candidates[chosen].words:
        pieces.append((plain("· ") + safe(candidates[chosen].words), "dim"))
    return pieces
