"""An item of the inbox in full: what is asked, by whom, what is known about it, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from workbench.data import Source
from workbench.data.agents.clock import now
from workbench.data.agents.records import Approval, Clarification, damaged_fields
from workbench.data.agents.waiting_evidence import evidence
from workbench.data.engine import times
from workbench.data.errors import NotFound
from workbench.desk.acting import fate, kind_of, refusal
from workbench.desk.arguments import differing_keys
from workbench.desk.detail import Detail, Parts, notes_of
from workbench.desk.inbox import ABANDONED_AFTER, APPROVAL, Key, Waiting
from workbench.desk.lines import DetailLine, Piece, labelled
from workbench.desk.moments import clock, coarse
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verbs import VERBS, Record


def read_detail(
    source: Source,
    item: Waiting,
    after: timedelta = ABANDONED_AFTER,
    at: datetime | None = None,
    reveal: Record | None = None,
) -> Detail | None:
    """Read an item in full; None when its row is gone. If it is as `reveal` still, its secrets are not masked."""
    moment = at or now()
    try:
        store = source.approvals if item.kind == APPROVAL else source.clarifications
        record: Record = store.get(item.id)
    except NotFound:
        return None
    return describe(source, item.key, record, after, moment, reveal=reveal is not None and record == reveal)


def describe(
    source: Source, key: Key, record: Record, after: timedelta, moment: datetime, *, reveal: bool = False
) -> Detail:
    """A record that was read, in full."""
    last_write = source.activity.written_since(times.EPOCH, at=moment).at if record.status == "pending" else None
    parts = Parts(reveal)
    body = _of_approval(source, record, moment, parts) if isinstance(record, Approval) else _of_question(record, parts)
    verbs = [verb for verb in VERBS if kind_of(record) in verb.applies]
    return Detail(
        key,
        kind_of(record),
        record,
        (*_times(record, after, last_write, moment), *body),
        {verb.id: why for verb in verbs if (why := refusal(verb, source, record))},
        parts.cautions(),
        parts.secrets,
        parts.revealed,
        partial(_times, record, after, last_write),
    )


def _of_approval(source: Source, record: Approval, moment: datetime, parts: Parts) -> list[DetailLine]:
    """Its tool, its arguments, why, and what was decided for the same tool before."""
    parts.line(record.sender_context or record.created_by)
    tool = parts.line(record.tool_name)
    call = parts.call(record.args)
    why = parts.text(record.question).lines if record.question else ()
    return [
        DetailLine(plain("tool"), ((tool, "key"),), must_see=True),
        *labelled("args", call.lines, must_see=True),
        *labelled("why", why, must_see=True, prose=True),
        *_before(source, record, moment),
        *notes_of(parts),
        *damage_lines(record),
    ]


def _of_question(record: Clarification, parts: Parts) -> list[DetailLine]:
    """Its words, and the context that the agent gave."""
    parts.line(record.sender_context)
    asks = parts.text(record.question).lines
    context = parts.text(record.context).lines if record.context else ()
    return [
        *labelled("asks", asks, must_see=True, prose=True, tone="key"),
        *labelled("context", context, must_see=True, prose=True),
        *notes_of(parts),
        *damage_lines(record),
    ]


# -- the parts -----------------------------------------------------------------------------------------------


def _times(record: Record, after: timedelta, last_write: datetime | None, moment: datetime) -> Iterator[DetailLine]:
    """When it was asked and by whom, and what became of it or speaks for somebody still waiting. Nothing is read."""
    asked: object = record.created_at
    words = "at an unreadable time"
    if isinstance(asked, datetime):
        words = f"{clock(asked, moment)} ({coarse(moment - asked)})"
    who: object = record.sender_context or (record.created_by if isinstance(record, Approval) else "")
    by = plain(" by ") + safe(who if isinstance(who, str) else "(cannot be read)") if who else plain("")
    yield DetailLine(plain("asked"), ((plain(words), ""), (by, "")), prose=True)
    if record.status != "pending":
        yield DetailLine(plain("status"), ((fate(record, moment), "warn"),), prose=True)
        return
    expires: object = getattr(record, "expires_at", None)
    if isinstance(expires, datetime):
        late = expires <= moment
        span = f"{coarse(moment - expires)} ago" if late else f"in {coarse(expires - moment)}"
        yield DetailLine(plain("expires"), ((plain(f"{clock(expires, moment)} ({span})"), "warn" if late else ""),))
    yield DetailLine(plain("agent"), _evidence(record, after, last_write, moment), prose=True)


def _evidence(record: Record, after: timedelta, last_write: datetime | None, moment: datetime) -> tuple[Piece, ...]:
    """What speaks for somebody still waiting; never a certainty."""
    found = evidence(record, moment, after, last_write)
    if found.probably == "abandoned":
        words = "has probably given up" + (" (past its expiry)" if found.expired else f" (older than {coarse(after)})")
    else:
        words = "probably waits"
    heard = f" · last write to this database {coarse(moment - last_write)} ago" if last_write is not None else ""
    return ((plain(words), "warn" if found.probably == "abandoned" else ""), (plain(heard), "faint"))


def _before(source: Source, record: Approval, moment: datetime) -> Iterator[DetailLine]:
    """What became of this tool's calls lately, and how this one differs from the last that was approved."""
    if "tool_name" in damaged_fields(record):
        return
    made = source.activity.decisions_for(record.tool_name)
    counts = (
        (made.approved, "approved"),
        (made.approved_with_feedback, "approved with feedback"),
        (made.rejected, "rejected"),
        (made.sent_back, "sent back"),
        (made.expired, "expired"),
    )
    words = ", ".join(f"{count} {word}" for count, word in counts if count)
    if not words:
        none = plain(f"none decided in the newest {made.looked_at:,}")
        yield DetailLine(plain("before"), ((none, "faint"),), prose=True)
        return
    told = plain(f"{words} in the newest {made.looked_at:,}")
    yield DetailLine(plain("before"), ((told, ""), *_last(made.latest, moment)), prose=True)
    approved = next((each for each in made.latest if each.decision == "approved"), None)
    if approved is not None:
        yield from _difference(source, record, approved.id)


