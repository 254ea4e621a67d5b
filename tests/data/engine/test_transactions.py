"""Transactions on every engine: whole or not at all, whatever interrupts, closes or ends meanwhile."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.things import ADD, ALL, COUNT, GET, INSERT, THINGS, Place, thing

from workbench.data.engine import codecs
from workbench.data.engine.database import Database
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Conflict, Unavailable

Open = Callable[..., Database]


def test_a_transaction_reads_its_own_writes_and_others_do_not(database: Database) -> None:
    with database.transaction():
        database.run(INSERT, thing("a"))
        assert database.in_transaction and database.one(COUNT) == 1
        with ThreadPoolExecutor(1) as other:
            assert other.submit(database.one, COUNT).result(timeout=10) == 0
    assert not database.in_transaction and database.one(COUNT) == 1


def test_looking_inside_a_transaction_leaves_it_alone(database: Database) -> None:
    with database.transaction():
        database.run(INSERT, thing("a", title="mine"))
        assert "idx_things_made" in database.index_names("things")
        assert "things" in database.relations(fresh=True)
        found = database.one(GET, {"id": "a"})
        assert found is not None and found.title == "mine"


def test_a_write_that_begins_with_with_counts_its_rows(database: Database) -> None:
    database.run_many(INSERT, [thing("a"), thing("b"), thing("c")])
    guarded: Statement[None] = Statement(
        "-- guarded\n WITH chosen AS (SELECT id FROM things WHERE id < :id) UPDATE things SET title = 'x' "
        "WHERE id IN (SELECT id FROM chosen)",
        table=THINGS,
    )
    assert database.run(guarded, {"id": "c"}) == 2
    assert database.run(guarded, {"id": "a"}) == 0


def test_closing_under_a_transaction_never_passes_for_a_commit(place: Place, database: Database) -> None:
    opened = place.open()
    inside, closed = threading.Event(), threading.Event()
    failures: list[Exception] = []

    def write() -> None:
        try:
            with opened.transaction():
                opened.run(INSERT, thing("a"))
                inside.set()
                assert closed.wait(10)
        except Unavailable as error:
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    assert inside.wait(10)
    opened.close()
    closed.set()
    thread.join(10)
    assert len(failures) == 1 and database.one(COUNT) == 0


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_any_exception_rolls_back(database: Database, error: type[BaseException]) -> None:
    with pytest.raises(error), database.transaction():
        database.run(INSERT, thing("a"))
        raise error
    assert database.one(COUNT) == 0
    database.run(INSERT, thing("b"))
    assert database.one(COUNT) == 1


def test_nested_transactions_are_savepoints(database: Database) -> None:
    with database.transaction():
        database.run(INSERT, thing("outer"))
        with pytest.raises(ValueError), database.transaction():
            database.run(INSERT, thing("inner"))
            with database.transaction():
                database.run(INSERT, thing("innermost"))
            raise ValueError
        with database.transaction():
            database.run(INSERT, thing("second"))
        with pytest.raises(Conflict), database.transaction():
            database.run(INSERT, thing("second"))
    assert [row.id for row in database.all(ALL)] == ["outer", "second"]


def test_an_interrupt_from_outside_leaves_nothing_half_done(database: Database) -> None:
    """Ctrl-C at whatever moment of many transactions: each is whole or not there, and the next one works."""
    if getattr(database, "pooled", False):
        pytest.skip("PgBouncer 1.18 ends itself when the sender of a cancel request leaves early")
    database.run(INSERT, thing("a"))
    database.run(INSERT, thing("b"))
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    go, done = threading.Event(), threading.Event()

    def disturb() -> None:
        go.wait()
        while not done.wait(0.003):
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=disturb)
    thread.start()
    interrupted = 0
    try:
        while interrupted < 25:
            try:
                go.set()
                while True:
                    with database.transaction():
                        database.one(ADD, {"id": "a", "by": 1})
                        database.one(ADD, {"id": "b", "by": 1})
            except KeyboardInterrupt:
                interrupted += 1
    finally:
        while True:
            try:
                done.set()
                thread.join()
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                break
            except KeyboardInterrupt:
                continue
        signal.signal(signal.SIGINT, old)
    a, b = database.one(GET, {"id": "a"}), database.one(GET, {"id": "b"})
    assert a is not None and b is not None and a.count == b.count
    database.transact(lambda db: db.run(INSERT, thing("after")))
    assert database.one(COUNT) == 3


def test_threads_that_read_and_then_write_lose_nothing(database: Database) -> None:
    database.run(INSERT, thing("a"))
    lock = "SELECT count FROM things WHERE id = :id {for_update}"
    read = Statement(lock, row=Row.plain(int, count=codecs.bigint), table=THINGS)
    write: Statement[None] = Statement("UPDATE things SET count = :count WHERE id = :id", table=THINGS)

    def add(db: Database) -> None:
        found = db.one(read, {"id": "a"})
        assert found is not None
        db.run(write, {"id": "a", "count": found + 1})

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(database.transact, add) for _ in range(200)]:
            each.result(timeout=60)
    found = database.one(GET, {"id": "a"})
    assert found is not None and found.count == 200


def test_a_thread_that_ends_inside_a_transaction_frees_the_writer(database: Database) -> None:
    kept = []

    def begin_and_leave() -> None:
        transaction = database.transaction()
        transaction.__enter__()
        database.run(INSERT, thing("a"))
        kept.append(transaction)  # so that nothing else ends it

    thread = threading.Thread(target=begin_and_leave)
    thread.start()
    thread.join()
    database.run(INSERT, thing("b"))
    assert [row.id for row in database.all(ALL)] == ["b"]
    kept.clear()
    assert database.one(COUNT) == 1


def test_a_durable_write_works_inside_and_outside_a_transaction(database: Database) -> None:
    assert database.run(INSERT, thing("a"), durable=True) == 1
    with database.transaction(durable=True):
        database.run(INSERT, thing("b"), durable=True)
    assert database.transact(lambda db: db.run(INSERT, thing("c")), durable=True) == 1
    assert database.one(COUNT) == 3
