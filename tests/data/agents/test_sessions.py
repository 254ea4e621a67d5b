"""Making, reading, listing and deleting sessions, on every engine."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.agents import Place

from workbench.data import Source, open_source
from workbench.data.agents.session_reading import runs
from workbench.data.agents.sessions import SessionKey, UserKey
from workbench.data.agents.writing import user_message
from workbench.data.engine.page import every
from workbench.data.errors import Invalid, NotFound, ReadOnly

KEY = SessionKey("genie", "root", "s1")


def said(source: Source, *texts: str, key: tuple[str, str, str] = KEY) -> list[int]:
    events = [source.sessions.append_event(key, user_message(text)) for text in texts]
    return [event.id for event in events if event is not None]


def test_a_session_is_made_with_its_first_state_each_value_in_its_place(source: Source, place: Place) -> None:
    made = source.sessions.create_session(
        KEY, {"app:theme": b"dark", "user:lang": b'"en"', "temp:x": b"\x00\xff", "greeting": None}
    )
    assert made.key == KEY and made.events == () and made.damage == ()
    assert made.created_at == made.updated_at
    assert made.state == {"app:theme": b"dark", "user:lang": b'"en"', "temp:x": b"\x00\xff", "greeting": None}
    assert place.rows("SELECT key FROM session_states ORDER BY key") == [("greeting",), ("temp:x",)]
    assert place.rows("SELECT app_name, key FROM app_states") == [("genie", "theme")]
    assert place.rows("SELECT app_name, user_id, key FROM user_states") == [("genie", "root", "lang")]
    assert source.sessions.get_session(("genie", "root", "s1")) == made


def test_without_an_id_a_session_gets_one(source: Source) -> None:
    for key in (("genie", "root", ""), ("genie", "root"), UserKey("genie", "root")):
        made = source.sessions.create_session(key)
        assert str(uuid.UUID(made.session_id)) == made.session_id and uuid.UUID(made.session_id).version == 4
    assert len(source.sessions.list_sessions(("genie", "root"))) == 3


def test_making_a_session_again_keeps_what_is_there(source: Source) -> None:
    first = source.sessions.create_session(KEY, {"kept": b"1", "set": b"1"})
    said(source, "hello")
    again = source.sessions.create_session(KEY, {"set": b"2"})
    assert again.created_at == first.created_at
    assert again.state == {"kept": b"1", "set": b"2"} and len(again.events) == 1


def test_an_unknown_session_is_none(source: Source) -> None:
    assert source.sessions.get_session(KEY) is None
    assert source.sessions.get_session(KEY, after=datetime.now(UTC), last=3) is None
    assert list(source.sessions.events(KEY)) == [] and source.sessions.event(1) is None
    assert source.sessions.delete_session(KEY) is False


def test_what_others_make_after_a_miss_is_seen_at_once(source: Source, again: Callable[..., Source]) -> None:
    """That program remembers that there was no such session until it is started again."""
    assert source.sessions.get_session(KEY) is None
    other = again()
    other.sessions.create_session(KEY, {"own": b"1"})
    said(other, "hello")
    other.sessions.update_app_state("genie", {"theme": b"dark"})
    session = source.sessions.get_session(KEY)
    assert session is not None and len(session.events) == 1
    assert session.state == {"own": b"1", "app:theme": b"dark"}


def test_shared_values_count_before_what_a_session_holds_under_their_names(source: Source, place: Place) -> None:
    source.sessions.create_session(KEY, {"app:theme": b"shared"})
    value = "x'6f776e'" if place.engine == "sqlite" else "'own'::bytea"
    for name in ("app:theme", "user:lang"):
        place.run(
            "INSERT INTO session_states (app_name, user_id, session_id, key, value, updated_at) "
            f"VALUES ('genie', 'root', 's1', '{name}', {value}, '2026-11-20 12:00:00+00:00')"
        )
    session = source.sessions.get_session(KEY)
    assert session is not None and session.state == {"app:theme": b"shared", "user:lang": b"own"}
    assert [(row.key, row.value) for row in source.sessions.list_session_states(KEY)] == [
        ("app:theme", b"own"),
        ("user:lang", b"own"),
    ]


def test_the_last_events_those_behind_an_id_and_none_at_all(source: Source) -> None:
    source.sessions.create_session(KEY)
    source.sessions.create_session(("genie", "root", "other"))
    ids = []
    for number in range(7):
        ids += said(source, f"event {number}")
        said(source, "elsewhere", key=("genie", "root", "other"))

    def got(**options: Any) -> list[int]:
        session = source.sessions.get_session(KEY, **options)
        assert session is not None
        return [event.id for event in session.events]

    assert got() == ids
    assert got(last=3) == ids[-3:] and got(last=100) == ids
    assert got(after_id=ids[2]) == ids[3:] and got(after_id=ids[-1]) == []
    assert got(after_id=ids[2], last=2) == ids[-2:] and got(after_id=ids[4], last=5) == ids[5:]
    assert got(events=False) == []
    times = [event.created_at for event in source.sessions.events(KEY)]
    later = [i for i, at in zip(ids, times, strict=True) if at > times[3]]
    assert got(after=times[3]) == later
    assert got(after=times[3], last=1) == later[-1:]
    assert got(after=times[0], after_id=ids[4]) == [i for i in ids[5:] if times[ids.index(i)] > times[0]]
    assert got(after=times[0] - timedelta(days=1)) == ids and got(after=times[-1]) == []


def test_runs_hold_what_is_wanted_and_nothing_else() -> None:
    assert runs([1, 2, 3, 5, 8, 9], {2, 3, 8}) == [(2, 3), (8, 8)]
    assert runs([1, 5, 9], {1, 5, 9}) == [(1, 9)]
    assert runs([], set()) == [] and runs([4, 5], set()) == []


def test_events_page_both_ways_by_id(source: Source) -> None:
    source.sessions.create_session(KEY)
    ids = said(source, *(str(number) for number in range(7)))
    forward = list(every(lambda after: source.sessions.events(KEY, limit=3, after=after)))
    assert [event.id for event in forward] == ids
    page = source.sessions.events(KEY, limit=3, backwards=True)
    assert [event.id for event in page] == ids[-3:]
    page = source.sessions.events(KEY, limit=3, after=page.next)
    assert [event.id for event in page] == ids[1:4]
    page = source.sessions.events(KEY, limit=3, after=page.next)
    assert [event.id for event in page] == ids[:1] and page.next is None
    assert source.sessions.event(ids[2]) == forward[2]


def test_sessions_are_listed_by_their_last_change_newest_first(source: Source) -> None:
    keys = [SessionKey(app, user, f"s{n}") for n in range(3) for app in ("genie", "opsbot") for user in ("root", "bob")]
    for key in keys:
        source.sessions.create_session(key)
    said(source, "now", key=keys[0])
    listed = list(every(lambda after: source.sessions.list_sessions(limit=5, after=after)))
    assert {(row.app_name, row.user_id, row.session_id) for row in listed} == set(keys) and len(listed) == len(keys)
    times = [row.updated_at for row in listed]
    assert times == sorted(times, reverse=True)
    assert (listed[0].app_name, listed[0].user_id, listed[0].session_id) == keys[0]

    def shown(*given: Any, **options: Any) -> set[SessionKey]:
        rows = every(lambda after: source.sessions.list_sessions(*given, **options, limit=2, after=after))
        return {SessionKey(row.app_name, row.user_id, row.session_id) for row in rows}

    assert shown(("genie", "root")) == {key for key in keys if key[:2] == ("genie", "root")}
    assert shown(app="genie") == {key for key in keys if key.app_name == "genie"}
    assert shown(user="bob") == {key for key in keys if key.user_id == "bob"}
    assert shown(app="genie", user="bob") == shown(UserKey("genie", "bob"))
    assert shown(app="nobody") == set()


def test_sessions_of_one_and_the_same_moment_are_each_listed_once(source: Source, place: Place) -> None:
    for number in range(9):
        place.run(
            "INSERT INTO sessions (app_name, user_id, session_id, created_at, updated_at) "
            f"VALUES ('genie', 'root', '{number}', '2026-11-20 12:00:00+00:00', '2026-11-20 12:00:00+00:00')"
        )
    listed = every(lambda after: source.sessions.list_sessions(limit=2, after=after))
    assert [row.session_id for row in listed] == list("876543210")


def test_deleting_takes_all_of_a_session_and_nothing_else(source: Source, place: Place) -> None:
    sessions = source.sessions.configured(summarizer=lambda session: "short")
    other = SessionKey("genie", "root", "s2")
    for key in (KEY, other):
        sessions.create_session(key, {"own": b"1", "app:theme": b"dark", "user:lang": b"en"})
        said(source, "hello", key=key)
        assert sessions.create_session_summary(key)
    assert sessions.delete_session(KEY) is True
    assert sessions.get_session(KEY) is None
    for table in ("sessions", "session_events", "session_states", "session_summaries"):
        assert place.rows(f"SELECT session_id FROM {table}") == [("s2",)], table
    left = sessions.get_session(other)
    assert left is not None and left.state == {"own": b"1", "app:theme": b"dark", "user:lang": b"en"}
    assert sessions.delete_session(KEY) is False


def test_a_session_deleted_while_it_is_made_again_leaves_no_state_behind(source: Source, place: Place) -> None:
    state = {f"k{i}": b"1" for i in range(20)}

    def make() -> None:
        with suppress(NotFound):  # deleted right after it
            source.sessions.create_session(KEY, state)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(30):
            source.sessions.create_session(KEY)
            made, deleted = threads.submit(make), threads.submit(source.sessions.delete_session, KEY)
            made.result()
            assert deleted.result()
            if source.sessions.get_session(KEY) is None:
                assert place.rows("SELECT key FROM session_states") == []
            source.sessions.delete_session(KEY)


def test_events_that_an_agent_adds_to_a_deleted_session_are_found_and_can_be_deleted(
    source: Source, place: Place
) -> None:
    """A running agent keeps its sessions in memory, and writes on."""
    source.sessions.create_session(KEY)
    said(source, "one", "two")
    place.run("DELETE FROM sessions")
    source.sessions.create_session(("genie", "root", "whole"))
    said(source, "three", key=("genie", "root", "whole"))
    assert list(source.sessions.list_orphans()) == [KEY]
    assert source.sessions.get_session(KEY) is None and len(source.sessions.events(KEY)) == 2
    assert source.sessions.delete_session(KEY) is True
    assert list(source.sessions.list_orphans()) == [] and list(source.sessions.events(KEY)) == []


def test_a_session_is_there_again_when_its_database_is_opened_again(source: Source, place: Place) -> None:
    source.sessions.create_session(KEY, {"app:theme": b"dark", "user:lang": b"en", "own": None})
    said(source, "hello")
    before = source.sessions.get_session(KEY)
    source.close()
    with place.open(read_only=True) as later:
        assert later.sessions.get_session(KEY) == before
        with pytest.raises(ReadOnly):
            later.sessions.create_session(KEY)
        with pytest.raises(ReadOnly):
            later.sessions.delete_session(KEY)
        with pytest.raises(ReadOnly):
            later.sessions.append_event(KEY, user_message("hello"))


def test_a_home_without_a_file_has_no_sessions(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    with open_source() as source:
        assert list(source.sessions.list_sessions()) == [] and source.sessions.follow().new() == ()
        assert not (tmp_path / "home").exists()
        source.sessions.create_session(KEY)
        assert [row.session_id for row in source.sessions.list_sessions()] == ["s1"]


def test_a_wrong_key_is_refused_everywhere(source: Source, place: Place) -> None:
    sessions = source.sessions
    wrong: list[Any] = [
        ("", "root", "s1"), ("genie", "", "s1"), ("genie", "root", ""), ("genie",), "genie/root/s1", None, (1, 2, 3),
        ("genie", "root", None), ("genie", "ro\0ot", "s1"), ("genie", "\ud800", "s1"),
    ]  # fmt: skip
    calls: list[Callable[[Any], object]] = [
        sessions.get_session,
        sessions.events,
        sessions.delete_session,
        sessions.list_session_states,
        lambda key: sessions.append_event(key, user_message("hello")),
        lambda key: sessions.update_session_state(key, {"a": b"1"}),
    ]
    for key in wrong:
        for call in calls:
            with pytest.raises(Invalid):
                call(key)
    assert place.rows("SELECT 1 FROM sessions") == []


def test_making_needs_an_application_and_a_user(source: Source, place: Place) -> None:
    for key, word in (
        (("", "root", ""), "app_name is required"),
        (("genie", "", "s1"), "user_id is required"),
        (("genie", ""), "user_id is required"),
        ((None, "root"), "app_name is required"),
        (("genie", "root", 5), "session_id is required"),
        (("genie", "root\0", ""), "NUL"),
    ):
        with pytest.raises(Invalid, match=word):
            source.sessions.create_session(key)
    assert place.rows("SELECT 1 FROM sessions") == []


def test_a_wrong_choice_of_events_is_refused(source: Source) -> None:
    source.sessions.create_session(KEY)
    wrong: list[dict[str, Any]] = [
        {"last": 0}, {"last": -1}, {"last": True}, {"last": "3"}, {"last": 2**63}, {"after_id": "1"},
        {"after_id": 2**63}, {"after": "2026-11-20"}, {"after": datetime(2026, 11, 20)},  # noqa: DTZ001
    ]  # fmt: skip
    for options in wrong:
        with pytest.raises(Invalid):
            source.sessions.get_session(KEY, **options)


def test_wrong_limits_and_a_doubled_user_are_refused(source: Source) -> None:
    for limit in (0, -1):
        with pytest.raises(Invalid):
            source.sessions.list_sessions(limit=limit)
        with pytest.raises(Invalid):
            source.sessions.events(KEY, limit=limit)
    with pytest.raises(Invalid, match="one of them"):
        source.sessions.list_sessions(("genie", "root"), app="genie")
    with pytest.raises(Invalid):
        source.sessions.event(2**63)
    with pytest.raises(NotFound, match="genie / root / s1"):
        source.sessions.append_event(KEY, user_message("hello"))


def test_the_list_walks_the_index(source: Source, place: Place) -> None:
    """Whatever the number of sessions, a page reads as many of them as it shows."""
    columns = "updated_at DESC, app_name DESC, user_id DESC, session_id DESC LIMIT 51"
    after = "(updated_at, app_name, user_id, session_id) < ('2100-01-01 00:00:00+00:00', 'a', 'b', 'c')"
    for where in ("1 = 1", after):
        sql = f"SELECT app_name FROM sessions WHERE {where} ORDER BY {columns}"
        if place.engine == "sqlite":
            plan = str(place.rows(f"EXPLAIN QUERY PLAN {sql}"))
            assert "USING INDEX idx_sessions_updated" in plan and "RIGHT PART OF ORDER BY" in plan
        else:
            raw = place.raw()
            raw.execute(
                "INSERT INTO sessions SELECT 'a', 'b', n::text, now(), now() - n * interval '1 s' "
                "FROM generate_series(1, 20000) n ON CONFLICT DO NOTHING"
            )
            raw.execute("ANALYZE sessions")
            plan = str(raw.execute(f"EXPLAIN {sql}").fetchall())
            raw.close()
            assert "Incremental Sort" in plan and "idx_sessions_updated" in plan
