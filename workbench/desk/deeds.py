"""The work of the deeds: what is deleted goes to the trash first, what is changed is compared with what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from workbench.data.errors import Conflict, Invalid
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verb import Doing, Done

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.data.agents.records import SessionState
    from workbench.data.engine.stored import Value
    from workbench.desk.trash_deleting import Deleted

_SESSION = ("app_name", "user_id", "session_id")
_OF_SESSION = ("sessions", "session_events", "session_states", "session_summaries")


# -- sessions ------------------------------------------------------------------------------------------------


def count_session(source: Source, doing: Doing) -> Mapping[str, int]:
    """How many rows a session has."""
    return {"sessions": 1, "events": source.sessions.count_events(_session_key(doing))}


def delete_session(source: Source, doing: Doing) -> Done:
    """Delete a session with its events, its own state and its summaries.

    The events of a long one go first, the oldest before the others; then all that is left, at once.
    """
    from workbench.desk.trash_deleting import TOGETHER, Doomed

    key = _session_key(doing)
    where: dict[str, Value] = dict(zip(_SESSION, key, strict=True))
    rest = [Doomed(table, where) for table in _OF_SESSION]
    long = source.sessions.count_events(key) > TOGETHER
    events = (Doomed("session_events", {"id": id, **where}) for id in source.sessions.event_ids(key)) if long else ()
    deleted = _delete(source, doing, "session", chain(events, rest), [key])
    if deleted.stopped:
        words = plain(f"stopped: {deleted.count:,} events of session ") + safe(doing.record.session_id, limit=80)
        words += plain(" are deleted, the session and its newer events are there")
        return Done(words, {"rows": deleted.count}, deleted.entry, stopped=True)
    if not deleted.count:
        raise Conflict(f"the session {'/'.join(_session_key(doing))} is gone already: nothing was deleted")
    words = plain("deleted: session ") + safe(doing.record.session_id, limit=80)
    return Done(words + plain(f" with {deleted.count - 1:,} rows of it"), {"rows": deleted.count}, deleted.entry)


def value_of_session(source: Source, doing: Doing) -> SessionState | None:
    """The value that is to be changed, as it is now."""
    found: SessionState | None = source.sessions.session_value(_session_key(doing), doing.options["key"])
    return found


def set_state(source: Source, doing: Doing) -> Done:
    """Set one value of a session's own state, if it still is as it was read."""
    key, name, value = _session_key(doing), doing.options["key"], doing.options["value"]
    source.sessions.edit_session_value(key, name, value.encode("utf-8", "surrogateescape"), shown=doing.shown)
    return Done(plain("set: ") + safe(name, limit=80), {"values": 1})


def unset_state(source: Source, doing: Doing) -> Done:
    """Remove one value of a session's own state, if it still is as it was read."""
    from workbench.desk.trash_deleting import Doomed

    key, name, shown = _session_key(doing), doing.options["key"], doing.shown
    where: dict[str, Value] = {**dict(zip(_SESSION, key, strict=True)), "key": name}
    if shown is not None and (shown.value is None or isinstance(shown.value, bytes)):
        where["value"] = shown.value
    deleted = _delete(source, doing, "session", [Doomed("session_states", where)], [(*key, name)])
    if not deleted.count and shown is not None:
        raise Conflict(f"the value {name!r} of this session has changed since it was read: look again")
    if not deleted.count:
        raise Invalid(f"the state of this session has no {name!r}: `workbench session show ID --part state` shows it")
    return Done(plain("removed: ") + safe(name, limit=80), {"values": 1}, deleted.entry)


def one_value(source: Source, doing: Doing) -> Mapping[str, int]:
    """A deed that changes a single value."""
    return {"values": 1}


def _session_key(doing: Doing) -> tuple[str, str, str]:
    row = doing.record
    return row.app_name, row.user_id, row.session_id


# -- events --------------------------------------------------------------------------------------------------


def count_old_events(source: Source, doing: Doing) -> Mapping[str, int]:
    """How many events are older than asked."""
    app = doing.options.get("app")
    return {"events": source.sessions.count_old_events(_age(doing), app=app, most=doing.most)}


def purge_events(source: Source, doing: Doing) -> Done:
    """Delete events that are older than asked, some at a time."""
    steps = _Steps(doing)
    gone = source.sessions.prune_old_events(
        _age(doing), app=doing.options.get("app"), progress=doing.progress, go_on=steps.go_on
    )
    return steps.done("events", gone)


def _age(doing: Doing) -> timedelta:
    text = str(doing.options["older_than"])
    number, unit = text[:-1], text[-1:]
    spans = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
    if unit not in spans or not number.isdecimal() or not 0 < int(number) <= 36_500:
        raise Invalid(f'--older-than {text!r} is no age: write it as "30d", "12h" or "90m"')
    return int(number) * spans[unit]


# -- memories ------------------------------------------------------------------------------------------------


