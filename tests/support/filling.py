"""Rows put into a test's agents database past our own code, as its program would write them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from support.agents import Place

from workbench.data.agents.tables import TABLES
from workbench.data.engine import times
from workbench.data.engine.statement import Statement

T = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_BY_NAME = {table.name: table for table in TABLES}


def ago(**span: float) -> datetime:
    """So long before the stated instant."""
    return T - timedelta(**span)


def fill(place: Place, table: str, *rows: Mapping[str, Any]) -> None:
    """Insert rows; columns that are not given have plain values, and instants the engine's own form."""
    fill_many(place, table, rows)


def fill_many(place: Place, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """The same for any number of rows, in one transaction."""
    connection = place.raw()
    try:
        connection.execute("BEGIN")
        for number, row in enumerate(rows):
            whole = _plain(table, number) | dict(row)
            names, values = list(whole), [_stored(place, value) for value in whole.values()]
            mark = "?" if place.engine == "sqlite" else "%s"
            marks = ", ".join([mark] * len(names))
            connection.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", values)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _plain(table: str, number: int) -> dict[str, Any]:
    """A value for every column that must have one."""
    plain: dict[str, Any] = {}
    for column in _BY_NAME[table].columns:
        if column.autoincrement or column.null or column.default is not None:
            continue
        plain[column.name] = {
            "text": f"{column.name} {number}",
            "bigint": number,
            "integer": number,
            "bytes": b"{}",
            "bool": True,
        }.get(column.codec.name, T)
    return plain


def _stored(place: Place, value: object) -> object:
    if isinstance(value, datetime):
        return times.go_utc(value) if place.engine == "sqlite" else value
    return value


def plan_of(place: Place, statement: Statement[Any], **values: object) -> str:
    """How the engine would run a statement; PostgreSQL as if its tables were large."""
    dialect = "sqlite" if place.engine == "sqlite" else "postgres"
    prepared = statement.prepare(dialect)
    connection = place.raw()
    try:
        if dialect == "sqlite":
            found = connection.execute(f"EXPLAIN QUERY PLAN {prepared.sql}", prepared.bind(values)).fetchall()
            return "\n".join(row[3] for row in found)
        connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        sql = prepared.sql
        for number, value in enumerate(prepared.bind(values), 1):
            sql = sql.replace(f"${number}", str(value))
        return "\n".join(row[0] for row in connection.execute(f"EXPLAIN {sql}").fetchall())
    finally:
        connection.close()
