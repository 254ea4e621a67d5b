"""The declared tables beside what their own program creates (contract agents §1)."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fixtures import copied, fixture

from workbench.data import open_source
from workbench.data.agents.tables import TABLES
from workbench.data.engine.drift import drift
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Statement


def test_the_ddl_is_word_for_word_what_that_program_creates() -> None:
    """Its migrator reads the stored text, and rebuilds a table at the first word that it would not have written."""
    theirs = set(fixture("agents/small/schema_sqlite.sql").read_text().splitlines())
    ours = {ddl.replace(" IF NOT EXISTS", "") + ";" for table in TABLES for ddl in table.ddl("sqlite")}
    assert ours == theirs - {"CREATE TABLE sqlite_sequence(name,seq);"}
    assert len(TABLES) == 14


def test_a_home_of_ours_stores_exactly_that_text(tmp_path: Path) -> None:
    open_source(tmp_path / "a.db", create=True).close()
    connection = sqlite3.connect(tmp_path / "a.db")
    stored = {text for (text,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    connection.close()
    theirs = {line.rstrip(";") for line in fixture("agents/small/schema_sqlite.sql").read_text().splitlines()}
    assert theirs <= stored


@pytest.mark.parametrize(
    "name",
    ["genie_fleet.db", "genie_damaged.db", "small/genie_UTC.db", "small/genie_America_New_York.db", "small/ckpt.db"],
)
def test_what_that_program_made_has_no_drift(name: str, tmp_path: Path) -> None:
    with open_source(copied(f"agents/{name}", tmp_path), read_only=True) as source:
        assert source.kinds == ("agents",) and source.health().drift == ()


@pytest.mark.postgres
def test_what_it_made_on_a_server_has_no_drift(restored: Callable[[Path], str]) -> None:
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz")), read_only=True) as source:
        assert source.kinds == ("agents",) and source.health().drift == ()


@pytest.mark.postgres
def test_what_we_make_on_a_server_has_no_drift_and_can_be_made_twice(postgres_dsn: str) -> None:
    for _ in range(2):
        with open_source(postgres_dsn, create=True) as source:
            assert source.kinds == ("home", "agents")
            assert drift(source.database, TABLES) == ()


def test_an_older_database_lacks_a_column_and_that_is_no_drift(tmp_path: Path) -> None:
    path = copied("agents/small/genie_UTC.db", tmp_path)
    with SqliteDatabase(path) as database:
        database.run(Statement("ALTER TABLE approvals DROP COLUMN created_by"))
        database.run(Statement("ALTER TABLE approvals ADD COLUMN more text"))
        database.run(Statement("DROP INDEX idx_sessions_updated"))
        database.run(Statement("ALTER TABLE memories DROP COLUMN topics"))
    with open_source(path, read_only=True) as source:
        assert source.health().drift == (
            "table memories lacks the column topics",
            "table sessions lacks the index idx_sessions_updated: its lists are slow",
        )
