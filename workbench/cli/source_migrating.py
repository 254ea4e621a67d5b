"""`workbench source migrate`: a database brought up to its declared tables, when that is asked for by name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.failures import OK, masked
from workbench.cli.options import Command
from workbench.cli.probing import opened
from workbench.cli.session import Session, looking
from workbench.cli.working import opening_of
from workbench.data.errors import Invalid, ReadOnly, WorkbenchError

if TYPE_CHECKING:
    from workbench.data.migrating import Migrated
    from workbench.settings import Opening


@click.command("migrate", cls=Command)
@click.argument("name", metavar="SOURCE|PATH|URL")
@click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
@click.option("--backup", metavar="FILE", help="Where to put the copy of a SQLite file (default: beside it).")
@click.option("--confirm", metavar="NAME", help="The source's name once more, instead of being asked for it.")
@click.pass_obj
def migrate(session: Session, name: str, dry_run: bool, backup: str | None, confirm: str | None) -> int:
    """Add the tables, columns and indexes that a database lacks.

    Each change is listed, a SQLite file is copied first, and all changes are made at once or not at all. It is refused
    while another process has the file open. Stop the agents of a server, and copy it with pg_dump.
    """
    opening = opening_of(session, name)
    timeouts = session.loaded.settings.timeouts
    with opened(looking(opening), timeouts) as found:
        planned = found.migrate(dry_run=True).changes
        on_server = found.engine != "sqlite"
    if dry_run or not planned:
        return _tell(session, opening, planned, None, "planned" if planned else "nothing to do")
    if opening.read_only:
        why = "--read-only was given" if session.is_read_only else "add --write, or set read_only = false for it"
        raise ReadOnly(f"{opening.name} is read-only, and migrating changes it: {why}; --dry-run only looks")
    if not session.output.as_json:
        for change in planned:
            session.output.line(f"{opening.name}: {change}")
    _refuse_unconfirmed(session, opening.name, confirm, len(planned))
    if on_server:
        session.output.note("no copy is made of a database on a server: have one of pg_dump")
    done, unrecorded = _migrate(session, opening, planned, Path(backup).expanduser() if backup is not None else None)
    _tell(session, opening, done.changes, done.backup, "migrated", listed=True)
    if unrecorded is not None:
        raise type(unrecorded)(f"{opening.name} is migrated, but the audit log holds only the intent: {unrecorded}")
    return OK


def _migrate(
    session: Session, opening: Opening, planned: tuple[str, ...], backup: Path | None
) -> tuple[Migrated, WorkbenchError | None]:
    """Do it, on record before and after; with the error that kept the outcome from being recorded."""
    from workbench.desk.audit import Audit

    settings = session.loaded.settings
    audit = Audit(settings.home, settings.operator, secrets=session.secrets)
    with (
        opened(opening, settings.timeouts) as found,
        audit.intent(
            source=opening.name,
            where=opening.display,
            verb="migrate",
            noun="source",
            keys=[opening.name],
            counts={"changes": len(planned)},
            more={"changes": planned},
            via="command line",
        ) as act,
    ):
        done = found.migrate(backup=backup)
        try:
            act.outcome("migrated", counts={"changes": len(done.changes)}, more={"backup": str(done.backup or "")})
        except WorkbenchError as error:
            return done, error
    return done, None


def _refuse_unconfirmed(session: Session, name: str, confirm: str | None, count: int) -> None:
    """Have the name typed, by hand or as an option; nothing else will do."""
    if confirm is None:
        if session.output.as_json or not all(each is not None and each.isatty() for each in (sys.stdin, sys.stdout)):
            raise Invalid(f"migrating needs the name of the source once more: add --confirm {masked(name)}")
        changes = f"{count} change{'' if count == 1 else 's'}"
        confirm = click.prompt(f"Type {name} to make {changes}", default="", show_default=False)
    if confirm != name:
        raise Invalid(f'"{confirm}" is not the name of the source, "{masked(name)}"; nothing was changed')


def _tell(
    session: Session,
    opening: Opening,
    changes: tuple[str, ...],
    backup: Path | None,
    result: str,
    *,
    listed: bool = False,
) -> int:
    output = session.output
    if output.as_json:
        output.json({"source": opening.name, "result": result, "changes": list(changes), "backup": backup})
        return OK
    for change in () if listed else changes:
        output.line(f"{opening.name}: {change}")
    many = f"{len(changes)} change{'' if len(changes) == 1 else 's'}"
    match result:
        case "migrated":
            copy = f"; the copy from before is {backup}" if backup else ""
            output.line(f"{opening.name}: {many} made{copy}", "good")
        case "planned":
            output.line(f"{opening.name}: {many} to be made; nothing was changed")
        case _:
            output.line(f"{opening.name}: nothing to do, it is as declared", "good")
    return OK
