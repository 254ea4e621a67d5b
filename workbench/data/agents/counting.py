"""How much there is of what in an agents database: counts that walk an index, or stop at a bound and say so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.data.agents import tables
from workbench.data.agents.records import damaged_fields
from workbench.data.engine import codecs
from workbench.data.engine.page import Damaged
from workbench.data.engine.statement import Row, Statement

if TYPE_CHECKING:
    from workbench.data.engine.database import Database

LOOK_AT = 2_000  # rows that are read to be judged one by one
COUNT_TO = 10_000  # rows that are only counted
MANY_STATUSES = 50
FIRST_PENDING = 200  # of the oldest in stored order, among which the oldest instant is looked for
# A wall clock is less than a day off UTC, so two texts that are further apart stand in the order of their instants.
UNSURE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows; with `more` there are at least so many, because the count stopped there."""

    n: int
    more: bool = False

    def __str__(self) -> str:
        return f"≥ {self.n:,}" if self.more else f"{self.n:,}"


@dataclass(frozen=True, slots=True)
class Counts:
    """What an agents database holds. Pending approvals and short memories are judged by instants.

    `…_unclear` counts rows whose time cannot be read. `rows` has every table that is there.
    """

    approvals: dict[str, Count]
    pending_fresh: Count
    pending_past_expiry: Count
    pending_unclear: Count
    clarifications: dict[str, Count]
    short_memories_live: Count
    short_memories_expired: Count
    short_memories_unclear: Count
    rows: dict[str, Count]


@dataclass(frozen=True, slots=True)
class Oldest:
    """What has been pending longest: `what` is the tool of an approval, the begin of a question."""

    id: str
    what: str
    created_at: datetime


def as_is(value: object) -> object:
    """A row of one computed column is that column."""
    return value


def cells(*values: object) -> tuple[object, ...]:
    """A row of some computed columns is a tuple of them."""
    return values


_MOST = {"most": codecs.bigint}
# From status to status by the index, and in each no further than asked for. The order is what makes a planner
# take the index: without it, a rare status among many rows costs PostgreSQL a walk through all of them.
_BY_STATUS = {
    name: Statement(
        f"WITH RECURSIVE seen(status) AS (SELECT min(status) FROM {name} UNION ALL "
        f"SELECT (SELECT min(a.status) FROM {name} a WHERE a.status > seen.status) FROM seen "
        "WHERE seen.status IS NOT NULL) "
        "SELECT status, (SELECT count(*) FROM (SELECT a.status AS found "
        f"FROM {name} a WHERE a.status >= seen.status ORDER BY a.status LIMIT :most) AS few "
        f"WHERE few.found = seen.status) AS n FROM seen WHERE status IS NOT NULL LIMIT {MANY_STATUSES}",
        row=Row.plain(cells, status=codecs.text, n=codecs.bigint),
        params=_MOST,
    )
    for name in ("approvals", "clarifications")
}
_ROWS = {
    table.name: Statement(
        f"SELECT count(*) AS n FROM (SELECT 1 FROM {table.name} LIMIT :most) AS few",
        row=Row.plain(int, n=codecs.bigint),
        params=_MOST,
    )
    for table in tables.TABLES
}
_PENDING = Statement(
    "SELECT expires_at FROM approvals WHERE status = 'pending' LIMIT :most",
    row=Row.plain(as_is, expires_at=codecs.utc_text.optional()),
    params=_MOST,
)
# What lives ends last, so the last to end in stored order are those that need a look.
_SHORT = Statement(
    "SELECT expires_at FROM short_memories ORDER BY expires_at DESC LIMIT :most",
    row=Row.plain(as_is, expires_at=codecs.local_text),
    params=_MOST,
)
_OLDEST = {
    name: Statement(
        f"SELECT id, what, created_at FROM (SELECT id, {what} AS what, created_at FROM {name} "
        f"WHERE status = 'pending' LIMIT :most) AS pending ORDER BY created_at, id LIMIT {FIRST_PENDING}",
        row=Row.plain(Oldest, id=codecs.text, what=codecs.text.optional(""), created_at=codecs.utc_text),
        params=_MOST,
    )
    for name, what in (("approvals", "tool_name"), ("clarifications", "substr(question, 1, 500)"))
}


