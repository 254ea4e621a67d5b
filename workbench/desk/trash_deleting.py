"""Deleting rows so that they can be put back: read as they stand, kept in the trash, and only then deleted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import sleep
from typing import TYPE_CHECKING

from workbench.data.engine.stored import StoredTable, Value, Values
from workbench.data.errors import Conflict, WorkbenchError
from workbench.desk.trash import About, Kept, Trash

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.data.engine.database import Database

TOGETHER = 200  # rows of one transaction
PAUSE = 0.010  # seconds between two, where another program writes too: each lock of ours can fail a write of its own


@dataclass(frozen=True, slots=True)
class Doomed:
    """Rows that are to go: those of a table that have these values in these columns.

    That is their key, and whatever else must still be as it was shown. A text also means the same bytes.
    """

    table: str
    where: Mapping[str, Value]


@dataclass(slots=True)
class Deleted:
    """What has gone: the entry of the trash that has it (None: nothing was there), how many rows, and what was
    not there, or no longer as it was shown. `stopped`: it was told to stop before the rest."""

    entry: str | None = None
    count: int = 0
    missing: list[Doomed] = field(default_factory=list)
    stopped: bool = False


def about(source: Source, operator: str, verb: str, noun: str, keys: Iterable[object] = ()) -> About:
    """The act, as the trash notes it."""
    return About(operator, source.name, address(source), source.engine, verb, noun, tuple(map(str, keys)))


def address(source: Source) -> str:
    """Where a database is, however it was named: the file itself, or the server without a password."""
    return source.display if source.path is None else os.path.realpath(source.database.display)


def deleting(
    source: Source,
    doomed: Iterable[Doomed],
    trash: Trash,
    act: About,
    *,
    progress: Callable[[int], None] = lambda _: None,
    go_on: Callable[[], bool] = lambda: True,
) -> Deleted:
    """Delete rows after they were kept; some hundred are one transaction, and all of them one entry of the trash.

    When a row is gone, it is on disk in the trash. A crash between the two leaves an entry whose rows are all there.
    What the trash cannot take is not deleted. After a transaction `progress` is told how many rows have gone, before
    one `go_on` is asked.
    """
    whole = Deleted()
    rest, number = _chunks(doomed), 0
    while True:
        try:
            chunk = next(rest, None)  # what is next may be read only now, and that may fail as well
            if chunk is None:
                break
            if not go_on():
                whole.stopped = True
                break
            if number and not source.ours:
                sleep(PAUSE)
            step = _Step(chunk, trash, act, whole.entry)
            deleted = source.database.transact(step, durable=True)
        except WorkbenchError as error:
            if not whole.count:
                raise
            raise type(error)(
                f"{error}; the {whole.count} before are deleted, and in the trash as {whole.entry}"
            ) from None
        whole.entry = deleted.entry
        whole.count += deleted.count
        whole.missing += deleted.missing
        number += 1
        progress(whole.count)
    return whole


def _chunks(doomed: Iterable[Doomed]) -> Iterator[tuple[Doomed, ...]]:
    rest = iter(doomed)
    while some := tuple(islice(rest, TOGETHER)):
        yield some


@dataclass(slots=True)
class _Step:
    """One transaction; run once more where the database asks for that, and then nothing is kept twice."""

    doomed: Sequence[Doomed]
    trash: Trash
    act: About
    entry: str | None
    kept: list[Kept] = field(default_factory=list)

    def __call__(self, database: Database) -> Deleted:
        tables: dict[str, list[Doomed]] = {}
        for each in self.doomed:
            tables.setdefault(each.table, []).append(each)
        found: list[tuple[StoredTable, list[Values]]] = []
        missing: list[Doomed] = []
        for name, wanted in tables.items():
            table = StoredTable(database, name)
            rows = table.find([each.where for each in wanted], as_text=True)
            found.append((table, rows))
            missing += _missing(table, rows, wanted)
        kept = [Kept(table.name, table.columns, row) for table, rows in found for row in rows]
        if kept != self.kept:
            if self.kept:
                raise Conflict("the rows have changed while they were being deleted: nothing was deleted, look again")
            self.entry = self.trash.keep(self.act, kept, into=self.entry)
            self.kept = kept
        return Deleted(self.entry, sum(_delete(table, rows) for table, rows in found), missing)


def _delete(table: StoredTable, rows: Sequence[Values]) -> int:
    gone = sum(map(table.delete, rows))
    if gone != len(rows):
        raise Conflict(f"{gone} rows of {table.name} would have gone instead of {len(rows)}: nothing was deleted")
    return gone


def _missing(table: StoredTable, rows: Sequence[Values], wanted: Sequence[Doomed]) -> list[Doomed]:
    named = [table.named(row) for row in rows]
    return [each for each in wanted if not any(_is_meant(row, each.where) for row in named)]


def _is_meant(row: Mapping[str, Value], where: Mapping[str, Value]) -> bool:
    return all(_plain(row[name]) == _plain(value) for name, value in where.items())


def _plain(value: Value) -> Value:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
