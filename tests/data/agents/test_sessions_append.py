"""Appending events: what is written, what is not, in which form, and that it is all or nothing."""

import base64
import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.agents import Place

from workbench.data import Source
from workbench.data.agents.event_json import rfc3339
from workbench.data.agents.sessions import SessionKey
from workbench.data.agents.writing import (
    assistant_message,
    error_event,
    event,
    tool_call,
    tool_result,
    usage,
    user_message,
)
from workbench.data.errors import Invalid, NotFound

KEY = SessionKey("genie", "root", "s1")
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def begun(source: Source) -> Source:
    source.sessions.create_session(KEY)
    return source


def test_an_event_is_stored_and_returned_as_it_reads_afterwards(begun: Source, place: Place) -> None:
    before = datetime.now(UTC)
    stored = begun.sessions.append_event(KEY, user_message("grüße 🐚 \x1b[31m [bold]"))
    assert stored is not None and stored == begun.sessions.event(stored.id)
    session = begun.sessions.get_session(KEY)
    assert session is not None and session.events == (stored,)
    assert session.updated_at == stored.created_at >= before - timedelta(milliseconds=1)
    assert place.rows("SELECT id, app_name, user_id, session_id, event_data FROM session_events") == [
        (stored.id, *KEY, stored.event_data)
    ]
    assert "grüße 🐚" in stored.event_data and ", " not in stored.event_data
    (row,) = begun.sessions.list_sessions()
    for given in (tuple(KEY), session, row, stored):  # whatever says which session it is
        assert begun.sessions.append_event(given, user_message("more")) is not None
    assert len(begun.sessions.events(row)) == 5


def test_what_is_missing_is_filled_in(begun: Source) -> None:
    stored = begun.sessions.append_event(KEY, {"choices": [{"message": {"role": "assistant", "content": "hello"}}]})
    assert stored is not None
    found = json.loads(stored.event_data)
    assert UUID4.fullmatch(found.pop("id")) and datetime.fromisoformat(found["timestamp"]) == stored.created_at
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", found.pop("timestamp"))
    assert found == {
        "choices": [{"message": {"role": "assistant", "content": "hello"}}],
        "version": 1,
        "invocationId": "",
        "author": "genie",
    }
    by_user = begun.sessions.append_event(KEY, {"choices": [{"message": {"role": "user", "content": "hello"}}]})
    assert by_user is not None and json.loads(by_user.event_data)["author"] == "user"


def test_what_is_given_stays_as_it_is(begun: Source) -> None:
    given = {
        "object": "chat.completion", "created": 1795157041, "model": "gpt-x",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "delta": {"role": ""}}],
        "done": True, "is_partial": False, "invocationId": "inv-1", "author": "helper", "id": "my-id",
        "timestamp": "2026-11-20T01:31:31.230131133-05:00", "version": 1, "filterKey": "genie/sub",
        "response": {"id": "x", "timestamp": "2026-11-20T01:31:31.23-05:00"}, "unknown": [None, 1.5, 2**63 - 1],
    }  # fmt: skip
    for each in (given, json.dumps(given)):
        stored = begun.sessions.append_event(KEY, each)
        assert stored is not None
        assert stored.event_data == json.dumps(given, separators=(",", ":"))
    assert given["id"] == "my-id" and "stateDelta" not in given


