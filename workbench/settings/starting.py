"""The settings file to begin with: every setting there is, at its default, commented out and in words.

Commented out, because a default that is written down would hold for ever, also when a later version has a better one.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from workbench.settings.schema import Leaf, leaves

_WIDTH = 100
_HEAD = (
    "The settings of the workbench. Every line below is a default: take the # away to change one. "
    "`workbench config show --origin` says what holds and why, `workbench source add` adds a source at the end."
)
# What stands where there is no default, by the type of the value.
_EXAMPLES: dict[type, object] = {bool: False, float: 1.0, str: "…", Path: "/path/to/file", list: ["name", "state"]}


def starter_text() -> str:
    """The text of the file, made from the declared settings."""
    return "\n".join([*_comment(_HEAD), *_body()]) + "\n"


def _body() -> Iterator[str]:
    # TOML wants the settings without a table first.
    ordered = sorted(leaves(), key=lambda leaf: len(leaf.key) > 1)
    for table, group in groupby(ordered, key=lambda leaf: leaf.key[:-1]):
        if table:
            yield from ("", f"#[{'.'.join(table)}]")
        for leaf in group:
            if not table:
                yield ""
            yield from _comment(leaf.description)
            yield f"#{leaf.key[-1]} = {_value(leaf)}"


def _value(leaf: Leaf) -> str:
    import tomlkit

    value = leaf.default if leaf.is_scalar or isinstance(leaf.default, (bool, int, float)) else None
    if value is None or not isinstance(value, (bool, int, float, str, Path, list)):
        value = list(leaf.declared.example) or _EXAMPLES.get(leaf.kind, "…")
    return tomlkit.item(str(value) if isinstance(value, Path) else value).as_string()


def _comment(words: str) -> list[str]:
    return textwrap.wrap(words, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False)
