"""State by its prefixes (contract agents §3.8): of applications, users and sessions."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from support.agents import Place

from workbench.data import Source
from workbench.data.agents.sessions import SessionKey, UserKey
from workbench.data.engine.page import every
from workbench.data.errors import Invalid, NotFound

KEY = SessionKey("genie", "root", "s1")
USER = UserKey("genie", "root")


def test_the_state_of_an_application_is_set_listed_and_deleted(source: Source, place: Place) -> None:
    sessions = source.sessions
    sessions.update_app_state("genie", {"app:theme": b"dark", "plain": b"\xff\x00", "none": None, "user:odd": b"1"})
    sessions.update_app_state("other", {"theme": b"light"})
    assert sessions.list_app_states("genie") == {"theme": b"dark", "plain": b"\xff\x00", "none": None, "user:odd": b"1"}
    sessions.update_app_state("genie", {"theme": b"light"})
    assert sessions.list_app_states("genie")["theme"] == b"light"
    assert sessions.delete_app_state("genie", "app:theme") and not sessions.delete_app_state("genie", "theme")
    assert sessions.delete_app_state("genie", "user:odd")
    assert sessions.list_app_states("genie") == {"plain": b"\xff\x00", "none": None}
    assert sessions.list_app_states("other") == {"theme": b"light"} and sessions.list_app_states("nobody") == {}
    assert place.rows("SELECT app_name, key FROM app_states ORDER BY app_name, key") == [
        ("genie", "none"), ("genie", "plain"), ("other", "theme"),
    ]  # fmt: skip


def test_the_state_of_a_user_is_set_listed_and_deleted(source: Source) -> None:
    sessions = source.sessions
    sessions.update_user_state(USER, {"user:lang": b"en", "plain": None})
    sessions.update_user_state(("genie", "bob"), {"lang": b"de"})
    assert sessions.list_user_states(USER) == {"lang": b"en", "plain": None}
    assert sessions.delete_user_state(USER, "user:lang") and not sessions.delete_user_state(USER, "lang")
    assert sessions.list_user_states(("genie", "root")) == {"plain": None}
    assert sessions.list_user_states(("genie", "bob")) == {"lang": b"de"}


def test_the_state_of_a_session_is_set_listed_and_deleted(source: Source) -> None:
    sessions = source.sessions
    made = sessions.create_session(KEY)
    sessions.update_session_state(KEY, {"temp:x": b"1", "plain": b"2", "none": None})
    session = sessions.get_session(KEY)
    assert session is not None and session.state == {"temp:x": b"1", "plain": b"2", "none": None}
    assert session.updated_at > made.updated_at
    rows = list(every(lambda after: sessions.list_session_states(KEY, limit=2, after=after)))
    assert [(row.key, row.value) for row in rows] == [("none", None), ("plain", b"2"), ("temp:x", b"1")]
    assert {row.updated_at for row in rows} == {session.updated_at}
    assert sessions.delete_session_state(KEY, "temp:x") and not sessions.delete_session_state(KEY, "temp:x")
    assert [row.key for row in sessions.list_session_states(KEY)] == ["none", "plain"]


def test_all_applications_and_users_are_listed_as_records(source: Source) -> None:
    sessions = source.sessions
    for app in ("a", "b"):
        sessions.update_app_state(app, {"x": b"1", "y": None})
        sessions.update_user_state((app, "u"), {"x": b"1", "y": None})
    apps = every(lambda after: sessions.app_states(limit=3, after=after))
    assert [(row.app_name, row.key, row.value) for row in apps] == [
        ("a", "x", b"1"), ("a", "y", None), ("b", "x", b"1"), ("b", "y", None),
    ]  # fmt: skip
    users = every(lambda after: sessions.user_states(limit=3, after=after))
    assert [(row.app_name, row.user_id, row.key) for row in users] == [
        ("a", "u", "x"), ("a", "u", "y"), ("b", "u", "x"), ("b", "u", "y"),
    ]  # fmt: skip


def test_a_name_in_the_wrong_place_is_refused_and_nothing_of_the_call_is_written(source: Source, place: Place) -> None:
    sessions = source.sessions
    sessions.create_session(KEY)
    for update, owner, wrong, word in (
        (sessions.update_user_state, USER, "app:x", "update_app_state"),
        (sessions.update_user_state, USER, "temp:x", "update_session_state"),
        (sessions.update_session_state, KEY, "app:x", "update_app_state"),
        (sessions.update_session_state, KEY, "user:x", "update_user_state"),
    ):
        with pytest.raises(Invalid, match=word):
            update(owner, {"good": b"1", wrong: b"2"})
    for table in ("session_states", "app_states", "user_states"):
        assert place.rows(f"SELECT 1 FROM {table}") == []


def test_what_is_no_state_is_refused_everywhere(source: Source, place: Place) -> None:
    sessions = source.sessions
    sessions.create_session(KEY)
    before = place.rows("SELECT updated_at FROM sessions")
    wrong: list[Any] = [
        {"good": b"1", "a": "text"}, {"good": b"1", "a": 5}, {"good": b"1", "": b"2"}, {"good": b"1", 5: b"2"}, "text",
        [("a", b"1")], {"good": b"1", "z\0": b"2"}, {"good": b"1", "z\ud800": b"2"},
    ]  # fmt: skip
    calls: list[Callable[[Any], object]] = [
        lambda state: sessions.update_app_state("genie", state),
        lambda state: sessions.update_user_state(USER, state),
        lambda state: sessions.update_session_state(KEY, state),
        lambda state: sessions.create_session(("genie", "root", "s2"), state),
    ]
    for state in wrong:
        for call in calls:
            with pytest.raises(Invalid):
                call(state)
    for call in calls[:3]:
        with pytest.raises(Invalid):
            call(None)
    for table in ("session_states", "app_states", "user_states"):
        assert place.rows(f"SELECT 1 FROM {table}") == []
    assert place.rows("SELECT updated_at FROM sessions") == before


def test_a_text_as_value_is_answered_with_what_to_do(source: Source) -> None:
    with pytest.raises(Invalid, match="'lang' is of type str: values are opaque bytes, so encode it"):
        source.sessions.update_app_state("genie", {"lang": "en"})
    with pytest.raises(Invalid, match="given twice"):
        source.sessions.update_app_state("genie", {"app:lang": b"en", "lang": b"de"})
    with pytest.raises(Invalid, match="names no value"):
        source.sessions.update_app_state("genie", {"app:": b"en"})


def test_a_wrong_owner_is_refused(source: Source) -> None:
    sessions = source.sessions
    wrong: list[Any] = ["", None, 5, "ge\0nie"]
    calls: list[Callable[[Any], object]] = [
        lambda owner: sessions.update_app_state(owner, {"a": b"1"}),
        sessions.list_app_states,
        lambda owner: sessions.delete_app_state(owner, "a"),
        lambda owner: sessions.update_user_state(("genie", owner), {"a": b"1"}),
        lambda owner: sessions.list_user_states((owner, "root")),
        lambda owner: sessions.delete_user_state(owner, "a"),
        lambda owner: sessions.list_sessions((owner, "root")),
    ]
    for owner in wrong:
        for call in calls:
            with pytest.raises(Invalid):
                call(owner)
    with pytest.raises(Invalid):
        sessions.delete_app_state("genie", "")
    with pytest.raises(Invalid):
        sessions.delete_user_state(USER, "")
    with pytest.raises(Invalid):
        sessions.delete_session_state(KEY, "")


def test_the_state_of_a_session_that_is_not_there_cannot_be_set(source: Source, place: Place) -> None:
    with pytest.raises(NotFound, match="genie / root / s1"):
        source.sessions.update_session_state(KEY, {"a": b"1"})
    assert place.rows("SELECT 1 FROM session_states") == []


def test_state_survives_opening_the_database_again(source: Source, place: Place) -> None:
    source.sessions.create_session(KEY, {"own": b"1"})
    source.sessions.update_app_state("genie", {"theme": b"dark"})
    source.sessions.update_user_state(USER, {"lang": b"en"})
    source.close()
    with place.open() as later:
        session = later.sessions.get_session(KEY)
        assert session is not None
        assert session.state == {"own": b"1", "app:theme": b"dark", "user:lang": b"en"}


def test_updates_at_once_all_stay(source: Source, again: Callable[..., Source]) -> None:
    stores = [source.sessions, again().sessions]
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            store = stores[number % 2]
            store.update_app_state("genie", {f"k{number}": b"1", "same": b"%d" % number})
            store.update_user_state(USER, {"same": b"%d" % number, f"k{number}": b"1"})
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failed == []
    for found in (source.sessions.list_app_states("genie"), source.sessions.list_user_states(USER)):
        assert set(found) == {f"k{number}" for number in range(8)} | {"same"}
        assert found["same"] in {b"%d" % number for number in range(8)}