def test_the_makers_of_events_write_that_programs_form(begun: Source) -> None:
    call = tool_call("call_1", "run_shell", {"command": "ls", "wo": "größe"})
    answer = assistant_message(
        "one moment", author="genie", model="gpt-x", tool_calls=[call], usage=usage(10, 5, cached=2),
        reasoning="look first", invocation_id="inv", branch="genie", filter_key="genie", request_id="r",
    )  # fmt: skip
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "one moment",
                "tool_calls": [
                    {
                        "type": "function",
                        "function": {"name": "run_shell", "arguments": '{"command":"ls","wo":"größe"}'},
                        "id": "call_1",
                        "index": 0,
                    }
                ],
                "reasoning_content": "look first",
            },
            "delta": {"role": ""},
            "finish_reason": "tool_calls",
        }
    ]
    assert answer["usage"]["total_tokens"] == 15 and answer["usage"]["prompt_tokens_details"] == {"cached_tokens": 2}
    assert (answer["object"], answer["author"], answer["branch"]) == ("chat.completion", "genie", "genie")
    assert (answer["requestID"], answer["invocationId"], answer["filterKey"]) == ("r", "inv", "genie")
    result = tool_result("call_1", "run_shell", "a.txt\n", author="genie")
    assert result["object"] == "tool.response"
    assert result["choices"][0]["message"] == {
        "role": "tool", "content": "a.txt\n", "tool_id": "call_1", "tool_name": "run_shell",
    }  # fmt: skip
    failed = error_event("deadline exceeded", kind="run_error", code="504")
    assert failed["error"] == {"message": "deadline exceeded", "type": "run_error", "code": "504"}
    question = user_message("hi", parts=[{"type": "text", "text": "more"}])
    assert question["author"] == "user" and question["object"] == "" and question["created"] == 0
    for made in (question, answer, result, failed):
        assert begun.sessions.append_event(KEY, made) is not None
    assert len(begun.sessions.events(KEY)) == 4


UNKEPT: list[dict[str, Any]] = [
    {},
    {"object": "runner.completion", "done": True},
    {"choices": []},
    {"choices": None},
    {"choices": [{"message": {"role": "assistant"}, "delta": {"role": ""}}]},
    {"choices": [{"message": {"role": "assistant", "content": "", "tool_calls": []}}]},
    event({"role": "assistant", "content": "half a wo"}, kind="chat.completion.chunk", partial=True),
]


def test_partial_events_and_those_in_which_nothing_is_said_only_set_state(begun: Source) -> None:
    for number, unkept in enumerate(UNKEPT):
        assert begun.sessions.append_event(KEY, unkept) is None
        value = b"%d" % number
        assert begun.sessions.append_event(KEY, unkept, state_delta={"a": value, "app:b": value}) is None
        session = begun.sessions.get_session(KEY)
        assert session is not None and session.events == () and session.state == {"a": value, "app:b": value}
        with pytest.raises(NotFound):
            begun.sessions.append_event(("genie", "root", "unknown"), unkept)


def test_whatever_is_said_is_kept(begun: Source) -> None:
    said: list[dict[str, Any]] = [
        {"content": "x"},
        {"content_parts": [{"type": "text", "text": "x"}]},
        {"reasoning_content": "x"},
        {"tool_calls": [tool_call("c", "f", "{}")]},
        {"tool_id": "c", "content": ""},
    ]
    for message in said:
        for side in ("message", "delta"):
            made = {"choices": [{side: {"role": "assistant", **message}}]}
            assert begun.sessions.append_event(KEY, made) is not None, made
    assert len(begun.sessions.events(KEY)) == 2 * len(said)


def test_the_state_of_an_event_goes_where_its_names_say(begun: Source, place: Place) -> None:
    given = user_message("hello") | {"stateDelta": {"plain": "MQ==", "app:theme": "ZGFyaw==", "gone": None}}
    stored = begun.sessions.append_event(KEY, given, state_delta={"user:lang": b"en", "plain": b"2", "temp:x": b""})
    assert stored is not None
    assert json.loads(stored.event_data)["stateDelta"] == {
        "plain": "Mg==", "app:theme": "ZGFyaw==", "gone": None, "user:lang": "ZW4=", "temp:x": "",
    }  # fmt: skip
    session = begun.sessions.get_session(KEY)
    assert session is not None
    assert session.state == {"app:theme": b"dark", "gone": None, "plain": b"2", "temp:x": b"", "user:lang": b"en"}
    assert place.rows("SELECT key FROM session_states ORDER BY key") == [("gone",), ("plain",), ("temp:x",)]
    assert begun.sessions.list_app_states("genie") == {"theme": b"dark"}
    assert begun.sessions.list_user_states(("genie", "root")) == {"lang": b"en"}


