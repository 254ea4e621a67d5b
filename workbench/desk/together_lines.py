"""A decision about many items in lines, for both faces: first all that it is about, then what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workbench.data.agents.records import Approval
from workbench.data.agents.waiting_evidence import evidence
from workbench.desk.acting import name_of, short, warnings
from workbench.desk.detail import Detail, Parts, notes_of
from workbench.desk.inbox import ABANDONED_AFTER, APPROVAL, Key
from workbench.desk.item_detail import damage_lines
from workbench.desk.lines import NO_LABEL, DetailLine, Piece, labelled
from workbench.desk.moments import clock, coarse
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.together import DONE, FAILED, NOT_TRIED, Became, Group, Item, LeftOut, counted, summary
from workbench.desk.verbs import Record

_TONES = {DONE: "string", FAILED: "bad", NOT_TRIED: "warn"}
_BLANK = DetailLine(NO_LABEL, (), labelled=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A whole decision as it is listed: its lines, which of them belong to which item, and what to know before."""

    detail: Detail
    keys: tuple[Key | None, ...]  # of each line that must be seen: whose it is
    cautions: tuple[SafeText, ...]


@dataclass(frozen=True, slots=True)
class Laid:
    """One item laid out: its lines, and what of it is told once for all."""

    lines: tuple[DetailLine, ...]
    secrets: int
    odd: bool
    abandoned: bool


def lay_out(item: Item, moment: datetime, after: timedelta = ABANDONED_AFTER) -> Laid:
    """One item whole. It takes a while where there is much of it, so faces do it item by item."""
    parts = Parts(False)
    lines = tuple(_of_item(item, parts, moment, after))
    odd = len(parts.cautions()) > (1 if parts.secrets else 0)
    return Laid(lines, parts.secrets, odd, _probably(item.record, moment, after) == "abandoned")


def listed(group: Group, laid: Mapping[Key, Laid]) -> Listed:
    """Everything that is about to be decided, whole, its secrets masked; and what is left out, with the reasons."""
    lines: list[DetailLine] = [*_left_out(group)]
    keys: list[Key | None] = [None for line in lines if line.must_see]
    several = len({item.source for item in group.items}) > 1
    for number, item in enumerate(group.items, 1):
        head, *rest = laid[item.key].lines
        where: tuple[Piece, ...] = ((plain(" in ") + safe(item.source), "faint"),) if several else ()
        head = replace(head, pieces=((plain(f"{number:,} of {len(group.items):,}  "), "faint"), *head.pieces, *where))
        lines += (_BLANK, head, *rest) if lines else (head, *rest)
        keys += (item.key for line in (head, *rest) if line.must_see)
    mine = [laid[item.key] for item in group.items]
    secrets = sum(each.secrets for each in mine)
    cautions = _cautions(group, secrets, sum(each.odd for each in mine), sum(each.abandoned for each in mine))
    detail = Detail(("", "together", group.verb.id), "together", group, tuple(lines), secrets=secrets)
    return Listed(detail, tuple(keys), tuple(cautions))


def _cautions(group: Group, secrets: int, odd: int, abandoned: int) -> Iterator[SafeText]:
    """What is said in the bar in which all of it is confirmed."""
    if group.by_messenger:
        yield from warnings(group.items[0].record)
    if group.apart:
        yield plain(f"{counted(item.record for item in group.apart)} that came by a messenger: not decided with these")
    if odd:
        yield plain(f"in {odd:,} of these are hidden or odd characters; the notes beside them say which")
    if secrets:
        yield plain("1 secret is masked" if secrets == 1 else f"{secrets:,} secrets are masked")
    if abandoned:
        yield plain(f"of {abandoned:,} of these the agent has probably given up")


def _left_out(group: Group) -> Iterator[DetailLine]:
    """What was chosen and is not decided now."""
    if group.apart:
        told = (
            f"{counted(item.record for item in group.apart)} that came by a messenger, not decided with these: decide"
        )
        words = plain(f"{told} such calls one by one, or as a group of their own")
        yield DetailLine(plain("apart"), ((words, "warn"),), must_see=True, prose=True)
        for item in group.apart:
            yield DetailLine(NO_LABEL, ((name_of(item.record), ""),), prose=True)
    for number, left in enumerate(group.left_out):
        label = NO_LABEL if number else plain("left out")
        pieces: tuple[Piece, ...] = ((left.name, ""), (plain(": ") + left.why, "warn"))
        yield DetailLine(label, pieces, must_see=True, prose=True)
    if group.by_messenger:
        for warning in warnings(group.items[0].record):
            yield DetailLine(plain("warning"), ((warning, "warn"),), must_see=True, prose=True)


