"""Transactions on PostgreSQL: run again when the server asks for it, durable where asked, never half kept."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from servers import Server
from support.things import ADD, COUNT, GET, INSERT, make_things, thing

from workbench.data.engine.codecs import bigint, text
from workbench.data.engine.database import Retry, Timeouts
from workbench.data.engine.postgres import BATCH, PostgresDatabase
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Conflict, Invalid, ReadOnly, Unavailable, Unsupported, WorkbenchError

pytestmark = pytest.mark.postgres
SET: Statement[None] = Statement("UPDATE things SET count = :n WHERE id = :id", params={"n": bigint, "id": text})
HOW = Statement(
    "UPDATE things SET count = count WHERE id = 'a' RETURNING current_setting('synchronous_commit') AS how",
    row=Row.plain(str, how=text),
)


@pytest.fixture
def database(postgres_dsn: str) -> Iterator[PostgresDatabase]:
    with PostgresDatabase(postgres_dsn, display="d", timeouts=Timeouts(statement=20, lock=30)) as opened:
        make_things(opened)
        for key in ("a", "b"):
            opened.run(INSERT, thing(key))
        yield opened


def count_of(database: PostgresDatabase, key: str) -> int:
    found = database.one(GET, {"id": key})
    assert found is not None
    return found.count


def serializable(server: Server, dsn: str) -> PostgresDatabase:
    """The same database, where every transaction is serializable from now on."""
    name = dsn.rpartition("/")[2]
    server.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    return PostgresDatabase(dsn, display="serializable", timeouts=Timeouts(statement=20))


# -- running again -------------------------------------------------------------------------------------------


def test_a_serialization_failure_runs_the_function_again(
    postgres_server: Server, postgres_dsn: str, database: PostgresDatabase
) -> None:
    attempts: list[object] = []
    with serializable(postgres_server, postgres_dsn) as strict, ThreadPoolExecutor(1) as other:

        def add(db: PostgresDatabase) -> None:
            before = count_of(db, "a")
            if not attempts:
                other.submit(database.run, SET, {"id": "a", "n": 10}).result(timeout=10)
            attempts.append(before)
            db.run(SET, {"id": "a", "n": before + 1})

        strict.transact(add)
        assert attempts == [0, 10] and count_of(strict, "a") == 11


def test_a_failure_of_the_commit_itself_does_too(
    postgres_server: Server, postgres_dsn: str, database: PostgresDatabase
) -> None:
    """Two transactions that each read what the other writes: the second to commit is refused at its COMMIT."""
    attempts: list[object] = []
    with serializable(postgres_server, postgres_dsn) as strict, ThreadPoolExecutor(1) as other:

        def a_from_b(db: PostgresDatabase) -> None:
            db.run(SET, {"id": "a", "n": count_of(db, "b") + 1})

        def b_from_a(db: PostgresDatabase) -> None:
            db.run(SET, {"id": "b", "n": count_of(db, "a") + 1})
            if not attempts:
                other.submit(strict.transact, a_from_b).result(timeout=10)
            attempts.append(db.in_transaction)

        strict.transact(b_from_a)
        assert len(attempts) == 2 and (count_of(strict, "a"), count_of(strict, "b")) == (1, 2)


def test_a_single_statement_is_run_again_by_itself(
    postgres_server: Server, postgres_dsn: str, database: PostgresDatabase
) -> None:
    """It waits for another writer's lock, and then its snapshot is too old to go on with."""
    with serializable(postgres_server, postgres_dsn) as strict, ThreadPoolExecutor(1) as other:
        with database.transaction():
            database.one(ADD, {"id": "a", "by": 5})
            waiting = other.submit(strict.one, ADD, {"id": "a", "by": 1})
            blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%things%'"
            while not postgres_server.execute(blocked)[0][0]:
                assert not waiting.done()
        assert waiting.result(timeout=10) == 6


def test_without_transact_nothing_is_run_again(
    postgres_server: Server, postgres_dsn: str, database: PostgresDatabase
) -> None:
    with serializable(postgres_server, postgres_dsn) as strict:
        with pytest.raises(Retry, match="to be run again"), strict.transaction():
            strict.one(COUNT)
            database.run(SET, {"id": "a", "n": 10})
            strict.run(SET, {"id": "a", "n": 1})
        assert count_of(strict, "a") == 10