def test_only_the_newest_events_are_kept_where_there_is_a_limit(begun: Source) -> None:
    other = SessionKey("genie", "root", "other")
    begun.sessions.create_session(other)
    begun.sessions.append_event(other, user_message("stays"))
    limited = begun.sessions.configured(event_limit=3)
    ids = []
    for number in range(5):
        stored = limited.append_event(KEY, user_message(str(number)))
        assert stored is not None
        ids.append(stored.id)
        assert [each.id for each in limited.events(KEY)] == ids[-3:]
    assert len(begun.sessions.events(other)) == 1
    begun.sessions.append_event(KEY, user_message("no limit here"))
    assert len(begun.sessions.events(KEY)) == 4
    limited.configured(event_limit=1).append_event(KEY, user_message("alone"))
    assert len(begun.sessions.events(KEY)) == 1
    unlimited = limited.configured(event_limit=0)
    for number in range(5):
        unlimited.append_event(KEY, user_message(str(number)))
    assert len(begun.sessions.events(KEY)) == 6


def test_a_wrong_limit_is_refused(source: Source) -> None:
    wrong: list[Any] = [-1, True, "3", 2**63, 1.5]
    for limit in wrong:
        with pytest.raises(Invalid, match="event_limit"):
            source.sessions.configured(event_limit=limit)


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"in": value}
    return value


CONTENT = {"choices": [{"message": {"role": "user", "content": "x"}}]}
LOOP: dict[str, Any] = {}
LOOP["loop"] = LOOP


WRONG: list[Any] = [
        "", "not json", "[1]", "null", '{"choices": [', '{"x": NaN}', None, 5, [CONTENT], b"{}",
        CONTENT | {"x": float("nan")}, CONTENT | {"x": float("inf")}, CONTENT | {"x": 2**63}, CONTENT | {"x": -(2**70)},
        CONTENT | {"x": "a\0b"}, CONTENT | {"x": "\ud800"}, CONTENT | {"a\0": 1}, CONTENT | {"x": deep(100_000)},
        CONTENT | {"x": LOOP}, CONTENT | {"x": object()}, json.dumps(CONTENT)[:-1] + ', "x": "\\u0000"}',
        json.dumps(CONTENT)[:-1] + ', "x": "\\ud800"}', json.dumps(CONTENT)[:-1] + ', "x": 1e999}',
        "{" + '"x":{' * 100_000,
        {"choices": {"0": 1}}, {"choices": [1]}, {"choices": [{"message": "x"}]}, {"choices": [{"delta": [1]}]},
        {"choices": [{"message": {"content": 5}}]}, {"choices": [{"message": {"tool_calls": {"a": 1}}}]},
        CONTENT | {"author": 5}, CONTENT | {"created": True}, CONTENT | {"created": "now"}, CONTENT | {"is_partial": 0},
        CONTENT | {"timestamp": "garbage"}, CONTENT | {"timestamp": "2026-11-20 12:00:00Z"},
        CONTENT | {"timestamp": "2026-13-20T12:00:00Z"}, CONTENT | {"stateDelta": {"a": "no base64!"}},
        CONTENT | {"stateDelta": {"a": 5}}, CONTENT | {"stateDelta": {"": "MQ=="}}, CONTENT | {"stateDelta": ["a"]},
        CONTENT | {"stateDelta": {"app:": "MQ=="}},
]  # fmt: skip


def refused(call: Callable[[], object], what: object) -> None:
    try:
        call()
    except Invalid:
        return
    raise AssertionError(f"taken: {what}")


def test_what_that_program_could_not_read_is_refused_and_nothing_is_written(begun: Source, place: Place) -> None:
    before = place.rows("SELECT updated_at FROM sessions")
    for number, wrong in enumerate(WRONG):
        refused(lambda wrong=wrong: begun.sessions.append_event(KEY, wrong, state_delta={"a": b"1"}), number)
    assert place.rows("SELECT 1 FROM session_events") == [] and place.rows("SELECT 1 FROM session_states") == []
    assert place.rows("SELECT updated_at FROM sessions") == before


