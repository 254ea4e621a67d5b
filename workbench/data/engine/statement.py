"""Statements: SQL written once with `:name` parameters, bound to its codecs when it is declared.

    GET = Statement("SELECT {columns} FROM approvals WHERE id = :id", row=Row.of(Approval, APPROVALS))

In the SQL, `{columns}` is the row's column list, `{table:sandbox.files}` a table by its name in the dialect,
`{column:approvals.created_by}` a column that older databases lack, and `{after}` and `{order}` make a list
page by key. Three further macros differ by dialect: see `MACROS`.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

from workbench.data.engine.codecs import POSTGRES, SQLITE, Codec, bigint
from workbench.data.engine.page import Cursor
from workbench.data.engine.tables import Column, Table, local_name, quoted

R = TypeVar("R")

# Null-safe equality, and the row lock of a read that is followed by a write (SQLite locks the whole file).
MACROS: dict[str, tuple[str, str]] = {
    "{is}": ("IS", "IS NOT DISTINCT FROM"),
    "{for_update}": ("", "FOR UPDATE"),
    "{skip_locked}": ("", "FOR UPDATE SKIP LOCKED"),
}
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|::"
    r"|:(?P<param>[A-Za-z_]\w*)|(?P<macro>\{[a-z_]+(?::[\w.]+)?\})",
    re.DOTALL,
)
_READS = re.compile(r"\s*(SELECT|VALUES|PRAGMA|EXPLAIN)\b", re.IGNORECASE)
_WRITES_WITHIN = re.compile(
    r"\b((?:INSERT|REPLACE)\s+(?:OR\s+\w+\s+)?INTO|UPDATE\s+[\w{`\"]|DELETE\s+FROM)", re.IGNORECASE
)


NULL, BYTES = "null", "bytes"


def shape_of(value: object) -> str:
    """What is odd about a stored value in a cursor: NULL, or a text that is no UTF-8. Most often nothing: ""."""
    if value is None:
        return NULL
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return BYTES
    return ""


class Pair(NamedTuple):
    """SQL that must differ between the dialects; a test counts these."""

    sqlite: str
    postgres: str


@dataclass(frozen=True, slots=True, eq=False)
class Row(Generic[R]):
    """How a result row becomes a record: columns with their codecs, in the order of the record's fields."""

    record: Callable[..., R]
    columns: tuple[tuple[str, Codec], ...]
    table: Table | None = None
    stored: bool = False

    @classmethod
    def of(cls, record: type[R], table: Table) -> "Row[R]":
        """A row whose record is a dataclass with fields named like the table's columns.

        A last field `stored` receives the texts of the instants as they stand in the database.
        """
        names = [f.name for f in dataclasses.fields(record)]  # type: ignore[arg-type]
        stored = names[-1] == "stored"
        names = names[:-1] if stored else names
        return cls(record, tuple((name, table.by_name[name].reader) for name in names), table, stored)

    @classmethod
    def plain(cls, record: Callable[..., R], **columns: Codec) -> "Row[R]":
        """A row of computed columns, passed to `record` in the order given."""
        return cls(record, tuple(columns.items()))

    @property
    def key(self) -> tuple[str, ...]:
        """The columns without which a row is nobody's: the table's key, as far as this row reads it."""
        if self.table is None:
            return ()
        return tuple(name for name in self.table.key if any(name == column for column, _ in self.columns))


@dataclass(frozen=True, slots=True, eq=False)
class Statement(Generic[R]):
    """One SQL statement. `params` gives codecs to parameters that are not columns of the row's table.

    `order` (for lists) names columns with an optional ` DESC`; it is the stored order, and the page key.
    """

    sql: str | Pair
    params: Mapping[str, Codec] = field(default_factory=dict)
    row: Row[R] | None = None
    table: Table | None = None
    order: tuple[str, ...] = ()
    writes: bool = field(init=False)
    begins_with_with: bool = field(init=False)
    codecs: dict[str, Codec] = field(init=False)
    _cache: "dict[Any, Prepared[R]]" = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        texts = tuple(self.sql) if isinstance(self.sql, Pair) else (self.sql,)
        code = [_TOKEN.sub(lambda m: "" if m[0][:1] in "'\"`-/" else m[0], text) for text in texts]
        object.__setattr__(self, "writes", any(_changes(text) for text in code))
        object.__setattr__(self, "begins_with_with", any(_begins_with_with(text) for text in code))
        table = self.table or (self.row.table if self.row else None)
        known: dict[str, Codec] = {"limit": bigint}
        if table is not None:
            known.update((c.name, c.codec.optional() if c.null else c.codec) for c in table.columns)
        known.update(self.params)
        used = {m["param"] for text in texts for m in _TOKEN.finditer(text) if m["param"]}
        if unknown := used - set(known):
            raise ValueError(f"statement without codecs for {sorted(unknown)}: {texts[0]}")
        object.__setattr__(self, "codecs", {name: known[name] for name in used})

    def prepare(
        self,
        dialect: str,
        missing: frozenset[tuple[str, str]] = frozenset(),
        shape: tuple[str, ...] | None = None,
        backwards: bool = False,
    ) -> "Prepared[R]":
        """The statement as one dialect runs it; made once per dialect, page direction and set of missing columns.

        `shape` says of each value of a cursor what is odd about it (see `shape_of`); None is the start of the list.
        """
        key = (dialect, missing, shape, backwards)
        prepared = self._cache.get(key)
        if prepared is None:
            prepared = self._cache[key] = _Preparation(self, dialect, missing, shape, backwards).finish()
        return prepared


