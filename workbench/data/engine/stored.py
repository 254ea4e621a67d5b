"""Rows as they stand in a database: read, added and deleted by value, without any meaning of a column in between.

A value is what the engine holds: on SQLite of whatever storage class (a text that is no UTF-8 has lone surrogates),
on PostgreSQL an instant as its text to the microsecond, and every type that we know nothing of as the server writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workbench.data.engine.codecs import SQLITE
from workbench.data.engine.database import Database, Relation
from workbench.data.engine.statement import BYTES, Prepared, shape_of
from workbench.data.engine.tables import quoted
from workbench.data.errors import Conflict, Invalid, NotFound, Unsupported

Value = None | bool | int | float | str | bytes
Values = tuple[Value, ...]

TOGETHER = 200  # rows of one read
_BATCH = 50  # keys that one read looks for
_ROWID = ("rowid", "_rowid_", "oid")
# What our drivers read exactly; anything else is asked for as text.
_READ = frozenset(
    {
        "bigint", "boolean", "bytea", "character", "character varying", "date", "double precision", "integer", "json",
        "jsonb", "name", "numeric", "oid", "real", "smallint", "text", "timestamp with time zone",
        "timestamp without time zone", "uuid",
    }
)  # fmt: skip
_LENGTH = re.compile(r"\([^)]*\)")


class StoredTable:
    """One table of a database. Inside a transaction its reads lock what they find."""

    def __init__(self, database: Database, name: str, columns: Sequence[str] | None = None) -> None:
        """Look the table up; `NotFound` where there is none of that name, `Unsupported` where it has no key.

        With `columns` its rows have only these: what is added has the defaults of the others.
        """
        relation = _relation(database, name)
        self._database = database
        self._sqlite = database.dialect == SQLITE
        self.name = name
        self.types = relation.columns
        self.columns = tuple(relation.columns) if columns is None else self._checked(columns)
        self.key = relation.key
        if columns is not None and (lacking := [part for part in self.key if part not in columns]):
            raise Invalid(f"the column {lacking[0]} is missing, by which the rows of {name} are told apart")
        self._from = quoted(name, database.dialect)
        self._selected = ", ".join(map(self._read, self.columns))
        self._rowid = self._find_rowid() if self._sqlite else None
        if self._rowid is None and not self.key:
            raise Unsupported(f"the table {name} has no key by which its rows can be told apart: give it one")

    # -- reading ---------------------------------------------------------------------------------------------

    def rows(self) -> Iterator[list[Values]]:
        """Every row, some hundred at a time and each read by itself, in the order of their numbers or their key."""
        order = (self._rowid,) if self._rowid else tuple(self.key)
        names = ", ".join(self._quoted(name) for name in order)
        after: Values = ()
        while True:
            values: list[Value] = []
            beyond = ""
            if after:
                marks = (self._mark(name, value, values) for name, value in zip(order, after, strict=True))
                beyond = f" WHERE ({names}) > ({', '.join(marks)})"
            sql = f"SELECT {self._selected}, {names} FROM {self._from}{beyond} ORDER BY {names} LIMIT {TOGETHER}"
            found = self._database._fetch(_raw(sql), tuple(values))
            if found:
                yield [tuple(row[: len(self.columns)]) for row in found]
            if len(found) < TOGETHER:
                return
            after = tuple(found[-1][len(self.columns) :])

    def find(self, wheres: Sequence[Mapping[str, Value]], *, as_text: bool = False) -> list[Values]:
        """The rows that have exactly these values in these columns, for any of the mappings; each row once.

        With `as_text` a text also finds the same bytes, which a column for texts can hold on SQLite.
        """
        distinct = {tuple((name, type(value), value) for name, value in where.items()): where for where in wheres}
        wanted = list(distinct.values())
        found: list[Values] = []
        for at in range(0, len(wanted), _BATCH):
            values: list[Value] = []
            terms = [f"({self._match(where, values, as_text=as_text)})" for where in wanted[at : at + _BATCH]]
            lock = " FOR UPDATE" if not self._sqlite and self._database.in_transaction else ""
            sql = f"SELECT {self._selected} FROM {self._from} WHERE {' OR '.join(terms)}{lock}"
            found += (tuple(row) for row in self._database._fetch(_raw(sql), tuple(values)))
        return found if len(wanted) <= _BATCH else self._once(found)

    def _once(self, rows: Sequence[Values]) -> list[Values]:
        """Rows that several reads have found, once each; those whose key holds a NULL may truly be there twice."""
        nameless = [row for row in rows if None in self.key_of(row)]
        named = {self.identity(row): row for row in rows if None not in self.key_of(row)}
        return [*named.values(), *nameless]

    def like(self, row: Values) -> list[Values]:
        """The rows that have the key of this one."""
        return self.find([dict(zip(self.key, self.key_of(row), strict=True))]) if self.key else self.same(row)

    def same(self, row: Values) -> list[Values]:
        """The rows that are this one in every column."""
        return self.find([self.named(row)])

    def named(self, row: Values) -> dict[str, Value]:
        """A row by the names of its columns."""
        return dict(zip(self.columns, row, strict=True))

    def key_of(self, row: Values) -> Values:
        """The values of a row's key; of the whole row in a table without one."""
        return tuple(row[self.columns.index(name)] for name in self.key) if self.key else row

    def identity(self, row: Values) -> tuple[tuple[type, Value], ...]:
        """What tells a row from others: its key, or all of it where a NULL in the key tells nothing."""
        key = self.key_of(row)
        return tuple((type(value), value) for value in (row if None in key else key))

    # -- writing ---------------------------------------------------------------------------------------------

    def add(self, row: Values) -> bool:
        """Add a row; False where its key, or another of its values that must be the only one, is taken.

        A row that would not be kept exactly so is refused, and the caller's transaction is to be undone.
        """
        values: list[Value] = []
        marks = ", ".join(self._mark(name, value, values) for name, value in zip(self.columns, row, strict=True))
        names = ", ".join(map(self._quoted, self.columns))
        given = "" if self._sqlite else " OVERRIDING SYSTEM VALUE"
        sql = f"INSERT INTO {self._from} ({names}){given} VALUES ({marks}) ON CONFLICT DO NOTHING"
        if self._sqlite:
            added = self._database._execute(_raw(sql, writes=True), tuple(values), False)
            kept = self.like(row) if added else []
        else:  # one question instead of two, for each waits on the network
            returned = _raw(f"{sql} RETURNING {self._selected}", writes=True)
            kept = [tuple(each) for each in self._database._fetch(returned, tuple(values))]
            added = len(kept)
        if added and not any(same(row, each) for each in kept):
            raise Invalid(f"a row of {self.name} would not be kept as it is given: the column types differ")
        return bool(added)

    def delete(self, row: Values) -> int:
        """Delete a row by its key, exactly; the number of rows that went."""
        key = self.key_of(row)
        where = self.named(row) if None in key or not self.key else dict(zip(self.key, key, strict=True))
        values: list[Value] = []
        sql = f"DELETE FROM {self._from} WHERE {self._match(where, values)}"
        return self._database._execute(_raw(sql, writes=True), tuple(values), False)

    def renumber(self) -> None:
        """Let the server's own numbering go on behind the greatest number that was added by hand."""
        if self._sqlite:
            return
        for name, kind in self.types.items():
            if kind in ("smallint", "integer", "bigint"):
                asked = _raw("SELECT pg_get_serial_sequence(CAST($1 AS text), CAST($2 AS text))")
                ((sequence,),) = self._database._fetch(asked, (self._from, name))
                if sequence:
                    self._number_on(name, sequence)

    def _number_on(self, column: str, sequence: str) -> None:
        greatest = f"(SELECT max({self._quoted(column)}) FROM {self._from})"
        sql = (
            f"SELECT setval(CAST($1 AS regclass), {greatest}) FROM {sequence} "
            f"WHERE {greatest} > last_value OR ({greatest} = last_value AND NOT is_called)"
        )
        self._database._fetch(_raw(sql, writes=True), (sequence,))

    # -- SQL -------------------------------------------------------------------------------------------------

    def _quoted(self, name: str) -> str:
        # A name of one part, whatever is in it: only tables have a schema.
        return quoted(name, SQLITE) if self._sqlite else '"' + name.replace('"', '""') + '"'

    def _read(self, name: str) -> str:
        known = self._sqlite or _LENGTH.sub("", self.types[name]) in _READ
        return self._quoted(name) if known else f"CAST({self._quoted(name)} AS text)"

    def _match(self, where: Mapping[str, Value], values: list[Value], *, as_text: bool = False) -> str:
        terms = []
        for name, value in where.items():
            if name not in self.types and name != self._rowid:
                raise Unsupported(f"the table {self.name} has no column {name}: it was made by another version")
            column = self._quoted(name)
            if value is None:
                terms.append(f"{column} IS NULL")
            elif as_text and self._sqlite and isinstance(value, str):
                marks = self._mark(name, value, values), self._mark(name, _bytes_of(value), values)
                terms.append(f"{column} IN ({', '.join(marks)})")
            else:
                terms.append(f"{column} = {self._mark(name, value, values)}")
        return " AND ".join(terms)

    def _mark(self, name: str, value: Value, values: list[Value]) -> str:
        """The placeholder of a value, which joins the others."""
        if not self._sqlite:
            values.append(value)
            return f"CAST(${len(values)} AS {self.types[name]})"
        odd = isinstance(value, str) and shape_of(value) == BYTES
        values.append(_bytes_of(value) if odd else value)  # type: ignore[arg-type]
        return "CAST(? AS TEXT)" if odd else "?"

    def _checked(self, names: Sequence[str]) -> tuple[str, ...]:
        """Columns that were named from outside: each is there, and none is named twice."""
        if unknown := [name for name in names if name not in self.types]:
            known = ", ".join(self.types)
            raise Invalid(f"the table {self.name} has no column {unknown[0]!r}: its columns are {known}")
        if len(set(names)) != len(names):
            raise Invalid(f"a column of {self.name} is named twice: keep one")
        return tuple(names)

    def _find_rowid(self) -> str | None:
        """The name by which SQLite's own number of a row can be asked for; None where rows have none."""
        taken = {name.lower() for name in self.columns}
        free = next((name for name in _ROWID if name not in taken), None)
        if free is None:
            return None
        try:
            self._database._fetch(_raw(f"SELECT {free} FROM {self._from} LIMIT 0"), ())
        except Unsupported:
            return None
        return free


def same(row: Values, other: Values) -> bool:
    """Whether two rows are equal to the bit: 1, 1.0 and True are three values, and nan is one."""
    return len(row) == len(other) and all(map(_same, row, other))


def _same(one: Value, other: Value) -> bool:
    if one.__class__ is not other.__class__:
        return False
    return repr(one) == repr(other) if isinstance(one, float) else one == other


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _relation(database: Database, name: str) -> Relation:
    there = database.relations(fresh=True)  # a column that came meanwhile must not be missed
    relation = there.get(name)
    if relation is None:
        known = ", ".join(sorted(found for found, each in there.items() if each.kind == "table"))
        raise NotFound(f"{database.display} has no table {name!r}: it has {known or 'none'}")
    if relation.kind != "table":
        raise Unsupported(f"{name} in {database.display} is a view: name a table")
    if not relation.columns:
        raise Conflict(f"the table {name} in {database.display} has no columns: it was just made anew, try again")
    return relation


def _raw(sql: str, *, writes: bool = False) -> Prepared[Any]:
    return Prepared(sql, lambda _: (), _no_record, _no_record, None, (), writes)


def _no_record(*_: object) -> Any:  # noqa: ANN401
    raise TypeError("raw rows only")
