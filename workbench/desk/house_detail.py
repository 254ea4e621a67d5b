"""What belongs to the workbench itself, in full: an act of an operator, a source as it is configured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.desk.amounts import age_text, size_text
from workbench.desk.detail import Detail, Parts, notes_of
from workbench.desk.lines import DetailLine, fact, labelled
from workbench.desk.moments import clock, coarse
from workbench.desk.safe import plain

if TYPE_CHECKING:
    from workbench.desk.audit import Act
    from workbench.desk.audit_chain import Entry
    from workbench.desk.house import Known
    from workbench.desk.looking import Looking

_TONES = {"failed": "bad", "interrupted": "warn", "unknown": "warn"}
_KEYS = 100  # keys that are told one by one
UNDO = "trash"  # under which an act that can be undone names its entry of the trash


def act_detail(act: Act, looking: Looking) -> Detail:
    """Everything that is on record of an act, before it and after it."""
    entry, outcome = act.entry, act.outcome
    parts = Parts(looking.reveal is not None and looking.reveal == act)
    lines = (
        *_moments(act, looking),
        fact("by", parts.line(entry.operator) + plain(" on ") + parts.line(entry.host), "key"),
        *([fact("ssh", parts.line(entry.ssh))] if entry.ssh else []),
        fact("with", parts.line(entry.via or "—") + plain(f", process {entry.pid}")),
        fact("source", parts.line(entry.source or "—")),
        *([fact("at", parts.line(entry.where), "faint")] if entry.where else []),
        fact("did", parts.line(entry.verb) + plain(" ") + parts.line(entry.noun), "key"),
        *_keys(entry, parts),
        *_counts("preview", act.intent.counts if act.intent else {}, parts),
        *([fact("unseen", plain(f"{entry.unseen:,} lines were never on screen"), "warn")] if entry.unseen else []),
        *labelled("reason", parts.text(entry.reason).lines if entry.reason else (), prose=True),
        *_more("with", act.intent, parts),
        fact("result", parts.line(act.result), _TONES.get(act.result, "")),
        *labelled("error", parts.text(act.error).lines if act.error else (), prose=True, tone="bad"),
        *_counts("counted", outcome.counts if outcome else {}, parts),
        *_more("and", outcome, parts),
        *_undo(act, parts),
        fact("record", plain(f"{entry.seq:,}"), "faint"),
        fact("id", parts.line(entry.id), "faint"),
        *notes_of(parts),
    )
    key = (looking.source, "audit", entry.id)
    return Detail(key, "audit", act, lines, {}, parts.cautions(), parts.secrets, parts.revealed)


def undo_entry(act: Act) -> str | None:
    """The entry of the trash from which an act can be undone."""
    found = act.outcome.more.get(UNDO) if act.outcome is not None else None
    return found if isinstance(found, str) and found else None


def _moments(act: Act, looking: Looking) -> Iterator[DetailLine]:
    for label, entry in (("begun", act.intent), ("done", act.outcome)):
        if entry is None:
            what = "nobody wrote that down" if label == "done" else "its first record is missing"
            yield fact(label, plain(what), "warn")
        else:
            ago = coarse(looking.moment - entry.time)
            yield fact(
                label, plain(f"{clock(entry.time, looking.moment)} ({ago} ago), {entry.time:%Y-%m-%d %H:%M:%SZ}")
            )


def _keys(entry: Entry, parts: Parts) -> Iterator[DetailLine]:
    for number, key in enumerate(entry.keys[:_KEYS]):
        yield fact("" if number else "to", parts.line(str(key)))
    if len(entry.keys) > _KEYS:
        yield fact("", plain(f"and {len(entry.keys) - _KEYS:,} more"), "faint")


def _counts(label: str, counts: Mapping[str, Any], parts: Parts) -> Iterator[DetailLine]:
    if counts:
        yield fact(label, parts.line(", ".join(f"{name} {count}" for name, count in counts.items())))


def _more(label: str, entry: Entry | None, parts: Parts) -> Iterator[DetailLine]:
    more = {name: value for name, value in (entry.more if entry else {}).items() if name != UNDO}
    if more:
        yield from labelled(label, parts.call(json.dumps(more, default=str)).lines)


def _undo(act: Act, parts: Parts) -> Iterator[DetailLine]:
    if (entry := undo_entry(act)) is not None:
        yield fact("undo", plain("`workbench undo ") + parts.line(entry[:12]) + plain("` puts it back"))


def source_detail(known: Known, looking: Looking) -> Detail:
    """A source: what the settings say, and what it answered."""
    parts = Parts(reveal=False)
    values = {
        "state": known.state,
        "engine": known.engine,
        "holds": ", ".join(known.kinds),
        "mode": known.mode,
        "size": size_text(known.size) if known.size is not None else None,
        "written": age_text(known.last_write) if isinstance(known.last_write, datetime) else None,
        "clock": known.clock,
        "where": known.where,
    }
    sentences = [("problem", each) for each in known.problems] + [("drift", each) for each in known.drift]
    lines = (
        fact("name", parts.line(known.name), "key"),
        *(fact(label, parts.line(value)) for label, value in values.items() if value),
        *([fact("care", plain("production: destroying asks for its name"), "warn")] if known.production else []),
        *(fact(label, parts.line(sentence), "warn") for label, sentence in sentences),
        *([fact("error", parts.line(known.error), "bad")] if known.error else []),
        *(fact("note", parts.line(note)) for note in known.notes),
        *notes_of(parts),
    )
    return Detail((looking.source, "source", known.name), "source", known, lines)
