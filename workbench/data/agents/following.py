"""Following events as they are stored, by anybody, each exactly once.

On a server an event can become visible after one with a higher id: whoever wrote it had taken its id first and
committed later. So the ids of the last seconds are looked at again; texts are read only of events that are new.
"""

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from workbench.data.agents.records import SESSION_EVENT, SessionEvent
from workbench.data.agents.session_reading import OF_SESSION, runs
from workbench.data.agents.store import SessionKey
from workbench.data.agents.tables import SESSION_EVENTS
from workbench.data.engine import codecs
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.data.engine.database import Database

AGAIN = 5.0  # seconds for which an id that was not there may still come
_TICK = 0.25  # seconds between two notes of how far the ids went
RECENT = 1000  # events before the start whose gaps may still be filled

_BOUNDS = {"first": codecs.bigint, "last": codecs.bigint, "after_id": codecs.bigint}
_ID = Row.plain(int, id=codecs.bigint)


def _ids(where: str) -> Statement[int]:
    return Statement(
        f"SELECT {{columns}} FROM session_events WHERE {where}id > :after_id ORDER BY id LIMIT :limit",
        params=_BOUNDS,
        row=_ID,
        table=SESSION_EVENTS,
    )


def _rows(where: str) -> Statement[SessionEvent]:
    return Statement(
        f"SELECT {{columns}} FROM session_events WHERE {where}id BETWEEN :first AND :last ORDER BY id",
        params=_BOUNDS,
        row=SESSION_EVENT,
    )


_IDS, _IDS_OF = _ids(""), _ids(f"{OF_SESSION} AND ")
_ROWS, _ROWS_OF = _rows(""), _rows(f"{OF_SESSION} AND ")
_NEWEST = Statement(
    "SELECT {columns} FROM session_events WHERE {after} ORDER BY {order} LIMIT :limit",
    row=_ID,
    table=SESSION_EVENTS,
    order=("id",),
)


class Follower:
    """What is new in one session, or in all: see `Sessions.follow`. For one thread at a time."""

    def __init__(self, database: "Database", key: SessionKey | None, since_id: int | None) -> None:
        self._database = database
        self._key = key._asdict() if key else {}
        self._ids, self._rows = (_IDS_OF, _ROWS_OF) if key else (_IDS, _ROWS)
        self._in_order = database.engine == "sqlite"  # one writer at a time: ids become visible as they are given
        self._floor = 0  # every id up to here has been settled
        self._top = 0  # the highest id that was delivered, or was there at the start
        self._seen: set[int] = set()  # ids above the floor that need not be delivered any more
        self._notes: deque[tuple[float, int]] = deque()
        self._start(since_id)

    def _start(self, since_id: int | None) -> None:
        if since_id is not None and (isinstance(since_id, bool) or not isinstance(since_id, int)):
            raise Invalid(f"since_id={since_id!r} is no id of an event: pass a whole number")
        newest = self._database.page(_NEWEST, limit=RECENT, backwards=True)
        known = [each for each in newest if since_id is None or each <= since_id]
        self._top = since_id if since_id is not None else max(known, default=0)
        self._floor = self._top
        if known and not self._in_order:
            # What is older than all of these has been written long ago; any gap between them may still be filled.
            self._floor = min(known) - 1 if newest.next else min(min(known) - 1, 0)
            self._seen = set(known)
        begun = monotonic()
        self._settle(begun, begun)

    def new(self, limit: int = RECENT) -> tuple[SessionEvent, ...]:
        """The events that have not been delivered yet, at most `limit` of them, in the order of their ids.

        When exactly `limit` came there may be more: ask again.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise Invalid(f"limit={limit!r} events are none: ask for one at least")
        asked = monotonic()
        listed, fresh = self._unseen(limit)
        found: list[SessionEvent] = []
        for first, last in runs(listed, fresh):
            page = self._database.all(self._rows, {**self._key, "first": first, "last": last})
            found += (event for event in page if event.id in fresh)
        # Only now: if a read failed, the next call begins where this one did.
        self._seen |= fresh
        self._top = max(self._top, max(fresh, default=0))
        self._settle(asked, monotonic())
        return tuple(found)

    def _unseen(self, limit: int) -> tuple[list[int], set[int]]:
        """The ids above the floor, until so many of them are new; and which of them are."""
        listed: list[int] = []
        fresh: set[int] = set()
        while True:
            after = listed[-1] if listed else self._floor
            ids = self._database.all(self._ids, {**self._key, "after_id": after, "limit": RECENT})
            for each in ids:
                if len(fresh) == limit:
                    return listed, fresh
                listed.append(each)
                if each not in self._seen:
                    fresh.add(each)
            if len(ids) < RECENT:
                return listed, fresh

    def _settle(self, asked: float, read: float) -> None:
        """Raise the floor to where the ids went long enough before this look, and forget what is below."""
        settled = self._floor
        while self._notes and self._notes[0][0] <= asked - AGAIN:
            settled = max(settled, self._notes.popleft()[1])
        if self._in_order:
            settled = self._top
        if settled > self._floor:
            self._floor = settled
            self._seen = {each for each in self._seen if each > settled}
        if not self._in_order and (not self._notes or read - self._notes[-1][0] >= _TICK):
            self._notes.append((read, self._top))
