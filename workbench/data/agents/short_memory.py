"""Short memory: values that an agent keeps for a while, by type and key.

The other program compares expiry as text and never removes anything; here instants decide, and `cleanup` removes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import NamedTuple

from workbench.data.agents.clock import moment_of, now
from workbench.data.agents.ids import MOST, keys_beginning
from workbench.data.agents.records import SHORT_MEMORY, ShortMemory
from workbench.data.agents.store import PAGE, AgentsStore, always, nobody, required, seconds_of
from workbench.data.agents.tables import SHORT_MEMORIES
from workbench.data.engine import codecs, times
from workbench.data.engine.page import Cursor, Damage, Damaged, Page
from workbench.data.engine.statement import Row, Statement, shape_of
from workbench.data.errors import Corrupt, Invalid

_BATCH = 100  # rows that one statement of `cleanup` removes: a lock of less than a millisecond
_CHUNK = 1000  # rows that `cleanup` reads at a time
_SCAN = 2000  # rows that a filtered list looks through before it hands over what it has
# Wall clocks differ by at most 26 hours, so a text from longer ago is past on every one of them.
_ZONES = timedelta(days=2)


class TypeCount(NamedTuple):
    """How many values of one type live, are expired, or have an expiry that cannot be read."""

    live: int
    expired: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row is and when it expires, each exactly as stored."""

    key: object
    memory_type: object
    expires_at: object


def _same(value: object) -> object:
    return value


def _exactly(codec: codecs.Codec) -> codecs.Codec:
    """A column read and handed back exactly as it is stored, whatever that is."""
    same = {codecs.SQLITE: _same, codecs.POSTGRES: _same}
    return replace(codec, name="exact", decode=_same, quick="{v}", encode=same, quick_encode=None, instant=False)


_TEXT = _exactly(codecs.text)
_TIME = _exactly(codecs.local_text)
_SET: Statement[None] = Statement(
    "INSERT INTO short_memories (key, memory_type, value, expires_at, created_at) "
    "VALUES (:key, :memory_type, :value, :expires_at, :created_at) "
    "ON CONFLICT (key, memory_type) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
    table=SHORT_MEMORIES,
)


def _value_and_expiry(value: object, expires_at: object) -> tuple[object, object]:
    return value, expires_at


_GET = Statement(
    "SELECT value, expires_at FROM short_memories WHERE key = :key AND memory_type = :memory_type",
    row=Row.plain(_value_and_expiry, value=codecs.text, expires_at=codecs.local_text),
    table=SHORT_MEMORIES,
)
_ROW = Statement(
    "SELECT {columns} FROM short_memories WHERE key = :key AND memory_type = :memory_type", row=SHORT_MEMORY
)
_DELETE: Statement[None] = Statement(
    "DELETE FROM short_memories WHERE key = :key AND memory_type = :memory_type", table=SHORT_MEMORIES
)
_EXPIRIES = Statement(
    "SELECT expires_at FROM short_memories WHERE memory_type = :memory_type AND expires_at > :long_ago",
    row=Row.plain(_same, expires_at=_TIME),
    table=SHORT_MEMORIES,
    params={"long_ago": codecs.local_text},
)
_TOTALS = Statement(
    "SELECT memory_type, count(*) AS n FROM short_memories GROUP BY memory_type",
    row=Row.plain(lambda memory_type, n: (memory_type, n), memory_type=codecs.text.optional(), n=codecs.bigint),
    table=SHORT_MEMORIES,
)
# Whatever is not plainly past: recent on some clock, or not of the form that every time has.
_DOUBTFUL = Statement(
    "SELECT memory_type, expires_at FROM short_memories "
    "WHERE expires_at > :long_ago OR coalesce(CAST(expires_at AS text), '') NOT LIKE '____-__-__%'",
    row=Row.plain(_value_and_expiry, memory_type=codecs.text.optional(), expires_at=_TIME),
    table=SHORT_MEMORIES,
    params={"long_ago": codecs.local_text},
)
_ORDER = ("expires_at DESC", "key DESC", "memory_type DESC")
_LIST, _LIST_TYPE, _LIST_RECENT, _LIST_TYPE_RECENT = (
    Statement(
        f"SELECT {{columns}} FROM short_memories WHERE {where}{{after}} ORDER BY {{order}} LIMIT :limit",
        row=SHORT_MEMORY,
        params={"long_ago": codecs.local_text},
        order=_ORDER,
    )
    for where in (
        "",
        "memory_type = :memory_type AND ",
        "expires_at > :long_ago AND ",
        "memory_type = :memory_type AND expires_at > :long_ago AND ",
    )
)
_OLDEST_FIRST = Statement(
    "SELECT {columns} FROM short_memories WHERE {after} ORDER BY {order} LIMIT :limit",
    row=Row(_Place, (("key", _TEXT), ("memory_type", _TEXT), ("expires_at", _TIME))),
    table=SHORT_MEMORIES,
    order=("expires_at", "key", "memory_type"),
)
_REMOVE: Statement[None] = Statement(
    "DELETE FROM short_memories WHERE "
    + " OR ".join(f"(key = :k{i} AND memory_type = :t{i} AND expires_at = :e{i})" for i in range(_BATCH)),
    table=SHORT_MEMORIES,
    params={f"{part}{i}": codec for i in range(_BATCH) for part, codec in (("k", _TEXT), ("t", _TEXT), ("e", _TIME))},
)


