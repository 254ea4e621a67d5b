"""Generated functions: binding parameters and building records without a call per field.

As `dataclasses` does for `__init__`, the source is put together from declared names (never from data) and
compiled once per statement. The common case costs what code written by hand would cost; whatever is unusual
goes through the codec, and a row that cannot be read whole goes to the caller's `rescue`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.data.engine.codecs import Codec
from workbench.data.engine.page import Damage, Damaged
from workbench.data.engine.times import Unreadable
from workbench.data.errors import Corrupt

if TYPE_CHECKING:
    from workbench.data.engine.statement import Row

R = TypeVar("R")
# Whatever reading an unexpected value raises; the careful reading then says why.
ODD = (ValueError, IndexError, TypeError, OverflowError)


def _compile(name: str, lines: list[str], names: dict[str, object]) -> Any:  # noqa: ANN401
    scope = dict(names)
    exec("\n".join(lines), scope)  # noqa: S102 - the text comes from declarations alone
    return scope[name]


def binder(
    placeholders: Sequence[str], codecs: Mapping[str, Codec], dialect: str
) -> Callable[[Mapping[str, Any]], tuple[object, ...]]:
    """A function that takes parameters by name and returns what the driver is given, in placeholder order."""
    names: dict[str, object] = {}
    lines = ["def bind(p):"]
    distinct = list(dict.fromkeys(placeholders))
    for i, name in enumerate(distinct):
        codec = codecs[name]
        names[f"e{i}"] = codec.encode[dialect]
        quick = (codec.quick_encode or {}).get(dialect, "{e}({v})")
        expression = quick.format(v=f"v{i}", e=f"e{i}")
        if codec.nullable:
            expression = f"None if v{i} is None else ({expression})"
        lines += [f"    v{i} = p[{name!r}]", f"    v{i} = {expression}"]
    values = "".join(f"v{distinct.index(name)}, " for name in placeholders)
    lines.append(f"    return ({values})")
    return _compile("bind", lines, names)  # type: ignore[no-any-return]


def _record(row: "Row[R]", width: int, names: dict[str, object]) -> tuple[str, str]:
    """The unpacking target and the record expression that all builders share."""
    cells = []
    for i, (_, codec) in enumerate(row.columns):
        names[f"d{i}"] = codec.decode
        expression = (codec.quick or "{d}({v})").format(v=f"r{i}", d=f"d{i}")
        if codec.nullable:
            names[f"n{i}"] = codec.null
            expression = f"n{i} if r{i} is None else ({expression})"
        cells.append(expression)
    if row.stored:
        texts = ", ".join(f"{name!r}: r{i}" for i, (name, codec) in enumerate(row.columns) if codec.instant)
        cells.append("{" + texts + "}")
    names |= {"ODD": ODD, "record": row.record, "fromiso": datetime.fromisoformat, "rescue_one": rescuer(row, None)}
    extra = ", *_" if width > len(row.columns) else ""
    target = "(" + ", ".join(f"r{i}" for i in range(len(row.columns))) + (extra or ",") + ")"
    return target, f"record({', '.join(cells)})"


def builder(row: "Row[R]", width: int) -> Callable[[Sequence[Any]], R]:
    """A function that makes one record of one raw row."""
    names: dict[str, object] = {}
    target, expression = _record(row, width, names)
    lines = [
        "def build(row):",
        "    try:",
        f"        {target} = row",
        f"        return {expression}",
        "    except ODD:",
        "        return rescue_one(row)",
    ]
    return _compile("build", lines, names)  # type: ignore[no-any-return]


def builder_of_all(
    row: "Row[R]", width: int
) -> Callable[[Sequence[Sequence[Any]], Callable[[Sequence[Any]], R | None]], list[R]]:
    """A function that makes records of many raw rows; `rescue` gets those that cannot be read whole."""
    names: dict[str, object] = {}
    target, expression = _record(row, width, names)
    lines = [
        "def build_all(rows, rescue):",
        "    out = []",
        "    add = out.append",
        "    for row in rows:",
        "        try:",
        f"            {target} = row",
        f"            add({expression})",
        "        except ODD:",
        "            saved = rescue(row)",
        "            if saved is not None:",
        "                add(saved)",
        "    return out",
    ]
    return _compile("build_all", lines, names)  # type: ignore[no-any-return]


def rescuer(row: "Row[R]", damage: list[Damage] | None) -> Callable[[Sequence[Any]], R | None]:
    """Read a damaged row field by field. With a damage list, a row without readable key is only listed there."""

    def rescue(raw: Sequence[Any]) -> R | None:
        fields: dict[str, object] = {}
        for (name, codec), value in zip(row.columns, raw, strict=False):
            try:
                fields[name] = codec.null if value is None and codec.nullable else codec.decode(value)
            except Unreadable as error:
                fields[name] = Damaged(value, str(error))
            except ODD as error:
                fields[name] = Damaged(value, f"unreadable: {error}")
        broken = [name for name in row.key if isinstance(fields[name], Damaged)]
        key = None if broken else tuple(fields[name] for name in row.key)
        if damage is not None:
            found = ((name, value) for name, value in fields.items() if isinstance(value, Damaged))
            damage.extend(Damage(key, name, value) for name, value in found)
            if broken:
                return None
        elif broken:
            raise Corrupt(f"a row of {row.table.name if row.table else 'the result'} has an unreadable {broken[0]}")
        stored = {name: raw[i] for i, (name, codec) in enumerate(row.columns) if codec.instant}
        return row.record(*fields.values(), *([stored] if row.stored else []))

    return rescue
