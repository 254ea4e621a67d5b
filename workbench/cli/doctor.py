"""`workbench doctor`: what is wrong with each source, in words, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from workbench.cli.failures import FAILED, OK, masked
from workbench.cli.options import Command
from workbench.cli.probing import Answer
from workbench.cli.session import Session
from workbench.cli.sources import ask, chosen
from workbench.data.errors import WorkbenchError
from workbench.data.guards import refuse_foreign_owner
from workbench.settings import Opening, has_literal_password

_ROWS = 20  # damaged rows that are told one by one
_WAIT = 60.0


@click.command("doctor", cls=Command)
@click.argument("names", nargs=-1, metavar="[NAME|TARGET]...")
@click.option(
    "--wait", type=click.FloatRange(min=0), default=_WAIT, metavar="SECONDS", show_default=True,
    help="How long the check of whole databases may take; 0 leaves it out.",
)  # fmt: skip
@click.pass_obj
def doctor(session: Session, names: tuple[str, ...], wait: float) -> int:
    """Say what is wrong with sources and settings.

    Without a name it looks at every configured source, the home and the settings. Each line is a finding and says
    what to do about it; the exit code is 1 if there is any.
    """
    session.tells_notices = False
    answers = ask(session, chosen(session, names), thorough=wait)
    checked: list[tuple[str, list[str], tuple[str, ...]]] = []
    if not names:
        checked.append(("settings", list(session.loaded.notices), ()))
    for answer in answers:
        notes = answer.health.notes if answer.health else ()
        checked.append((answer.name, list(_findings(session, answer)), notes))
    output = session.output
    for name, findings, notes in checked:
        if output.as_json:
            output.json({"source": name, "findings": findings, "notes": list(notes)})
            continue
        for finding in findings:
            output.line(f"{name}: {finding}", "doubtful")
        for note in notes:
            output.note(f"{name}: {note}")
    if not names and (hint := session.genie_hint()):
        output.note(hint)
    count = sum(len(findings) for _, findings, _ in checked)
    if not output.as_json:
        sources = f"{len(answers)} source{'' if len(answers) == 1 else 's'}"
        output.line(f"{sources}, {count} finding{'' if count == 1 else 's'}" if count else f"{sources}, nothing wrong")
    return FAILED if count else OK


def _findings(session: Session, answer: Answer) -> Iterator[str]:
    name = answer.name
    source = session.loaded.settings.sources.get(name)
    if source is not None and has_literal_password(source.target):
        place = session.loaded.place("sources", name, "target")
        is_local = name in session.loaded.local_sources
        do = "move the source to your own" if is_local else "write ${VARIABLE} for it, or use service= or a passfile"
        if not place.startswith("WORKBENCH_"):  # a variable stores nothing
            yield f"{place}: the password stands in the settings; {do}{' settings' if is_local else ''}"
    if answer.error is not None:
        yield masked(str(answer.error))
    health = answer.health
    if health is None:
        return
    if foreign := _foreign_owner(answer.candidate.opening):
        yield foreign
    yield from health.problems
    for sentence in health.drift:
        yield f"{sentence}; read it with care, and look for a newer workbench"
    for sentence in answer.findings:
        yield f"{sentence}; stop its program, copy its files and restore a backup"
    yield from answer.rows[:_ROWS]
    if len(answer.rows) > _ROWS:
        yield f"and {len(answer.rows) - _ROWS} more rows are damaged"


def _foreign_owner(opening: Opening | WorkbenchError) -> str | None:
    """Why this source cannot be opened writable although the settings ask for that."""
    if not isinstance(opening, Opening) or opening.read_only or opening.allow_other_owner:
        return None
    path = opening.target
    return refuse_foreign_owner(path) if isinstance(path, Path) and path.is_file() else None
