"""Sessions of agents: their events, their state, and summaries of them, as `source.sessions`.

sessions.create_session(("genie", "root", "s1"), {"app:theme": b"dark"})
sessions.append_event(("genie", "root", "s1"), user_message("hello"))
"""

from typing import TYPE_CHECKING, Self

from workbench.data.agents.appending import Appending, checked_limit
from workbench.data.agents.event_search import Hit, search_events
from workbench.data.agents.following import Follower
from workbench.data.agents.pruning import Pruning
from workbench.data.agents.session import Session, SomeSession, SomeUser, StateMap, complete, key_of, missing
from workbench.data.agents.session_reading import EXISTS, OF_SESSION
from workbench.data.agents.session_state import set_state
from workbench.data.agents.store import PAGE, SessionKey, UserKey, required
from workbench.data.agents.summaries import Summaries, Summarizer, Summary, topics_of
from workbench.data.agents.summary_jobs import SummaryJobs
from workbench.data.agents.tables import SESSIONS
from workbench.data.engine.database import Database
from workbench.data.engine.page import Cursor, Page
from workbench.data.engine.statement import Statement
from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.data.source import Source

_ADD: Statement[None] = Statement(
    "INSERT INTO sessions (app_name, user_id, session_id, created_at, updated_at) "
    "VALUES (:app_name, :user_id, :session_id, :created_at, :updated_at) "
    "ON CONFLICT (app_name, user_id, session_id) DO NOTHING",
    table=SESSIONS,
)
_ATTEMPTS = 10  # to make or hold a session that somebody else deletes and makes again
# The sessions row first: on a server that waits for whoever is appending, and holds off all others.
_DELETE: tuple[Statement[None], ...] = tuple(
    Statement(f"DELETE FROM {table} WHERE {OF_SESSION}", table=SESSIONS)
    for table in ("sessions", "session_events", "session_states", "session_summaries")
)


class Sessions(Appending, Summaries, Pruning):
    """The sessions of an agents database.

    A program that runs holds its sessions in memory: it sees what is changed here only after it was started again.
    """

    def __init__(self, source: "Source") -> None:
        super().__init__(source)
        self._jobs = SummaryJobs(source)

    def configured(self, *, event_limit: int | None = None, summarizer: Summarizer | None = None) -> Self:
        """The same store with options; what is not given stays as it is.

        `event_limit` keeps only the newest so many events of a session whenever one is appended (0: all of them).
        `summarizer` makes the text of a summary from a session (see `create_session_summary`).
        """
        options: dict[str, object] = {}
        if event_limit is not None:
            options["event_limit"] = checked_limit(event_limit)
        if summarizer is not None:
            if not callable(summarizer):
                raise Invalid("the summarizer must be a function of a session that returns a text")
            options["summarizer"] = summarizer
        return self._with(**options)

    def create_session(self, key: SomeSession | SomeUser, state: StateMap | None = None) -> Session:
        """Make a session, and set what `state` holds: `app:` and `user:` names for all that share them.

        Without a session id (or with an empty one) it gets a new one. A session that is there already keeps its
        events and its other values, and is returned.
        """
        named = _named(key)
        state = complete(state or {})
        at = self._clock.local()

        def create(database: Database) -> None:
            values = {**named._asdict(), "created_at": at, "updated_at": at}
            # One that is there is held, so that nobody deletes it under the state that is being set.
            for _ in range(_ATTEMPTS):
                if database.run(_ADD, values) or database.one(EXISTS, values) is not None:
                    break
            else:
                raise missing(named)
            set_state(database, named, state, at)

        self._database.transact(create)
        session = self.get_session(named)
        if session is None:  # deleted by somebody in this very moment
            raise missing(named)
        return session

    def delete_session(self, key: SomeSession) -> bool:
        """Delete a session with its events, its own state and its summaries; False when nothing of it was there.

        What its application and its user share stays.
        """
        of_session = key_of(key)._asdict()

        def delete(database: Database) -> int:
            return sum(database.run(statement, of_session) for statement in _DELETE)

        return bool(self._database.transact(delete, durable=True))

    def search(
        self,
        text: str,
        *,
        key: SomeSession | None = None,
        app: str | None = None,
        user: str | None = None,
        limit: int = PAGE,
        after: Cursor | None = None,
    ) -> Page[Hit]:
        """Events in which a text is said, the newest first: in messages, calls, results and errors, not in JSON.

        It looks at no more than 2,000 events at a time: a short page with a `next` has not reached the end.
        """
        session = key_of(key) if key is not None else None
        return search_events(self._source, text, key=session, app=app, user=user, limit=limit, after=after)

    def follow(self, key: SomeSession | None = None, *, since_id: int | None = None) -> Follower:
        """Follow the events of one session, or of all: each call of `new` returns those that came since the last.

        It begins now, or behind the event with the id `since_id`. Of the ids up to there, those that can be seen
        now count as known; one that becomes visible later is delivered.
        """
        return Follower(self._database, key_of(key) if key is not None else None, since_id)


def _named(key: SomeSession | SomeUser) -> SessionKey:
    if isinstance(key, tuple) and (len(key) == 2 or (len(key) == 3 and key[2] in ("", None))):
        import uuid

        required(app_name=key[0], user_id=key[1])
        return SessionKey(key[0], key[1], str(uuid.uuid4()))
    return key_of(key)


__all__ = ["Follower", "Session", "SessionKey", "Sessions", "Summarizer", "Summary", "UserKey", "topics_of"]
