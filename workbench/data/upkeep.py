"""Looking after the workbench's own home: how large it is, and the four things that SQLite does for a file.

Never for another program's database: none of them is needed to operate it, and each takes a lock from its owner.
"""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data.engine import codecs
from workbench.data.engine.sqlite_open import side
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.tables import quoted
from workbench.data.errors import Conflict, Invalid, NotFound, ReadOnly, Unavailable, Unsupported, WorkbenchError

if TYPE_CHECKING:
    from workbench.data.engine.sqlite import SqliteDatabase
    from workbench.data.source import Source

COUNT_TO = 100_000  # rows of a table that are counted


@dataclass(frozen=True, slots=True)
class TableSize:
    """One table: its rows (`more`: at least so many), and the bytes of it and its indexes where SQLite tells them."""

    name: str
    rows: int
    more: bool
    size: int | None


@dataclass(frozen=True, slots=True)
class HomeSize:
    """The database of a home: its files, what a vacuum would free, and its tables, the largest first."""

    path: Path
    size: int
    wal_size: int
    free: int
    tables: tuple[TableSize, ...]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The bytes of the files before and after."""

    before: int
    after: int


def _tuple(*values: int) -> tuple[int, ...]:
    return values


def _number(sql: str) -> Statement[int]:
    return Statement(sql, row=Row.plain(int, n=codecs.bigint))


def _rows_of(table: str, count_to: int) -> Statement[int]:
    return _number(f"SELECT count(*) AS n FROM (SELECT 1 FROM {table} LIMIT {count_to + 1}) AS few")


_BYTES = Statement(
    "SELECT m.tbl_name AS name, sum(s.pgsize) AS size FROM dbstat AS s JOIN sqlite_master AS m ON m.name = s.name "
    "WHERE s.aggregate = TRUE GROUP BY m.tbl_name",
    row=Row.plain(lambda name, size: (name, size), name=codecs.text, size=codecs.bigint),
)
_CHECKPOINT = Statement(
    "PRAGMA wal_checkpoint(TRUNCATE)",
    row=Row.plain(_tuple, busy=codecs.bigint, log=codecs.bigint, checkpointed=codecs.bigint),
)
_PAGE_SIZE, _FREE = _number("PRAGMA page_size"), _number("PRAGMA freelist_count")
_VACUUM: Statement[None] = Statement("VACUUM")
_ANALYZE: Statement[None] = Statement("ANALYZE")


def free_bytes(source: "Source") -> int:
    """What a vacuum would give back."""
    database = _own(source)
    return (database.one(_FREE) or 0) * (database.one(_PAGE_SIZE) or 0)


def sizes(source: "Source", count_to: int = COUNT_TO) -> HomeSize:
    """How large a home's database is, table by table."""
    database = _own(source)
    try:
        of_tables: dict[str, int] = dict(database.all(_BYTES))
    except WorkbenchError:
        of_tables = {}  # this SQLite was built without the table that tells it
    found = [
        TableSize(name, min(rows, count_to), rows > count_to, of_tables.get(name))
        for name, relation in database.relations(fresh=True).items()
        if relation.kind == "table"
        for rows in [database.one(_rows_of(quoted(name, database.dialect), count_to)) or 0]
    ]
    found.sort(key=lambda table: (-(table.size or 0), -table.rows, table.name))
    return HomeSize(
        database.path,
        _bytes_of(database.path),
        _bytes_of(side(database.path, "-wal")),
        free_bytes(source),
        tuple(found),
    )


def checkpoint(source: "Source") -> Shrunk:
    """Move what is in the write-ahead log into the database, and empty the log."""
    database = _writable(source)
    log = side(database.path, "-wal")
    before = _bytes_of(log)
    found = database.one(_CHECKPOINT)
    if found is not None and found[0]:
        raise Unavailable(
            f"{database.display}: another program reads or writes in it right now, so its log could not be emptied: "
            "nothing is lost, try again when it is done"
        )
    return Shrunk(before, _bytes_of(log))


def vacuum(source: "Source") -> Shrunk:
    """Write the database anew without the room that deleted rows left. Nobody else can write meanwhile."""
    database = _writable(source)
    checkpoint(source)
    before = _bytes_of(database.path)
    database.run(_VACUUM)
    with suppress(Unavailable):  # it is smaller all the same, once its log is emptied
        checkpoint(source)
    return Shrunk(before, _bytes_of(database.path))


def analyze(source: "Source") -> None:
    """Have SQLite count what its indexes hold, so that it chooses well among them."""
    _writable(source).run(_ANALYZE)


def backup(source: "Source", target: Path, progress: Callable[[int, int], None] | None = None) -> int:
    """Write a consistent copy of the database to a new file, whole and on disk, or not at all; its size.

    `progress` is told how many pages are written, of how many.
    """
    database = _own(source)
    if not database.path.exists():
        raise NotFound(f"there is no home at {source.display} yet, so there is nothing to copy")
    if os.path.lexists(target):
        raise Conflict(f"{target} is there already: name another place for the copy")
    if not target.parent.is_dir():
        raise Invalid(f"{target.parent} is no directory: choose another place for the copy")
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
    try:
        database.copy_to(new, progress)
        size = _bytes_of(new)
        _to_disk(new)
        _name(new, target)
        _to_disk(target.parent)
    except Invalid as error:
        raise Invalid(str(error).replace(str(new), str(target))) from None
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}; choose another place for the copy") from None
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                side(new, suffix).unlink(missing_ok=True)
    return size


def _own(source: "Source") -> "SqliteDatabase":
    """The database of the workbench's own home; nobody else's is looked after."""
    from workbench.data.engine.sqlite import SqliteDatabase

    if not source.ours or not isinstance(source.database, SqliteDatabase):
        raise Unsupported(f"{source.display} is not the workbench's own home, and only that one is looked after")
    return source.database


def _writable(source: "Source") -> "SqliteDatabase":
    database = _own(source)
    if source.read_only:
        raise ReadOnly(f"{source.display} is open read-only: leave out --read-only")
    if not database.path.exists():
        raise NotFound(f"there is no home at {source.display} yet: the first write makes it")
    if database.in_transaction:
        raise Invalid(f"{source.display} is in the middle of a transaction of this program: end it first")
    return database


def _bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _name(new: Path, target: Path) -> None:
    """Give the copy its name; never over a file that came meanwhile."""
    try:
        os.link(new, target)
    except FileExistsError:
        raise Conflict(f"{target} is there already: name another place for the copy") from None
    except OSError:  # a file system without links
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        new.replace(target)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
