"""Rows from a file into a table: what is there already stays as it is, and what cannot be kept is told by its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import sleep
from typing import TYPE_CHECKING

from workbench.data.engine.stored import StoredTable, Values, same
from workbench.data.errors import Conflict, Invalid, WorkbenchError
from workbench.data.transfer import Line, TableFile

if TYPE_CHECKING:
    from workbench.data.source import Source

TOGETHER = 500  # rows of one transaction
PAUSE = 0.010  # seconds between two, where another program writes too: each lock of ours can fail a write of its own
_BYTES = 4_000_000  # of values in one transaction, roughly
_TOLD = 20  # rows that are told one by one


@dataclass(slots=True)
class Imported:
    """What became of the rows of a file: added, there already (differing: not as the file has them), or refused.

    `stopped`: it was told to stop before the rest of the file.
    """

    rows: int = 0
    added: int = 0
    there: int = 0
    differing: int = 0
    refused: int = 0
    told: list[str] = field(default_factory=list)
    stopped: bool = False

    def refuse(self, number: int, why: str) -> None:
        """Count a row that cannot be kept."""
        self.refused += 1
        if len(self.told) < _TOLD:
            self.told.append(f"line {number}: {why}")

    def and_(self, other: Imported) -> None:
        """Count what another part of the file came to."""
        self.rows += other.rows
        self.added += other.added
        self.there += other.there
        self.differing += other.differing
        self.refused += other.refused
        self.told = (self.told + other.told)[:_TOLD]


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A row and how often the file has had it, which counts where a NULL in the key tells rows not apart."""

    line: Line
    nth: int


def check(file: TableFile) -> int:
    """Read the whole file and say how many rows it has; `Invalid` names the first line that is none."""
    return sum(1 for _ in file.lines())


def preview(file: TableFile) -> Imported:
    """What an import would do, without a write. What the database itself would refuse is not known before."""
    whole = Imported()
    fresh: Counter[object] = Counter()
    for chunk in _chunks(file):
        there = _Known(file.table, chunk)
        for each in chunk:
            whole.rows += 1
            name = file.table.identity(each.line.row)
            if there.count(whole, each) or (fresh[name] and None not in file.table.key_of(each.line.row)):
                whole.there += 1
            else:
                whole.added += 1
                fresh[name] += 1
    return whole


def load(
    source: Source,
    file: TableFile,
    progress: Callable[[Imported], None] | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> Imported:
    """Add the rows that are not there, some hundred in one transaction; the file is read whole before the first.

    After a transaction `progress` is told what came of it so far, before one `go_on` is asked.
    """
    check(file)
    whole = Imported()
    try:
        for number, chunk in enumerate(_chunks(file)):
            if not go_on():
                whole.stopped = True
                break
            if number and not source.ours:
                sleep(PAUSE)
            whole.and_(_together(source, file, chunk))
            if progress is not None:
                progress(whole)
        if whole.added:
            file.table.renumber()
    except WorkbenchError as error:
        if not whole.added:
            raise
        raise type(error)(f"{error}; {whole.added} rows were added before, and importing again adds the rest") from None
    return whole


def _together(source: Source, file: TableFile, chunk: list[_Numbered]) -> Imported:
    try:
        return source.database.transact(lambda _: _all(file, chunk), durable=True)
    except (Invalid, Conflict):
        # One of them cannot be kept: once more, each so that it can be undone by itself.
        return source.database.transact(lambda _: _each(source, file, chunk), durable=True)


def _chunks(file: TableFile) -> Iterator[list[_Numbered]]:
    seen: Counter[object] = Counter()
    chunk: list[_Numbered] = []
    size = 0
    for line in file.lines():
        nth = 1
        if None in file.table.key_of(line.row):
            name = file.table.identity(line.row)
            seen[name] += 1
            nth = seen[name]
        chunk.append(_Numbered(line, nth))
        size += sum(len(value) for value in line.row if isinstance(value, (str, bytes)))
        if len(chunk) == TOGETHER or size > _BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


class _Known:
    """The rows of a chunk that are in the table already, by what tells them apart."""

    def __init__(self, table: StoredTable, chunk: list[_Numbered]) -> None:
        self._table = table
        named = [each.line.row for each in chunk if None not in table.key_of(each.line.row)]
        wheres = [dict(zip(table.key or table.columns, table.key_of(row), strict=True)) for row in named]
        self._rows = {table.identity(row): row for row in table.find(wheres)} if wheres else {}

    def count(self, into: Imported, each: _Numbered) -> bool:
        """Whether a row is there; and count it when it is not as the file has it."""
        row = each.line.row
        if None in self._table.key_of(row):
            return len(self._table.same(row)) >= each.nth
        found = self._rows.get(self._table.identity(row))
        if found is None:
            return False
        into.differing += not same(found, row)
        return True


def _all(file: TableFile, chunk: list[_Numbered]) -> Imported:
    part = Imported()
    known = _Known(file.table, chunk)
    for each in chunk:
        part.rows += 1
        if known.count(part, each):
            part.there += 1
        else:
            _add(file.table, each.line.row, part, each.line.number)
    return part


def _each(source: Source, file: TableFile, chunk: list[_Numbered]) -> Imported:
    part = Imported()
    known = _Known(file.table, chunk)
    for each in chunk:
        part.rows += 1
        if known.count(part, each):
            part.there += 1
            continue
        try:
            with source.database.transaction():
                _add(file.table, each.line.row, part, each.line.number)
        except (Invalid, Conflict) as error:
            part.refuse(each.line.number, str(error))
    return part


def _add(table: StoredTable, row: Values, part: Imported, number: int) -> None:
    if table.add(row):
        part.added += 1
    elif found := table.like(row):
        part.there += 1  # twice in the file, or put there by somebody else just now
        part.differing += not any(same(row, each) for each in found)
    else:
        part.refuse(number, f"another row of {table.name} has a value of it that may stand there only once")
