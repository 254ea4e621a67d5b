"""A memory in full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from workbench.data.agents.memories import Memory
from workbench.data.agents.records import ShortMemory
from workbench.desk.detail import Detail, Parts, notes_of
from workbench.desk.lines import DetailLine, fact, labelled
from workbench.desk.looking import Looking
from workbench.desk.moments import clock, coarse
from workbench.desk.safe import plain


def memory_detail(memory: Memory, looking: Looking) -> Detail:
    """What is remembered, of whom, and since when."""
    parts = Parts(looking.reveal is not None and looking.reveal == memory)
    content = parts.text(memory.content).lines
    topics: object = memory.topics
    told = ", ".join(map(str, topics)) if isinstance(topics, tuple) else "(cannot be read)"
    lines = (
        fact("of", parts.line(memory.user_id) + plain(" in ") + parts.line(memory.app_name)),
        *labelled("content", content, prose=True),
        *labelled("topics", parts.text(told or "—").lines, prose=True),
        *_moment("created", memory.created_at, looking),
        *_moment("updated", memory.updated_at, looking),
        fact("id", parts.line(memory.id), "faint"),
        *notes_of(parts),
    )
    key = (looking.source, "memory", memory.app_name, memory.user_id, memory.id)
    return Detail(key, "memory", memory, lines, {}, parts.cautions(), parts.secrets, parts.revealed)


def short_detail(row: ShortMemory, looking: Looking) -> Detail:
    """A value with its time to live."""
    parts = Parts(looking.reveal is not None and looking.reveal == row)
    value = parts.call(row.value).lines
    lines = (
        fact("type", parts.line(row.memory_type), "key"),
        fact("key", parts.line(row.key)),
        *labelled("value", value),
        *_left(row, looking),
        *_moment("created", row.created_at, looking),
        *notes_of(parts),
    )
    key = (looking.source, "short-memory", row.memory_type, row.key)
    return Detail(key, "short-memory", row, lines, {}, parts.cautions(), parts.secrets, parts.revealed)


def _moment(label: str, at: object, looking: Looking) -> Iterator[DetailLine]:
    if not isinstance(at, datetime):
        yield fact(label, plain("at a time that cannot be read"), "warn")
    elif at.year <= 1:
        yield fact(label, plain("unknown: the program that wrote it did not keep it"), "faint")
    else:
        yield fact(label, plain(f"{clock(at, looking.moment)} ({coarse(looking.moment - at)} ago)"))


def _left(row: ShortMemory, looking: Looking) -> Iterator[DetailLine]:
    expires: object = row.expires_at
    if not isinstance(expires, datetime):
        yield fact("expires", plain("at a time that cannot be read"), "warn")
        return
    late = expires <= looking.moment
    span = coarse(looking.moment - expires if late else expires - looking.moment)
    words = (
        f"{clock(expires, looking.moment)} ({span} ago)" if late else f"{clock(expires, looking.moment)} (in {span})"
    )
    yield fact("expires", plain(words), "warn" if late else "")
