"""Summaries of sessions: of all of a session, or of one branch of its events, made by a function of the caller."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workbench.data.agents.clock import now
from workbench.data.agents.records import SUMMARY, SessionEvent, SummaryRow, damaged_fields
from workbench.data.agents.session import Session, SomeSession, key_of, missing
from workbench.data.agents.session_reading import EXISTS, OF_SESSION, SessionReading
from workbench.data.agents.store import PAGE, SessionKey
from workbench.data.agents.summary_jobs import SummaryJobs
from workbench.data.agents.tables import SESSION_SUMMARIES
from workbench.data.engine import times
from workbench.data.engine.database import Database
from workbench.data.engine.page import Cursor, Damaged, Page
from workbench.data.engine.statement import Statement
from workbench.data.errors import Corrupt, Invalid, Unsupported

_GET = Statement(
    f"SELECT {{columns}} FROM session_summaries WHERE {OF_SESSION} AND filter_key = :filter_key", row=SUMMARY
)
_LIST = Statement(
    f"SELECT {{columns}} FROM session_summaries WHERE {OF_SESSION} AND {{after}} ORDER BY {{order}} LIMIT :limit",
    row=SUMMARY,
    order=("filter_key",),
)
_PUT: Statement[None] = Statement(
    "INSERT INTO session_summaries (app_name, user_id, session_id, filter_key, summary, topics, updated_at) "
    "VALUES (:app_name, :user_id, :session_id, :filter_key, :summary, :topics, :updated_at) "
    "ON CONFLICT (app_name, user_id, session_id, filter_key) "
    "DO UPDATE SET summary = excluded.summary, topics = excluded.topics, updated_at = excluded.updated_at",
    table=SESSION_SUMMARIES,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a summarizer returns when it has topics beside the text."""

    text: str
    topics: Sequence[str] = ()


Summarizer = Callable[[Session], "str | Summary | None"]


class Summaries(SessionReading):
    """The part of `Sessions` that makes and reads summaries."""

    _summarizer: Summarizer | None = None
    _jobs: SummaryJobs

    def create_session_summary(self, session: SomeSession, filter_key: str = "", force: bool = False) -> bool:
        """Summarise a session as it stands in the database; whether a summary was written.

        The summarizer is given the session with the events to summarise: all of them, or with a `filter_key` those
        whose own `filterKey` is that or lies below it (`a` has `a/b` below it). Nothing is written when there are
        none, or when it returns nothing. Without `force`, nor when no such event was stored later than the newest
        one in the summary that is there, whose time is the summary's `updated_at`.
        """
        return self._summarise(key_of(session), _checked(filter_key), force)

    def enqueue_summary_job(self, session: SomeSession, filter_key: str = "", force: bool = False) -> bool:
        """The same in the background; False when an equal job is waiting already.

        Closing the source drops what waits. A summarizer that fails is logged, and the next job is done.
        """
        key = key_of(session)
        return self._jobs.add(self._required_summarizer(), self._summarise, key, _checked(filter_key), bool(force))

    def get_session_summary_text(self, session: SomeSession, filter_key: str = "") -> str | None:
        """The text of a summary; None when there is none."""
        row = self._summary(key_of(session), _checked(filter_key))
        if row is None:
            return None
        text: object = row.summary
        if isinstance(text, Damaged):
            raise Corrupt(f"the summary of {' / '.join(key_of(session))} cannot be read: {text.why}")
        return row.summary

    def list_summaries(
        self, session: SomeSession, *, limit: int = PAGE, after: Cursor | None = None
    ) -> Page[SummaryRow]:
        """The summaries of a session, by filter key; that of the whole session first."""
        return self._database.page(_LIST, key_of(session)._asdict(), limit=limit, after=after)

    # -- steps -----------------------------------------------------------------------------------------------

    def _required_summarizer(self) -> Summarizer:
        if self._summarizer is None:
            raise Unsupported("there is no summarizer: pass one with sessions.configured(summarizer=…)")
        return self._summarizer

    def _summary(self, key: SessionKey, filter_key: str) -> SummaryRow | None:
        return self._database.one(_GET, {**key._asdict(), "filter_key": filter_key})

    def _summarise(self, key: SessionKey, filter_key: str, force: bool) -> bool:
        summarizer = self._required_summarizer()
        begun = now()
        if not force and self._is_fresh(key, filter_key):
            return False
        session = self.get_session(key)
        if session is None:
            raise missing(key)
        events = tuple(event for event in session.events if _is_below(event, filter_key))
        if not events:
            return False
        made = summarizer(replace(session, events=events))
        summary = Summary(made) if isinstance(made, str) else made
        if summary is None:
            return False
        if not isinstance(summary, Summary):
            raise Invalid(f"the summarizer returned a {type(made).__name__}: return a text, a Summary or None")
        if not summary.text:
            return False
        self._put(key, filter_key, summary, _newest(events, begun))
        return True

    def _is_fresh(self, key: SessionKey, filter_key: str) -> bool:
        """Whether there is a summary and nothing was stored later than what it covers."""
        row = self._summary(key, filter_key)
        covered: object = row.updated_at if row is not None else None
        if not isinstance(covered, datetime):
            return False
        session = self.get_session(key, after=covered)
        if session is None:
            raise missing(key)
        later = (event for event in session.events if "created_at" not in damaged_fields(event))
        return not any(_is_below(event, filter_key) for event in later)

    def _put(self, key: SessionKey, filter_key: str, summary: Summary, moment: datetime) -> None:
        values = {
            **key._asdict(),
            "filter_key": filter_key,
            "summary": summary.text,
            "topics": _topics_text(summary.topics),
            # That program keeps this one time of a session in UTC, whatever its zone.
            "updated_at": times.go_utc(moment) if self._source.engine == "sqlite" else moment,
        }

        def put(database: Database) -> None:
            if database.one(EXISTS, values) is None:
                raise missing(key)
            database.run(_PUT, values)

        self._database.transact(put)


def topics_of(row: SummaryRow) -> tuple[str, ...] | Damaged:
    """The topics of a summary; `Damaged` where the stored text is no list of texts. JSON `null` is none."""
    stored: object = row.topics
    if isinstance(stored, Damaged):
        return stored
    try:
        found = json.loads(row.topics)
    except (ValueError, RecursionError) as error:
        return Damaged(row.topics, f"not JSON: {error}")
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(topic, str) for topic in found):
        return Damaged(row.topics, "not a list of texts")
    return tuple(found)


def _topics_text(topics: Sequence[str]) -> str:
    if isinstance(topics, str) or not all(isinstance(topic, str) for topic in topics):
        raise Invalid(f"the topics of a summary are {topics!r}: return a list of texts")
    return json.dumps(list(topics), ensure_ascii=False, separators=(",", ":"))


def _checked(filter_key: object) -> str:
    if not isinstance(filter_key, str):
        raise Invalid(f"filter_key is of type {type(filter_key).__name__}: pass a text, empty for the whole session")
    return filter_key


def _is_below(event: SessionEvent, filter_key: str) -> bool:
    if not filter_key:
        return True
    try:
        found = json.loads(event.event_data)
    except (TypeError, ValueError, RecursionError):
        return False  # nobody can say to which branch it belongs
    own = found.get("filterKey") if isinstance(found, dict) else None
    return isinstance(own, str) and (own == filter_key or own.startswith(filter_key + "/"))


def _newest(events: Sequence[SessionEvent], otherwise: datetime) -> datetime:
    stored: list[object] = [event.created_at for event in events]
    return max((at for at in stored if isinstance(at, datetime)), default=otherwise)
