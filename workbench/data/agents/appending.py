"""Appending to a session: the event, the limit of events, the state and the time of change, all in one transaction."""

from collections.abc import Mapping
from typing import Any, ClassVar

from workbench.data.agents.clock import now
from workbench.data.agents.event_json import prepared
from workbench.data.agents.records import SessionEvent
from workbench.data.agents.session import SomeSession, StateMap, key_of, missing
from workbench.data.agents.session_reading import EXISTS, OF_SESSION
from workbench.data.agents.session_state import TOUCH, SessionStates, set_state
from workbench.data.agents.tables import SESSION_EVENTS
from workbench.data.engine import codecs
from workbench.data.engine.database import Database
from workbench.data.engine.statement import Pair, Row, Statement
from workbench.data.errors import Invalid

# On a server one statement takes the session, and only then an id, and lets go of it when it is done: whoever else
# appends to that session waits for no answer of ours.
_ADD = Statement(
    Pair(
        "INSERT INTO session_events (app_name, user_id, session_id, event_data, created_at) "
        "VALUES (:app_name, :user_id, :session_id, :event_data, :created_at)",
        f"WITH touched AS (UPDATE sessions SET updated_at = :updated_at WHERE {OF_SESSION} RETURNING app_name) "
        "INSERT INTO session_events (app_name, user_id, session_id, event_data, created_at) "
        "SELECT :app_name, :user_id, :session_id, :event_data, :created_at FROM touched RETURNING id",
    ),
    params={"updated_at": codecs.local_text},
    row=Row.plain(int, id=codecs.bigint),
    table=SESSION_EVENTS,
)
# What is older than the oldest of the newest so many; nothing, when there are no more than those.
_PRUNE: Statement[None] = Statement(
    f"DELETE FROM session_events WHERE {OF_SESSION} AND id < (SELECT min(id) FROM (SELECT id FROM session_events "
    f"WHERE {OF_SESSION} ORDER BY id DESC LIMIT :keep) newest)",
    params={"keep": codecs.bigint},
    table=SESSION_EVENTS,
)


class Appending(SessionStates):
    """The part of `Sessions` that events are appended with."""

    _event_limit: ClassVar[int] = 0

    def append_event(
        self,
        session: SomeSession,
        event: Mapping[str, Any] | str,
        *,
        state_delta: StateMap | None = None,
    ) -> SessionEvent | None:
        """Append an event (see `writing` for making one) and set the state that it carries; the stored event.

        An event that is partial, or in which nothing is said, is not kept (None); its state is set all the same.
        Names with `app:` and `user:` go where all sessions of the application and of the user find them. Within a
        session events commit in the order of their ids, also when many processes append.
        """
        key = key_of(session)
        moment = now()
        text, delta = prepared(event, state_delta, key.app_name, moment)
        at = self._clock.local(moment)
        app_name, user_id, session_id = key
        values: dict[str, object] = {
            "app_name": app_name,
            "user_id": user_id,
            "session_id": session_id,
            "updated_at": at,
            "created_at": at,
            "event_data": text,
        }

        if text is None and not delta:
            if self._database.one(EXISTS, values) is None:
                raise missing(key)
            return None
        touches = self._database.engine != "sqlite" and text is not None  # then adding does it

        def append(database: Database) -> int | None:
            if not touches and not database.run(TOUCH, values):
                raise missing(key)
            added = database.insert(_ADD, values) if text is not None else None
            if touches and added is None:
                raise missing(key)
            if self._event_limit and text is not None:
                database.run(_PRUNE, {**values, "keep": self._event_limit})
            if delta:
                set_state(database, key, delta, at)
            return added

        alone = touches and not delta and not self._event_limit
        added = append(self._database) if alone else self._database.transact(append)
        if text is None or added is None:
            return None
        return SessionEvent(added, app_name, user_id, session_id, text, moment, {"created_at": at})


def checked_limit(limit: object) -> int:
    """A limit of events: a whole number, 0 for none."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit < 2**63:
        raise Invalid(f"event_limit={limit!r} is no number of events: pass 1 or more, or 0 for no limit")
    return limit
