"""Opening read-only changes nothing on disk, whatever state the file's writers have left it in."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import SqlProcess, tree_hash

from workbench.data.engine import codecs
from workbench.data.engine.database import Timeouts
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Unavailable

COUNT = Statement("SELECT count(*) AS n FROM rows", row=Row.plain(int, n=codecs.bigint))
NEWEST = Statement("SELECT max(x) AS n FROM rows", row=Row.plain(int, n=codecs.bigint))


@pytest.fixture(params=["wal", "delete"])
def journal(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "of another program"
    made.mkdir()
    return made


def settled(path: Path, journal: str, rows: int = 3) -> Path:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("CREATE TABLE rows (x INTEGER, filler TEXT)")
    for x in range(1, rows + 1):
        connection.execute("INSERT INTO rows VALUES (?, ?)", (x, "f" * 500))
    connection.close()
    return path


def only(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class Untouched:
    """Asserts that a directory is byte for byte as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before = tree_hash(folder)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        assert tree_hash(self.folder) == self.before


def test_a_settled_file(folder: Path, journal: str) -> None:
    path = settled(folder / "a.db", journal)
    with Untouched(folder), SqliteDatabase(path, read_only=True) as database:
        assert database.one(COUNT) == 3
        assert database.integrity() == ()
        database.change_token()
    assert only(folder) == {"a.db"}


def test_a_live_writer(folder: Path, journal: str) -> None:
    path = settled(folder / "a.db", journal)
    with SqlProcess(path) as writer:
        writer.run("INSERT INTO rows VALUES (4, '')")
        with Untouched(folder), SqliteDatabase(path, read_only=True) as database:
            assert database.one(COUNT) == 4
            token = database.change_token()
        with SqliteDatabase(path, read_only=True) as database:
            token = database.change_token()
            writer.run("INSERT INTO rows VALUES (5, '')")
            assert database.change_token() != token
            assert database.one(COUNT) == 5
            writer.run("DELETE FROM rows WHERE x = 1")
            assert database.one(COUNT) == 4
            writer.quit()
            assert database.one(COUNT) == 4


def test_a_writer_in_the_middle_of_a_transaction(folder: Path, journal: str) -> None:
    path = settled(folder / "a.db", journal)
    with SqlProcess(path) as writer:
        writer.run("BEGIN IMMEDIATE", "INSERT INTO rows VALUES (4, '')")
        with Untouched(folder), SqliteDatabase(path, read_only=True) as database:
            assert database.one(COUNT) == 3
        with SqliteDatabase(path, read_only=True) as database:
            assert database.one(COUNT) == 3
            writer.run("COMMIT")
            assert database.one(COUNT) == 4


def test_a_writer_that_was_killed(folder: Path, journal: str) -> None:
    path = settled(folder / "a.db", journal)
    with SqlProcess(path) as writer:
        writer.run("INSERT INTO rows VALUES (4, '')", "BEGIN IMMEDIATE", "INSERT INTO rows VALUES (5, '')")
        writer.kill()
    if journal == "wal":
        assert only(folder) == {"a.db", "a.db-wal", "a.db-shm"}
    with Untouched(folder), SqliteDatabase(path, read_only=True) as database:
        assert database.one(COUNT) == 4
        assert database.change_token() == database.change_token()


def test_a_log_that_nobody_leads(folder: Path) -> None:
    path = settled(folder / "a.db", "wal")
    with SqlProcess(path) as writer:
        writer.run("INSERT INTO rows VALUES (4, '')")
        writer.kill()
    (folder / "a.db-shm").unlink()
    with Untouched(folder), SqliteDatabase(path, read_only=True) as database:
        assert database.one(COUNT) == 4
    assert only(folder) == {"a.db", "a.db-wal"}


def test_a_writer_that_holds_its_log_for_itself(folder: Path) -> None:
    path = settled(folder / "a.db", "wal")
    with SqlProcess(path) as writer:
        writer.run("PRAGMA locking_mode = EXCLUSIVE", "INSERT INTO rows VALUES (4, '')")
        assert not (folder / "a.db-shm").exists()
        with Untouched(folder), SqliteDatabase(path, read_only=True) as database:
            assert database.one(COUNT) == 4
        with SqliteDatabase(path, read_only=True) as database:
            token = database.change_token()
            writer.run("INSERT INTO rows VALUES (5, '')")
            assert database.change_token() != token
            assert database.one(COUNT) == 5


@pytest.fixture
def hot(folder: Path) -> Path:
    """A database whose writer was killed after it had begun to change the file itself."""
    path = settled(folder / "a.db", "delete", rows=400)
    with SqlProcess(path) as writer:
        writer.run("PRAGMA cache_size = 5", "BEGIN IMMEDIATE", "UPDATE rows SET x = -x, filler = filler || 'changed'")
        writer.kill()
    assert (folder / "a.db-journal").stat().st_size > 0
    return path


