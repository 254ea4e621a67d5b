"""Noticing change on PostgreSQL, telling other workbenches, and looking into a database of another's making."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from servers import Server, until
from support.things import ADD, COUNT, INSERT, make_things, thing

from workbench.data.engine.database import Relation, Timeouts
from workbench.data.engine.postgres import PostgresDatabase
from workbench.data.engine.watch import Poller
from workbench.data.errors import Unavailable, Unsupported

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_dsn: str) -> Iterator[PostgresDatabase]:
    with PostgresDatabase(postgres_dsn, display="d") as opened:
        make_things(opened)
        opened.run(INSERT, thing("a"))
        until(lambda: opened._bell._thread is None, what="the end of the notifications")
        yield opened


@pytest.fixture
def raw(postgres_dsn: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        yield connection


# -- the token ---------------------------------------------------------------------------------------------------


def test_another_connections_commit_changes_the_token_and_reading_does_not(
    database: PostgresDatabase, raw: "psycopg.Connection[Any]"
) -> None:
    token = database.change_token()
    for _ in range(20):
        database.one(COUNT)
        raw.execute("SELECT count(*) FROM things")
    assert database.change_token() == token
    raw.execute("BEGIN")
    raw.execute("UPDATE things SET count = 7")
    begun = database.change_token()
    assert database.change_token() == begun
    raw.execute("COMMIT")
    assert database.change_token() not in (token, begun)


def test_a_watch_notices_a_program_that_tells_nobody(
    database: PostgresDatabase, raw: "psycopg.Connection[Any]"
) -> None:
    poller = Poller(database)
    with poller.watch(0.02) as watch:
        assert not watch.wait(0.1)
        raw.execute("UPDATE things SET count = 7")
        assert watch.wait(10)
    poller.stop()


# -- telling and hearing -------------------------------------------------------------------------------------------

WRITER = """
import sys
from support.things import ADD
from workbench.data.engine.postgres import PostgresDatabase
with PostgresDatabase(sys.argv[1], display="d") as database:
    sys.stdin.readline()
    database.one(ADD, {"id": "a", "by": 1})
    sys.stdin.readline()
