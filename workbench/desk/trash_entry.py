"""The entries of the trash as files: a line about the act by which rows went, then a line for each row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.data.engine.stored import Values
from workbench.data.errors import Corrupt, Invalid, NotFound, Unavailable
from workbench.data.transfer_values import dumps, from_plain, loads, to_plain

VERSION = 1
_TEXTS = ("operator", "source", "where", "engine", "verb", "noun")


@dataclass(frozen=True, slots=True)
class About:
    """The act by which rows go: who does what to which thing, and in which database (`where`, without a password)."""

    operator: str
    source: str
    where: str
    engine: str
    verb: str
    noun: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """One row as it stood in its table."""

    table: str
    columns: tuple[str, ...]
    row: Values


@dataclass(frozen=True, slots=True)
class Entry:
    """What one act has put into the trash. `undone` says when its rows were put back; None while they were not."""

    id: str
    time: datetime
    about: About
    rows: int
    size: int
    undone: datetime | None
    path: Path


def head_line(id: str, time: datetime, about: About) -> str:
    """The first line of an entry."""
    told = {
        "v": VERSION, "id": id, "time": time.isoformat(),
        "operator": about.operator, "source": about.source, "where": about.where, "engine": about.engine,
        "verb": about.verb, "noun": about.noun, "keys": list(about.keys),
    }  # fmt: skip
    return f"{dumps(told)}\n"


def row_line(kept: Kept) -> str:
    """The line of a row."""
    values = {name: to_plain(value) for name, value in zip(kept.columns, kept.row, strict=True)}
    return f"{dumps({'table': kept.table, 'row': values})}\n"


def read_row(text: str) -> Kept:
    """The row of a line; `Invalid` where it is none."""
    found = loads(text)
    table, values = found.get("table"), found.get("row")
    if not isinstance(table, str) or not isinstance(values, dict):
        raise Invalid("no table and no row in it")
    return Kept(table, tuple(values), tuple(map(from_plain, values.values())))


def read_head(text: str, path: Path, id: str) -> About:
    """The act of the first line; `Corrupt` where it is no such line."""
    try:
        found = loads(text)
    except Invalid:
        found = {}
    keys = found.get("keys")
    if found.get("v") != VERSION or not isinstance(keys, list) or found.get("id") != id:
        raise Corrupt(f"{path} is no entry that this version can read: leave it, or let it go by `trash empty`")
    texts = {name: found.get(name) for name in _TEXTS}
    if not all(isinstance(value, str) for value in [*texts.values(), *keys]):
        raise Corrupt(f"{path} does not say whose rows it has: leave it, or let it go by `trash empty`")
    return About(**texts, keys=tuple(keys))  # type: ignore[arg-type]


@contextmanager
def reading(path: Path, id: str) -> Iterator[Iterator[str]]:
    """The lines of an entry. One without its end was never kept: a crash came, and nothing was deleted after it."""
    try:
        with path.open(encoding="ascii", errors="backslashreplace", newline="\n") as file:
            yield (line for line in file if line.endswith("\n"))
    except FileNotFoundError:
        raise NotFound(f"the trash has no entry {id!r} any more: `workbench trash list` shows them") from None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}; check the disk, and who may read it") from None
