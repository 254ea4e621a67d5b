"""On which clock local times are written (architecture rule 13)."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.agents import Place

from workbench.data import Source
from workbench.data.agents.clock import Clock

MOMENT = datetime(2026, 11, 20, 12, 0, 0, 500000, tzinfo=UTC)


@pytest.fixture
def local(theirs: Place) -> Iterator[Source]:
    with theirs.open() as source:
        yield source


def test_our_own_database_is_in_utc(source: Source, place: Place) -> None:
    expected = "2026-11-20 12:00:00.5 +0000 UTC" if place.engine == "sqlite" else MOMENT
    assert Clock(source).local(MOMENT) == expected


def test_their_database_is_in_the_zone_of_its_newest_local_row(local: Source) -> None:
    assert Clock(local).local(MOMENT) == "2026-11-20 07:00:00.5 -0500 EST"


def test_a_newer_row_in_another_zone_moves_the_clock(local: Source, theirs: Place) -> None:
    theirs.run("UPDATE session_events SET created_at = '2027-07-01 09:00:00 -0400 EDT m=+1.000000001'")
    assert Clock(local).local(MOMENT) == "2026-11-20 08:00:00.5 -0400 EDT"


@pytest.mark.parametrize("text", ["zzz", "", "2099-01-01 00:00:00 +0530 +0530", "2099-01-01T00:00:00Z"])
def test_rows_that_are_no_clock_are_passed_over(local: Source, theirs: Place, text: str) -> None:
    theirs.run(
        "INSERT INTO session_events (app_name, user_id, session_id, event_data, created_at) "
        f"VALUES ('a', 'u', 's', '{{}}', '{text}')"
    )
    assert Clock(local).local(MOMENT) == "2026-11-20 07:00:00.5 -0500 EST"


def test_without_a_local_row_it_is_utc(local: Source, theirs: Place) -> None:
    for table in ("session_events", "sessions", "cron_tasks"):
        theirs.run(f"DELETE FROM {table}")
    assert Clock(local).local(MOMENT) == "2026-11-20 12:00:00.5 +0000 UTC"


def test_a_row_from_before_the_last_change_of_its_clock_is_doubted(
    local: Source, theirs: Place, caplog: pytest.LogCaptureFixture
) -> None:
    new_york = ZoneInfo("America/New_York")
    now = datetime.now(UTC)
    here = now.astimezone(new_york).utcoffset()
    other = next(
        then for days in range(400) if (then := (now - timedelta(days=days)).astimezone(new_york)).utcoffset() != here
    )
    text = f"{other:%Y-%m-%d %H:%M:%S %z %Z}"
    for table, column in (("session_events", "created_at"), ("sessions", "updated_at"), ("cron_tasks", "updated_at")):
        theirs.run(f"UPDATE {table} SET {column} = '{text}'")
    clock = Clock(local)
    with caplog.at_level(logging.WARNING, "workbench.data.agents.clock"):
        clock.local()
        clock.local()
    doubt = clock.doubt()
    assert doubt is not None and f"({other:%Z})" in doubt
    assert [record.message for record in caplog.records] == [f"{local.display}: {doubt}"]


def test_rows_of_ours_do_not_keep_a_clock_that_its_program_has_changed(theirs: Place) -> None:
    now = datetime.now(UTC)
    ours = f"{now.astimezone(ZoneInfo('Asia/Tokyo')):%Y-%m-%d %H:%M:%S.%f} +0900 JST"
    for way, text in (
        ("its m=", f"{now - timedelta(hours=1):%Y-%m-%d %H:%M:%S} -0500 EST m=+7.000000001"),
        ("its parts of a microsecond", f"{now - timedelta(hours=1):%Y-%m-%d %H:%M:%S}.1234567 -0500 EST"),
    ):
        theirs.run("DELETE FROM session_events")
        theirs.run(f"UPDATE sessions SET updated_at = '{ours}'")
        theirs.run(f"UPDATE cron_tasks SET updated_at = '{text}'")
        with theirs.open() as source:
            assert str(Clock(source).local(MOMENT)).endswith(" -0500 EST"), way


def test_where_nothing_shows_who_wrote_it_the_newest_row_counts(theirs: Place) -> None:
    theirs.run("DELETE FROM session_events")
    theirs.run("UPDATE cron_tasks SET updated_at = '2026-11-20 01:00:00.5 -0500 EST'")
    theirs.run("UPDATE sessions SET updated_at = '2026-11-20 16:00:00.5 +0900 JST'")
    with theirs.open() as source:
        assert Clock(source).local(MOMENT) == "2026-11-20 21:00:00.5 +0900 JST"


def test_a_fresh_row_is_not_doubted(local: Source, theirs: Place) -> None:
    text = f"{datetime.now(ZoneInfo('America/New_York')):%Y-%m-%d %H:%M:%S %z %Z}"
    theirs.run(f"UPDATE session_events SET created_at = '{text}'")
    clock = Clock(local)
    clock.local()
    assert clock.doubt() is None