"""


def test_another_processs_write_shortens_a_nap(postgres_dsn: str, database: PostgresDatabase) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITER, postgres_dsn]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        never = threading.Event()
        started = time.monotonic()
        napper = threading.Thread(target=database.nap, args=(30, never.wait))
        napper.start()
        until(lambda: database._sessions.listeners, what="somebody who listens")
        assert napper.is_alive()
        child.stdin.write("write\n")
        child.stdin.flush()
        napper.join(timeout=20)
        assert not napper.is_alive() and time.monotonic() - started < 20
        child.stdin.write("end\n")


def test_a_nap_ends_when_it_is_woken_or_over(database: PostgresDatabase) -> None:
    wake = threading.Event()
    started = time.monotonic()
    database.nap(0.2, wake.wait)
    assert 0.2 <= time.monotonic() - started < 5
    napper = threading.Thread(target=database.nap, args=(30, wake.wait))
    napper.start()
    until(lambda: database._sessions.listeners, what="somebody who listens")
    wake.set()
    napper.join(timeout=5)
    assert not napper.is_alive()


def test_a_nap_survives_the_loss_of_its_connection(
    postgres_server: Server, postgres_database: str, database: PostgresDatabase
) -> None:
    never = threading.Event()
    database.nap(0.1, never.wait)
    (listener,) = postgres_server.backends(postgres_database, "query = 'LISTEN workbench'")
    napper = threading.Thread(target=database.nap, args=(0.5, never.wait))
    napper.start()
    postgres_server.execute(f"SELECT pg_terminate_backend({listener})")
    napper.join(timeout=10)
    assert not napper.is_alive() and database._sessions.listeners == 0
    database.nap(0.1, never.wait)
    assert database._sessions.listeners == 1  # it listens again


def test_many_writes_are_told_in_few_notifications(database: PostgresDatabase, raw: "psycopg.Connection[Any]") -> None:
    raw.execute("LISTEN workbench")
    started = time.monotonic()
    for _ in range(300):
        database.one(ADD, {"id": "a", "by": 1})
    with database.transaction():
        for _ in range(10):
            database.one(ADD, {"id": "a", "by": 1})
    until(lambda: database._bell._thread is None, what="the end of the notifications")
    most = (time.monotonic() - started) / 0.025 + 2
    told = list(raw.notifies(timeout=0.2))
    assert 1 <= len(told) <= most


def test_only_writes_that_were_kept_are_told(
    postgres_dsn: str, database: PostgresDatabase, raw: "psycopg.Connection[Any]"
) -> None:
    raw.execute("LISTEN workbench")
    with pytest.raises(ValueError), database.transaction():
        database.one(ADD, {"id": "a", "by": 1})
        raise ValueError
    with database.transaction():
        database.one(COUNT)
    database.change_token()
    with PostgresDatabase(postgres_dsn, display="d", read_only=True) as reader:
        reader.one(COUNT)
        assert reader._bell._thread is None
    assert database._bell._thread is None and not list(raw.notifies(timeout=0.2))
    with database.transaction():
        database.one(ADD, {"id": "a", "by": 1})
    assert len(list(raw.notifies(timeout=10, stop_after=1))) == 1


def test_a_write_neither_waits_nor_fails_for_its_notification(
    postgres_server: Server, postgres_database: str, postgres_dsn: str
) -> None:
    """Where no second connection is to be had, the write is made all the same, and nobody is told."""
    with PostgresDatabase(postgres_dsn, display="d", timeouts=Timeouts(connect=30)) as database:
        make_things(database)
        until(lambda: database._bell._thread is None, what="the end of the notifications")
        pids = postgres_server.backends(postgres_database)
        assert len(pids) <= 2
        with database.transaction():
            for pid in set(pids) - {database._ask("SELECT pg_backend_pid()")[0][0]}:
                postgres_server.execute(f"SELECT pg_terminate_backend({pid})")
            postgres_server.execute(f"ALTER DATABASE {postgres_database} CONNECTION LIMIT 0")
            database.run(INSERT, thing("a"))
        started = time.monotonic()
        with database.transaction():
            database.run(INSERT, thing("b"))
        assert database.one(COUNT) == 2 and time.monotonic() - started < 5


# -- looking -------------------------------------------------------------------------------------------------------


def test_tables_and_views_by_name(database: PostgresDatabase, raw: "psycopg.Connection[Any]") -> None:
    for sql in (
        'CREATE TABLE "Odd ""name" (b int, "a b" varchar(10), c numeric(10,2), PRIMARY KEY ("a b", b))',
        "CREATE SCHEMA sandbox",
        "CREATE TABLE sandbox.files (path text PRIMARY KEY, body bytea)",
        "CREATE TABLE sandbox.things (id text)",
        "CREATE TABLE parts (id bigint PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10)",
        "CREATE VIEW seen AS SELECT id, made_at FROM things",
        "CREATE MATERIALIZED VIEW kept AS SELECT count(*) AS n FROM things",
        "CREATE TABLE empty ()",
        "ALTER TABLE things ADD COLUMN gone text",
        "ALTER TABLE things DROP COLUMN gone",
    ):
        raw.execute(sql.encode())
    found = database.relations(fresh=True)
    assert set(found) == {"things", 'Odd "name', "sandbox.files", "sandbox.things", "parts", "seen", "kept", "empty"}
    assert found['Odd "name'] == Relation(
        'Odd "name', "table", {"b": "integer", "a b": "character varying(10)", "c": "numeric(10,2)"}, ("a b", "b")
    )
    assert found["sandbox.files"].key == ("path",) and found["sandbox.things"].columns == {"id": "text"}
    assert found["things"].key == ("id",) and "gone" not in found["things"].columns
    assert found["seen"] == Relation("seen", "view", {"id": "text", "made_at": "timestamp with time zone"})
    assert (found["kept"].kind, found["parts"].kind, found["parts"].key) == ("view", "table", ("id",))
    assert found["empty"] == Relation("empty", "table", {})
    assert database.index_names("things") == {"things_pkey", "idx_things_made", "idx_things_title"}
    assert database.index_names("sandbox.files") == {"files_pkey"} and not database.index_names("nothing")


def test_size_and_clock(database: PostgresDatabase) -> None:
    size = database.size()
    assert size is not None and size > 1_000_000
    assert abs(database.clock()) < 1


def test_an_invalid_index_is_told(database: PostgresDatabase, raw: "psycopg.Connection[Any]") -> None:
    assert database.integrity() == ()
    database.run(INSERT, thing("b", title="title of a"))
    with pytest.raises(psycopg.errors.UniqueViolation):
        raw.execute("CREATE UNIQUE INDEX CONCURRENTLY titles ON things (title)")
    assert database.integrity() == ("index titles of things is invalid: REINDEX or drop it",)


def test_a_server_is_not_copied_by_us(database: PostgresDatabase, tmp_path: Any) -> None:
    with pytest.raises(Unsupported, match="pg_dump"):
        database.copy_to(tmp_path / "copy")
    assert not list(tmp_path.iterdir())


def test_a_probe_of_a_server_that_is_gone_says_so(own_server: Server) -> None:
    with own_server.database() as name, PostgresDatabase(own_server.dsn(name), display="d") as database:
        poller = Poller(database)
        with poller.watch(0.02) as watch:
            own_server.stop()
            until(lambda: isinstance(poller.error, Unavailable), what="a failed probe")
            own_server.start()
            until(lambda: poller.error is None, what="a good probe")
            own_server.execute("CREATE TABLE t ()", name)
            assert watch.wait(10)
        poller.stop()


def test_a_commit_after_a_crash_is_news_although_its_number_was_given_before(own_server: Server) -> None:
    with own_server.database() as name, PostgresDatabase(own_server.dsn(name), display="d") as database:
        own_server.execute("CREATE TABLE t (a int)", name)
        with psycopg.connect(own_server.dsn(name)) as undone:
            undone.execute("SELECT txid_current()")
            undone.rollback()  # which no server writes down before it has to
        poller = Poller(database)
        with poller.watch(0.02) as watch:
            own_server.stop(signal.SIGKILL)
            until(lambda: poller.error is not None, what="a failed probe")
            own_server.start()
            own_server.execute("INSERT INTO t VALUES (1)", name)
            until(lambda: poller.error is None, what="a good probe")
            assert watch.wait(10)
        poller.stop()
