"""Undo: the rows of an entry of the trash go back where they stood, as far as nothing else has taken their place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.data.engine.stored import StoredTable, Values, same
from workbench.data.errors import Conflict, Invalid, ReadOnly, WorkbenchError
from workbench.desk.trash import Entry, Kept, Trash
from workbench.desk.trash_deleting import address

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.data.engine.database import Database
    from workbench.desk.audit import Audit

BACK, THERE, TAKEN, REFUSED = "back", "there", "taken", "refused"
_NOTED = 100  # keys that the audit log has of one act


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of one row: put back, there already, or why it is not back."""

    table: str
    key: Values
    result: str
    why: str = ""


@dataclass(slots=True)
class Undone:
    """What came of undoing an entry. `unrecorded` says why its end is not on record, although it was done."""

    entry: Entry
    rows: list[Restored] = field(default_factory=list)
    unrecorded: WorkbenchError | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many rows came to what."""
        found = Counter(row.result for row in self.rows)
        return {result: found[result] for result in (BACK, THERE, TAKEN, REFUSED) if found[result]}

    @property
    def whole(self) -> bool:
        """Whether every row is where it was."""
        return not {TAKEN, REFUSED} & self.counts.keys()

    @property
    def result(self) -> str:
        """In a word or two, for the audit log and for people."""
        if self.whole:
            return "undone" if BACK in self.counts else "nothing missing"
        return "partly undone" if BACK in self.counts else "not undone"


def undo(source: Source, entry: Entry, trash: Trash, audit: Audit, *, via: str = "screen") -> Undone:
    """Put the rows of an entry back, all in one transaction; a row whose place is taken is told, the others come back.

    An entry stays to be undone for as long as one of its rows is not back.
    """
    refuse(source, entry)
    if source.read_only:
        raise ReadOnly(f"{source.name} is open read-only: open it with --write, or press W on the screen")
    with (
        trash.undoing(entry),
        audit.intent(
            source=source.name,
            where=source.display,
            verb="undo",
            noun=entry.about.noun,
            keys=entry.about.keys[:_NOTED],
            counts={"rows": entry.rows},
            via=via,
            more={"entry": entry.id},
        ) as act,
    ):
        done = source.database.transact(lambda database: _restore(database, entry, trash), durable=True)
        try:
            if done.whole:
                trash.mark_undone(entry)
            act.outcome(done.result, counts=done.counts)
        except WorkbenchError as error:
            done.unrecorded = error
        return done


def preview(source: Source, entry: Entry, trash: Trash) -> Undone:
    """What undoing an entry would come to, without a write."""
    refuse(source, entry)
    done = Undone(entry)
    tables: dict[tuple[str, tuple[str, ...]], StoredTable] = {}
    for kept in trash.rows(entry):
        table = _table(source.database, kept, tables)
        found = table.like(kept.row)
        there = any(same(kept.row, row) for row in found)
        result = THERE if there else TAKEN if found and None not in table.key_of(kept.row) else BACK
        done.rows.append(Restored(table.name, table.key_of(kept.row), result, _TAKEN if result == TAKEN else ""))
    return done


def refuse(source: Source, entry: Entry) -> None:
    """Refuse an entry that was undone, or is of another database."""
    if entry.undone is not None:
        raise Conflict(f"the entry {entry.id} was undone already, at {entry.undone:%Y-%m-%d %H:%M:%S} UTC")
    if (entry.about.where, entry.about.engine) != (address(source), source.engine):
        raise Invalid(
            f"the rows of the entry {entry.id} are from {entry.about.where}, and {source.name} is "
            f"{address(source)}: name the source that they are from with --source"
        )


_TAKEN = "another row has its key"


def _restore(database: Database, entry: Entry, trash: Trash) -> Undone:
    done = Undone(entry)
    tables: dict[tuple[str, tuple[str, ...]], StoredTable] = {}
    seen: Counter[object] = Counter()
    for kept in trash.rows(entry):
        table = _table(database, kept, tables)
        if None in table.key_of(kept.row):
            # Its key does not tell it from others: so many of them were there, and so many are to be there again.
            name = (table.name, table.identity(kept.row))
            seen[name] += 1
            if len(table.same(kept.row)) >= seen[name]:
                done.rows.append(Restored(table.name, table.key_of(kept.row), THERE))
                continue
        done.rows.append(_put_back(database, table, kept.row))
    return done


def _put_back(database: Database, table: StoredTable, row: Values) -> Restored:
    key = table.key_of(row)
    try:
        with database.transaction():
            if table.add(row):
                return Restored(table.name, key, BACK)
    except (Invalid, Conflict) as error:
        return Restored(table.name, key, REFUSED, str(error))
    found = table.like(row)
    if any(same(row, each) for each in found):
        return Restored(table.name, key, THERE)
    why = _TAKEN if found else "another row has a value of it that may stand there only once"
    return Restored(table.name, key, TAKEN, why)


def _table(database: Database, kept: Kept, tables: dict[tuple[str, tuple[str, ...]], StoredTable]) -> StoredTable:
    name = (kept.table, kept.columns)
    if name not in tables:
        tables[name] = StoredTable(database, kept.table, kept.columns)
    return tables[name]
