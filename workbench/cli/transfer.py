"""`workbench source export` and `workbench source import`: a table to a file and back, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.failures import FAILED, INTERRUPTED, OK, UNAVAILABLE, masked
from workbench.cli.options import Command
from workbench.cli.output import write
from workbench.cli.progress import Progress
from workbench.cli.session import Session, looking
from workbench.data.errors import ReadOnly, WorkbenchError

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.data.transfer import TableFile
    from workbench.data.transfer_in import Imported


@click.command("export", cls=Command)
@click.argument("name", metavar="SOURCE|PATH|URL")
@click.argument("table", metavar="TABLE")
@click.option("--csv", "form", flag_value="csv", help="Comma-separated values; without it, lines of JSON.")
@click.option("--jsonl", "form", flag_value="jsonl", default="jsonl", help="Lines of JSON, the first about the table.")
@click.option("--output", metavar="FILE", help="Write to this file, which must not exist yet.")
@click.pass_obj
def export_table(session: Session, name: str, table: str, form: str | None, output: str | None) -> int:
    """Write a table with every value as it is stored.

    Bytes, texts that are no UTF-8, times and NULL come back exactly by `source import`, on the same engine. In CSV a
    NULL is \\N and an empty cell the empty text; bytes are \\x and hexadecimal; a backslash in a text is doubled, and
    what cannot be seen is \\n, \\t or \\u{202e}.
    """
    from workbench.cli.exporting import output_file
    from workbench.cli.probing import opened
    from workbench.cli.working import opening_of
    from workbench.data.transfer import CSV, JSONL, export_lines

    count = -1  # the first line is no row
    with opened(looking(opening_of(session, name)), session.loaded.settings.timeouts) as source:
        lines = export_lines(source, table, CSV if form == CSV else JSONL)
        first = next(lines)  # which says whether there is such a table, before a file is made
        told = f"{output} is not written" if output else ""
        progress = Progress(session.output, table, undone=told, hidden=output is None)
        with progress, output_file(output) as stream:
            for line in progress.counting(_all(first, lines)):
                write(stream, line)
                count += 1
    if output is not None:
        session.output.note(f"{output}: {count:,} {'row' if count == 1 else 'rows'} of {table}")
    return OK


def _all(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


@click.command("import", cls=Command)
@click.argument("name", metavar="SOURCE|PATH|URL")
@click.argument("table", metavar="TABLE")
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Only say what would be added.")
@click.pass_obj
def import_table(session: Session, name: str, table: str, file: str, dry_run: bool) -> int:
    """Add the rows of an exported file to a table; what is there already stays as it is.

    The file is read whole before the first row is added. A file of JSON lines from the other engine has its times and
    its yes and no put into this engine's words.
    """
    from workbench.cli.probing import opened
    from workbench.cli.working import opening_of
    from workbench.data.transfer import TableFile
    from workbench.data.transfer_in import preview

    opening = opening_of(session, name)
    with opened(looking(opening) if dry_run else opening, session.loaded.settings.timeouts) as source:
        found = TableFile(source, table, Path(file))
        if dry_run:
            return _report(session, source.name, found, preview(found), dry_run=True)
        if source.read_only:
            raise ReadOnly(f"{source.name} is open read-only: {_way_to_write(session)}")
        return _import(session, source, found)


def _import(session: Session, source: Source, file: TableFile) -> int:
    from workbench.data.transfer_in import check, load
    from workbench.desk.audit import Audit

    settings = session.loaded.settings
    audit = Audit(settings.home, settings.operator, secrets=session.secrets)
    name = file.table.name
    rows = check(file)
    with audit.intent(
        source=source.name,
        where=source.display,
        verb="import",
        noun="table",
        keys=[name],
        counts={"rows": rows},
        via="command line",
        more={"file": str(file.path.absolute())},
    ) as act:
        with Progress(session.output, name, rows, stops=True) as progress:
            done = load(source, file, lambda so_far: progress(so_far.rows), progress.go_on)
        try:
            act.outcome("stopped" if done.stopped else "imported", counts=_counts(done))
        except WorkbenchError as error:
            _report(session, source.name, file, done)
            session.output.refusal(f"that stands, but its end is not on record: {masked(str(error))}")
            return UNAVAILABLE
    return _report(session, source.name, file, done)


def _report(session: Session, place: str, file: TableFile, done: Imported, *, dry_run: bool = False) -> int:
    output = session.output
    if output.as_json:
        told = {"source": place, "table": file.table.name, "file": file.path, "dry_run": dry_run}
        output.json({**told, **_counts(done), "told": done.told})
    else:
        output.line(_summary(file.table.name, done, dry_run), "good" if not done.refused else "doubtful")
    for sentence in done.told:
        output.refusal(masked(f"{file.path}, {sentence}"))
    if done.refused > len(done.told):
        output.refusal(f"and {done.refused - len(done.told)} more rows are refused")
    if done.stopped:
        return INTERRUPTED
    return FAILED if done.refused else OK


def _summary(table: str, done: Imported, dry_run: bool) -> str:
    words = f"{table}: {_rows(done.added)} {'would be added' if dry_run else 'added'}"
    if done.there:
        words += f", {done.there:,} there already"
    if done.differing:
        words += f" ({done.differing:,} of them differ, and stay as they are)"
    words += f", {done.refused:,} refused" if done.refused else ""
    return words + ("; interrupted: importing again adds the rest" if done.stopped else "")


def _counts(done: Imported) -> dict[str, int]:
    names = ("rows", "added", "there", "differing", "refused")
    return {name: getattr(done, name) for name in names}


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _way_to_write(session: Session) -> str:
    if session.is_read_only:
        return "--read-only was given, and it always wins; leave it out"
    return "add --write, or set read_only = false for it in your settings"
