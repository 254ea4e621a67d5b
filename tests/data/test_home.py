"""The workbench's own home: looking never makes it, the first write does, and its version is kept."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import SqlProcess, tree_hash
from support.things import COUNT, INSERT, THINGS, thing

from workbench.data import open_source
from workbench.data.engine.database import Database, Timeouts
from workbench.data.engine.migrations import META, Migration, make_tables, migrate, version
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Statement
from workbench.data.errors import Invalid, NotFound, ReadOnly, Unavailable
from workbench.data.home import DATABASE, home_path
from workbench.data.source import open_home

NOTE: Statement[None] = Statement("INSERT INTO {table:workbench.meta} (key, value) VALUES (:key, :value)", table=META)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "deep" / "home"))
    return tmp_path / "deep" / "home"


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", "~/there")
    assert home_path() == Path("~/there").expanduser()
    monkeypatch.delenv("WORKBENCH_HOME")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        assert home_path() == tmp_path / "workbench"


@pytest.mark.parametrize("read_only", [True, False])
def test_looking_makes_nothing(home: Path, tmp_path: Path, read_only: bool) -> None:
    with open_source(read_only=read_only) as source:
        assert source.kinds[0] == "home" and source.name == "home"
        assert version(source.database) == migrations_known()
        assert source.change_token() == source.change_token()
        health = source.health()
        assert health.reachable and health.size is None and health.problems == ()
        assert source.integrity() == ()
        with source.watch() as watch:
            assert not watch.wait(0.05)
    assert list(tmp_path.iterdir()) == []


def migrations_known() -> int:
    from workbench.data.home_database import migrations

    return migrations()[-1].number


def test_the_first_write_makes_it(home: Path) -> None:
    with open_source() as source, open_source() as other:
        assert other.database.one(version_text()) == str(migrations_known())
        token = other.change_token()
        source.database.run(NOTE, {"key": "a", "value": "1"})
        assert other.change_token() != token
        other.database.run(NOTE, {"key": "b", "value": "2"})
        assert source.database.one(value_of("b")) == "2" and other.database.one(value_of("a")) == "1"
    assert sorted(path.name for path in home.iterdir()) == [DATABASE]
    assert (home / DATABASE).stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    connection = sqlite3.connect(home / DATABASE)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def version_text() -> Statement[str]:
    return value_of("version")


def value_of(key: str) -> Statement[str]:
    from workbench.data.engine import codecs
    from workbench.data.engine.statement import Row

    sql = f"SELECT value FROM {{table:workbench.meta}} WHERE key = '{key}'"
    return Statement(sql, row=Row.plain(str, value=codecs.text), table=META)


def test_a_home_that_was_removed_is_made_again(home: Path) -> None:
    with open_source() as source:
        source.database.run(NOTE, {"key": "a", "value": "1"})
        for path in home.iterdir():
            path.unlink()
        source.database.run(NOTE, {"key": "b", "value": "2"})
        assert source.database.one(value_of("b")) == "2" and source.database.one(value_of("a")) is None


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from workbench.data import open_source
from workbench.data.engine.migrations import META
from workbench.data.engine.statement import Statement
note = Statement("INSERT INTO {table:workbench.meta} (key, value) VALUES (:key, :value)", table=META)
with open_source() as source:
    print("ready", flush=True)
    sys.stdin.readline()
    source.database.run(note, {"key": sys.argv[2], "value": "x"})
"""


def test_many_processes_may_make_it_at_once(home: Path) -> None:
    tests = Path(__file__).parents[1]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, tests, str(i)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(6)
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    assert not home.exists()
    for process in processes:
        _, errors = process.communicate("go\n", timeout=60)
        assert process.returncode == 0, errors
    with open_source(read_only=True) as source:
        assert [source.database.one(value_of(str(i))) for i in range(6)] == ["x"] * 6
    assert sorted(path.name for path in home.iterdir()) == [DATABASE]


def test_create_makes_a_file_anywhere_and_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "made" / "agents.db"
    with pytest.raises(NotFound, match="there is no file"):
        open_source(path)
    with pytest.raises(Invalid, match="exclude"):
        open_source(path, create=True, read_only=True)
    with open_source(path, create=True) as source:
        assert source.kinds[0] == "home" and source.name == "agents" and path.exists()
        source.database.run(NOTE, {"key": "a", "value": "1"})
    with open_source(path, read_only=True) as source:
        assert source.database.one(value_of("a")) == "1"
        with pytest.raises(ReadOnly):
            source.database.run(NOTE, {"key": "b", "value": "1"})


