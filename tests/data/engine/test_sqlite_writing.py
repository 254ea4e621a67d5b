"""SQLite's own side of writing: other processes, kills, full disks, and what a file may hold that is no text."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from support.processes import SqlProcess
from support.things import ADD, ALL, COUNT, GET, INSERT, LIST, THINGS, empty_file, make_things, thing

from workbench.data.engine import codecs
from workbench.data.engine.database import Timeouts
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Invalid, ReadOnly, Unavailable

TESTS = Path(__file__).parents[2]
SYNCHRONOUS = Statement("PRAGMA synchronous", row=Row.plain(int, synchronous=codecs.bigint))

ADDER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from support.things import ADD
from workbench.data.engine.database import Timeouts
from workbench.data.engine.sqlite import SqliteDatabase
with SqliteDatabase(Path(sys.argv[2]), timeouts=Timeouts(lock=120)) as database:
    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(int(sys.argv[3])):
        def both(db):
            db.one(ADD, {"id": "a", "by": 1})
            db.one(ADD, {"id": "b", "by": 1})
        database.transact(both)
"""


def adder(path: Path, turns: int) -> subprocess.Popen[str]:
    """A process that adds one to both rows in one transaction, many times, once it is told to go."""
    process = subprocess.Popen(
        [sys.executable, "-c", ADDER, os.fspath(TESTS), os.fspath(path), str(turns)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.fixture(params=["wal", "delete"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return empty_file(tmp_path / "things.db", request.param)


@pytest.fixture
def database(path: Path) -> Iterator[SqliteDatabase]:
    with SqliteDatabase(path, timeouts=Timeouts(lock=30)) as opened:
        make_things(opened)
        yield opened


# -- other processes -----------------------------------------------------------------------------------------


def test_eight_processes_write_while_a_reader_pages(database: SqliteDatabase, path: Path) -> None:
    turns = 30
    database.run_many(INSERT, [thing("a"), thing("b"), *(thing(f"c{i}") for i in range(100))])
    processes = [adder(path, turns) for _ in range(8)]
    for process in processes:
        go(process)
    looks = 0
    while any(process.poll() is None for process in processes):
        page = database.page(LIST, limit=50)
        counts = {row.id: row.count for row in database.all(ALL) if row.id in "ab"}
        assert len(page) == 50 and counts["a"] == counts["b"], "half a transaction was seen"
        looks += 1
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    a, b = database.one(GET, {"id": "a"}), database.one(GET, {"id": "b"})
    assert a is not None and b is not None and (a.count, b.count) == (8 * turns, 8 * turns)
    assert looks > 0


def test_a_writer_killed_at_any_moment_leaves_whole_transactions(database: SqliteDatabase, path: Path) -> None:
    database.run_many(INSERT, [thing("a"), thing("b")])
    before = 0
    for _ in range(5):
        process = adder(path, 1_000_000)
        go(process)
        wanted = before + random.randrange(1, 40)
        deadline = monotonic() + 30
        while (found := database.one(GET, {"id": "a"})) is not None and found.count < wanted:
            assert monotonic() < deadline
        process.send_signal(signal.SIGKILL)
        process.communicate()
        a, b = database.one(GET, {"id": "a"}), database.one(GET, {"id": "b"})
        assert a is not None and b is not None
        assert a.count == b.count >= wanted
        before = a.count
        database.transact(lambda db: [db.one(ADD, {"id": key, "by": 0}) for key in "ab"])
    assert database.integrity() == ()


def test_a_lock_is_waited_for(database: SqliteDatabase, path: Path) -> None:
    with SqlProcess(path) as other:
        other.run("BEGIN IMMEDIATE")
        done = threading.Event()
        writer = threading.Thread(target=lambda: (database.run(INSERT, thing("a")), done.set()))
        writer.start()
        assert not done.wait(0.6), "it wrote although another process held the lock"
        other.run("COMMIT")
        assert done.wait(10)
        writer.join()
    assert database.one(COUNT) == 1


def test_a_lock_is_not_waited_for_for_ever(path: Path) -> None:
    assert Timeouts().lock == 15.0
    with SqliteDatabase(path, timeouts=Timeouts(lock=0.6)) as database, SqlProcess(path) as other:
        make_things(database)
        other.run("BEGIN IMMEDIATE")
        for attempt in (lambda: database.run(INSERT, thing("a")), lambda: database.transact(lambda db: db.one(COUNT))):
            begin = monotonic()
            with pytest.raises(Unavailable, match="locked by another program"):
                attempt()
            assert 0.3 <= monotonic() - begin < 12
        other.run("COMMIT")
        assert database.run(INSERT, thing("a")) == 1


def test_reads_go_on_while_a_wal_is_written(tmp_path: Path) -> None:
    with SqliteDatabase(empty_file(tmp_path / "a.db")) as database:
        make_things(database)
        with SqlProcess(tmp_path / "a.db") as other:
            other.run("BEGIN EXCLUSIVE")
            assert database.one(COUNT) == 0
            assert len(database.page(LIST, limit=5)) == 0


def test_no_read_holds_a_snapshot_after_its_page(tmp_path: Path) -> None:
    """A held snapshot would let another program's log grow without limit."""
    with SqliteDatabase(empty_file(tmp_path / "a.db")) as database, SqlProcess(tmp_path / "a.db") as other:
        make_things(database)
        database.run_many(INSERT, (thing(f"{i}") for i in range(100)))
        database.one(GET, {"id": "1"})
        database.page(LIST, limit=10)
        database.all(ALL)
        assert other.run("PRAGMA wal_checkpoint(TRUNCATE)")[0][0] == 0  # 1 would say: a reader was in the way


# -- durability ----------------------------------------------------------------------------------------------


def test_our_own_database_is_normal_and_a_decision_is_full(tmp_path: Path) -> None:
    path = empty_file(tmp_path / "a.db")
    with SqliteDatabase(path, ours=True, durable=False) as database:
        with database.transaction():
            assert database.one(SYNCHRONOUS) == 1
        with database.transaction(durable=True):
            assert database.one(SYNCHRONOUS) == 2
        with database.transaction():
            assert database.one(SYNCHRONOUS) == 1
        with pytest.raises(Invalid, match="durable=True"), database.transaction():
            database.run(Statement("DELETE FROM other"), durable=True)
    with SqliteDatabase(path) as database, database.transaction():
        assert database.one(SYNCHRONOUS) == 2


def test_what_is_ours_is_kept_in_wal_mode_and_what_is_not_stays_as_it_is(tmp_path: Path) -> None:
    for ours, mode in ((True, "wal"), (False, "delete")):
        path = empty_file(tmp_path / f"{mode}.db", "delete")
        with SqliteDatabase(path, ours=ours) as database:
            database.run(Statement("INSERT INTO other VALUES (1)"))
        with SqlProcess(path) as other:
            assert other.run("PRAGMA journal_mode") == [[mode]]


def test_a_sqlite_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = empty_file(tmp_path / "a.db")
    monkeypatch.setattr("workbench.data.engine.sqlite_open.OLDEST", (99, 0, 0))
    with pytest.raises(Unavailable, match=r"SQLite 3\.\d+\.\d+ is too old: workbench needs 99.0.0"):
        SqliteDatabase(path).relations()


# -- the disk ------------------------------------------------------------------------------------------------


def test_a_full_disk_changes_nothing_and_is_got_over(small_disk: Path) -> None:
    with SqliteDatabase(empty_file(small_disk / "a.db")) as database:
        make_things(database)
        database.run(INSERT, thing("a", title="small"))
        with pytest.raises(Unavailable, match="disk is full"):
            database.run_many(INSERT, (thing(f"{i}", title="x" * 100_000) for i in range(50)))
        assert database.one(COUNT) == 1
        with pytest.raises(Unavailable, match="disk is full"), database.transaction():
            for i in range(50):
                database.run(INSERT, thing(f"{i}", title="x" * 100_000))
        assert database.one(COUNT) == 1
        assert database.integrity() == ()
        database.run(INSERT, thing("b", title="small"))


def test_a_file_that_may_not_be_written_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = empty_file(tmp_path / "a.db")
    real = os.access  # root may write everything, so the answer for somebody else is given here
    monkeypatch.setattr(os, "access", lambda p, mode, **k: False if mode == os.W_OK else real(p, mode, **k))
    with pytest.raises(ReadOnly, match="read-only"):
        SqliteDatabase(path)
    with SqliteDatabase(path, read_only=True) as database:
        assert "other" in database.relations()


def test_a_copy_is_whole_and_private(database: SqliteDatabase, tmp_path: Path) -> None:
    database.run_many(INSERT, (thing(f"{i}", title="x" * 1000) for i in range(500)))
    target = tmp_path / "copy.db"
    database.copy_to(target)
    assert target.stat().st_mode & 0o777 == 0o600
    with SqliteDatabase(target, read_only=True) as copy:
        assert copy.one(COUNT) == 500 and copy.integrity() == ()
    with pytest.raises(Invalid, match="File exists; choose another place"):
        database.copy_to(target)


def test_a_copy_that_fails_leaves_nothing(database: SqliteDatabase, small_disk: Path) -> None:
    database.run_many(INSERT, (thing(f"{i}", title="x" * 10_000) for i in range(500)))
    with pytest.raises(Unavailable, match="full"):
        database.copy_to(small_disk / "copy.db")
    assert list(small_disk.iterdir()) == []


def interrupted(database: SqliteDatabase, endless: Statement[None]) -> bool:
    """Write, have a long write stopped from another thread, write again; whether that transaction was kept."""
    began = threading.Event()

    def stop() -> None:
        began.wait(10)
        while began.is_set():
            database.interrupt()

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        with database.transaction():
            database.run(INSERT, thing("first"))
            began.set()
            with pytest.raises(Unavailable):
                database.run(endless)
            began.clear()
            thread.join()
            database.run(INSERT, thing("second"))
    except Unavailable as error:
        assert "undone this transaction" in str(error)
        return False
    finally:
        began.clear()
    return True


def test_a_transaction_that_sqlite_has_undone_keeps_nothing(database: SqliteDatabase) -> None:
    """SQLite rolls a whole transaction back when a write in it is interrupted; what follows must not be kept."""
    database.run_many(INSERT, (thing(f"{i}", title="x" * 100) for i in range(300)))
    endless: Statement[None] = Statement(
        "INSERT INTO things SELECT a.id || b.id || c.id || random(), a.title, '', 0, NULL, 1, NULL, a.made_at, NULL, ''"
        " FROM things a, things b, things c"
    )
    for _ in range(20):
        if not interrupted(database, endless):
            break
        # The interrupt came before the statement had begun: nothing was undone, and all that was written is kept.
        assert database.one(COUNT) == 302
        database.run(Statement("DELETE FROM things WHERE id IN ('first', 'second')"))
    assert database.one(COUNT) == 300
    assert database.run(INSERT, thing("third")) == 1


def test_no_write_goes_to_a_file_that_is_no_longer_there(database: SqliteDatabase, path: Path, tmp_path: Path) -> None:
    database.run(INSERT, thing("a"))
    with SqliteDatabase(empty_file(tmp_path / "new.db")) as other:
        make_things(other)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    (tmp_path / "new.db").replace(path)
    assert database.run(INSERT, thing("b"), durable=True) == 1
    with SqliteDatabase(path, read_only=True) as look:
        assert [row.id for row in look.all(ALL)] == ["b"]
    path.unlink()
    with pytest.raises(Unavailable, match="no longer there"):
        database.run(INSERT, thing("c"))


def test_the_declared_table_is_what_the_other_programs_migrator_leaves_alone(database: SqliteDatabase) -> None:
    text = Statement("SELECT sql FROM sqlite_master WHERE name = 'things'", row=Row.plain(str, sql=codecs.text))
    assert database.one(text) == THINGS.ddl("sqlite")[0].replace("IF NOT EXISTS ", "")


def test_an_interrupted_statement_is_unavailable_and_the_next_one_works(database: SqliteDatabase) -> None:
    long = Statement(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS n FROM n",
        row=Row.plain(int, n=codecs.bigint),
    )
    failures: list[Exception] = []
    began = threading.Event()

    def run() -> None:
        database.one(COUNT)
        began.set()
        try:
            database.one(long)
        except Unavailable as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert began.wait(10)
    while thread.is_alive():
        database.interrupt()
        thread.join(0.02)
    assert len(failures) == 1 and "stop" in str(failures[0])
    assert database.one(COUNT) == 0
