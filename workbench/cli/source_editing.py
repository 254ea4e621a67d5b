"""`workbench source add` and `source remove`: the operator's settings file, edited line by line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from workbench.cli.failures import OK, masked
from workbench.cli.options import Command
from workbench.cli.output import size_text
from workbench.cli.records import record
from workbench.cli.session import Candidate, Session
from workbench.cli.source_book import Book
from workbench.cli.sources import ask, tested
from workbench.data.errors import Invalid
from workbench.settings import Opening

if TYPE_CHECKING:
    from workbench.settings.adding import NewSource


@click.command("add", cls=Command)
@click.argument("name", metavar="NAME")
@click.argument("target", metavar="TARGET")
@click.option("--read-write", is_flag=True, help="Open it writable; without this it is read-only.")
@click.option("--production", is_flag=True, help="Ask to type its name before something is destroyed in it.")
@click.option("--passfile", metavar="FILE", help="A PostgreSQL password file for it (mode 0600).")
@click.option("--allow-other-owner", is_flag=True, help="Let another user's database file be opened writable.")
@click.option("--store-password", is_flag=True, help="Let a password that stands in TARGET be written to the settings.")
@click.option("--even-if-dead", is_flag=True, help="Add it although it does not answer now.")
@click.pass_obj
def add(
    session: Session,
    name: str,
    target: str,
    read_write: bool,
    production: bool,
    passfile: str | None,
    allow_other_owner: bool,
    store_password: bool,
    even_if_dead: bool,
) -> int:
    """Look at a database and add it to your settings under a name.

    It is opened read-only and tested first. Write a password as '${VARIABLE}' in single quotes, or use service= or a
    password file: what stands in TARGET itself is not stored unless you say so.
    """
    from workbench.settings.adding import NewSource

    book = Book(session, "command line")
    new = NewSource(name, target, read_write, production, passfile, allow_other_owner, store_password)
    book.refuse_name(name)
    new.entry()  # a target that is none is refused before a word is said of its password
    book.refuse_password(new)
    path = book.file
    candidate = _candidate(book, new, even_if_dead)
    (answer,) = ask(session, [candidate])
    if answer.error is not None and not even_if_dead:
        said = f"{masked(str(answer.error))}; nothing was added, and --even-if-dead adds it all the same"
        raise type(answer.error)(said)
    book.add(new, candidate.opening.display if isinstance(candidate.opening, Opening) else target)
    output = session.output
    if output.as_json:
        output.json({**record(answer), "result": "added", "file": path})
        return OK
    output.line(f"{name}: added to {path}, {'read-write' if read_write else 'read-only'}", "good")
    if answer.error is None:
        size = answer.health.size if answer.health else None
        output.line(f"{name}: {tested(answer)}, {size_text(size)}")
    else:
        output.note(f"{name} does not answer now: {masked(str(answer.error))}")
    return OK


@click.command("remove", cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--yes", "-y", is_flag=True, help="Do not ask on a terminal.")
@click.pass_obj
def remove(session: Session, name: str, yes: bool) -> int:
    """Take a source out of your settings; the database itself is not touched."""
    book, output = Book(session, "command line"), session.output
    book.refuse_removal(name)
    where, place = book.where(name), session.loaded.place("sources", name, "target")
    if not yes and not output.as_json and all(each is not None and each.isatty() for each in (sys.stdin, sys.stdout)):
        output.line(f"{name} ({where}), which stands in {place}")
        if not click.confirm("Take it out of your settings? The database stays as it is", default=False):
            output.note(f"{name}: left as it is")
            return OK
    path = book.remove(name)
    if output.as_json:
        output.json({"name": name, "result": "removed", "file": path})
    else:
        output.line(f"{name}: taken out of {path}; the database was not touched", "good")
    return OK


def _candidate(book: Book, new: NewSource, even_if_dead: bool) -> Candidate:
    """How it would be opened, looking only."""
    try:
        return Candidate(new.name, book.opening(new))
    except Invalid as error:
        if not even_if_dead:
            raise
        # A variable that is not set here may be set where the workbench is used; nothing else is passed over.
        book.opening(new, all_set=True)
        return Candidate(new.name, error)
