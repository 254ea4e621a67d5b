"""What the terminal is told beside the screen: a bell, a title with the number of what waits, a notice (OSC 9).

Bytes and nothing else: who writes them is the driver. The same title again is no bytes, so an idle screen sends none.
Only `SafeText` comes in here, of which no terminal obeys anything; what is too long for a title or a notice is cut.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from workbench.desk.safe import SafeText, plain

BELL = b"\x07"
# The title that was there is kept by the terminal itself, and given back at the end.
PUSH_TITLE, POP_TITLE = b"\x1b[22;2t", b"\x1b[23;2t"
_NAME = 40  # cells
_NOTICE = 120
_DCS, _END = b"\x1bP", b"\x1b\\"
_WITHOUT_TITLE = ("linux", "vt", "cons")  # terminals without a window, by the beginning of TERM


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of them the operator wants."""

    bell: bool = False
    title: bool = True
    osc9: bool = False


@dataclass(slots=True)
class NoticesOut:
    """Makes the bytes, and knows what the terminal was told last."""

    wanted: Wanted
    environment: Mapping[str, str] = field(default_factory=dict)
    _title: str | None = None
    _waiting: dict[str, frozenset[Hashable]] = field(default_factory=dict)
    _last: tuple[int, SafeText, bool] | None = None

    def show_count(self, waiting: int, name: SafeText, *, more: bool = False) -> bytes:
        """Where we are, with the number of what waits there: `(7) prod · workbench`."""
        if not self.wanted.title or self.environment.get("TERM", "").startswith(_WITHOUT_TITLE):
            return b""
        self._last = (waiting, name, more)
        count = f"({waiting:,}{'+' * more}) " if waiting else ""
        # The end of a path says more than its beginning.
        title = plain(count) + name.cut(_NAME, keep_end=True) + plain(" · workbench" if name else "workbench")
        if title == self._title:
            return b""
        begin = PUSH_TITLE if self._title is None else b""
        self._title = title
        return begin + b"\x1b]2;" + _encoded(title) + BELL

    def again(self) -> bytes:
        """The title anew, after the terminal was given back and taken again."""
        if self._last is None:
            return b""
        waiting, name, more = self._last
        return self.show_count(waiting, name, more=more)

    def arrived(self, waiting: Iterable[tuple[Hashable, str]], answered: Iterable[str]) -> frozenset[Hashable]:
        """What waits now and did not before, each with its source; what waited when a source first answered is no news.

        A source that has not answered says nothing, and one that is not shown any more begins anew.
        """
        found: dict[str, set[Hashable]] = {source: set() for source in answered}
        for key, source in waiting:
            found.setdefault(source, set()).add(key)
        now = {source: frozenset(keys) for source, keys in found.items()}
        before, self._waiting = self._waiting, now
        return frozenset(key for source, keys in now.items() if source in before for key in keys - before[source])

    def tell(self, words: SafeText) -> bytes:
        """There is news: once for each time, however much of it."""
        told = BELL if self.wanted.bell else b""
        if self.wanted.osc9:
            told += self._through(b"\x1b]9;" + _encoded(words.cut(_NOTICE)) + BELL)
        return told

    def end(self) -> bytes:
        """Give back the title that was there before; nothing where none was set. It can be begun again."""
        if self._title is None:
            return b""
        self._title = None
        return POP_TITLE

    def _through(self, sequence: bytes) -> bytes:
        """Multiplexers know no OSC 9: it is handed on to the terminal outside (tmux: allow-passthrough on)."""
        if self.environment.get("TMUX"):
            return _DCS + b"tmux;" + sequence.replace(b"\x1b", b"\x1b\x1b") + _END
        return _DCS + sequence + _END if self.environment.get("STY") else sequence


def _encoded(words: SafeText) -> bytes:
    return str(words).encode("utf-8", "replace")


def news(count: int, first: SafeText, name: SafeText) -> SafeText:
    """The words of a notice: where there is something new, what, and how much more of it."""
    more = f" and {count - 1:,} more" if count > 1 else ""
    return plain("New in ") + name.cut(40) + plain(": ") + first.cut(60) + plain(more)
