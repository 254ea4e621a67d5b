"""A JSON text as a flat row of tokens that loses nothing: keys that stand twice, numbers as written, any depth.

Flat, because a tree of hostile depth breaks whatever walks it by recursion.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

KEY, STRING, NUMBER, WORD = "key", "string", "number", "word"
_NAMES = {STRING: "a text", NUMBER: "a number"}  # a word or a sign is its own name
_OPENING = {"{": "}", "[": "]"}

_TOKEN = re.compile(
    r"""[ \t\n\r]*+(?:(?P<sign>[{}\[\],:])
    |(?P<string>"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")
    |(?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)(?![0-9A-Za-z.+-])
    |(?P<word>true|false|null)(?![0-9A-Za-z])
    |(?P<end>\Z))""",
    re.VERBOSE,
)
_BLANK = re.compile(r"[ \t\n\r]*+")


class NotJson(ValueError):
    """The text is no JSON; `at` is the place of the first character that does not belong."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(why)
        self.at = at


class Token(NamedTuple):
    """A bracket, a key, or a value: keys and strings are decoded, numbers and words as they are written."""

    kind: str
    text: str


def read(text: str) -> list[Token]:
    """The tokens of a JSON text, without its commas and colons; `NotJson` where it is none."""
    found: list[Token] = []
    closing: list[str] = []
    wanted, at = "value", 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _broken(text, at)
        kind, at = match.lastgroup or "", match.end()
        piece = match[kind]
        if kind == "sign":
            kind = piece
        if kind == "end":
            if wanted != "end":
                raise NotJson(len(text), "the text ends too early")
            return found
        if kind == ":" and wanted == ":":
            wanted = "value"
        elif kind == "," and wanted == "," and closing:
            wanted = "key" if closing[-1] == "}" else "value"
        elif closing and kind == closing[-1] and (wanted == "," or found[-1].kind in _OPENING):
            found.append(Token(closing.pop(), ""))
            wanted = "," if closing else "end"
        elif kind == "string" and wanted in ("key", "first key"):
            found.append(Token(KEY, json.loads(piece)))
            wanted = ":"
        elif wanted in ("value", "first value") and kind not in ("}", "]", ",", ":"):
            wanted = "," if closing else "end"
            if kind in _OPENING:
                closing.append(_OPENING[kind])
                wanted = "first key" if kind == "{" else "first value"
                piece = ""
            found.append(Token(kind, json.loads(piece) if kind == STRING else piece))
        else:
            raise NotJson(match.start(match.lastgroup or 0), f"{_NAMES.get(kind, piece)} does not belong here")


def ends(tokens: list[Token]) -> list[int]:
    """For each token the place after the value that begins with it."""
    after = list(range(1, len(tokens) + 1))
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token.kind in _OPENING:
            opened.append(place)
        elif token.kind in ("}", "]"):
            after[opened.pop()] = place + 1
    return after


def is_opening(token: Token) -> bool:
    """Whether an object or a list begins here."""
    return token.kind in _OPENING


def _broken(text: str, at: int) -> NotJson:
    blank = _BLANK.match(text, at)
    at = blank.end() if blank else at
    return NotJson(at, "a text in quotes that is broken or has no end" if text[at] == '"' else "no JSON begins here")
