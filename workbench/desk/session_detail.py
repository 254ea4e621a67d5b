"""A session in full: as a conversation, its state, its summaries, or as it is stored; and a single event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from workbench.data import Page, Source
from workbench.data.agents.events import Event, read_event
from workbench.data.agents.records import SessionEvent, SessionRow
from workbench.data.engine.page import Cursor, every
from workbench.desk.arguments import arguments
from workbench.desk.detail import Detail, Parts
from workbench.desk.lines import NO_LABEL, DetailLine, fact, labelled
from workbench.desk.looking import Looking
from workbench.desk.moments import clock, coarse
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.secrets import mask
from workbench.desk.timeline import state_lines, timeline

_PAGE = 500
_SAID = 4096  # characters of an event that its one line is made of


def session_detail(source: Source, row: SessionRow, looking: Looking) -> Detail:
    """The part of a session that is looked at, under a few words about all of it."""
    key = (row.app_name, row.user_id, row.session_id)
    parts = Parts(looking.reveal is not None and looking.reveal == row)
    makers = {"state": _state, "summaries": _summaries, "raw": _raw}
    made = list(makers.get(looking.part, _conversation)(source, key, looking, parts))
    head = (
        fact("of", parts.line(row.user_id) + plain(" in ") + parts.line(row.app_name)),
        fact("id", parts.line(row.session_id), "faint"),
        fact("began", _when(row.created_at, looking)),
        fact("active", _when(row.updated_at, looking)),
    )
    name = (looking.source, "session", *key)
    lines = (*head, DetailLine(NO_LABEL, ()), *made)
    return Detail(name, "session", row, lines, {}, (), 0, parts.revealed, newest=parts.newest)


def event_detail(event: Event, looking: Looking) -> Detail:
    """One event, unfolded, and what of it is told nowhere else."""
    parts = Parts(looking.reveal is not None and looking.reveal == event)
    session = parts.line("/".join(event.session))
    lines = [
        fact("session", session),
        *timeline([event], looking.moment, folded=False, reveal=parts.revealed),
        fact("model", parts.line(event.model)) if event.model else None,
        fact("finish", parts.line(event.finish)) if event.finish else None,
        fact("also has", safe(", ".join(event.more), limit=400), "faint") if event.more else None,
        fact("id", plain(f"{event.id}"), "faint"),
    ]
    name = (looking.source, "event", str(event.id))
    return Detail(name, "event", event, tuple(line for line in lines if line is not None), {}, (), 0, parts.revealed)


def said(event: Event) -> SafeText:
    """An event on one line: its text, or the calls and results that it brings, or its error."""
    if event.error is not None:
        return plain("✗ ") + _short(event.error.message)
    if event.text:
        return _short(event.text)
    if event.tool_calls:
        return plain(", ").join([plain("→ ") + _short(call.name) for call in event.tool_calls[:5]])
    if event.tool_results:
        first = event.tool_results[0]
        return plain("← ") + _short(first.name) + plain(" ") + _short(first.content)
    return plain("(cannot be read)") if not event.readable else plain("—")


def _short(text: object) -> SafeText:
    return mask(text[:_SAID]).safe.cut(400) if isinstance(text, str) else plain("(cannot be read)")


def _when(at: object, looking: Looking) -> SafeText:
    if not isinstance(at, datetime):
        return plain("at a time that cannot be read")
    return plain(f"{clock(at, looking.moment)} ({coarse(looking.moment - at)} ago)")


# -- parts of a session --------------------------------------------------------------------------------------


def _rows(source: Source, key: Sequence[str], newest: int | None) -> tuple[Sequence[SessionEvent], bool]:
    """The events, oldest first, and whether older ones were left out."""
    if newest is not None:
        page: Page[SessionEvent] = source.sessions.events(key, limit=newest, backwards=True)
        return page.rows, page.next is not None

    def fetch(after: Cursor | None) -> Page[SessionEvent]:
        found: Page[SessionEvent] = source.sessions.events(key, limit=_PAGE, after=after)
        return found

    return list(every(fetch)), False


def _conversation(source: Source, key: Sequence[str], looking: Looking, parts: Parts) -> Iterator[DetailLine]:
    rows, older = _rows(source, key, looking.newest)
    if older:
        parts.newest = len(rows)
        yield fact("…", plain(f"older events are not shown: these are the newest {len(rows):,}"), "faint")
    if not rows:
        yield fact("", plain("no events"), "faint")
    events = map(read_event, rows)
    yield from timeline(events, looking.moment, folded=looking.folded, reveal=parts.revealed, find=looking.find)


def _state(source: Source, key: Sequence[str], looking: Looking, parts: Parts) -> Iterable[DetailLine]:
    session = source.sessions.get_session(key, events=False)
    state: dict[str, Any] = dict(session.state) if session is not None else {}
    return list(state_lines(state, reveal=parts.revealed)) or [fact("", plain("no state"), "faint")]


def _summaries(source: Source, key: Sequence[str], looking: Looking, parts: Parts) -> Iterator[DetailLine]:
    found = source.sessions.list_summaries(key)
    for summary in found:
        about = safe(summary.filter_key, limit=80) if summary.filter_key else plain("the whole session")
        yield fact("about", about + plain(", ") + _when(summary.updated_at, looking), "key")
        yield from labelled("", parts.text(summary.summary).lines, prose=True)
    if not found:
        yield fact("", plain("no summaries"), "faint")


def _raw(source: Source, key: Sequence[str], looking: Looking, parts: Parts) -> Iterator[DetailLine]:
    rows, older = _rows(source, key, looking.newest)
    if older:
        parts.newest = len(rows)
        yield fact("…", plain(f"older events are not shown: these are the newest {len(rows):,}"), "faint")
    for row in rows:
        yield fact(f"{row.id}", _when(row.created_at, looking), "faint")
        yield from labelled("", arguments(row.event_data, reveal=parts.revealed).lines)
