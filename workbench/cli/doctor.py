"""`workbench doctor`: what is wrong with each source, in words, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.failures import FAILED, OK, masked
from workbench.cli.options import Command
from workbench.cli.probing import Answer
from workbench.cli.session import HOME, Session
from workbench.cli.sources import ask, chosen
from workbench.data.errors import WorkbenchError
from workbench.data.guards import refuse_foreign_owner
from workbench.settings import Opening, has_literal_password

if TYPE_CHECKING:
    from workbench.desk.findings import Finding

_ROWS = 20  # damaged rows that are told one by one
_WAIT = 60.0
_TONES = {"bad": "bad", "doubtful": "doubtful", "note": "faint"}
_INSTEAD = "write ${VARIABLE} for it, or use service= or a passfile"


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
    what to do about it, or the command that does it; the exit code is 1 if there is any that needs mending.
    """
    from workbench.desk.findings import DOUBTFUL, NOTE, Finding

    session.tells_notices = False
    answers = ask(session, chosen(session, names), thorough=wait, look=True)
    checked: list[tuple[str, list[Finding], tuple[str, ...]]] = []
    if not names:
        notices = [Finding(DOUBTFUL, notice, "settings") for notice in session.loaded.notices]
        checked.append(("settings", notices, ()))
    for answer in answers:
        notes = answer.health.notes if answer.health else ()
        checked.append((answer.name, [_offered(each) for each in _findings(session, answer, thorough=wait > 0)], notes))
    output = session.output
    for name, findings, notes in checked:
        if output.as_json:
            output.json({"source": name, "findings": [_record(each) for each in findings], "notes": list(notes)})
            continue
        for finding in findings:
            output.line(f"{name}: {finding.words}", _TONES.get(finding.level, ""))
        for note in notes:
            output.note(f"{name}: {note}")
    if not names and (hint := session.genie_hint()):
        output.note(hint)
    count = sum(finding.level != NOTE for _, findings, _ in checked for finding in findings)
    if not output.as_json:
        sources = f"{len(answers)} source{'' if len(answers) == 1 else 's'}"
        output.line(f"{sources}, {count} finding{'' if count == 1 else 's'}" if count else f"{sources}, nothing wrong")
    return FAILED if count else OK


def _findings(session: Session, answer: Answer, *, thorough: bool) -> Iterator[Finding]:
    from workbench.desk.findings import BAD, DOUBTFUL, Finding, of_audit, of_damage, of_health

    name = answer.name
    if sentence := _stored_password(session, name):
        yield Finding(DOUBTFUL, sentence, "settings")
    if answer.error is not None:
        yield Finding(BAD, masked(str(answer.error)), name)
    if answer.health is None:
        return
    if foreign := _foreign_owner(answer.candidate.opening):
        yield Finding(DOUBTFUL, foreign, answer.health.display)
    yield from of_health(answer.health)
    yield from answer.seen
    if name == HOME and thorough:
        yield from of_audit(session.loaded.settings.home)
    yield from of_damage(answer.findings, answer.rows, _ROWS)


def _stored_password(session: Session, name: str) -> str | None:
    """The sentence on a password that stands in the settings themselves."""
    source = session.loaded.settings.sources.get(name)
    if source is None or not has_literal_password(source.target):
        return None
    place = session.loaded.place("sources", name, "target")
    if place.startswith("WORKBENCH_"):  # a variable stores nothing
        return None
    is_local = name in session.loaded.local_sources
    do = "move the source to your own settings" if is_local else _INSTEAD
    return f"{place}: the password stands in the settings; {do}"


def _offered(finding: Finding) -> Finding:
    """The finding, with its command only if this program has it."""
    command: click.Command | None = click.get_current_context().find_root().command
    for word in finding.command:
        if not isinstance(command, click.Group) or (command.invoke_without_command and word.startswith("-")):
            break
        command = command.commands.get(word)
    return finding if command is not None else replace(finding, command=())


def _record(finding: Finding) -> dict[str, object]:
    """A finding, for programs."""
    return {"level": finding.level, "what": finding.what, "where": finding.where, "command": finding.typed}


def _foreign_owner(opening: Opening | WorkbenchError) -> str | None:
    """Why this source cannot be opened writable although the settings ask for that."""
    if not isinstance(opening, Opening) or opening.read_only or opening.allow_other_owner:
        return None
    path = opening.target
    return refuse_foreign_owner(path) if isinstance(path, Path) and path.is_file() else None
