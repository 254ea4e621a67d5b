"""The one interface to a database, whatever engine is behind it.

Reads never wait for writes. A single write is a transaction of its own; whatever reads and then writes goes
through `transact` (run again when the database asks for it) or `transaction` (which nests, and does not retry).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from workbench.data.engine.build import rescuer
from workbench.data.engine.page import Cursor, Damage, Page
from workbench.data.engine.statement import Prepared, Row, Statement, shape_of
from workbench.data.engine.tables import Table
from workbench.data.errors import Invalid, ReadOnly, WorkbenchError

R = TypeVar("R")
T = TypeVar("T")
Params = Mapping[str, Any]
NOTHING: Params = {}
ATTEMPTS = 10  # how often `transact` runs its function before it gives up


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a call may take, in seconds: to connect, to answer, and to wait for another program's lock."""

    connect: float = 3.0
    statement: float = 5.0
    lock: float = 15.0


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as the database describes it: column names with their declared types, and the key."""

    name: str
    kind: str
    columns: dict[str, str]
    key: tuple[str, ...] = ()


class Retry(WorkbenchError):
    """The database asks for the transaction to be run again (serialization failure, deadlock)."""


class Database(ABC):
    """A database that is open. Usable from many threads; a thread inside a transaction reads its own writes."""

    dialect: ClassVar[str]
    engine: ClassVar[str]
    display: str
    read_only: bool

    def __init__(self, display: str, *, read_only: bool, timeouts: Timeouts) -> None:
        self.display = display
        self.read_only = read_only
        self.timeouts = timeouts
        self._ready: dict[Statement[Any], Prepared[Any]] = {}
        self._relations: dict[str, Relation] | None = None

    # -- reading ---------------------------------------------------------------------------------------------

    def one(self, statement: Statement[R], params: Params = NOTHING) -> R | None:
        """The first row, or None. A row whose key cannot be read is `Corrupt`."""
        prepared = self._ready.get(statement) or self._prepare(statement)
        rows = self._fetch(prepared, prepared.bind(params))
        return prepared.build(rows[0]) if rows else None

    def all(self, statement: Statement[R], params: Params = NOTHING) -> Page[R]:
        """Every row, as one page without a next: for results that are small by nature."""
        prepared = self._ready.get(statement) or self._prepare(statement)
        return self._page(prepared, self._fetch(prepared, prepared.bind(params)), None)

    def page(
        self,
        statement: Statement[R],
        params: Params = NOTHING,
        *,
        limit: int,
        after: Cursor | None = None,
        backwards: bool = False,
    ) -> Page[R]:
        """A page of a list by key: after a cursor, or from the start; `backwards` reads towards the start.

        A backwards page without a cursor is the last one. Its rows come in list order all the same.
        """
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise Invalid(f"a page of {limit!r} rows is none: ask for one at least")
        if after is not None and (not isinstance(after, Cursor) or len(after.values) != len(statement.order)):
            raise Invalid(f"after must be the `next` of a page of this list, not {after!r}")
        backwards = after.backwards if after is not None else backwards
        prepared, values = self._paged(statement, {**params, "limit": limit + 1}, after, backwards)
        raws = self._fetch(prepared, values)
        cursor = prepared.cursor(raws[limit - 1], backwards) if len(raws) > limit else None
        raws = raws[:limit]
        return self._page(prepared, raws[::-1] if backwards else raws, cursor)

    def _paged(
        self, statement: Statement[R], params: Params, after: Cursor | None, backwards: bool
    ) -> tuple[Prepared[R], tuple[object, ...]]:
        shape: tuple[str, ...] | None = None
        if after is not None:
            shape = tuple(map(shape_of, after.values))
            params = {**params, **{f"after_{i}": value for i, value in enumerate(after.values)}}
        prepared = statement.prepare(self.dialect, self._missing(statement), shape, backwards)
        return prepared, prepared.bind(params)

    def _page(self, prepared: Prepared[R], raws: Sequence[Sequence[Any]], cursor: Cursor | None) -> Page[R]:
        damage: list[Damage] = []
        row: Row[R] | None = prepared.row
        rescue = _rescue_with(row, damage)
        return Page(tuple(prepared.build_all(raws, rescue)), cursor, tuple(damage))

    # -- writing ---------------------------------------------------------------------------------------------

    def run(self, statement: Statement[Any], params: Params = NOTHING, *, durable: bool = False) -> int:
        """Run one write as a transaction of its own (or inside the open one); the number of rows it changed.

        `durable` has it on disk before this returns, whatever the source's durability is.
        """
        prepared = self._ready.get(statement) or self._prepare(statement)
        return self._execute(prepared, prepared.bind(params), durable)

    def insert(self, statement: Statement[int], params: Params = NOTHING) -> int | None:
        """Add one row to a table that numbers its rows; its number, or None where the statement added none."""
        return self.one(statement, params)

    def run_many(self, statement: Statement[Any], rows: Iterable[Params]) -> int:
        """Run one write for many rows, all in one transaction."""
        prepared = self._ready.get(statement) or self._prepare(statement)
        return self._execute_many(prepared, map(prepared.bind, rows))

    def transact(self, fn: Callable[[Self], T], *, durable: bool = False) -> T:
        """Run `fn` in a transaction, and again from its start when the database asks for that."""
        if self.in_transaction:
            with self.transaction():
                return fn(self)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.transaction(durable=durable):
                    return fn(self)
            except Retry:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    @abstractmethod
    def transaction(self, *, durable: bool = False) -> AbstractContextManager[Self]:
        """A transaction that this thread's calls belong to; nested ones are savepoints. Never retried.

        Any exception rolls it back, `KeyboardInterrupt` too.
        """

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction of this database."""

    # -- looking ---------------------------------------------------------------------------------------------

    def relations(self, *, fresh: bool = False) -> dict[str, Relation]:
        """Tables and views by name, as they were at the first look (or now, if `fresh`)."""
        if self._relations is None or fresh:
            found = self._look()
            if found != self._relations:
                self._ready = {}  # statements know which columns there are
            self._relations = found
        return self._relations

    @abstractmethod
    def index_names(self, table: str) -> frozenset[str]:
        """The names of a table's indexes."""

    @abstractmethod
    def change_token(self) -> str:
        """A cheap, opaque token: while it stays equal, nobody has committed anything."""

    @abstractmethod
    def integrity(self) -> tuple[str, ...]:
        """Check the whole database; sentences about what is damaged, none when it is whole. Slow."""

    @abstractmethod
    def interrupt(self) -> None:
        """Make running statements of other threads fail soon, as `Unavailable`."""

    @abstractmethod
    def copy_to(self, target: Path) -> None:
        """Write a consistent copy of the database to a new file."""

    @abstractmethod
    def close(self) -> None:
        """Close all connections. Calling it twice is harmless."""

    def nap(self, seconds: float, wake: "Callable[[float], bool]") -> None:
        """Wait between two probes; an engine that is told of commits returns earlier."""
        wake(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- for the engines -------------------------------------------------------------------------------------

    @abstractmethod
    def _fetch(self, prepared: Prepared[Any], values: tuple[object, ...]) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _execute(self, prepared: Prepared[Any], values: tuple[object, ...], durable: bool) -> int: ...

    @abstractmethod
    def _execute_many(self, prepared: Prepared[Any], rows: Iterable[tuple[object, ...]]) -> int: ...

    @abstractmethod
    def _look(self) -> dict[str, Relation]: ...

    def _prepare(self, statement: Statement[R]) -> Prepared[R]:
        prepared = statement.prepare(self.dialect, self._missing(statement))
        self._ready[statement] = prepared
        return prepared

    def _missing(self, statement: Statement[Any]) -> frozenset[tuple[str, str]]:
        """Columns that the statement may name and this database, made by an older program, does not have."""
        table: Table | None = statement.table or (statement.row.table if statement.row else None)
        if table is None or not any(column.since for column in table.columns):
            return frozenset()
        relation = self.relations().get(table.local(self.dialect))
        there = relation.columns if relation else {column.name: "" for column in table.columns}
        return frozenset((table.name, c.name) for c in table.columns if c.since and c.name not in there)

    def _refuse_if_read_only(self) -> None:
        if self.read_only:
            raise ReadOnly(f"{self.display} is open read-only: open it with --write (or read_only=False) to change it")


def _rescue_with(row: Row[R] | None, damage: list[Damage]) -> Callable[[Sequence[Any]], R | None]:
    """A rescue that is only made when a row needs it."""

    def rescue(raw: Sequence[Any]) -> R | None:
        assert row is not None
        return rescuer(row, damage)(raw)

    return rescue
