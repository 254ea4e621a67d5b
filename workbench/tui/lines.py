"""The single lines of the frame: where we are, what just happened, and which keys do what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.widgets import Static

from workbench.desk.safe import SafeText, cells, plain, safe
from workbench.tui.wrapping import height

GAP = plain("   ")
Piece = tuple[SafeText, str]


class Line(Static):
    """One line of safe text. The same text again costs nothing; in another width it is cut anew."""

    DEFAULT_CSS = "Line { height: 1; width: 100%; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._shown: object = None
        self._make: Callable[[int], Sequence[Piece]] = lambda _: ()

    def show(self, *pieces: Piece) -> None:
        """Show pieces of text with their styles, cut to the width."""
        self.show_made(lambda _: pieces)

    def show_made(self, make: Callable[[int], Sequence[Piece]]) -> None:
        """Show what is made for the width that there is, now and whenever it becomes another."""
        self._make = make
        width = self.size.width
        if not width:
            return  # it is made when there is a place for it
        pieces = tuple(make(width))
        if (pieces, width) == self._shown:
            return
        self._shown = (pieces, width)
        fitted: list[tuple[str, str]] = []
        used = 0
        for text, style in pieces:
            part = text.cut(max(width - used, 0))
            fitted.append((part, style))
            used += cells(part)
        self.update(Content.assemble(*fitted), layout=False)

    def on_resize(self) -> None:
        """Make it for the new width."""
        self.show_made(self._make)


class Words(Static):
    """Some sentences of safe text, wrapped between words; as high as they need."""

    DEFAULT_CSS = "Words { height: auto; width: 100%; padding: 0 1; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._shown: tuple[Piece, ...] | None = None

    def show(self, *paragraphs: Piece) -> None:
        """Show paragraphs with their styles, each on a line of its own."""
        if paragraphs == self._shown:
            return
        self._shown = paragraphs
        lines = [Content.assemble((str(text), style)) for text, style in paragraphs]
        self.update(Content("\n").join(lines))
        self.display = bool(lines)


class Notice(Static):
    """What just happened. A line is there always; a long sentence takes up to three."""

    DEFAULT_CSS = "Notice { height: auto; min-height: 1; max-height: 3; width: 100%; padding: 0 1; }"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._shown: Piece = (plain(""), "")
        self._about: object = None

    @property
    def words(self) -> SafeText:
        """What stands there."""
        return self._shown[0]

    def say(self, words: SafeText, tone: str = "", about: object = None) -> None:
        """Say something, perhaps about something that there will be more to say of."""
        self._about = about
        if (words, tone) == self._shown:
            return
        before, self._shown = self._shown[0], (words, tone)
        width = max(self.size.width, 1)
        grows = height(before, width) != height(words, width)
        self.update(Content.assemble((str(words), tone)), layout=grows)

    def add(self, words: SafeText, tone: str, about: object) -> None:
        """Say more about something, unless it is other news that stands here by now."""
        if not self.words or self._about == about:
            self.say(words, tone, about)

    def clear(self, about: object = None) -> None:
        """Say nothing more; if `about` is given, only if it is that which stands here."""
        if about is None or self._about == about:
            self.say(plain(""))


@dataclass(frozen=True, slots=True)
class KeyWord:
    """A key of the footer: what it does, and why it cannot now (then it is greyed). The highest `drop` goes first."""

    key: str
    title: str
    reason: str = ""
    drop: int = 0


class KeyLine(Line):
    """The keys that do something here: eight at most, and as many as fit."""

    MOST = 8

    def show_keys(self, words: Sequence[KeyWord]) -> None:
        """Show the keys; greyed ones that share a reason say it once, after the last of them."""
        words = tuple(words)
        self.show_made(lambda width: _keys(words, width))


def _keys(words: Sequence[KeyWord], width: int) -> list[Piece]:
    kept = list(words)
    while True:
        pieces = _key_pieces(kept)
        fits = len(kept) <= KeyLine.MOST and sum(cells(text) for text, _ in pieces) <= width
        if fits or not any(word.drop for word in kept):
            return pieces
        kept.remove(max(kept, key=lambda word: word.drop))


def _key_pieces(words: Sequence[KeyWord]) -> list[Piece]:
    pieces: list[Piece] = []
    for at, word in enumerate(words, 1):
        last = at == len(words) or words[at].reason != word.reason
        reason = f" ({word.reason})" if word.reason and last else ""
        pieces.append((plain("  " if pieces else " "), ""))
        pieces.append((plain(word.key), "dim" if word.reason else "bold"))
        pieces.append((safe(f" {word.title}{reason}"), "dim" if word.reason else ""))
    return pieces


@dataclass(frozen=True, slots=True)
class Standing:
    """What the top line says. `mark` is a word that is never left out; what stands right is, where it is narrow.

    `sources` says how many sources there are, or which are silent: the first that leaves room for the mode, or the
    last.
    """

    source: SafeText
    mark: SafeText
    state: SafeText
    tone: str
    inbox: SafeText
    mode: SafeText
    operator: SafeText
    clock: SafeText
    sources: tuple[SafeText, ...] = ()
    sources_tone: str = ""


class TopLine(Line):
    """Which source, how it is, what waits, and who acts."""

    def show_standing(self, standing: Standing) -> None:
        """Show it; where it is narrow the operator goes first, then the clock, then the mode."""
        self.show_made(lambda width: _standing(standing, width))


def _standing(standing: Standing, width: int) -> list[Piece]:
    left: list[Piece] = [(plain(" "), ""), (standing.source, "bold"), (plain(" "), "")]
    if standing.mark:
        left += [(standing.mark, "bold reverse"), (plain(" "), "")]
    left += [(standing.state, standing.tone), (GAP, ""), (standing.inbox, "")]
    right = [standing.mode, standing.operator, standing.clock]
    used = sum(cells(text) for text, _ in left)
    if standing.sources:
        room = width - used - len(GAP) - cells(standing.mode) - 4
        words = next((words for words in standing.sources if cells(words) <= room), standing.sources[-1])
        left += [(GAP, ""), (words, standing.sources_tone)]
        used += len(GAP) + cells(words)
    for goes in (standing.operator, standing.clock, standing.mode):
        if used + sum(cells(text) + 3 for text in right) + 1 > width:
            right.remove(goes)
    room = width - used - sum(cells(text) for text in right) - 3 * max(len(right) - 1, 0) - 1
    tail: list[Piece] = [(plain(" " * max(room, 1)), "")]
    for at, text in enumerate(right):
        tail += [(GAP, ""), (text, "")] if at else [(text, "")]
    return [*left, *tail]
