"""Doing what an operator asks: refused where it may not be, audited before and after, never half-said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.data import Source
from workbench.data.agents.deciding import MUST_BE_READABLE
from workbench.data.agents.records import Approval, Clarification, damaged_fields
from workbench.data.errors import Conflict, Invalid, NotFound, ReadOnly, WorkbenchError
from workbench.desk.inbox import APPROVAL, QUESTION, by_messenger
from workbench.desk.moments import clock
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.secrets import mask
from workbench.desk.verb import Doing, Verb

if TYPE_CHECKING:
    from workbench.desk.audit import Audit
    from workbench.desk.verbs import Record

_QUESTION_MUST_BE_READABLE = ("question", "context", "sender_context", "status")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one act: the record as it is now, or the error.

    `unrecorded` says why the audit log does not have its outcome, although it was done and stands.
    """

    verb: Verb
    record: Record
    error: WorkbenchError | None = None
    unrecorded: WorkbenchError | None = None

    @property
    def words(self) -> SafeText:
        """One line for the operator."""
        if self.error is not None:
            return safe(str(self.error))
        done = plain(f"{self.verb.done}: ") + name_of(self.record)
        if self.unrecorded is None:
            return done
        return done + plain(". That stands, but the audit log holds only the intent: ") + safe(str(self.unrecorded))


def kind_of(record: Record) -> str:
    """Which kind of item a record is."""
    return APPROVAL if isinstance(record, Approval) else QUESTION


def name_of(record: Record) -> SafeText:
    """A record in a few words: the tool and the short id, or the question."""
    if isinstance(record, Approval):
        tool = safe(record.tool_name).cut(44) if isinstance(record.tool_name, str) else plain("(unreadable)")
        return tool + plain(" ") + safe(short(record.id))
    return quoted(record.question).cut(60)


def quoted(text: object) -> SafeText:
    """A text that somebody wrote, on one line, its secrets masked."""
    return mask(text).safe if isinstance(text, str) else plain("(unreadable)")


def short(id: str) -> str:
    """The first characters of an id, which tell it from others most of the time."""
    return id[:8]


def refusal(verb: Verb, source: Source, record: Record) -> str | None:
    """Why a verb cannot be used on a record now, in a few words; None when it can."""
    if kind_of(record) not in verb.applies:
        return "not for this kind"
    return verb.refusal(source, record)


def refused(verb: Verb, source: Source, record: Record) -> str | None:
    """Why an item cannot be decided at all, in a few words."""
    return unfit(record)


def unfit(record: Record) -> str | None:
    """Why a record cannot be decided, whoever asks."""
    needed = MUST_BE_READABLE if isinstance(record, Approval) else _QUESTION_MUST_BE_READABLE
    damaged = [name for name in damaged_fields(record) if name in needed]
    if damaged:
        return f"its {damaged[0]} cannot be read"
    if record.status != "pending":
        return f"already {record.status}"
    return None


def fate(record: Record, moment: datetime) -> SafeText:
    """What became of a record: `approved by ops@bastion at 11:20: go ahead`, or that it is pending."""
    if isinstance(record, Approval):
        at: object = record.resolved_at
        by, said = record.resolved_by, record.feedback
    else:
        at, by, said = record.answered_at, "", record.answer
    words = safe(record.status) if isinstance(record.status, str) else plain("(unreadable)")
    if by:
        words += plain(" by ") + quoted(by)
    if isinstance(at, datetime):
        words += plain(f" at {clock(at, moment)}")
    return words + (plain(": ") + quoted(said) if said else plain(""))


def warnings(record: Record) -> tuple[SafeText, ...]:
    """What an operator should know before deciding."""
    if isinstance(record, Approval) and by_messenger(record.sender_context):
        return (
            plain(
                "came by a messenger: its program will swallow that sender's next messages until it restarts; "
                "better answer in the channel"
            ),
        )
    return ()


def perform(
    verb: Verb,
    source: Source,
    record: Record,
    text: str,
    *,
    audit: Audit,
    unseen: int = 0,
    via: str = "screen",
    counts: Mapping[str, int] | None = None,
) -> Report:
    """Use a verb on a record as it was shown. The audit has the intent before anything is written."""
    try:
        if source.read_only:
            raise ReadOnly(f"{source.name} is open read-only: open it with --write, or press W on the screen")
        words = verb.refuse_text(text)
        with audit.intent(
            source=source.name,
            where=source.display,
            verb=verb.id,
            noun=kind_of(record),
            keys=[record.id],
            reason=words,
            counts=counts,
            unseen=unseen,
            via=via,
        ) as act:
            decided = verb.run(source, Doing(record, {}, audit.operator, text=words)).record
            try:
                act.outcome(verb.done)
            except WorkbenchError as error:
                return Report(verb, decided, unrecorded=error)
        return Report(verb, decided)
    except (Conflict, NotFound, Invalid, ReadOnly) as error:
        return Report(verb, record, error)


def what_became(source: Source, kind: str, id: str, moment: datetime) -> SafeText | None:
    """What became of an item that waits no longer; None if it waits still."""
    try:
        record: Record = source.approvals.get(id) if kind == APPROVAL else source.clarifications.get(id)
    except NotFound:
        return safe(f"{kind} {short(id)} is gone from the database")
    return None if record.status == "pending" else name_of(record) + plain(": ") + fate(record, moment)


def reveal(source: Source, record: Record, secrets: int, *, audit: Audit, via: str = "screen") -> None:
    """Note that an operator looks at the secrets of a record. Nothing is to be shown before this has returned."""
    with audit.intent(
        source=source.name,
        where=source.display,
        verb="reveal",
        noun=kind_of(record),
        keys=[record.id],
        counts={"secrets": secrets},
        via=via,
    ) as act:
        act.outcome("revealed")


def reread(source: Source, record: Record) -> Record:
    """A record as it is now."""
    if isinstance(record, Approval):
        found: Approval | Clarification = source.approvals.get(record.id)
    else:
        found = source.clarifications.get(record.id)
    return found
