"""Stored values in files, so that each comes back to the bit: in JSON, and in the cells of CSV.

JSON has the value itself where it can. What it has no form for is an object with one name: `{"$bytes": base64}`,
`{"$text": base64}` (a text that is no UTF-8), `{"$int": "…"}` (beyond 2^53), `{"$float": "nan"}`.

A cell of CSV has no type, so the column's declared type says what a bare cell is: a whole number, a number, yes or no,
or a text. A cell that begins with a backslash says it itself:

    \\N            NULL; an empty cell is the empty text
    \\x6869        bytes, in hexadecimal
    \\X68ff        a text that is no UTF-8, in hexadecimal
    \\i5  \\f1.5  \\b1  \\s5   a whole number, a number, yes or no, a text, in a column of another type
    \\\\            a text that begins with a backslash

Within a text, a backslash is `\\\\`, and a character that cannot be seen is `\\n`, `\\r`, `\\t` or `\\u{202e}`. So no
cell holds a line end, nor anything that a terminal would obey.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import NoReturn

from workbench.data.engine.statement import BYTES, shape_of
from workbench.data.engine.stored import Value
from workbench.data.errors import Invalid

WHOLE, NUMBER, TRUTH, TEXT = "whole", "number", "truth", "text"
_EXACT = 2**53  # up to here every reader of JSON has whole numbers exactly
_SHOWN = 60  # characters of a value that a sentence repeats
_KINDS: dict[type, str] = {bool: TRUTH, int: WHOLE, float: NUMBER, str: TEXT}
_OF_SERVER = {
    "boolean": TRUTH, "smallint": WHOLE, "integer": WHOLE, "bigint": WHOLE, "oid": WHOLE,
    "real": NUMBER, "double precision": NUMBER,
}  # fmt: skip
_MARKS = {WHOLE: "i", NUMBER: "f", TRUTH: "b", TEXT: "s"}
_OF_MARKS = {mark: kind for kind, mark in _MARKS.items()}
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
_LONG = {escape: character for character, escape in _SHORT.items()}
_ESCAPE = re.compile(r"\\(?:[nrt\\]|u\{[0-9a-f]{1,6}\})|\\")


# -- JSON --------------------------------------------------------------------------------------------------------


def to_plain(value: Value) -> object:
    """A value as JSON can have it."""
    match value:
        case bytes():
            return {"$bytes": base64.b64encode(value).decode("ascii")}
        case str() if shape_of(value) == BYTES:
            return {"$text": base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")}
        case bool():
            return value
        case int() if abs(value) > _EXACT:
            return {"$int": str(value)}
        case float() if value != value or value in (float("inf"), float("-inf")):
            return {"$float": repr(value)}
    return value


def from_plain(plain: object) -> Value:
    """The value that `to_plain` was given; `Invalid` for what it never makes."""
    if plain is None or isinstance(plain, (bool, int, float, str)):
        return _whole(plain)
    if isinstance(plain, dict) and len(plain) == 1:
        ((name, text),) = plain.items()
        if isinstance(text, str):
            return _marked(str(name), text)
    raise Invalid(f"{_shown(plain)} is no value of a column")


def _marked(name: str, text: str) -> Value:
    try:
        match name:
            case "$bytes":
                return base64.b64decode(text, validate=True)
            case "$text":
                return base64.b64decode(text, validate=True).decode("utf-8", "surrogateescape")
            case "$int":
                return _whole(int(text))
            case "$float":
                return float(text)
    except ValueError:
        pass
    raise Invalid(f"{_shown({name: text})} is no value of a column")


def _whole(value: Value) -> Value:
    """Refuse what no column holds: a number beyond 64 bits, and half of a character."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Invalid(f"{_shown(value)} does not fit 64 bits")
    if isinstance(value, str) and shape_of(value) == BYTES:
        raise Invalid(f"{_shown(value)} holds half of a character, which no column has")
    return value


def dumps(plain: object) -> str:
    """JSON on one line of ASCII, with every control character escaped."""
    text = json.dumps(plain, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("\x7f", "\\u007f")  # the one control character that JSON leaves alone


def loads(text: str) -> dict[str, object]:
    """A line that holds an object; `Invalid` says what is wrong with it. No name stands in it twice."""
    try:
        found = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_single)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid("no object in JSON whose names are all different")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _single(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name that stands there twice")
    return found


# -- cells of CSV ------------------------------------------------------------------------------------------------


def kind_of(declared: str, *, sqlite: bool) -> str:
    """What a bare cell is in a column of this declared type."""
    words = declared.lower()
    if sqlite:
        if "int" in words or words in ("numeric", "boolean"):
            return WHOLE
        return NUMBER if any(word in words for word in ("real", "floa", "doub")) else TEXT
    return _OF_SERVER.get(words, TEXT)


def to_cell(value: Value, kind: str) -> str:
    """A value as a cell of a column of this kind."""
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, str) and shape_of(value) == BYTES:
        return f"\\X{value.encode('utf-8', 'surrogateescape').hex()}"
    own = _KINDS[type(value)]
    if isinstance(value, str):
        bare = value if value.isprintable() and "\\" not in value else "".join(map(_escaped, value))
    else:
        bare = str(int(value)) if own == TRUTH else repr(value)
    return bare if own == kind else f"\\{_MARKS[own]}{bare}"


def from_cell(cell: str, kind: str) -> Value:
    """The value that `to_cell` was given; `Invalid` for what it never makes."""
    if cell == "\\N":
        return None
    try:
        if cell[:2] == "\\x":
            return bytes.fromhex(cell[2:])
        if cell[:2] == "\\X":
            return bytes.fromhex(cell[2:]).decode("utf-8", "surrogateescape")
        if cell[:1] == "\\" and cell[1:2] in _OF_MARKS:
            return _bare(cell[2:], _OF_MARKS[cell[1]])
        return _bare(cell, kind)
    except ValueError:
        raise Invalid(f"{_shown(cell)} is no {'text' if kind == TEXT else 'value'} of this column") from None


def _bare(text: str, kind: str) -> Value:
    if kind == TEXT:
        return _whole(_ESCAPE.sub(_unescaped, text) if "\\" in text else text)
    if not text.isascii() or "_" in text or text != text.strip():  # which Python takes for numbers
        raise ValueError(text)
    if kind == NUMBER:
        return float(text)
    number = int(text)
    _whole(number)
    if kind == TRUTH and number not in (0, 1):
        raise ValueError(text)
    return bool(number) if kind == TRUTH else number


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"


def _unescaped(match: re.Match[str]) -> str:
    escape = match[0]
    if escape in _LONG:
        return _LONG[escape]
    if escape == "\\":
        raise ValueError("a backslash with nothing behind it")
    return chr(int(escape[3:-1], 16))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
