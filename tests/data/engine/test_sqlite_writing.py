"""SQLite's own side of writing: other processes, kills, full disks, and what a file may hold that is no text."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from support.processes import SqlProcess
from support.things import ADD, ALL, COUNT, GET, INSERT, LIST, LIST_MIXED, ROW, THINGS, empty_file, make_things, thing

from workbench.data.engine import codecs
from workbench.data.engine.database import Timeouts
from workbench.data.engine.page import Damaged
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.tables import Table
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


# -- what stands in a file -----------------------------------------------------------------------------------


def spoil(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_text_that_is_no_text_hides_no_row(database: SqliteDatabase, path: Path) -> None:
    database.run_many(INSERT, (thing(key) for key in "abcdef"))
    spoil(
        path,
        "UPDATE things SET title = CAST(x'80ff' AS TEXT) WHERE id = 'a'",
        "UPDATE things SET title = x'e282ac' WHERE id = 'b'",
        "UPDATE things SET title = x'80ff' WHERE id = 'c'",
        "UPDATE things SET made_at = 1795175900 WHERE id = 'd'",
        "UPDATE things SET enabled = 'yes' WHERE id = 'e'",
    )
    page = database.all(ALL)
    assert [row.id for row in page] == list("abcdef")
    assert page[0].title == "\udc80\udcff"  # shown as it stands; nobody here could write it
    assert page[1].title == "€"
    assert page[2].title == Damaged(b"\x80\xff", "bytes that are not UTF-8 where text belongs")
    made = page[3].made_at
    assert isinstance(made, Damaged) and made.raw == 1795175900 and "as unix s: 2026-11-20 11:58:20 UTC" in made.why
    assert isinstance(page[4].enabled, Damaged) and page[4].enabled.raw == "yes"
    assert [(found.key, found.column) for found in page.damage] == [
        (("c",), "title"),
        (("d",), "made_at"),
        (("e",), "enabled"),
    ]
    with pytest.raises(Invalid, match="surrogate"):
        database.one(GET, {"id": page[0].title})


def test_a_row_without_a_key_is_named_as_damage_and_stops_no_page(database: SqliteDatabase, path: Path) -> None:
    database.run_many(INSERT, (thing(f"{i:02}") for i in range(9)))
    spoil(path, "UPDATE things SET id = NULL WHERE id IN ('00', '01', '02')")
    by_id = Statement(
        "SELECT {columns} FROM things WHERE {after} ORDER BY {order} LIMIT :limit", row=ROW, order=("id",)
    )
    seen, damage, after = [], 0, None
    while True:
        page = database.page(by_id, limit=2, after=after)
        seen += [row.id for row in page]
        damage += len(page.damage)
        assert all(found.key is None and found.column == "id" for found in page.damage)
        if (after := page.next) is None:
            break
    assert seen == ["03", "04", "05", "06", "07", "08"] and damage >= 2


def test_keys_of_any_storage_class_are_paged_in_stored_order(database: SqliteDatabase, path: Path) -> None:
    database.run_many(INSERT, (thing(f"{i:02}") for i in range(12)))
    spoil(
        path,
        "UPDATE things SET made_at = 5 WHERE id = '03'",
        "UPDATE things SET made_at = x'31' WHERE id = '04'",
        "UPDATE things SET made_at = '' WHERE id = '05'",
    )
    seen, after = [], None
    while True:
        page = database.page(LIST, limit=2, after=after)
        seen += [row.id for row in page]
        if (after := page.next) is None:
            break
    assert sorted(seen) == [f"{i:02}" for i in range(12)] and seen[0] == "04" and seen[-2:] == ["05", "03"]


def test_keys_that_are_no_text_or_partly_null_are_paged_past(database: SqliteDatabase, path: Path) -> None:
    database.run_many(INSERT, (thing(f"{i:02}", title=f"t{i // 4}") for i in range(12)))
    spoil(
        path,
        "UPDATE things SET title = CAST(x'743062ff' AS TEXT) WHERE id IN ('03', '04')",
        "CREATE TABLE loose (id text, title text, made_at datetime)",
        "INSERT INTO loose SELECT id, title, made_at FROM things",
        "UPDATE loose SET made_at = NULL WHERE id IN ('05', '06', '07', '08')",
        "UPDATE loose SET title = NULL WHERE id > '09'",
    )
    assert walk(database, LIST_MIXED) == [row.id for row in database.page(LIST_MIXED, limit=100)]
    loose = Table("loose", tuple(THINGS.by_name[name] for name in ("id", "title", "made_at")), key=("id",))
    row = Row.plain(tuple_of, id=codecs.text, title=codecs.text.optional(), made_at=codecs.utc_text.optional())
    sql = "SELECT {columns} FROM loose WHERE {after} ORDER BY {order} LIMIT :limit"
    for order in (
        ("title", "made_at", "id"),
        ("title DESC", "made_at DESC", "id DESC"),
        ("title", "made_at DESC", "id"),
    ):
        statement = Statement(sql, row=row, table=loose, order=order)
        whole = [found[0] for found in database.page(statement, limit=100)]
        assert len(whole) == 12
        by_key = walk(database, statement)
        # Ascending, nothing is lost; descending, SQLite has NULL last, where a comparison does not reach.
        assert by_key == [key for key in whole if key in by_key] and len(set(by_key)) == len(by_key)
        assert order[0] != "title" or "DESC" in order[1] or by_key == whole


def tuple_of(*values: object) -> tuple[object, ...]:
    return values


def walk(database: SqliteDatabase, statement: Statement[Any]) -> list[object]:
    seen, after = [], None
    while True:
        page = database.page(statement, limit=1, after=after)
        seen += [row[0] if isinstance(row, tuple) else row.id for row in page]
        assert len(seen) < 100
        if (after := page.next) is None:
            return seen


def test_values_that_no_python_type_holds_are_damaged(database: SqliteDatabase, path: Path) -> None:
    rows = f"('a', '1', 0), ('b', '{'1' * 5000}', 253402300800000), ('c', '2', 1)"
    spoil(path, "CREATE TABLE odd (id text, doc text, at integer)", f"INSERT INTO odd VALUES {rows}")
    row = Row.plain(tuple_of, id=codecs.text, doc=codecs.json, at=codecs.unix_ms)
    page = database.all(Statement("SELECT id, doc, at FROM odd ORDER BY id", row=row))
    assert [found[0] for found in page] == ["a", "b", "c"]
    assert isinstance(page[1][1], Damaged) and isinstance(page[1][2], Damaged)
    assert [found.column for found in page.damage] == ["doc", "at"]


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
