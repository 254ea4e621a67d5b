"""What gathers in an agents database because nothing takes it away: large tables, and runs that never ended.

Bounded as everything that operators look at often: counts stop, and the oldest row is looked for where it stands.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from workbench.data.agents import tables
from workbench.data.agents.counting import LOOK_AT, Count, as_is, cells, rows
from workbench.data.engine import codecs
from workbench.data.engine.statement import Pair, Row, Statement
from workbench.data.errors import Unsupported

if TYPE_CHECKING:
    from workbench.data.engine.database import Database

STUCK_AFTER = timedelta(hours=1)  # a run only hands its work over, which takes seconds
LARGE = 100_000
_FIRST = 200  # rows at the begin of a table among which the oldest is looked for
_MOMENTS = ("created_at", "started_at", "updated_at")
_RUNNING = Statement(
    "SELECT task_name, started_at FROM cron_history WHERE status = 'running' LIMIT :most",
    row=Row.plain(cells, task_name=codecs.text, started_at=codecs.local_text),
    params={"most": codecs.bigint},
)


@dataclass(frozen=True, slots=True)
class Stuck:
    """Runs of scheduled tasks that are still called running; the oldest of them, and its task."""

    count: Count
    since: datetime
    task: str


@dataclass(frozen=True, slots=True)
class Grown:
    """A table with very many rows, and about when its oldest was written (None where no row tells)."""

    table: str
    rows: Count
    since: datetime | None


def stuck_runs(database: "Database", at: datetime, after: timedelta = STUCK_AFTER) -> Stuck | None:
    """The runs that began long before a moment and never ended; None where there are none."""
    if "cron_history" not in database.relations():
        return None
    found = list(database.all(_RUNNING, {"most": LOOK_AT + 1}))
    old = [(began, task) for task, began in found[:LOOK_AT] if isinstance(began, datetime) and at - began > after]
    if not old:
        return None
    since, task = min(old, key=lambda run: run[0])
    return Stuck(Count(len(old), len(found) > LOOK_AT), since, task if isinstance(task, str) else "(unreadable)")


def grown(database: "Database", large: int = LARGE) -> tuple[Grown, ...]:
    """The tables that have more rows than that."""
    there = database.relations()
    counted = [(table.name, rows(database, table.name, large)) for table in tables.TABLES if table.name in there]
    return tuple(Grown(name, count, _since(database, name)) for name, count in counted if count.more)


def _since(database: "Database", name: str) -> datetime | None:
    statement = _oldest(name)
    if statement is None:
        return None
    try:
        found = list(database.all(statement, {"most": _FIRST}))
    except Unsupported:  # an older program made this table without the column
        return None
    return min((moment for moment in found if isinstance(moment, datetime)), default=None)


@cache
def _oldest(name: str) -> Statement[object] | None:
    """The first rows of a table as they stand: the oldest ones, where rows are only added."""
    table = next(table for table in tables.TABLES if table.name == name)
    moment = next((column for column in _MOMENTS if column in table.by_name), None)
    if moment is None:
        return None
    return Statement(
        Pair(
            f"SELECT {moment} FROM {name} ORDER BY rowid LIMIT :most",
            f"SELECT {moment} FROM {name} LIMIT :most",
        ),
        row=Row.plain(as_is, **{moment: table.by_name[moment].codec}),
        params={"most": codecs.bigint},
    )
