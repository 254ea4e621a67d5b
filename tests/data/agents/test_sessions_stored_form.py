"""What stands in the database after a write, byte for byte: in a database of ours, and in that program's own."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from support.agents import Place
from support.fixtures import fixture

from workbench.data import open_source
from workbench.data.agents.sessions import SessionKey
from workbench.data.agents.writing import user_message

KEY = SessionKey("genie", "root", "new")
OURS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{0,5}[1-9])? \+0000 UTC", re.ASCII)
THEIRS = re.compile(r"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{0,5}[1-9])? -0500 EST", re.ASCII)
TABLES = ("sessions", "session_events", "session_states", "app_states", "user_states")


@pytest.fixture
def ours(tmp_path: Path) -> Place:
    path = str(tmp_path / "ours.db")
    open_source(path, create=True).close()
    return Place("sqlite", path, path)


def write(place: Place) -> None:
    with place.open() as source:
        sessions = source.sessions.configured(summarizer=lambda session: "short")
        sessions.create_session(KEY, {"own": b"\x00\xff", "temp:t": None, "app:made": b"", "user:made": b"1"})
        sessions.append_event(KEY, user_message("hello"), state_delta={"more": b"2", "app:more": None})
        sessions.update_app_state("genie", {"set": b"1", "empty": b""})
        sessions.update_user_state(("genie", "root"), {"set": None})
        sessions.update_session_state(KEY, {"set": b"1"})
        sessions.create_session_summary(KEY)


def kinds(place: Place, table: str, where: str) -> set[tuple[Any, ...]]:
    columns = [row[1] for row in place.rows(f"PRAGMA table_info({table})")]
    kinds = ", ".join(f"typeof(`{column}`)" for column in columns)
    return set(place.rows(f"SELECT {kinds} FROM {table} WHERE {where}"))


NEW = {
    "sessions": "session_id = 'new'",
    "session_events": "session_id = 'new'",
    "session_states": "session_id = 'new'",
    "app_states": "key IN ('made', 'more', 'set', 'empty')",
    "user_states": "key IN ('made', 'set')",
    "session_summaries": "session_id = 'new'",
}


@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_every_value_has_the_type_and_form_of_that_program(whose: str, request: pytest.FixtureRequest) -> None:
    place: Place = request.getfixturevalue(whose)
    write(place)
    text = ("text",)
    assert kinds(place, "sessions", NEW["sessions"]) == {text * 5}
    assert kinds(place, "session_events", NEW["session_events"]) == {("integer", *text * 5)}
    assert kinds(place, "session_states", NEW["session_states"]) == {
        (*text * 4, "blob", "text"), (*text * 4, "null", "text"),
    }  # fmt: skip
    assert kinds(place, "app_states", NEW["app_states"]) == {(*text * 2, "blob", "text"), (*text * 2, "null", "text")}
    assert kinds(place, "user_states", NEW["user_states"]) == {(*text * 3, "blob", "text"), (*text * 3, "null", "text")}
    assert kinds(place, "session_summaries", NEW["session_summaries"]) == {text * 7}
    form = OURS if whose == "ours" else THEIRS
    for table in TABLES:
        for column in ("created_at", "updated_at"):
            if column in {row[1] for row in place.rows(f"PRAGMA table_info({table})")}:
                found = [value for (value,) in place.rows(f"SELECT {column} FROM {table} WHERE {NEW[table]}")]
                assert found and all(form.fullmatch(value) for value in found), (table, column, found)
    (summary,) = place.rows("SELECT filter_key, summary, topics, updated_at FROM session_summaries")
    assert summary[:3] == ("", "short", "[]") and OURS.fullmatch(summary[3])
    values = place.rows("SELECT key, value FROM session_states WHERE session_id = 'new' ORDER BY key")
    assert values == [("more", b"2"), ("own", b"\x00\xff"), ("set", b"1"), ("temp:t", None)]
    assert place.rows("SELECT value FROM app_states WHERE key = 'empty'") == [(b"",)]


def test_one_append_gives_the_event_its_state_and_the_session_one_moment(theirs: Place) -> None:
    write(theirs)
    with theirs.open() as source:
        source.sessions.append_event(KEY, user_message("again"), state_delta={"last": b"1"})
    (event,) = theirs.rows("SELECT created_at FROM session_events ORDER BY id DESC LIMIT 1")
    assert theirs.rows("SELECT updated_at FROM sessions WHERE session_id = 'new'") == [event]
    assert theirs.rows("SELECT updated_at FROM session_states WHERE key = 'last'") == [event]


def test_what_that_program_had_written_stays_byte_for_byte(theirs: Place) -> None:
    untouched = {table: f"NOT ({where})" for table, where in NEW.items()}
    before = {table: theirs.rows(f"SELECT * FROM {table} WHERE {where}") for table, where in untouched.items()}
    schema = theirs.rows("SELECT name, sql FROM sqlite_master ORDER BY name")
    write(theirs)
    assert {table: theirs.rows(f"SELECT * FROM {table} WHERE {where}") for table, where in untouched.items()} == before
    assert theirs.rows("SELECT name, sql FROM sqlite_master ORDER BY name") == schema


def test_an_id_is_never_given_twice(ours: Place) -> None:
    write(ours)
    with ours.open() as source:
        first = source.sessions.append_event(KEY, user_message("x"))
        source.sessions.delete_session(KEY)
        source.sessions.create_session(KEY)
        second = source.sessions.append_event(KEY, user_message("x"))
        assert first is not None and second is not None and second.id > first.id


def test_the_keys_of_an_event_are_those_of_that_program() -> None:
    """Every key that a maker of events writes is one that the program itself writes."""
    path = fixture("agents/genie_fleet.db")
    raw = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    import json

    from workbench.data.agents import writing

    known: dict[str, set[str]] = {
        "": {"stateDelta", "requestID"},
        "message": set(),
        "choice": set(),
        "error": {"code", "param"},
    }
    for (text,) in raw.execute("SELECT event_data FROM session_events"):
        found = json.loads(text)
        known[""] |= set(found)
        known["error"] |= set(found.get("error") or {})
        for choice in found["choices"]:
            known["choice"] |= set(choice)
            known["message"] |= set(choice["message"])
    raw.close()
    call = writing.tool_call("c", "f", {"a": 1})
    for made in (
        writing.user_message("x", branch="b", filter_key="f", request_id="r", invocation_id="i"),
        writing.assistant_message(
            "x", author="a", model="m", tool_calls=[call], usage=writing.usage(1, 2), reasoning="r"
        ),
        writing.tool_result("c", "f", "x", author="a"),
        writing.error_event("x", author="a", code="c", param="p"),
    ):
        assert set(made) <= known[""] and set(made.get("error") or {}) <= known["error"]
        for choice in made["choices"]:
            assert set(choice) <= known["choice"] and set(choice["message"]) <= known["message"]
