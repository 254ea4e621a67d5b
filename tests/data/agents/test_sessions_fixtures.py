"""Sessions as the other program wrote them: whole fleets, both zones, and what has been damaged."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.agents.records import damaged_fields
from workbench.data.agents.sessions import SessionKey, topics_of
from workbench.data.engine.page import Damaged, every

GHOST = SessionKey("code-reviewer", "ghost", "no-such-session")


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fixture(f"expected/{name}.json").read_text())
    return found


def walk(source: Source) -> dict[SessionKey, Any]:
    """Every session with everything, reached by pages."""
    rows = every(lambda after: source.sessions.list_sessions(limit=7, after=after))
    found = {}
    for row in rows:
        session = source.sessions.get_session(row)
        assert session is not None
        found[session.key] = session
    return found


def test_a_fleet_reads_as_expected(tmp_path: Path) -> None:
    answers = expected("genie_fleet")
    facts = answers["sessions"]
    with open_source(copied("agents/genie_fleet.db", tmp_path), read_only=True) as source:
        sessions = walk(source)
        events = [event for session in sessions.values() for event in session.events]
        assert len(sessions) == facts["sessions"] and len(events) == facts["events"]
        empty = sorted("|".join(key) for key, session in sessions.items() if not session.events)
        assert empty == facts["sessions_without_events"]
        assert max(len(session.events) for session in sessions.values()) == facts["largest_session"]
        assert max(len(event.event_data) for event in events) == facts["longest_event_chars"]
        assert max(event.id for event in events) == facts["max_row_id"]
        assert list(source.sessions.list_orphans()) == []
        assert all(session.damage == () for session in sessions.values())
        check_states(source, sessions, answers["states"], answers["null_state_values"])
        updated = [row.updated_at for row in every(lambda after: source.sessions.list_sessions(limit=9, after=after))]
        assert len(updated) == 60 and max(updated) == updated[0]


def check_states(source: Source, sessions: dict[SessionKey, Any], states: dict[str, int], nulls: int | None) -> None:
    own = [
        row for key in sessions for row in every(lambda a, key=key: source.sessions.list_session_states(key, after=a))
    ]
    assert len(own) == states["session_states"]
    assert nulls is None or sum(row.value is None for row in own) == nulls
    apps, users = list(source.sessions.app_states()), list(source.sessions.user_states())
    assert len(apps) == states["app_states"] and len(users) == states["user_states"]
    for row in apps:
        assert source.sessions.list_app_states(row.app_name)[row.key] == row.value
    summaries = [row for key in sessions for row in source.sessions.list_summaries(key)]
    assert len(summaries) == states["session_summaries"]
    assert all(not isinstance(topics_of(row), Damaged) for row in summaries)
    for row in summaries:
        key = SessionKey(row.app_name, row.user_id, row.session_id)
        assert source.sessions.get_session_summary_text(key, row.filter_key) == row.summary


@pytest.mark.postgres
def test_a_fleet_on_a_server_reads_as_expected(restored: Callable[[Path], str]) -> None:
    answers = expected("genie_fleet_pg")
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz")), read_only=True) as source:
        sessions = walk(source)
        events = [event for session in sessions.values() for event in session.events]
        assert len(sessions) == answers["rows"]["sessions"] and len(events) == answers["rows"]["session_events"]
        assert max(event.id for event in events) == answers["next_event_row_id"] - 1
        assert list(source.sessions.list_orphans()) == []
        check_states(source, sessions, answers["rows"], None)


@pytest.mark.parametrize("name", ["genie_UTC", "genie_America_New_York"])
def test_both_zones_read_as_the_same_instants(name: str, tmp_path: Path) -> None:
    with open_source(copied(f"agents/small/{name}.db", tmp_path), read_only=True) as source:
        (row,) = source.sessions.list_sessions()
        session = source.sessions.get_session(row)
        assert session is not None and session.key == ("genie", "root", "s1") and len(session.events) == 3
        assert (
            session.created_at.date() == datetime(2026, 11, 20, tzinfo=UTC).date() and session.created_at.tzinfo is UTC
        )
        assert session.created_at.hour == 6 and session.state["greeting"] == b'"hello"'
        assert session.state["app:theme2"] == b"dark" and session.state["app:plain"] == b"\xff\x00"
        assert session.state["user:lang"] == b"en" and session.state["temp:x"] == b"1"
        for event in session.events:
            stored = datetime.fromisoformat(json.loads(event.event_data)["timestamp"])
            assert abs((event.created_at - stored).total_seconds()) < 0.1
            behind = source.sessions.get_session(row, after=event.created_at)
            assert behind is not None and [each.id for each in behind.events] == [
                each.id for each in session.events if each.created_at > event.created_at
            ]


def test_events_later_than_a_moment_are_found_whatever_zone_they_were_written_in(tmp_path: Path) -> None:
    path = copied("agents/small/genie_UTC.db", tmp_path)
    raw = sqlite3.connect(path)
    raw.execute("DELETE FROM session_events")
    written = [
        "2026-11-20 07:00:00.5 -0500 EST m=+1.000000000",  # 12:00:00.5
        "2026-11-20 17:29:59 +0530 IST",  # 11:59:59
        "2026-11-20 12:00:00.000000001 +0000 UTC",
        "2026-11-20T12:00:01Z",
        "2026-11-20 03:00:02 -0900",
        "not a time",
    ]
    for text in written:
        raw.execute(
            "INSERT INTO session_events (app_name, user_id, session_id, event_data, created_at) "
            "VALUES ('genie', 'root', 's1', '{}', ?)", (text,),
        )  # fmt: skip
    raw.commit()
    raw.close()
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    with open_source(path, read_only=True) as source:
        first = source.sessions.events(("genie", "root", "s1"))[0].id
        session = source.sessions.get_session(("genie", "root", "s1"), after=noon)
        assert session is not None
        # The third is of the same microsecond; of the last nobody knows, so it is shown.
        assert [event.id - first for event in session.events] == [0, 3, 4, 5]
        assert [damage.column for damage in session.damage] == ["created_at"]


# -- damage (codes of genie_damaged.json) --------------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path: Path) -> Any:
    with open_source(copied("agents/genie_damaged.db", tmp_path), read_only=True) as source:
        yield source


def key_of(text: str) -> SessionKey:
    return SessionKey(*(part.strip() for part in text.split(" / ")[:3]))


def damages() -> dict[str, dict[str, Any]]:
    found = json.loads(fixture("agents/genie_damaged.json").read_text())
    return {each["code"]: each for each in found["damage"]}


def test_no_damaged_row_hides_another(damaged: Source) -> None:
    rows = json.loads(fixture("agents/genie_damaged.json").read_text())["rows"]
    sessions = walk(damaged)
    assert len(sessions) == rows["sessions"]
    events = sum(len(session.events) for session in sessions.values()) + len(damaged.sessions.events(GHOST))
    assert events == rows["session_events"]
    own = sum(len(damaged.sessions.list_session_states(key, limit=100)) for key in sessions)
    assert own == rows["session_states"]
    assert sum(len(damaged.sessions.list_summaries(key)) for key in sessions) == rows["session_summaries"]
    assert len(damaged.sessions.app_states()) == rows["app_states"]


@pytest.mark.parametrize("code", ["E01", "E02", "E03", "E04", "E05", "E06", "E08"])
def test_a_damaged_event_is_shown_as_it_stands(damaged: Source, code: str) -> None:
    text = damages()[code]["key"]
    number, _, where = text.partition(" in ")
    event = damaged.sessions.event(int(number))
    assert event is not None
    session = damaged.sessions.get_session(key_of(where))
    assert session is not None and event in session.events
    assert ("created_at" in damaged_fields(event)) == (code == "E05")
    with closing(sqlite3.connect(f"file:{damaged.path}?mode=ro&immutable=1", uri=True)) as raw:
        (stored,) = raw.execute("SELECT event_data FROM session_events WHERE id = ?", (event.id,)).fetchone()
    assert event.event_data == (stored.decode() if isinstance(stored, bytes) else stored)
    assert [damage.column for damage in session.damage if damage.key == (event.id,)] == (
        ["created_at"] if code == "E05" else []
    )


def test_an_event_without_a_session_is_found(damaged: Source) -> None:
    assert list(damaged.sessions.list_orphans()) == [GHOST]
    (event,) = damaged.sessions.events(GHOST)
    assert damaged.sessions.event(event.id) == event and damaged.sessions.get_session(GHOST) is None


def test_sessions_with_a_damaged_time_are_listed_and_read(damaged: Source) -> None:
    listed = {row.session_id: row for row in every(lambda after: damaged.sessions.list_sessions(limit=4, after=after))}
    for code, column in (("N01", "created_at"), ("N02", "updated_at")):
        key = key_of(damages()[code]["key"])
        assert damaged_fields(listed[key.session_id]) == (column,)
        session = damaged.sessions.get_session(key)
        assert session is not None and isinstance(getattr(session, column), Damaged)
        assert [damage.column for damage in session.damage if damage.key == tuple(key)] == [column]
        assert session.events


def test_damaged_state_is_shown_or_reported(damaged: Source) -> None:
    key = key_of(damages()["N03"]["key"])
    session = damaged.sessions.get_session(key)
    assert session is not None
    rows = {row.key: row for row in damaged.sessions.list_session_states(key)}
    assert rows["app:theme"].value is None  # N03; what the application shares counts in the merged state
    assert rows["greeting"].value == b"plain" and session.state["greeting"] == b"plain"  # N04
    assert damaged_fields(rows["nilv"]) == ("updated_at",) and session.state["nilv"] is None  # N05
    assert [(found.key, found.column) for found in session.damage] == [((*key, "nilv"), "updated_at")]
    value: object = damaged.sessions.list_app_states("genie")["feature"]  # N07
    assert isinstance(value, Damaged) and value.raw == 5
    assert damaged.sessions.list_app_states("genie")["theme"] == b"dark"


def test_damaged_topics_leave_the_summary_readable(damaged: Source) -> None:
    *parts, filter_key = damages()["N06"]["key"].split(" / ")
    key = SessionKey(*parts)
    found = {row.filter_key: row for row in damaged.sessions.list_summaries(key)}
    assert isinstance(topics_of(found[filter_key.strip()]), Damaged)
    assert damaged.sessions.get_session_summary_text(key, filter_key.strip())
