"""Old events, counted and deleted: by instants, some at a time, so that other programs can write in between.

Events stand in the order of their ids, and so nearly in that of their times: the search ends at the first thousand in
a row that are younger.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from workbench.data.agents.clock import moment_of
from workbench.data.agents.session import SomeSession, key_of
from workbench.data.agents.session_reading import OF_SESSION, EventMark, runs
from workbench.data.agents.store import AgentsStore, always, nobody
from workbench.data.agents.tables import SESSION_EVENTS
from workbench.data.engine import codecs
from workbench.data.engine.page import Cursor
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Invalid

_PAGE = 1_000  # events that are looked at together, and that are younger in a row when the search ends
_TOGETHER = 200  # events of one chunk
_MARK = Row.plain(EventMark, id=codecs.bigint, created_at=codecs.local_text)
_WHERE = {False: "", True: "app_name = :app_name AND "}
_MARKS = {
    by_app: Statement(
        f"SELECT {{columns}} FROM session_events WHERE {where}{{after}} ORDER BY {{order}} LIMIT :limit",
        row=_MARK,
        table=SESSION_EVENTS,
        order=("id",),
    )
    for by_app, where in _WHERE.items()
}
_IDS = Statement(
    f"SELECT {{columns}} FROM session_events WHERE {OF_SESSION} AND {{after}} ORDER BY {{order}} LIMIT :limit",
    row=_MARK,
    table=SESSION_EVENTS,
    order=("id",),
)
_DELETE: dict[bool, Statement[None]] = {
    by_app: Statement(
        f"DELETE FROM session_events WHERE {where}id BETWEEN :first AND :last",
        params={"first": codecs.bigint, "last": codecs.bigint},
        table=SESSION_EVENTS,
    )
    for by_app, where in _WHERE.items()
}
_COUNT = Statement(
    f"SELECT count(*) AS n FROM session_events WHERE {OF_SESSION}",
    row=Row.plain(int, n=codecs.bigint),
    table=SESSION_EVENTS,
)


class Pruning(AgentsStore):
    """The part of `Sessions` that counts events and deletes old ones."""

    def count_events(self, key: SomeSession) -> int:
        """How many events a session has."""
        return self._database.one(_COUNT, key_of(key)._asdict()) or 0

    def event_ids(self, key: SomeSession) -> Iterator[int]:
        """The ids of a session's events, the oldest first, without what is in them."""
        values, after = key_of(key)._asdict(), None
        while True:
            page = self._database.page(_IDS, values, limit=_PAGE, after=after)
            yield from (mark.id for mark in page)
            after = page.next
            if after is None:
                return

    def count_old_events(
        self, older_than: timedelta, *, app: str | None = None, at: datetime | None = None, most: int | None = None
    ) -> int:
        """How many events are older than so long, of all applications or of one; at most about `most` are counted."""
        count = 0
        for _, found in self._old(older_than, app, at):
            count += len(found)
            if most is not None and count >= most:
                return most
        return count

    def prune_old_events(
        self,
        older_than: timedelta,
        *,
        app: str | None = None,
        at: datetime | None = None,
        progress: Callable[[int], None] = nobody,
        go_on: Callable[[], bool] = always,
    ) -> int:
        """Delete events that are older than so long; how many that were.

        They go in chunks, each whole: after one `progress` is told how many have gone, before one `go_on` is asked.
        An event whose time cannot be read stays. Where another program writes too, the statements pause for it.
        """
        return self._chunk_by_chunk(self._chunks(older_than, app, at), progress, go_on)

    def _chunks(self, older_than: timedelta, app: str | None, at: datetime | None) -> Iterator[list[Callable[[], int]]]:
        for seen, found in self._old(older_than, app, at):
            rest = iter(found)
            while some := list(islice(rest, _TOGETHER)):
                yield [partial(self._delete_stretch, app, first, last) for first, last in runs(seen, set(some))]

    def _old(
        self, older_than: timedelta, app: str | None, at: datetime | None
    ) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """Page by page: the ids that were looked at, and those of them that are old."""
        if not isinstance(older_than, timedelta) or older_than <= timedelta():
            raise Invalid(f"older_than={older_than!r} is no age: pass a timedelta of more than nothing")
        before = moment_of(at) - older_than
        values = {} if app is None else {"app_name": app}
        after: Cursor | None = None
        young = 0
        while True:
            page = self._database.page(_MARKS[app is not None], values, limit=_PAGE, after=after)
            old = [mark.id for mark in page if isinstance(mark.created_at, datetime) and mark.created_at < before]
            if old:
                yield [mark.id for mark in page], old
            young = 0 if old else young + len(page)
            after = page.next
            if after is None or young >= _PAGE:
                return

    def _delete_stretch(self, app: str | None, first: int, last: int) -> int:
        values: dict[str, object] = {"first": first, "last": last}
        if app is not None:
            values["app_name"] = app
        return self._database.run(_DELETE[app is not None], values)
