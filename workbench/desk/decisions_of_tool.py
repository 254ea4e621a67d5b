"""Who else decided the calls of a tool, and how: the newest decisions, each with its words and what it was about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from workbench.data import Source
from workbench.data.agents.records import Approval, damaged_fields
from workbench.data.agents.tool_decisions import Decisions
from workbench.data.errors import NotFound
from workbench.desk.acting import quoted, short
from workbench.desk.arguments import difference, differing_keys
from workbench.desk.detail import Detail
from workbench.desk.lines import NO_LABEL, DetailLine, Piece, fact
from workbench.desk.moments import clock, coarse
from workbench.desk.safe import SafeText, plain, safe

MOST = 20  # decisions that are read in full
_TONES = {"approved": "string", "rejected": "bad", "sent back": "warn"}
_BLANK = DetailLine(NO_LABEL, (), labelled=False)


@dataclass(frozen=True, slots=True)
class Earlier:
    """One decision: how it was decided, and the call as its row stands now."""

    how: str
    record: Approval


@dataclass(frozen=True, slots=True)
class ToolDecisions:
    """The newest decisions of a tool; `call` is the one that they are compared with, if there is one."""

    tool: str
    made: Decisions
    earlier: tuple[Earlier, ...]
    call: Approval | None = None


def read_decisions(source: Source, tool: str, call: Approval | None = None, most: int = MOST) -> ToolDecisions:
    """The newest decisions of a tool (exactly so named) among the newest calls of all tools."""
    made: Decisions = source.activity.decisions_for(tool, latest=most)
    earlier = []
    for decided in made.latest:
        try:
            record: Approval = source.approvals.get(decided.id)
        except NotFound:
            continue  # it went between the two readings
        if call is None or record.id != call.id:
            earlier.append(Earlier(decided.decision, record))
    return ToolDecisions(tool, made, tuple(earlier), call)


def differs(earlier: Earlier, call: Approval | None) -> tuple[SafeText, ...] | None:
    """The names of the arguments in which a call differs from an earlier one; None where that cannot be told."""
    if call is None or "args" in (*damaged_fields(call), *damaged_fields(earlier.record)):
        return None
    return difference(earlier.record.args, call.args)


def detail_of(found: ToolDecisions, source: str, moment: datetime) -> Detail:
    """All of it in full, for both faces."""
    return Detail((source, "tool", found.tool), "tool", found, tuple(_lines(found, moment)))


def _lines(found: ToolDecisions, moment: datetime) -> Iterator[DetailLine]:
    yield DetailLine(plain("tool"), ((safe(found.tool), "key"),))
    many = f"{found.made.looked_at:,} call{'' if found.made.looked_at == 1 else 's'}"
    looked = plain(f"in the newest {many} of all tools")
    yield fact("decided", (counts(found.made) or plain("none")) + plain(" ") + looked)
    if found.call is not None:
        yield fact("compared", plain("with the arguments of ") + safe(short(found.call.id)))
    for number, earlier in enumerate(found.earlier, 1):
        yield _BLANK
        yield from _of_one(number, earlier, found.call, moment)


def counts(made: Decisions) -> SafeText:
    """`3 approved, 1 sent back`; empty if nothing was decided."""
    named = (
        (made.approved, "approved"),
        (made.approved_with_feedback, "approved with feedback"),
        (made.rejected, "rejected"),
        (made.sent_back, "sent back"),
        (made.expired, "expired"),
        (made.other, "otherwise"),
    )
    return plain(", ".join(f"{count:,} {words}" for count, words in named if count))


def _of_one(number: int, earlier: Earlier, call: Approval | None, moment: datetime) -> Iterator[DetailLine]:
    record = earlier.record
    at: object = record.resolved_at
    when = plain(clock(at, moment) if isinstance(at, datetime) else "at an unknown time") + plain("  ")
    by: tuple[Piece, ...] = ((plain(" by ") + quoted(record.resolved_by), ""),) if record.resolved_by else ()
    how = (safe(earlier.how, limit=60), _TONES.get(earlier.how, ""))
    yield DetailLine(plain(f"{number}"), ((when, ""), how, *by), prose=True)
    yield DetailLine(plain("asked"), (_asked(record, at), (plain(" · ") + safe(short(record.id)), "faint")), prose=True)
    if record.feedback:
        yield DetailLine(plain("said"), ((quoted(record.feedback), ""),), prose=True)
    if call is None:
        return
    names = differs(earlier, call)
    if names is None:
        yield DetailLine(
            plain("differs"), ((plain("nobody can say: its arguments cannot be read"), "bad"),), prose=True
        )
    elif names:
        yield DetailLine(plain("differs"), ((_named(earlier, call), "warn"),), prose=True)
    else:
        yield DetailLine(plain("differs"), ((plain("in nothing"), "faint"),), prose=True)


def _named(earlier: Earlier, call: Approval) -> SafeText:
    return differing_keys(earlier.record.args, call.args)


def _asked(record: Approval, decided: object) -> Piece:
    """When and by whom it was asked, and for how long it waited."""
    asked: object = record.created_at
    words = plain("at an unreadable time")
    if isinstance(asked, datetime):
        # In the zone and the form of the other moments of this list.
        words = plain(clock(asked, decided if isinstance(decided, datetime) else asked))
        if isinstance(decided, datetime):
            words += plain(f" ({coarse(decided - asked)} before)")
    who: object = record.sender_context or record.created_by
    return (words + (plain(" by ") + quoted(who) if who else plain("")), "")


def data_of(earlier: Earlier, call: Approval | None) -> dict[str, object]:
    """One decision for programs."""
    from workbench.desk.cells import told

    record = earlier.record
    names = differs(earlier, call)
    fields = ("id", "tool_name", "resolved_at", "resolved_by", "feedback", "created_at", "sender_context", "created_by")
    values = {name: told(getattr(record, name)) for name in fields}
    return {"decision": earlier.how, **values, "differs": None if names is None else [str(name) for name in names]}