def test_deadlocks_are_resolved(database: PostgresDatabase) -> None:
    together = threading.Barrier(2, timeout=20)

    def cross(first: str, second: str) -> None:
        attempts: list[None] = []

        def both(db: PostgresDatabase) -> None:
            db.one(ADD, {"id": first, "by": 1})
            if not attempts:
                together.wait()  # now each has what the other wants
            attempts.append(None)
            db.one(ADD, {"id": second, "by": 1})

        database.transact(both)

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(cross, "a", "b"), pool.submit(cross, "b", "a")]:
            each.result(timeout=30)
    assert (count_of(database, "a"), count_of(database, "b")) == (2, 2)


ADDER = """
import sys
from support.things import GET
from workbench.data.engine.codecs import bigint, text
from workbench.data.engine.database import Timeouts
from workbench.data.engine.postgres import PostgresDatabase
from workbench.data.engine.statement import Row, Statement
COUNT = Row.plain(int, count=bigint)
LOCKED = Statement("SELECT count FROM things WHERE id = :id {for_update}", params={"id": text}, row=COUNT)
SET = Statement("UPDATE things SET count = :n WHERE id = :id", params={"n": bigint, "id": text})

def add(db):
    for key in ("a", "b"):
        db.run(SET, {"id": key, "n": db.one(LOCKED, {"id": key}) + 1})

with PostgresDatabase(sys.argv[1], display="d", timeouts=Timeouts(connect=20, statement=20)) as database:
    for _ in range(int(sys.argv[2])):
        database.transact(add)
"""


