"""Ids by their beginning: what people type of one. Every row counts, whatever its status.

So a beginning that named one row yesterday cannot come to name another one today: it is two rows' then.
"""

from workbench.data.agents.tables import APPROVALS, CLARIFICATIONS, MEMORIES, SESSIONS, SHORT_MEMORIES
from workbench.data.engine import codecs
from workbench.data.engine.database import Database
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.tables import Table
from workbench.data.errors import Invalid

MOST = 20


def _statement(table: Table, *key: str) -> Statement[tuple[str, ...]]:
    # Not LIKE, which takes letters of both sizes for the same in SQLite; the index of the key has all that is read.
    return Statement(
        f"SELECT {', '.join(key)} FROM {table.name} "
        f"WHERE substr(CAST({key[-1]} AS text), 1, length(:beginning)) = :beginning "
        f"ORDER BY {', '.join(reversed(key))} LIMIT :limit",
        params={"beginning": codecs.text, "limit": codecs.bigint},
        row=Row.plain(_key, **dict.fromkeys(key, codecs.text)),
        table=table,
    )


def _key(*parts: str) -> tuple[str, ...]:
    return parts


_STATEMENTS = {
    table.name: _statement(table, *key)
    for table, key in (
        (APPROVALS, ("id",)),
        (CLARIFICATIONS, ("id",)),
        (SESSIONS, ("app_name", "user_id", "session_id")),
        (MEMORIES, ("app_name", "user_id", "id")),
        (SHORT_MEMORIES, ("memory_type", "key")),
    )
}


def ids_beginning(database: Database, table: Table, beginning: str, limit: int = MOST) -> tuple[str, ...]:
    """At most `limit` ids of a table that begin so."""
    return tuple(key[-1] for key in keys_beginning(database, table, beginning, limit))


def keys_beginning(database: Database, table: Table, beginning: str, limit: int = MOST) -> tuple[tuple[str, ...], ...]:
    """At most `limit` keys of a table whose last part begins so."""
    if not isinstance(beginning, str) or not beginning:
        raise Invalid("an id begins with at least one character: write some of it")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise Invalid(f"limit={limit!r} ids are none: ask for one at least")
    return tuple(database.all(_STATEMENTS[table.name], {"beginning": beginning, "limit": limit}))
