"""`workbench NOUN export`: all that a filter asks for, as JSON lines or CSV, to standard output or a new file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workbench.cli.failures import OK
from workbench.cli.listing import data_of, each_source, every_page
from workbench.cli.output import csv_lines, to_json, write
from workbench.cli.session import Session
from workbench.data.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from workbench.desk.noun import Noun


def export(
    session: Session, noun: Noun, *, sources: Sequence[str], filter: str, as_csv: bool, output: str | None
) -> int:
    """Write every record; a file appears only when it is whole."""
    ask = noun.ask(filter, 500, sources)
    count = 0
    with output_file(output) as stream:
        for place, source in each_source(session, noun, sources):
            records = (data_of(noun, place, record) for record in every_page(noun, source, ask))
            for line in csv_lines(records, head=count == 0) if as_csv else map(to_json, records):
                write(stream, line)
                count += 1
    if output is not None:
        session.output.note(f"{output}: {count - as_csv if count else 0:,} {noun.plural}")
    return OK


@contextmanager
def output_file(output: str | None) -> Iterator[IO[str] | None]:
    """Standard output, or a new file for us alone that appears only when it is whole."""
    if output is None:
        import sys

        yield sys.stdout
        return
    path = Path(output)
    if os.path.lexists(path):
        raise Invalid(f"{output} is there already: name another file, or move that one away")
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Unavailable(f"{output} cannot be written: {error.strerror}; name another file") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.link(aside, path)  # not a rename: that would replace a file that came meanwhile
    except FileExistsError:
        raise Invalid(f"{output} has appeared meanwhile: name another file") from None
    except OSError as error:
        raise Unavailable(f"{output} cannot be written: {error.strerror}; name another file") from None
    finally:
        aside.unlink(missing_ok=True)