def count(database: "Database", at: datetime, look_at: int, count_to: int) -> Counts:
    """Count everything; see `Counts`."""
    there = database.relations()
    fresh, past, unclear = _pending(database, at, look_at) if "approvals" in there else _NONE
    live, ended, unread = _short(database, at, look_at) if "short_memories" in there else _NONE
    return Counts(
        approvals=_by_status(database, "approvals", count_to),
        pending_fresh=fresh,
        pending_past_expiry=past,
        pending_unclear=unclear,
        clarifications=_by_status(database, "clarifications", count_to),
        short_memories_live=live,
        short_memories_expired=ended,
        short_memories_unclear=unread,
        rows={name: rows(database, name, count_to) for name in _ROWS if name in there},
    )


_NONE = (Count(0), Count(0), Count(0))


def rows(database: "Database", table: str, count_to: int) -> Count:
    """How many rows a table has."""
    found = database.one(_ROWS[table], {"most": count_to + 1}) or 0
    return Count(min(found, count_to), found > count_to)


def oldest(database: "Database", table: str, count_to: int) -> Oldest | None:
    """The oldest pending row of a table that can be shown at all; one whose time can be read comes first."""
    if table not in database.relations():
        return None
    found: Iterable[Oldest] = database.all(_OLDEST[table], {"most": count_to})
    named = [row for row in found if "id" not in damaged_fields(row)]
    dated = [row for row in named if "created_at" not in damaged_fields(row)]
    return min(dated, key=lambda row: row.created_at, default=named[0] if named else None)


def _by_status(database: "Database", table: str, count_to: int) -> dict[str, Count]:
    if table not in database.relations():
        return {}
    found: dict[str, Count] = {}
    for status, n in database.all(_BY_STATUS[table], {"most": count_to + 1}):
        assert isinstance(n, int)
        name = f"unreadable: {status.raw!r}" if isinstance(status, Damaged) else str(status)
        # On SQLite the same word may stand as text and as bytes.
        before = found.get(name, Count(0))
        found[name] = Count(before.n + min(n, count_to), before.more or n > count_to)
    return found


def _pending(database: "Database", at: datetime, look_at: int) -> tuple[Count, Count, Count]:
    ends = list(database.all(_PENDING, {"most": look_at + 1}))
    return _judged(ends, at, look_at, cut=len(ends) > look_at)


def _short(database: "Database", at: datetime, look_at: int) -> tuple[Count, Count, Count]:
    ends = list(database.all(_SHORT, {"most": look_at + 1}))
    cut = len(ends) > look_at
    live, ended, unclear = _judged(ends, at, look_at, cut)
    if cut and all_seen(ends, lambda last: last <= at - UNSURE):
        live = Count(live.n)  # what was not looked at has ended long ago
    return live, ended, unclear


def _judged(ends: list[object], at: datetime, look_at: int, cut: bool) -> tuple[Count, Count, Count]:
    """How many of these end after a moment (or never), not after it, and nobody knows when."""
    live = ended = unclear = 0
    for end in ends[:look_at]:
        if isinstance(end, Damaged):
            unclear += 1
        elif end is None or (isinstance(end, datetime) and end > at):
            live += 1
        else:
            ended += 1
    return Count(live, cut), Count(ended, cut), Count(unclear, cut)


def all_seen(moments: list[object], enough: Callable[[datetime], bool]) -> bool:
    """Whether the last instant of a list in stored order says that nothing of interest can follow."""
    return bool(moments) and isinstance(moments[-1], datetime) and enough(moments[-1])
