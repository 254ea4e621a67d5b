"""How a database differs from what its tables are declared to be, in words. Looking only: nothing is mended."""

from collections.abc import Iterable, Iterator

from workbench.data.engine.codecs import SQLITE
from workbench.data.engine.database import Database, Relation
from workbench.data.engine.tables import Column, Table

# What PostgreSQL answers to `format_type` for types that have several names.
_SAME = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "float8": "double precision",
    "timestamptz": "timestamp with time zone",
    "boolean": "boolean",
    "bool": "boolean",
}
# On SQLite these are one for the programs that share the file.
_SAME_ON_SQLITE = {**_SAME, "boolean": "numeric", "bool": "numeric"}


def drift(database: Database, tables: Iterable[Table]) -> tuple[str, ...]:
    """Sentences on every difference that matters; none when the database is as declared.

    A column that older databases are known to lack, more columns, more tables and another column order are
    no drift: the programs live with them, and so do we.
    """
    relations = database.relations(fresh=True)
    return tuple(
        sentence
        for table in tables
        for sentence in _of_table(database, table, relations.get(table.local(database.dialect)))
    )


def _of_table(database: Database, table: Table, found: Relation | None) -> Iterator[str]:
    name = table.local(database.dialect)
    if found is None:
        yield f"table {name} is missing"
        return
    if found.kind != "table":
        yield f"{name} is a {found.kind} where a table belongs"
        return
    for column in table.columns:
        yield from _of_column(database.dialect, name, column, found)
    if found.key != table.key:
        there, wanted = ", ".join(found.key) or "none", ", ".join(table.key)
        yield f"table {name} has the primary key ({there}) where ({wanted}) belongs"
    missing = {index.name for index in table.indexes} - database.index_names(name)
    for index in table.indexes:
        if index.name in missing:
            yield f"table {name} lacks the index {index.name}: its lists are slow"


def _of_column(dialect: str, table: str, column: Column, found: Relation) -> Iterator[str]:
    declared = found.columns.get(column.name)
    if declared is None:
        if not column.since:
            yield f"table {table} lacks the column {column.name}"
        return
    same = _SAME_ON_SQLITE if dialect == SQLITE else _SAME
    wanted = column.codec.sqlite if dialect == SQLITE else column.codec.postgres
    there = declared.lower()
    if same.get(there, there) != same.get(wanted, wanted):
        yield f"column {table}.{column.name} is declared {there or 'without a type'} where {wanted} belongs"
