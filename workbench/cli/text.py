"""Text on its way to a terminal: nothing that came from outside may act there, or hide.

Paths, names and messages of databases are written by models, users and other programs: hostile by assumption.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Letters by their category, but drawn as nothing at all.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Cn"})
# Supplementary variation selectors draw nothing and can carry any bytes; so can the sixteen basic ones.
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def safe(text: object) -> str:
    """The text with every character shown that a terminal would obey or hide: `␛`, `⟨U+202E⟩`, `\\xff`."""
    plain = str(text)
    if plain.isascii() and plain.isprintable():
        return plain
    return "".join(map(_visible, plain))


def width(text: str) -> int:
    """How many cells of a terminal a safe text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def pad(text: str, cells: int) -> str:
    """A safe text filled up with spaces to so many cells."""
    return text + " " * (cells - width(text))


def cut(text: str, cells: int, *, keep_end: bool = False) -> str:
    """A safe text in at most so many cells; `…` stands for what is left out."""
    if width(text) <= cells:
        return text
    kept = ""
    for character in reversed(text) if keep_end else text:
        if width(kept) + _cells(character) > cells - 1:
            break
        kept += character
    return f"…{kept[::-1]}" if keep_end else f"{kept}…"


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # the control pictures
    if code == 0x7F:
        return "␡"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # a byte that was no UTF-8
    if 0xD800 <= code <= 0xDFFF:
        return f"\\u{code:04x}"
    hidden = unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _BLANK_LETTERS
    if hidden or any(code in selectors for selectors in _SELECTORS):
        return f"⟨U+{code:04X}⟩"
    return character


@lru_cache(maxsize=4096)
def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
