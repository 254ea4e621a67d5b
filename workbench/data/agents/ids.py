"""Ids by their beginning: what people type of one. Every row counts, whatever its status.

So a beginning that named one row yesterday cannot come to name another one today: it is two rows' then.
"""

from workbench.data.agents.tables import APPROVALS, CLARIFICATIONS
from workbench.data.engine import codecs
from workbench.data.engine.database import Database
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.tables import Table
from workbench.data.errors import Invalid

MOST = 20


def _statement(table: Table) -> Statement[str]:
    # Not LIKE, which takes letters of both sizes for the same in SQLite; the index of the key has all that is read.
    return Statement(
        f"SELECT id FROM {table.name} WHERE substr(CAST(id AS text), 1, length(:beginning)) = :beginning "
        "ORDER BY id LIMIT :limit",
        params={"beginning": codecs.text, "limit": codecs.bigint},
        row=Row.plain(str, id=codecs.text),
        table=table,
    )


_STATEMENTS = {table.name: _statement(table) for table in (APPROVALS, CLARIFICATIONS)}


def ids_beginning(database: Database, table: Table, beginning: str, limit: int = MOST) -> tuple[str, ...]:
    """At most `limit` ids of a table that begin so."""
    if not isinstance(beginning, str) or not beginning:
        raise Invalid("an id begins with at least one character: write some of it")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise Invalid(f"limit={limit!r} ids are none: ask for one at least")
    return tuple(database.all(_STATEMENTS[table.name], {"beginning": beginning, "limit": limit}))