def test_a_home_that_a_newer_program_made_is_refused_and_left_alone(home: Path) -> None:
    with open_source() as source:
        source.database.run(NOTE, {"key": "a", "value": "1"})
    with SqlProcess(home / DATABASE) as process:
        process.run("UPDATE workbench_meta SET value = '9000' WHERE key = 'version'")
        process.quit()
    before = tree_hash(home)
    for attempt in (
        lambda: open_source(),
        lambda: open_source(read_only=True),
        lambda: open_source(home / DATABASE),
        lambda: open_home(home),
    ):
        with pytest.raises(Unavailable, match=r"newer workbench \(version 9000, this one knows \d+\): upgrade"):
            attempt()
    assert tree_hash(home) == before


def test_a_file_is_a_home_by_its_tables_and_not_by_its_name(home: Path) -> None:
    home.mkdir(parents=True)
    with SqlProcess(home / DATABASE) as process:
        process.run("CREATE TABLE customers (name)")
        process.quit()
    before = tree_hash(home)
    for attempt in (lambda: open_source(), lambda: open_source(read_only=True), lambda: open_home(home)):
        with pytest.raises(Invalid, match="another program's database"):
            attempt()
    with pytest.raises(NotFound, match="nothing that workbench knows"):
        open_source(home)
    assert tree_hash(home) == before


def test_many_threads_and_a_leftover_do_not_hinder_its_birth(home: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    home.mkdir(parents=True)
    (home / f".{DATABASE}.{os.getpid()}.new").write_text("left by a killed process")

    def write(number: int) -> int:
        with open_home(home) as source:
            return source.database.run(NOTE, {"key": str(number), "value": "x"})

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == [1] * 8
    with open_home(home, read_only=True) as source:
        assert all(source.database.one(value_of(str(number))) == "x" for number in range(8))


def test_a_file_system_without_links_is_no_hindrance(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with open_home(home) as source:
        source.database.run(NOTE, {"key": "a", "value": "1"})
    assert [path.name for path in home.iterdir()] == [DATABASE]


def test_the_home_may_not_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Invalid, match="no directory"):
        open_home(tmp_path / "file")


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with open_home(tmp_path / "file" / "home") as source, pytest.raises(Unavailable, match="cannot be made"):
        source.database.run(NOTE, {"key": "a", "value": "1"})


# -- migrations, on both engines -----------------------------------------------------------------------------

STEPS = (
    Migration(1, "bookkeeping", make_tables(META)),
    Migration(2, "things", make_tables(THINGS)),
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        from support.things import empty_file

        opened: Database = SqliteDatabase(empty_file(tmp_path / "a.db"))
    else:
        from workbench.data.engine.postgres import PostgresDatabase

        opened = PostgresDatabase(request.getfixturevalue("postgres_dsn"), display="test")
    request.addfinalizer(opened.close)
    return opened


def test_steps_run_once_in_order_and_in_a_transaction(database: Database) -> None:
    assert version(database) == 0
    assert migrate(database, STEPS[:1]) == ["bookkeeping"]
    assert migrate(database, STEPS) == ["things"]
    assert migrate(database, STEPS) == [] and version(database) == 2
    database.run(INSERT, thing("a"))

    def fails(db: Database) -> None:
        db.run(INSERT, thing("b"))
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        migrate(database, (*STEPS, Migration(3, "fails", fails)))
    assert version(database) == 2 and database.one(COUNT) == 1
    with pytest.raises(Unavailable, match="version 2, this one knows 1"):
        migrate(database, STEPS[:1])


def test_a_step_that_was_half_recorded_can_run_again(database: Database) -> None:
    migrate(database, STEPS)
    database.run(Statement("UPDATE {table:workbench.meta} SET value = '1' WHERE key = 'version'"))
    assert migrate(database, STEPS) == ["things"]


def test_numbers_are_unique_over_all_rooms() -> None:
    from workbench.data.home_database import migrations

    numbers = [step.number for step in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_two_databases_migrate_at_once(database: Database, request: pytest.FixtureRequest) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(6) as pool:
        done = [each.result(timeout=60) for each in [pool.submit(migrate, database, STEPS) for _ in range(6)]]
    assert sorted(words for words in done if words) == [["bookkeeping", "things"]] or sum(map(len, done)) == 2
    assert version(database) == 2


def test_a_home_that_is_up_to_date_is_opened_while_somebody_writes(tmp_path: Path) -> None:
    open_source(tmp_path / "a.db", create=True).close()
    with SqlProcess(tmp_path / "a.db") as other:
        other.run("BEGIN IMMEDIATE")
        with open_source(tmp_path / "a.db", timeouts=Timeouts(lock=0.3)) as source:
            assert source.kinds == ("home", "agents")
        other.run("ROLLBACK")