def delete_memory(source: Source, doing: Doing) -> Done:
    """Delete a memory, if it still says what was shown."""
    from workbench.desk.trash_deleting import Doomed

    memory = doing.record
    where = {"id": memory.id, "app_name": memory.app_name, "user_id": memory.user_id}
    if isinstance(memory.content, str):
        where["content"] = memory.content
    deleted = _delete(source, doing, "memory", [Doomed("memories", where)], [memory.key])
    return _deleted(deleted, "memory", memory.id)


def edit_memory(source: Source, doing: Doing) -> Done:
    """Give a memory another content or other topics, if it still is as it was shown."""
    content, topics = doing.options.get("content"), doing.options.get("topic")
    if content is None and not topics:
        raise Invalid("there is nothing to change: give --content or --topic")
    memory = doing.record
    changed = source.memories.edit_memory(
        memory.key,
        memory.content if content is None else content,
        topics or memory.topics,
        shown=memory,
    )
    return Done(plain("edited: memory ") + safe(changed.id), {"memories": 1})


def count_user(source: Source, doing: Doing) -> Mapping[str, int]:
    """How many memories there are of a user."""
    return {"memories": sum(1 for _ in _of_user(source, doing))}


def forget_user(source: Source, doing: Doing) -> Done:
    """Delete every memory of a user."""
    from workbench.desk.trash_deleting import Doomed

    owner = (doing.options["app"], doing.options["user"])
    doomed = (
        Doomed("memories", {"id": memory.id, "app_name": memory.app_name, "user_id": memory.user_id})
        for memory in list(_of_user(source, doing))
    )
    deleted = _delete(source, doing, "memory", doomed, [owner])
    words = plain(f"forgotten: {deleted.count:,} memories of ") + safe(owner[1], limit=80)
    if deleted.stopped:
        words = plain("stopped; ") + words + plain(", the others are there")
    return Done(words, {"memories": deleted.count}, deleted.entry, deleted.stopped)


def _of_user(source: Source, doing: Doing) -> Any:  # noqa: ANN401 - an iterator of memories
    from workbench.data.engine.page import every

    owner = (doing.options["app"], doing.options["user"])
    return every(lambda after: source.memories.read_memories(owner, 500, after))


# -- short memory --------------------------------------------------------------------------------------------


def delete_short(source: Source, doing: Doing) -> Done:
    """Delete a value, if it is still the one that was shown."""
    from workbench.desk.trash_deleting import Doomed

    row = doing.record
    where: dict[str, Value] = {"memory_type": row.memory_type, "key": row.key}
    if isinstance(row.value, str):
        where["value"] = row.value
    deleted = _delete(source, doing, "short-memory", [Doomed("short_memories", where)], [(row.memory_type, row.key)])
    return _deleted(deleted, "short memory", row.key)


def count_expired(source: Source, doing: Doing) -> Mapping[str, int]:
    """How many values have expired."""
    return {"values": sum(count.expired for count in source.short_memory.counts().values())}


def purge_expired(source: Source, doing: Doing) -> Done:
    """Delete what has expired. Its program counts it as gone already, so it does not go to the trash."""
    steps = _Steps(doing)
    gone = source.short_memory.cleanup(progress=doing.progress, go_on=steps.go_on)
    return steps.done("expired values", gone)


def one_row(source: Source, doing: Doing) -> Mapping[str, int]:
    """A deed that is done to one row."""
    return {"rows": 1}


# -- common --------------------------------------------------------------------------------------------------


class _Steps:
    """Asks before each chunk of a purge whether to go on, and notes that it was not."""

    def __init__(self, doing: Doing) -> None:
        self._asked = doing.go_on
        self.stopped = False

    def go_on(self) -> bool:
        self.stopped = not self._asked()
        return not self.stopped

    def done(self, what: str, gone: int) -> Done:
        """What was purged, and that the rest was not."""
        counts = {what.rpartition(" ")[2]: gone}
        some = f"{gone:,} {what[:-1] if gone == 1 else what}"
        words = f"stopped: {some} purged, the others are there" if self.stopped else f"purged: {some}"
        return Done(plain(words), counts, stopped=self.stopped)


def _delete(source: Source, doing: Doing, noun: str, doomed: Any, keys: list[tuple[str, ...]]) -> Deleted:  # noqa: ANN401
    from workbench.desk.trash_deleting import about, deleting

    assert doing.trash is not None  # whoever deletes hands one over
    verb = str(doing.options.get("deed", "delete"))
    act = about(source, doing.operator, verb, noun, ["/".join(key) for key in keys])
    return deleting(source, doomed, doing.trash, act, progress=doing.progress, go_on=doing.go_on)


def _deleted(deleted: Deleted, noun: str, id: object) -> Done:
    if not deleted.count:
        raise Conflict(f"this {noun} is gone, or no longer as it was shown: look again; nothing was deleted")
    words: SafeText = plain(f"deleted: {noun} ") + safe(id, limit=80)
    return Done(words, {"rows": deleted.count}, deleted.entry)
