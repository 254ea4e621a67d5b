"""Old events: counted and deleted by instants, of one application or of all, on every engine."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.agents import Place
from support.events import NOON

from workbench.data import Source
from workbench.data.agents.clock import Clock
from workbench.data.agents.pruning import Pruning
from workbench.data.agents.tables import SESSION_EVENTS
from workbench.data.engine.statement import Statement
from workbench.data.errors import Invalid, ReadOnly, Unavailable

DAY = timedelta(days=1)
_INSERT: Statement[None] = Statement(
    "INSERT INTO session_events (app_name, user_id, session_id, event_data, created_at) "
    "VALUES (:app_name, 'root', 's1', '{}', :created_at)",
    table=SESSION_EVENTS,
)


def write(source: Source, days: list[float], app: str = "genie") -> None:
    """Events of so many days before noon."""
    clock = Clock(source)
    for each in days:
        source.database.run(_INSERT, {"app_name": app, "created_at": clock.local(NOON - each * DAY)})


def ages(source: Source) -> list[float]:
    page = source.sessions.newest_events(limit=5_000)
    return sorted((NOON - event.created_at) / DAY for event in page)


def test_what_is_older_goes_and_the_rest_stays(source: Source) -> None:
    write(source, [40, 31, 30.01, 29.99, 10, 0])
    assert source.sessions.count_old_events(30 * DAY, at=NOON) == 3
    told: list[int] = []
    assert source.sessions.prune_old_events(30 * DAY, at=NOON, progress=told.append) == 3
    assert [round(age) for age in ages(source)] == [0, 10, 30] and told[-1] == 3
    assert source.sessions.count_old_events(30 * DAY, at=NOON) == 0
    assert source.sessions.prune_old_events(30 * DAY, at=NOON) == 0


def test_an_old_event_between_young_ones_is_found(source: Source) -> None:
    write(source, [1, 50, 1, 1, 60, 1])
    assert source.sessions.prune_old_events(30 * DAY, at=NOON) == 2
    assert [round(age) for age in ages(source)] == [1, 1, 1, 1]


def test_other_applications_keep_theirs(source: Source) -> None:
    for app in ("genie", "opsbot", "genie"):
        write(source, [50, 50], app)
    assert source.sessions.count_old_events(DAY, app="genie", at=NOON) == 4
    assert source.sessions.prune_old_events(DAY, app="genie", at=NOON) == 4
    assert {event.app_name for event in source.sessions.newest_events()} == {"opsbot"}
    assert len(ages(source)) == 2


def test_many_go_some_at_a_time(source: Source) -> None:
    with source.database.transaction():
        write(source, [50] * 1_250 + [1] * 30)
    told: list[int] = []
    assert source.sessions.prune_old_events(30 * DAY, at=NOON, progress=told.append) == 1_250
    assert len(ages(source)) == 30 and len(told) >= 7


def test_a_time_that_cannot_be_read_is_nobodys_reason_to_delete(source: Source, place: Place) -> None:
    write(source, [50, 50])
    kept = []
    if place.engine == "sqlite":  # a server holds no such value
        place.run("UPDATE session_events SET created_at = 'long ago' WHERE id = 1")
        kept = [("long ago",)]
    assert source.sessions.prune_old_events(30 * DAY, at=NOON) == 2 - len(kept)
    assert place.rows("SELECT created_at FROM session_events") == kept


def test_wrong_ages_are_refused_and_a_source_to_look_at_stays(source: Source, place: Place) -> None:
    for age in (timedelta(), -DAY, 30):
        with pytest.raises(Invalid):
            source.sessions.prune_old_events(age)
    write(source, [50])
    with place.open(read_only=True) as looking, pytest.raises(ReadOnly):
        looking.sessions.prune_old_events(DAY, at=datetime.now(UTC))
    assert len(ages(source)) == 1


def test_the_events_of_a_session_are_counted(source: Source) -> None:
    write(source, [1, 2, 3])
    assert source.sessions.count_events(("genie", "root", "s1")) == 3
    assert source.sessions.count_events(("genie", "root", "nobody")) == 0


def test_what_went_before_the_source_went_away_is_told(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    write(source, [50, 50, 50])
    old = Pruning._old

    def breaks_off(*asked: Any) -> Iterator[Any]:
        yield next(old(*asked))
        raise Unavailable("the server went away")

    monkeypatch.setattr(Pruning, "_old", breaks_off)
    with pytest.raises(Unavailable, match="the server went away; the 3 before that are gone"):
        source.sessions.prune_old_events(DAY, at=NOON)
