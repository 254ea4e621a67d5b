"""The settings as a flat list of leaves: which keys there are, and whether a value may stand there.

A key with a free part is written with a word in capitals: `sources.NAME.target`, `columns.NOUN`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from workbench.settings.model import Declared, Settings, declaration_of, is_table_type

Key = tuple[str, ...]
Value = bool | float | str | Path | list[str] | None

WORDS: dict[type, str] = {
    bool: "true or false",
    float: "a number",
    str: "text",
    Path: "a path, as text",
    list: "a list of names",
}
# What a text may say that is a bool beyond doubt, in any case of its letters.
_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
# Whole numbers below this are the same as a float; what is above is left to the judge.
_LARGE = 1 << 53


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting: its key, the type that its value has, and what is declared of it."""

    key: Key
    annotation: Any
    declared: Declared
    field: Field[Any]

    @property
    def kind(self) -> type:
        """bool, float, str, Path or list."""
        return _plain(self.annotation)

    @property
    def description(self) -> str:
        """What the setting is for, in one sentence."""
        return self.declared.description

    @property
    def is_scalar(self) -> bool:
        """Whether the key has no free part, so that it can be an option of the command line."""
        return not any(map(_is_free, self.key))

    @property
    def dotted(self) -> str:
        """The key as it is written in words: `timeouts.connect`."""
        return ".".join(self.key)

    @property
    def variable(self) -> str:
        """The variable of the environment: `WORKBENCH_TIMEOUTS__CONNECT`."""
        return "WORKBENCH_" + "__".join(self.key).upper()

    @property
    def option(self) -> str:
        """The option of the command line: `--timeouts-connect`."""
        return "--" + "-".join(self.key).replace("_", "-")

    @property
    def default(self) -> object:
        """What holds when no layer says anything; None where something must be said."""
        if self.field.default_factory is not MISSING:
            return self.field.default_factory()
        return None if self.field.default is MISSING else self.field.default

    def matches(self, key: Key) -> bool:
        """Whether `key` is this setting, its free parts filled in."""
        return len(key) == len(self.key) and _begins(self, key)

    def checked(self, value: object, *, strict: bool) -> Value:
        """The value as the settings hold it; `ValueError` with the end of a sentence when it may not stand here.

        `strict` is for files, whose values have types of their own; the environment has only text.
        """
        if self.declared.one and isinstance(value, str):
            value = [value]
        if strict and type(value) not in _given_as(self.kind):
            words = f"text or {WORDS[self.kind]}" if self.declared.one else WORDS[self.kind]
            raise ValueError(f"must be {words}, not {shown(self, value)}")
        if isinstance(value, str) and not value:
            raise ValueError("must not be empty")
        if isinstance(value, str) and "\0" in value:
            raise ValueError("must not hold a NUL character")
        if self.kind is Path and isinstance(value, str):
            return Path(value)  # any bytes are a path, pydantic wants UTF-8
        if (plain := self.plainly(value)) is not None:
            return plain
        # The judge takes longer to load than most commands take to answer, and settings are nearly always in order.
        from workbench.settings.judging import judged

        return judged(self, value)

    def plainly(self, value: object) -> Value:
        """The value as the settings hold it when it is right at first sight; None leaves it to the judge."""
        kind = self.kind
        if kind is bool:
            return value if isinstance(value, bool) else _BOOLS.get(value.lower()) if isinstance(value, str) else None
        if kind is float:
            return self._number(value)
        if kind is list:
            return [*value] if isinstance(value, list) and all(map(_is_text, value)) else None
        return self._text(value) if kind is str else None

    def _number(self, value: object) -> float | None:
        if isinstance(value, str) and value.isascii() and value.replace(".", "", 1).isdigit():
            value = float(value)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return None
        above, most = self.declared.above, self.declared.most
        within = (above is None or value > above) and (most is None or value <= most)
        return float(value) if within and abs(value) < _LARGE else None

    def _text(self, value: object) -> str | None:
        if not isinstance(value, str) or not _is_text(value):
            return None
        try:
            return self.declared.rule(value) if self.declared.rule else value
        except ValueError:
            return None


@cache
def leaves() -> tuple[Leaf, ...]:
    """Every setting, in the order of its declaration."""
    return tuple(_leaves_of(Settings, ()))


def leaf_for(key: Key) -> Leaf | None:
    """The setting that `key` names, or None."""
    return next((leaf for leaf in leaves() if leaf.matches(key)), None)


def is_table(key: Key) -> bool:
    """Whether `key` is a table of settings, such as `timeouts` or `sources.prod`."""
    return any(len(leaf.key) > len(key) and _begins(leaf, key) for leaf in leaves())


def dotted(key: Key) -> str:
    """A key as TOML would write it: parts that need quotes have them."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"' for part in key)


def nearest(name: str, names: list[str]) -> str:
    """`; did you mean "…"?`, or the list of what there is."""
    import difflib

    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; known are {', '.join(names)}" if names else ""


def unknown(key: Key) -> str:
    """The sentence for a key that no setting has, with the nearest one that there is."""
    siblings = list(dict.fromkeys(leaf.key[len(key) - 1] for leaf in leaves() if _is_beside(leaf, key)))
    below = {leaf.key[-1]: leaf.dotted for leaf in leaves() if leaf.is_scalar and len(leaf.key) > 1}
    hint = nearest(key[-1], siblings)
    if "did you mean" not in hint and key[-1] in below:
        hint = f'; did you mean "{below[key[-1]]}"?'
    return f'unknown setting "{dotted(key)}"{hint}'


def shown(leaf: Leaf, value: object) -> str:
    """The refused value, short; never that of a target, which may hold a password."""
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    if leaf.key[-1] == "target" or isinstance(value, (list, dict)):
        return names.get(type(value), "this")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:40]}…"' if len(value) > 40 else f'"{value}"'
    return str(value)


def _is_free(part: str) -> bool:
    """Whether a part of a leaf's key stands for any name; settings have names in small letters."""
    return part.isupper()


def _begins(leaf: Leaf, key: Key) -> bool:
    """Whether the leaf's key and `key` are the same as far as both go."""
    return all(mine == other or _is_free(mine) for mine, other in zip(leaf.key, key, strict=False))


def _is_beside(leaf: Leaf, key: Key) -> bool:
    """Whether the setting stands in the same table as `key`."""
    return len(leaf.key) >= len(key) and _begins(leaf, key[:-1])


def _is_text(value: object) -> bool:
    """Whether a value is text that every program can read: bytes that are no UTF-8 come as lone surrogates."""
    if not isinstance(value, str):
        return False
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _leaves_of(model: type, above: Key) -> Iterator[Leaf]:
    for field in fields(model):
        annotation, declared = declaration_of(field)
        key = (*above, field.name, declared.free) if declared.free else (*above, field.name)
        if is_table_type(annotation):
            yield from _leaves_of(annotation, key)
        else:
            yield Leaf(key, annotation, declared, field)


def _plain(annotation: object) -> type:
    """The type under Optional, without what it holds."""
    if isinstance(annotation, UnionType):
        annotation = next(member for member in get_args(annotation) if member is not type(None))
    plain = get_origin(annotation) or annotation
    assert isinstance(plain, type)
    return plain


def _given_as(kind: type) -> tuple[type, ...]:
    """The types by which a TOML file gives such a value; a bool is no number here."""
    return {float: (float, int), Path: (str,)}.get(kind, (kind,))
