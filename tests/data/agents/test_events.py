"""Events for people: every field of a whole event, and what becomes of a damaged one (contract agents §4.1)."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.events import NOON, answered, called, read, row, said, written

from workbench.data.agents.events import EventError, ToolCall, ToolResult, Usage, read_event
from workbench.data.engine.page import Damaged


def event_of(**keys: Any) -> Any:
    return read_event(row(written(**keys)))


def test_what_a_model_said() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4},
        "timing_info": {"time_to_first_token": 1003000000},
    }
    message = {"role": "assistant", "content": "Let me check.", "reasoning_content": "a restart?"}
    choices = [{"index": 0, "message": message, "delta": {"role": ""}, "finish_reason": "stop"}]
    event = event_of(choices=choices, usage=usage, tag="transfer")
    assert (event.id, event.session, event.created_at) == (1, ("genie", "root", "s1"), NOON)
    assert (event.event_id, event.author, event.role, event.kind) == ("e-1", "genie", "assistant", "chat.completion")
    assert (event.text, event.reasoning, event.finish, event.tag) == ("Let me check.", "a restart?", "stop", "transfer")
    assert event.tokens == Usage(prompt=10, completion=5, total=15, cached=4)
    assert event.at == datetime(2026, 11, 20, 6, 31, 31, 230131, tzinfo=UTC) and event.model == "gpt-x"
    assert (event.invocation, event.branch, event.filter_key) == ("inv-1", "genie", "genie")
    assert (event.partial, event.error, event.more, event.damage, event.readable) == (False, None, (), (), True)


def test_calls_and_what_the_tools_answered() -> None:
    call, result = read(
        called(("c1", "run_shell"), ("c2", "read_file"), arguments='{"command":"ls"}'),
        answered(("c1", "run_shell", "a.txt\n"), ("c2", "read_file", "")),
    )
    assert call.tool_calls == (
        ToolCall("c1", "run_shell", '{"command":"ls"}'),
        ToolCall("c2", "read_file", '{"command":"ls"}'),
    )
    assert (call.role, call.text) == ("assistant", "")
    assert result.tool_results == (ToolResult("c1", "run_shell", "a.txt\n"), ToolResult("c2", "read_file", ""))
    assert (result.role, result.text) == ("tool", "")


def test_an_error_says_why_and_what_the_user_was_told() -> None:
    told = said({"role": "assistant", "content": "An error occurred."})
    event = event_of(object="error", choices=told, error={"message": "deadline", "type": "flow_error", "code": "504"})
    assert event.error == EventError("deadline", "flow_error", "504")
    assert (event.role, event.text) == ("error", "An error occurred.")


def test_keys_that_nobody_knows_are_named_and_harm_nothing() -> None:
    event = event_of(moon={"phase": 3}, extensions={}, zeta=1)
    assert event.more == ("moon", "zeta") and event.damage == ()


def test_state_changes_are_decoded() -> None:
    delta = {"theme": base64.b64encode(b'"dark"').decode(), "odd": base64.b64encode(b"\xff\x00").decode(), "nil": None}
    event = event_of(stateDelta=delta)
    assert event.state_delta == {"theme": b'"dark"', "odd": b"\xff\x00", "nil": None}


def test_state_that_is_no_base64_is_damaged_alone() -> None:
    event = event_of(stateDelta={"good": "aGk=", "bad": "h&!", "worse": 5})
    assert event.state_delta["good"] == b"hi"
    assert isinstance(event.state_delta["bad"], Damaged) and isinstance(event.state_delta["worse"], Damaged)
    assert event.damage == (
        "stateDelta.bad: a text where base64 belongs",
        "stateDelta.worse: a number where base64 belongs",
    )


def test_null_is_as_good_as_missing() -> None:
    """That program writes null for a list without elements."""
    keys = ("choices", "usage", "error", "stateDelta", "branch", "is_partial", "timestamp", "author")
    event = event_of(**dict.fromkeys(keys))
    assert event.damage == () and (event.tokens, event.error, event.at, event.text) == (None, None, None, "")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"type": "text", "text": "Look:"}, "Look:"),
        ({"type": "image", "image": {"data": "A" * 46_420, "format": "png"}}, "[image image/png, 34 KB]"),
        ({"type": "image", "image": {"url": "https://e.org/a.png", "detail": "low"}}, "[image, https://e.org/a.png]"),
        ({"type": "image", "image": {"url": "data:image/gif;base64,AAAA"}}, "[image image/gif, 3 bytes]"),
        ({"type": "audio", "audio": {"data": "AAA=", "format": "wav"}}, "[audio audio/wav, 2 bytes]"),
        (
            {"type": "file", "file": {"filename": "plan.pdf", "data": "A" * 2_900_000, "format": "application/pdf"}},
            "[file plan.pdf, application/pdf, 2 MB]",
        ),
        ({"type": "file", "file": {"file_id": "f-7"}}, "[file, f-7]"),
        ({"image": {"data": "AAAA", "format": "image/webp"}}, "[image image/webp, 3 bytes]"),
        ({"type": "video"}, "[video]"),
        ({}, "[an empty part]"),
    ],
)
def test_parts_that_are_no_text_are_named_without_their_data(part: dict[str, Any], words: str) -> None:
    event = event_of(choices=said({"role": "user", "content": "see", "content_parts": [part]}))
    assert event.text == f"see\n{words}" and event.damage == ()
    assert event.attachments == ((words,) if words[0] == "[" else ())


def test_a_part_that_cannot_be_read_costs_no_other() -> None:
    parts = [
        "x",
        {"type": 5},
        {"type": "text", "text": 5},
        {"type": "image", "image": 5},
        {"type": "text", "text": "ok"},
    ]
    event = event_of(choices=said({"role": "user", "content_parts": parts}))
    assert event.text == "ok" and len(event.damage) == 4
    assert event.damage[0] == "choices[0].message.content_parts[0]: a text where an object belongs"


def test_what_only_the_delta_says_is_heard() -> None:
    choices = [{"message": {"role": ""}, "delta": {"role": "assistant", "content": "half a"}}]
    event = event_of(choices=choices, is_partial=True)
    assert (event.text, event.role, event.partial) == ("half a", "assistant", True)
    whole = [{"message": {"role": "assistant", "content": "whole"}, "delta": {"role": "assistant", "content": "w"}}]
    assert event_of(choices=whole).text == "whole"


def test_without_a_role_the_author_tells() -> None:
    assert event_of(author="user").role == "user" and event_of(author="planner").role == "assistant"
    assert event_of(choices=said({"tool_id": "c", "content": "x"})).role == "tool"


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ("", "event_data: not JSON: an empty text"),
        ("  ", "event_data: not JSON: an empty text"),
        ("null", "event_data: null where an object belongs"),
        ("[]", "event_data: a list where an object belongs"),
        ("7", "event_data: a number where an object belongs"),
        ('"x"', "event_data: a text where an object belongs"),
        ("true", "event_data: true or false where an object belongs"),
        ('{"object":"tool.resp', "event_data: not JSON: Unterminated string"),
        ("{} {}", "event_data: not JSON: Extra data"),
        ("{'a':1}", "event_data: not JSON: Expecting property name"),
        ('{"a":NaN}', "event_data: not JSON: NaN is no number"),
        ("\ufeff{}", "event_data: not JSON: Unexpected UTF-8 BOM"),
        ('{"a":' + "[" * 50_000, "event_data: nested too deeply to be read"),
        ('{"a":' + '{"b":' * 3_000 + "1" + "}" * 3_001, "event_data: nested too deeply to be read"),
        ('{"a":' + "9" * 5_000 + "}", None),
        (Damaged(None, "NULL where text belongs"), "event_data: NULL where text belongs"),
        (
            Damaged(b'{"\xff\xfe}', "bytes that are not UTF-8"),
            "event_data: bytes that are not UTF-8 where JSON belongs",
        ),
    ],
)
def test_what_is_no_event_is_one_all_the_same(stored: Any, why: str | None) -> None:
    event = read_event(row(stored, 7))
    assert (event.id, event.session.session_id, event.created_at) == (7, "s1", NOON)
    assert event.raw == (stored.raw if isinstance(stored, Damaged) else stored)
    if why is not None:
        assert event.damage[0].startswith(why) and len(event.damage) == 1
        assert (event.readable, event.role, event.text, event.tool_calls) == (False, "unreadable", "", ())


def test_wrong_types_damage_their_own_fields_only() -> None:
    event = event_of(author=7, timestamp="garbage", choices={}, usage=[], error="x", is_partial="no", stateDelta=[1])
    assert isinstance(event.author, Damaged) and event.author.raw == 7
    assert event.author.why == "a number where text belongs"
    for field in (event.at, event.tokens, event.error, event.partial, event.state_delta):
        assert isinstance(field, Damaged)
    assert event.event_id == "e-1" and event.kind == "chat.completion" and event.readable
    assert set(event.damage) == {
        "author: a number where text belongs",
        "timestamp: a text where a time with its zone belongs",
        "choices: an object where a list belongs",
        "usage: a list where an object belongs",
        "error: a text where an object belongs",
        "is_partial: a text where true or false belongs",
        "stateDelta: a list where an object belongs",
    }


def test_wrong_types_inside_a_message_are_said_with_their_place() -> None:
    message = {"role": 1, "content": 2, "reasoning_content": [], "tool_calls": [3, {"id": 4, "function": 5}]}
    event = event_of(choices=[6, {"message": message, "delta": 7, "finish_reason": {}}, {"message": []}])
    assert len(event.tool_calls) == 1 and isinstance(event.tool_calls[0].id, Damaged)
    assert (event.tool_calls[0].name, event.text) == ("", "")
    places = [why.partition(":")[0] for why in event.damage]
    assert places == [
        "choices[0]",
        "choices[1].finish_reason",
        "choices[1].message.role",
        "choices[1].message.content",
        "choices[1].message.reasoning_content",
        "choices[1].message.tool_calls[0]",
        "choices[1].message.tool_calls[1].function",
        "choices[1].message.tool_calls[1].id",
        "choices[1].delta",
        "choices[2].message",
    ]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30, 1.5, "12", True])
def test_tokens_that_are_no_number_of_64_bits_are_damaged(number: object) -> None:
    event = event_of(usage={"prompt_tokens": number, "total_tokens": 2**63 - 1})
    assert isinstance(event.tokens.prompt, Damaged) and event.tokens.total == 2**63 - 1


@pytest.mark.parametrize(
    "moment", ["2026-11-20", "2026-11-20T12:00:00", "2026-13-40T00:00:00Z", 5, "0001-01-01T00:00:00+05:00"]
)
def test_a_time_without_meaning_is_damaged(moment: object) -> None:
    assert isinstance(event_of(timestamp=moment).at, Damaged)


def test_a_role_may_be_any_word() -> None:
    event = event_of(choices=said({"role": "unreadable", "content": "x"}))
    assert event.readable and (event.role, event.text) == ("unreadable", "x")


def test_of_doubled_keys_the_last_one_holds() -> None:
    assert read_event(row('{"author":"a","author":"user","choices":[]}')).author == "user"


def test_half_a_surrogate_pair_costs_no_more_than_itself() -> None:
    event = read_event(row('{"author":"user","choices":[{"message":{"role":"user","content":"a\\ud83d b"}}]}'))
    assert event.text == "a\ud83d b" and event.damage == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(["role", "content", "id", "function", "type"]), inner)
    ),
    max_leaves=8,
)
_KEYS = ["choices", "usage", "error", "stateDelta", "author", "timestamp", "is_partial", "object", "id", "x"]
_MESSAGES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("role", "content", "content_parts", "tool_calls", "tool_id", "tool_name"), _JSON)
)
_CHOICES = st.lists(st.fixed_dictionaries({}, optional={"message": _MESSAGES | _JSON, "delta": _MESSAGES | _JSON}))


_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_PATIENT
@given(st.dictionaries(st.sampled_from(_KEYS), _JSON), st.none() | _CHOICES | _JSON)
def test_no_json_makes_the_reading_fail(data: dict[str, Any], choices: Any) -> None:
    text = json.dumps({**data, "choices": choices})
    event = read_event(row(text))
    assert event.raw == text and isinstance(event.damage, tuple) and isinstance(event.text, str)
    assert all(isinstance(call, ToolCall) for call in event.tool_calls)


@_PATIENT
@given(st.text() | st.binary())
def test_no_text_and_no_bytes_make_the_reading_fail(stored: Any) -> None:
    event = read_event(row(stored if isinstance(stored, str) else Damaged(stored, "bytes")))
    assert event.raw == stored
