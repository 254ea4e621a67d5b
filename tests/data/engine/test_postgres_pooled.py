"""Behind PgBouncer in transaction mode, wherever it is installed: nothing that a pooler would break or leak."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers import Pooler, Server, until
from support.things import ADD, COUNT, GET, INSERT, LIST, make_things, thing

from workbench.data.engine.codecs import bigint
from workbench.data.engine.database import Timeouts
from workbench.data.engine.postgres import PostgresDatabase
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import NotFound, Unavailable

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [pytest.mark.postgres, pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")]
SLEEPING = Statement("SELECT 1 AS n FROM pg_sleep(:seconds)", params={"seconds": bigint}, row=Row.plain(int, n=bigint))


@pytest.fixture
def pooler(own_server: Server) -> Iterator[Pooler]:
    assert PGBOUNCER is not None
    started = Pooler(own_server, PGBOUNCER)
    yield started
    started.remove()


@pytest.fixture
def name(own_server: Server) -> str:
    return own_server.new_database()


def open_pooled(pooler: Pooler, name: str, **timeouts: float) -> PostgresDatabase:
    return PostgresDatabase(pooler.dsn(name), display="pooled", timeouts=Timeouts(**timeouts))


def test_a_pooler_is_recognised_and_everything_works_through_it(own_server: Server, pooler: Pooler, name: str) -> None:
    with PostgresDatabase(own_server.dsn(name), display="direct") as direct, open_pooled(pooler, name) as database:
        assert database.pooled and not direct.pooled and database.version == direct.version
        make_things(database)
        assert database.run_many(INSERT, [thing(f"{i:04}") for i in range(2500)]) == 2500
        assert database.one(ADD, {"id": "0000", "by": 3}) == 3
        with database.transaction(durable=True):
            database.one(ADD, {"id": "0000", "by": 3})
            with pytest.raises(ValueError), database.transaction():
                database.one(ADD, {"id": "0000", "by": 3})
                raise ValueError
        found = database.one(GET, {"id": "0000"})
        assert found is not None and found.count == 6
        page = database.page(LIST, limit=1000)
        assert len(page) == 1000 and page.next is not None
        token = database.change_token()
        direct.one(ADD, {"id": "0001", "by": 1})
        assert database.change_token() != token
        assert database.relations(fresh=True) == direct.relations(fresh=True)
        assert abs(database.clock()) < 1 and database.integrity() == ()


def test_many_clients_share_four_connections_and_leave_no_trace(own_server: Server, pooler: Pooler, name: str) -> None:
    with open_pooled(pooler, name, lock=60, connect=20) as database:
        make_things(database)
        database.run(INSERT, thing("a"))
        with ThreadPoolExecutor(9) as threads:
            for each in [
                threads.submit(database.transact, lambda db: db.one(ADD, {"id": "a", "by": 1})) for _ in range(90)
            ]:
                each.result(timeout=60)
        found = database.one(GET, {"id": "a"})
        assert found is not None and found.count == 90
        assert len(own_server.backends(name)) <= 4
        for _ in range(8):
            changed = database._ask("SELECT name FROM pg_settings WHERE source = 'session'")
            assert set(changed) <= {("application_name",), ("client_encoding",)}  # which the pooler looks after
            assert database._ask("SELECT count(*) FROM pg_prepared_statements") == [(0,)]
            assert database._ask("SELECT count(*) FROM pg_listening_channels()") == [(0,)]


def test_nobody_listens_through_a_pooler_but_writes_are_told(own_server: Server, pooler: Pooler, name: str) -> None:
    never = threading.Event()
    with PostgresDatabase(own_server.dsn(name), display="direct") as direct, open_pooled(pooler, name) as database:
        make_things(database)
        database.run(INSERT, thing("a"))
        database.nap(0.2, never.wait)
        assert database._sessions.listeners == 0
        until(lambda: database._bell._thread is None, what="the end of the notifications")
        napper = threading.Thread(target=direct.nap, args=(30, never.wait))
        napper.start()
        until(lambda: direct._sessions.listeners, what="somebody who listens")
        database.one(ADD, {"id": "a", "by": 1})
        napper.join(timeout=10)
        assert not napper.is_alive()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_restart_behind_the_pooler(own_server: Server, pooler: Pooler, name: str, how: signal.Signals) -> None:
    with open_pooled(pooler, name, connect=2, statement=2) as database:
        make_things(database)
        database.run(INSERT, thing("a"))
        own_server.stop(how)
        until(lambda: _count_or_none(database) is None, what="the end of the server's processes")
        for _ in range(3):
            started = time.monotonic()
            with pytest.raises(Unavailable):
                database.one(COUNT)
            assert time.monotonic() - started < 6
        own_server.start()
        assert until(lambda: _count_or_none(database), 20) == 1
        assert database.one(ADD, {"id": "a", "by": 1}) == 1


def _count_or_none(database: PostgresDatabase) -> int | None:
    try:
        return database.one(COUNT)
    except Unavailable:
        return None


def test_deadlines_and_interrupts_behind_the_pooler(own_server: Server, pooler: Pooler, name: str) -> None:
    with open_pooled(pooler, name, statement=0.5) as database:
        with pytest.raises(Unavailable, match=r"did not answer within 0\.5 s"):
            database.one(SLEEPING, {"seconds": 20})
        until(lambda: not own_server.backends(name, "state = 'active'"), 10, "the end of the statement")
        with ThreadPoolExecutor(1) as other, database.deadline(60):

            def sleep() -> None:
                with database.deadline(60):
                    database.one(SLEEPING, {"seconds": 60})

            sleeping = other.submit(sleep)
            until(lambda: own_server.backends(name, "state = 'active'"), what="a slow statement")
            database.interrupt()
            with pytest.raises(Unavailable, match="asked to stop"):
                sleeping.result(timeout=5)


def test_what_a_pooler_refuses(own_server: Server, pooler: Pooler, name: str) -> None:
    for dsn, kind, words in (
        (pooler.dsn("nowhere"), NotFound, "has no database nowhere"),
        (pooler.dsn(name).replace("correct-horse", "wrong-horse"), Unavailable, "check user and password"),
        (pooler.dsn(name).replace("operator", "stranger"), Unavailable, "check user and password"),
        (pooler.dsn(name) + "?sslmode=require", Unavailable, "offers no TLS"),
        (pooler.dsn(name) + "?options=-cgeqo%3Doff", Unavailable, "startup parameter: options"),
    ):
        with pytest.raises(kind, match=words) as caught:
            PostgresDatabase(dsn, display="pooled", timeouts=Timeouts(connect=3))
        assert "horse" not in str(caught.value)
