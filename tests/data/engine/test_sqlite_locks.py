"""Whatever this process does to a file that it has open, its locks on the file stay.

Closing any descriptor of a file drops every POSIX lock that the process has on it; another writer then
believes that it is alone.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.processes import SqlProcess

from workbench.data import open_source
from workbench.data.detect import look_around
from workbench.data.engine import inodes
from workbench.data.engine.database import Timeouts
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Statement
from workbench.data.errors import WorkbenchError

INSERT: Statement[None] = Statement(
    "INSERT INTO operational_state (namespace, key, value, updated_at) VALUES ('n', 'k', 'v', '2026-11-20T12:00:00Z')"
)
STEAL = "BEGIN IMMEDIATE"


@pytest.fixture(params=["wal", "delete"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    with SqlProcess(folder / "opstate.db") as writer:
        writer.run(
            f"PRAGMA journal_mode = {request.param}",
            "CREATE TABLE operational_state (namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, "
            "updated_at TEXT NOT NULL, expires_at TEXT, PRIMARY KEY (namespace, key))",
        )
        writer.quit()
    return folder / "opstate.db"


def _look(path: Path) -> None:
    with open_source(path, read_only=True) as source:
        assert source.kinds == ("opstate",)
        assert source.health().reachable
        source.change_token()


def _by_link(path: Path) -> None:
    for name, link in (("soft", os.symlink), ("hard", os.link)):
        other = path.parent / name
        link(path, other)
        _look(other)
        other.unlink()


def _copy(path: Path) -> None:
    with SqliteDatabase(path, read_only=True, timeouts=Timeouts(lock=0.5)) as database:
        database.copy_to(path.parent.parent / "copy.db")
    (path.parent.parent / "copy.db").unlink()


WAYS: dict[str, Callable[[Path], object]] = {
    "look": _look,
    "look through links": _by_link,
    "open writable": lambda path: open_source(path).close(),
    "open its directory": lambda path: open_source(path.parent, read_only=True).close(),
    "look around": lambda path: look_around(path.parent, Timeouts()),
    "read its head": lambda path: inodes.head(path),
    "copy its bytes": lambda path: (inodes.copy(path, path.parent.parent / "c"), (path.parent.parent / "c").unlink()),
    "copy": _copy,
}


@pytest.mark.parametrize("way", WAYS)
def test_looking_at_a_file_that_we_are_writing_keeps_our_locks(path: Path, way: str) -> None:
    with SqliteDatabase(path, durable=True) as database, SqlProcess(path, timeout=0) as thief:
        database.relations()
        with database.transaction():
            database.run(INSERT)
            assert thief.attempt(STEAL) == {"error": "database is locked"}
            for _ in range(3):
                WAYS[way](path)
                assert thief.attempt(STEAL) == {"error": "database is locked"}
        assert thief.attempt(STEAL) == []


def test_what_all_this_care_is_for(path: Path) -> None:
    """The control: opening and closing the file by hand does let the thief in, so the tests above can fail."""
    with SqliteDatabase(path) as database, SqlProcess(path, timeout=0) as thief:
        try:
            with database.transaction():
                database.run(INSERT)
                assert thief.attempt(STEAL) == {"error": "database is locked"}
                path.open("rb").close()
                if path.with_name("opstate.db-shm").exists():
                    path.with_name("opstate.db-shm").open("rb").close()
                assert thief.attempt(STEAL) == []
                thief.run("ROLLBACK")
        except WorkbenchError:
            pass  # whatever comes of it


def test_a_connection_of_somebody_else_in_this_process_is_respected(path: Path) -> None:
    """An agent that uses sqlite3 itself and asks us to look at its file."""
    import sqlite3

    own = sqlite3.connect(path, isolation_level=None)
    with SqlProcess(path, timeout=0) as thief:
        own.execute("BEGIN IMMEDIATE")
        own.execute(INSERT.sql)
        _look(path)
        assert inodes.head(path).startswith(b"SQLite format 3")
        assert thief.attempt(STEAL) == {"error": "database is locked"}
        own.execute("COMMIT")
    own.close()
