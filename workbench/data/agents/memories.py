"""Memories: what an agent keeps of its users and of its own work, by application and user.

A memory's id follows from its application, user and first content, so adding the same one again renews it.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from workbench.data.agents.ids import MOST, keys_beginning
from workbench.data.agents.records import MEMORY, Stored
from workbench.data.agents.store import PAGE, AgentsStore, UserKey, required
from workbench.data.agents.tables import MEMORIES
from workbench.data.engine import codecs
from workbench.data.engine.database import Database
from workbench.data.engine.page import Cursor, Page
from workbench.data.engine.statement import Pair, Row, Statement
from workbench.data.engine.times import Unreadable
from workbench.data.errors import Conflict, Invalid, NotFound

_ZERO = datetime(1, 1, 1, tzinfo=UTC)  # what the other program leaves in created_at when it adds a memory again
_BATCH = 100  # rows that one statement of `clear_memories` removes
# What that program's JSON encoder writes in other letters than ours.
_GO = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class MemoryKey(NamedTuple):
    """Which memory; a plain triple is taken too."""

    app_name: str
    user_id: str
    id: str


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory. `created_at` in the year 1 is how the other program says that it no longer knows."""

    id: str
    app_name: str
    user_id: str
    content: str
    topics: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)

    @property
    def key(self) -> MemoryKey:
        """By what it is updated and deleted."""
        return MemoryKey(self.app_name, self.user_id, self.id)


def _read_topics(raw: object) -> tuple[str, ...]:
    text = codecs.text.decode(raw)
    try:
        found = json.loads(text)  # type: ignore[arg-type]
    except (ValueError, RecursionError):
        raise Unreadable("not JSON where a list of topics belongs") from None
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(topic, str) for topic in found):
        raise Unreadable("JSON, but no list of texts, where a list of topics belongs")
    return tuple(found)


def _write_topics(topics: object) -> str:
    """The JSON text that the other program's encoder would write."""
    if isinstance(topics, str) or not isinstance(topics, Iterable):
        raise Invalid(f"topics must be several texts, as in [{topics!r}], not {type(topics).__name__}")
    texts = [codecs.text.encode[codecs.SQLITE](topic) for topic in topics]
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")).translate(_GO)


_TOPICS = replace(
    codecs.text,
    name="topics",
    decode=_read_topics,
    encode={codecs.SQLITE: _write_topics, codecs.POSTGRES: _write_topics},
    quick=None,
    quick_encode=None,
)
_ROW = Row(
    Memory,
    tuple((name, _TOPICS if name == "topics" else codec) for name, codec in MEMORY.columns),
    MEMORIES,
    stored=True,
)
_NEWEST = ("updated_at DESC", "id DESC")
# A row of another user, whose key happens to give the same id, is not taken over.
_ADD = Statement(
    "INSERT INTO memories (id, app_name, user_id, content, topics, created_at, updated_at) "
    "VALUES (:id, :app_name, :user_id, :content, :topics, :created_at, :updated_at) "
    "ON CONFLICT (id) DO UPDATE SET app_name = excluded.app_name, user_id = excluded.user_id, "
    "content = excluded.content, topics = excluded.topics, updated_at = excluded.updated_at, created_at = "
    "CASE WHEN memories.created_at = :zero THEN excluded.created_at ELSE memories.created_at END "
    "WHERE CAST(memories.app_name AS text) = excluded.app_name AND CAST(memories.user_id AS text) = excluded.user_id "
    "RETURNING {columns}",
    row=_ROW,
    params={"topics": _TOPICS, "zero": codecs.local_text},
)
# Bytes in a text column read as text, so they are named as text too.
_KEY = "id = :id AND CAST(app_name AS text) = :app_name AND CAST(user_id AS text) = :user_id"
_GET = Statement(f"SELECT {{columns}} FROM memories WHERE {_KEY}", row=_ROW)
_HOLD = Statement(f"SELECT {{columns}} FROM memories WHERE {_KEY} {{for_update}}", row=_ROW)
_UPDATE = Statement(
    f"UPDATE memories SET content = :content, topics = :topics, updated_at = :updated_at WHERE {_KEY} "
    "RETURNING {columns}",
    row=_ROW,
    params={"topics": _TOPICS},
)
_DELETE: Statement[None] = Statement(f"DELETE FROM memories WHERE {_KEY}", table=MEMORIES)
_CLEAR_SOME: Statement[None] = Statement(
    "DELETE FROM memories WHERE id IN "
    "(SELECT id FROM memories WHERE app_name = :app_name AND user_id = :user_id AND id IS NOT NULL LIMIT :limit)",
    table=MEMORIES,
)
_CLEAR: Statement[None] = Statement(
    "DELETE FROM memories WHERE app_name = :app_name AND user_id = :user_id", table=MEMORIES
)