def _difference(source: Source, record: Approval, approved: str) -> Iterator[DetailLine]:
    try:
        before = source.approvals.get(approved)
    except NotFound:
        return
    if "args" in (*damaged_fields(before), *damaged_fields(record)):
        return
    if differing := differing_keys(before.args, record.args):
        pieces = ((plain("from the last approved call: "), ""), (differing, "warn"))
        yield DetailLine(plain("differs"), pieces, prose=True)
    else:
        yield DetailLine(plain("differs"), ((plain("in nothing from the last approved call"), "faint"),), prose=True)


def _last(latest: tuple[object, ...], moment: datetime) -> Iterator[Piece]:
    if latest:
        last = latest[0]
        at, by = getattr(last, "at", None), getattr(last, "by", "")
        when = f", last {clock(at, moment)}" if isinstance(at, datetime) else ""
        yield plain(when) + (plain(" by ") + safe(by) if by else plain("")), ""


def damage_lines(record: Record) -> Iterator[DetailLine]:
    """Each field that cannot be read: why, and what stands there."""
    for name in damaged_fields(record):
        damaged = getattr(record, name)
        words = plain(f"{name}: ") + safe(damaged.why, limit=200) + plain(": ") + safe(repr(damaged.raw), limit=200)
        yield DetailLine(plain("damaged"), ((words, "bad"),), must_see=True)


def changed_fields(before: Record, after: Record) -> SafeText:
    """What reads differently in a record: the names of its fields, and of the arguments that changed."""
    names = [name for name in type(before).__slots__ if name != "stored"]
    changed = [name for name in names if getattr(before, name) != getattr(after, name, None)]
    words = plain(", ".join(changed))
    if isinstance(before, Approval) and isinstance(after, Approval) and "args" in changed:
        readable = isinstance(before.args, str) and isinstance(after.args, str)
        if readable and (keys := differing_keys(before.args, after.args)):
            words += plain(" (") + keys + plain(")")
    return words
