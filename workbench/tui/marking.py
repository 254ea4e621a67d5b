"""A live table whose marks mean something: it tells its screen when they change, and of rows that took theirs along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from workbench.tui.live_table import LiveTable
from workbench.tui.rows import Changes, Key


class MarkedTable(LiveTable):
    """A list of which several rows can be meant at once."""

    @dataclass(eq=False)
    class Marked(Message):
        """Other rows are marked than before; `gone` are those that left the list with their marks."""

        table: MarkedTable
        gone: tuple[Key, ...] = ()

        @property
        def control(self) -> MarkedTable:
            """The table."""
            return self.table

    def _apply(self, operation: Callable[[], Changes], *, follow: bool = False) -> Changes:
        before = self._window.marks
        changes = super()._apply(operation, follow=follow)
        if self._window.marks != before:
            self.post_message(self.Marked(self, changes.unmarked))
        return changes
