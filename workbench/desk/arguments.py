"""What a tool is to be called with, for people: nothing left out, nothing hidden, secrets masked.

JSON is laid out with two spaces a level. Its strings stay in quotes with `\\n`, `\\"` and `\\\\`, so that no text can
pass for another key; one of many lines is shown as one quoted piece a line, and the pieces joined are the string.
Other escapes are decoded: `\\u003c` is shown as `<` and `\\u202e` as `⟨U+202E⟩`, counted like the character itself.
What is no JSON is shown as it is stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from workbench.data.engine.page import Damaged
from workbench.desk import json_shape as shape
from workbench.desk.json_names import difference, differing_keys, repeated
from workbench.desk.json_shape import KEY, NUMBER, STRING, WORD, NotJson, Token
from workbench.desk.safe import (
    NOTHING,
    SafeText,
    Shown,
    plain,
    safe,
    safe_counted,
    safe_lines_counted,
    shown_as,
    together,
)
from workbench.desk.secrets import Masked, Secret, mask
from workbench.desk.signs import SURROGATE

MASK, FAINT = "mask", "faint"
Piece = tuple[SafeText, str]

_DEEPEST = 40  # levels are told by their brackets alone from here on: a line would be all indentation
_LONGEST_KEY = 60
_SAID = 80
_PREVIEW = 4096
_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\r\n", "\\r\\n"), ("\n", "\\n"), ("\t", "\\t"))
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_HALVES = re.compile(r"[\ud800-\udfff]")
_NONE = plain("no arguments")


@dataclass(frozen=True, slots=True)
class Line:
    """One line in pieces: text and what it is (`key`, `string`, `number`, `word`, `mask`, `faint` or nothing)."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> SafeText:
        """The whole line."""
        return plain("").join(text for text, _ in self.pieces)

    @property
    def spans(self) -> tuple[tuple[int, int, str], ...]:
        """Start, end and kind of the pieces that have a kind."""
        stops = accumulate(len(text) for text, _ in self.pieces)
        return tuple(
            (stop - len(text), stop, kind) for (text, kind), stop in zip(self.pieces, stops, strict=True) if kind
        )


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments as lines, what is to be said about them, how many secrets they hold and what signs they have.

    `notes` says nothing of the secrets and signs: faces gather those from all parts of an item.
    """

    lines: tuple[Line, ...]
    notes: tuple[SafeText, ...] = ()
    secrets: int = 0
    shown: Shown = NOTHING


def arguments(args: object, *, reveal: bool = False) -> Arguments:
    """The arguments of an approval, as its record holds them. Revealed they have the same lines, unmasked."""
    if isinstance(args, Damaged):
        return _damaged(args, reveal)
    text = args if isinstance(args, str) else str(args)
    if not text:
        return Arguments((Line(((_NONE, FAINT),)),))
    try:
        tokens = shape.read(text)
    except NotJson as error:
        told = plain(f"not valid JSON, shown as it is stored (at character {error.at + 1:,}: ") + safe(error)
        return as_text(text, notes=(told + plain(")"),), reveal=reveal)
    page = _Page(reveal)
    _lay_out(tokens, page)
    notes = [] if tokens[0].kind == "{" else [plain("JSON, but no object with names and values")]
    return Arguments(page.lines(), (*notes, *repeated(tokens)), page.secrets, together(page.shown))


class _Page:
    """Lines in the making."""

    def __init__(self, reveal: bool) -> None:
        self.secrets = 0
        self.shown: list[Shown] = []
        self._reveal = reveal
        self._done: list[Line] = []
        self._pieces: list[Piece] = []

    def lines(self) -> tuple[Line, ...]:
        self.new_line()
        return tuple(self._done)

    def new_line(self, level: int = 0) -> None:
        if self._pieces:
            self._done.append(Line(tuple(self._pieces)))
            self._pieces = []
        if level:
            self._pieces.append((_indented(min(level, _DEEPEST)), ""))

    def own(self, words: str) -> None:
        self._add(plain(words), "")

    def raw(self, text: str, kind: str) -> None:
        """Add text that came from outside."""
        ready, shown = safe_counted(text)
        self._add(ready, kind)
        if shown.found:
            self.shown.append(shown)

    def _add(self, text: SafeText, kind: str) -> None:
        if self._pieces and self._pieces[-1][1] == kind != MASK:
            text = self._pieces.pop()[0] + text
        if text:
            self._pieces.append((text, kind))

    def secret(self, secret: Secret, text: str) -> None:
        """Add a secret that is counted already."""
        if self._reveal:
            self.raw(text, MASK)
        else:
            self._pieces.append((secret.words, MASK))

    def number(self, masked: Masked) -> None:
        self.secrets += masked.count
        for piece in masked.pieces():
            if piece.secret:
                self.secret(piece.secret, piece.text)
            else:
                self.raw(piece.text, NUMBER)

    def string(self, masked: Masked, level: int, kind: str = STRING) -> None:
        """Add a string in quotes; one of many lines as one piece a line, each but the first on a new line."""
        self.secrets += masked.count
        self.raw('"', kind)
        begun = False  # whether a line feed was written that more text follows
        for text, secret in masked.pieces():
            for part in [text] if secret else _LINES.findall(text):
                if begun:
                    self.raw('"', kind)
                    self.new_line(level)
                    self.raw('"', kind)
                begun = part.endswith("\n")
                if secret:
                    self.secret(secret, part)
                else:
                    self._escaped(part, kind)
        self.raw('"', kind)

    def _escaped(self, text: str, kind: str) -> None:
        for character, escape in _ESCAPES:
            if character in text:
                text = text.replace(character, escape)
        if halves := _HALVES.findall(text):
            text = _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
            self.shown.append(shown_as(SURROGATE, [f"\\u{ord(half):04x}" for half in halves]))
        self.raw(text, kind)


@lru_cache(maxsize=_DEEPEST)
def _indented(level: int) -> SafeText:
    return plain("  " * level)


# -- laying out ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Frame:
    """An object or a list that is being laid out, and what in it says that a value is secret."""

    is_object: bool
    key: str = ""
    name: str = ""
    said: str = ""
    previous: str = field(default="", repr=False)


def _lay_out(tokens: list[Token], page: _Page) -> None:
    frames: list[_Frame] = []
    for place, (kind, text) in enumerate(tokens):
        following = tokens[place + 1].kind if place + 1 < len(tokens) else ""
        frame = frames[-1] if frames else None
        if kind in ("}", "]"):
            frames.pop()
            if not shape.is_opening(tokens[place - 1]):
                page.new_line(len(frames))
            page.own(kind)
        elif kind == KEY:
            page.new_line(len(frames))
            page.string(mask(text), len(frames) + 1, KEY)
            page.own(":")
            if frame:
                frame.key = text
            continue
        else:
            if frame and not frame.is_object:
                page.new_line(len(frames))
            _lay_out_value(kind, text, frame, page, len(frames))
            if kind in ("{", "["):
                frames.append(_Frame(kind == "{", frame.key if frame else ""))
                continue
        if following and following not in ("}", "]"):
            page.own(",")


def _lay_out_value(kind: str, text: str, frame: _Frame | None, page: _Page, level: int) -> None:
    after_key = frame is not None and frame.is_object
    if kind == STRING:
        many = "\n" in text[:-1]
        if many and after_key:
            page.new_line(level + 1)
        elif after_key:
            page.own(" ")
        page.string(_masked(text, frame), level + 1)
        return
    if after_key:
        page.own(" ")
    if kind == NUMBER:
        page.number(_masked(text, frame))
    else:
        page.raw(text or kind, WORD if kind == WORD else "")


def _masked(value: str, frame: _Frame | None) -> Masked:
    """The secrets of a value, also those that only its name or its neighbours tell."""
    if frame is None:
        return mask(value)
    after = []
    if _tells(frame.key):
        after.append(_named(frame.key))
    if frame.is_object:
        # {"name": "DB_PASSWORD", "value": "…"}, as lists of variables have it
        if frame.key.lower() in ("name", "key", "header", "field"):
            frame.name = value
        elif frame.name and frame.key.lower() in ("value", "val", "content") and _tells(frame.name):
            after.append(_named(frame.name))
    else:
        # ["mysql", "-p…"], as programs take their arguments
        if value[:1] == "-" or frame.previous[:1] == "-":
            after.append(f"{frame.said} ")
        frame.said, frame.previous = f"{frame.said} {value}"[-_SAID:], value
    return mask(value, after=after) if after or len(value) > 4 else Masked(value, ())


def _named(key: str) -> str:
    return f'"{key[-_LONGEST_KEY:]}": "'


@lru_cache(maxsize=1024)
def _tells(key: str) -> bool:
    """Whether a value of this name is secret whatever it is."""
    return mask("abcdefgh", after=[_named(key)]).count > 0


# -- what is no JSON -----------------------------------------------------------------------------------------


def as_text(text: str, *, notes: tuple[SafeText, ...] = (), reveal: bool = False) -> Arguments:
    """Any text in lines, as it is stored but for its secrets: a question, a reason, arguments that are no JSON."""
    masked = mask(text)
    lines: list[list[Piece]] = [[]]
    shown = []
    for part, secret in masked.pieces():
        if secret and not reveal:
            lines[-1].append((secret.words, MASK))
            continue
        (first, *rest), found = safe_lines_counted(part)
        lines[-1].append((first, MASK if secret else ""))
        lines += ([(line, "")] for line in rest)
        shown.append(found)
    return Arguments(tuple(Line(tuple(pieces)) for pieces in lines), notes, masked.count, together(shown))


def _damaged(damaged: Damaged, reveal: bool) -> Arguments:
    """Why it cannot be read, and what stands there: bytes as text, each that is none as `\\xff`."""
    raw = damaged.raw
    if isinstance(raw, (bytes, bytearray, memoryview)):
        kept = bytes(raw[:_PREVIEW])
        text, more = kept.decode("utf-8", "surrogateescape"), len(raw) - len(kept)
    else:
        text = str(raw)
        text, more = text[:_PREVIEW], max(len(text) - _PREVIEW, 0)
    notes = [plain("the arguments cannot be read: ") + safe(damaged.why)]
    if more:
        notes.append(plain(f"{more:,} more are not shown"))
    return as_text(text, notes=tuple(notes), reveal=reveal)


__all__ = ["Arguments", "Line", "arguments", "as_text", "difference", "differing_keys"]
