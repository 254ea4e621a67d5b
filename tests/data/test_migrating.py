"""A source is brought up to its declared tables only when asked for, with a copy, all or nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.fixtures import copied, fixture
from support.processes import SqlProcess

from workbench.data import Conflict, Invalid, ReadOnly, Unsupported, open_source
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Statement


def old(folder: Path) -> Path:
    """A database of the time before `created_by`, that has also lost an index and a table."""
    path = copied("agents/small/genie_UTC.db", folder)
    with SqliteDatabase(path) as database:
        for sql in (
            "ALTER TABLE approvals DROP COLUMN created_by",
            "DROP INDEX idx_sessions_updated",
            "DROP TABLE clarifications",
        ):
            database.run(Statement(sql))
    return path


def test_what_is_missing_is_added_after_a_copy_was_made(tmp_path: Path) -> None:
    path = old(tmp_path)
    with open_source(path) as source:
        planned = source.migrate(dry_run=True)
        done = source.migrate()
        assert (
            set(planned.changes)
            == set(done.changes)
            == {
                "add the column approvals.created_by",
                "make the table clarifications",
                "make the index idx_sessions_updated of sessions",
            }
        )
        assert source.health().drift == () and source.migrate().changes == ()
        assert "clarifications" in source.capabilities
    assert done.backup is not None and done.backup.stat().st_mode & 0o777 == 0o600
    with SqliteDatabase(path) as now, SqliteDatabase(done.backup, read_only=True) as before:
        assert "created_by" in now.relations()["approvals"].columns
        assert "created_by" not in before.relations()["approvals"].columns


def test_a_dry_run_changes_nothing_and_works_read_only(tmp_path: Path) -> None:
    path = old(tmp_path)
    before = path.read_bytes()
    with open_source(path, read_only=True) as source:
        assert len(source.migrate(dry_run=True).changes) == 3
        with pytest.raises(ReadOnly):
            source.migrate()
    assert path.read_bytes() == before


def test_a_file_that_another_process_has_open_is_refused(tmp_path: Path) -> None:
    path = old(tmp_path)
    with SqlProcess(path) as other, open_source(path) as source:
        other.run("SELECT count(*) FROM approvals")
        with pytest.raises(Conflict, match=str(other.process.pid)):
            source.migrate()
        other.quit()
        assert len(source.migrate().changes) == 3


def test_the_place_of_the_copy_can_be_named_and_is_never_overwritten(tmp_path: Path) -> None:
    path = old(tmp_path)
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with open_source(path) as source:
        with pytest.raises(Invalid, match="is there already"):
            source.migrate(backup=taken)
        assert source.migrate(backup=tmp_path / "copy.db").backup == tmp_path / "copy.db"
    assert taken.read_text() == "mine"


def test_a_column_that_no_old_row_could_fill_is_not_made_up(tmp_path: Path) -> None:
    path = old(tmp_path)
    with SqliteDatabase(path) as database:
        database.run(Statement("ALTER TABLE approvals DROP COLUMN run_id"))
    with open_source(path) as source, pytest.raises(Unsupported, match="lacks the column run_id"):
        source.migrate()
    assert [entry.name for entry in tmp_path.glob("*before*")] == []


@pytest.mark.postgres
def test_on_a_server_it_is_one_transaction_without_a_copy(restored: Callable[[Path], str]) -> None:
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz"))) as source:
        source.database.run(Statement("ALTER TABLE approvals DROP COLUMN created_by"))
        source.database.run(Statement("DROP TABLE user_states"))
        with pytest.raises(Unsupported, match="pg_dump"):
            source.migrate(backup=Path("copy"))
        done = source.migrate()
        assert done.changes == ("add the column approvals.created_by", "make the table user_states")
        assert done.backup is None and source.health().drift == ()
