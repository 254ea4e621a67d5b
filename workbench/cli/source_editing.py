"""`workbench source add` and `source remove`: the operator's settings file, edited line by line."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

import click

from workbench.cli.failures import OK, masked, remember_secrets
from workbench.cli.options import Command
from workbench.cli.output import size_text
from workbench.cli.records import record
from workbench.cli.session import Candidate, Session
from workbench.cli.sources import ask, tested
from workbench.data.errors import Conflict, Invalid, NotFound, WorkbenchError
from workbench.data.target import FileTarget, parse_target, secrets_of
from workbench.settings import Opening, has_literal_password, settings_files

if TYPE_CHECKING:
    from workbench.desk.audit import Audit


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
    from workbench.settings.editing import add_source

    _refuse_name(session, name)
    entry: dict[str, str | bool] = {"target": _stored(target)}
    _refuse_password(target, store_password)
    flags = {"read_only": read_write, "production": production, "allow_other_owner": allow_other_owner}
    entry |= {key: key != "read_only" for key, given in flags.items() if given}
    if passfile is not None:
        entry["passfile"] = _text(os.path.abspath(Path(passfile).expanduser()), "--passfile")  # noqa: PTH100 - links stay
    path = settings_files(session.config)[0].path
    candidate = _candidate(name, entry, path, even_if_dead)
    (answer,) = ask(session, [candidate])
    if answer.error is not None and not even_if_dead:
        said = f"{masked(str(answer.error))}; nothing was added, and --even-if-dead adds it all the same"
        raise type(answer.error)(said)
    where = candidate.opening.display if isinstance(candidate.opening, Opening) else target
    chosen = {key: value for key, value in entry.items() if key not in ("target", "passfile")}
    with _audit(session).intent(
        source=name, where=where, verb="add", noun="source", keys=[name], via="command line", more=chosen
    ) as act:
        add_source(path, name, entry)
        act.outcome("added")
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
    from workbench.settings.editing import remove_source

    loaded, output = session.loaded, session.output
    path = settings_files(session.config)[0].path
    if name not in loaded.settings.sources:
        raise NotFound(f'there is no configured source "{name}"; `workbench source list` shows them')
    place = loaded.place("sources", name, "target")
    if name in loaded.local_sources or place.startswith("WORKBENCH_"):
        raise Invalid(f'the source "{name}" comes from {place}, not from your settings file; take it out there')
    if loaded.settings.default_source == name:
        where = loaded.place("default_source")
        raise Conflict(f'{where}: "{name}" is the default_source; name another one there first')
    candidate = session.candidate(name).opening if not _is_broken(session, name) else None
    where = candidate.display if isinstance(candidate, Opening) else ""
    if not yes and not output.as_json and all(each is not None and each.isatty() for each in (sys.stdin, sys.stdout)):
        output.line(f"{name} ({where}), which stands in {place}")
        if not click.confirm("Take it out of your settings? The database stays as it is", default=False):
            output.note(f"{name}: left as it is")
            return OK
    with _audit(session).intent(
        source=name, where=where, verb="remove", noun="source", keys=[name], via="command line"
    ) as act:
        remove_source(path, name)
        act.outcome("removed")
    if output.as_json:
        output.json({"name": name, "result": "removed", "file": path})
    else:
        output.line(f"{name}: taken out of {path}; the database was not touched", "good")
    return OK


def _audit(session: Session) -> Audit:
    from workbench.desk.audit import Audit

    settings = session.loaded.settings
    return Audit(settings.home, settings.operator, secrets=session.secrets)


def _is_broken(session: Session, name: str) -> bool:
    """Whether a source cannot even be composed (a variable that is not set), which is no reason to keep it."""
    found = next(each for each in session.configured() if each.name == name)
    return isinstance(found.opening, WorkbenchError)


def _refuse_name(session: Session, name: str) -> None:
    root = click.get_current_context().find_root().command
    assert isinstance(root, click.Group)
    if name in root.commands:
        raise Invalid(f'"{name}" is a command of the workbench; give the source another name')
    for other in session.loaded.settings.sources:
        if other.lower() == name.lower():
            place = session.loaded.place("sources", other, "target")
            raise Conflict(f'the source "{other}" is there already ({place}); give the new one another name')


def _refuse_password(target: str, store_password: bool) -> None:
    if not has_literal_password(target):
        return
    remember_secrets(secrets_of(target))
    if not store_password:
        raise Invalid(
            "the target holds a password, which would stand in your settings file: write '${VARIABLE}' for it in "
            "single quotes, use service= or --passfile, or add --store-password"
        )


def _stored(target: str) -> str:
    """The target as the settings hold it: what depends on the current directory no longer does."""
    if not target.strip():
        raise Invalid("the target is empty; give a path, a PostgreSQL URL or key=value text")
    if "${" in target:
        # Its meaning is only known when it is opened; a relative path is made absolute as a text.
        is_path = not target.startswith(("$", "/", "~")) and "://" not in target and "=" not in target
        return _text(f"{Path.cwd()}/{target}" if is_path else target, "the target")
    parsed = parse_target(target)
    if not isinstance(parsed, FileTarget):
        return _text(target.strip(), "the target")
    path = os.path.abspath(parsed.path)  # noqa: PTH100 - links stay
    # A path that TOML cannot hold, or that could be read as something else, is written as a URL.
    plain = path.isprintable() and "${" not in path and "://" not in path and "=" not in path and path == path.strip()
    return path if plain else f"sqlite:///{quote_from_bytes(os.fsencode(path), safe='/')}"


def _text(text: str, what: str) -> str:
    """A text that a settings file can hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid(
            f"{what} is not valid Unicode, which a settings file must be; write it as a URL with %XX"
        ) from None
    return text


def _candidate(name: str, entry: dict[str, str | bool], path: Path, even_if_dead: bool) -> Candidate:
    """How it would be opened, looking only."""
    from workbench.settings.editing import opening_of

    try:
        opening = opening_of(name, entry, path)
    except Invalid as error:
        if not even_if_dead:
            raise
        # A variable that is not set here may be set where the workbench is used; nothing else is passed over.
        opening_of(name, entry, path, all_set=True)
        return Candidate(name, error)
    remember_secrets(opening.secrets)
    return Candidate(name, replace(opening, read_only=True))
