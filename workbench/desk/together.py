"""One decision about many items: which of them it is about, and what became of each. Both faces decide many by this.

Every item is decided for itself: compared with what was listed, skipped if somebody was faster, on record before and
after. What came by a messenger is never decided along with the rest: it is a group of its own, or left as it is.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.data import Source
from workbench.data.agents.deciding import said
from workbench.data.agents.records import Approval, Clarification
from workbench.data.errors import Conflict, NotFound, Unavailable, WorkbenchError
from workbench.desk.acting import Report, fate, kind_of, name_of, perform, refusal, reread, unfit, warnings
from workbench.desk.inbox import APPROVAL, Key
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verbs import VERBS, Record, Verb

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.desk.audit import Audit

PAUSE = 0.010  # seconds between two writes: each lock of ours can fail a write of the program that owns the file
ASKED_MANY = ("approve", "reject", "send-back", "dismiss")  # an answer is for one question
DONE, SKIPPED, FAILED, NOT_TRIED = "done", "skipped", "failed", "not tried"
STOPPED = plain("it was stopped before")
_NOUNS = {"approval": ("call", "calls"), "question": ("question", "questions")}


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it was listed: what is decided is this very record."""

    source: str
    record: Record

    @property
    def key(self) -> Key:
        """What the inbox knows it by."""
        return (self.source, kind_of(self.record), self.record.id)

    @property
    def by_messenger(self) -> bool:
        """Whether a decision here has side effects on the chat that it came by."""
        return bool(warnings(self.record))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One item that is not decided with the others, and why."""

    key: Key
    name: SafeText
    why: SafeText


@dataclass(frozen=True, slots=True)
class Group:
    """What one decision is about. `apart` came by a messenger and waits for a decision of its own."""

    verb: Verb
    items: tuple[Item, ...]
    apart: tuple[Item, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def by_messenger(self) -> bool:
        """Whether this is a group of what came by a messenger."""
        return any(item.by_messenger for item in self.items)

    @property
    def what(self) -> str:
        """`12 calls`, `1 call and 2 questions`."""
        return counted(item.record for item in self.items)


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one item: it was done, skipped, it failed, or it was not tried."""

    item: Item
    result: str
    words: SafeText
    report: Report | None = None
    error: WorkbenchError | None = None

    @property
    def key(self) -> Key:
        """Which item."""
        return self.item.key


# -- before ------------------------------------------------------------------------------------------------------


def look_up(source: Source, name: str, verb: Verb, keys: Iterable[Key]) -> list[Item | LeftOut]:
    """These items of a source as they are now; what the verb cannot be used on is left out, with the reason."""
    return [_look_up(source, name, verb, key) for key in keys]


def _look_up(source: Source, name: str, verb: Verb, key: Key) -> Item | LeftOut:
    _, kind, id = key
    try:
        store = source.approvals if kind == APPROVAL else source.clarifications
        return judged(source, name, verb, store.get(id))
    except NotFound:
        return LeftOut(key, plain(f"{kind} ") + safe(id[:8]), plain("it is gone from the database"))


def judged(source: Source, name: str, verb: Verb, record: Record, *, looking: bool = False) -> Item | LeftOut:
    """A record as an item of a decision about many, or why the verb cannot be used on it.

    Who is only `looking` is not told that the source is read-only.
    """
    item = Item(name, record)
    fits = item.key[1] in verb.applies
    why = unfit(record) if looking and fits else refusal(verb, source, record)
    if why is None:
        return item
    if not fits:
        others = " or ".join(each.id for each in VERBS if item.key[1] in each.applies)
        return LeftOut(item.key, name_of(record), plain(f"{verb.id} is not for a {item.key[1]}: use {others}"))
    if isinstance(record.status, str) and record.status != "pending":
        from workbench.desk.moments import now

        return LeftOut(item.key, name_of(record), plain("already ") + fate(record, now()))
    return LeftOut(item.key, name_of(record), safe(why))


def group(verb: Verb, found: Iterable[Item | LeftOut]) -> Group:
    """What one decision is about: all that did not come by a messenger, else what did, as a group of its own."""
    found = list(found)
    items = tuple(each for each in found if isinstance(each, Item))
    left_out = tuple(each for each in found if isinstance(each, LeftOut))
    others = tuple(item for item in items if not item.by_messenger)
    if not others:
        return Group(verb, items, (), left_out)
    return Group(verb, others, tuple(item for item in items if item.by_messenger), left_out)


