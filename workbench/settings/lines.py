"""On which line of a TOML text each key stands; `tomllib` gives values without lines.

The text must already have been read by `tomllib`: only the lexical shape is followed here, nothing is validated.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|\#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\#\n]*")
# Longest delimiters first. A multi-line string may end with up to two quotes of its own before the delimiter.
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map the path of every table and key of a valid TOML text to its line, counted from 1.

    Elements of arrays have their index in the path, as in `("sources", 0, "name")`.
    """
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    """Walks once over the text and notes the first line of each path."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._newlines = [found.start() for found in re.finditer("\n", text)]
        self._lines: dict[KeyPath, int] = {}
        self._table_arrays: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            table = self._header() if self._next() == "[" else self._pair(table)
            self._skip(_BLANK)
        return self._lines

    def _header(self) -> KeyPath:
        """`[a.b]` or `[[a.b]]`: the path that the following pairs belong to."""
        start = self._at
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        keys = self._keys()
        self._at += 2 if is_array else 1
        path: KeyPath = ()
        for depth, key in enumerate(keys):
            path = (*path, key)
            self._note(path, start)
            if depth < len(keys) - 1 and path in self._table_arrays:
                path = (*path, self._table_arrays[path])
        if is_array:
            self._table_arrays[path] = self._table_arrays.get(path, -1) + 1
            path = (*path, self._table_arrays[path])
            self._note(path, start)
        return path

    def _pair(self, table: KeyPath) -> KeyPath:
        """`a.b = value`, at the top level or in an inline table; gives `table` back."""
        start = self._at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._note(path, start)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)
        return table

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            if self._next() in "\"'":
                # tomllib knows the escapes of a quoted key; it is read as a value here.
                keys.append(str(tomllib.loads(f"k = {self._take(_STRING)}")["k"]))
            else:
                keys.append(self._take(_BARE_KEY))
            self._skip(_SPACE)
            if self._next() != ".":
                return keys
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        opening = self._next()
        if opening in "\"'":
            self._take(_STRING)
        elif opening == "[":
            self._members(path, "]")
        elif opening == "{":
            self._members(path, "}")
        else:
            self._take(_SCALAR)

    def _members(self, path: KeyPath, closing: str) -> None:
        """The members of an array or of an inline table."""
        self._at += 1
        self._skip(_BLANK)
        index = 0
        while self._next() != closing:
            if closing == "]":
                self._note((*path, index), self._at)
                self._value((*path, index))
                index += 1
            else:
                self._pair(path)
            self._skip(_BLANK)
            if self._next() == ",":
                self._at += 1
                self._skip(_BLANK)
        self._at += 1

    def _note(self, path: KeyPath, offset: int) -> None:
        self._lines.setdefault(path, bisect_left(self._newlines, offset) + 1)

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise ValueError("the text ended inside a value; it was not valid TOML")
        return self._text[self._at]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        assert found is not None  # these patterns match the empty string
        self._at = found.end()

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None or found.end() == self._at:
            raise ValueError(f"unexpected {self._text[self._at]!r}; the text was not valid TOML")
        self._at = found.end()
        return found.group()
