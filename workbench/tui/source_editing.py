"""The part of the list of sources in which they are added to the settings and taken out of them."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from workbench.data.errors import WorkbenchError
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.decision_bar import DecisionBar
from workbench.tui.keymap import word
from workbench.tui.lines import Notice
from workbench.tui.live_table import LiveTable

if TYPE_CHECKING:
    from workbench.tui.add_source import Book

_NO_BOOK = "The settings cannot be changed from here: `workbench source add` and `source remove` do it."


class SourceEditing(ModalScreen[Any]):
    """A list of sources to which one can add. After that it is shown anew, with the cursor on what came."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,plus", "add", "Add a source", tooltip="To the settings file, when it was tested.", id="source.add"),
        Binding("delete", "remove", "Take it out", tooltip="Of the settings; the database stays.", id="source.remove"),
    ]

    cursor_on = ""
    first_words: SafeText | None = None

    @property
    def _book(self) -> Book | None:
        choices = getattr(self.app, "choices", None)
        return getattr(choices, "book", None)

    def on_mount(self) -> None:
        """Say what happened just before, and what can be done."""
        if self.cursor_on:
            self.query_one(LiveTable).move_cursor((self.cursor_on,))
        add, remove = word(self, "source.add", "a"), word(self, "source.remove", "delete")
        words = plain(f"enter goes there, {add} adds one, {remove} takes one out, esc closes")
        self.query_one(Notice).say(self.first_words or words, "$success" if self.first_words else "dim")

    # -- adding ----------------------------------------------------------------------------------------------

    def action_add(self) -> None:
        """Ask for a new source."""
        if (book := self._book) is None:
            self._tell(plain(_NO_BOOK))
            return
        from workbench.tui.add_source import AddSource

        self.app.push_screen(AddSource(book, getattr(self.app, "deliver")), self._added)  # noqa: B009 - ours has it

    def _added(self, added: tuple[str, Path] | None) -> None:
        if added is not None:
            name, file = added
            words = safe(name, limit=40) + plain(" was added to ") + safe(file) + plain(": enter goes there.")
            self._show_anew(name, words)

    def _show_anew(self, name: str, words: SafeText) -> None:
        app: Any = self.app
        self.dismiss(None)
        app.action_sources()
        if isinstance(again := app.screen_stack[-1], SourceEditing):
            again.cursor_on, again.first_words = name, words

    # -- taking out ------------------------------------------------------------------------------------------

    def action_remove(self) -> None:
        """Ask whether the source under the cursor shall leave the settings."""
        key = self.query_one(LiveTable).cursor
        name = key[0] if isinstance(key, tuple) else ""
        if (book := self._book) is None or not name:
            self._tell(plain(_NO_BOOK if name else "This line is no source of the settings."))
            return
        try:
            book.refuse_removal(name)
        except WorkbenchError as error:
            self._tell(safe(str(error), limit=300))
            return
        self.app.push_screen(RemoveSource(name), partial(self._answered, book, name))

    def _answered(self, book: Book, name: str, yes: bool | None) -> None:
        if yes:
            work = partial(self._remove, book, name)
            threading.Thread(target=work, name="workbench-settings", daemon=True).start()

    def _remove(self, book: Book, name: str) -> None:
        """In a thread of its own: another editor may hold the settings file for a while."""
        deliver = getattr(self.app, "deliver")  # noqa: B009 - ours has it
        try:
            file = book.remove(name)
        except WorkbenchError as error:
            deliver(partial(self._tell, safe(str(error), limit=300)))
            return
        words = safe(name, limit=40) + plain(" was taken out of ") + safe(file) + plain("; the database stays.")
        deliver(partial(self._removed, words))

    def _removed(self, words: SafeText) -> None:
        if self.is_current:
            self._show_anew("", words)

    def _tell(self, words: SafeText) -> None:
        if self.is_mounted:
            self.query_one(Notice).say(words, "$warning")


class RemoveSource(ModalScreen[bool]):
    """Asks whether a source shall leave the settings."""

    DEFAULT_CSS = """
    RemoveSource { align: center middle; }
    RemoveSource > Vertical {
        width: 100%; max-width: 70; height: auto; border: round $warning; background: $surface;
    }
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._source = name

    def compose(self) -> ComposeResult:
        """The question."""
        with Vertical():
            yield DecisionBar(id="remove-question")

    def on_mount(self) -> None:
        """Ask."""
        question = plain("Take ") + safe(self._source, limit=40) + plain(" out of your settings?")
        bar = self.query_one(DecisionBar)
        self.call_after_refresh(bar.ask, question, [plain("The database itself is not touched.")])

    def on_decision_bar_confirmed(self) -> None:
        """Yes."""
        self.dismiss(True)

    def on_decision_bar_cancelled(self) -> None:
        """No."""
        self.dismiss(False)

    def action_scroll_detail(self, by: int) -> None:
        """There is nothing behind the question to look at."""
