"""Text on its way to a screen: nothing that came from outside may act there, or hide. The one boundary of both faces.

Names, arguments, questions and values are written by models, users and other programs: hostile by assumption. What a
terminal would obey or not draw is replaced by a sign: `␛`, `⟨U+202E⟩`, `\\xff`. Markup is left alone, because nobody
may interpret it: a widget takes a `SafeText` as `Content` or `Text`, never as a `str` that it parses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Self, SupportsIndex, overload

from workbench.desk import signs
from workbench.desk.signs import EMOJI, IMITATION, JOINING, LINE, STACKED

_EXAMPLES = 3  # so many signs are named in a sentence


class SafeText(str):
    """Text that a terminal draws as it stands here. Only `safe` and its companions make one."""

    __slots__ = ()

    def __new__(cls, *_: object) -> Self:
        """Refuse: what has not been looked at is not safe."""
        raise TypeError("a SafeText is made by safe() from what came from outside, or by plain() from our own words")

    @property
    def cells(self) -> int:
        """How many cells of a terminal it takes."""
        return cells(self)

    def cut(self, limit: int, *, keep_end: bool = False) -> SafeText:
        """The text in at most so many cells; `…` stands for what is left out."""
        text = str(self)
        if fitting(text, limit) == len(text):
            return self
        if limit <= 1:
            return _made("…"[: max(limit, 0)])
        if not keep_end:
            return _made(f"{text[: fitting(text, limit - 1)]}…")
        kept = text[len(text) - fitting(reversed(text), limit - 1) :]
        # A mark whose letter is left out would stand on the … .
        return _made(f"…{kept[sum(1 for _ in takewhile(lambda c: not signs.cells_of(c), kept)) :]}")

    def pad(self, size: int, *, to_right: bool = False) -> SafeText:
        """The text filled up with spaces to so many cells, or, pushed to the right, with the spaces before it."""
        spaces = " " * (size - cells(self))
        if not spaces:
            return self
        return _made(f"{spaces}{self}" if to_right else f"{self}{spaces}")

    @overload
    def join(self, parts: Iterable[SafeText], /) -> SafeText: ...
    @overload
    def join(self, parts: Iterable[str], /) -> str: ...
    def join(self, parts: Iterable[str], /) -> str:
        """The parts with this text between them; every part must be safe."""
        return _made(str.join(self, map(_checked, parts)))

    @overload
    def __add__(self, other: SafeText, /) -> SafeText: ...
    @overload
    def __add__(self, other: str, /) -> str: ...
    def __add__(self, other: str, /) -> str:
        return _made(f"{self}{_checked(other)}")

    def __radd__(self, other: str, /) -> SafeText:
        return _made(f"{_checked(other)}{self}")

    def __getitem__(self, place: SupportsIndex | slice, /) -> SafeText:
        return _made(str.__getitem__(self, place))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


@dataclass(frozen=True, slots=True)
class Found:
    """So many characters of one kind, and the first of the signs that stand for them."""

    kind: str
    count: int
    signs: tuple[SafeText, ...]

    def words(self) -> SafeText:
        """`2 invisible characters shown as ⟨U+200B⟩`."""
        relation = ": " if self.kind == IMITATION else " shown as "
        return _made(f"{self.count} {signs.WORDS[self.kind][self.count != 1]}{relation}{', '.join(self.signs)}")


@dataclass(frozen=True, slots=True)
class Shown:
    """What had to be replaced by signs, by kind (the kinds are those of `workbench.desk.signs`)."""

    found: tuple[Found, ...] = ()

    def count(self, kind: str) -> int:
        """How many characters of this kind there were."""
        return sum(found.count for found in self.found if found.kind == kind)

    @property
    def suspicious(self) -> int:
        """How many there were of the kinds that are a reason to look twice: not line ends, tabs and parts of emoji."""
        return sum(found.count for found in self.found if found.kind not in signs.ORDINARY)

    def notes(self) -> tuple[SafeText, ...]:
        """One sentence for each suspicious kind."""
        return tuple(found.words() for found in self.found if found.kind not in signs.ORDINARY)

    def words(self) -> SafeText:
        """All suspicious kinds in one line; empty if there are none."""
        return _made("; ").join(self.notes())

    def __add__(self, other: Shown) -> Shown:
        return together((self, other))


NOTHING = Shown()


def safe(raw: object, *, limit: int | None = None) -> SafeText:
    """The text on one line, with every character shown that a terminal would obey or hide: `␊`, `␛`, `⟨U+202E⟩`.

    With a limit only so many of its characters are read; `…` says that there is more.
    """
    return safe_counted(raw, limit=limit)[0]


def safe_counted(raw: object, *, limit: int | None = None) -> tuple[SafeText, Shown]:
    """As `safe`, and what was replaced."""
    text = raw if isinstance(raw, str) else str(raw)
    if limit is not None and len(text) > limit:
        begin, shown = safe_counted(text[:limit])
        return _made(f"{begin}…"), shown
    if isinstance(text, SafeText):
        return text, NOTHING
    if text.isascii() and text.isprintable():
        return _made(text), NOTHING
    return _signed(str(text))


def safe_lines(raw: object) -> tuple[SafeText, ...]:
    """The lines of a text, split at line feeds alone: a final line feed leaves an empty last line.

    A tab is one sign (`␉`) here too, and not some spaces: those could not be told from spaces.
    """
    return safe_lines_counted(raw)[0]


def safe_lines_counted(raw: object) -> tuple[tuple[SafeText, ...], Shown]:
    """As `safe_lines`, and what was replaced in all of them."""
    texts = str(raw).split("\n")
    lines, shown, returns = [], [], 0
    for number, text in enumerate(texts, 1):
        # A carriage return before a line feed is an ordinary line end, which could not be told after the split.
        ended = text[-1:] == "\r" and number < len(texts)
        line, found = safe_counted(text[:-1] if ended else text)
        if ended:
            line, returns = _made(f"{line}{_RETURN}"), returns + 1
        lines.append(line)
        if found.found:
            shown.append(found)
    if returns:
        shown.append(Shown((Found(LINE, returns, (_RETURN,)),)))
    return tuple(lines), together(shown)


def plain(words: str) -> SafeText:
    """Our own words; `ValueError` if there is anything in them that `safe` would replace."""
    if isinstance(words, SafeText):
        return words
    if not (words.isascii() and words.isprintable()) and _signed(words)[0] != words:
        raise ValueError("plain() takes our own words: give what came from outside to safe()")
    return _made(words)


def cells(text: str) -> int:
    """How many cells of a terminal a safe text takes, as Textual counts them."""
    return len(text) if text.isascii() else sum(map(signs.cells_of, text))


def together(parts: Iterable[Shown]) -> Shown:
    """What was replaced in several texts."""
    some = [part for part in parts if part.found]
    if len(some) < 2:
        return some[0] if some else NOTHING
    return _told((found.kind, found.count, *found.signs) for part in some for found in part.found)


def shown_as(kind: str, marks: Iterable[str]) -> Shown:
    """What somebody else has replaced by signs in a way of their own."""
    return _told((kind, 1, mark) for mark in marks)


def _made(text: str) -> SafeText:
    return str.__new__(SafeText, text)


def _checked(text: object) -> str:
    if not isinstance(text, SafeText):
        raise TypeError("only safe text can be joined to safe text: give the other to safe() first")
    return str(text)


def fitting(text: Iterable[str], room: int) -> int:
    """How many of these characters fit into so many cells."""
    if isinstance(text, str) and text.isascii():
        return min(len(text), max(room, 0))
    size = 0
    for size, character in enumerate(text, 1):
        room -= signs.cells_of(character)
        if room < 0:
            return size - 1
    return size


def _signed(text: str) -> tuple[SafeText, Shown]:
    """The way of a text that is more than printable ASCII: its distinct characters say what is to be done."""
    natures = {character: found for character in sorted(set(text)) if (found := signs.nature(character))}
    told = [
        (IMITATION, n, "⟨…⟩" if sign == "⟨" else sign) for sign, n in Counter(signs.IMITATIONS.findall(text)).items()
    ]
    if not natures:
        return _made(text), _told(told)
    replaced = {character: found for character, found in natures.items() if found[0] != JOINING}
    usual = Counter(signs.EMOJI_PARTS.findall(text)) if natures.keys() & signs.EMOJI_CHARACTERS else Counter()
    usual["\r"] = text.count("\r\n")
    counts = Counter(text) if len(replaced) > 32 else {character: text.count(character) for character in replaced}
    for character, (kind, sign) in replaced.items():
        if ordinary := usual[character]:
            told.append((LINE if character == "\r" else EMOJI, ordinary, sign))
        if counts[character] > ordinary:
            told.append((kind, counts[character] - ordinary, sign))
    text = _replaced(text, {character: sign for character, (_, sign) in replaced.items()})
    if joining := natures.keys() - replaced.keys():
        text = _unstacked(text, joining, told)
    return _made(text), _told(told)


def _unstacked(text: str, joining: Collection[str], told: list[tuple[str, int, str]]) -> str:
    """Show the marks that would stand on nothing, on a sign of ours, or on too many others."""
    # No control character is left in the text, so that one can stand for every mark.
    outline = _replaced(text, dict.fromkeys(joining, signs.ANY_MARK))
    pieces: list[str] = []
    at = 0
    for match in signs.UNSUPPORTED.finditer(outline):
        start, end = match.span("marks")
        shown = [f"⟨U+{ord(character):04X}⟩" for character in text[start:end]]
        told.append((STACKED, len(shown), shown[0]))
        pieces += text[at:start], *shown
        at = end
    return "".join((*pieces, text[at:]))


def _replaced(text: str, table: Mapping[str, str]) -> str:
    if len(table) > 16:
        return text.translate({ord(character): sign for character, sign in table.items()})
    for character, sign in table.items():  # several times faster while there are few
        text = text.replace(character, sign)
    return text


def _told(told: Iterable[tuple[str, int, *tuple[str, ...]]]) -> Shown:
    counts: Counter[str] = Counter()
    examples: dict[str, dict[str, None]] = {}
    for kind, count, *some in told:
        counts[kind] += count
        if len(mine := examples.setdefault(kind, {})) < _EXAMPLES:
            mine.update(dict.fromkeys(some))
    return Shown(
        tuple(Found(k, counts[k], tuple(map(_made, [*examples[k]][:_EXAMPLES]))) for k in signs.WORDS if counts[k])
    )


_RETURN = _made("␍")
