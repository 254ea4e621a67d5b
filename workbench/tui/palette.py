"""The palette: all that can be done now, found by typing, done as by its key. What cannot be done says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Key, Paste
from textual.screen import ModalScreen
from textual.widgets import Input

from workbench.desk.safe import plain, safe
from workbench.tui.columns import TableColumn
from workbench.tui.doable import Doable, matching
from workbench.tui.keymap import own_bindings, word
from workbench.tui.lines import Line, Notice
from workbench.tui.live_table import LiveTable
from workbench.tui.rows import TableRow

_COLUMNS = (
    TableColumn("title", plain("WHAT"), width=30),
    TableColumn("words", plain(""), least=12, grows=True),
    TableColumn("key", plain("KEY"), least=3, most=14, align="right"),
)


class PaletteTable(LiveTable, can_focus=False):
    """What fits. The keys are those of the line above it."""

    BINDINGS: ClassVar[list[BindingType]] = []


class PaletteWords(Input):
    """What is looked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Do it", show=False, id="palette.choose"),
        Binding("down,ctrl+n,tab", "move(1)", "Down", show=False, id="palette.down"),
        Binding("up,ctrl+p,shift+tab", "move(-1)", "Up", show=False, id="palette.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="palette.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="palette.page-up"),
        Binding("escape", "close", "Close", show=False, id="palette.close"),
    ]

    async def _on_key(self, event: Key) -> None:
        # Taken in their turn: a binding comes back later than the letters that were typed behind it.
        for binding in own_bindings(self, "palette.", event.key):
            event.stop()
            event.prevent_default()
            await self.app.run_action(binding.action, self)

    def _on_paste(self, event: Paste) -> None:
        # What is pasted comes from anywhere: a control character in it would reach the terminal.
        first = next(iter(event.text.splitlines()), "")
        event.text = "".join(character for character in first if character.isprintable())

    @property
    def palette(self) -> PaletteScreen:
        """What it is part of."""
        assert isinstance(self.screen, PaletteScreen)
        return self.screen

    def action_choose(self) -> None:
        """Do what the cursor is on."""
        self.palette.choose(self.value)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.palette.table.action_move(by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a page."""
        self.palette.table.action_page(by)

    def action_close(self) -> None:
        """Do nothing."""
        self.palette.dismiss(None)


class PaletteScreen(ModalScreen[Doable | None]):
    """Shows what can be done; enter does it, if it can be done now."""

    DEFAULT_CSS = """
    PaletteScreen { align: center middle; }
    PaletteScreen > Vertical {
        width: 100%; max-width: 110; height: 85%; border: round $primary; background: $surface;
    }
    PaletteScreen Horizontal { height: 1; }
    PaletteScreen #palette-sign { width: 3; }
    PaletteScreen PaletteWords, PaletteScreen PaletteWords:focus {
        width: 1fr; height: 1; border: none; padding: 0; background: $surface;
    }
    PaletteScreen PaletteTable { height: 1fr; }
    """

    def __init__(self, found: Sequence[Doable]) -> None:
        super().__init__()
        self._found = {each.id: each for each in found}
        self._shown: str | None = None

    def compose(self) -> ComposeResult:
        """The words, the list, and a line for why not."""
        with Vertical():
            with Horizontal():
                yield Line(id="palette-sign")
                yield PaletteWords(id="palette-words", compact=True, max_length=200)
            yield PaletteTable(_COLUMNS, empty=plain("Nothing that can be done here is called so."))
            yield Notice(id="palette-notice")

    @property
    def table(self) -> PaletteTable:
        """The list."""
        return self.query_one(PaletteTable)

    def on_mount(self) -> None:
        """Show all of it; what is typed next is looked for at once."""
        self.query_one("#palette-sign", Line).show((plain(" > "), "bold"))
        words = self.query_one(PaletteWords)
        words.cursor_blink = False
        self.set_focus(words)
        self._show("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Other words."""
        event.stop()
        self._show(event.value)

    def _show(self, text: str) -> None:
        if text == self._shown:
            return
        self._shown = text
        rows = [
            TableRow(
                (each.id,),
                (each.title, plain("(") + each.reason + plain(")") if each.reason else each.words, each.key),
                "muted" if each.reason else "",
            )
            for each in matching(text, self._found.values())
        ]
        self.table.forget()
        self.table.show(rows, at_start=True, at_end=True)
        self._say_keys()

    def _say_keys(self) -> None:
        does, closes = word(self, "palette.choose", "enter"), word(self, "palette.close", "escape")
        self.query_one(Notice).say(plain(f"{does} does it, {closes} closes"), "dim")

    def choose(self, text: str) -> None:
        """Close and have it done; what cannot be done says why, and the palette stays."""
        self._show(text)  # the list may be behind what was typed
        key = self.table.cursor
        found = self._found.get(str(key[0])) if isinstance(key, tuple) else None
        if found is None:
            return
        if found.reason:
            self.query_one(Notice).say(safe(found.title) + plain(": ") + found.reason, "$warning")
        else:
            self.dismiss(found)

    def on_live_table_cursor_moved(self) -> None:
        """Another one: what was said is of the one before."""
        self._say_keys()
