"""Tables to and from files: JSON lines and CSV, each value as it is stored, so that it comes back to the bit.

A file of JSON lines begins with a line about the table: its name, its columns with their declared types and meanings,
and the engine it is from. Each further line is a row. CSV has the names of the columns, and cells as
`workbench.data.transfer_values` describes them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workbench.data.engine.codecs import SQLITE
from workbench.data.engine.stored import StoredTable, Value, Values
from workbench.data.engine.tables import Table
from workbench.data.engine.times import Unreadable, parse_instant
from workbench.data.errors import Invalid, NotFound, Unavailable, Unsupported
from workbench.data.transfer_values import dumps, from_cell, from_plain, kind_of, loads, to_cell, to_plain

if TYPE_CHECKING:
    from workbench.data.source import Source

JSONL, CSV = "jsonl", "csv"
VERSION = 1
_MARK = "workbench"
_LONGEST = 256 * 1024 * 1024  # bytes of a line: a longer one is no row, and must not fill the memory
Translate = Callable[[Values], Values]


# -- out ---------------------------------------------------------------------------------------------------------


def export_lines(source: Source, name: str, form: str = JSONL) -> Iterator[str]:
    """The lines of a file that holds a table; rows are read some hundred at a time.

    What is written meanwhile by others may be in it or not, each row whole.
    """
    table = StoredTable(source.database, name)
    yield from _jsonl(source, table) if form == JSONL else _csv(source, table)


def _jsonl(source: Source, table: StoredTable) -> Iterator[str]:
    meanings = _meanings(source, table.name)
    columns = {name: {"type": kind, "means": meanings.get(name)} for name, kind in table.types.items()}
    yield dumps(
        {
            _MARK: "table",
            "version": VERSION,
            "table": table.name,
            "engine": source.engine,
            "key": list(table.key),
            "columns": columns,
        }
    )
    for rows in table.rows():
        for row in rows:
            yield dumps({name: to_plain(value) for name, value in zip(table.columns, row, strict=True)})


def _csv(source: Source, table: StoredTable) -> Iterator[str]:
    kinds = _kinds(source, table)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="")
    writer.writerow([to_cell(name, "text") for name in table.columns])
    yield out.getvalue()
    for rows in table.rows():
        for row in rows:
            out.seek(0)
            out.truncate()
            writer.writerow([to_cell(value, kind) for value, kind in zip(row, kinds, strict=True)])
            yield out.getvalue()


def _kinds(source: Source, table: StoredTable) -> list[str]:
    sqlite = source.database.dialect == SQLITE
    return [kind_of(table.types[name], sqlite=sqlite) for name in table.columns]


def _declared(source: Source, name: str) -> Table | None:
    """The declaration of a table, where the source's programs have one."""
    dialect = source.database.dialect
    return next((table for table in source.declared_tables() if table.local(dialect) == name), None)


def _meanings(source: Source, name: str) -> dict[str, str]:
    table = _declared(source, name)
    return {column.name: column.codec.name for column in table.columns} if table else {}


# -- in ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file, and the number of the line on which it stands."""

    number: int
    row: Values


