"""SQLite behind the `Database` interface: reads never wait for writes, no lock is held longer than a page."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from workbench.data.engine import inodes
from workbench.data.engine import sqlite_open as so
from workbench.data.engine.codecs import SQLITE
from workbench.data.engine.database import NOTHING, Params, Relation
from workbench.data.engine.sqlite_connections import SqliteConnections, ThreadState
from workbench.data.engine.statement import Prepared, Statement
from workbench.data.errors import Corrupt, Invalid, Unavailable

if TYPE_CHECKING:
    import sqlite_utils

R = TypeVar("R")
T = TypeVar("T")
_STEP = 1_000  # pages of a copy that are written at a time
_LOOK = (
    "SELECT m.name, m.type, p.name, p.type, p.pk FROM sqlite_master m, pragma_table_info(m.name) p "
    "WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, p.cid"
)


class SqliteDatabase(SqliteConnections):
    """A SQLite file. `ours` says that workbench made it: then it is kept in WAL mode."""

    dialect: ClassVar[str] = SQLITE
    engine: ClassVar[str] = "sqlite"

    # -- running ---------------------------------------------------------------------------------------------

    def one(self, statement: Statement[R], params: Params = NOTHING) -> R | None:
        """The first row, or None. The common case is kept to one call into SQLite."""
        prepared = self._ready.get(statement) or self._prepare(statement)
        values = prepared.bind(params)
        if prepared.writes:
            rows = self._fetch(prepared, values)
            return prepared.build(rows[0]) if rows else None
        try:
            # Absent where every read must check the files first; the writer inside a transaction.
            held = self._local.reader
            row = held.connection.execute(prepared.sql, values).fetchone()
        except (AttributeError, sqlite3.Error):
            rows = self._fetch(prepared, values)
            row = rows[0] if rows else None
        return None if row is None else prepared.build(row)

    def _fetch(self, prepared: Prepared[Any], values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        if prepared.writes:
            return self._write(lambda writer: _fetch_leniently(writer, prepared.sql, values), durable=False)
        thread = self._thread()
        if thread.depth:
            held = self._owned()
            return self._read(held.connection, prepared.sql, values)
        for _ in range(so.COPY_ATTEMPTS):
            reader = self._reader()
            plan = thread.plan
            try:
                rows = self._read(reader.connection, prepared.sql, values)
            except _PlanFailed:
                self._replan(plan)
                continue
            if plan is None or plan.stamp is None or plan.stamp == so.stamp(self.path):
                return rows
        raise Unavailable(f"{self.display} changes faster than it can be read: try again later")

    def _read(self, connection: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            try:
                return self._patiently(lambda: connection.execute(sql, values).fetchall())
            except sqlite3.OperationalError as error:
                if not so.undecodable(error):
                    raise
                return self._patiently(lambda: _fetch_leniently(connection, sql, values))
        except sqlite3.Error as error:
            if self.read_only and so.code(error) in so.NEEDS_NEW_PLAN:
                raise _PlanFailed from None
            if so.code(error) & 0xFF == sqlite3.SQLITE_IOERR:
                self._identity()  # the disk may be well, and the file gone
            raise so.translated(error, self.display) from None

    def _execute(self, prepared: Prepared[Any], values: tuple[object, ...], durable: bool) -> int:
        sql = prepared.sql
        if prepared.begins_with_with:
            return self._write(lambda writer: _changed(writer, sql, values), durable)
        return max(0, self._write(lambda writer: writer.execute(sql, values).rowcount, durable))

    def insert(self, statement: Statement[int], params: Params = NOTHING) -> int | None:
        """Add one row; SQLite knows its number without being asked to return it, which costs as much again."""
        prepared = self._ready.get(statement) or self._prepare(statement)
        sql, values = prepared.sql, prepared.bind(params)
        return self._write(lambda writer: writer.execute(sql, values).lastrowid, durable=False)

    def _execute_many(self, prepared: Prepared[Any], rows: Iterable[tuple[object, ...]]) -> int:
        with self.transaction():
            try:
                held = self._owned()
                return held.connection.executemany(prepared.sql, rows).rowcount
            except sqlite3.Error as error:
                raise so.translated(error, self.display) from None

    def _write(self, statement: Callable[[sqlite3.Connection], T], durable: bool) -> T:
        """Run one statement on the writer: inside the open transaction, or as one of its own."""
        thread = self._thread()
        if thread.depth:
            if durable:
                self._check_durable(durable)
            try:
                held = self._owned()
                return statement(held.connection)
            except sqlite3.Error as error:
                raise so.translated(error, self.display) from None
        try:
            thread = self._acquire(thread)
            writer = self._writer_connection(durable)
            try:
                return statement(writer.connection)
            except sqlite3.OperationalError as error:
                if not so.busy(error):
                    raise
            return self._patiently(lambda: statement(writer.connection))
        except sqlite3.Error as error:
            raise so.translated(error, self.display) from None
        finally:
            self._release(thread)

    # -- transactions ----------------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction of this database."""
        return self._thread().depth > 0

    def _owned(self) -> so.Held:
        """The writer, which this thread's transaction owns."""
        writer = self._writer
        if writer is None or not writer.connection.in_transaction:
            # SQLite itself undoes a whole transaction when it is interrupted, or has no room: what came after
            # would be kept by itself.
            raise Unavailable(f"{self.display} has undone this transaction: nothing of it was kept; try again")
        return writer

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Self]:
        """A transaction (a savepoint inside another); see `Database.transaction`."""
        thread = self._thread()
        if thread.depth:
            self._check_durable(durable)
            with self._savepoint(thread):
                yield self
            return
        try:
            thread = self._acquire(thread)
            self._begin(thread, durable)
            yield self
            self._commit(thread)
        except sqlite3.Error as error:
            raise so.translated(error, self.display) from None
        finally:
            self._end(thread)

    def transact(self, fn: Callable[[Self], T], *, durable: bool = False) -> T:
        """Run `fn` in a transaction, without the generator that `transaction` is, which costs as much as a statement.

        SQLite lets one write at a time and never asks for a transaction to be run again.
        """
        thread = self._thread()
        if thread.depth:
            with self.transaction():
                return fn(self)
        try:
            thread = self._acquire(thread)
            self._begin(thread, durable)
            result = fn(self)
            self._commit(thread)
        except sqlite3.Error as error:
            raise so.translated(error, self.display) from None
        finally:
            self._end(thread)
        return result

    def _check_durable(self, durable: bool) -> None:
        """Inside a transaction it is too late to ask for the disk: its commit would not wait for it."""
        if durable and not (self.durable or self._raised):
            raise Invalid("a durable write inside a transaction that is not: open the transaction with durable=True")

    def _begin(self, thread: ThreadState, durable: bool) -> None:
        writer = self._writer_connection(durable)
        self._patiently(lambda: writer.connection.execute("BEGIN IMMEDIATE"))
        thread.depth = 1
        self._local.reader = writer

    def _commit(self, thread: ThreadState) -> None:
        if self._owner != id(thread):
            raise Unavailable(f"{self.display} was closed before the transaction was committed: nothing was changed")
        writer = self._owned()
        self._patiently(lambda: writer.connection.execute("COMMIT"))

    def _end(self, thread: ThreadState) -> None:
        """Undo whatever is not committed, and free the writer. Harmless when that has been done already."""
        if self._owner != id(thread):
            return
        try:
            writer = self._writer
            if writer is not None and writer.connection.in_transaction:
                writer.connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._drop_writer()  # which undoes it as well
        finally:
            thread.depth = 0
            self._release(thread)
            with suppress(Unavailable):  # closed meanwhile: there is nothing to read elsewhere
                self._read_elsewhere()

    @contextmanager
    def _savepoint(self, thread: ThreadState) -> Iterator[None]:
        writer = self._owned()
        name = f"workbench_{thread.depth}"
        writer.connection.execute(f"SAVEPOINT {name}")
        thread.depth += 1
        try:
            yield
            self._owned().connection.execute(f"RELEASE {name}")
        except BaseException as error:
            if writer.connection.in_transaction:
                writer.connection.execute(f"ROLLBACK TO {name}")
                writer.connection.execute(f"RELEASE {name}")
            if isinstance(error, sqlite3.Error):
                raise so.translated(error, self.display) from None
            raise
        finally:
            thread.depth -= 1

    # -- looking ---------------------------------------------------------------------------------------------

    def change_token(self) -> str:
        """Changes with every commit of anybody (and when the file is replaced); see `Database.change_token`."""
        self._thread()  # raises where the database is closed, or was opened before a fork
        with self._probing:
            for _ in range(so.COPY_ATTEMPTS):
                plan = self._planned()
                if plan is not None and plan.stamp is not None:
                    return f"{self._generation}.{hash(plan.stamp):x}"
                try:
                    return self._probe_token(plan)
                except _PlanFailed:
                    self._drop_probe()
                    self._replan(plan)
            return self._last_token

    def _probe_token(self, plan: so.Plan | None) -> str:
        replaced = self._probe is not None and self._files.get(id(self._probe.connection)) != self._identity()
        if replaced and not self._reopen():
            return self._last_token
        if self._probe is None:
            self._probe = self._open_reader(plan)
        try:
            version = self._probe.connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            if so.busy(error):
                return self._last_token  # somebody is committing this very moment: the next probe tells
            if self.read_only and so.code(error) in so.NEEDS_NEW_PLAN:
                raise _PlanFailed from None
            raise so.translated(error, self.display) from None
        self._last_token = f"{self._generation}.{version}"
        return self._last_token

    def _identity(self) -> inodes.Identity:
        try:
            return inodes.identity(self.given)
        except OSError:
            raise Unavailable(f"{self.display} is no longer there: it was moved or removed") from None

    def _look(self) -> dict[str, Relation]:
        prepared = Prepared(_LOOK, lambda _: (), _no_build, _no_build, None, (), False)
        found: dict[str, Relation] = {}
        keys: dict[str, list[tuple[int, str]]] = {}
        for name, kind, column, declared, place in self._fetch(prepared, ()):
            found.setdefault(name, Relation(name, kind, {})).columns[column] = declared
            if place:
                keys.setdefault(name, []).append((place, column))
        for name, parts in keys.items():
            found[name] = replace(found[name], key=tuple(column for _, column in sorted(parts)))
        return found

    def index_names(self, table: str) -> frozenset[str]:
        """The names of a table's indexes."""
        try:
            return frozenset(self._patiently(lambda: [index.name for index in self.utilities().table(table).indexes]))
        except sqlite3.Error as error:
            raise so.translated(error, self.display) from None

    def utilities(self) -> "sqlite_utils.Database":
        """The connection on which this thread reads as a sqlite-utils database, for looking into it."""
        import sqlite_utils

        held = self._owned() if self.in_transaction else self._reader()
        return sqlite_utils.Database(held.connection, recursive_triggers=False)

    def integrity(self) -> tuple[str, ...]:
        """Run SQLite's own check of every page; its findings as they are, none when the file is whole."""
        prepared = Prepared("PRAGMA integrity_check(20)", lambda _: (), _no_build, _no_build, None, (), False)
        try:
            return tuple(str(row[0]) for row in self._fetch(prepared, ()) if row[0] != "ok")
        except Corrupt as error:
            return (str(error),)

    def interrupt(self) -> None:
        """Make running statements fail soon, as `Unavailable`."""
        for held in [*(thread.reader for thread in self._threads()), self._writer]:
            if held is not None:
                with suppress(sqlite3.ProgrammingError):
                    held.connection.interrupt()

    def copy_to(self, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a consistent copy by SQLite's backup API, in steps that let other writers in between.

        `progress` is told after each step how many pages are written, of how many.
        """
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            raise Invalid(f"{target} cannot be made: {error.strerror}; choose another place for the copy") from None
        try:
            copy = self._connect(so.uri(target, mode="rw"), target)
            try:
                reader = self._reader()
                _copy(reader.connection, copy.connection, progress)
            finally:
                self._close_connection(copy)
        except BaseException as error:
            for suffix in ("", "-journal"):
                so.side(target, suffix).unlink(missing_ok=True)
            if isinstance(error, sqlite3.Error):
                raise so.translated(error, self.display) from None
            raise


def _copy(whole: sqlite3.Connection, copy: sqlite3.Connection, progress: Callable[[int, int], None] | None) -> None:
    def told(status: int, left: int, pages: int) -> None:
        if progress is not None:
            progress(pages - left, pages)

    if whole.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        whole.backup(copy, pages=_STEP, sleep=0.01, progress=told)  # small steps let others in
        return
    # A log lets everybody write while one moment of the file is held: no step has to begin anew.
    whole.execute("BEGIN")
    try:
        whole.execute("SELECT count(*) FROM sqlite_master").fetchone()
        whole.backup(copy, pages=_STEP, sleep=0.01, progress=told)
    finally:
        whole.execute("ROLLBACK")


class _PlanFailed(Exception):
    """The way in which a file was opened for reading does not work any more."""


def _no_build(*_: object) -> Any:  # noqa: ANN401
    raise TypeError("raw rows only")


def _changed(writer: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> int:
    """How many rows a statement has changed that begins with WITH, for which the module does not count."""
    writer.execute(sql, values)
    return int(writer.execute("SELECT changes()").fetchone()[0])


def _as_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _fetch_leniently(connection: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """Fetch with texts that are not UTF-8 kept as lone surrogates, so that one of them hides no other row."""
    connection.text_factory = _as_text
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.text_factory = str
