"""The settings as a flat list of leaves: which keys there are, and whether a value may stand there.

A key with a free part is written with a word in capitals: `sources.NAME.target`, `columns.NOUN`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from workbench.settings.model import Settings

Key = tuple[str, ...]
Value = bool | float | str | Path | list[str] | None

# What stands for the free part of a key, by the setting above it.
_FREE = {"sources": "NAME", "columns": "NOUN"}
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WORDS: dict[type, str] = {
    bool: "true or false",
    float: "a number",
    str: "text",
    Path: "a path, as text",
    list: "a list of names",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting: its key, what it says, and the field that declares it."""

    key: Key
    description: str
    field: FieldInfo

    @property
    def kind(self) -> type:
        """bool, float, str, Path or list."""
        return _plain(self.field.annotation)

    @property
    def is_scalar(self) -> bool:
        """Whether the key has no free part, so that it can be an option of the command line."""
        return not any(part in _FREE.values() for part in self.key)

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
        """What holds when no layer says anything."""
        return self.field.get_default(call_default_factory=True)

    def matches(self, key: Key) -> bool:
        """Whether `key` is this setting, its free parts filled in."""
        return len(key) == len(self.key) and all(
            mine == other or mine in _FREE.values() for mine, other in zip(self.key, key, strict=True)
        )

    def checked(self, value: object, *, strict: bool) -> Value:
        """The value as the model holds it; `ValueError` with the end of a sentence when it may not stand here.

        `strict` is for files, whose values have types of their own; the environment has only text.
        """
        if strict and type(value) not in _given_as(self.kind):
            raise ValueError(f"must be {_WORDS[self.kind]}, not {_shown(self, value)}")
        if isinstance(value, str) and not value:
            raise ValueError("must not be empty")
        if isinstance(value, str) and "\0" in value:
            raise ValueError("must not hold a NUL character")
        if self.kind is Path and isinstance(value, str):
            return Path(value)  # any bytes are a path, pydantic wants UTF-8
        try:
            result: Value = _adapter(self).validate_python(value)
            return result
        except ValidationError as error:
            raise ValueError(_sentence_end(self, value, error)) from None


@cache
def leaves() -> tuple[Leaf, ...]:
    """Every setting, in the order of its declaration."""
    return tuple(_leaves_of(Settings, ()))


def leaf_for(key: Key) -> Leaf | None:
    """The setting that `key` names, or None."""
    return next((leaf for leaf in leaves() if leaf.matches(key)), None)


def is_table(key: Key) -> bool:
    """Whether `key` is a table of settings, such as `timeouts` or `sources.prod`."""
    return any(
        len(leaf.key) > len(key)
        and all(mine == other or mine in _FREE.values() for mine, other in zip(leaf.key, key, strict=False))
        for leaf in leaves()
    )


def dotted(key: Key) -> str:
    """A key as TOML would write it: parts that need quotes have them."""
    return ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in key)


def nearest(name: str, names: list[str]) -> str:
    """`; did you mean "…"?`, or the list of what there is."""
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; known are {', '.join(names)}" if names else ""


def unknown(key: Key) -> str:
    """The sentence for a key that no setting has, with the nearest one that there is."""
    siblings = list(dict.fromkeys(leaf.key[len(key) - 1] for leaf in leaves() if _beside(leaf, key)))
    below = {leaf.key[-1]: leaf.dotted for leaf in leaves() if leaf.is_scalar and len(leaf.key) > 1}
    hint = nearest(key[-1], siblings)
    if "did you mean" not in hint and key[-1] in below:
        hint = f'; did you mean "{below[key[-1]]}"?'
    return f'unknown setting "{dotted(key)}"{hint}'


def _beside(leaf: Leaf, key: Key) -> bool:
    """Whether the setting stands in the same table as `key`."""
    return len(leaf.key) >= len(key) and all(
        mine == other or mine in _FREE.values() for mine, other in zip(leaf.key, key[:-1], strict=False)
    )


def _leaves_of(model: type[BaseModel], above: Key) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        key = (*above, name)
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _leaves_of(annotation, key)
        elif get_origin(annotation) is dict:
            member = get_args(annotation)[1]
            key = (*key, _FREE[name])
            if isinstance(member, type) and issubclass(member, BaseModel):
                yield from _leaves_of(member, key)
            else:
                yield Leaf(key, field.description or "", FieldInfo.from_annotation(member))
        else:
            yield Leaf(key, field.description or "", field)


def _plain(annotation: object) -> type:
    """The type under Optional and Annotated."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(member for member in get_args(annotation) if member is not type(None))
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    plain = get_origin(annotation) or annotation
    assert isinstance(plain, type)
    return plain


def _given_as(kind: type) -> tuple[type, ...]:
    """The types by which a TOML file gives such a value; a bool is no number here."""
    return {float: (float, int), Path: (str,)}.get(kind, (kind,))


@cache
def _adapters() -> dict[Key, TypeAdapter[Any]]:
    return {}


def _adapter(leaf: Leaf) -> TypeAdapter[Any]:
    adapters = _adapters()
    if leaf.key not in adapters:
        annotation: Any = leaf.field.annotation
        for constraint in leaf.field.metadata:
            annotation = Annotated[annotation, constraint]
        adapters[leaf.key] = TypeAdapter(annotation)
    return adapters[leaf.key]


def _shown(leaf: Leaf, value: object) -> str:
    """The refused value, short; never that of a target, which may hold a password."""
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    if leaf.key[-1] == "target" or isinstance(value, (list, dict)):
        return names.get(type(value), "this")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:40]}…"' if len(value) > 40 else f'"{value}"'
    return str(value)


def _sentence_end(leaf: Leaf, value: object, error: ValidationError) -> str:
    """What pydantic found wrong, in our words."""
    found = error.errors(include_url=False, include_input=False)[0]
    context = found.get("ctx", {})
    match found["type"]:
        case "value_error":
            return str(context["error"])
        case "greater_than":
            return f"must be greater than {context['gt']:g}, not {_shown(leaf, value)}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}, not {_shown(leaf, value)}"
        case "string_too_short":
            return "must not be empty"
    return f"must be {_WORDS[leaf.kind]}, not {_shown(leaf, value)}"