def _changes(code: str) -> bool:
    """Whether SQL without its literals and comments changes anything (a WITH may end in a write)."""
    if _READS.match(code):
        return False
    return not _begins_with_with(code) or bool(_WRITES_WITHIN.search(code))


def _begins_with_with(code: str) -> bool:
    return code.lstrip()[:4].upper() == "WITH"


@dataclass(frozen=True, slots=True, eq=False)
class Prepared(Generic[R]):
    """A statement of one dialect: its SQL, and generated functions that bind parameters and build records."""

    sql: str
    bind: Callable[[Mapping[str, Any]], tuple[object, ...]]
    build: Callable[[Sequence[Any]], R]
    build_all: Callable[[Sequence[Sequence[Any]], Callable[[Sequence[Any]], R | None]], list[R]]
    row: Row[R] | None
    order: tuple[int, ...]
    writes: bool
    begins_with_with: bool = False

    def cursor(self, raw: Sequence[Any], backwards: bool) -> Cursor:
        """The place of a raw row in the stored order."""
        return Cursor(tuple(raw[index] for index in self.order), backwards)


@dataclass(slots=True)
class _Preparation(Generic[R]):
    """The making of one `Prepared`; kept together because binding order follows from the SQL text."""

    statement: Statement[R]
    dialect: str
    missing: frozenset[tuple[str, str]]
    shape: tuple[str, ...] | None
    backwards: bool
    placeholders: list[str] = field(default_factory=list)

    def finish(self) -> Prepared[R]:
        from workbench.data.engine.build import binder, builder, builder_of_all

        statement, row = self.statement, self.statement.row
        text = statement.sql
        if isinstance(text, Pair):
            text = text.sqlite if self.dialect == SQLITE else text.postgres
        sql = _TOKEN.sub(self._token, text)
        selected = self._selected()
        return Prepared(
            sql,
            binder(self.placeholders, {**statement.codecs, **self._after_codecs()}, self.dialect),
            builder(row, len(selected)) if row else _no_row,
            builder_of_all(row, len(selected)) if row else _no_rows,
            row,
            tuple(selected.index(name) for name, _ in self._order()) if row else (),
            statement.writes,
            statement.begins_with_with,
        )

    def _token(self, match: re.Match[str]) -> str:
        if name := match["param"]:
            return self._placeholder(name)
        macro = match["macro"]
        if not macro:
            return match[0]
        if macro in MACROS:
            return MACROS[macro][self.dialect == POSTGRES]
        word, _, argument = macro[1:-1].partition(":")
        if word == "columns":
            return ", ".join(self._column(name) for name in self._selected())
        if word == "order":
            return ", ".join(
                self._quoted(name) + (" DESC" if down != self.backwards else "") for name, down in self._order()
            )
        if word == "after":
            return self._after()
        if word == "table":
            return quoted(local_name(argument, self.dialect), self.dialect)
        if word == "column":
            return self._column(argument.rpartition(".")[2], bare=True)
        raise ValueError(f"unknown macro {macro} in {self.statement.sql}")

    def _placeholder(self, name: str) -> str:
        codec = self.statement.codecs.get(name)
        if self.dialect == SQLITE:
            self.placeholders.append(name)
            if codec is None and self.shape and self.shape[int(name.removeprefix("after_"))] == BYTES:
                return "CAST(? AS TEXT)"
            return codec.sqlite_bind if codec else "?"
        if name not in self.placeholders:
            self.placeholders.append(name)
        cast = codec.cast if codec else self._after_codecs()[name].cast
        return f"CAST(${self.placeholders.index(name) + 1} AS {cast})"

    def _quoted(self, name: str) -> str:
        return quoted(name, self.dialect)

    def _column(self, name: str, *, bare: bool = False) -> str:
        table = self._table()
        if table is not None and (table.name, name) in self.missing:
            stand_in = table.by_name[name].stand_in(self.dialect)
            return stand_in if bare else f"{stand_in} AS {self._quoted(name)}"
        return self._quoted(name)

    def _table(self) -> Table | None:
        return self.statement.table or (self.statement.row.table if self.statement.row else None)

    def _selected(self) -> list[str]:
        """The row's columns, then those that only the page key needs."""
        names = [name for name, _ in self.statement.row.columns] if self.statement.row else []
        return names + [name for name, _ in self._order() if name not in names]

    def _order(self) -> list[tuple[str, bool]]:
        parts = [part.split() for part in self.statement.order]
        return [(words[0], len(words) > 1 and words[1].upper() == "DESC") for words in parts]

    def _after_codecs(self) -> dict[str, Codec]:
        table = self._table()
        codecs = dict(self.statement.row.columns) if self.statement.row else {}
        if table is not None:
            codecs = {column.name: column.codec for column in table.columns} | codecs
        return {f"after_{i}": _as_stored(codecs[name]) for i, (name, _) in enumerate(self._order())}

    def _after(self) -> str:
        order = self._order()
        if self.shape is None:
            return "1 = 1"
        signs = ["<" if down != self.backwards else ">" for _, down in order]
        if NULL in self.shape:
            return self._after_nulls([name for name, _ in order], signs, self.shape)
        if len(set(signs)) == 1:
            names = ", ".join(self._quoted(name) for name, _ in order)
            marks = ", ".join(self._placeholder(f"after_{i}") for i in range(len(order)))
            return f"({names}) {signs[0]} ({marks})"
        return self._after_mixed([name for name, _ in order], signs)

    def _after_nulls(self, names: list[str], signs: list[str], shape: tuple[str, ...]) -> str:
        """The cursor stands on a row whose key is partly NULL, which only SQLite lets happen; it sorts NULL first."""
        cases = []
        for i, sign in enumerate(signs):
            terms = []
            for j in range(i):
                name = self._quoted(names[j])
                terms.append(f"{name} IS NULL" if shape[j] == NULL else f"{name} = {self._placeholder(f'after_{j}')}")
            name = self._quoted(names[i])
            if shape[i] == NULL:
                terms.append(f"{name} IS NOT NULL" if sign == ">" else "1 = 0")
            else:
                behind = f"{name} {sign} {self._placeholder(f'after_{i}')}"
                terms.append(behind if sign == ">" else f"({behind} OR {name} IS NULL)")
            cases.append(" AND ".join(terms))
        return f"(({') OR ('.join(cases)}))"

    def _after_mixed(self, names: list[str], signs: list[str]) -> str:
        """Directions differ: a bound on the first column for the index, then the exact lexical condition."""
        cases = []
        for i, sign in enumerate(signs):
            same = [f"{self._quoted(names[j])} = {self._placeholder(f'after_{j}')}" for j in range(i)]
            cases.append(" AND ".join([*same, f"{self._quoted(names[i])} {sign} {self._placeholder(f'after_{i}')}"]))
        bound = f"{self._quoted(names[0])} {signs[0]}= "
        # SQLite numbers placeholders by their place in the text, so the bound must be the last one written.
        return f"(({') OR ('.join(cases)})) AND {bound}{self._placeholder('after_0')}"


@lru_cache(maxsize=256)
def _as_stored(codec: Codec) -> Codec:
    """A parameter that takes the raw stored value back, whatever it is: page keys compare what is stored."""
    same = {SQLITE: _same_bytes, POSTGRES: _same}
    return dataclasses.replace(codec, encode=same, quick_encode=None, nullable=False)


def _same(value: object) -> object:
    return value


def _same_bytes(value: object) -> object:
    """A text that is no UTF-8 was read with lone surrogates; it goes back as the bytes that it was."""
    if isinstance(value, str) and shape_of(value) == BYTES:
        return value.encode("utf-8", "surrogateescape")
    return value


def _no_row(raw: Sequence[Any]) -> Any:  # noqa: ANN401
    raise TypeError("this statement declares no row")


def _no_rows(raws: Sequence[Sequence[Any]], rescue: object) -> Any:  # noqa: ANN401
    raise TypeError("this statement declares no row")


__all__ = ["MACROS", "Column", "Pair", "Prepared", "Row", "Statement"]
