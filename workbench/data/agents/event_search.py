"""Finding a text in the events of sessions, as people read them: decoded, and whatever the case of ASCII letters.

The database only leaves out events that cannot match. Each call looks at a bounded number of rows, in small
reads of their own, and returns where it stopped.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.data.agents.events import Event, EventError, read_event
from workbench.data.agents.json_text import read_json
from workbench.data.agents.records import SESSION_EVENT, SessionEvent
from workbench.data.agents.store import PAGE, SessionKey
from workbench.data.agents.tables import SESSION_EVENTS
from workbench.data.engine.codecs import bigint, text
from workbench.data.engine.page import Cursor, Damage, Page
from workbench.data.engine.statement import Pair, Row, Statement
from workbench.data.engine.times import Unreadable
from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.data.engine.database import Database
    from workbench.data.source import Source

LOOKED_AT = 2_000  # rows that one call looks at
_AT_ONCE = 250  # of them in one read
_NEWEST = 2**63 - 1
_AROUND = 40  # characters of an excerpt on either side
# Nothing but these is sure to stand in a JSON text as it is, unless the text has a \u00.. escape.
_PLAIN = re.compile(r"[A-Za-z0-9 !#$%()*+,.:;=?@\[\]^_`{|}~-]+")
_ESCAPE = "\\u00"

_WINDOW_ROW = Row.plain(lambda low, high, looked: (low, high, looked), low=bigint, high=bigint, looked=bigint)
_SAME_SESSION = "app_name = :app_name AND user_id = :user_id AND session_id = :session_id"
_SAME_APP = "(:app_name = '' OR app_name = :app_name) AND (:user_id = '' OR user_id = :user_id)"
_WITHIN = "SELECT {columns} FROM session_events WHERE id >= :low AND id <= :high AND "


def _window(where: str) -> Statement[tuple[int, int, int]]:
    """The next rows to be looked at: the lowest and highest id, and how many there are."""
    return Statement(
        "SELECT coalesce(min(id), 0) AS low, coalesce(max(id), 0) AS high, count(*) AS looked FROM "
        f"(SELECT id FROM session_events WHERE id < :before{where} ORDER BY id DESC LIMIT :limit) AS looked_at",
        row=_WINDOW_ROW,
        table=SESSION_EVENTS,
        params={"before": bigint},
    )


def _candidates(where: str) -> Statement[SessionEvent]:
    """Of these rows, those that may hold the text: with its plain part, or with an escape that may stand for it."""
    return Statement(
        Pair(
            sqlite=f"{_WITHIN}{where} AND (instr(lower(event_data), :plain) > 0 OR instr(event_data, :escape) > 0) "
            "ORDER BY id DESC",
            postgres=f'{_WITHIN}{where} AND (strpos(lower(event_data COLLATE "C"), :plain) > 0 '
            "OR strpos(event_data, :escape) > 0) ORDER BY id DESC",
        ),
        row=SESSION_EVENT,
        params={"low": bigint, "high": bigint, "plain": text, "escape": text},
    )


_IN_SESSION = (_window(f" AND {_SAME_SESSION}"), _candidates(_SAME_SESSION))
_ANYWHERE = (_window(""), _candidates(_SAME_APP))


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that holds the text: in which of its places, and what stands around it there."""

    event: Event
    place: str
    before: str
    match: str
    after: str

    @property
    def id(self) -> int:
        """The id of the event's row."""
        return self.event.id

    @property
    def session(self) -> SessionKey:
        """The session that it belongs to."""
        return self.event.session

    @property
    def created_at(self) -> datetime:
        """When the row was written."""
        return self.event.created_at

    @property
    def excerpt(self) -> str:
        """The place's text around the match."""
        return self.before + self.match + self.after


def search_events(
    source: "Source",
    wanted: str,
    *,
    key: SessionKey | tuple[str, str, str] | None = None,
    app: str | None = None,
    user: str | None = None,
    limit: int = PAGE,
    after: Cursor | None = None,
    look_at: int = LOOKED_AT,
) -> Page[Hit]:
    """Events that hold a text literally, newest first: in one session, or in those of an application or user.

    One call looks at no more than `look_at` rows: a page may have few hits or none and still have a `next`,
    from which the search goes on.
    """
    if not isinstance(wanted, str) or not wanted:
        raise Invalid("there is nothing to look for: give a text of one character at least")
    if limit < 1 or look_at < 1:
        raise Invalid(f"a page of {min(limit, look_at)} rows is none: ask for one at least")
    before = _NEWEST if after is None else _id_of(after)
    return _Search(source.database, wanted, key, app, user).page(before, limit, look_at)


