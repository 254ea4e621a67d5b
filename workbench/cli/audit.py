"""`workbench audit list`, `verify` and `head`: what operators did through the workbench, and whether that is whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.failures import FAILED, OK
from workbench.cli.options import Group
from workbench.cli.output import Cell
from workbench.cli.session import Session

if TYPE_CHECKING:
    from workbench.desk.audit import Act, Verified

# The columns that `audit list` can show, and those that it shows unless the settings say otherwise.
COLUMNS = (
    "seq", "time", "ended", "operator", "host", "ssh", "pid", "source", "where", "via", "verb", "noun", "keys",
    "counts", "unseen", "result", "reason", "error", "id",
)  # fmt: skip
DEFAULT_COLUMNS = ("time", "operator", "source", "verb", "noun", "result", "reason", "keys")

_LIMIT = 50
_TOLD = 10  # problems that are told one by one to people
_NOTHING_YET = "nothing has been recorded yet; the first act makes the log"
_TONES = {"failed": "bad", "interrupted": "doubtful", "unknown": "doubtful"}


@click.group("audit", cls=Group)
def audit() -> None:
    """What operators did through the workbench."""


@audit.command("list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=_LIMIT, metavar="N", show_default=True, help="How many acts to show."
)
@click.pass_obj
def list_acts(session: Session, limit: int) -> int:
    """Show who did what, the newest first."""
    from workbench.desk.audit import Audit

    settings = session.loaded.settings
    page = Audit(settings.home, settings.operator).list(limit)
    output = session.output
    acts = [_record(act) for act in page]
    if output.as_json:
        for act in acts:
            output.json(act)
    elif acts:
        columns = settings.columns.get("audit", list(DEFAULT_COLUMNS))
        output.table(columns, [_cells(act, columns) for act in acts])
    elif not page.damage:
        output.note(_NOTHING_YET)
    if page.next is not None:
        output.note("there are older acts; --limit shows more of them")
    if page.damage:
        count = len(page.damage)
        lines = "1 line is no record" if count == 1 else f"{count} lines are no records"
        output.note(f"{lines} of the audit log; `workbench audit verify` says which")
    return OK


@audit.command("verify")
@click.option("--head", "noted", metavar="SEQ:HASH", help="A head that `audit head` printed: was the tail cut since?")
@click.pass_obj
def verify_log(session: Session, noted: str | None) -> int:
    """Read the whole log and say whether it is as it was written.

    Changed, missing, moved, doubled and foreign lines are found by the log itself; a tail that was cut off only by
    a head that was noted elsewhere. The exit code is 1 if anything is wrong.
    """
    from workbench.desk.audit import audit_log, verify

    path = audit_log(session.loaded.settings.home)
    found = verify(path, noted)
    output = session.output
    if output.as_json:
        output.json({"path": path, **_verified(found)})
    elif found.ok and not found.records and not found.torn:
        output.note(_NOTHING_YET)
    elif found.ok:
        output.line(f"{_counted(found.records, 'record')}, nothing wrong; head {found.head}", "good")
    for line in found.torn:
        output.note(f"line {line} was left unfinished by a crash, and the next record tells of it")
    if found.ok:
        return OK
    if not output.as_json:
        for problem in found.problems[:_TOLD]:
            output.line(str(problem), "bad")
        if found.count > _TOLD:
            output.line(f"and {found.count - _TOLD} more", "bad")
    output.refusal(
        f"{path} is damaged: {found.first_problem}; keep the file as it is, and compare it with a backup of the home"
    )
    return FAILED


@audit.command("head")
@click.pass_obj
def head(session: Session) -> int:
    """Print the number and hash of the last record, to be noted elsewhere."""
    from workbench.desk.audit import Audit

    settings = session.loaded.settings
    found = Audit(settings.home, settings.operator).head()
    output = session.output
    if output.as_json:
        output.json({"head": None if found is None else str(found)})
    elif found is None:
        output.note(_NOTHING_YET)
    else:
        output.line(str(found))
    return OK


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _verified(found: Verified) -> dict[str, object]:
    """The findings, for programs."""
    return {
        "ok": found.ok,
        "records": found.records,
        "head": None if found.head is None else str(found.head),
        "problems": [{"line": each.line, "seq": each.seq, "what": each.what} for each in found.problems],
        "count": found.count,
        "torn": list(found.torn),
    }


def _record(act: Act) -> dict[str, Any]:
    """Everything about an act, for programs; what was previewed and what came of it side by side."""
    entry, intent, outcome = act.entry, act.intent, act.outcome
    return {
        "id": entry.id,
        "seq": entry.seq,
        "time": None if intent is None else intent.time,
        "ended": None if outcome is None else outcome.time,
        "operator": entry.operator,
        "host": entry.host,
        "ssh": entry.ssh,
        "pid": entry.pid,
        "source": entry.source,
        "where": entry.where,
        "via": entry.via,
        "verb": entry.verb,
        "noun": entry.noun,
        "keys": list(entry.keys),
        "counts": {} if intent is None else intent.counts,
        "unseen": entry.unseen,
        "reason": entry.reason,
        "more": {} if intent is None else intent.more,
        "result": act.result,
        "error": act.error,
        "result_counts": {} if outcome is None else outcome.counts,
        "result_more": {} if outcome is None else outcome.more,
    }


def _cells(values: Mapping[str, Any], columns: Sequence[str]) -> list[Cell]:
    return [_cell(values, column) for column in columns]


def _cell(values: Mapping[str, Any], column: str) -> Cell:
    value = values[column]
    match column:
        case "time" | "ended":
            return Cell("—" if value is None else f"{value:%Y-%m-%d %H:%M:%SZ}")
        case "keys":
            more = f" +{len(value) - 1}" if len(value) > 1 else ""
            return Cell(f"{value[0]}{more}" if value else "—")
        case "counts":
            return Cell(", ".join(f"{name} {count}" for name, count in value.items()) or "—")
        case "result":
            return Cell(value, _TONES.get(value, "good"))
        case "reason":
            # What the operator wrote, or else what the failure said.
            return Cell(value or values["error"] or "—")
    return Cell("—" if value in (None, "") else str(value))
