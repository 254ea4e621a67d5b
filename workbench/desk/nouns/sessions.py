"""Sessions and their events: what agents and people said to each other, in lists and as a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.data.errors import Invalid, NotFound
from workbench.desk import cells
from workbench.desk.noun import Ask, Column, Key, Noun, either_way
from workbench.desk.verb import DESTROY, Option, Verb, work

if TYPE_CHECKING:
    from workbench.data import Page, Source
    from workbench.data.agents.events import Event
    from workbench.data.agents.records import SessionRow
    from workbench.desk.detail import Detail
    from workbench.desk.exporting import Out
    from workbench.desk.looking import Looking
    from workbench.desk.safe import SafeText

_TOLD = 5  # candidates that are named when an id is not clear


# -- sessions ------------------------------------------------------------------------------------------------


def _page(source: Source, ask: Ask) -> Page[SessionRow]:
    return source.sessions.list_sessions(  # type: ignore[no-any-return]
        app=ask.terms.get("app"), user=ask.terms.get("user"), limit=ask.limit, after=ask.after, backwards=ask.backwards
    )


def _get(source: Source, key: Key) -> SessionRow:
    found: SessionRow | None = source.sessions.session_row(key)
    if found is None:
        raise NotFound(f"there is no session {'/'.join(key)}: `workbench session list` shows those that are there")
    return found


def _find(source: Source, text: str) -> Sequence[Key]:
    parts = text.split("/")
    if len(parts) == 3 and source.sessions.session_row(tuple(parts)) is not None:
        return [tuple(parts)]
    return [tuple(key) for key in source.sessions.keys_beginning(text)]


def _detail(source: Source, row: SessionRow, looking: Looking) -> Detail:
    from workbench.desk.session_detail import session_detail

    return session_detail(source, row, looking)


def _as_jsonl(source: Source, row: SessionRow, looking: Looking) -> Out:
    from workbench.desk.session_export import as_jsonl

    return as_jsonl(source, row, looking)


def _as_markdown(source: Source, row: SessionRow, looking: Looking) -> Out:
    from workbench.desk.session_export import as_markdown

    return as_markdown(source, row, looking)


def key_of_session(row: SessionRow) -> Key:
    """The application, the user and the id."""
    return row.app_name, row.user_id, row.session_id


SESSION = Noun(
    id="session",
    plural="sessions",
    words="What agents and people said to each other, with the state that it left.",
    needs=frozenset({"sessions"}),
    columns=(
        Column("active", cells.age("updated_at"), "when it last changed", width=6, right=True),
        Column("app", cells.text("app_name"), "the application", least=6, most=20),
        Column("user", cells.text("user_id"), "the user", least=6, most=24, drop=1),
        Column("id", cells.text("session_id"), "its id", least=8, grows=True),
        Column("created", cells.when("created_at"), "when it began", least=12, most=17, drop=2),
    ),
    key=key_of_session,
    page=_page,
    get=_get,
    find=_find,
    data=lambda row: cells.values_of(row),
    detail=_detail,
    says=lambda row: " ".join(map(str, key_of_session(row))),
    terms={"app": "the application", "user": "the user"},
    parts=("conversation", "state", "summaries", "raw"),
    reversible=True,
    sorts=either_way("active", "last changed first", "longest unchanged first", falling=False),
    forms={"jsonl": _as_jsonl, "markdown": _as_markdown},
)


# -- events --------------------------------------------------------------------------------------------------


def _events(source: Source, ask: Ask) -> Page[Event]:
    from workbench.data.agents.events import read_event

    if (session := ask.terms.get("session")) is not None:
        key = _only(source, session)
        page = source.sessions.events(key, limit=ask.limit, after=ask.after, backwards=not ask.backwards)
        return _mapped(page, read_event, newest_first=True)
    return _mapped(source.sessions.newest_events(limit=ask.limit, after=ask.after, backwards=ask.backwards), read_event)


def _mapped(page: Page[Any], read: Callable[[Any], Event], *, newest_first: bool = False) -> Page[Event]:
    from workbench.data import Page

    rows = tuple(map(read, page.rows))
    return Page(rows[::-1] if newest_first else rows, page.next, page.damage)


def _only(source: Source, text: str) -> Key:
    found = _find(source, text)
    if not found:
        raise NotFound(f'no session has an id that is or begins with "{text}": `workbench session list` shows them')
    if len(found) > 1:
        some = ", ".join("/".join(key) for key in found[:_TOLD])
        raise Invalid(f'"{text}" may mean several sessions: {some}; write more of it, or app/user/id')
    return found[0]


def _event(source: Source, key: Key) -> Event:
    from workbench.data.agents.events import read_event

    row = source.sessions.event(int(key[0]))
    if row is None:
        raise NotFound(f"there is no event {key[0]}: it may have been pruned")
    return read_event(row)


def _find_event(source: Source, text: str) -> Sequence[Key]:
    if not text.isdecimal() or len(text) > 18:
        raise Invalid(f'"{text}" is no id of an event: those are whole numbers, as `workbench event list` shows them')
    return [(text,)] if source.sessions.event(int(text)) is not None else []


def _search(source: Source, words: str, ask: Ask) -> Page[Event]:
    key = _only(source, ask.terms["session"]) if "session" in ask.terms else None
    hits = source.sessions.search(words, key=key, limit=ask.limit, after=ask.after)
    return _mapped(hits, lambda hit: hit.event)


def _event_detail(source: Source, event: Event, looking: Looking) -> Detail:
    from workbench.desk.session_detail import event_detail

    return event_detail(event, looking)


def _said(event: Event, moment: datetime) -> SafeText:
    from workbench.desk.session_detail import said

    return said(event)


def _session(event: Event, moment: datetime) -> SafeText:
    from workbench.desk.safe import safe

    return safe(event.session.session_id, limit=80)


def _tokens(event: Event, moment: datetime) -> SafeText:
    from workbench.desk.safe import plain

    total: object = event.tokens.total if event.tokens is not None else None
    return plain(f"{total:,}") if isinstance(total, int) else cells.NONE


EVENT = Noun(
    id="event",
    plural="events",
    words="The single messages, tool calls and results of sessions.",
    needs=frozenset({"sessions"}),
    columns=(
        Column("when", cells.when("created_at"), "when it was written", least=12, most=17),
        Column("id", cells.number("id", is_id=True), "its number", right=True),
        Column("session", _session, "the id of its session", least=8, most=36, drop=2),
        Column("author", cells.text("author"), "who said it", least=6, most=20),
        Column("role", cells.text("role"), "as what", least=4, most=10, drop=1),
        Column("said", _said, "the text, or the calls and results", least=10, grows=True),
        Column("tokens", _tokens, "what it took", right=True, drop=3, listed=False, on_screen=False),
    ),
    key=lambda event: (str(event.id),),
    page=_events,
    get=_event,
    find=_find_event,
    data=lambda event: cells.values_of(event, leave_out=("raw",)),
    detail=_event_detail,
    says=lambda event: event.text if isinstance(event.text, str) else "",
    terms={"session": "the session, by its id or the beginning of it"},
    search=_search,
    reversible=True,
    sorts=either_way("when", "newest first", "oldest first"),
)


# -- what is done to them ------------------------------------------------------------------------------------

_RESTART = "A program that runs holds its sessions in memory: it sees this only after it was started again."

DELETE_SESSION = Verb(
    id="delete",
    noun="session",
    title="Delete",
    done="deleted",
    words="Delete sessions with their events, their own state and their summaries. They can be put back.",
    run=work("delete_session"),
    preview=work("count_session"),
    key="delete",
    binding="noun.delete",
    danger=DESTROY,
    told=_RESTART,
)
SET_STATE = Verb(
    id="set",
    noun="session",
    title="Set a value",
    done="set",
    words="Set one value of the state of sessions.",
    run=work("set_state"),
    preview=work("one_value"),
    look=work("value_of_session"),
    options=(
        Option("key", "The name of the value.", required=True),
        Option("value", "The text that it shall be.", required=True),
    ),
    told=_RESTART,
)
UNSET_STATE = Verb(
    id="unset",
    noun="session",
    title="Remove a value",
    done="removed",
    words="Remove one value from the state of sessions. It can be put back.",
    run=work("unset_state"),
    preview=work("one_value"),
    look=work("value_of_session"),
    danger=DESTROY,
    options=(Option("key", "The name of the value.", required=True),),
    told=_RESTART,
)
PURGE_EVENTS = Verb(
    id="purge",
    noun="event",
    title="Purge old ones",
    done="purged",
    words="Delete events that are older than so long; `workbench event export` keeps them first.",
    run=work("purge_events"),
    preview=work("count_old_events"),
    danger=DESTROY,
    sweep=True,
    options=(
        Option("older-than", "Such as 30d, 12h or 90m.", required=True),
        Option("app", "Only those of this application."),
    ),
    told=_RESTART,
)
