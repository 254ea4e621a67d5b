"""The engine beside raw sqlite3: same pragmas, same columns, the same record built by hand.

python tests/bench/bench_engine.py [LARGEST]      (default 1000000; takes some minutes)
"""

import random
import sqlite3
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from harness import measure

from workbench.data.engine import codecs
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.tables import Column, Index, Table

REQUESTS = Table(
    "requests",
    (
        Column("id", codecs.text),
        Column("thread", codecs.text),
        Column("tool", codecs.text),
        Column("args", codecs.text, default=""),
        Column("status", codecs.text, default="pending"),
        Column("weight", codecs.bigint),
        Column("created_at", codecs.utc_text),
        Column("expires_at", codecs.utc_text, null=True),
    ),
    key=("id",),
    indexes=(Index("idx_requests_created", ("created_at", "id")),),
)


@dataclass(frozen=True, slots=True)
class Request:
    id: str
    thread: str
    tool: str
    args: str
    status: str
    weight: int
    created_at: datetime
    expires_at: datetime | None
    stored: dict[str, object] = field(repr=False, compare=False)


ROW = Row.of(Request, REQUESTS)
GET = Statement("SELECT {columns} FROM requests WHERE id = :id", row=ROW)
LIST = Statement(
    "SELECT {columns} FROM requests WHERE {after} ORDER BY {order} LIMIT :limit",
    row=ROW,
    order=("created_at DESC", "id DESC"),
)
NAMES = ", ".join(column.name for column in REQUESTS.columns)
UPSERT = Statement(
    f"INSERT INTO requests ({NAMES}) VALUES (:id, :thread, :tool, :args, :status, :weight, :created_at, :expires_at) "
    "ON CONFLICT (id) DO UPDATE SET args = excluded.args, status = excluded.status",
    table=REQUESTS,
)
INSERT = Statement(
    f"INSERT INTO requests ({NAMES}) VALUES (:id, :thread, :tool, :args, :status, :weight, :created_at, :expires_at)",
    table=REQUESTS,
)
RAW_GET = f"SELECT {NAMES} FROM requests WHERE id = ?"
RAW_LIST = f"SELECT {NAMES} FROM requests WHERE (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?"
RAW_INSERT = f"INSERT INTO requests ({NAMES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
RAW_UPSERT = RAW_INSERT + " ON CONFLICT (id) DO UPDATE SET args = excluded.args, status = excluded.status"
START = datetime(2026, 1, 1, tzinfo=UTC)
ARGS = '{"path": "/srv/app/config.yaml", "content": "replicas: 3", "mode": "replace", "reason": "scale the api"}'


def values(i: int) -> dict[str, object]:
    created = START + timedelta(seconds=i, microseconds=i % 999_983)
    return {
        "id": f"{i * 2654435761 % 2**32:08x}-0000-4000-8000-{i:012x}",
        "thread": f"thread-{i % 100}",
        "tool": "save_file",
        "args": ARGS,
        "status": "pending",
        "weight": i,
        "created_at": created,
        "expires_at": created + timedelta(minutes=30) if i % 2 else None,
    }


def by_hand(row: tuple) -> Request:
    """What somebody who knows that every value is well formed would write."""
    made, ends = row[6], row[7]
    return Request(
        row[0], row[1], row[2], row[3], row[4], row[5],
        datetime.fromisoformat(made[:-10] + "+00:00"),
        datetime.fromisoformat(ends[:-10] + "+00:00") if ends is not None else None,
        {"created_at": made, "expires_at": ends},
    )  # fmt: skip


def stamp(moment: datetime) -> str:
    text = moment.isoformat(" ")[:-6]
    return (text.rstrip("0") if moment.microsecond else text) + " +0000 UTC"


def as_tuple(v: dict[str, object]) -> tuple:
    ends = v["expires_at"]
    return (
        v["id"], v["thread"], v["tool"], v["args"], v["status"], v["weight"],
        stamp(v["created_at"]), stamp(ends) if ends else None,
    )  # fmt: skip


def raw_connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def make(path: Path) -> None:
    path.touch()
    connection = raw_connection(path)
    connection.execute("PRAGMA journal_mode = WAL")
    for ddl in REQUESTS.ddl("sqlite"):
        connection.execute(ddl)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