def test_eight_processes_lose_no_update(postgres_dsn: str, database: PostgresDatabase) -> None:
    """Meanwhile a reader never sees one counter without the other."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", ADDER, postgres_dsn, "25"]
    children = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(8)]
    pair = Statement(
        "SELECT min(count) AS low, max(count) AS high FROM things",
        row=Row.plain(lambda *both: both, low=bigint, high=bigint),
    )
    while any(child.poll() is None for child in children):
        seen = database.one(pair)
        assert seen is not None and seen[0] == seen[1]
    for child in children:
        assert child.communicate(timeout=60)[1] == ""
    assert count_of(database, "a") == count_of(database, "b") == 200


# -- what fails inside -----------------------------------------------------------------------------------------


def test_a_swallowed_failure_is_not_taken_for_success(database: PostgresDatabase) -> None:
    transaction = database.transaction()
    transaction.__enter__()
    database.one(ADD, {"id": "a", "by": 1})
    with pytest.raises(Conflict):
        database.run(INSERT, thing("a"))
    with pytest.raises(WorkbenchError, match="put what may fail into a nested one"):
        database.one(COUNT)
    with pytest.raises(WorkbenchError, match="kept nothing of a transaction in which a statement had failed"):
        transaction.__exit__(None, None, None)
    assert not database.in_transaction and count_of(database, "a") == 0


def test_a_swallowed_failure_in_a_nested_transaction_undoes_only_that(database: PostgresDatabase) -> None:
    with database.transaction():
        database.one(ADD, {"id": "a", "by": 1})
        with pytest.raises(WorkbenchError, match="nested"), database.transaction():
            database.one(ADD, {"id": "b", "by": 1})
            with pytest.raises(Conflict):
                database.run(INSERT, thing("a"))
        database.one(ADD, {"id": "a", "by": 1})
    assert (count_of(database, "a"), count_of(database, "b")) == (2, 0)


def test_a_transaction_that_was_entered_and_forgotten_is_undone(database: PostgresDatabase) -> None:
    transaction = database.transaction()
    transaction.__enter__()
    database.one(ADD, {"id": "a", "by": 1})
    del transaction
    assert not database.in_transaction and count_of(database, "a") == 0


@pytest.mark.parametrize(
    ("sql", "kind", "words"),
    [
        ("UPDATE things SET id = 'a'", Conflict, "already has such a row .*things_pkey"),
        ("UPDATE things SET title = NULL", Invalid, "refuses the row .*title"),
        ("UPDATE things SET count = 1 / (count - count)", Invalid, "cannot take a value .*division by zero"),
        ("UPDATE things SET count = 'x'::text::bigint", Invalid, "cannot take a value"),
        ("UPDATE nothing SET x = 1", Unsupported, "has no such table .*nothing"),
        ("UPDATE things SET nothing = 1", Unsupported, "has no such column .*nothing"),
        ("UPDATE things SET count = nothing(1)", Unsupported, "has no such function .*nothing"),
        ("UPDATE nowhere.things SET count = 1", Unsupported, "has no such table|has no such schema"),
        ("UPDATE things SET", WorkbenchError, "PostgreSQL says: syntax error"),
    ],
)
def test_what_the_server_refuses(database: PostgresDatabase, sql: str, kind: type[WorkbenchError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        database.run(Statement(sql))
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert str(caught.value).startswith("d") and "\n" not in str(caught.value)
    assert type(caught.value) is kind


def test_many_rows_in_several_batches_are_one_transaction(database: PostgresDatabase) -> None:
    rows = [thing(f"{i:05}") for i in range(2 * BATCH + 1)]
    assert database.run_many(INSERT, rows) == len(rows)
    assert database.one(COUNT) == len(rows) + 2
    with pytest.raises(Conflict):
        database.run_many(INSERT, [*(thing(f"new {i}") for i in range(BATCH)), thing("a")])
    assert database.one(COUNT) == len(rows) + 2


# -- rights ------------------------------------------------------------------------------------------------------


def test_rights_that_a_user_lacks(postgres_server: Server, postgres_database: str, database: PostgresDatabase) -> None:
    postgres_server.execute("CREATE ROLE looker LOGIN")
    with PostgresDatabase(postgres_server.dsn(postgres_database, "looker", None), display="d") as looker:
        with pytest.raises(Unavailable, match=r"may not be read by this user .*things"):
            looker.one(COUNT)
        with pytest.raises(ReadOnly, match=r"may not be written by this user .*things"):
            looker.run(INSERT, thing("c"))
        postgres_server.execute("GRANT SELECT ON things TO looker", postgres_database)
        assert looker.one(COUNT) == 2
        size = looker.size()
        assert size is not None and size > 1_000_000
    postgres_server.execute("REVOKE SELECT ON things FROM looker", postgres_database)


def test_a_server_that_takes_no_writes(postgres_server: Server, postgres_dsn: str, database: PostgresDatabase) -> None:
    name = postgres_dsn.rpartition("/")[2]
    postgres_server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with PostgresDatabase(postgres_dsn, display="d") as closed:
        assert closed.one(COUNT) == 2
        with pytest.raises(ReadOnly, match="open it read-only, or name its primary server"):
            closed.run(INSERT, thing("c"))
        with pytest.raises(ReadOnly), closed.transaction():
            closed.run(INSERT, thing("c"))


# -- durability ----------------------------------------------------------------------------------------------------


def test_durable_writes_wait_for_the_disk_where_the_server_would_not(
    postgres_server: Server, postgres_dsn: str, database: PostgresDatabase
) -> None:
    name = postgres_dsn.rpartition("/")[2]
    assert database.one(HOW) == "on"
    postgres_server.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with (
        PostgresDatabase(postgres_dsn, display="d") as full,
        PostgresDatabase(postgres_dsn, display="d", durable=False) as normal,
    ):
        assert normal.one(HOW) == "off"
        with normal.transaction(durable=True):
            assert normal.one(HOW) == "on"
        assert normal.transact(lambda db: db.one(HOW), durable=True) == "on"
        with normal.transaction():
            assert normal.one(HOW) == "off"
            normal.run(SET, {"id": "a", "n": 1}, durable=True)
            assert normal.one(HOW) == "on"
        assert normal.one(HOW) == "off"
        assert full.one(HOW) == "on"
        with full.transaction():
            assert full.one(HOW) == "on"
        assert full.run(SET, {"id": "a", "n": 2}) == 1
    postgres_server.execute(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    with PostgresDatabase(postgres_dsn, display="d") as full, full.transaction(durable=True):
        assert full.one(HOW) == "remote_apply"


def test_a_leaked_setting_of_another_client_changes_nothing(postgres_dsn: str, database: PostgresDatabase) -> None:
    """Nothing of ours outlives its transaction either, so that a pooler's next client gets a clean session."""
    with database.transaction(durable=True):
        database.one(ADD, {"id": "a", "by": 1})
    assert database._ask("SELECT count(*) FROM pg_settings WHERE source = 'session'") == [(0,)]
    with psycopg.connect(postgres_dsn) as plain:
        assert plain.execute("SELECT count FROM things WHERE id = 'a'").fetchone() == (1,)
