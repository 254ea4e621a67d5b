"""The live table: the one look of every list. Only visible lines exist, and only lines that look different are painted.

Messages go up (`CursorMoved`, `NeedRows`, `Opened`), methods come down (`show`, `extend_after`, `move_cursor`, …).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from workbench.desk.safe import SafeText, plain
from workbench.tui.columns import ColumnWidths, TableColumn
from workbench.tui.rows import MAXIMUM, Changes, Edge, Key, RowWindow, TableRow
from workbench.tui.table_lines import GUTTER, NAMES, STYLE, Look, TableLines
from workbench.tui.viewport import Viewport, following, wanted

HEADER = 1


@dataclass(eq=False)
class _TableMessage(Message):
    """What a table says to the screen it is on."""

    table: LiveTable

    @property
    def control(self) -> LiveTable:
        """The table."""
        return self.table


class LiveTable(ScrollView, can_focus=True, inherit_bindings=False):
    """A keyed table over the loaded window of a list of any length."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"live-table--{name}" for name in NAMES}
    DEFAULT_CSS = STYLE
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="move.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="move.up"),
        Binding("home,g", "start", "First", show=False, id="move.start"),
        Binding("end,G", "end", "Last", show=False, id="move.end"),
        Binding("ctrl+d", "half_page(1)", "Half a page down", show=False, id="move.half_down"),
        Binding("ctrl+u", "half_page(-1)", "Half a page up", show=False, id="move.half_up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="move.page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="move.page_up"),
        Binding("enter", "open", "Open", id="row.open"),
        Binding("space", "mark", "Mark", id="row.mark"),
        Binding("V", "range", "Mark a range", show=False, id="row.range"),
        Binding("ctrl+backslash", "clear_marks", "Clear marks", show=False, id="row.clear_marks"),
    ]

    @dataclass(eq=False)
    class CursorMoved(_TableMessage):
        """The cursor is on another row. `left` is the key of the row that left under it, if that is why."""

        key: Key | None
        left: Key | None = None

        def can_replace(self, message: Message) -> bool:
            """Of many moves the last one counts, but none that tells of a row that left is lost."""
            return isinstance(message, type(self)) and message.table is self.table and message.left is None

    @dataclass(eq=False)
    class NeedRows(_TableMessage):
        """Rows are wanted: those behind `after`, those ahead of `before`, or the page at one `edge` of the list."""

        after: Key | None = None
        before: Key | None = None
        edge: Edge = ""

    @dataclass(eq=False)
    class Opened(_TableMessage):
        """The operator opens a row."""

        key: Key

    def __init__(
        self,
        columns: Sequence[TableColumn],
        *,
        empty: SafeText | None = None,
        maximum: int = MAXIMUM,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._window = RowWindow(maximum)
        self._widths = ColumnWidths(columns)
        self._empty = plain("") if empty is None else empty
        self._lines = TableLines(self._style)
        self._styles: dict[tuple[str, ...], Style] = {}
        self._asked: set[tuple[str, Key | None]] = set()
        self._fitted = (0, 0)
        self._holding = False

    # -- methods down --------------------------------------------------------------------------------------

    def show(self, rows: Iterable[TableRow], *, at_start: bool, at_end: bool) -> Changes:
        """Show these rows from now on. The cursor, the marks and what is on screen stay with their rows."""
        return self._apply(lambda: self._window.replace(rows, at_start=at_start, at_end=at_end))

    def extend_after(self, after: Key, rows: Iterable[TableRow], *, at_end: bool) -> Changes:
        """Add the rows that were asked for with `NeedRows.after`."""
        return self._apply(lambda: self._window.extend_after(after, rows, at_end=at_end))

    def extend_before(self, before: Key, rows: Iterable[TableRow], *, at_start: bool) -> Changes:
        """Add the rows that were asked for with `NeedRows.before`."""
        return self._apply(lambda: self._window.extend_before(before, rows, at_start=at_start))

    def forget(self, columns: Sequence[TableColumn] | None = None, *, empty: SafeText | None = None) -> None:
        """Become empty, as for another list; its columns and its words for emptiness may be others."""
        if self._window.cursor is not None:
            self.post_message(self.CursorMoved(self, None))
        self._window.forget()
        self._widths = self._widths if columns is None else ColumnWidths(columns)
        self._widths.reset()
        self._empty = self._empty if empty is None else empty
        self._asked.clear()
        self._resize_list()
        self._fit()
        self.refresh()

    def set_out(self, ids: Sequence[str], mark: tuple[str, bool] | None = None) -> None:
        """Show these columns in this order. `mark` is the one that orders the list, and whether it falls."""
        self._widths.arrange(ids)
        self._lines.mark(mark)
        self._fit()
        self.refresh()

    def say(self, empty: SafeText) -> None:
        """The words that stand where rows would be."""
        if empty != self._empty:
            self._empty = empty
            self._paint([HEADER] if self._body and not len(self._window) else [])

    def move_cursor(self, key: Key) -> Changes:
        """Put the cursor on a row that is loaded."""
        return self._apply(lambda: self._window.to(key), follow=True)

    def looked(self) -> Changes:
        """The operator has seen it all: the marks of change go."""
        return self._apply(self._window.looked)

    def ask_again(self) -> None:
        """The rows that were asked for did not come: ask for them when they are wanted again."""
        self._asked.clear()

    @property
    def cursor(self) -> Key | None:
        """The key of the row under the cursor."""
        return self._window.cursor

    @property
    def cursor_row(self) -> TableRow | None:
        """The row under the cursor."""
        line = self._window.cursor_line
        return None if line is None else self._window.rows[line]

    @property
    def marked(self) -> tuple[Key, ...]:
        """The keys of the marked rows, in their order."""
        return self._window.marked

    @property
    def ranging(self) -> bool:
        """Whether a range has begun and not ended."""
        return self._window.anchor is not None

    @property
    def rows(self) -> tuple[TableRow, ...]:
        """The rows that are loaded."""
        return self._window.rows

    @property
    def count_words(self) -> str:
        """How many rows there are, as far as is known."""
        return self._window.count_words()

    # -- keys and mouse ------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor by so many lines."""
        if not self._apply(lambda: self._window.move(by), follow=True):
            # At an edge whose rows never came a key press is a wish to try once more.
            self._asked.clear()
            self._ask()

    def action_page(self, pages: int) -> None:
        """Move the cursor by so many screens."""
        self.action_move(pages * max(1, self._body - 1))

    def action_half_page(self, halves: int) -> None:
        """Move the cursor by so many half screens."""
        self.action_move(halves * max(1, self._body // 2))

    def action_start(self) -> None:
        """Go to the first row of the list, asking for it if it is not loaded."""
        self._seek(self._window.to_start)

    def action_end(self) -> None:
        """Go to the last row of the list, asking for it if it is not loaded."""
        self._seek(self._window.to_end)

    def _seek(self, operation: Callable[[], Changes]) -> None:
        self._apply(operation, follow=True)
        if self._window.seeking:
            self.post_message(self.NeedRows(self, edge=self._window.seeking))

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self._window.cursor is not None:
            self.post_message(self.Opened(self, self._window.cursor))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        self._apply(self._window.mark)

    def action_range(self) -> None:
        """Begin or end a range of marks."""
        self._apply(self._window.range)

    def action_clear_marks(self) -> None:
        """Take every mark away."""
        self._apply(self._window.clear_marks)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; nothing else ever happens by a click."""
        place = event.get_content_offset(self)
        line = self._top + place.y - HEADER if place is not None and place.y >= HEADER else -1
        if 0 <= line < len(self._window):
            self.move_cursor(self._window.rows[line].key)

    # -- applying changes ----------------------------------------------------------------------------------

    @property
    def _top(self) -> int:
        """The line of the list that stands under the header."""
        return round(self.scroll_y)

    @property
    def _body(self) -> int:
        """How many lines of the list the screen has."""
        return max(0, self.size.height - HEADER)

    @property
    def _room(self) -> int:
        """How many cells a line has, beside the scroll bar."""
        return max(0, self.size.width - self.scrollbar_size_vertical)

    def _apply(self, operation: Callable[[], Changes], *, follow: bool = False) -> Changes:
        """Do something to the window, and paint exactly the lines that look different for it."""
        looks = self._looks()
        seen = Viewport.of(self._window, self._top, self._body)
        changes = operation()
        if changes:
            self._holding = True
            self._resize_list()
            if not follow:
                self._scroll(seen.top_in(self._window))
        if follow:
            self._scroll(following(self._window, self._top, self._body))
        self._holding = False
        if changes:
            self._widen(changes.fresh)
            self._paint_different(looks)
            self._tell(changes)
        return changes

    def _tell(self, changes: Changes) -> None:
        if changes.shifted or changes.edges:
            self._asked.clear()
        if changes.cursor:
            self.post_message(self.CursorMoved(self, self._window.cursor, changes.left))
        self._ask()

    def _scroll(self, top: int) -> None:
        if self._body and top != self._top:
            self.scroll_to(y=top, animate=False, force=True)

    def _resize_list(self) -> None:
        """Tell the scroll bar how long the list is, without a layout that would paint everything."""
        size = Size(self._room, len(self._window) + HEADER)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.window_virtual_size = size.height
        if self._top > self.max_scroll_y:
            self._scroll(self.max_scroll_y)

    def _ask(self) -> None:
        """Ask for rows when less than a screen of them is left, once for each edge."""
        after, before = wanted(self._window, self._top, self._body)
        if after is not None and ("after", after) not in self._asked:
            self._asked.add(("after", after))
            self.post_message(self.NeedRows(self, after=after))
        if before is not None and ("before", before) not in self._asked:
            self._asked.add(("before", before))
            self.post_message(self.NeedRows(self, before=before))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paint what looks different after scrolling."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if not self._holding and round(old_value) != round(new_value):
            self._paint_different(self._looks(round(old_value)))
            self._ask()

    def on_resize(self) -> None:
        """Fit the columns anew when the width is another one, and keep the cursor on screen when it was."""
        width, body = self._fitted
        line = self._window.cursor_line
        if self._room != width:
            self._widths.reset()
            self._widths.see(self._window.rows)
            self._fit()
        self._resize_list()
        if line is not None and (not body or self._top <= line < self._top + body):
            self._scroll(following(self._window, self._top, self._body))
        self._fitted = (self._room, self._body)
        self._ask()

    # -- drawing -------------------------------------------------------------------------------------------

    def _looks(self, top: int | None = None) -> list[Look | SafeText | None]:
        """How each line under the header looks."""
        top = self._top if top is None else top
        return [self._look(line) for line in range(top, top + self._body)]

    def _look(self, line: int) -> Look | SafeText | None:
        """How a line of the list looks: a row, the words for an empty list, or nothing."""
        window = self._window
        if not 0 <= line < len(window):
            return None if line or len(window) else self._empty
        row = window.rows[line]
        return Look(row, row.key == window.cursor, window.is_marked(row.key), row.key in window.changed)

    def _paint_different(self, before: list[Look | SafeText | None]) -> None:
        """Paint the lines of the screen that no longer look as they did."""
        now = self._looks()
        lines = [place + HEADER for place, (old, new) in enumerate(zip(before, now, strict=True)) if old != new]
        self._paint(lines)

    def _paint(self, lines: Sequence[int]) -> None:
        """Ask for these lines of the screen, neighbours in one region."""
        runs = groupby(enumerate(lines), lambda pair: pair[1] - pair[0])
        regions = []
        for _, run in runs:
            ys = [y for _, y in run]
            regions.append(Region(0, ys[0], self._room, len(ys)))
        if regions:
            self.refresh(*regions)

    def _fit(self) -> None:
        """Place the columns in the width that there is."""
        if self._lines.place(self._widths.fit(self._room - GUTTER), self._room):
            self.refresh()

    def _widen(self, fresh: Sequence[TableRow]) -> None:
        if fresh and self._widths.see(fresh):
            self._fit()

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old style."""
        super().notify_style_update()
        self._lines.forget()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        if y < HEADER:
            return self._lines.header()
        return self._lines.line(self._look(self._top + y - HEADER))

    def _style(self, names: tuple[str, ...]) -> Style:
        """The style of a line: the widget's own, and over it what the theme declares for these component classes."""
        style = self._styles.get(names)
        if style is None:
            style = self.rich_style
            for name in names:
                declared = self.get_component_styles(f"live-table--{name}")
                whole = self.get_component_rich_style(f"live-table--{name}")
                coloured = declared.has_any_rules("color", "auto_color")
                filled = declared.has_rule("background")
                style += Style(color=whole.color if coloured else None, bgcolor=whole.bgcolor if filled else None)
                style += declared.text_style
            self._styles[names] = style
        return style
