"""The form for a new source: looked at while it is written, tested before it can be saved.

A file is opened, read-only, as soon as its path stands there. A server is asked only by a key: half an address may be
somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input

from workbench.data.errors import WorkbenchError
from workbench.desk.safe import plain, safe
from workbench.settings.adding import NewSource, suggested_name
from workbench.tui.gateway import Lane
from workbench.tui.keymap import word
from workbench.tui.lines import Line, Notice
from workbench.tui.secret_input import FormWords, SecretWords

if TYPE_CHECKING:
    from workbench.data import Source

_PAUSE = 0.4  # seconds without a key after which a path is looked at
_PLACE, _NAME = "place", "name"


class Book(Protocol):
    """The settings as they can be changed here; every method raises the sentence that refuses."""

    @property
    def taken(self) -> Collection[str]:
        """The names that cannot be given."""

    def refuse_name(self, name: str) -> None:
        """Pass for a name that is free."""

    def refuse_password(self, new: NewSource) -> None:
        """Pass where no password would be stored that nobody wants to be."""

    def is_file(self, new: NewSource) -> bool:
        """Whether looking at it asks no server."""

    def open(self, new: NewSource) -> Source:
        """Open it, read-only."""

    def add(self, new: NewSource) -> Path:
        """Write it into the settings file, which is returned."""

    def refuse_removal(self, name: str) -> None:
        """Pass for a source that may go."""

    def remove(self, name: str) -> Path:
        """Take it out of the settings file, which is returned."""


class Mark(Line, can_focus=True):
    """A line that is yes or no."""

    DEFAULT_CSS = "Mark { padding: 0 1; } Mark:focus { text-style: reverse; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "turn", "Yes, or no", show=False, id="form.mark"),
        Binding("enter", "screen.go", "Test, then save", show=False, id="form.go"),
        Binding("escape", "screen.give_up", "Cancel", show=False, id="form.cancel"),
        Binding("down", "screen.focus_next", "The next line", show=False, id="form.next"),
        Binding("up", "screen.focus_previous", "The line before", show=False, id="form.previous"),
    ]

    def __init__(self, words: str, *, id: str) -> None:
        super().__init__(id=id)
        self._words = words
        self.on = False

    def on_mount(self) -> None:
        """Show it."""
        self._show()

    def action_turn(self) -> None:
        """Yes becomes no, and no yes."""
        self.on = not self.on
        self._show()

    def _show(self) -> None:
        self.show((plain(f"{'[x]' if self.on else '[ ]'} {self._words}"), ""))


class AddSource(ModalScreen[tuple[str, Path] | None]):
    """Asks for a source; gives its name and the file that it was written into."""

    DEFAULT_CSS = """
    AddSource { align: center middle; }
    AddSource > Vertical {
        width: 100%; max-width: 78; height: auto; max-height: 100%; border: round $primary; background: $surface;
    }
    AddSource Horizontal { height: 1; }
    AddSource Horizontal > Line { width: 8; }
    AddSource FormWords, AddSource FormWords:focus { width: 1fr; height: 1; border: none; padding: 0; }
    AddSource FormWords:focus { text-style: underline; }
    AddSource Notice { min-height: 3; max-height: 5; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Cancel", show=False, id="form.cancel")]

    def __init__(self, book: Book, deliver: Callable[[Callable[[], None]], None]) -> None:
        super().__init__()
        self._book = book
        self._deliver = deliver
        self._lane: Lane | None = None
        self._timer: Timer | None = None
        self._suggested = ""
        self._good: str | None = None  # the target that answered
        self._saving = False

    def compose(self) -> ComposeResult:
        """The lines of the form, what was found, and the keys."""
        with Vertical():
            yield Line(id="add-title")
            with Horizontal():
                yield Line(id="place-label")
                yield SecretWords(id=_PLACE, compact=True, placeholder="a path, a PostgreSQL URL or key=value text")
            with Horizontal():
                yield Line(id="name-label")
                yield FormWords(id=_NAME, compact=True, placeholder="letters, digits, . _ and -")
            yield Mark("open it for writing", id="read-write")
            yield Mark("production: its name is typed before something is destroyed in it", id="production")
            yield Mark("write the password that stands above into the settings file", id="store-password")
            yield Notice(id="add-notice")
            yield Line(id="add-keys")

    def on_mount(self) -> None:
        """Nothing is written yet."""
        self.query_one("#add-title", Line).show((plain(" Add a source"), "bold"))
        self.query_one("#place-label", Line).show((plain(" place"), "dim"))
        self.query_one("#name-label", Line).show((plain(" name"), "dim"))
        self.query_one("#store-password").display = False
        mark, go = word(self, "form.mark", "space"), word(self, "form.go", "enter")
        keys = f" tab next   {mark} marks   {go} tests, then saves   {word(self, 'form.cancel', 'escape')} leaves"
        self.query_one("#add-keys", Line).show((plain(keys), "dim"))
        self._say("It is opened read-only and tested before it is saved.")
        self.query_one(f"#{_PLACE}").focus()

    def on_unmount(self) -> None:
        """What is being tested is of no use any more."""
        self._stop()

    @property
    def new(self) -> NewSource:
        """What is written now."""
        return NewSource(
            self.query_one(f"#{_NAME}", Input).value.strip(),
            self.query_one(f"#{_PLACE}", Input).value,
            read_write=self.query_one("#read-write", Mark).on,
            production=self.query_one("#production", Mark).on,
            store_password=self.query_one("#store-password", Mark).on,
        )

    def _say(self, words: str, tone: str = "") -> None:
        self.query_one(Notice).say(safe(words, limit=500), tone)

    # -- as it is written ------------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """Suggest a name, and look at what the place is once no key was pressed for a moment."""
        if event.input.id != _PLACE or self._saving:
            return
        self._stop()
        self._good = None
        name = self.query_one(f"#{_NAME}", Input)
        if name.value == self._suggested:
            self._suggested = suggested_name(event.value, self._book.taken)
            name.value = self._suggested
        self.query_one("#store-password").display = self.new.holds_password
        self._say("")
        if event.value.strip():
            self._timer = self.set_timer(_PAUSE, self._look)

    def _look(self) -> None:
        """Test a file at once; say of a server what would be asked."""
        try:
            is_file = self._book.is_file(self._named)
        except WorkbenchError as error:
            self._say(str(error))
            return
        if is_file:
            self._test()
        else:
            self._say(f"A PostgreSQL server: {word(self, 'form.go', 'enter')} connects to it and looks.")

    @property
    def _named(self) -> NewSource:
        """What is written, under some name: a place can be looked at before it has one."""
        return self.new if self.new.name else replace(self.new, name="new")

    # -- testing ---------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self._lane is not None:
            self._lane.stop()
        self._timer = self._lane = None

    def _test(self) -> None:
        """Open it read-only, in the background."""
        self._stop()
        new, began = self._named, monotonic()
        lane = self._lane = Lane("new source", partial(self._book.open, new), self._deliver)
        self._say("opening it…", "dim")
        lane.read("test", _found, partial(self._tested, lane, new.target, began), partial(self._failed, lane))

    def _tested(self, lane: Lane, target: str, began: float, words: str) -> None:
        if lane is self._lane:
            self._good = target
            go = word(self, "form.go", "enter")
            self._say(f"It answers: {words}, in {(monotonic() - began) * 1000:,.0f} ms. {go} saves it.", "$success")

    def _failed(self, lane: Lane, error: Exception) -> None:
        if lane is self._lane and self.is_mounted:
            self._saving = False
            self._say(str(error), "$error")

    # -- saving ----------------------------------------------------------------------------------------------

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a line."""
        event.stop()
        self.action_go()

    def action_go(self) -> None:
        """Test what is written, or save it if it was tested."""
        new = self.new
        if self._saving:
            return
        try:
            if self._good != new.target or self._lane is None:
                self._book.is_file(self._named)  # what makes no sense is refused before anybody is asked
                self._test()
                return
            self._book.refuse_name(new.name)
            self._book.refuse_password(new)
            self._book.is_file(new)
        except WorkbenchError as error:
            self._say(str(error), "$error")
            return
        self._saving = True
        self._say("saving it…", "dim")
        self._lane.act(lambda _: self._book.add(new), partial(self._saved, new.name), partial(self._failed, self._lane))

    def _saved(self, name: str, file: Path) -> None:
        self.dismiss((name, file))

    def action_give_up(self) -> None:
        """Leave, and save nothing; what is being written is waited for."""
        if not self._saving:
            self.dismiss(None)

    def action_focus_next(self) -> None:
        """The next line."""
        self.focus_next()

    def action_focus_previous(self) -> None:
        """The line before."""
        self.focus_previous()


def _found(source: Source) -> str:
    """What a source holds, in words."""
    from workbench.data.errors import Unavailable

    health = source.health()
    if not health.reachable:
        raise Unavailable("; ".join(health.problems))
    words = f"{health.engine}, holds {', '.join(health.kinds) or 'nothing that the workbench knows'}"
    return "; ".join([words, *health.problems])
