"""The agents stores beside raw sqlite3 (or raw psycopg) doing the same statements, in the same run.

python tests/bench/bench_agents.py [LARGEST]            SQLite; LARGEST decided approvals, default 1000000
python tests/bench/bench_agents.py --postgres [LARGEST] the server that the tests use
"""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from harness import measure

from workbench.data import Source, open_source
from workbench.data.agents.events import read_events
from workbench.data.agents.records import Approval, SessionEvent, SessionRow

KEY = ("genie", "operator", "main")
START = datetime(2026, 1, 1, tzinfo=UTC)
EVENT = {
    "object": "chat.completion",
    "created": 1795156291,
    "model": "gpt-x",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "answer text " * 25}, "delta": {"role": ""}}],
    "usage": {"prompt_tokens": 812, "completion_tokens": 64, "total_tokens": 876},
    "done": True,
    "is_partial": False,
    "invocationId": "inv-1",
    "author": "genie",
    "id": "5f0f5a0e-9d0c-4f0e-8a51-2f6f1b7c9d11",
    "timestamp": "2026-11-20T01:31:31.230131133-05:00",
    "version": 1,
    "response": {"id": "x", "timestamp": "2026-11-20T01:31:31.230131133-05:00"},
}
ARGS = '{"path": "/srv/app/config.yaml", "content": "replicas: 3", "mode": "replace", "reason": "scale the api"}'
APPROVAL_COLUMNS = (
    "id, thread_id, run_id, tenant_id, tool_name, args, status, created_at, expires_at, resolved_at, resolved_by, "
    "created_by, feedback, sender_context, question"
)


def stamp(moment: datetime) -> str:
    text = moment.isoformat(" ")[:-6]
    return (text.rstrip("0") if moment.microsecond else text) + " +0000 UTC"


def moment_of(text: str | datetime) -> datetime:
    return datetime.fromisoformat(text[:-10] + "+00:00") if isinstance(text, str) else text


class Raw:
    """The driver itself, by hand, with the same pragmas."""

    def __init__(self, where: str) -> None:
        self.sqlite = not where.startswith("postgresql")
        if self.sqlite:
            self.connection: Any = sqlite3.connect(where, isolation_level=None, cached_statements=512)
            self.connection.execute("PRAGMA synchronous = NORMAL")
        else:
            import psycopg

            self.connection = psycopg.connect(where, autocommit=True, prepare_threshold=1)

    def run(self, sql: str, values: tuple = ()) -> Any:
        return self.connection.execute(sql if self.sqlite else sql.replace("?", "%s"), values)

    def many(self, sql: str, rows: Iterator[tuple]) -> None:
        self.run("BEGIN")
        with_cursor = self.connection.cursor()
        with_cursor.executemany(sql if self.sqlite else sql.replace("?", "%s"), rows)
        self.run("COMMIT")
        with_cursor.close()

    def begin(self) -> None:
        self.run("BEGIN IMMEDIATE" if self.sqlite else "BEGIN")

    def time(self, moment: datetime) -> Any:
        return stamp(moment) if self.sqlite else moment


def event_rows(raw: Raw, n: int) -> Iterator[tuple]:
    data = json.dumps(EVENT, separators=(",", ":"))
    for i in range(n):
        yield (*KEY, data, raw.time(START + timedelta(seconds=i, microseconds=1)))


def appending(source: Source, raw: Raw, mirror: Raw, n: int) -> None:
    source.sessions.create_session(KEY)
    insert = "INSERT INTO session_events (app_name, user_id, session_id, event_data, created_at) VALUES (?, ?, ?, ?, ?)"
    session = "INSERT INTO sessions (app_name, user_id, session_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?)"
    raw.run(session, (*KEY, raw.time(START), raw.time(START)))
    for each in (raw, mirror):
        each.many(insert, event_rows(each, n))
    update = "UPDATE sessions SET updated_at = ? WHERE app_name = ? AND user_id = ? AND session_id = ?"

    def by_hand() -> int:
        for _ in range(200):
            now = raw.time(datetime.now(UTC))
            raw.begin()
            raw.run(update, (now, *KEY))
            raw.run(insert, (*KEY, json.dumps(EVENT, separators=(",", ":")), now))
            raw.run("COMMIT")
        return 200

    def ours() -> int:
        for _ in range(200):
            source.sessions.append_event(KEY, EVENT)
        return 200

    measure(f"append an event to {n:,}", {"raw": by_hand, "workbench": ours}, "raw", 25)
    last = (
        "SELECT id, app_name, user_id, session_id, event_data, created_at FROM session_events "
        "WHERE app_name = ? AND user_id = ? AND session_id = ? ORDER BY id DESC LIMIT 51"
    )

    def raw_last() -> int:
        for _ in range(20):
            rows = raw.run(last, KEY).fetchall()[:50]
            events = [SessionEvent(*row[:5], moment_of(row[5]), {"created_at": row[5]}) for row in reversed(rows)]
            [json.loads(event.event_data) for event in events]
        return 20

    def our_last() -> int:
        for _ in range(20):
            [json.loads(event.event_data) for event in source.sessions.events(KEY, limit=50, backwards=True)]
        return 20

    def our_people() -> int:
        for _ in range(20):
            read_events(source.sessions.events(KEY, limit=50, backwards=True))
        return 20

    cases = {"raw + json": raw_last, "workbench + json": our_last, "workbench, for people": our_people}
    measure(f"last 50 events of {n:,}", cases, "raw + json")