def _id_of(after: Cursor) -> int:
    if after.backwards or len(after.values) != 1 or not isinstance(after.values[0], int):
        raise Invalid("a search goes from the newest event to the oldest: hand back the next of its own page")
    return after.values[0]


class _Search:
    """One search: its statements, what they are given, and the pattern that decides."""

    def __init__(
        self, database: "Database", wanted: str, key: tuple[str, ...] | None, app: str | None, user: str | None
    ) -> None:
        plain = max(_PLAIN.findall(wanted), key=len, default="").lower()
        self.database = database
        self.pattern = re.compile(re.escape(wanted), re.IGNORECASE | re.ASCII)
        self.window, self.candidates = _ANYWHERE if key is None else _IN_SESSION
        self.given: Mapping[str, object] = {"app_name": app or "", "user_id": user or ""}
        if key is not None:
            self.given = dict(zip(("app_name", "user_id", "session_id"), SessionKey(*key), strict=True))
            if app not in (None, key[0]) or user not in (None, key[1]):
                raise Invalid("app or user contradicts the key of the session: leave them out")
        self.narrow = {**self.given, "plain": plain, "escape": _ESCAPE}

    def page(self, before: int, limit: int, look_at: int) -> Page[Hit]:
        hits: list[Hit] = []
        damage: list[Damage] = []
        while look_at > 0:
            at_once = min(look_at, _AT_ONCE)
            window = self.database.one(self.window, {**self.given, "before": before, "limit": at_once})
            assert window is not None
            low, high, looked = window
            found = self.database.all(self.candidates, {**self.narrow, "low": low, "high": high})
            damage.extend(found.damage)
            for hit in self._hits(found):
                hits.append(hit)
                if len(hits) == limit:
                    # The rows behind it are read again by the next page, which then names their damage.
                    so_far = (each for each in damage if each.key is None or each.key >= (hit.id,))
                    return Page(tuple(hits), Cursor((hit.id,)), tuple(so_far))
            before, look_at = low, look_at - looked
            if looked < at_once:
                return Page(tuple(hits), None, tuple(damage))
        return Page(tuple(hits), Cursor((before,)), tuple(damage))

    def _hits(self, rows: Page[SessionEvent]) -> Iterator[Hit]:
        for row in rows:
            event = read_event(row)
            for place, words in places(event):
                if match := self.pattern.search(words):
                    yield _hit(event, place, words, match)
                    break


def _hit(event: Event, place: str, words: str, match: re.Match[str]) -> Hit:
    start, end = match.span()
    before, after = words[max(start - _AROUND, 0) : start], words[end : end + _AROUND]
    return Hit(
        event,
        place,
        "…" * (start > _AROUND) + before,
        match[0],
        after + "…" * (end + _AROUND < len(words)),
    )


def places(event: Event) -> Iterator[tuple[str, str]]:
    """What stands in an event for people to read, place by place; of one that cannot be read, its stored text."""
    for place, words in _said(event) if event.readable else (("event_data", _raw_text(event)),):
        if isinstance(words, str) and words:
            yield place, words


def _said(event: Event) -> Iterator[tuple[str, object]]:
    """The places; a value may be damaged."""
    words = event.text
    for named in event.attachments:  # these words are ours, not the event's
        words = words.replace(named, "")
    yield from (("text", words), ("reasoning", event.reasoning))
    for call in event.tool_calls:
        yield "tool", call.name
        yield from _decoded("arguments", call.arguments)
    for result in event.tool_results:
        yield "tool", result.name
        yield from _decoded("result", result.content)
    error: object = event.error
    if isinstance(error, EventError):
        yield from (("error", error.message), ("error", error.type), ("error", error.code))
    yield "author", event.author


def _decoded(place: str, stored: object) -> Iterator[tuple[str, object]]:
    """A text that may be JSON itself: as it is and, if anything is escaped in it, the texts within."""
    yield place, stored
    if isinstance(stored, str) and "\\" in stored and stored.lstrip()[:1] in ("{", "[", '"'):
        try:
            inside = [read_json(stored)]
        except Unreadable:
            return
        while inside:
            value = inside.pop()
            if isinstance(value, dict):
                inside += [part for pair in reversed(value.items()) for part in reversed(pair)]
            elif isinstance(value, list):
                inside += reversed(value)
            else:
                yield place, value


def _raw_text(event: Event) -> object:
    return event.raw.decode("utf-8", "replace") if isinstance(event.raw, bytes) else event.raw
