"""Sessions beside raw sqlite3: appending to a session of 10,000 events, and the list of 100,000 sessions.

python tests/bench/bench_sessions.py
"""

import json
import sqlite3
import sys
import tempfile
import uuid
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from harness import measure

from workbench.data import open_source
from workbench.data.agents.records import SessionRow
from workbench.data.agents.writing import assistant_message, tool_call, usage

KEY = ("genie", "root", "main")
EVENTS, SESSIONS = 10_000, 100_000
ADD = "INSERT INTO session_events (app_name, user_id, session_id, event_data, created_at) VALUES (?, ?, ?, ?, ?)"
TOUCH = "UPDATE sessions SET updated_at = ? WHERE app_name = ? AND user_id = ? AND session_id = ?"
PUT = (
    "INSERT INTO session_states (app_name, user_id, session_id, key, value, updated_at) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (app_name, user_id, session_id, key) DO UPDATE SET value = excluded.value, "
    "updated_at = excluded.updated_at"
)
LIST = (
    "SELECT app_name, user_id, session_id, created_at, updated_at FROM sessions {} ORDER BY updated_at DESC, "
    "app_name DESC, user_id DESC, session_id DESC LIMIT 51"
)
AFTER = "WHERE (updated_at, app_name, user_id, session_id) < (?, ?, ?, ?)"


def raw_connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def stamp(moment: datetime) -> str:
    text = moment.isoformat(" ")[:-6]
    return (text.rstrip("0") if moment.microsecond else text) + " +0000 UTC"


def appending(path: Path) -> None:
    said = assistant_message(
        "Let me look at what the gateway logged in the last hour.",
        author="genie",
        model="gpt-x",
        tool_calls=[tool_call("call_afe7154b5fa74ed6a61b3195", "run_shell", {"command": "journalctl -u gateway"})],
        usage=usage(6369, 116, cached=2123),
        reasoning="The user wants a restart; check the replicas before touching anything.",
        filter_key="genie",
        branch="genie",
    )
    state = {"progress": b'{"step":3}', "temp:last": b'"gateway"'}
    with open_source(path, create=True) as source:
        sessions = source.sessions
        sessions.create_session(KEY)
        raw = raw_connection(path)
        raw.execute("BEGIN")
        raw.executemany(ADD, ((*KEY, json.dumps(said), stamp(datetime.now(UTC))) for _ in range(EVENTS)))
        raw.execute("COMMIT")

        def raw_append() -> int:
            for _ in range(200):
                event = dict(said)
                event["id"] = str(uuid.uuid4())
                event["timestamp"] = datetime.now(UTC).isoformat()
                text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
                at = stamp(datetime.now(UTC))
                raw.execute("BEGIN IMMEDIATE")
                raw.execute(TOUCH, (at, *KEY))
                raw.execute(ADD, (*KEY, text, at))
                raw.execute("COMMIT")
            return 200

        def raw_append_with_state() -> int:
            for _ in range(200):
                event = dict(said)
                event["id"] = str(uuid.uuid4())
                event["timestamp"] = datetime.now(UTC).isoformat()
                event["stateDelta"] = {name: b64encode(value).decode() for name, value in state.items()}
                text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
                at = stamp(datetime.now(UTC))
                raw.execute("BEGIN IMMEDIATE")
                raw.execute(TOUCH, (at, *KEY))
                raw.execute(ADD, (*KEY, text, at))
                for name, value in state.items():
                    raw.execute(PUT, (*KEY, name, value, at))
                raw.execute("COMMIT")
            return 200

        def our_append() -> int:
            for _ in range(200):
                sessions.append_event(KEY, said)
            return 200

        def our_append_with_state() -> int:
            for _ in range(200):
                sessions.append_event(KEY, said, state_delta=state)
            return 200

        measure("append", {"raw sqlite3": raw_append, "ours": our_append}, "raw sqlite3", 25)
        cases = {"raw sqlite3": raw_append_with_state, "ours": our_append_with_state}
        measure("append with two values", cases, "raw sqlite3", 25)
        raw.close()


def by_hand(row: tuple) -> SessionRow:
    made, changed = row[3], row[4]
    return SessionRow(
        row[0], row[1], row[2],
        datetime.fromisoformat(made[:-10] + "+00:00"), datetime.fromisoformat(changed[:-10] + "+00:00"),
        {"created_at": made, "updated_at": changed},
    )  # fmt: skip


def listing(path: Path) -> None:
    with open_source(path, create=True) as source:
        raw = raw_connection(path)
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        rows = (
            (f"app-{i % 7}", f"user-{i % 991}", str(uuid.uuid4()), begin + timedelta(seconds=i))
            for i in range(SESSIONS)
        )
        raw.execute("BEGIN")
        raw.executemany(
            "INSERT INTO sessions (app_name, user_id, session_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            ((*key, stamp(at), stamp(at + timedelta(hours=1))) for *key, at in rows),
        )
        raw.execute("COMMIT")
        sessions = source.sessions

        def raw_first() -> int:
            for _ in range(50):
                [by_hand(row) for row in raw.execute(LIST.format("")).fetchall()[:50]]
            return 50

        def our_first() -> int:
            for _ in range(50):
                sessions.list_sessions(limit=50)
            return 50

        cursor = sessions.list_sessions(limit=50_000).next
        values = cursor.values

        def raw_next() -> int:
            for _ in range(50):
                [by_hand(row) for row in raw.execute(LIST.format(AFTER), values).fetchall()[:50]]
            return 50

        def our_next() -> int:
            for _ in range(50):
                sessions.list_sessions(limit=50, after=cursor)
            return 50

        measure("first page of 50", {"raw sqlite3": raw_first, "ours": our_first}, "raw sqlite3", 25)
        measure("page of 50 in the middle", {"raw sqlite3": raw_next, "ours": our_next}, "raw sqlite3", 25)
        for sql in (LIST.format(""), LIST.format(AFTER)):
            print(raw.execute("EXPLAIN QUERY PLAN " + sql, values if "?" in sql else ()).fetchall())
        raw.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        appending(Path(name) / "appending.db")
        listing(Path(name) / "listing.db")