def _of_item(item: Item, parts: Parts, moment: datetime, after: timedelta) -> Iterator[DetailLine]:
    """One item, whole."""
    record = item.record
    parts.line(_who(record))
    id = (plain(" ") + safe(short(record.id)), "faint")
    if isinstance(record, Approval):
        yield DetailLine(NO_LABEL, ((parts.line(record.tool_name), "key"), id), must_see=True)
        yield _asked(record, moment, after)
        yield from labelled("args", parts.call(record.args).lines, must_see=True)
        if record.question:
            yield from labelled("why", parts.text(record.question).lines, must_see=True, prose=True)
    else:
        yield DetailLine(NO_LABEL, ((plain("question"), ""), id))
        yield _asked(record, moment, after)
        yield from labelled("asks", parts.text(record.question).lines, must_see=True, prose=True, tone="key")
        if record.context:
            yield from labelled("context", parts.text(record.context).lines, must_see=True, prose=True)
    yield from (replace(line, must_see=True) for line in notes_of(parts))
    yield from damage_lines(record)


def _asked(record: Record, moment: datetime, after: timedelta) -> DetailLine:
    """When it was asked and by whom, when it expires, and whether somebody probably waits."""
    asked: object = record.created_at
    words = plain("at an unreadable time")
    if isinstance(asked, datetime):
        words = plain(f"{clock(asked, moment)} ({coarse(moment - asked)})")
    if who := _who(record):
        words += plain(" by ") + safe(who if isinstance(who, str) else "(cannot be read)")
    expires: object = getattr(record, "expires_at", None)
    if isinstance(expires, datetime):
        late = expires <= moment
        words += plain(" · expired " if late else " · expires ") + plain(clock(expires, moment))
    pieces: tuple[Piece, ...] = ((words, ""),)
    if _probably(record, moment, after) == "abandoned":
        pieces = (*pieces, (plain(" · its agent has probably given up"), "warn"))
    return DetailLine(plain("asked"), pieces, prose=True)


def _who(record: Record) -> object:
    return record.sender_context or (record.created_by if isinstance(record, Approval) else "")


def _probably(record: Record, moment: datetime, after: timedelta) -> str:
    return evidence(record, moment, after, None).probably


# -- afterwards --------------------------------------------------------------------------------------------------


def report_lines(
    group: Group,
    became: Sequence[Became],
    later: Mapping[Key, SafeText] | None = None,
    heard: Sequence[SafeText] = (),
) -> tuple[DetailLine, ...]:
    """What became of all of it: how many of which, then one line for each item, in the order of the list."""
    later = later or {}
    told = summary(group.verb, became) if became else plain("nothing yet")
    lines = [DetailLine(plain("together"), ((told, "key"),), prose=True)]
    if later:
        lines.append(DetailLine(NO_LABEL, ((plain(f"{len(later):,} of these stand no more"), "bad"),), prose=True))
    lines += (DetailLine(NO_LABEL, ((words, "faint"),), prose=True) for words in heard)
    if group.apart:
        told = plain(f"not decided with these: {counted(item.record for item in group.apart)} that came by a messenger")
        lines.append(DetailLine(NO_LABEL, ((told, "warn"),), prose=True))
    lines.append(_BLANK)
    lines += (_became(one, later.get(one.key)) for one in became)
    lines += (_line_of(left) for left in group.left_out)
    return tuple(lines)


def _became(one: Became, later: SafeText | None) -> DetailLine:
    pieces: tuple[Piece, ...] = (
        (safe(short(one.item.record.id)), "faint"),
        (plain("  ") + _what(one.item.record) + plain(": "), ""),
        (one.words, _TONES.get(one.result, "warn")),
    )
    if later is not None:
        pieces = (*pieces, (plain(" · ") + later, "bad"))
    return DetailLine(NO_LABEL, pieces, labelled=False, prose=True)


def _line_of(left: LeftOut) -> DetailLine:
    _, kind, id = left.key
    begin = plain("") if kind == APPROVAL else safe(short(id)) + plain("  ")  # the name of a call has its id
    pieces: tuple[Piece, ...] = (
        (begin, "faint"),
        (left.name + plain(": "), ""),
        (plain("left out: ") + left.why, "warn"),
    )
    return DetailLine(NO_LABEL, pieces, labelled=False, prose=True)


def _what(record: Record) -> SafeText:
    """The tool, or the question: the id stands before it."""
    if isinstance(record, Approval):
        return safe(record.tool_name).cut(44) if isinstance(record.tool_name, str) else plain("(unreadable)")
    return name_of(record)
