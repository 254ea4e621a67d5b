"""`workbench home size`, `checkpoint`, `vacuum`, `analyze` and `backup`: looking after the workbench's own home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from workbench.cli.failures import OK
from workbench.cli.options import Command
from workbench.cli.output import Cell, size_text
from workbench.cli.probing import opened
from workbench.cli.progress import Progress
from workbench.cli.session import HOME, Session, looking
from workbench.data.errors import WorkbenchError
from workbench.data.home import DATABASE

if TYPE_CHECKING:
    from workbench.data import Source

T = TypeVar("T")


@click.command("size", cls=Command)
@click.pass_obj
def size(session: Session) -> int:
    """Show how large the home's database is, table by table."""
    from workbench.data.upkeep import sizes

    output = session.output
    if not (session.loaded.settings.home / DATABASE).exists():
        if output.as_json:
            output.json({"path": session.loaded.settings.home, "exists": False})
        else:
            output.note("the home is not made yet; the first write makes it")
        return OK
    with opened(looking(session.home()), session.loaded.settings.timeouts) as source:
        found = sizes(source)
    if output.as_json:
        tables = [{"name": t.name, "rows": t.rows, "more": t.more, "size": t.size} for t in found.tables]
        files = {"size": found.size, "wal_size": found.wal_size, "free": found.free}
        output.json({"path": found.path, "exists": True, **files, "tables": tables})
        return OK
    output.table(
        ["table", "rows", "size"],
        [
            [Cell(t.name), Cell(f"≥ {t.rows:,}" if t.more else f"{t.rows:,}"), Cell(size_text(t.size))]
            for t in found.tables
        ],
    )
    output.line(
        f"{size_text(found.size)} in {found.path}, {size_text(found.wal_size)} in its log; "
        f"a vacuum would free {size_text(found.free)}"
    )
    return OK


@click.command("checkpoint", cls=Command)
@click.pass_obj
def checkpoint(session: Session) -> int:
    """Move the write-ahead log into the database and empty it."""
    from workbench.data import upkeep

    done = _audited(session, "checkpoint", "emptied", upkeep.checkpoint)
    words = f"the log is emptied: {size_text(done.before)} before, {size_text(done.after)} now"
    return _tell(session, "checkpoint", words, before=done.before, after=done.after)


@click.command("vacuum", cls=Command)
@click.pass_obj
def vacuum(session: Session) -> int:
    """Write the database anew without the room that deleted rows left."""
    from workbench.data import upkeep

    done = _audited(session, "vacuum", "vacuumed", upkeep.vacuum)
    words = f"vacuumed: {size_text(done.before)} before, {size_text(done.after)} now"
    return _tell(session, "vacuum", words, before=done.before, after=done.after)


@click.command("analyze", cls=Command)
@click.pass_obj
def analyze(session: Session) -> int:
    """Have SQLite count what its indexes hold, so that it chooses well among them."""
    from workbench.data import upkeep

    _audited(session, "analyze", "analyzed", upkeep.analyze)
    return _tell(session, "analyze", "analyzed")


@click.command("backup", cls=Command)
@click.argument("file", metavar="FILE")
@click.pass_obj
def backup(session: Session, file: str) -> int:
    """Write a consistent copy of the home's database to a new file.

    Programs that use the home meanwhile are not held up. The audit log is a file of its own, and is not in it.
    """
    from workbench.data import upkeep

    target = Path(file).expanduser()
    progress = Progress(session.output, "backup: pages", undone=f"{target} is not written")
    with opened(looking(session.home()), session.loaded.settings.timeouts) as source, progress:
        written = upkeep.backup(source, target, progress.of)
    if not session.output.as_json:
        session.output.note("the audit log, audit.jsonl in the home, is a file of its own: copy it too")
    return _tell(session, "backup", f"{size_text(written)} written to {target}", path=target, size=written)


def _audited(session: Session, verb: str, done: str, work: Callable[[Source], T]) -> T:
    """Do something to the home, on record before and after."""
    from workbench.desk.audit import Audit

    settings = session.loaded.settings
    opening = session.home()
    with opened(opening, settings.timeouts) as source:
        _refuse_if_not_there(session, source, verb)
        audit = Audit(settings.home, settings.operator, secrets=session.secrets)
        with audit.intent(
            source=HOME, where=opening.display, verb=verb, noun="source", keys=[HOME], via="command line"
        ) as act:
            result = work(source)
            try:
                act.outcome(done)
            except WorkbenchError as error:
                session.output.refusal(f"{verb} is done, but the audit log holds only the intent: {error}")
        return result


def _refuse_if_not_there(session: Session, source: Source, verb: str) -> None:
    """Refuse before anything is put on record: the record itself would make the home's directory."""
    from workbench.data.errors import NotFound, ReadOnly

    if session.is_read_only:
        raise ReadOnly(f"{verb} changes the home, and --read-only was given: leave it out")
    if source.path is None or not source.path.exists():
        raise NotFound(f"there is no home at {source.display} yet: the first write makes it")


def _tell(session: Session, result: str, words: str, **facts: object) -> int:
    if session.output.as_json:
        session.output.json({"source": HOME, "result": result, **facts})
    else:
        session.output.line(f"home: {words}", "good")
    return OK
