"""The `WORKBENCH_*` variables as a layer: `__` stands for the dot of a key.

Variables that no setting has are no error (other programs' may begin alike); a notice tells of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from workbench.data.errors import Invalid
from workbench.settings import schema
from workbench.settings.layers import Layer, check_name, checked, put_table
from workbench.settings.schema import Key, Leaf, Value

PREFIX = "WORKBENCH_"
# Names the settings file itself, so it can be no setting.
CONFIG_VARIABLE = "WORKBENCH_CONFIG"


def environment_layer(environ: Mapping[str, str], known_sources: Iterable[str], base: Path) -> tuple[Layer, list[str]]:
    """The layer of the environment, and a notice for each variable that means nothing.

    A source that the user's file has is found whatever its case, and with `_` for `-` and `.`.
    """
    layer = Layer(base)
    notices = []
    sources = list(known_sources)
    for variable in sorted(environ):
        text = environ[variable]
        # An empty variable is how shells and container files say "not set".
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE or not text:
            continue
        key = _key_of(variable, sources)
        if key is None:
            notices.append(_unknown(variable))
            continue
        check_name(key, variable)
        leaf = schema.leaf_for(key)
        if leaf is None:
            table = _json_table(variable, text)
            put_table(layer, table, _always(variable), under=key, origin=_origin(variable))
        else:
            layer.put(key, _value(leaf, key, text, variable), _origin(variable))
    return layer, notices


def variables() -> tuple[str, ...]:
    """The name of each variable, with NAME and NOUN for the free parts."""
    return (CONFIG_VARIABLE, *(leaf.variable for leaf in schema.leaves()))


def _always(variable: str) -> Callable[[Key], str]:
    return lambda _: variable


def _origin(variable: str) -> str:
    return f"environment {variable}"


def _key_of(variable: str, sources: list[str]) -> Key | None:
    """The key of a variable, or None; a table's key means that its value is JSON."""
    first, *rest = variable.removeprefix(PREFIX).split("__")
    if first == "SOURCES" and len(rest) >= 2:
        name = _source_name("__".join(rest[:-1]), sources, variable)
        key: Key = ("sources", name, rest[-1].lower())
        return key if rest[-1].isupper() and schema.leaf_for(key) else None
    if first == "KEYS" and rest and all(rest):
        return ("keys", ".".join(rest).lower())
    if first == "COLUMNS" and len(rest) == 1 and rest[0]:
        return ("columns", rest[0].lower())
    key = tuple(part.lower() for part in (first, *rest))
    known = schema.leaf_for(key) or (len(key) == 1 and schema.is_table(key))
    return key if known and variable.isupper() else None


def _source_name(written: str, sources: list[str], variable: str) -> str:
    """The configured source that is meant, or the lower-case name of a new one."""
    if written in sources:
        return written
    plain = re.sub(r"[.-]", "_", written).lower()
    same = [name for name in sources if re.sub(r"[.-]", "_", name).lower() == plain]
    if len(same) > 1:
        raise Invalid(f"{variable}: this may mean any of {', '.join(same)}; rename a source, or use the settings file")
    return same[0] if same else written.lower()


def _value(leaf: Leaf, key: Key, text: str, variable: str) -> Value:
    value: object = text
    if leaf.kind is list:
        value = json.loads(text) if _is_json(text, list) else [part.strip() for part in text.split(",")]
    return checked(leaf, key, value, variable, strict=False)


def _json_table(variable: str, text: str) -> dict[str, Any]:
    if not _is_json(text, dict):
        # The text is not shown: it may hold a password.
        raise Invalid(f"{variable}: this must be a JSON object; or set one value with {variable}__KEY")
    table: dict[str, Any] = json.loads(text)
    return table


def _is_json(text: str, kind: type) -> bool:
    try:
        return isinstance(json.loads(text), kind)
    except (ValueError, RecursionError):
        return False


def _unknown(variable: str) -> str:
    import difflib

    ends = [known.removeprefix(PREFIX) for known in variables()]
    near = difflib.get_close_matches(variable.removeprefix(PREFIX), ends, n=1, cutoff=0.7)
    hint = f"did you mean {PREFIX}{near[0]}?" if near else "unset it, or see `workbench config show`"
    return f"the variable {variable} is no setting and is ignored; {hint}"
