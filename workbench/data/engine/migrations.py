"""Numbered steps that bring a database of our own to this program's version, each in a transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.data.engine.codecs import text
from workbench.data.engine.database import Database
from workbench.data.engine.statement import Pair, Row, Statement
from workbench.data.engine.tables import Column, Table
from workbench.data.errors import Corrupt, Unavailable

META = Table("workbench.meta", (Column("key", text), Column("value", text)), key=("key",))
_VERSION = Statement(
    "SELECT value FROM {table:workbench.meta} WHERE key = 'version'", row=Row.plain(str, value=text), table=META
)
_SET_VERSION: Statement[None] = Statement(
    "INSERT INTO {table:workbench.meta} (key, value) VALUES ('version', :value) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    table=META,
)
# On SQLite the transaction itself keeps others out.
_ALONE: Statement[None] = Statement(Pair("SELECT 1", "SELECT pg_advisory_xact_lock(7720263)"))


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. It must be idempotent: whoever runs it again finds its work done and changes nothing."""

    number: int
    words: str
    run: Callable[[Database], None]


def make_tables(*tables: Table) -> Callable[[Database], None]:
    """A migration that makes declared tables where they do not exist."""

    def run(database: Database) -> None:
        for table in tables:
            for ddl in table.ddl(database.dialect):
                database.run(Statement(ddl))

    return run


def version(database: Database) -> int:
    """The version that a home carries; 0 when it is none yet."""
    if META.local(database.dialect) not in database.relations(fresh=True):
        return 0
    found = database.one(_VERSION)
    if found is not None and not found.isdecimal():
        raise Corrupt(f"{database.display} carries no version that can be read: restore it from a backup")
    return int(found or 0)


def migrate(database: Database, migrations: Sequence[Migration]) -> list[str]:
    """Run the steps that the database lacks; words on each. A newer database is refused and left alone."""
    newest = max(step.number for step in migrations)
    found = refuse_newer(database, newest)
    done: list[str] = []
    # What is there already needs no lock: others may be writing.
    lacking = (migration for migration in migrations if migration.number > found)
    for step in sorted(lacking, key=lambda migration: migration.number):
        if database.transact(lambda db, step=step: _step(db, step)):  # type: ignore[misc]
            done.append(step.words)
    if done:
        database.relations(fresh=True)
    return done


def refuse_newer(database: Database, newest: int) -> int:
    """Refuse a home that a newer workbench has written; the version of one that is taken."""
    found = version(database)
    if found > newest:
        raise Unavailable(
            f"{database.display} was made by a newer workbench (version {found}, this one knows {newest}): "
            "upgrade this program to open it"
        )
    return found


def _step(database: Database, step: Migration) -> bool:
    database.run(_ALONE)
    # Looked up again inside the transaction: another process may have been faster.
    if version(database) >= step.number:
        return False
    step.run(database)
    database.run(_SET_VERSION, {"value": str(step.number)})
    return True
