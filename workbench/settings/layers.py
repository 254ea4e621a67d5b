"""A layer of settings: checked values by key, and for each where it stands.

Tables that come from a file or from JSON are flattened here, and refused with their place when they are wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.data.errors import Invalid
from workbench.settings import schema
from workbench.settings.schema import Key, Value

# "home" is the workbench's own home on the command line, whatever the settings say.
RESERVED_NAMES = ("home",)
_TOML_TYPES = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}


@dataclass(frozen=True, slots=True)
class Layer:
    """Checked values, where each stands, and the directory that relative paths start from."""

    base: Path
    values: dict[Key, Value] = field(default_factory=dict)
    origins: dict[Key, str] = field(default_factory=dict)

    def put(self, key: Key, value: Value, origin: str) -> None:
        """Note a checked value."""
        self.values[key] = self.base / value if isinstance(value, Path) else value
        self.origins[key] = origin

    def source_names(self) -> list[str]:
        """The names of the sources that this layer says something about."""
        return list(dict.fromkeys(key[1] for key in self.values if key[0] == "sources"))


def put_table(
    layer: Layer, table: Mapping[str, Any], place: Callable[[Key], str], *, under: Key = (), origin: str = ""
) -> None:
    """Put each setting of a nested table into `layer`; `place(key)` begins the sentence of a refusal.

    The place is also the origin, unless `origin` is given.
    """
    for name, value in table.items():
        key = (*under, name)
        leaf = schema.leaf_for(key)
        if leaf is not None and leaf.declared.one and isinstance(value, dict):
            # TOML takes a dot in a name for a table in a table, and so `view.help = "f1"` may be written as it is.
            for path, inner in _flattened(value):
                full, written = (*under, ".".join((name, *path))), (*key, *path)
                layer.put(full, checked(leaf, full, inner, place(written), strict=True), origin or place(written))
            continue
        if leaf is not None:
            layer.put(key, checked(leaf, key, value, place(key), strict=True), origin or place(key))
            continue
        if not schema.is_table(key):
            raise Invalid(f"{place(key)}: {schema.unknown(key)}")
        check_name(key, place(key))
        if not isinstance(value, dict):
            what = _TOML_TYPES.get(type(value), "this")
            raise Invalid(f"{place(key)}: {schema.dotted(key)} must be a table, not {what}")
        put_table(layer, value, place, under=key, origin=origin)


def _flattened(table: Mapping[str, Any]) -> Iterator[tuple[Key, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from (((name, *path), inner) for path, inner in _flattened(value))
        else:
            yield (name,), value


def check_name(key: Key, place: str) -> None:
    """Refuse a key whose free part is no name for a source."""
    if len(key) < 2 or key[0] != "sources":
        return
    name = key[1]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise Invalid(
            f'{place}: "{name}" is no name for a source; '
            'use letters, digits, ".", "_" and "-", beginning with a letter or a digit'
        )
    if name.lower() in RESERVED_NAMES:
        raise Invalid(f'{place}: "{name}" is the workbench\'s own home; give this source another name')


def checked(leaf: schema.Leaf, key: Key, value: object, place: str, *, strict: bool) -> Value:
    """The value as the model holds it; `Invalid` with its place when it may not stand here."""
    try:
        result = leaf.checked(value, strict=strict)
        return result.expanduser() if isinstance(result, Path) else result
    except ValueError as error:
        raise Invalid(f"{place}: {schema.dotted(key)} {error}") from None
    except RuntimeError:  # "~somebody" who does not exist here
        raise Invalid(f'{place}: {schema.dotted(key)} begins with "~", but that home is not known') from None
