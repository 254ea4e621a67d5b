"""PostgreSQL behind the `Database` interface: pooled connections, each wait with a deadline, nothing per session."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import time
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

from workbench.data.engine import postgres_sql as sql
from workbench.data.engine.codecs import POSTGRES
from workbench.data.engine.database import Database, Relation, Timeouts
from workbench.data.engine.postgres_connect import Link
from workbench.data.engine.postgres_notify import Bell, Ear
from workbench.data.engine.postgres_session import Action, Sessions, command
from workbench.data.engine.statement import Prepared
from workbench.data.engine.tables import quoted
from workbench.data.errors import Unavailable, Unsupported

T = TypeVar("T")
D = TypeVar("D", bound="PostgresDatabase")
OLDEST = 14
BATCH = 1000  # rows of one `run_many` that share a deadline


class PostgresDatabase(Database):
    """A database on a PostgreSQL server. `dsn` goes to libpq as it is; `display` is what messages call it.

    `durable` has every write on disk before the call returns, even where the server's default is otherwise.
    """

    dialect: ClassVar[str] = POSTGRES
    engine: ClassVar[str] = "postgresql"

    def __init__(
        self,
        dsn: str,
        *,
        display: str,
        read_only: bool = False,
        durable: bool = True,
        timeouts: Timeouts | None = None,
    ) -> None:
        super().__init__(display, read_only=read_only, timeouts=timeouts or Timeouts())
        self.durable = durable
        self.version = ""
        self.database_name = ""
        self.pooled = False
        self.standby = False
        self._lazy = False  # the server by itself acknowledges writes that are not on disk
        self._closed = False
        self._bell = Bell(self._notify)
        self._sessions = Sessions(dsn, display, self.timeouts, self._bell.ring)
        self._ear = Ear(self._sessions)
        try:
            self._meet()
        except BaseException:
            self.close()
            raise

    def _meet(self) -> None:
        """Look at the server once: too old, behind a pooler, a standby, careless about the disk?"""

        def ask(link: Link) -> tuple[int, tuple[Any, ...]]:
            return link.pgconn.backend_pid, _rows(sql.MEET, ())(link)[0]

        pid, row = self._sessions.call(ask, writing=False)
        number, version, real_pid, commit, self.standby, self.database_name = row
        self.version = version.split()[0]
        if number // 10000 < OLDEST:
            raise Unavailable(
                f"{self.display} is on PostgreSQL {self.version}, which is too old: workbench needs {OLDEST} or newer"
            )
        self.pooled = pid != real_pid
        self._lazy = commit == "off"

    # -- running ---------------------------------------------------------------------------------------------

    def _fetch(self, prepared: Prepared[Any], values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        if not prepared.writes:
            return self._sessions.call(_rows(prepared.sql, values), writing=False)
        return self._write(_rows(prepared.sql, values), durable=False)

    def _execute(self, prepared: Prepared[Any], values: tuple[object, ...], durable: bool) -> int:
        return self._write(_count(prepared.sql, values), durable)

    def _execute_many(self, prepared: Prepared[Any], rows: Iterable[tuple[object, ...]]) -> int:
        total, rows = 0, iter(rows)
        with self.transaction():
            while batch := list(islice(rows, BATCH)):
                total += self._sessions.call(_many(prepared.sql, batch), writing=True)
        return total

    def _write(self, action: Action[T], durable: bool) -> T:
        self._refuse_if_read_only()
        thread = self._sessions.thread()
        if (durable or self._careful) and not thread.durable:
            if not thread.depth:
                return self.transact(lambda db: db._sessions.call(action, writing=True), durable=True)
            self._sessions.call(command(sql.RAISE), writing=False)
            thread.durable = True
        return self._sessions.call(action, writing=True)

    @property
    def _careful(self) -> bool:
        """Whether every write must ask for the disk, because the server would not wait for it."""
        return self.durable and self._lazy

    def _ask(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        return self._sessions.call(_rows(text, values), writing=False)

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """Let each call of this thread take so long, instead of the usual limit: for work that is known to be long."""
        return self._sessions.deadline(seconds)

    # -- transactions ----------------------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction of this database."""
        return self._sessions.thread().depth > 0

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[Self]:
        """A transaction (a savepoint inside another); see `Database.transaction`."""
        return _Transaction(self, durable)

    def _begin(self, durable: bool) -> None:
        self._refuse_if_read_only()
        self._sessions.begin(durable or self._careful)

    # -- looking ---------------------------------------------------------------------------------------------

    def change_token(self) -> str:
        """Changes with every transaction that anybody begins to write in, or ends; see `Database.change_token`."""
        return str(self._ask(sql.SNAPSHOT)[0][0])

    def _look(self) -> dict[str, Relation]:
        found: dict[str, Relation] = {}
        keys: dict[str, list[tuple[int, str]]] = {}
        for name, kind, column, declared, place in self._ask(sql.LOOK):
            relation = found.setdefault(name, Relation(name, kind, {}))
            if column is not None:
                relation.columns[column] = declared
            if place is not None:
                keys.setdefault(name, []).append((place, column))
        for name, parts in keys.items():
            found[name] = replace(found[name], key=tuple(column for _, column in sorted(parts)))
        return found

    def index_names(self, table: str) -> frozenset[str]:
        """The names of a table's indexes."""
        return frozenset(row[0] for row in self._ask(sql.INDEXES, quoted(table, POSTGRES)))

    def size(self) -> int | None:
        """The size of the database in bytes; None where this user may not know it."""
        found = self._ask(sql.SIZE)[0][0]
        return None if found is None else int(found)

    def clock(self) -> float:
        """How many seconds the server's clock is ahead of ours (behind: negative), as the quickest answer tells."""

        def ask(link: Link) -> tuple[float, float]:
            before = time()
            theirs: float = _rows(sql.CLOCK, ())(link)[0][0]
            after = time()
            return after - before, theirs - (before + after) / 2

        return min(self._sessions.call(ask, writing=False) for _ in range(3))[1]

    def integrity(self) -> tuple[str, ...]:
        """What the server knows to be damaged, as sentences: it checks pages whenever it reads them."""
        with self.deadline(max(60.0, self.timeouts.statement)):
            return tuple(str(row[0]) for row in self._ask(sql.DAMAGE))

    def copy_to(self, target: Path) -> None:
        """Refused: a server's database is copied by its own tools."""
        raise Unsupported(f"{self.display} is on a server: copy it with pg_dump")

    # -- telling and being told ------------------------------------------------------------------------------

    def _notify(self) -> None:
        self._ask(sql.NOTIFY)

    def nap(self, seconds: float, wake: Callable[[float], bool]) -> None:
        """Wait between two probes, shorter when another workbench tells of a write; see `Database.nap`."""
        if self.pooled:
            wake(seconds)  # a pooler would let us listen, and deliver nothing
        else:
            self._ear.nap(seconds, wake)

    # -- ending ----------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Make running statements fail soon, as `Unavailable`; a server that takes no cancel request is cut off."""
        self._sessions.thread()
        self._sessions.stop_running()

    def close(self) -> None:
        """Close all connections; a thread that is inside a statement or a transaction gets `Unavailable`."""
        if self._closed:
            return
        self._closed = True
        if self._sessions.ours:
            self._sessions.refuse(f"{self.display} is closed: open it again")
            self._ear.close()
            self._bell.close()
            self._sessions.close()