def listing(source: Source, raw: Raw, mirror: Raw, n: int) -> None:
    for each in (raw, mirror):
        each.many(
            "INSERT INTO sessions (app_name, user_id, session_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            (
                ("genie", f"u{i % 100}", f"s{i:07}", at := each.time(START + timedelta(seconds=i, microseconds=7)), at)
                for i in range(n)
            ),
        )
        each.run("ANALYZE sessions")
    sql = (
        "SELECT app_name, user_id, session_id, created_at, updated_at FROM sessions "
        "ORDER BY updated_at DESC, app_name DESC, user_id DESC, session_id DESC LIMIT 51"
    )

    def by_hand() -> int:
        for _ in range(50):
            [
                SessionRow(a, u, s, moment_of(c), moment_of(d), {"created_at": c, "updated_at": d})
                for a, u, s, c, d in raw.run(sql).fetchall()[:50]
            ]
        return 50

    def ours() -> int:
        for _ in range(50):
            source.sessions.list_sessions(limit=50)
        return 50

    measure(f"first 50 of {n:,} sessions", {"raw": by_hand, "workbench": ours}, "raw")


def remembering(source: Source, raw: Raw, mirror: Raw) -> None:
    store = source.short_memory
    get = "SELECT value, expires_at FROM short_memories WHERE memory_type = ? AND key = ?"
    upsert = (
        "INSERT INTO short_memories (key, memory_type, value, expires_at, created_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (key, memory_type) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
    )

    def raw_get() -> int:
        for i in range(100):
            value, expires = raw.run(get, ("seen_messages", f"m{i}")).fetchone()
            assert value if moment_of(expires) > datetime.now(UTC) else None
        return 100

    def our_get() -> int:
        for i in range(100):
            assert store.get("seen_messages", f"m{i}")
        return 100

    def raw_set() -> int:
        for i in range(100):
            now = datetime.now(UTC)
            ends = raw.time(now + timedelta(seconds=3600))
            raw.run(upsert, (f"m{i}", "seen_messages", "1", ends, raw.time(now)))
        return 100

    def our_set() -> int:
        for i in range(100):
            store.set("seen_messages", f"m{i}", "1", 3600)
        return 100

    raw_set()
    our_set()
    measure("short memory: get", {"raw": raw_get, "workbench": our_get}, "raw")
    measure("short memory: set", {"raw": raw_set, "workbench": our_set}, "raw")


def approval_rows(raw: Raw, begin: int, end: int, status: str) -> Iterator[tuple]:
    for i in range(begin, end):
        at = START + timedelta(seconds=i, microseconds=i % 999_983)
        done = None if status == "pending" else raw.time(at)
        ends = raw.time(at + timedelta(days=3650))
        key = f"{i * 2654435761 % 2**32:08x}-0000-4000-8000-{i:012x}"
        times = (raw.time(at), ends, done)
        yield (key, f"thread-{i % 100}", "", "", "save_file", ARGS, status, *times, "ops", "", "", "", "")


def pending(source: Source, raw: Raw, mirror: Raw, largest: int) -> None:
    insert = f"INSERT INTO approvals ({APPROVAL_COLUMNS}) VALUES ({', '.join('?' * 15)})"
    for each in (raw, mirror):
        each.many(insert, approval_rows(each, largest, largest + 60, "pending"))
    select = (
        f"SELECT {APPROVAL_COLUMNS} FROM approvals WHERE status = 'pending' ORDER BY created_at DESC, id DESC LIMIT 51"
    )

    def record(row: tuple) -> Approval:
        times = [moment_of(value) if value else None for value in row[7:10]]
        stored = dict(zip(("created_at", "expires_at", "resolved_at"), row[7:10], strict=True))
        return Approval(*row[:7], *times, *row[10:], stored)  # type: ignore[arg-type]

    def by_hand() -> int:
        for _ in range(30):
            [record(row) for row in raw.run(select).fetchall()[:50]]
        return 30

    def ours() -> int:
        for _ in range(30):
            assert len(source.approvals.list_pending(limit=50)) == 50
        return 30

    decided, begin = 1000, 0
    while decided <= largest:
        for each in (raw, mirror):
            each.many(insert, approval_rows(each, begin, decided, "approved"))
            each.run("ANALYZE approvals")
        measure(f"pending page beside {decided:,} decided", {"raw": by_hand, "workbench": ours}, "raw")
        begin, decided = decided, decided * 1000


@contextmanager
def places(postgres: bool) -> Iterator[tuple[str, str]]:
    """One database for us and one for the driver: on one file, each would pay for the other's checkpoints."""
    if postgres:
        from servers import Server

        with Server() as server, server.database() as ours, server.database() as theirs:
            yield server.dsn(ours), server.dsn(theirs)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield str(Path(folder) / "ours.db"), str(Path(folder) / "raw.db")


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    largest = numbers[0] if numbers else 1_000_000
    parts: list[Callable[[Source, Raw, Raw], None]] = [
        lambda *three: appending(*three, 10_000),
        lambda *three: listing(*three, 100_000),
        remembering,
        lambda *three: pending(*three, largest),
    ]
    for part in parts:
        with places("--postgres" in sys.argv) as (ours, theirs), open_source(ours, create=True) as source:
            open_source(theirs, create=True).close()
            part(source, Raw(theirs), Raw(ours))


if __name__ == "__main__":
    main()