class TableFile:
    """A file that holds rows of a table. It can be read more than once, and never fills the memory."""

    def __init__(self, source: Source, name: str, path: Path) -> None:
        """Read the head; `Invalid` where the file is no such file, or has columns that the table has not."""
        self.path = path
        self._source = source
        whole = StoredTable(source.database, name)
        with self._open() as file:
            first = _line(file, 1, path)
            self.form = JSONL if first.lstrip().startswith("{") else CSV
            names, engine = self._json_head(first, name) if self.form == JSONL else (_names(first, path), None)
        if not names:
            raise Invalid(f"{path} names no columns: its first line is to name them")
        self.table = whole if tuple(names) == whole.columns else StoredTable(source.database, name, names)
        self._translate = self._translator(engine) if engine not in (None, source.engine) else None

    @property
    def exact(self) -> bool:
        """Whether values are kept as they stand in the file; from another engine they are put into other words."""
        return self._translate is None

    def lines(self) -> Iterator[Line]:
        """Each row; `Invalid` names the line that is none."""
        read = self._json_row if self.form == JSONL else self._csv_reader()
        with self._open() as file:
            number = 1
            _line(file, number, self.path)
            while text := _line(file, number + 1, self.path):
                number += 1
                if not text.strip("\r\n"):
                    continue
                try:
                    row = read(text)
                    yield Line(number, self._translate(row) if self._translate else row)
                except Invalid as error:
                    raise Invalid(f"{self.path}, line {number}: {error}; nothing of it was imported") from None

    def _open(self) -> IO[bytes]:
        try:
            if self.path.exists() and not self.path.is_file():
                raise Invalid(f"{self.path} is no plain file, which can be read twice: write the rows into one first")
            return self.path.open("rb")
        except FileNotFoundError:
            raise NotFound(f"there is no file {self.path}: check the path") from None
        except OSError as error:
            raise Unavailable(f"{self.path} cannot be read: {error.strerror}") from None

    def _json_head(self, text: str, name: str) -> tuple[list[str], str]:
        try:
            head = loads(text)
        except Invalid:
            head = {}
        columns, engine = head.get("columns"), head.get("engine")
        if head.get(_MARK) != "table" or not isinstance(columns, dict) or not isinstance(engine, str):
            raise Invalid(f"{self.path} is no exported table: `workbench source export` makes one")
        if head.get("version") != VERSION:
            raise Invalid(f"{self.path} was written by a newer workbench: use that one")
        if head.get("table") != name:
            raise Invalid(f"{self.path} holds the table {head.get('table')!r}, not {name!r}: name that one")
        return list(columns), engine

    def _json_row(self, text: str) -> Values:
        found = loads(text)
        names = self.table.columns
        if found.keys() != set(names):
            odd = next(iter(sorted(found.keys() ^ set(names))))
            raise Invalid(f"the column {odd!r} is {'missing' if odd in names else 'not in the first line'}")
        return tuple(from_plain(found[name]) for name in names)

    def _csv_reader(self) -> Callable[[str], Values]:
        kinds = _kinds(self._source, self.table)

        def read(text: str) -> Values:
            cells = _cells(text)
            if len(cells) != len(kinds):
                raise Invalid(f"it has {len(cells)} cells, and the first line names {len(kinds)} columns")
            return tuple(map(from_cell, cells, kinds))

        return read

    def _translator(self, engine: str | None) -> Translate:
        """How values of another engine are put here: instants and yes or no in this engine's words."""
        declared = _declared(self._source, self.table.name)
        if declared is None or engine not in ("sqlite", "postgresql"):
            raise Unsupported(
                f"{self.path} is from {engine}, and {self.table.name} is no table whose columns the workbench knows: "
                "only their meanings could be carried over"
            )
        writers = [self._writer(declared, name) for name in self.table.columns]
        return lambda row: tuple(write(value) for write, value in zip(writers, row, strict=True))

    def _writer(self, declared: Table, name: str) -> Callable[[Value], Value]:
        codec = declared.by_name[name].codec if name in declared.by_name else None
        if codec is not None and codec.instant:
            return self._instant(codec.name)
        return _truth(self._source) if codec is not None and codec.name == "bool" else _as_it_is

    def _instant(self, meaning: str) -> Callable[[Value], Value]:
        from workbench.data.agents.clock import Clock
        from workbench.data.engine.times import go_utc, iso_utc

        sqlite = self._source.database.dialect == SQLITE
        local = Clock(self._source).local if sqlite and meaning == "local_text" else go_utc

        def write(value: Value) -> Value:
            if not isinstance(value, str):
                return value
            try:
                moment = parse_instant(value)
            except Unreadable as error:
                raise Invalid(f"{value!r} is no time that another engine can hold ({error})") from None
            return str(local(moment)) if sqlite else iso_utc(moment)

        return write


def _truth(source: Source) -> Callable[[Value], Value]:
    sqlite = source.database.dialect == SQLITE

    def write(value: Value) -> Value:
        if sqlite:
            return int(value) if isinstance(value, bool) else value
        return bool(value) if value in (0, 1) and isinstance(value, int) else value

    return write


def _as_it_is(value: Value) -> Value:
    return value


def _line(file: IO[bytes], number: int, path: Path) -> str:
    """The next line, empty at the end of the file."""
    try:
        raw = file.readline(_LONGEST)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from None
    if len(raw) == _LONGEST:
        raise Invalid(f"{path}, line {number}: longer than any row")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid(f"{path}, line {number}: bytes that are no UTF-8, which no exported file has") from None


def _names(text: str, path: Path) -> list[str]:
    try:
        return [str(from_cell(cell, "text")) for cell in _cells(text.removeprefix("\ufeff"))]
    except Invalid as error:
        raise Invalid(f"{path}, line 1: {error}") from None


def _cells(text: str) -> Sequence[str]:
    """The cells of a line; a row is one line, since no cell holds a line end."""
    try:
        rows = list(csv.reader([text.rstrip("\r\n")], strict=True))
    except csv.Error as error:
        raise Invalid(f"no row of comma-separated values ({error})") from None
    return rows[0] if rows else []