class ShortMemories(AgentsStore):
    """The short memory of a source: `source.short_memory`."""

    def set(self, memory_type: str, key: str, value: str, ttl: timedelta | float) -> None:
        """Keep a value for so long, given as a timedelta or in seconds; a value that is there is replaced.

        A time to live of zero or less keeps it as expired already, as the other program does.
        """
        if not key or not memory_type:
            required(memory_type=memory_type, key=key)
        moment = now()
        local = self._clock.local
        try:
            # A whole number is the usual case, and needs no second look.
            span = timedelta(seconds=ttl if ttl.__class__ is int else seconds_of(ttl, "ttl"))
            expires_at, created_at = local(moment + span), local(moment)
        except OverflowError:
            raise Invalid(f"ttl leads out of the years 1 to 9999: pass a shorter one than {ttl!r}") from None
        self._database.run(
            _SET,
            {
                "key": key,
                "memory_type": memory_type,
                "value": value,
                "expires_at": expires_at,
                "created_at": created_at,
            },
        )

    def get(self, memory_type: str, key: str, *, at: datetime | None = None) -> str | None:
        """The value, or None where there is none or it has expired by now (by `at`); nothing is removed.

        A row of which nobody can say whether it lives, or what it holds, is `Corrupt`.
        """
        if not key or not memory_type:
            required(memory_type=memory_type, key=key)
        found = self._database.one(_GET, {"key": key, "memory_type": memory_type})
        if found is None:
            return None
        value, expires_at = found
        moment = now() if at is None else moment_of(at)
        if expires_at.__class__ is datetime:
            if expires_at <= moment:
                return None
            if value.__class__ is str:
                return value
        damaged = value if isinstance(value, Damaged) else expires_at
        why = damaged.why if isinstance(damaged, Damaged) else "unreadable"
        raise Corrupt(
            f"the short memory {memory_type} / {key} of {self._database.display} cannot be read ({why}): "
            "set it again, or delete it"
        )

    def row(self, memory_type: str, key: str) -> ShortMemory | None:
        """A value with its times, expired or not; None where there is none."""
        required(memory_type=memory_type, key=key)
        return self._database.one(_ROW, {"key": key, "memory_type": memory_type})

    def keys_beginning(self, beginning: str, *, limit: int = MOST) -> tuple[tuple[str, ...], ...]:
        """The types and keys of values whose key begins so, at most `limit` of them."""
        return keys_beginning(self._database, SHORT_MEMORIES, beginning, limit)

    def delete(self, memory_type: str, key: str) -> bool:
        """Remove a value, expired or not; whether there was one."""
        required(memory_type=memory_type, key=key)
        return self._database.run(_DELETE, {"key": key, "memory_type": memory_type}) > 0

    def count(self, memory_type: str, *, at: datetime | None = None) -> int:
        """How many values of a type live now (at `at`)."""
        required(memory_type=memory_type)
        moment = moment_of(at)
        found = self._database.all(_EXPIRIES, {"memory_type": memory_type, "long_ago": self._long_before(moment)})
        return sum(_lives(expires_at, moment) is True for expires_at in found)

    def counts(self, *, at: datetime | None = None) -> dict[str, TypeCount]:
        """Every type with how many of its values live, are expired, and cannot be judged.

        Only rows that are not plainly past are read one by one, so that a table full of old rows is counted soon.
        """
        moment = moment_of(at)
        totals = dict(self._database.all(_TOTALS))
        judged: dict[tuple[str, bool | None], int] = {}
        for memory_type, expires_at in self._database.all(_DOUBTFUL, {"long_ago": self._long_before(moment)}):
            kind = (memory_type, _lives(expires_at, moment))
            judged[kind] = judged.get(kind, 0) + 1  # type: ignore[index, arg-type]
        counts = {}
        for memory_type, total in totals.items():
            live, unreadable = judged.get((memory_type, True), 0), judged.get((memory_type, None), 0)
            counts[memory_type] = TypeCount(live, max(0, total - live - unreadable), unreadable)
        return counts

    def list(
        self,
        memory_type: str | None = None,
        *,
        live: bool | None = None,
        limit: int = PAGE,
        after: Cursor | None = None,
        at: datetime | None = None,
        backwards: bool = False,
    ) -> Page[ShortMemory]:
        """Values of one type or of all, the last to expire first: the living, the expired, or (None) both.

        A row whose expiry cannot be read is neither living nor expired: it stands in the whole list. Where few rows
        match, a page may hold fewer than `limit` and still have a next one. `backwards` begins with the last page.
        """
        if memory_type is not None:
            required(memory_type=memory_type)
        moment = moment_of(at)
        params = {"memory_type": memory_type, "long_ago": self._long_before(moment)}
        if live is None:
            statement = _LIST if memory_type is None else _LIST_TYPE
            return self._database.page(statement, params, limit=limit, after=after, backwards=backwards)
        if live:
            statement = _LIST_RECENT if memory_type is None else _LIST_TYPE_RECENT
        else:
            statement = _LIST if memory_type is None else _LIST_TYPE
        return self._filtered(statement, params, live, moment, limit, after, backwards)

    def _filtered(
        self,
        statement: Statement[ShortMemory],
        params: dict[str, object],
        live: bool,
        moment: datetime,
        limit: int,
        after: Cursor | None,
        backwards: bool,
    ) -> Page[ShortMemory]:
        rows: list[ShortMemory] = []
        damage: list[Damage] = []
        looked, size = 0, limit
        while True:
            page = self._database.page(statement, params, limit=size, after=after, backwards=backwards)
            read = page[::-1] if backwards else page.rows  # in the order of reading
            places = [i for i, row in enumerate(read) if _lives(row.stored["expires_at"], moment) is live]
            room = limit - len(rows)
            if len(places) > room:
                size = places[room - 1] + 1  # read again, up to the last row that still fits
                continue
            rows += (read[i] for i in places)
            damage += page.damage
            looked += size
            after, size = page.next, max(limit - len(rows), 50)
            if after is None or len(rows) == limit or looked >= _SCAN:
                return Page(tuple(rows[::-1] if backwards else rows), after, tuple(damage))

    def cleanup(
        self,
        *,
        at: datetime | None = None,
        progress: Callable[[int], None] = nobody,
        go_on: Callable[[], bool] = always,
    ) -> int:
        """Remove what has expired by now (by `at`), of all types; how many rows that were.

        Each row goes only if its expiry still is the one that was read; a row whose expiry or key cannot be read
        stays. They go in chunks, each whole: after one `progress` is told how many have gone, before one `go_on` is
        asked. In somebody else's SQLite file the statements are small and pause for its program in between.
        """
        return self._chunk_by_chunk(
            (self._removals(chunk) for chunk in self._expired(moment_of(at)) if chunk), progress, go_on
        )

    def _expired(self, moment: datetime) -> Iterator[Sequence[_Place]]:
        after: Cursor | None = None
        while True:
            page = self._database.page(_OLDEST_FIRST, limit=_CHUNK, after=after)
            yield [place for place in page if _lives(place.expires_at, moment) is False and _reachable(place)]
            after = page.next
            if after is None:
                return

    def _removals(self, places: Iterable[_Place]) -> Iterator[Callable[[], int]]:
        rest = iter(places)
        while batch := tuple(islice(rest, _BATCH)):
            yield partial(self._remove, batch)

    def _remove(self, batch: Sequence[_Place]) -> int:
        values: dict[str, object] = {}
        for i in range(_BATCH):
            place = batch[min(i, len(batch) - 1)]  # a short batch names its last row again
            values[f"k{i}"], values[f"t{i}"], values[f"e{i}"] = place.key, place.memory_type, place.expires_at
        return self._database.run(_REMOVE, values)

    def _long_before(self, moment: datetime) -> object:
        earlier = moment - _ZONES if moment.year > 1 else moment
        return times.go_utc(earlier) if self._source.engine == "sqlite" else earlier


def _lives(stored: object, moment: datetime) -> bool | None:
    """Whether a value with this stored expiry lives at a moment; None where the expiry cannot be read."""
    try:
        return times.parse_instant(stored) > moment
    except times.Unreadable:
        return None


def _reachable(place: _Place) -> bool:
    """Whether a row can be named: its key is neither NULL nor a text that is no UTF-8."""
    return not (shape_of(place.key) or shape_of(place.memory_type))
