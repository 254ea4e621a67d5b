"""The table that the engine's tests work on, declared as a room declares its own."""

import sqlite3
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from servers import until

from workbench.data.engine import codecs
from workbench.data.engine.database import Database
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.tables import Column, Index, Table

NOON = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
THINGS = Table(
    "things",
    (
        Column("id", codecs.text),
        Column("title", codecs.text),
        Column("note", codecs.text, null=True, default=""),
        Column("count", codecs.bigint),
        Column("weight", codecs.real, null=True),
        Column("enabled", codecs.boolean, default=True),
        Column("body", codecs.blob, null=True),
        Column("made_at", codecs.utc_text),
        Column("ends_at", codecs.utc_text, null=True),
        Column("added_by", codecs.text, null=True, default="", since=True),
    ),
    key=("id",),
    indexes=(Index("idx_things_made", ("made_at",)), Index("idx_things_title", ("title",), unique=False)),
)


@dataclass(frozen=True, slots=True)
class Thing:
    id: str
    title: str
    note: str
    count: int
    weight: float | None
    enabled: bool
    body: bytes | None
    made_at: datetime
    ends_at: datetime | None
    added_by: str
    stored: dict[str, object] = field(default_factory=dict, compare=False)


ROW = Row.of(Thing, THINGS)
GET = Statement("SELECT {columns} FROM things WHERE id = :id", row=ROW)
ALL = Statement("SELECT {columns} FROM things ORDER BY id", row=ROW)
LIST = Statement(
    "SELECT {columns} FROM things WHERE {after} ORDER BY {order} LIMIT :limit",
    row=ROW,
    order=("made_at DESC", "id DESC"),
)
LIST_MIXED = Statement(
    "SELECT {columns} FROM things WHERE {after} ORDER BY {order} LIMIT :limit", row=ROW, order=("title", "id DESC")
)
INSERT: Statement[None] = Statement(
    "INSERT INTO things (id, title, note, count, weight, enabled, body, made_at, ends_at, added_by) VALUES "
    "(:id, :title, :note, :count, :weight, :enabled, :body, :made_at, :ends_at, :added_by)",
    table=THINGS,
)
ADD = Statement(
    "UPDATE things SET count = count + :by WHERE id = :id RETURNING count",
    params={"by": codecs.bigint},
    row=Row.plain(int, count=codecs.bigint),
    table=THINGS,
)
COUNT = Statement("SELECT count(*) AS n FROM things", row=Row.plain(int, n=codecs.bigint))


def make_things(database: Database) -> None:
    for ddl in THINGS.ddl(database.dialect):
        database.run(Statement(ddl))
    database.relations(fresh=True)
    # Others are told of a write a little later, in a transaction of its own, which would pass for another change.
    until(lambda: "workbench-notify" not in {thread.name for thread in threading.enumerate()}, what="nobody tells")


@dataclass
class Place:
    """Where a test's database is, and how to open it once more."""

    engine: str
    where: Any

    def open(self, **options: Any) -> Database:
        if self.engine == "sqlite":
            return SqliteDatabase(self.where, **options)
        from workbench.data.engine.postgres import PostgresDatabase

        return PostgresDatabase(self.where, display="test", **options)

    def raw(self) -> Any:
        """A connection of the engine's own driver, for writing what our codecs would refuse."""
        if self.engine == "sqlite":
            return sqlite3.connect(self.where, isolation_level=None)
        import psycopg

        return psycopg.connect(self.where, autocommit=True)


def thing(key: str, **changes: Any) -> dict[str, Any]:
    """Parameters of a whole row."""
    values = {
        "id": key,
        "title": f"title of {key}",
        "note": "",
        "count": 0,
        "weight": None,
        "enabled": True,
        "body": None,
        "made_at": NOON,
        "ends_at": None,
        "added_by": "",
    }
    return values | changes


def empty_file(path: Path, journal: str = "wal") -> Path:
    """A SQLite file that another program has begun."""
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("CREATE TABLE other (x)")
    connection.commit()
    connection.close()
    return path
