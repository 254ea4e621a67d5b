"""The detail beside (or below) a list: lines of safe text, wrapped, and which of them have been on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.errors import NoWidget
from textual.events import Show
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from workbench.tui.finding import FOUND, HERE, Finding
from workbench.tui.seeing import Seen
from workbench.tui.wrapping import Row, wrapped

if TYPE_CHECKING:
    from workbench.desk.detail import Detail

_NARROWEST = 20
_MARKS = {0: Style(), FOUND: Style(underline=True, bold=True), HERE: Style(underline=True, bold=True, reverse=True)}


class DetailPane(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows a `Detail`. What must be seen before a decision counts as seen once all of it was in the viewport."""

    ALLOW_SELECT = False
    # The scroll bar has its place always: text would wrap anew when it comes.
    DEFAULT_CSS = "DetailPane { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "detail--label",
        "detail--text",
        "detail--faint",
        "detail--warn",
        "detail--mask",
        "detail--key",
        "detail--string",
        "detail--number",
        "detail--word",
        "detail--bad",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "lines(1)", "Down", show=False, id="detail.down"),
        Binding("up,k", "lines(-1)", "Up", show=False, id="detail.up"),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False, id="detail.page-down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="detail.page-up"),
        Binding("home,g", "edge(0)", "Top", show=False, id="detail.top"),
        Binding("end,G", "edge(1)", "Bottom", show=False, id="detail.bottom"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.detail: Detail | None = None
        self._base: Style | None = None
        self._rows: list[Row] = []
        self._seen = Seen()
        self._wrapped_for = 0
        self.finding: Finding | None = None

    # -- told by the screen ----------------------------------------------------------------------------------

    def show(self, detail: Detail | None) -> None:
        """Show a detail. The same item keeps its place, and what was seen of it that still reads as it did."""
        before, self.detail = self.detail, detail
        if before is not None and detail is not None and (before.key, before.lines) == (detail.key, detail.lines):
            return
        same_item = detail is not None and before is not None and before.key == detail.key
        self._seen.show(detail.lines if detail else (), same=same_item)
        looked = self._visible()
        self._wrap()
        if not same_item:
            self._scroll(0)
        self._paint_different(looked)
        # Not before it is laid out: to ask for places earlier makes the library forget to tell of sizes.
        self.call_after_refresh(self.look)

    def find(self, words: str) -> None:
        """Look for a text in what is shown from now on, from the top of what is in view; an empty one ends that."""
        if words == (self.finding.words if self.finding else ""):
            return
        looked = self._visible()
        self.finding = Finding(words) if words else None
        if self.finding is not None:
            self.finding.place(self.detail.lines if self.detail else (), self._rows)
            self.finding.begin_at(self._top)
            self._show_match()
        self._paint_different(looked)

    def go_to_match(self, number: int) -> None:
        """Go to a match by its number; after the last comes the first."""
        if self.finding is not None:
            looked = self._visible()
            self.finding.go_to(number)
            self._show_match()
            self._paint_different(looked)

    def _show_match(self) -> None:
        """Have the match in view, with something around it."""
        row = self.finding.row if self.finding else None
        height = max(self.size.height, 1)
        if row is not None and not self._top <= row < self._top + height:
            self._scroll(max(row - height // 3, 0))

    @property
    def unseen(self) -> int:
        """How many lines that must be seen have not been on screen."""
        return self._seen.unseen

    @property
    def unseen_lines(self) -> frozenset[int]:
        """Which of the lines that must be seen these are, counted from the first of those."""
        return self._seen.unseen_lines

    @property
    def next_unseen(self) -> int | None:
        """The first row that has to be on screen yet."""
        return self._seen.next_row

    def show_unseen(self) -> None:
        """Scroll on to what must be seen and was not."""
        row = self._seen.next_row
        if row is not None:
            self._scroll(row)

    def look(self) -> None:
        """Whatever is in view now counts as seen."""
        self._seen.note(*self._in_view())

    def action_lines(self, by: int) -> None:
        """Scroll by lines."""
        self._scroll(self._top + by)

    def action_page(self, pages: int) -> None:
        """Scroll by pages; a line of the last one stays in view."""
        self._scroll(self._top + pages * max(self.size.height - 1, 1))

    def action_edge(self, end: int) -> None:
        """Scroll to the top or the bottom."""
        self._scroll(len(self._rows) * end)

    # -- layout ----------------------------------------------------------------------------------------------

    @property
    def _width(self) -> int:
        return max(self.size.width - self.scrollbar_size_vertical, 0)

    @property
    def _top(self) -> int:
        return round(self.scroll_y)

    def _wrap(self) -> None:
        width = max(self._width, _NARROWEST)
        self._wrapped_for = width
        lines = self.detail.lines if self.detail else ()
        self._rows = [row for number, line in enumerate(lines) for row in wrapped(number, line, width)]
        self._seen.place([row.line for row in self._rows])
        if self.finding is not None:
            self.finding.place(lines, self._rows)
        self._resize_text()

    def _resize_text(self) -> None:
        """Tell the scroll bar how long the text is, without a layout that would paint everything."""
        size = Size(self._width, len(self._rows))
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.window_virtual_size = size.height
        if self._top > self.max_scroll_y:
            self._scroll(self.max_scroll_y)

    def _scroll(self, to: int) -> None:
        self.scroll_to(y=to, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        """Wrap anew when the width is another; the line at the top stays there."""
        if max(self._width, _NARROWEST) != self._wrapped_for:
            first = self._rows[self._top].line if self._top < len(self._rows) else 0
            self._wrap()
            self._scroll(next((at for at, row in enumerate(self._rows) if row.line == first), 0) if self._top else 0)
            self.refresh()
        else:
            self._resize_text()
        self.look()

    def on_show(self, _: Show) -> None:
        """What is in view now is seen."""
        self.look()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """What comes into view counts as seen, once it is painted: what is only passed on the way never was."""
        super().watch_scroll_y(old_value, new_value)
        self.call_after_refresh(self.look)

    def _in_view(self) -> tuple[int, int]:
        """Which rows can be seen: none while another screen lies over this one, and none that are cut off."""
        try:
            if not self.is_attached or self.app.screen is not self.screen:
                return 0, 0
            place = self.screen.find_widget(self)
        except (NoWidget, NoScreen, NoMatches):
            return 0, 0
        visible = place.visible_region
        top = self._top + visible.y - place.region.y
        return top, top + min(visible.height, self.size.height)

    # -- drawing ---------------------------------------------------------------------------------------------

    def _visible(self) -> list[object]:
        """How each line of the screen looks."""
        return [self._look(self._top + y) for y in range(self.size.height)]

    def _look(self, at: int) -> object:
        row = self._row(at)
        return None if row is None else (row.label, row.pieces, self.finding.spans(at) if self.finding else ())

    def _row(self, at: int) -> Row | None:
        return self._rows[at] if at < len(self._rows) else None

    def _paint_different(self, before: list[object]) -> None:
        """Paint the lines of the screen that no longer look as they did."""
        width = self.size.width
        pairs = enumerate(zip(before, self._visible(), strict=True))
        regions = [Region(0, y, width, 1) for y, (old, new) in pairs if old != new]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One line of the pane."""
        width = self._width
        if self._base is None:
            self._base = self.rich_style
        base = self._base
        row = self._row(self._top + y)
        if row is None:
            return Strip.blank(width, base)
        segments = [Segment(str(row.label), self._style("label"))] if row.label else []
        pieces = self.finding.marked(self._top + y, row.pieces) if self.finding else ((*p, 0) for p in row.pieces)
        segments += [Segment(str(text), self._style(tone) + _MARKS[mark]) for text, tone, mark in pieces]
        return Strip(segments).adjust_cell_length(width, base)

    def notify_style_update(self) -> None:
        """Other colours: the one of the ground is worked out anew, once and not for every line."""
        self._base = None
        super().notify_style_update()

    def _style(self, tone: str) -> Style:
        return self.get_component_rich_style(f"detail--{tone or 'text'}")