def test_a_wrong_state_is_refused_with_the_event(begun: Source, place: Place) -> None:
    before = place.rows("SELECT updated_at FROM sessions")
    wrong: list[Any] = [{"a": "text"}, {"a": 5}, {"": b"1"}, {5: b"1"}, {"user:": b"1"}, ["a"], {"a\0": b""}]
    for delta in wrong:
        refused(lambda delta=delta: begun.sessions.append_event(KEY, user_message("x"), state_delta=delta), delta)
    assert place.rows("SELECT 1 FROM session_events") == [] and place.rows("SELECT 1 FROM session_states") == []
    assert place.rows("SELECT updated_at FROM sessions") == before


def test_texts_that_only_look_odd_are_kept(begun: Source) -> None:
    odd = ["a \\u0000 spelled out", "null", "1234567890123456789012345", 'quote " and \\', "\u2028 \x7f \x01"]
    for text in odd:
        stored = begun.sessions.append_event(KEY, user_message(text))
        assert stored is not None
        assert json.loads(stored.event_data)["choices"][0]["message"]["content"] == text


@pytest.mark.parametrize("more", [{}, {"null": None}], ids=["quick", "with care"])
def test_values_that_json_lacks_are_written_alike_on_both_ways(begun: Source, more: dict[str, Any]) -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    stored = begun.sessions.append_event(KEY, user_message("x") | {"at": at, "raw": b"abc", "some": (1, 2)} | more)
    assert stored is not None
    found = json.loads(stored.event_data)
    assert (found["at"], found["raw"], found["some"]) == ("2026-11-20T12:00:00Z", "YWJj", [1, 2])


def test_appending_to_no_session_writes_nothing(source: Source, place: Place) -> None:
    with pytest.raises(NotFound, match="genie / root / s1"):
        source.sessions.append_event(KEY, user_message("x"), state_delta={"app:a": b"1"})
    for table in ("sessions", "session_events", "session_states", "app_states"):
        assert place.rows(f"SELECT 1 FROM {table}") == []


def test_a_failure_in_the_middle_leaves_nothing_behind(begun: Source, place: Place) -> None:
    before = place.rows("SELECT updated_at FROM sessions")
    place.run("ALTER TABLE app_states RENAME TO hidden")
    with pytest.raises(Exception, match="app_states"):
        begun.sessions.append_event(KEY, user_message("x"), state_delta={"a": b"1", "app:b": b"2"})
    place.run("ALTER TABLE hidden RENAME TO app_states")
    assert place.rows("SELECT 1 FROM session_events") == [] and place.rows("SELECT 1 FROM session_states") == []
    assert place.rows("SELECT updated_at FROM sessions") == before


def test_many_append_at_once_and_nothing_is_lost(begun: Source, again: Callable[..., Source]) -> None:
    stores = [begun.sessions, again().sessions]
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                delta = {f"own-{number}-{turn}": b"1", f"app:{number}": b"%d" % turn, "app:all": b"%d" % number}
                stores[number % 2].append_event(KEY, user_message(f"{number}.{turn}"), state_delta=delta)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failed == []
    session = begun.sessions.get_session(KEY)
    assert session is not None
    texts = [json.loads(each.event_data)["choices"][0]["message"]["content"] for each in session.events]
    assert sorted(texts) == sorted(f"{number}.{turn}" for number in range(6) for turn in range(5))
    for number in range(6):  # each writer's own events are in its order
        assert [text for text in texts if text[0] == str(number)] == [f"{number}.{turn}" for turn in range(5)]
        assert session.state[f"app:{number}"] == b"4"
    assert sum(name.startswith("own-") for name in session.state) == 30
    last = json.loads(session.events[-1].event_data)["stateDelta"]["app:all"]
    assert session.state["app:all"] == base64.b64decode(last)  # the last in order of commit wins


def test_the_time_of_an_event_has_no_needless_digits() -> None:
    assert rfc3339(datetime(2026, 11, 20, 12, 0, 0, 180500, tzinfo=UTC)) == "2026-11-20T12:00:00.1805Z"
    assert rfc3339(datetime(2026, 11, 20, 12, tzinfo=UTC)) == "2026-11-20T12:00:00Z"
    assert rfc3339(datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(microseconds=1)).endswith("00.000001Z")
