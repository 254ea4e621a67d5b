"""The workbench's own home is measured, emptied of what is not needed, and copied; nobody else's database is."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.fixtures import copied
from support.processes import SqlProcess, tree_hash

from workbench.data import Source, open_source, upkeep
from workbench.data.errors import Conflict, Invalid, NotFound, ReadOnly, Unavailable, Unsupported
from workbench.data.home import DATABASE
from workbench.data.source import open_home


def filled(home: Path, rows: int = 200) -> Path:
    """A home with approvals in it; the file of its database."""
    with open_home(home) as source:
        for number in range(rows):
            source.approvals.create(tool_name=f"tool {number}", args='{"x": "%s"}' % ("y" * 2000))
    return home / DATABASE


def test_sizes_are_those_of_the_tables_with_their_indexes(tmp_path: Path) -> None:
    path = filled(tmp_path / "home")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('CREATE TABLE "odd ""` name" (a)')
        connection.commit()
    with open_home(tmp_path / "home", read_only=True) as source:
        found = upkeep.sizes(source)
        few = upkeep.sizes(source, count_to=50)
    assert found.path == path and found.size == path.stat().st_size and found.free == 0
    first = found.tables[0]
    assert (first.name, first.rows, first.more) == ("approvals", 200, False)
    assert (few.tables[0].rows, few.tables[0].more) == (50, True)
    assert 'odd "` name' in {table.name for table in found.tables}
    assert first.size is not None and first.size > 200 * 2000
    total = sum(table.size or 0 for table in found.tables)
    assert found.size - 32_768 <= total <= found.size  # the list of the tables has pages of its own


def test_a_vacuum_gives_back_what_deleted_rows_left(tmp_path: Path) -> None:
    path = filled(tmp_path / "home")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM approvals WHERE rowid > 10")
        connection.commit()
    with open_home(tmp_path / "home") as source:
        free = upkeep.free_bytes(source)
        assert free > 300_000
        done = upkeep.vacuum(source)
        assert done.before - done.after >= free * 0.9 and path.stat().st_size == done.after
        assert upkeep.free_bytes(source) == 0 and source.integrity() == ()
        assert len(source.approvals.list_heads(limit=100)) == 10
        upkeep.analyze(source)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'approvals'").fetchone()[0]


def test_a_checkpoint_empties_the_log_unless_somebody_is_reading(tmp_path: Path) -> None:
    path = filled(tmp_path / "home", 5)
    log = path.with_name(f"{DATABASE}-wal")
    with SqlProcess(path) as other, open_home(tmp_path / "home") as source:
        other.run("BEGIN", "SELECT count(*) FROM approvals")
        source.approvals.create(tool_name="later")
        assert log.stat().st_size > 0
        with pytest.raises(Unavailable, match="another program reads or writes in it right now"):
            upkeep.checkpoint(source)
        other.run("COMMIT")
        done = upkeep.checkpoint(source)
        assert done.before > 0 and done.after == log.stat().st_size == 0
        assert len(source.approvals.list_heads(limit=100)) == 6


def test_a_home_that_somebody_writes_in_is_locked_in_words(tmp_path: Path) -> None:
    from workbench.data.engine.database import Timeouts

    path = filled(tmp_path / "home", 5)
    with SqlProcess(path) as other, open_home(tmp_path / "home", timeouts=Timeouts(lock=0.3)) as source:
        other.run("BEGIN IMMEDIATE")
        for work in (upkeep.vacuum, upkeep.analyze):
            with pytest.raises(Unavailable, match=r"locked by another program|right now"):
                work(source)
        other.run("ROLLBACK")
        upkeep.vacuum(source)


def test_a_copy_is_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    filled(tmp_path / "home")
    copy = tmp_path / "copy.db"
    with open_home(tmp_path / "home", read_only=True) as source:
        written = upkeep.backup(source, copy)
        with pytest.raises(Conflict, match="is there already"):
            upkeep.backup(source, copy)
        with pytest.raises(Conflict):
            upkeep.backup(source, source.database.path)
    assert copy.stat().st_size == written and copy.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "home"]
    with open_source(copy, read_only=True) as source:
        assert len(source.approvals.list_heads(limit=500)) == 200 and source.integrity() == ()
    with open_home(tmp_path / "home") as source, pytest.raises(Invalid, match="nowhere is no directory"):
        upkeep.backup(source, tmp_path / "nowhere" / "copy.db")


def test_a_kill_while_copying_leaves_no_file_of_that_name(tmp_path: Path) -> None:
    filled(tmp_path / "home", 400)
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom workbench.data import upkeep\n"
        "from workbench.data.source import open_home\n"
        "upkeep._name = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "with open_home(Path(sys.argv[1]), read_only=True) as source:\n"
        "    upkeep.backup(source, Path(sys.argv[2]))\n"
    )
    copy = tmp_path / "copy.db"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "home"), str(copy)], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL and not copy.exists()


def test_a_full_disk_leaves_no_copy_and_the_home_as_it_was(tmp_path: Path) -> None:
    path = filled(tmp_path / "home", 400)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM approvals WHERE rowid > 300")
        connection.commit()
    room = path.stat().st_size // 2

    def fill_up() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    code = (
        "import sys\nfrom pathlib import Path\nfrom workbench.data import upkeep\n"
        "from workbench.data.errors import Unavailable\nfrom workbench.data.source import open_home\n"
        "with open_home(Path(sys.argv[1])) as source:\n"
        "    for work in (upkeep.vacuum, lambda found: upkeep.backup(found, Path(sys.argv[2]))):\n"
        "        try:\n            work(source)\n        except Unavailable as error:\n            print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home"), str(tmp_path / "copy.db")],
        preexec_fn=fill_up, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2 and "disk" in done.stdout
    assert [entry.name for entry in tmp_path.iterdir()] == ["home"]
    with open_home(tmp_path / "home") as source:
        assert source.integrity() == () and len(source.approvals.list_heads(limit=500)) == 300


def test_only_the_own_home_is_looked_after(tmp_path: Path) -> None:
    path = copied("agents/small/genie_UTC.db", tmp_path)
    before = tree_hash(tmp_path)
    works = (
        upkeep.sizes, upkeep.free_bytes, upkeep.checkpoint, upkeep.vacuum, upkeep.analyze,
        lambda source: upkeep.backup(source, tmp_path / "copy"),
    )  # fmt: skip
    with open_source(path, read_only=True) as source:
        for work in works:
            with pytest.raises(Unsupported, match="is not the workbench's own home"):
                work(source)
    assert tree_hash(tmp_path) == before


@pytest.mark.postgres
def test_a_server_is_nobodys_home(postgres_dsn: str) -> None:
    open_source(postgres_dsn, create=True).close()
    with open_source(postgres_dsn) as source, pytest.raises(Unsupported):
        upkeep.vacuum(source)


def test_looking_only_or_no_home_yet_is_refused(tmp_path: Path) -> None:
    def refuses(source: Source, error: type[Exception]) -> None:
        for work in (upkeep.checkpoint, upkeep.vacuum, upkeep.analyze):
            with pytest.raises(error):
                work(source)

    with open_home(tmp_path / "home") as source:
        refuses(source, NotFound)
        with pytest.raises(NotFound, match="nothing to copy"):
            upkeep.backup(source, tmp_path / "copy")
    assert os.listdir(tmp_path) == []  # noqa: PTH208
    filled(tmp_path / "home", 1)
    with open_home(tmp_path / "home", read_only=True) as source:
        refuses(source, ReadOnly)


def test_a_backup_tells_how_far_it_is_and_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    path = filled(tmp_path / "home", 2_500)
    told: list[tuple[int, int]] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as other, open_home(tmp_path / "home") as source:

        def write(done: int, total: int) -> None:
            told.append((done, total))
            other.execute("DELETE FROM approvals WHERE rowid = ?", (len(told),))

        upkeep.backup(source, tmp_path / "copy.db", write)
        assert len(source.approvals.list(limit=5_000)) == 2_500 - len(told)
    assert len(told) > 1 and [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == told[-1][1] and len({total for _, total in told}) == 1
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT count(*) FROM approvals").fetchall() == [(2_500,)]