def counted(records: Iterable[Record]) -> str:
    """`12 calls`, `1 call and 2 questions`, `nothing`."""
    counts = Counter(map(kind_of, records))
    parts = [f"{count:,} {_NOUNS[kind][count != 1]}" for kind, count in sorted(counts.items())]
    return " and ".join(parts) or "nothing"


# -- doing -------------------------------------------------------------------------------------------------------


def decide(
    verb: Verb,
    source: Source,
    items: Sequence[Item],
    text: str,
    *,
    audit: Audit,
    of: int | None = None,
    unseen: Mapping[Key, int] | None = None,
    via: str = "screen",
    stop: Callable[[], bool] = lambda: False,
    told: Callable[[Became], None] = lambda _: None,
) -> list[Became]:
    """Decide these items of one source, one after the other, and tell of each as soon as it is known.

    `stop` is asked before each; the rest is then not tried, as when the source or the audit log is out of reach.
    `of` is how many the whole decision is about, where other sources have some of them.
    """
    became: list[Became] = []
    why: SafeText | None = None
    for number, item in enumerate(items):
        if why is None and stop():
            why = STOPPED
        if why is None:
            if number and not source.ours:
                time.sleep(PAUSE)
            one = _decide(verb, source, item, text, audit, (unseen or {}).get(item.key, 0), via, of or len(items))
            if one.result == FAILED and isinstance(one.error, Unavailable):
                why = plain("what came before it failed")
        else:
            one = Became(item, NOT_TRIED, plain("not tried: ") + why)
        became.append(one)
        told(one)
    return became


def _decide(verb: Verb, source: Source, item: Item, text: str, audit: Audit, unseen: int, via: str, of: int) -> Became:
    counts = {"together": of}
    try:
        report = perform(verb, source, item.record, text, audit=audit, unseen=unseen, via=via, counts=counts)
    except WorkbenchError as error:
        return Became(item, FAILED, _why(item, error), error=error)
    if report.error is not None:
        result = SKIPPED if isinstance(report.error, (Conflict, NotFound)) else FAILED
        return Became(item, result, _why(item, report.error), report, report.error)
    if report.unrecorded is not None:
        return Became(item, DONE, report.words, report, report.unrecorded)
    return Became(item, DONE, plain(verb.done), report)


def _why(item: Item, error: WorkbenchError) -> SafeText:
    """What went wrong, without the name of the item: that stands before it."""
    id = item.record.id
    return safe(str(error).removeprefix(f"approval {said(id)} ").removeprefix(f"question {id} "))


def not_tried(items: Iterable[Item], why: SafeText) -> list[Became]:
    """All of these as not tried."""
    return [Became(item, NOT_TRIED, plain("not tried: ") + why) for item in items]


def summary(verb: Verb, became: Iterable[Became]) -> SafeText:
    """One line: `480 approved, 19 skipped (decided or changed by others), 1 not tried`."""
    counts = Counter(one.result for one in became)
    words = {
        DONE: verb.done,
        SKIPPED: "skipped (decided or changed by others)",
        FAILED: "failed",
        NOT_TRIED: "not tried",
    }
    return plain(", ".join(f"{counts[result]:,} {words[result]}" for result in words if counts[result]) or "nothing")


# -- afterwards --------------------------------------------------------------------------------------------------


def overwritten(source: Source, became: Iterable[Became]) -> dict[Key, SafeText]:
    """Which decisions stand no more, and what stands there now: on PostgreSQL their program can overwrite them."""
    found: dict[Key, SafeText] = {}
    for one in became:
        if one.report is None or one.result != DONE:
            continue
        record = one.report.record
        try:
            row = reread(source, record)
        except NotFound:
            found[one.key] = plain("the row is gone")
            continue
        if row.status != record.status or (isinstance(row, Approval) and row != record):
            by = f" by {row.resolved_by}" if isinstance(row, Approval) and row.resolved_by else ""
            found[one.key] = plain("overwritten: now ") + safe(f"{row.status}{by}")
    return found


def heard_since(source: Source, became: Iterable[Became], decided_at: datetime, operator: str) -> SafeText:
    """Whether anybody else has written to this database since; nobody can know more than that."""
    from workbench.data.agents.clock import now
    from workbench.desk.aftermath import seconds

    ours = {(_table(one.item.record), one.item.record.id) for one in became if one.result == DONE}
    written = source.activity.written_since(decided_at, by_others_than=operator, ignoring=ours)
    moment = now()
    if written.at is not None:
        return plain(f"others wrote to this database {seconds(moment - written.at)} ago")
    return plain(f"nobody has written since ({seconds(moment - decided_at)})")


def _table(record: Record) -> str:
    return "clarifications" if isinstance(record, Clarification) else "approvals"
