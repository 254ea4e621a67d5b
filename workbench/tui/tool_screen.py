"""Who else decided this tool, and how: the newest decisions, over the whole screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from workbench.data import Source
from workbench.desk.detail import Detail
from workbench.desk.safe import plain, safe
from workbench.tui.detail_pane import DetailPane
from workbench.tui.keymap import word
from workbench.tui.lines import KeyLine, KeyWord, Line, Notice

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.data.agents.records import Approval
    from workbench.tui.gateway import Lane


class ToolPane(DetailPane):
    """The decisions, one below the other."""


class ToolScreen(ModalScreen[None]):
    """Shows what became of a tool's calls, compared with the one that waits. It is read once, when it opens."""

    DEFAULT_CSS = """
    ToolScreen { layout: vertical; background: $background; color: $foreground; }
    ToolScreen #tool-title, ToolScreen #tool-keys { background: $panel; }
    ToolScreen ToolPane { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,w", "dismiss", "Close", id="tool.close")]

    def __init__(self, call: Approval, name: str, lane: Lane, moment: datetime) -> None:
        super().__init__()
        self.call = call
        self._source_name = name
        self._lane = lane
        self._moment = moment

    def compose(self) -> ComposeResult:
        """The title, the decisions, and what to press."""
        yield Line(id="tool-title")
        yield ToolPane(id="detail")
        yield Notice(id="notice")
        yield KeyLine(id="tool-keys")

    def on_mount(self) -> None:
        """Read them."""
        title = plain(" Who decided ") + safe(self.call.tool_name).cut(60) + plain(" before, in ")
        self.query_one("#tool-title", Line).show((title + safe(self._source_name, limit=40), "bold"))
        self.query_one("#tool-keys", KeyLine).show_keys([KeyWord(word(self, "tool.close", "escape"), "Close")])
        self.query_one(ToolPane).focus()
        self.query_one(Notice).say(plain("…"))
        work = partial(_read, call=self.call, name=self._source_name, moment=self._moment)
        self._lane.read("decisions of a tool", work, self._show, self._failed)

    def _show(self, detail: Detail) -> None:
        if self.is_attached:
            self.query_one(Notice).clear()
            self.query_one(ToolPane).show(detail)

    def _failed(self, error: Exception) -> None:
        if self.is_attached:
            self.query_one(Notice).say(safe(str(error)), "$error")


def _read(source: Source, call: Approval, name: str, moment: datetime) -> Detail:
    from workbench.desk.decisions_of_tool import detail_of, read_decisions

    return detail_of(read_decisions(source, call.tool_name, call), name, moment)
