"""Reading sessions: lists, one session with its state and as many of its events as wanted, events by page.

Events stand in the order of their ids. No read takes the text of an event that it does not return.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from workbench.data.agents.ids import MOST, keys_beginning
from workbench.data.agents.records import (
    APP_STATE,
    SESSION,
    SESSION_EVENT,
    SESSION_STATE,
    USER_STATE,
    SessionEvent,
    SessionRow,
)
from workbench.data.agents.session import APP, USER, Session, SomeSession, SomeUser, State, key_of, user_of
from workbench.data.agents.store import PAGE, AgentsStore, SessionKey, required
from workbench.data.agents.tables import SESSION_EVENTS, SESSIONS
from workbench.data.engine import codecs
from workbench.data.engine.page import Cursor, Damage, Damaged, Page
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.times import in_utc
from workbench.data.errors import Invalid

OF_SESSION = "app_name = :app_name AND user_id = :user_id AND session_id = :session_id"
EVERYTHING = 2**31  # more rows than anybody's session has


class EventMark(NamedTuple):
    """An event without its text."""

    id: int
    created_at: datetime


def _list(*columns: str) -> Statement[SessionRow]:
    where = "".join(f"{name} = :{name} AND " for name in columns)
    return Statement(
        f"SELECT {{columns}} FROM sessions WHERE {where}{{after}} ORDER BY {{order}} LIMIT :limit",
        row=SESSION,
        order=("updated_at DESC", "app_name DESC", "user_id DESC", "session_id DESC"),
    )


_FILTERS: tuple[tuple[str, ...], ...] = ((), ("app_name",), ("user_id",), ("app_name", "user_id"))
_LISTS = {names: _list(*names) for names in _FILTERS}
_GET = Statement(f"SELECT {{columns}} FROM sessions WHERE {OF_SESSION}", row=SESSION)
EXISTS = Statement(
    f"SELECT 1 AS there FROM sessions WHERE {OF_SESSION} {{for_update}}",
    row=Row.plain(bool, there=codecs.bigint),
    table=SESSIONS,
)
_ORPHANS = Statement(
    "SELECT {columns} FROM (SELECT DISTINCT app_name, user_id, session_id FROM session_events WHERE {after}) e "
    "WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.app_name = e.app_name AND s.user_id = e.user_id "
    "AND s.session_id = e.session_id) ORDER BY {order} LIMIT :limit",
    row=Row.plain(SessionKey, app_name=codecs.text, user_id=codecs.text, session_id=codecs.text),
    order=("app_name", "user_id", "session_id"),
)

_STATES = Statement(f"SELECT {{columns}} FROM session_states WHERE {OF_SESSION} ORDER BY key", row=SESSION_STATE)
_APP_STATES = Statement("SELECT {columns} FROM app_states WHERE app_name = :app_name ORDER BY key", row=APP_STATE)
_USER_STATES = Statement(
    "SELECT {columns} FROM user_states WHERE app_name = :app_name AND user_id = :user_id ORDER BY key", row=USER_STATE
)

_NEWEST_EVENTS = Statement(
    "SELECT {columns} FROM session_events WHERE {after} ORDER BY {order} LIMIT :limit",
    row=SESSION_EVENT,
    order=("id DESC",),
)
_EVENT = Statement("SELECT {columns} FROM session_events WHERE id = :id", row=SESSION_EVENT)
_EVENTS = Statement(
    f"SELECT {{columns}} FROM session_events WHERE {OF_SESSION} AND {{after}} ORDER BY {{order}} LIMIT :limit",
    row=SESSION_EVENT,
    order=("id",),
)
_EVENTS_AFTER = Statement(
    f"SELECT {{columns}} FROM session_events WHERE {OF_SESSION} AND id > :after_id AND {{after}} "
    "ORDER BY {order} LIMIT :limit",
    params={"after_id": codecs.bigint},
    row=SESSION_EVENT,
    order=("id",),
)
_MARKS = Statement(
    f"SELECT {{columns}} FROM session_events WHERE {OF_SESSION} AND id > :after_id ORDER BY id",
    params={"after_id": codecs.bigint},
    row=Row.plain(EventMark, id=codecs.bigint, created_at=codecs.local_text),
    table=SESSION_EVENTS,
)
_RUN = Statement(
    f"SELECT {{columns}} FROM session_events WHERE {OF_SESSION} AND id BETWEEN :first AND :last ORDER BY id",
    params={"first": codecs.bigint, "last": codecs.bigint},
    row=SESSION_EVENT,
)
LEAST_ID = -(2**63)


class SessionReading(AgentsStore):
    """The reading half of `Sessions`."""

    def list_sessions(
        self,
        user_key: SomeUser | None = None,
        *,
        app: str | None = None,
        user: str | None = None,
        limit: int = PAGE,
        after: Cursor | None = None,
        backwards: bool = False,
    ) -> Page[SessionRow]:
        """Sessions in the stored order of their last change, newest first: all, an application's, a user's.

        `backwards` begins with the last page.
        """
        if user_key is not None:
            if app is not None or user is not None:
                raise Invalid("a user's key and app or user at once: pass one of them")
            app, user = user_of(user_key)
        values = {name: value for name, value in (("app_name", app), ("user_id", user)) if value is not None}
        return self._database.page(_LISTS[tuple(values)], values, limit=limit, after=after, backwards=backwards)

    def session_row(self, key: SomeSession) -> SessionRow | None:
        """A session as lists show it; None when there is no such session."""
        return self._database.one(_GET, key_of(key)._asdict())

    def keys_beginning(self, beginning: str, *, limit: int = MOST) -> tuple[SessionKey, ...]:
        """The keys of sessions whose id begins so, at most `limit` of them."""
        return tuple(SessionKey(*key) for key in keys_beginning(self._database, SESSIONS, beginning, limit))

    def list_orphans(self, *, limit: int = PAGE, after: Cursor | None = None) -> Page[SessionKey]:
        """Keys under which events stand although no session has that key; it walks the whole index of events.

        An agent that still holds a deleted session in memory makes such events. `events` reads them.
        """
        return self._database.page(_ORPHANS, limit=limit, after=after)

    def get_session(
        self,
        key: SomeSession,
        *,
        last: int | None = None,
        after_id: int | None = None,
        after: datetime | None = None,
        events: bool = True,
    ) -> Session | None:
        """A session; None when there is no such session.

        It comes with all its events, or without any (`events=False`), or with the last so many, those behind an
        event id, those stored later than a moment (compared as instants; an event whose time cannot be read is
        among them). These may be combined.
        """
        key = key_of(key)
        of_session = key._asdict()
        row = self._database.one(_GET, of_session)
        if row is None:
            return None
        damage = list(_damaged_in(row, key))
        state = self._merged_state(key, damage)
        found = self._events_of(key, last, after_id, after) if events else Page(())
        return Session(
            row.app_name,
            row.user_id,
            row.session_id,
            row.created_at,
            row.updated_at,
            state,
            found.rows,
            (*damage, *found.damage),
            row.stored,
        )

    def events(
        self, key: SomeSession, *, limit: int = PAGE, after: Cursor | None = None, backwards: bool = False
    ) -> Page[SessionEvent]:
        """A page of a session's events by id, oldest first; `backwards` begins with the last page.

        The rows of every page are in the order of their ids. Events without a sessions row are found too.
        """
        of_session = key_of(key)._asdict()
        return self._database.page(_EVENTS, of_session, limit=limit, after=after, backwards=backwards)

    def newest_events(
        self, *, limit: int = PAGE, after: Cursor | None = None, backwards: bool = False
    ) -> Page[SessionEvent]:
        """A page of the events of all sessions, newest first; `backwards` begins with the oldest."""
        return self._database.page(_NEWEST_EVENTS, limit=limit, after=after, backwards=backwards)

    def event(self, event_id: int) -> SessionEvent | None:
        """One event by the id of its row; None when it is not there (any more)."""
        return self._database.one(_EVENT, {"id": event_id})

    # -- parts of a session ----------------------------------------------------------------------------------

    def _merged_state(self, key: SessionKey, damage: list[Damage]) -> State:
        of_session = key._asdict()
        own = self._database.all(_STATES, of_session)
        shared = self._database.all(_APP_STATES, of_session)
        users = self._database.all(_USER_STATES, of_session)
        damage.extend((*own.damage, *shared.damage, *users.damage))
        state = {row.key: row.value for row in own}
        state.update((APP + row.key, row.value) for row in shared)
        state.update((USER + row.key, row.value) for row in users)
        return state

    def _app_state(self, app: str) -> State:
        required(app_name=app)
        return {row.key: row.value for row in self._database.all(_APP_STATES, {"app_name": app})}

    def _user_state(self, given: SomeUser) -> State:
        return {row.key: row.value for row in self._database.all(_USER_STATES, user_of(given)._asdict())}

    def _events_of(
        self, key: SessionKey, last: int | None, after_id: int | None, after: datetime | None
    ) -> Page[SessionEvent]:
        if last is not None and (isinstance(last, bool) or not isinstance(last, int) or last < 1):
            raise Invalid(f"last={last!r} events are none: ask for one at least, or pass events=False")
        of_session: dict[str, object] = dict(key._asdict())
        if after is None:
            statement = _EVENTS
            if after_id is not None:
                statement, of_session["after_id"] = _EVENTS_AFTER, after_id
            return self._database.page(statement, of_session, limit=last or EVERYTHING, backwards=last is not None)
        if not isinstance(after, datetime):
            raise Invalid(f"after={after!r} is no moment: pass an aware datetime")
        of_session["after_id"] = LEAST_ID if after_id is None else after_id
        moment = in_utc(after)
        marks = self._database.all(_MARKS, of_session)
        kept = [_is_later(mark.created_at, moment) for mark in marks]
        if last is not None:
            left = sum(kept) - last
            for place, keep in enumerate(kept):
                if keep and left > 0:
                    kept[place] = False
                    left -= 1
        wanted = {mark.id for mark, keep in zip(marks, kept, strict=True) if keep}
        return self._read_runs([mark.id for mark in marks], wanted, lambda run: self._run(key, run))

    def _run(self, key: SessionKey, run: tuple[int, int]) -> Page[SessionEvent]:
        return self._database.all(_RUN, {**key._asdict(), "first": run[0], "last": run[1]})

    @staticmethod
    def _read_runs(
        ids: Sequence[int], wanted: set[int], read: Callable[[tuple[int, int]], Page[SessionEvent]]
    ) -> Page[SessionEvent]:
        """The wanted events, read by runs between which no others stand; none is read that is not wanted."""
        rows: list[SessionEvent] = []
        damage: list[Damage] = []
        for run in runs(ids, wanted):
            page = read(run)
            rows += (row for row in page if row.id in wanted)
            damage += (found for found in page.damage if found.key and found.key[0] in wanted)
        return Page(tuple(rows), None, tuple(damage))


def runs(ids: Iterable[int], wanted: set[int]) -> list[tuple[int, int]]:
    """The stretches of ascending ids that are wanted without a gap, as first and last."""
    found: list[tuple[int, int]] = []
    together = False
    for each in ids:
        if each in wanted:
            found[-1:] = [(found[-1][0], each)] if together else [*found[-1:], (each, each)]
        together = each in wanted
    return found


def _is_later(stored: object, moment: datetime) -> bool:
    """Whether an event belongs behind a moment; where nobody can say when it was stored, it does."""
    return not isinstance(stored, datetime) or stored > moment


def _damaged_in(row: SessionRow, key: SessionKey) -> Iterable[Damage]:
    for name in SessionRow.__slots__:
        value: object = getattr(row, name)
        if isinstance(value, Damaged):
            yield Damage(tuple(key), name, value)
