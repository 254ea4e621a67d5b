"""`workbench NOUN export`: all that a filter asks for, as JSON lines or CSV, to standard output or a new file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workbench.cli.failures import OK
from workbench.cli.listing import check_has, each_source, now_shown, the_key, the_place
from workbench.cli.output import csv_lines, to_json, write
from workbench.cli.probing import opened
from workbench.cli.progress import Progress
from workbench.cli.session import Session, looking
from workbench.cli.working import opening_of
from workbench.data.errors import Invalid
from workbench.desk.exporting import new_file
from workbench.desk.noun import data_of
from workbench.desk.reading import every_record

if TYPE_CHECKING:
    from workbench.desk.noun import Noun


def export(
    session: Session,
    noun: Noun,
    *,
    sources: Sequence[str],
    filter: str,
    as_csv: bool,
    output: str | None,
    id: str | None = None,
    form: str | None = None,
) -> int:
    """Write every record, or one of them whole; a file appears only when it is whole."""
    if id is not None:
        if filter or as_csv:
            raise Invalid(f"--filter and --csv are for lists: leave them out, or leave out {id!r}")
        return _export_one(session, noun, id, form or next(iter(noun.forms)), sources, output)
    if form is not None:
        raise Invalid(f"--as is for one {noun.id}: name it, `workbench {noun.id} list` shows them")
    ask = noun.ask(filter, 500, sources)
    count = 0
    told = f"{output} is not written" if output else ""
    progress = Progress(session.output, noun.plural, undone=told, hidden=output is None)
    with progress, output_file(output) as stream:
        for place, source in each_source(session, noun, sources):
            found = progress.counting(every_record(noun, source, ask))
            records = (data_of(noun, place, record) for record in found)
            for line in csv_lines(records, head=count == 0) if as_csv else map(to_json, records):
                write(stream, line)
                count += 1
            progress.base = count
    if output is not None:
        session.output.note(f"{output}: {count - as_csv if count else 0:,} {noun.plural}")
    return OK


def _export_one(session: Session, noun: Noun, id: str, form: str, sources: Sequence[str], output: str | None) -> int:
    """Write one thing whole, in one of its forms."""
    from workbench.desk.looking import Looking

    place, count = the_place(session, sources), 0
    with opened(looking(opening_of(session, place)), session.loaded.settings.timeouts) as source:
        check_has(noun, source, place)
        record = noun.get(source, the_key(noun, source, id))
        out = noun.forms[form](source, record, Looking(place, now_shown(False)))
        told = f"{output} is not written" if output else ""
        progress = Progress(session.output, f"{noun.id} {id}", undone=told, hidden=output is None)
        with progress, output_file(output) as stream:
            for line in progress.counting(out.lines):
                write(stream, line)
                count += 1
    if output is not None:
        session.output.note(f"{output}: {count:,} {'line' if count == 1 else 'lines'}")
    if note := out.note():
        session.output.note(note)
    return OK


@contextmanager
def output_file(output: str | None) -> Iterator[IO[str] | None]:
    """Standard output, or a new file for us alone that appears only when it is whole."""
    if output is None:
        import sys

        yield sys.stdout
        return
    with new_file(Path(output)) as stream:
        yield stream
