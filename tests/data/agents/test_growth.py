"""Large tables and runs that never ended, on both engines and on what other programs wrote: bounded, not guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.agents import Place
from support.fixtures import fixture

from workbench.data import open_source
from workbench.data.agents import growth
from workbench.data.agents.growth import grown, stuck_runs

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    where = str(tmp_path / "agents.db") if request.param == "sqlite" else request.getfixturevalue("postgres_dsn")
    open_source(where, create=True).close()
    return Place(request.param, where, where)


def begin(place: Place, number: int, began: str, status: str = "running") -> None:
    uuid = f"00000000-0000-4000-8000-{number:012}"
    place.run(
        "INSERT INTO cron_history (id, task_id, task_name, started_at, status, error, run_id) "
        f"VALUES ('{uuid}', '{uuid}', 'task {number}', '{began}', '{status}', '', '')"
    )


def test_runs_count_as_stuck_by_their_instants(place: Place) -> None:
    begin(place, 1, "2026-05-04 13:30:00+02:00")  # half an hour ago, though its text is later
    begin(place, 2, "2026-05-04 10:30:00+00:00", "success")
    with place.open(read_only=True) as source:
        assert stuck_runs(source.database, NOON) is None
        begin(place, 3, "2026-05-04 03:00:00-07:00")
        begin(place, 4, "2026-05-03 12:00:00+00:00")
        found = stuck_runs(source.database, NOON)
        assert found is not None and (found.count.n, found.count.more, found.task) == (2, False, "task 4")
        assert found.since == NOON - timedelta(days=1)


def test_of_very_many_it_is_said_that_there_are_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "LOOK_AT", 3)
    for number in range(5):
        begin(place, number, "2026-05-01 12:00:00+00:00")
    with place.open(read_only=True) as source:
        found = stuck_runs(source.database, NOON)
    assert found is not None and str(found.count) == "≥ 3"


def test_a_database_without_that_table_has_no_such_runs(place: Place) -> None:
    place.run("DROP TABLE cron_history")
    with place.open(read_only=True) as source:
        assert stuck_runs(source.database, NOON) is None and grown(source.database, 1) == ()


def test_a_time_that_cannot_be_read_is_left_to_the_check_of_the_rows(tmp_path: Path) -> None:
    path = str(tmp_path / "agents.db")
    open_source(path, create=True).close()
    begin(Place("sqlite", path, path), 1, "long ago")
    with open_source(path, read_only=True) as source:
        assert stuck_runs(source.database, NOON) is None


def test_only_tables_with_more_rows_are_named_each_with_its_oldest(place: Place) -> None:
    with place.open() as source:
        for number in range(4):
            source.approvals.create(tool_name="t", at=NOON - timedelta(days=10 - number))
            source.memories.add_memory(("app", "ann"), f"word {number}")
        assert grown(source.database, 4) == ()
        found = {each.table: each for each in grown(source.database, 3)}
    assert set(found) == {"approvals", "memories"}
    assert found["approvals"].since == NOON - timedelta(days=10) and str(found["approvals"].rows) == "≥ 3"


def test_a_whole_fleet_of_another_program_is_looked_at() -> None:
    with open_source(fixture("agents/genie_fleet.db"), read_only=True) as source:
        found = grown(source.database, 10)
        assert {"session_events", "approvals", "checkpoint_writes"} <= {each.table for each in found}
        for each in found:
            assert (each.since is None) == (each.table in ("checkpoints", "checkpoint_writes")), each
            assert each.since is None or each.since <= datetime.now(UTC)
