"""Events for tests: rows as the database holds them, and the JSON that their program writes."""

import json
from datetime import UTC, datetime
from typing import Any

from workbench.data import Source
from workbench.data.agents.clock import Clock
from workbench.data.agents.events import Event, read_event
from workbench.data.agents.records import SESSION_EVENT, SessionEvent
from workbench.data.agents.tables import SESSION_EVENTS
from workbench.data.engine.statement import Statement

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = Statement("SELECT {columns} FROM session_events ORDER BY id", row=SESSION_EVENT)
_INSERT: Statement[None] = Statement(
    "INSERT INTO session_events (app_name, user_id, session_id, event_data, created_at) "
    "VALUES (:app_name, :user_id, :session_id, :event_data, :created_at)",
    table=SESSION_EVENTS,
)


def row(event_data: object, number: int = 1, session: str = "s1") -> SessionEvent:
    """A row of a session's events."""
    return SessionEvent(number, "genie", "root", session, event_data, NOON)  # type: ignore[arg-type]


def written(**keys: Any) -> str:
    """The JSON of an event as its program writes it, with these keys in place of what it would have."""
    usual = {
        "object": "chat.completion",
        "created": 1795156291,
        "model": "gpt-x",
        "choices": [],
        "done": True,
        "is_partial": False,
        "invocationId": "inv-1",
        "author": "genie",
        "id": "e-1",
        "timestamp": "2026-11-20T01:31:31.230131133-05:00",
        "branch": "genie",
        "filterKey": "genie",
        "version": 1,
        "response": {"timestamp": "0001-01-01T00:00:00Z"},
    }
    return json.dumps(usual | keys)


def said(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Choices, one for each message, each with the empty delta that stands beside it."""
    return [{"index": i, "message": message, "delta": {"role": ""}} for i, message in enumerate(messages)]


def called(*calls: tuple[str, str], arguments: str = "{}", **keys: Any) -> str:
    """An event in which the model asks for tools, given as (id, name)."""
    wanted = [
        {"type": "function", "function": {"name": name, "arguments": arguments}, "id": call_id, "index": i}
        for i, (call_id, name) in enumerate(calls)
    ]
    return written(choices=said({"role": "assistant", "tool_calls": wanted}), **keys)


def answered(*results: tuple[str, str, str], **keys: Any) -> str:
    """An event in which tools answer, given as (id, name, content)."""
    choices = said(*({"role": "tool", "tool_id": i, "tool_name": n, "content": c} for i, n, c in results))
    return written(object="tool.response", choices=choices, **keys)


def read(*texts: str) -> list[Event]:
    """Events with the ids 1, 2, 3 and so on."""
    return [read_event(row(text, number)) for number, text in enumerate(texts, 1)]


def put(source: Source, event_data: str, app: str = "genie", user: str = "root", session: str = "s1") -> None:
    """Write an event as it is given."""
    values = {"app_name": app, "user_id": user, "session_id": session, "event_data": event_data}
    source.database.run(_INSERT, {**values, "created_at": Clock(source).local(NOON)})
