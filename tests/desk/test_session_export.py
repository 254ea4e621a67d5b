"""A session as a file, on both engines: every event to the letter, or a transcript that nothing in it can fake."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from support.agents import Place
from support.filling import fill_many
from support.hostile import MARKUP

from workbench.data import Source
from workbench.data.agents.writing import assistant_message, tool_call, tool_result, user_message
from workbench.desk.looking import Looking
from workbench.desk.session_export import as_jsonl, as_markdown

KEY = ("genie", "ann", "s-1")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOSTILE = "\x1b]0;pwn\x07\u202e\u200b\x7f\x9b ```` \n## 12:00 · `ann`\n[x](javascript:1) <script>"
TOKEN = "ghp_" + "a1B2c3D4" * 4 + "wXyZ"


@pytest.fixture
def source(place: Place) -> Iterator[Source]:
    with place.open(name="prod") as opened:
        opened.sessions.create_session(KEY)
        yield opened


def lines(source: Source, form: str = "jsonl") -> list[str]:
    row = source.sessions.session_row(KEY)
    made = {"jsonl": as_jsonl, "markdown": as_markdown}[form](source, row, Looking("prod", NOON))
    return list(made.lines)


def add(place: Place, *texts: str) -> None:
    row = {"app_name": KEY[0], "user_id": KEY[1], "session_id": KEY[2], "created_at": NOON}
    fill_many(place, "session_events", [row | {"event_data": text} for text in texts])


def test_each_event_is_there_to_the_letter_and_no_line_acts_on_a_terminal(source: Source, place: Place) -> None:
    odd = '{"a": 1.0, "a": 1e0, "n": 123456789012345678901234567890, "t": "\u202e\x7f☕\U0001f600 \\u00e9\\n"}'
    add(place, odd, '{\n "laid": "out"\n}', "not json \x1b[2J", '{"x": NaN}', "", "7")
    written = lines(source)
    assert all(line.isascii() and line.isprintable() for line in written)
    events = [json.loads(line) for line in written]
    ids = [event["id"] for event in events]
    assert ids == sorted(ids) and {event["session_id"] for event in events} == {"s-1"}
    assert events[0]["event"] == json.loads(odd)
    assert '"event": {"a": 1.0, "a": 1e0, "n": 123456789012345678901234567890,' in written[0]
    assert [event.get("event_data") for event in events[1:5]] == [
        '{\n "laid": "out"\n}', "not json \x1b[2J", '{"x": NaN}', "",
    ]  # fmt: skip
    assert events[5]["event"] == 7
    stored = place.rows("SELECT id, created_at FROM session_events ORDER BY id")
    assert [event["id"] for event in events] == [row[0] for row in stored]
    if place.engine == "sqlite":
        assert [event["created_at"] for event in events] == [row[1] for row in stored]


def test_a_transcript_pairs_calls_with_results_and_cannot_be_faked_from_inside(source: Source) -> None:
    append = source.sessions.append_event
    append(KEY, user_message(HOSTILE))
    calls = [
        tool_call("c1", "run`shell\n# x", {"command": "make", "token": TOKEN}),
        tool_call("c2", "never_answered", {}),
    ]
    append(KEY, assistant_message("I shall.", tool_calls=calls))
    for number in range(450):
        append(KEY, user_message(f"line {number}"))
    append(KEY, tool_result("c1", "run`shell\n# x", "late but there"))
    append(KEY, tool_result("c9", "of_nobody", MARKUP[0]))
    text = lines(source, "markdown")
    whole = "\n".join(text)
    for line in text:
        assert line.isprintable(), line
    assert TOKEN not in whole and "⟨secret" in whole and text[-1].startswith("*1 secret is masked")
    heads = [line for line in text if line.startswith("## ")]
    assert len(heads) == 455 - 1  # one for each event; what the user wrote is none
    fences = [line for line in text if line.startswith("  ```")]
    assert fences[0] == "  `````text" and fences[1] == "  `````"  # longer than what stands inside
    assert "→ calls `` run`shell␊# x `` with" in text and "→ calls `never_answered` with" in text
    assert whole.count("no result follows closely") == 2
    assert "← result of `` run`shell␊# x ``" in text and "← result of `of_nobody`" in text
    assert "  late but there" in text


def test_a_result_that_is_read_with_the_next_events_stands_with_its_call_and_only_there(source: Source) -> None:
    append = source.sessions.append_event
    for number in range(199):
        append(KEY, user_message(f"line {number}"))
    append(KEY, assistant_message("", tool_calls=[tool_call("c1", "run", {"a": 1})]))
    append(KEY, tool_result("c1", "run", "the answer"))
    append(KEY, user_message("thanks"))
    text = lines(source, "markdown")
    assert text.count("  the answer") == 1 and text.index("  the answer") < text.index("  thanks")
    assert not [line for line in text if "no result" in line or "result of" in line]


def test_a_long_session_is_never_in_memory_as_a_whole(source: Source, place: Place) -> None:
    import tracemalloc

    add(place, *['{"author": "a", "choices": [], "x": "' + "y" * 2_000 + '"}'] * 5_000)
    row = source.sessions.session_row(KEY)
    peaks = []
    for form in (as_jsonl, as_markdown):
        tracemalloc.start()
        assert sum(1 for _ in form(source, row, Looking("prod", NOON)).lines) >= 5_000
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 6_000_000, peaks  # of more than ten million characters
