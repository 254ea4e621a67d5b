"""`workbench audit list`, `verify` and `head`: what operators did through the workbench, and whether that is whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from workbench.cli.failures import FAILED, OK
from workbench.cli.list_options import list_options
from workbench.cli.listing import Listed, chosen_columns, now_shown, print_rows, read_one
from workbench.cli.options import Command, Group
from workbench.cli.session import Session
from workbench.desk.nouns.audit import AUDIT

if TYPE_CHECKING:
    from workbench.desk.audit import Verified

_LIMIT = 50
_TOLD = 10  # problems that are told one by one to people
_NOTHING_YET = AUDIT.nothing


@click.group("audit", cls=Group)
def audit() -> None:
    """What operators did through the workbench."""


def list_acts(
    session: Session,
    *,
    sources: Sequence[str],
    filter: str,
    limit: int,
    columns: str | None,
    as_csv: bool,
    utc: bool,
    strict: bool,
    words: str = "",
) -> int:
    """Show who did what, the newest first."""
    from workbench.cli.house import house_of

    output = session.output
    chosen = None if columns is None else chosen_columns(AUDIT, columns, names_of_data=output.as_json or as_csv)
    page = read_one(AUDIT, house_of(session), AUDIT.ask(filter, limit, sources), words)
    if page or not page.damage:
        nothing = "" if filter or words or sources else _NOTHING_YET
        moment = now_shown(utc)
        print_rows(session, AUDIT, [Listed("", page)], chosen, moment, as_csv=as_csv, nothing=nothing)
    if page.next is not None:
        output.note("there are older acts; --limit shows more of them")
    if page.damage:
        count = len(page.damage)
        lines = "1 line is no record" if count == 1 else f"{count} lines are no records"
        output.note(f"{lines} of the audit log; `workbench audit verify` says which")
    return OK


_OPTIONS = list_options(AUDIT, _LIMIT, of="")
for _command in (
    Command("list", callback=click.pass_obj(list_acts), params=_OPTIONS, help=list_acts.__doc__),
    Command(
        "search",
        callback=click.pass_obj(list_acts),
        params=[click.Argument(["words"], metavar="WORDS"), *_OPTIONS],
        help="Find acts by what is said in them.",
    ),
):
    audit.add_command(_command)


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