class Beside:
    """The same file with the engine over it and a raw connection on it."""

    def __init__(self, folder: Path, n: int) -> None:
        self.n = n
        self.path = folder / f"{n}.db"
        make(self.path)
        self.raw = raw_connection(self.path)
        self.raw.execute("BEGIN")
        self.raw.executemany(RAW_INSERT, (as_tuple(values(i)) for i in range(n)))
        self.raw.execute("COMMIT")
        self.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db = SqliteDatabase(self.path, ours=True, durable=False)
        rnd = random.Random(n)
        self.ids = [values(rnd.randrange(n))["id"] for _ in range(1000)]
        self.cursors = [values(rnd.randrange(n)) for _ in range(100)]

    def reads(self) -> dict[str, float]:
        read = self.raw.execute
        db = self.db
        places = [(stamp(v["created_at"]), v["id"]) for v in self.cursors]
        from workbench.data.engine.page import Cursor

        cursors = [Cursor(place) for place in places]

        def raw_get() -> int:
            for key in self.ids:
                by_hand(read(RAW_GET, (key,)).fetchone())
            return len(self.ids)

        def our_get() -> int:
            for key in self.ids:
                db.one(GET, {"id": key})
            return len(self.ids)

        def raw_page() -> int:
            for place in places:
                [by_hand(row) for row in read(RAW_LIST, (*place, 51)).fetchall()[:50]]
            return len(places)

        def our_page() -> int:
            for cursor in cursors:
                db.page(LIST, limit=50, after=cursor)
            return len(cursors)

        title = f"point read, N = {self.n:,}"
        got = measure(title, {"raw sqlite3": raw_get, "engine": our_get}, "raw sqlite3")
        paged = measure(f"page of 50, N = {self.n:,}", {"raw sqlite3": raw_page, "engine": our_page}, "raw sqlite3")
        return {"point read": got["engine"], "page of 50": paged["engine"]}

    def writes(self) -> dict[str, float]:
        rnd = random.Random(7)
        some = [values(rnd.randrange(self.n)) for _ in range(1000)]
        raw, db = self.raw, self.db

        def raw_own() -> int:
            for v in some:
                raw.execute(RAW_UPSERT, as_tuple(v))
            return len(some)

        def our_own() -> int:
            for v in some:
                db.run(UPSERT, v)
            return len(some)

        def raw_one_transaction() -> int:
            raw.execute("BEGIN IMMEDIATE")
            for v in some:
                raw.execute(RAW_UPSERT, as_tuple(v))
            raw.execute("COMMIT")
            return len(some)

        def our_one_transaction() -> int:
            with db.transaction():
                for v in some:
                    db.run(UPSERT, v)
            return len(some)

        own = measure(
            f"upsert, own transaction, N = {self.n:,}", {"raw sqlite3": raw_own, "engine": our_own}, "raw sqlite3"
        )
        one = measure(
            f"1,000 upserts in one, N = {self.n:,}",
            {"raw sqlite3": raw_one_transaction, "engine": our_one_transaction},
            "raw sqlite3",
        )
        return {"own upsert": own["engine"], "1,000 upserts": one["engine"]}

    def close(self) -> None:
        self.db.close()
        self.raw.close()


def bulk(folder: Path, n: int) -> dict[str, float]:
    rows = [values(i) for i in range(n)]
    count = iter(range(10_000))

    def raw_bulk() -> int:
        path = folder / f"bulk-{next(count)}.db"
        make(path)
        connection = raw_connection(path)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(RAW_INSERT, map(as_tuple, rows))
        connection.execute("COMMIT")
        connection.close()
        path.unlink()
        return n

    def our_bulk() -> int:
        path = folder / f"bulk-{next(count)}.db"
        make(path)
        with SqliteDatabase(path, ours=True, durable=False) as db:
            db.run_many(INSERT, rows)
        path.unlink()
        return n

    rounds = 9 if n <= 10_000 else 5 if n <= 100_000 else 3
    got = measure(f"bulk load of {n:,}", {"raw executemany": raw_bulk, "engine": our_bulk}, "raw executemany", rounds)
    return {"bulk": got["engine"]}


def main() -> None:
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    table: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n = 1000
        while n <= largest:
            beside = Beside(folder, n)
            table[n] = beside.reads() | beside.writes() | bulk(folder, n)
            beside.close()
            n *= 10
    print(f"\nSQLite {sqlite3.sqlite_version}, WAL, synchronous NORMAL, one record of 8 columns; ratio to raw sqlite3")
    heads = list(next(iter(table.values())))
    print("| N | " + " | ".join(heads) + " |\n|---|" + "---|" * len(heads))
    for n, ratios in table.items():
        print(f"| {n:,} | " + " | ".join(f"{ratios[head]:.2f}" for head in heads) + " |")


if __name__ == "__main__":
    main()
