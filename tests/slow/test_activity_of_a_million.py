"""What operators are told stays quick on tables of a million rows."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from servers import Server
from support.agents import Place
from support.filling import T

from workbench.data import open_source

GOAL = 0.050  # seconds for one call
MILLION = 1_000_000

_SQLITE = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {MILLION}),
     moments(i, at) AS (SELECT i, datetime(1763596800 + 30 * i, 'unixepoch') || ' +0000 UTC' FROM n)
"""
_POSTGRES = (
    "WITH moments(i, at) AS (SELECT i, to_timestamp(1763596800 + 30 * i) "
    f"FROM generate_series(0, CAST({MILLION - 1} AS bigint)) i) "
)
_STATUS = "CASE WHEN i % 1000 = 0 THEN 'pending' WHEN i % 4 = 1 THEN 'rejected' ELSE 'approved' END"
_INSERTS = (
    ("approvals (id, thread_id, run_id, tool_name, args, status, created_at, expires_at, resolved_at)",
     f"'id ' || (i * 7919 % {MILLION}), 't', 'r', 'tool ' || (i % 5), '{'x' * 200}', {_STATUS}, at, at, at"),
    ("session_events (app_name, user_id, session_id, event_data, created_at)",
     f"'a', 'u', 's' || (i % 1000), '{'e' * 300}', at"),
    ("short_memories (key, memory_type, value, expires_at, created_at)", "'k' || i, 'seen_messages', '1', at, at"),
    ("session_states (app_name, user_id, session_id, key, updated_at)", "'a', 'u', 's' || i, 'k', at"),
)  # fmt: skip


def fill(place: Place) -> None:
    """A million rows in each of the tables that grow."""
    begin = _SQLITE if place.engine == "sqlite" else _POSTGRES
    connection = place.raw()
    try:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous = OFF")
        for columns, values in _INSERTS:
            connection.execute(f"{begin} INSERT INTO {columns} SELECT {values} FROM moments")
        if place.engine == "sqlite":
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.execute("ANALYZE")
    finally:
        connection.close()


def check(place: Place) -> None:
    with place.open(read_only=True) as source:
        activity = source.activity
        counts = activity.counts(T)
        assert str(counts.approvals["approved"]) == "≥ 10,000"
        assert counts.approvals["pending"].n == 1_000
        assert str(counts.rows["session_events"]) == "≥ 10,000"
        assert activity.oldest_pending().created_at.timestamp() == 1763596800
        assert activity.decisions_for("tool 1").looked_at == 2_000
        last = 1763596800 + 30 * (MILLION - 1)
        for table in ("approvals", "session_events", "short_memories", "session_states"):
            assert activity.last_write(table, at=T).at.timestamp() == last, table
        calls: dict[str, Callable[[], object]] = {
            "counts": activity.counts,
            "oldest_pending": activity.oldest_pending,
            "decisions_for": lambda: activity.decisions_for("tool 1"),
            "last_writes": activity.last_writes,
            "written_since": lambda: activity.written_since(T),
        }
        for name, call in calls.items():
            began = perf_counter()
            call()
            assert perf_counter() - began < 20 * GOAL, name


def test_a_million_rows_in_sqlite(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    open_source(path, create=True).close()
    place = Place("sqlite", path, path)
    fill(place)
    check(place)


@pytest.mark.postgres
def test_a_million_rows_in_postgres(postgres_server: Server, postgres_database: str) -> None:
    dsn = postgres_server.dsn(postgres_database)
    open_source(dsn, create=True).close()
    place = Place("postgres", dsn, dsn)
    fill(place)
    check(place)
