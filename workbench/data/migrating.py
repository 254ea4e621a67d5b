"""Bringing a database up to what its tables are declared to be: only when asked for by name, and all or nothing.

What is missing is added, as the owning program's own migrator would add it; nothing is changed or removed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.data import guards
from workbench.data.engine.statement import Statement
from workbench.data.engine.tables import Table
from workbench.data.errors import Conflict, Invalid, ReadOnly, Unsupported

if TYPE_CHECKING:
    from workbench.data.engine.database import Database
    from workbench.data.source import Source


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a migration does: in words, and as SQL."""

    words: str
    sql: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did (or would do), and the copy that was made before."""

    changes: tuple[str, ...]
    backup: Path | None = None


def migrate(source: "Source", *, dry_run: bool = False, backup: Path | None = None) -> Migrated:
    """See `Source.migrate`."""
    database = source.database
    changes = tuple(_changes(database, source.declared_tables()))
    if dry_run or not changes:
        return Migrated(tuple(change.words for change in changes))
    if source.read_only:
        raise ReadOnly(f"{source.display} is open read-only: open it with read_only=False to migrate it")
    copy = None
    if source.engine == "sqlite":
        copy = _backup(source, backup)
    elif backup is not None:
        raise Unsupported(f"{source.display} is on a server: copy it with pg_dump, and migrate without a backup")
    with database.transaction(durable=True):
        for change in changes:
            for sql in change.sql:
                database.run(Statement(sql))
    database.relations(fresh=True)
    return Migrated(tuple(change.words for change in changes), copy)


def _backup(source: "Source", wanted: Path | None) -> Path:
    assert source.path is not None
    path = source.path
    others = guards.processes_with(path)
    if others:
        raise Conflict(
            f"{path} is open in another process ({', '.join(map(str, others))}): stop it first, a migration under a "
            "running program can fail its writes"
        )
    target = wanted or path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if target.exists():
        raise Invalid(f"{target} is there already: name another place for the copy")
    source.database.copy_to(target)
    return target


def _changes(database: "Database", tables: tuple[Table, ...]) -> Iterator[Change]:
    relations = database.relations(fresh=True)
    for table in tables:
        name = table.local(database.dialect)
        found = relations.get(name)
        if found is None:
            yield Change(f"make the table {name}", table.ddl(database.dialect))
            continue
        if found.kind != "table":
            raise Unsupported(f"{database.display} has a {found.kind} {name} where a table belongs: rename it first")
        for column in table.columns:
            if column.name not in found.columns:
                if not column.null and column.default is None:
                    raise Unsupported(
                        f"table {name} of {database.display} lacks the column {column.name}, which no old row could "
                        "fill: restore it from a backup"
                    )
                yield Change(f"add the column {name}.{column.name}", (table.add_column(column, database.dialect),))
        missing = {index.name for index in table.indexes} - database.index_names(name)
        for index, sql in table.index_ddl(database.dialect):
            if index.name in missing:
                yield Change(f"make the index {index.name} of {name}", (sql,))
