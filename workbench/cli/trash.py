"""`workbench trash list`, `show` and `empty`, and `workbench undo`: what was deleted here, and putting it back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from workbench.cli.failures import CONFLICT, FAILED, OK, UNAVAILABLE, masked
from workbench.cli.options import Command, Group
from workbench.cli.output import Cell, size_text
from workbench.cli.session import HOME, Session, looking
from workbench.data.errors import Conflict, Invalid, NotFound, ReadOnly
from workbench.data.target import MASK

if TYPE_CHECKING:
    from workbench.desk.audit import Audit
    from workbench.desk.trash import Entry, Kept, Trash
    from workbench.desk.trash_undo import Restored, Undone

COLUMNS = ("id", "time", "operator", "source", "where", "verb", "noun", "rows", "size", "undone", "keys")
DEFAULT_COLUMNS = ("id", "time", "operator", "source", "verb", "noun", "rows", "undone", "keys")
_LIMIT = 50
_CELLS = 400  # cells of a value that are shown
_TOLD = 20  # rows that are told one by one to people


@click.group("trash", cls=Group)
def trash() -> None:
    """What was deleted through the workbench, and can be put back."""


@trash.command("list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=_LIMIT, metavar="N", show_default=True, help="How many to show."
)
@click.pass_obj
def list_entries(session: Session, limit: int) -> int:
    """List what was deleted, the newest first."""
    page = _trash(session).list(limit)
    output = session.output
    if output.as_json:
        for entry in page:
            output.json(_record(entry))
    elif page:
        columns = session.loaded.settings.columns.get("trash", list(DEFAULT_COLUMNS))
        output.table(columns, [[_cell(entry, column) for column in columns] for entry in page])
    elif not page.damage:
        output.note("the trash is empty")
    if page.next is not None:
        output.note("there are older entries; --limit shows more of them")
    for damage in page.damage:
        output.note(damage.field.why)
    return OK


@trash.command("show")
@click.argument("id", metavar="ID")
@click.pass_obj
def show_entry(session: Session, id: str) -> int:
    """Show an entry with its rows; with --json each row with its values as they are stored."""
    from workbench.data.transfer_values import to_plain

    found = _trash(session)
    entry = found.get(id)
    output = session.output
    if output.as_json:
        for kept in found.rows(entry):
            values = {name: to_plain(value) for name, value in zip(kept.columns, kept.row, strict=True)}
            output.json({"id": entry.id, "table": kept.table, "row": values})
        return OK
    output.pairs([(column, _cell(entry, column)) for column in COLUMNS])
    for kept in found.rows(entry):
        output.line("")
        output.pairs(_fields(kept))
    return OK


@trash.command("empty")
@click.option("--older-than", type=click.IntRange(min=0), metavar="DAYS", help="Only what is older than so many days.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_obj
def empty(session: Session, older_than: int | None, yes: bool) -> int:
    """Let what was deleted go for good."""
    if session.is_read_only:
        raise ReadOnly("--read-only was given, and emptying the trash is a write: leave it out")
    found, output = _trash(session), session.output
    if not yes:
        which = "everything in the trash" if older_than is None else f"what is older than {older_than} days"
        if not _may(f"Let {which} go for good? It cannot be put back then.", of="empties the trash"):
            output.note("the trash is left as it is")
            return OK
    settings = session.loaded.settings
    where = str(found.folder)
    with _audit(session).intent(source=HOME, where=where, verb="empty", noun="trash", via="command line") as act:
        gone = found.empty(None if older_than is None else timedelta(days=older_than))
        act.outcome("emptied", counts={"entries": gone.entries, "bytes": gone.size})
    if output.as_json:
        output.json({"home": settings.home, "entries": gone.entries, "bytes": gone.size})
    else:
        output.line(f"{_counted(gone.entries, 'entry', 'entries')} gone for good, {size_text(gone.size)}", "good")
    return OK


@click.command("undo", cls=Command)
@click.argument("id", metavar="[ID]", required=False)
@click.option("--source", "source", metavar="NAME", help="The source, where it has another name by now.")
@click.option("--dry-run", is_flag=True, help="Only say what would come back.")
@click.pass_obj
def undo(session: Session, id: str | None, source: str | None, dry_run: bool) -> int:
    """Put back what was deleted: an entry of the trash, or the newest one of this operator.

    A row comes back exactly as it was, unless another one has its key by now: that is told, and the others come back.
    """
    from workbench.cli.probing import opened
    from workbench.cli.working import opening_of

    found = _trash(session)
    entry = _meant(session, found, id)
    if entry.undone is not None:
        raise Conflict(f"the entry {entry.id} was undone already, at {entry.undone:%Y-%m-%d %H:%M:%S} UTC")
    opening = opening_of(session, source or _source_of(session, entry))
    with opened(looking(opening) if dry_run else opening, session.loaded.settings.timeouts) as place:
        from workbench.desk import trash_undo

        if dry_run:
            return _report(session, place.name, trash_undo.preview(place, entry, found), dry_run=True)
        if place.read_only:
            trash_undo.refuse(place, entry)
            raise ReadOnly(f"{place.name} is open read-only: {_way_to_write(session)}")
        done = trash_undo.undo(place, entry, found, _audit(session), via="command line")
        return _report(session, place.name, done)


def _meant(session: Session, found: Trash, id: str | None) -> Entry:
    if id is not None:
        return found.get(id)
    operator = session.loaded.settings.operator
    newest = found.newest(operator)
    if newest is None:
        raise NotFound(f"there is nothing to undo for {operator}: `workbench trash list` shows what others deleted")
    return newest


def _source_of(session: Session, entry: Entry) -> str:
    """The source of an entry by its name in the settings, else by where it is."""
    act = entry.about
    if act.source == HOME or act.source in session.loaded.settings.sources:
        return act.source
    if act.engine == "sqlite":
        return act.where
    if MASK in act.where:
        raise Invalid(
            f"the entry {entry.id} is from {act.where}, whose password was not kept; name its source with --source"
        )
    return act.where


def _report(session: Session, place: str, done: Undone, *, dry_run: bool = False) -> int:
    output, entry = session.output, done.entry
    if output.as_json:
        for row in done.rows:
            output.json({"entry": entry.id, "source": place, "dry_run": dry_run, **_told(row)})
    else:
        output.line(_summary(done, dry_run), "good" if done.whole else "doubtful")
    lost = [row for row in done.rows if row.why]
    for row in lost[:_TOLD]:
        output.refusal(f"{row.table} {_key(row.key)} is not put back: {masked(row.why)}")
    if len(lost) > _TOLD:
        output.refusal(f"and {len(lost) - _TOLD} more rows are not put back")
    if done.unrecorded is not None:
        output.refusal(f"that stands, but its end is not on record: {masked(str(done.unrecorded))}")
        return UNAVAILABLE
    if done.whole:
        return OK
    return CONFLICT if "taken" in done.counts else FAILED


def _summary(done: Undone, dry_run: bool) -> str:
    counts, entry = done.counts, done.entry
    what = f"{entry.about.verb} {entry.about.noun} of {entry.time:%Y-%m-%d %H:%M:%S} UTC ({entry.id})"
    if done.whole and not counts.get("back"):
        return f"{what}: nothing is missing, {_counted(counts.get('there', 0), 'row is', 'rows are')} there"
    verb = "would come back" if dry_run else "put back"
    parts = [f"{_counted(counts.get('back', 0), 'row', 'rows')} {verb}"]
    if "there" in counts:
        parts.append(f"{counts['there']} there already")
    if left := counts.get("taken", 0) + counts.get("refused", 0):
        parts.append(f"{left} not")
    return f"{what}: {', '.join(parts)}"


def _told(row: Restored) -> dict[str, object]:
    from workbench.data.transfer_values import to_plain

    return {"table": row.table, "key": [to_plain(part) for part in row.key], "result": row.result, "why": row.why}


def _key(key: Sequence[object]) -> str:
    from workbench.desk.safe import safe

    return "/".join(safe(part if isinstance(part, str) else repr(part)).cut(60) for part in key)


def _fields(kept: Kept) -> list[tuple[str, Cell]]:
    """A row for people: one line for each column, secrets masked."""
    fields = [("table", Cell(kept.table, "head"))]
    for name, value in zip(kept.columns, kept.row, strict=True):
        fields.append((name, Cell(_shown(value))))
    return fields


def _shown(value: object) -> str:
    from workbench.desk.secrets import mask

    if value is None:
        return "—"
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
    return mask(text[:4096]).safe.cut(_CELLS)


def _record(entry: Entry) -> dict[str, object]:
    act = entry.about
    return {
        "id": entry.id, "time": entry.time, "operator": act.operator, "source": act.source, "where": act.where,
        "engine": act.engine, "verb": act.verb, "noun": act.noun, "keys": list(act.keys), "rows": entry.rows,
        "size": entry.size, "undone": entry.undone,
    }  # fmt: skip


def _cell(entry: Entry, column: str) -> Cell:
    value = _record(entry)[column]
    match column:
        case "time" | "undone":
            return Cell("—" if value is None else f"{value:%Y-%m-%d %H:%M:%SZ}")
        case "keys":
            keys = entry.about.keys
            return Cell(f"{keys[0]}{f' +{len(keys) - 1}' if len(keys) > 1 else ''}" if keys else "—")
        case "size":
            return Cell(size_text(entry.size))
    return Cell(str(value))


def _trash(session: Session) -> Trash:
    from workbench.desk.trash import Trash

    return Trash(session.loaded.settings.home)


def _audit(session: Session) -> Audit:
    from workbench.desk.audit import Audit

    settings = session.loaded.settings
    return Audit(settings.home, settings.operator, secrets=session.secrets)


def _may(question: str, *, of: str) -> bool:
    """Whether the operator says so; without a terminal there is nobody to ask."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        raise Invalid(f"this {of}: say --yes where nobody can be asked")
    return click.confirm(question, default=False)


def _way_to_write(session: Session) -> str:
    if session.is_read_only:
        return "--read-only was given, and it always wins; leave it out"
    return "add --write, or set read_only = false for it in your settings"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
