"""Help: every key that does something now, made from the live bindings."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen, Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.wrapping import at_words

# Keys as people read them; any other name stands for itself.
_SIGNS = {
    "enter": "⏎",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "page up",
    "pagedown": "page down",
    "delete": "del",
    "question_mark": "?",
    "colon": ":",
    "backslash": "\\",
    "full_stop": ".",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "exclamation_mark": "!",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "plus": "+",
}
# What every screen of the library can do, and nobody needs here.
_NOT_OURS = ("app.focus_next", "app.focus_previous", "screen.copy_text")


def key_words(key: str) -> str:
    """A key as people read it: `⏎`, `esc`, `ctrl+d`, `G`."""
    *modifiers, name = key.split("+")
    return "+".join([*modifiers, _SIGNS.get(name, name)])


def live_keys(screen: Screen[Any], refusals: Mapping[str, str]) -> list[tuple[str, str]]:
    """The keys that act on a screen now, its own first, with what they do; a verb that is refused says why."""
    rows: dict[tuple[str, str], list[str]] = {}
    for _, binding, enabled, _ in live_bindings(screen):
        if not enabled:
            continue
        reason = next((why for verb, why in refusals.items() if binding.action == f"verb('{verb}')"), "")
        words = f"{binding.description} ({reason})" if reason else binding.description
        rows.setdefault((words, binding.tooltip), []).append(key_words(binding.key))
    return [(" ".join(keys), f"{words}. {more}" if more else words) for (words, more), keys in rows.items()]


def live_bindings(screen: Screen[Any]) -> list[Any]:
    """The bindings that a screen has now: what it alone can do, then what all can, then what its list and detail can.

    Each is a node, its binding, whether it is enabled, and what more there is to say of it.
    """

    def place(found: Any) -> tuple[bool, bool]:  # noqa: ANN401 - the library has no public name for it
        return found.node is not screen, (found.binding.id or "").startswith(("view.", "app."))

    ours = (each for each in screen.active_bindings.values() if each.binding.action not in _NOT_OURS)
    return sorted((each for each in ours if each.binding.description), key=place)


class HelpLines(ScrollView, can_focus=True, inherit_bindings=False):
    """The lines of the help."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "lines(1)", "Down", show=False, id="help.down"),
        Binding("up,k", "lines(-1)", "Up", show=False, id="help.up"),
        Binding("pagedown,ctrl+d,space", "lines(10)", "Page down", show=False, id="help.page-down"),
        Binding("pageup,ctrl+u", "lines(-10)", "Page up", show=False, id="help.page-up"),
    ]

    def __init__(self, title: SafeText, keys: Sequence[tuple[SafeText, SafeText]]) -> None:
        super().__init__()
        self._title = title
        self._keys = keys
        self._lines: list[SafeText] = []
        self._wrap(1_000)

    def _wrap(self, width: int) -> None:
        """Lay it out in so many cells: what a key does may take several lines."""
        indent = max((keys.cells for keys, _ in self._keys), default=0)
        self._lines = [self._title, plain("")]
        for keys, words in self._keys:
            for start, end in at_words(words, max(width - indent - 3, 8)):
                self._lines.append(plain(" ") + keys.pad(indent, to_right=True) + plain("  ") + words[start:end])
                keys = plain("")
        self.virtual_size = Size(width, len(self._lines))

    def on_resize(self) -> None:
        """Lay it out in the new width."""
        self._wrap(self.size.width - self.scrollbar_size_vertical)
        self.refresh()

    def action_lines(self, by: int) -> None:
        """Scroll."""
        self.scroll_to(y=round(self.scroll_y) + by, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        """One line."""
        at = round(self.scroll_y) + y
        text = self._lines[at] if at < len(self._lines) else plain("")
        width = self.size.width
        return Strip([Segment(str(text.cut(width)), self.rich_style)]).adjust_cell_length(width, self.rich_style)


class HelpScreen(ModalScreen[None]):
    """Shows the keys; any of escape, q and ? closes it."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > HelpLines {
        width: 100%; max-width: 100; height: auto; max-height: 90%; border: round $primary; background: $surface;
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "dismiss", "Close", id="help.close")]

    def __init__(self, keys: Sequence[tuple[str, str]], title: str = "Keys") -> None:
        super().__init__()
        self._keys = keys
        self._title = title

    def compose(self) -> ComposeResult:
        """The lines."""
        from workbench.tui.keymap import all_words  # which knows every screen

        *others, last = all_words(self, "help.close", "escape", "q", "question_mark")
        close = f"{', '.join(others)} or {last}" if others else last
        down, up = all_words(self, "help.down", "down", "j")[-1], all_words(self, "help.up", "up", "k")[-1]
        title = plain(f" {self._title}: {close} closes, {down} and {up} scroll")
        yield HelpLines(title, [(safe(keys), safe(words)) for keys, words in self._keys])
