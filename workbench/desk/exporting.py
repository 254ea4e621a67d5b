"""Writing things out to files: for us alone, whole or not at all, and never over what is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from workbench.data.errors import Invalid, Unavailable
from workbench.desk.safe import SafeText, plain, safe

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.looking import Looking
    from workbench.desk.noun import Ask, Noun

JSONL, CSV, MARKDOWN = "jsonl", "csv", "markdown"
ENDINGS = {".jsonl": JSONL, ".csv": CSV, ".md": MARKDOWN}
_EVERY = 200  # lines after which it is asked whether to go on
_KEPT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_LONGEST = 60  # characters of a name that is suggested


@dataclass
class Out:
    """The lines of a file in the making, and what is to be said of them when they are all made."""

    lines: Iterable[str]
    note: Callable[[], str] = lambda: ""


class Stopped(Exception):
    """It was asked to stop, so there is no file."""


@contextmanager
def new_file(path: Path) -> Iterator[IO[str]]:
    """A new file that appears when it is whole and on disk; one that is there already is never replaced."""
    if os.path.lexists(path):
        raise Invalid(f"{path} is there already: name another file, or move that one away")
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}; name another file") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.link(aside, path)  # not a rename: that would replace a file that came meanwhile
    except FileExistsError:
        raise Invalid(f"{path} has appeared meanwhile: name another file") from None
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}; name another file") from None
    finally:
        aside.unlink(missing_ok=True)


def write_out(path: Path, out: Out, progress: Callable[[int], None], go_on: Callable[[], bool]) -> SafeText:
    """Write a file, and say so; `Stopped` where it was told to stop, and then there is none."""
    count = 0
    with new_file(path) as stream:
        for line in out.lines:
            stream.write(f"{line}\n")
            count += 1
            if count % _EVERY == 0:
                progress(count)
                if not go_on():
                    raise Stopped
    words = plain("written: ") + safe(path, limit=300) + plain(f", {count:,} {'line' if count == 1 else 'lines'}")
    return words + (plain(" · ") + safe(note) if (note := out.note()) else plain(""))


def form_of(noun: Noun, name: str) -> str:
    """The form that the ending of a file's name means; `Invalid` names those that there are."""
    forms = forms_of(noun)
    form = ENDINGS.get(Path(name).suffix.lower())
    if form not in forms:
        raise Invalid(f"a file whose name ends in {' or '.join(ending for ending, f in ENDINGS.items() if f in forms)}")
    return form


def forms_of(noun: Noun) -> tuple[str, ...]:
    """How one of a noun can be written out; where it has no form of its own, its list is."""
    return tuple(noun.forms) or (JSONL, CSV)


def suggested(noun: Noun, key: tuple[str, ...] | None) -> str:
    """A name for the file."""
    own = "".join(c if c in _KEPT else "-" for c in key[-1])[:_LONGEST] if key and noun.forms else ""
    if noun.forms:
        return f"{noun.id}-{own}.md" if MARKDOWN in noun.forms else f"{noun.id}-{own}.{next(iter(noun.forms))}"
    return f"{noun.id}.jsonl"


def written_out(noun: Noun, source: Source, record: Any, form: str, ask: Ask, looking: Looking) -> Out:  # noqa: ANN401
    """One of a noun in one of its forms, or the list that is asked for, as lines."""
    if noun.forms:
        made: Out = noun.forms[form](source, record, looking)
        return made
    return Out(_list_lines(noun, source, form, ask, looking.source))


def _list_lines(noun: Noun, source: Source, form: str, ask: Ask, place: str) -> Iterator[str]:
    from workbench.desk.noun import data_of
    from workbench.desk.reading import every_record
    from workbench.desk.written import csv_lines, to_json

    records = (data_of(noun, place, record) for record in every_record(noun, source, ask))
    yield from csv_lines(records) if form == CSV else map(to_json, records)
