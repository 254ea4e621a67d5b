"""Servers that stop, crash, freeze and hang up: every call ends, and the next one works when the server does."""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from servers import Server, until
from support.things import ADD, COUNT, GET, INSERT, make_things, thing

from workbench.data.engine.codecs import bigint
from workbench.data.engine.database import Timeouts
from workbench.data.engine.postgres import PostgresDatabase
from workbench.data.engine.postgres_connect import MOST
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Corrupt, Unavailable

pytestmark = pytest.mark.postgres
SLEEP = Statement(
    "SELECT 1 AS n, pg_sleep(:seconds)", params={"seconds": bigint}, row=Row.plain(lambda n, _: n, n=bigint, _=bigint)
)
SLEEPING = Statement("SELECT 1 AS n FROM pg_sleep(:seconds)", params={"seconds": bigint}, row=Row.plain(int, n=bigint))
SLOW_ADD: Statement[None] = Statement(
    "UPDATE things SET count = count + 1 FROM pg_sleep(:seconds) WHERE id = 'a'", params={"seconds": bigint}
)
ACTIVE = "state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"


def open_things(server: Server, name: str, **timeouts: float) -> PostgresDatabase:
    database = PostgresDatabase(server.dsn(name), display="the display", timeouts=Timeouts(**timeouts))
    make_things(database)
    database.run(INSERT, thing("a"))
    return database


def count_of_a(database: PostgresDatabase) -> int:
    found = database.one(GET, {"id": "a"})
    assert found is not None
    return found.count


def in_thread(call: Callable[[], Any]) -> "Future[Any]":
    """Run a call in a thread of its own."""
    executor = ThreadPoolExecutor(1)
    future = executor.submit(call)
    executor.shutdown(wait=False)
    return future


def sleeper(server: Server, name: str) -> int:
    """The server process that runs the slow statement."""
    return until(lambda: server.backends(name, ACTIVE), what="a slow statement")[0]


# -- restarts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
def test_a_restart_between_two_calls_goes_unnoticed(own_server: Server, how: signal.Signals) -> None:
    with own_server.database() as name, open_things(own_server, name) as database:
        with ThreadPoolExecutor(3) as several:  # several idle connections, all of which die
            for each in [several.submit(database.one, SLEEPING, {"seconds": 0}) for _ in range(9)]:
                each.result(timeout=20)
        own_server.restart(how)
        assert database.one(COUNT) == 1
        own_server.restart(how)
        assert database.one(ADD, {"id": "a", "by": 1}) == 1
        own_server.restart(how)
        with database.transaction():
            database.one(ADD, {"id": "a", "by": 1})
        assert count_of_a(database) == 2


def test_while_the_server_is_down_every_call_says_so_and_afterwards_works(own_server: Server) -> None:
    with own_server.database() as name, open_things(own_server, name) as database:
        before = database.change_token()
        own_server.stop()
        started = time.monotonic()
        for call in (
            lambda: database.one(COUNT),
            lambda: database.run(INSERT, thing("b")),
            lambda: database.run_many(INSERT, [thing("b")]),
            lambda: database.transact(lambda db: db.one(COUNT)),
            database.change_token,
            database.relations,
            database.clock,
        ):
            with pytest.raises(Unavailable, match=r"^the display .*(start it|try again)") as caught:
                database._relations = None
                call()
            assert "not known" not in str(caught.value)
        assert time.monotonic() - started < 3
        own_server.start()
        assert database.one(COUNT) == 1
        assert database.run(INSERT, thing("b")) == 1
        assert database.change_token() != before


def test_a_transaction_that_a_restart_has_ended_keeps_nothing(own_server: Server) -> None:
    with own_server.database() as name, open_things(own_server, name) as database:
        with pytest.raises(Unavailable, match="nothing of the transaction was kept"), database.transaction():
            database.one(ADD, {"id": "a", "by": 1})
            own_server.restart()
            database.one(ADD, {"id": "a", "by": 1})
        assert count_of_a(database) == 0
        with pytest.raises(Unavailable, match="nothing of the transaction was kept"), database.transaction():
            database.one(ADD, {"id": "a", "by": 1})
            own_server.restart()
            with pytest.raises(Unavailable):
                database.one(COUNT)
        assert count_of_a(database) == 0


# -- one broken connection -------------------------------------------------------------------------------------


def test_a_read_whose_connection_breaks_is_repeated(postgres_server: Server, postgres_database: str) -> None:
    with open_things(postgres_server, postgres_database) as database:
        read = in_thread(lambda: database.one(SLEEPING, {"seconds": 1}))
        first = sleeper(postgres_server, postgres_database)
        postgres_server.execute(f"SELECT pg_terminate_backend({first})")
        until(lambda: sleeper(postgres_server, postgres_database) != first, what="a second attempt")
        assert read.result(timeout=10) == 1