def test_a_hot_journal(hot: Path, folder: Path) -> None:
    with Untouched(folder), SqliteDatabase(hot, read_only=True) as database:
        assert (database.one(COUNT), database.one(NEWEST)) == (400, 400)
        assert database.integrity() == ()
    assert only(folder) == {"a.db", "a.db-journal"}


def test_a_journal_that_becomes_hot_while_we_look(folder: Path) -> None:
    path = settled(folder / "a.db", "delete", rows=400)
    with SqlProcess(path) as writer, SqliteDatabase(path, read_only=True, timeouts=Timeouts(lock=1)) as database:
        assert database.one(NEWEST) == 400
        writer.run("PRAGMA cache_size = 5", "BEGIN IMMEDIATE", "UPDATE rows SET x = -x, filler = filler || 'c'")
        with pytest.raises(Unavailable, match="locked"):
            database.one(NEWEST)
        writer.kill()
        with Untouched(folder):
            assert database.one(NEWEST) == 400


def test_copies_are_removed_when_the_source_is_closed(
    hot: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    database = SqliteDatabase(hot, read_only=True)
    assert database.one(COUNT) == 400
    copies = list(scratch.iterdir())
    assert len(copies) == 1 and copies[0].stat().st_mode & 0o777 == 0o700
    database.close()
    assert list(scratch.iterdir()) == []


def test_a_copy_that_does_not_fit_is_refused_in_words(
    hot: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, small_disk: Path
) -> None:
    with hot.open("ab") as file:
        file.truncate(3_000_000)
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    with Untouched(folder), pytest.raises(Unavailable, match=r"must be copied to be read: .* is too full"):
        SqliteDatabase(hot, read_only=True)
    assert list(small_disk.iterdir()) == []


def test_a_settled_file_that_a_writer_comes_to(folder: Path, journal: str) -> None:
    path = settled(folder / "a.db", journal)
    with SqliteDatabase(path, read_only=True) as database:
        assert database.one(COUNT) == 3
        token = database.change_token()
        with SqlProcess(path) as writer:
            writer.run("INSERT INTO rows VALUES (4, '')")
            assert database.change_token() != token
            assert database.one(COUNT) == 4
            writer.run("INSERT INTO rows VALUES (5, '')")
            assert database.one(COUNT) == 5
        assert database.one(COUNT) == 5


def test_a_file_that_is_replaced_is_opened_anew(folder: Path, journal: str) -> None:
    path = settled(folder / "a.db", journal)
    with SqliteDatabase(path, read_only=True) as reader, SqliteDatabase(path) as writer:
        tokens = reader.change_token(), writer.change_token()
        settled(folder / "new.db", journal, rows=9).replace(path)
        assert reader.change_token() != tokens[0] and writer.change_token() != tokens[1]
        assert (reader.one(COUNT), writer.one(COUNT)) == (9, 9)


def test_through_a_link_the_writers_log_is_found(folder: Path, tmp_path: Path, journal: str) -> None:
    path = settled(folder / "a.db", journal)
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with SqlProcess(path) as writer, SqliteDatabase(link, read_only=True) as database:
        writer.run("INSERT INTO rows VALUES (4, '')")
        assert database.one(COUNT) == 4
        token = database.change_token()
        link.unlink()
        link.symlink_to(settled(folder / "b.db", journal, rows=9))
        assert database.change_token() != token or journal == "wal"
        database.change_token()
        assert database.one(COUNT) == 9


def test_a_file_that_is_removed_is_reported(folder: Path) -> None:
    path = settled(folder / "a.db", "delete")
    with SqliteDatabase(path) as database:
        database.change_token()
        path.unlink()
        with pytest.raises(Unavailable, match="no longer there"):
            database.change_token()


@pytest.fixture
def odd_names(folder: Path) -> Iterator[list[Path]]:
    names = [
        "with space",
        "ques?tion",
        "per%20cent",
        "ha#sh",
        "new\nline",
        "quo'te\"",
        "ünïcode",
        "-dash",
        "\udcff\udcfe",
    ]
    yield [folder / f"{name}.db" for name in names]


def test_any_name_can_be_opened(odd_names: list[Path], journal: str) -> None:
    for rows, path in enumerate(odd_names, start=1):
        settled(path, journal, rows)
        with SqliteDatabase(path, read_only=True) as database:
            assert database.one(COUNT) == rows
        with SqliteDatabase(path) as database:
            assert database.one(COUNT) == rows