_LISTED = "SELECT {columns} FROM memories WHERE %s{after} ORDER BY {order} LIMIT :limit"
_OF_APP, _OF_USER = "app_name = :app_name AND ", "user_id = :user_id AND "
_LISTS = {
    (by_app, by_user): Statement(_LISTED % (_OF_APP * by_app + _OF_USER * by_user), row=_ROW, order=_NEWEST)
    for by_app in (False, True)
    for by_user in (False, True)
}
# SQLite folds the case of the letters A to Z alone; PostgreSQL does so in the collation "C".
_SEARCH = Statement(
    Pair(
        sqlite=_LISTED % f"{_OF_APP}{_OF_USER}instr(lower(CAST(content AS text)), lower(:query)) > 0 AND ",
        postgres=_LISTED % f'{_OF_APP}{_OF_USER}strpos(lower(content COLLATE "C"), lower(:query COLLATE "C")) > 0 AND ',
    ),
    row=_ROW,
    params={"query": codecs.text},
    order=_NEWEST,
)


class Memories(AgentsStore):
    """The memories of a source: `source.memories`."""

    # -- writing ---------------------------------------------------------------------------------------------

    def add_memory(self, user_key: UserKey | tuple[str, str], content: str, topics: Iterable[str] = ()) -> Memory:
        """Keep a memory of a user; the same content again renews its topics and its `updated_at`.

        `created_at` stays as it was, unless it is the zero time that the other program leaves there.
        """
        app_name, user_id = _user(user_key)
        moment = self._clock.local()
        found = self._database.one(
            _ADD,
            {
                "id": _id_of(app_name, user_id, content),
                "app_name": app_name,
                "user_id": user_id,
                "content": content,
                "topics": topics,
                "created_at": moment,
                "updated_at": moment,
                "zero": _zero(self._database.dialect),
            },
        )
        if found is None:
            raise Conflict(
                f"the memory of {app_name} / {user_id} has the id of another user's memory, which stays as it is: "
                "change the content, or name the user otherwise"
            )
        return found

    def update_memory(
        self, memory_key: MemoryKey | tuple[str, str, str], content: str, topics: Iterable[str]
    ) -> Memory:
        """Give a memory another content and other topics; its id stays, although it no longer follows from them."""
        key = _memory(memory_key)
        moment = self._clock.local()
        changed = {"content": content, "topics": topics, "updated_at": moment, **key._asdict()}
        found = self._database.one(_UPDATE, changed)
        if found is None:
            raise _not_found(key)
        return found

    def edit_memory(
        self, memory_key: MemoryKey | tuple[str, str, str], content: str, topics: Iterable[str], *, shown: Memory
    ) -> Memory:
        """As `update_memory`, if the memory still is as it was shown; on disk before this returns."""
        key = _memory(memory_key)

        def edit(database: Database) -> Memory:
            found = database.one(_HOLD, key._asdict())
            if found is None:
                raise _not_found(key)
            if found != shown:
                raise Conflict(f"the memory {key.id} has been changed since it was shown: look again")
            return self.update_memory(key, content, topics)

        return self._database.transact(edit, durable=True)

    def delete_memory(self, memory_key: MemoryKey | tuple[str, str, str]) -> bool:
        """Remove a memory; whether it was there. On disk before this returns."""
        key = _memory(memory_key)
        return self._database.transact(lambda db: db.run(_DELETE, key._asdict()), durable=True) > 0

    def clear_memories(self, user_key: UserKey | tuple[str, str]) -> int:
        """Remove every memory of a user; how many there were.

        In somebody else's SQLite file they go a hundred at a time, with pauses for its program in between; when
        that is cut short, the rest is still there and may be cleared again.
        """
        key = _user(user_key)
        if self._source.engine == "sqlite" and not self._source.ours:
            return self._one_by_one(self._clearing(key))
        return self._database.transact(lambda db: db.run(_CLEAR, key._asdict()), durable=True)

    def _clearing(self, key: UserKey) -> Iterator[Callable[[], int]]:
        removed = 0
        some = {**key._asdict(), "limit": _BATCH}

        def remove_some() -> int:
            nonlocal removed
            removed = self._database.run(_CLEAR_SOME, some)
            return removed

        yield remove_some
        while removed == _BATCH:
            yield remove_some
        yield partial(self._database.run, _CLEAR, key._asdict())  # rows without an id, which only SQLite can hold

    # -- reading ---------------------------------------------------------------------------------------------

    def get_memory(self, memory_key: MemoryKey | tuple[str, str, str]) -> Memory:
        """One memory."""
        key = _memory(memory_key)
        found = self._database.one(_GET, key._asdict())
        if found is None:
            raise _not_found(key)
        return found

    def read_memories(
        self, user_key: UserKey | tuple[str, str], limit: int = PAGE, after: Cursor | None = None
    ) -> Page[Memory]:
        """The memories of a user, the last updated first (in that program's clock order)."""
        return self._database.page(_LISTS[True, True], _user(user_key)._asdict(), limit=limit, after=after)

    def search_memories(
        self, user_key: UserKey | tuple[str, str], query: str, limit: int = PAGE, after: Cursor | None = None
    ) -> Page[Memory]:
        """The memories of a user whose content holds a text as it stands; "" is in all of them.

        On every engine `%` and `_` mean themselves, and only the letters A to Z match in either case.
        """
        params = {**_user(user_key)._asdict(), "query": query}
        return self._database.page(_SEARCH, params, limit=limit, after=after)

    def list(
        self,
        app: str | None = None,
        user: str | None = None,
        *,
        limit: int = PAGE,
        after: Cursor | None = None,
        backwards: bool = False,
    ) -> Page[Memory]:
        """Memories of everybody, or of one application or user, the last updated first.

        `backwards` begins with the last page.
        """
        named = {name: value for name, value in (("app", app), ("user", user)) if value is not None}
        required(**named)
        statement = _LISTS[app is not None, user is not None]
        values = {"app_name": app, "user_id": user}
        return self._database.page(statement, values, limit=limit, after=after, backwards=backwards)

    def keys_beginning(self, beginning: str, *, limit: int = MOST) -> tuple[MemoryKey, ...]:
        """The keys of memories whose id begins so, at most `limit` of them."""
        return tuple(MemoryKey(*key) for key in keys_beginning(self._database, MEMORIES, beginning, limit))

    # -- what other programs ask of a memory service ---------------------------------------------------------

    def tools(self) -> tuple[object, ...]:
        """The tools that this service offers to agents: none, as in the program that made these tables."""
        return ()

    def enqueue_auto_memory_job(self, session: object) -> None:
        """Do nothing, as that program does: memories are made by whoever calls `add_memory`, never behind its back."""


