"""What runs in the background, and what came of what ran: each in a line or two, to be read in peace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from workbench.desk.detail import Detail
from workbench.desk.lines import NO_LABEL, DetailLine, fact
from workbench.desk.safe import plain, safe
from workbench.tui.detail_pane import DetailPane
from workbench.tui.keymap import word
from workbench.tui.lines import Words
from workbench.tui.work import FAILED, RUNNING, Work

_TONES = {RUNNING: "key", FAILED: "bad"}
_MORE = 100  # rows that are told one by one
_AGAIN = 0.5  # seconds between two looks while something runs


class WorkScreen(ModalScreen[None]):
    """Shows it, the newest first; looking at it is reading it."""

    DEFAULT_CSS = """
    WorkScreen { align: center middle; }
    WorkScreen > Vertical {
        width: 100%; max-width: 100; height: auto; border: round $primary; background: $surface;
    }
    WorkScreen DetailPane { height: 14; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,J", "dismiss", "Close", id="work.close"),
        Binding("ctrl+x", "stop", "Stop what runs", id="work.stop"),
    ]

    def __init__(self, works: Iterable[Work], stop: Callable[[], None]) -> None:
        super().__init__()
        self._works = works
        self._stop = stop

    def compose(self) -> ComposeResult:
        """A head, and the list."""
        with Vertical():
            yield Words(id="work-head")
            yield DetailPane(id="work-list")

    def on_mount(self) -> None:
        """Show it, and look again while something runs."""
        close, stop = word(self, "work.close", "escape"), word(self, "work.stop", "ctrl+x")
        words = f"Work in the background: {close} closes, {stop} stops the newest that runs between two of its steps"
        self.query_one(Words).show((plain(words), "bold"))
        self.query_one(DetailPane).focus()
        self._show()
        self.set_interval(_AGAIN, self._show)

    def action_stop(self) -> None:
        """Stop what runs."""
        self._stop()
        self._show()

    def _show(self) -> None:
        works = list(self._works)
        for work in works:
            work.read = True
        lines = [line for work in works for line in _lines_of(work)]
        nothing = fact("", plain("nothing has run yet; purges, exports and deletions of many come here"), "faint")
        self.query_one(DetailPane).show(Detail(("work",), "work", None, tuple(lines or [nothing])))


def _lines_of(work: Work) -> Iterable[DetailLine]:
    told = safe(work.place, limit=40) + plain(": ") + work.how_far
    yield DetailLine(plain(work.state), ((told, _TONES.get(work.state, "")),), prose=True)
    for words in work.more[:_MORE]:
        yield DetailLine(NO_LABEL, ((words, ""),), prose=True)
    if len(work.more) > _MORE:
        yield DetailLine(NO_LABEL, ((plain(f"and {len(work.more) - _MORE:,} more"), "faint"),))
