"""When the rows of an agents database were last written, found among its newest rows: no table is walked through.

What cannot be known that way is said to be unknown: most tables have no index on a time.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from workbench.data.agents import tables
from workbench.data.agents.counting import UNSURE, all_seen, cells, rows
from workbench.data.engine import codecs, times
from workbench.data.engine.codecs import Codec
from workbench.data.engine.statement import Pair, Row, Statement
from workbench.data.engine.tables import Table
from workbench.data.engine.times import Unreadable
from workbench.data.errors import Invalid, Unsupported

if TYPE_CHECKING:
    from workbench.data.source import Source

R = TypeVar("R")
RowKey = tuple[object, ...]
Ignored = Collection[tuple[str, str | RowKey]]
MOST = 200  # rows of a table that only grows
MOST_REWRITTEN = 1_000  # of one whose rows are written again where they stand: seen whole if it is small
BLOCKS = 128  # of a PostgreSQL table, from its end: a megabyte
ROWS_OF_A_BLOCK = 300  # there never are more
_AHEAD = timedelta(days=1)  # a time further in the future was not written by a clock
_BEGINS = ("created_at", "started_at", "ts")


@dataclass(frozen=True, slots=True)
class LastWrite:
    """The newest instant that the rows of a table tell of; None when they tell of none.

    `exact` says that no row can tell of a later one; otherwise there may be one in a row that was not looked at.
    """

    at: datetime | None
    exact: bool


@dataclass(frozen=True, slots=True)
class Written:
    """What others wrote after a moment: when last, and into which tables (each with its newest instant).

    `at` is None when nothing was found; only with `exact` does that mean that nothing that tells its time was
    written. A deleted row tells nothing at all.
    """

    since: datetime
    at: datetime | None
    tables: Mapping[str, datetime] = field(default_factory=dict)
    exact: bool = False

    def __bool__(self) -> bool:
        return self.at is not None


def newest_first(table: Table, row: Row[R], postgres: str, selected: str = "{columns}") -> Statement[R]:
    """The newest rows as far as a table without an index on its times has them.

    SQLite numbers rows in the order of their insertion; for PostgreSQL, which does not, another text is given.
    """
    return Statement(
        Pair(f"SELECT {selected} FROM {table.name} ORDER BY rowid DESC LIMIT :most", postgres),
        row=row,
        table=table,
        params={"most": codecs.bigint},
    )


def at_the_end(table: Table, moments: tuple[str, ...]) -> str:
    """The newest rows of those at the end of a PostgreSQL table.

    New rows mostly come there, though also into the gaps that old ones left. The server adds empty blocks in
    advance, so the end is not looked for too narrowly.
    """
    # The inner limit bites only on a table without blocks of its own; without it, a planner that cannot know how few
    # rows there are would rather walk through the whole table.
    end = (
        f"SELECT {{columns}} FROM {table.name} WHERE ctid >= (SELECT CAST('(' || greatest(0, "
        f"pg_relation_size('{table.name}') / CAST(current_setting('block_size') AS bigint) - {BLOCKS}) || ',0)' "
        f"AS tid)) LIMIT {BLOCKS * ROWS_OF_A_BLOCK}"
    )
    return f"SELECT {{columns}} FROM ({end}) AS ending ORDER BY greatest({', '.join(moments)}) DESC LIMIT :most"


def by_expiry(selected: str = "{columns}") -> str:
    """The approvals that expire last, by the index, and the newest of those that never do.

    Expiry is creation plus a span that rarely changes, so these are the newest, on both engines.
    """
    dated = f"SELECT {selected} FROM approvals WHERE expires_at IS NOT NULL ORDER BY expires_at DESC LIMIT :most"
    undated = f"SELECT {selected} FROM approvals WHERE expires_at IS NULL ORDER BY created_at DESC LIMIT :most"
    return f"SELECT {{columns}} FROM ({dated}) AS dated UNION ALL SELECT {{columns}} FROM ({undated}) AS undated"


def _nanoseconds(raw: object) -> datetime:
    if not isinstance(raw, int):
        raise Unreadable("no number where nanoseconds belong")
    return times.EPOCH + timedelta(microseconds=raw // 1000)  # 64 bits of nanoseconds are 292 years


@dataclass(frozen=True, slots=True)
class _Told:
    """How one table tells of its writes: its key, the columns that hold times, and its newest rows."""

    table: Table
    moments: tuple[str, ...]
    by: str | None = None  # the column that names who wrote the last of them
    most: int = MOST
    order: str = ""  # an index in whose order the newest come first
    grows: bool = False  # rows are never written again: the newest row is the last write
    statement: Statement[tuple[object, ...]] = field(init=False)
    anyway: Statement[tuple[object, ...]] = field(init=False)  # where SQLite does not number the rows

    def __post_init__(self) -> None:
        by = (self.by,) if self.by else ()
        columns = {name: self._codec(name) for name in (*self.table.key, *self.moments, *by)}
        row = Row.plain(cells, **columns)
        params = {"most": codecs.bigint}
        some = f"SELECT {{columns}} FROM {self.table.name} {self.order} LIMIT :most"
        end = at_the_end(self.table, self.moments)
        if self.table is tables.APPROVALS:
            some = end = by_expiry()
        found = newest_first(self.table, row, end)
        object.__setattr__(self, "anyway", Statement(some, row=row, table=self.table, params=params))
        object.__setattr__(self, "statement", self.anyway if self.order else found)

    def _codec(self, name: str) -> Codec:
        column = self.table.by_name[name]
        if name == "ts":
            return Codec("unix_ns", "bigint", "bigint", _nanoseconds, {}).optional()
        return column.codec.optional(column.default)


_TOLD = {
    told.table.name: told
    for told in (
        _Told(tables.APPROVALS, ("created_at", "resolved_at"), by="resolved_by", most=MOST_REWRITTEN),
        _Told(tables.MEMORIES, ("updated_at",), most=MOST_REWRITTEN),
        _Told(tables.CRON_TASKS, ("updated_at",), most=MOST_REWRITTEN),
        _Told(tables.CRON_HISTORY, ("started_at", "finished_at")),
        _Told(tables.SHORT_MEMORIES, ("created_at",)),
        _Told(tables.CLARIFICATIONS, ("created_at", "answered_at")),
        _Told(tables.SESSIONS, ("updated_at",), most=MOST_REWRITTEN, order="ORDER BY updated_at DESC"),
        _Told(tables.SESSION_EVENTS, ("created_at",), order="ORDER BY id DESC", grows=True),
        _Told(tables.SESSION_STATES, ("updated_at",), most=MOST_REWRITTEN),
        _Told(tables.APP_STATES, ("updated_at",), most=MOST_REWRITTEN),
        _Told(tables.USER_STATES, ("updated_at",), most=MOST_REWRITTEN),
        _Told(tables.SESSION_SUMMARIES, ("updated_at",), most=MOST_REWRITTEN),
        _Told(tables.CHECKPOINTS, ("ts",)),
    )
}
TOLD = tuple(_TOLD)  # every table but checkpoint_writes, whose rows hold no time


@dataclass(frozen=True, slots=True)
class _Moment:
    """One write that a row tells of: in which column, when, and by whom if that is known."""

    key: RowKey
    column: str
    at: datetime
    by: object = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of one table."""

    moments: tuple[_Moment, ...]
    exact: bool

    def last(self) -> LastWrite:
        """The newest of them."""
        return LastWrite(max((moment.at for moment in self.moments), default=None), self.exact)

    def by_others(self, operator: str | None, ignored: set[RowKey]) -> Iterator[datetime]:
        """The instants of what was not written by the operator, as far as that can be known."""
        for moment in self.moments:
            began = moment.column in _BEGINS
            if not (moment.key in ignored and not began) and not (operator is not None and moment.by == operator):
                yield moment.at