def _user(key: UserKey | tuple[str, str]) -> UserKey:
    if not isinstance(key, tuple) or len(key) != 2:
        raise Invalid(f"{key!r} names no user: pass UserKey(app_name, user_id)")
    found = UserKey(*key)
    required(**found._asdict())
    return found


def _memory(key: MemoryKey | tuple[str, str, str]) -> MemoryKey:
    if not isinstance(key, tuple) or len(key) != 3:
        raise Invalid(f"{key!r} names no memory: pass MemoryKey(app_name, user_id, id)")
    found = MemoryKey(*key)
    required(**found._asdict())
    return found


def _not_found(key: MemoryKey) -> NotFound:
    return NotFound(
        f"memory not found: {key.id} of {key.app_name} / {key.user_id}: list the memories to see which exist"
    )


def _id_of(app_name: str, user_id: str, content: str) -> str:
    """The id that follows from a memory, the same as the other program's."""
    import uuid

    for text in (app_name, user_id, content):
        codecs.text.encode[codecs.SQLITE](text)
    return str(uuid.uuid5(uuid.UUID(int=0), f"{app_name}:{user_id}:{content}"))


def _zero(dialect: str) -> object:
    return "0001-01-01 00:00:00 +0000 UTC" if dialect == codecs.SQLITE else _ZERO
