"""The events that the real program wrote, beside the figures counted when they were written."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from support.events import ALL
from support.fixtures import copied, fixture

from workbench.data import open_source
from workbench.data.agents.events import Event, read_events
from workbench.data.agents.exchanges import Totals, exchanges
from workbench.data.agents.records import SessionEvent


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[SessionEvent, ...]:
    path = copied("agents/genie_fleet.db", tmp_path_factory.mktemp("fleet"))
    with open_source(path, read_only=True) as source:
        return source.database.all(ALL).rows


@pytest.fixture(scope="module")
def events(stored: tuple[SessionEvent, ...]) -> tuple[Event, ...]:
    return read_events(stored)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads(fixture("expected/genie_fleet.json").read_text())["sessions"]  # type: ignore[no-any-return]


def test_every_event_of_the_fleet_reads_whole(events: tuple[Event, ...], expected: dict[str, Any]) -> None:
    assert len(events) == expected["events"]
    unreadable = [event.id for event in events if not event.readable]
    assert len(unreadable) == expected["unparsable_event_data"] == 0
    assert [event.id for event in events if event.damage or event.more] == []
    assert {event.role for event in events} == {"user", "assistant", "tool", "error"}


def test_the_fleet_adds_up_to_the_expected_figures(events: tuple[Event, ...], expected: dict[str, Any]) -> None:
    assert Counter("user" if event.author == "user" else "agent" for event in events) == expected["by_author"]
    assert Counter(event.kind for event in events) == expected["by_object"]
    assert max(len(str(event.raw)) for event in events) == expected["longest_event_chars"]
    assert Counter(event.session for event in events).most_common(1)[0][1] == expected["largest_session"]
    totals = Totals()
    assert all(totals.add(event) for event in events)
    assert (totals.events, totals.total) == (expected["events"], expected["total_tokens"])
    assert (totals.errors, totals.unreadable, totals.last_id) == (43, 0, expected["max_row_id"])
    assert totals.prompt + totals.completion == totals.total


def test_every_call_of_the_fleet_has_its_answer(events: tuple[Event, ...]) -> None:
    found = exchanges(events)
    assert len(found) == 1736
    for each in found:
        assert (
            each.call is not None and each.result is not None and each.asked is not None and each.answered is not None
        )
        assert (each.call.id, each.call.name) == (each.result.id, each.result.name)
        assert each.asked.id < each.answered.id and each.asked.session == each.answered.session


def test_without_ids_the_fleet_pairs_the_same_by_invocation_and_name(events: tuple[Event, ...]) -> None:
    from dataclasses import replace

    bare = [
        replace(
            event,
            tool_calls=tuple(replace(call, id="") for call in event.tool_calls),
            tool_results=tuple(replace(result, id="") for result in event.tool_results),
        )
        for event in events
    ]
    by_id = {(e.asked.id, e.answered.id) for e in exchanges(events) if e.asked and e.answered}
    by_name = {(e.asked.id, e.answered.id) for e in exchanges(bare) if e.asked and e.answered}
    assert by_name == by_id


def test_an_event_is_its_text(events: tuple[Event, ...]) -> None:
    for event in events:
        message = json.loads(str(event.raw))["choices"][0]["message"]
        assert event.text or event.tool_calls or event.tool_results or event.reasoning
        if event.role == "tool":
            assert event.tool_results[0].content == message["content"] and not event.text
        elif "content_parts" not in message:
            assert event.text == message.get("content", "")
        else:
            assert event.attachments == ("[image image/png, 27 bytes]",) and "iVBORw0" not in event.text


def test_reading_is_quick(stored: tuple[SessionEvent, ...]) -> None:
    """The goal is 1.3 times what decoding alone takes; here only that nothing has gone badly wrong."""
    some = stored[:1000]
    start = perf_counter()
    for each in some:
        json.loads(each.event_data)
    decoding = perf_counter() - start
    start = perf_counter()
    read_events(some)
    assert perf_counter() - start < 20 * 1.3 * decoding


@pytest.mark.postgres
def test_the_fleet_on_a_server_adds_up_too(restored: Callable[[Path], str]) -> None:
    figures = json.loads(fixture("expected/genie_fleet_pg.json").read_text())
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz")), read_only=True) as source:
        rows = source.database.all(ALL).rows
    assert len(rows) == figures["rows"]["session_events"] and rows[-1].id == figures["next_event_row_id"] - 1
    found = read_events(rows)
    assert [event.id for event in found if event.damage or event.more or not event.readable] == []
    decoded = [json.loads(row.event_data) for row in rows]
    assert [event.kind for event in found] == [data["object"] for data in decoded]
    assert [event.author for event in found] == [data["author"] for data in decoded]
    totals = Totals()
    for event in found:
        totals.add(event)
    assert totals.total == sum(data["usage"]["total_tokens"] for data in decoded if "usage" in data) > 0
    assert totals.errors == sum("error" in data for data in decoded) > 0
    calls = sum(len(event.tool_calls) for event in found)
    assert sum(each.result is not None for each in exchanges(found)) == calls == len(exchanges(found))