def look(source: "Source", table: str, now: datetime) -> Looked:
    """Look at the newest rows of a table. Times that cannot be read, or are far in the future, are left out."""
    told = _TOLD.get(table)
    if told is None:
        return Looked((), exact=False)
    try:
        found = _rows(source, told)
    except Unsupported:
        return Looked((), exact=False)  # an older program made this table without these columns
    moments = tuple(moment for row in found for moment in _moments(told, row) if moment.at - now <= _AHEAD)
    return Looked(moments, _exact(source, told, found, moments))


def _rows(source: "Source", told: _Told) -> list[tuple[object, ...]]:
    try:
        return list(source.database.all(told.statement, {"most": told.most}))
    except Unsupported:
        return list(source.database.all(told.anyway, {"most": told.most}))


def _moments(told: _Told, row: tuple[object, ...]) -> Iterator[_Moment]:
    width = len(told.table.key)
    key = row[:width]
    for column, at in zip(told.moments, row[width:], strict=False):
        if isinstance(at, datetime):
            yield _Moment(key, column, at, row[-1] if told.by and column not in _BEGINS else None)


def _exact(source: "Source", told: _Told, found: list[tuple[object, ...]], moments: tuple[_Moment, ...]) -> bool:
    if told.grows and moments:
        return True
    if len(found) < told.most and rows(source.database, told.table.name, told.most).n == len(found):
        return True
    if not told.order or not moments:
        return False
    if source.ours or source.engine != "sqlite":
        return True
    best = max(moment.at for moment in moments)
    return all_seen([row[-1] for row in found], lambda last: last <= best - UNSURE)


def written_since(source: "Source", since: datetime, operator: str | None, ignoring: Ignored, now: datetime) -> Written:
    """What others wrote after a moment; see `Written`."""
    ignored: dict[str, set[RowKey]] = {}
    for table, key in ignoring:
        if table not in tables_by_name():
            raise Invalid(f"{table!r} is no table of an agents database: name one of {', '.join(tables_by_name())}")
        ignored.setdefault(table, set()).add((key,) if isinstance(key, str) else tuple(key))
    newest: dict[str, datetime] = {}
    exact = True
    for table in TOLD:
        if table not in source.database.relations():
            continue
        looked = look(source, table, now)
        exact = exact and looked.exact
        later = [at for at in looked.by_others(operator, ignored.get(table, set())) if at > since]
        if later:
            newest[table] = max(later)
    return Written(since, max(newest.values(), default=None), newest, exact)


def tables_by_name() -> dict[str, Table]:
    """The fourteen tables."""
    return {table.name: table for table in tables.TABLES}
