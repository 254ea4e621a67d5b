"""What each character is to a terminal: drawn in so many cells, or in need of a sign that stands for it.

Python's own table of Unicode decides; the sets here name what that table takes for letters, marks or symbols and
terminals draw as nothing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LINE, EMOJI = "line", "emoji"
CONTROL, INVISIBLE, BIDI, TAG, SELECTOR, SPACE = "control", "invisible", "bidi", "tag", "selector", "space"
SURROGATE, BYTE, PRIVATE, UNKNOWN, STACKED = "surrogate", "byte", "private", "unknown", "stacked"
IMITATION = "imitation"
# Not replaced, but without a cell of its own: it is drawn onto the character before it.
JOINING = "joining"
# So many may stand on one character: a tower of them would cover other lines.
STACK = 4

# Kinds in the order in which they are told, for one and for many. The first two are ordinary, no reason to warn.
WORDS = {
    LINE: ("line end or tab", "line ends and tabs"),
    EMOJI: ("joining part of an emoji", "joining parts of emoji"),
    CONTROL: ("control character", "control characters"),
    INVISIBLE: ("invisible character", "invisible characters"),
    BIDI: ("character that turns the direction of text", "characters that turn the direction of text"),
    TAG: ("invisible tag character", "invisible tag characters"),
    SELECTOR: ("variation selector", "variation selectors"),
    SPACE: ("unusual space", "unusual spaces"),
    SURROGATE: ("half of a character", "halves of characters"),
    BYTE: ("byte that is no text", "bytes that are no text"),
    PRIVATE: ("character for private use", "characters for private use"),
    UNKNOWN: ("unassigned character", "unassigned characters"),
    STACKED: ("mark with nothing to stand on", "marks with nothing to stand on"),
    IMITATION: ("sign of the text's own that looks like ours", "signs of the text's own that look like ours"),
}
ORDINARY = frozenset({LINE, EMOJI})

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufffc\U00016fe4\U0001d159")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_TAGS = range(0xE0000, 0xE0080)
_TONES = range(0x1F3FB, 0x1F400)
# Two cells in today's terminals; older tables of Unicode do not know it yet.
_WIDE = (range(0x2630, 0x2638), range(0x268A, 0x2690), range(0x4DC0, 0x4E00), range(0x1D300, 0x1D377))
_JAMO = (range(0x1160, 0x1200), range(0xD7B0, 0xD800))  # vowels and finals, drawn into the cell of their initial
_CATEGORIES = {
    "Cc": CONTROL, "Cf": INVISIBLE, "Zl": INVISIBLE, "Zp": INVISIBLE, "Zs": SPACE, "Co": PRIVATE, "Cn": UNKNOWN,
    "Me": STACKED,
}  # fmt: skip

_PICTURES = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f3fa\U0001f400-\U0001faff"
)
# Selectors, joiners and skin tones where an emoji has them. They are shown too, for terminals draw such sequences in
# different widths and a line that is wider than we count spills over the next; but they are no reason to warn.
EMOJI_PARTS = re.compile(
    rf"(?<=[{_PICTURES}])[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|(?<=[{_PICTURES}][\U0001f3fb-\U0001f3ff])\ufe0f"
    rf"|(?<=[{_PICTURES}\ufe0f\U0001f3fb-\U0001f3ff])\u200d(?=[{_PICTURES}])"
    r"|(?<=[#*0-9])\ufe0f(?=\u20e3)|(?<=[#*0-9]\ufe0f)\u20e3"
)
EMOJI_CHARACTERS = frozenset("\ufe0e\ufe0f\u200d\u20e3") | frozenset(map(chr, _TONES))
# What we write ourselves in place of something; where it stands in the text already, that is told.
IMITATIONS = re.compile(r"[\u2400-\u241f\u2421]|⟨(?=U\+[0-9A-F]|secret )")
# Marks, told by one stand-in, where they would stand on nothing, on a sign of ours, or on too many others.
ANY_MARK = "\x01"
UNSUPPORTED = re.compile(
    rf"(?:\A|[⟩\u2400-\u2421]|\\x[89a-f][0-9a-f]|\\ud[89a-f][0-9a-f]{{2}}|\x01{{{STACK}}})(?P<marks>\x01++)"
)


@lru_cache(maxsize=8192)
def nature(character: str) -> tuple[str, str] | None:
    """None for a character that is drawn as it is; else what kind it is, and the sign that stands for it."""
    code = ord(character)
    if code < 0x20:
        return LINE if character in "\n\t" else CONTROL, chr(0x2400 + code)  # the control pictures
    if code < 0x7F:
        return None
    if code == 0x7F:
        return CONTROL, "␡"
    if 0xDC80 <= code <= 0xDCFF:
        return BYTE, f"\\x{code - 0xDC00:02x}"  # a byte that was no UTF-8
    if 0xD800 <= code <= 0xDFFF:
        return SURROGATE, f"\\u{code:04x}"
    kind = _kind(character, code)
    if kind is None:
        return None
    return kind, character if kind == JOINING else f"⟨U+{code:04X}⟩"


@lru_cache(maxsize=8192)
def cells_of(character: str) -> int:
    """How many cells of a terminal a character takes that is drawn as it is."""
    code = ord(character)
    if unicodedata.category(character) in ("Mn", "Mc", "Me") or _in(code, _JAMO) or code in _TONES:
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") or _in(code, _WIDE) else 1


def _kind(character: str, code: int) -> str | None:
    if character in _BIDI:
        return BIDI
    if code in _TAGS:
        return TAG
    if _in(code, _SELECTORS):
        return SELECTOR
    if character in _BLANK:
        return INVISIBLE
    if code in _TONES:
        return STACKED
    if character == "\u3000":
        return None  # the space of Chinese and Japanese writing: two cells wide, so it can be seen
    if kind := _CATEGORIES.get(unicodedata.category(character)):
        return kind
    return JOINING if cells_of(character) == 0 else None


def _in(code: int, ranges: tuple[range, ...]) -> bool:
    return any(code in these for these in ranges)