class _Transaction(AbstractContextManager[D], Generic[D]):
    """One `with db.transaction()`. It keeps nothing of its thread alive, so that the thread's end ends it.

    Ctrl-C can come between entering and the block: then nobody leaves it, and its end as an object undoes it.
    (Not by `__del__`, which would run after every transaction, and swallow a Ctrl-C that comes just then.)
    """

    def __init__(self, database: D, durable: bool) -> None:
        self._database = database
        self._durable = durable
        self._level = 0

    def __enter__(self) -> D:
        self._level = self._database._sessions.enter(self)
        self._database._begin(self._durable)
        return self._database

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database._sessions.finish(self._level, error)


def _rows(text: str, values: tuple[object, ...]) -> Action[list[tuple[Any, ...]]]:
    def run(link: Link) -> list[tuple[Any, ...]]:
        cursor = link.execute(text, values, binary=True)
        return cursor.fetchall() if cursor.rownumber is not None else []

    return run


def _count(text: str, values: tuple[object, ...]) -> Action[int]:
    return lambda link: max(0, link.execute(text, values, binary=True).rowcount)


def _many(text: str, batch: list[tuple[object, ...]]) -> Action[int]:
    def run(link: Link) -> int:
        with link.cursor() as cursor:
            cursor.executemany(text, batch)
            return max(0, cursor.rowcount)

    return run