def test_a_write_whose_connection_breaks_is_not_repeated(postgres_server: Server, postgres_database: str) -> None:
    with open_things(postgres_server, postgres_database) as database:
        write = in_thread(lambda: database.run(SLOW_ADD, {"seconds": 30}))
        postgres_server.execute(f"SELECT pg_terminate_backend({sleeper(postgres_server, postgres_database)})")
        with pytest.raises(Unavailable, match="lost the connection: it is not known whether the change was made"):
            write.result(timeout=10)
        assert count_of_a(database) == 0


# -- deadlines -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writing", [False, True])
def test_a_frozen_backend_costs_one_deadline(postgres_server: Server, postgres_database: str, writing: bool) -> None:
    with open_things(postgres_server, postgres_database, statement=0.6) as database:
        with database.deadline(60):
            database.relations()
        statement = SLOW_ADD if writing else SLEEPING
        call = in_thread(
            lambda: database.run(statement, {"seconds": 30}) if writing else database.one(statement, {"seconds": 30})
        )
        frozen = sleeper(postgres_server, postgres_database)
        os.kill(frozen, signal.SIGSTOP)
        started = time.monotonic()
        try:
            words = r"the display did not answer within 0\.6 s: " + ("it is not known" if writing else "try again")
            with pytest.raises(Unavailable, match=words):
                call.result(timeout=10)
            assert time.monotonic() - started < 3
            assert count_of_a(database) == 0  # on another connection
        finally:
            os.kill(frozen, signal.SIGCONT)
        # The server was asked not to finish what nobody waits for any more.
        until(lambda: frozen not in postgres_server.backends(postgres_database), 10, "the end of the statement")
        assert count_of_a(database) == 0


def test_a_server_that_freezes_as_a_whole(own_server: Server) -> None:
    """Neither connecting nor cancelling gets an answer then; every call ends all the same."""
    with own_server.database() as name:
        database = open_things(own_server, name, statement=0.5, connect=0.5)
        database._bell.close()  # so that nothing connects by itself
        until(lambda: not database._sessions._door.busy, what="the end of connecting")
        frozen = [own_server.postmaster, *own_server.backends(name)]
        for process in frozen:
            os.kill(process, signal.SIGSTOP)
        try:
            for call in (lambda: database.one(COUNT), lambda: database.run(INSERT, thing("b")), database.change_token):
                started = time.monotonic()
                with pytest.raises(Unavailable, match="did not answer"):
                    call()
                assert time.monotonic() - started < 2
        finally:
            for process in frozen:
                os.kill(process, signal.SIGCONT)
        # The write was with a server that took no request to stop it: nobody knows, as was said.
        assert until(lambda: _count_or_none(database), 15) in (1, 2)
        database.close()


def _count_or_none(database: PostgresDatabase) -> int | None:
    try:
        return database.one(COUNT)
    except Unavailable:
        return None


def test_a_longer_deadline_is_given_to_long_work(postgres_server: Server, postgres_database: str) -> None:
    with open_things(postgres_server, postgres_database, statement=0.3) as database:
        with pytest.raises(Unavailable, match=r"within 0\.3 s"):
            database.one(SLEEPING, {"seconds": 2})
        with database.deadline(20):
            assert database.one(SLEEPING, {"seconds": 1}) == 1
        with pytest.raises(Unavailable, match=r"within 0\.3 s"):
            database.one(SLEEPING, {"seconds": 2})


def test_many_rows_that_get_stuck_end_too(postgres_server: Server, postgres_database: str) -> None:
    with open_things(postgres_server, postgres_database, statement=0.5) as database, database.transaction():
        database.one(ADD, {"id": "a", "by": 1})
        stuck = in_thread(lambda: _update_many(database))
        with pytest.raises(Unavailable, match="nothing of the transaction was kept"):
            stuck.result(timeout=10)


def _update_many(database: PostgresDatabase) -> int:
    touch: Statement[None] = Statement("UPDATE things SET count = :n WHERE id = 'a'", params={"n": bigint})
    return database.run_many(touch, [{"n": 1}, {"n": 2}])


