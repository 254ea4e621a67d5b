"""Looking at every row of an agents database: whatever is wrong with one is reported, and nothing is changed.

Rows are read page by page in the order of their keys, each page by itself, so that nothing large is held and
no writer is kept waiting.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from workbench.data.agents import tables as declared
from workbench.data.agents.oddities import Oddity, of_row, of_value
from workbench.data.engine.codecs import Codec, bigint
from workbench.data.engine.page import Cursor
from workbench.data.engine.statement import BYTES, Row, Statement, shape_of
from workbench.data.engine.tables import Table
from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.data.engine.database import Database
    from workbench.data.source import Source

Raw = tuple[Any, ...]
_AT_ONCE = 200  # rows of one page
_REMEMBERED = 10_000  # sessions that need not be looked up again
_SHOWN = 80  # characters or bytes of a stored value

_THERE = Row.plain(int, there=bigint)
_SESSION_IS_THERE = Statement(
    "SELECT 1 AS there FROM sessions WHERE app_name = :app_name AND user_id = :user_id AND session_id = :session_id",
    row=_THERE,
    table=declared.SESSIONS,
)
_CHECKPOINT_IS_THERE = Statement(
    "SELECT 1 AS there FROM checkpoints WHERE lineage_id = :lineage_id AND checkpoint_id = :checkpoint_id LIMIT 1",
    row=_THERE,
    table=declared.CHECKPOINTS,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one stored value of one row.

    `key` is None where the row's own key cannot be read; `stored` may be cut short. `theirs`: we read it all the
    same, and only the other program stumbles. A `note` is odd, but nothing stumbles over it.
    """

    table: str
    key: tuple[object, ...] | None
    column: str
    stored: object
    why: str
    theirs: bool = False
    note: bool = False

    def __str__(self) -> str:
        """One sentence: where, what, and what stands there."""
        key = " / ".join(str(part) for part in self.key) if self.key is not None else "a row without a readable key"
        whose = " (only its own program stumbles over it)" if self.theirs else ""
        return f"{self.table} {key}: {self.column}: {self.why}{whose}: {self.stored!r}"


def examine(source: "Source", *, tables: Iterable[str] | None = None, notes: bool = False) -> Iterator[Finding]:
    """Everything that is wrong with the rows of these tables (all that there are), found while it is asked for.

    `notes` also names what is odd without being wrong.
    """
    wanted = list(declared.TABLES)
    if tables is not None:
        known = {table.name: table for table in declared.TABLES}
        names = list(tables)
        if unknown := [name for name in names if name not in known]:
            raise Invalid(f"an agents database has no table {unknown[0]!r}: it has {', '.join(sorted(known))}")
        wanted = [known[name] for name in names]
    database = source.database
    database.relations(fresh=True)
    found = (finding for table in wanted for finding in _of_table(database, table))
    return found if notes else (finding for finding in found if not finding.note)


def _of_table(database: "Database", table: Table) -> Iterator[Finding]:
    relation = database.relations().get(table.local(database.dialect))
    if relation is None:
        return
    if missing := [c.name for c in table.columns if not c.since and c.name not in relation.columns]:
        yield Finding(table.name, None, missing[0], None, "the table lacks this column: its rows were not looked at")
        return
    beside = _Beside(database)
    after: Cursor | None = None
    while True:
        page = database.page(_list(table), limit=_AT_ONCE, after=after)
        for raw in page:
            yield from _of_row(database.dialect, table, raw, beside)
        if page.next is None:
            return
        after = page.next


@cache
def _list(table: Table) -> Statement[Raw]:
    columns = tuple((column.name, _as_it_is(column.codec)) for column in table.columns)
    return Statement(
        f"SELECT {{columns}} FROM {table.name} WHERE {{after}} ORDER BY {{order}} LIMIT :limit",
        row=Row(lambda *values: values, columns, table),
        order=table.key,
    )


def _as_it_is(codec: Codec) -> Codec:
    """The same column, read as whatever the engine hands out."""
    return replace(codec, decode=lambda raw: raw, quick="{v}", nullable=True)


def _of_row(dialect: str, table: Table, raw: Raw, beside: "_Beside") -> Iterator[Finding]:
    values: dict[str, Any] = {}
    odd: list[Oddity] = []
    for column, value in zip(table.columns, raw, strict=True):
        odd.extend(of_value(column, value, dialect, values))
    odd.extend(of_row(table.name, values))
    odd.extend(beside.of_row(table, raw))
    if not odd:
        return
    key = tuple(values[name] for name in table.key) if all(name in values for name in table.key) else None
    stored = dict(zip(table.by_name, raw, strict=True))
    for each in odd:
        shown = _shortened(stored[each.column])
        yield Finding(table.name, key, each.column, shown, each.why, each.theirs, each.note)


def _shortened(value: object) -> object:
    if isinstance(value, str) and len(value) > _SHOWN:
        return value[:_SHOWN] + "…"
    return value[:_SHOWN] if isinstance(value, bytes) else value


class _Beside:
    """What a row needs in other rows: an event its session, a checkpoint its parent."""

    def __init__(self, database: "Database") -> None:
        self.database = database
        self.sessions: set[tuple[object, ...]] = set()

    def of_row(self, table: Table, raw: Raw) -> Iterator[Oddity]:
        if table is declared.SESSION_EVENTS:
            yield from self._of_event(raw[1:4])
        elif table is declared.CHECKPOINTS:
            yield from self._of_checkpoint(*raw[:4])

    def _of_event(self, key: tuple[object, ...]) -> Iterator[Oddity]:
        if key in self.sessions or not all(map(_can_be_asked_for, key)):
            return
        if "sessions" not in self.database.relations():
            return
        if len(self.sessions) >= _REMEMBERED:
            self.sessions.clear()
        self.sessions.add(key)
        names = dict(zip(("app_name", "user_id", "session_id"), key, strict=True))
        if self.database.one(_SESSION_IS_THERE, names) is None:
            yield Oddity("session_id", "there is no such session: this is the first of its events")

    def _of_checkpoint(
        self, lineage: object, namespace: object, checkpoint: object, parent: object
    ) -> Iterator[Oddity]:
        if not parent or not _can_be_asked_for(lineage) or not _can_be_asked_for(parent):
            return
        names = {"lineage_id": lineage, "checkpoint_id": parent}
        if self.database.one(_CHECKPOINT_IS_THERE, names) is None:
            yield Oddity("parent_checkpoint_id", "there is no such checkpoint in its lineage")


def _can_be_asked_for(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value and shape_of(value) != BYTES