def test_more_threads_than_connections_wait_for_each_other(postgres_server: Server, postgres_database: str) -> None:
    with open_things(postgres_server, postgres_database, connect=0.5, lock=0.6) as database:
        database._bell.close()  # it would want a connection too
        go_on, entered = threading.Event(), threading.Semaphore(0)

        def hold() -> None:
            while not go_on.is_set():  # a busy server may not answer all at once within the limit
                with suppress(Unavailable), database.transaction():
                    entered.release()
                    go_on.wait(30)

        with ThreadPoolExecutor(MOST) as others:
            held = [others.submit(hold) for _ in range(MOST)]
            for _ in held:
                assert entered.acquire(timeout=20)
            with pytest.raises(Unavailable, match=f"all {MOST} connections are in use by other threads"):
                database.one(COUNT)
            go_on.set()
            for each in held:
                each.result(timeout=20)
        assert database.one(COUNT) == 1


# -- stopping ----------------------------------------------------------------------------------------------------


def test_interrupt_stops_what_runs(postgres_server: Server, postgres_database: str) -> None:
    with open_things(postgres_server, postgres_database, statement=60) as database:
        running = in_thread(lambda: database.one(SLEEPING, {"seconds": 60}))
        sleeper(postgres_server, postgres_database)
        database.interrupt()
        with pytest.raises(Unavailable, match="asked to stop"):
            running.result(timeout=5)
        assert database.one(COUNT) == 1


def test_interrupt_cuts_off_a_server_that_does_not_listen(own_server: Server) -> None:
    with own_server.database() as name:
        database = open_things(own_server, name, statement=60)
        running = in_thread(lambda: database.one(SLEEPING, {"seconds": 60}))
        frozen = [sleeper(own_server, name), own_server.postmaster]
        for process in frozen:
            os.kill(process, signal.SIGSTOP)
        try:
            started = time.monotonic()
            database.interrupt()
            with pytest.raises(Unavailable, match="asked to stop"):
                running.result(timeout=5)
            assert time.monotonic() - started < 3
        finally:
            for process in frozen:
                os.kill(process, signal.SIGCONT)
        database.close()


def test_closing_ends_calls_transactions_and_threads(postgres_server: Server, postgres_database: str) -> None:
    before = set(threading.enumerate())
    database = open_things(postgres_server, postgres_database, statement=60)
    go_on, inside = threading.Event(), threading.Event()

    def hold() -> None:
        with database.transaction():
            database.one(ADD, {"id": "a", "by": 1})
            inside.set()
            assert go_on.wait(20)

    running, holding = in_thread(lambda: database.one(SLEEPING, {"seconds": 60})), in_thread(hold)
    napping = in_thread(lambda: database.nap(30, threading.Event().wait))
    sleeper(postgres_server, postgres_database)
    assert inside.wait(20)
    until(lambda: database._sessions.listeners, what="somebody who listens")
    started = time.monotonic()
    database.close()
    assert time.monotonic() - started < 2
    go_on.set()
    for each in (running, holding):
        with pytest.raises(Unavailable, match=r"closed|asked to stop"):
            each.result(timeout=5)
    napping.result(timeout=5)
    with pytest.raises(Unavailable, match="closed: open it again"):
        database.one(COUNT)
    until(lambda: set(threading.enumerate()) <= before, 5, "the end of every thread")
    until(lambda: not postgres_server.backends(postgres_database), 5, "the end of every connection")
    with open_things_again(postgres_server, postgres_database) as other:
        assert count_of_a(other) == 0


def open_things_again(server: Server, name: str) -> PostgresDatabase:
    return PostgresDatabase(server.dsn(name), display="again")


def test_ctrl_c_in_a_statement_rolls_back_and_stops_it(postgres_server: Server, postgres_database: str) -> None:
    with open_things(postgres_server, postgres_database, statement=60) as database:

        def press() -> None:
            sleeper(postgres_server, postgres_database)
            os.kill(os.getpid(), signal.SIGINT)

        presser = in_thread(press)
        with pytest.raises(KeyboardInterrupt), database.transaction():
            database.one(ADD, {"id": "a", "by": 1})
            database.one(SLEEPING, {"seconds": 60})
        presser.result(timeout=5)
        assert count_of_a(database) == 0
        until(lambda: not postgres_server.backends(postgres_database, ACTIVE), 5, "the end of the statement")


# -- damage --------------------------------------------------------------------------------------------------------


def test_a_damaged_page_is_told_and_counted(own_server: Server) -> None:
    name = own_server.new_database()
    with open_things(own_server, name) as database:
        (path,) = own_server.execute("SELECT pg_relation_filepath('things')", name)[0]
        own_server.stop()
        file = own_server.data / path
        page = bytearray(file.read_bytes())
        page[4000:4100] = b"x" * 100
        file.write_bytes(page)
        own_server.start()
        with pytest.raises(Corrupt, match=r"the display is damaged .*invalid page.*: restore it from a backup"):
            database.one(COUNT)
        found = until(database.integrity, 10, "a damaged page in the statistics")
        assert "damaged page" in found[0] and "restore" in found[0]
