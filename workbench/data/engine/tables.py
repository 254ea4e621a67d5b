"""Tables, declared once: from here come the DDL of both engines, the codecs and the drift check.

The SQLite text has the shape that the owning program's migrator leaves alone: one line, backticks, lower-case
types, string defaults in double quotes, the primary key last. `sandbox.files` is `sandbox_files` on SQLite.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from workbench.data.engine.codecs import POSTGRES, SQLITE, Codec, uuid_note

Default = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `since` says that databases without it exist: there it reads as its default."""

    name: str
    codec: Codec
    null: bool = False
    default: Default = None
    autoincrement: bool = False
    since: bool = False
    uuid: bool = False

    @property
    def reader(self) -> Codec:
        """The codec with this column's answer to NULL: its default where it has one, None where NULL may stand."""
        if self.null:
            return self.codec.optional(self.default)
        return self.codec

    def note(self, stored: object) -> str | None:
        """What the owning program cannot do with this stored value although we can; None when all is well."""
        from workbench.data.engine.times import genie_cannot_read

        if self.uuid and isinstance(stored, str):
            return uuid_note(stored)
        return genie_cannot_read(stored) if self.codec.name in ("utc_text", "local_text") else None

    def literal(self, dialect: str) -> str:
        """The default as SQL; string defaults in double quotes on SQLite, which the owning migrator compares."""
        if self.default is None:
            return "NULL"
        if isinstance(self.default, bool):
            return "true" if self.default else "false"
        if isinstance(self.default, int):
            return str(self.default)
        quote = '"' if dialect == SQLITE else "'"
        return quote + self.default.replace(quote, quote * 2) + quote

    def stand_in(self, dialect: str) -> str:
        """What a query reads where the database lacks this column."""
        literal = self.literal(POSTGRES)
        if dialect == SQLITE:
            return {"true": "1", "false": "0"}.get(literal, literal)
        return f"CAST({literal} AS {self.codec.cast})"


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index, with the name that the owning program gives it."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One declared table; `key` is the primary key in its stored order."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name.update((column.name, column) for column in self.columns)
        unknown = set(self.key).union(*(index.columns for index in self.indexes)) - set(self.by_name)
        if unknown or len(self.by_name) != len(self.columns):
            raise ValueError(f"table {self.name}: undeclared or doubled columns {sorted(unknown)}")

    def local(self, dialect: str) -> str:
        """The table's name in a dialect."""
        return local_name(self.name, dialect)

    def ddl(self, dialect: str) -> tuple[str, ...]:
        """The statements that make this table and its indexes where they do not exist."""
        return tuple(_ddl(self, dialect))

    def index_ddl(self, dialect: str) -> tuple[tuple[Index, str], ...]:
        """Each secondary index with the statement that makes it."""
        return tuple((index, _index(self, index, dialect)) for index in self.indexes)

    def add_column(self, column: Column, dialect: str) -> str:
        """The statement that adds a column to a table which was made without it."""
        return f"ALTER TABLE {quoted(self.local(dialect), dialect)} ADD {_column(self, column, dialect)}"


def local_name(name: str, dialect: str) -> str:
    """`sandbox.files` as PostgreSQL names it; `sandbox_files` on SQLite, which has no schemas."""
    return name.replace(".", "_") if dialect == SQLITE else name


def quoted(name: str, dialect: str) -> str:
    """An identifier in a dialect's quotes; a schema-qualified name part by part."""
    if dialect == SQLITE:
        return "`" + name.replace("`", "``") + "`"
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _ddl(table: Table, dialect: str) -> Iterable[str]:
    name = table.local(dialect)
    if dialect == POSTGRES and "." in name:
        yield f"CREATE SCHEMA IF NOT EXISTS {quoted(name.split('.')[0], dialect)}"
    parts = [_column(table, column, dialect) for column in table.columns]
    if not any(column.autoincrement for column in table.columns):
        parts.append(f"PRIMARY KEY ({','.join(quoted(key, dialect) for key in table.key)})")
    yield f"CREATE TABLE IF NOT EXISTS {quoted(name, dialect)} ({','.join(parts)})"
    for index in table.indexes:
        yield _index(table, index, dialect)


def _index(table: Table, index: Index, dialect: str) -> str:
    name = table.local(dialect)
    unique = "UNIQUE " if index.unique else ""
    columns = ",".join(quoted(column, dialect) for column in index.columns)
    return f"CREATE {unique}INDEX IF NOT EXISTS {quoted(index.name, dialect)} ON {quoted(name, dialect)}({columns})"


def _column(table: Table, column: Column, dialect: str) -> str:
    name = quoted(column.name, dialect)
    if column.autoincrement:
        kind = "integer PRIMARY KEY AUTOINCREMENT" if dialect == SQLITE else "bigserial PRIMARY KEY"
        return f"{name} {kind}"
    kind = column.codec.sqlite if dialect == SQLITE else column.codec.postgres
    # The owning program declares key columns without NOT NULL on SQLite; PostgreSQL implies it.
    not_null = "" if column.null or (column.name in table.key) else " NOT NULL"
    default = "" if column.default is None else f" DEFAULT {column.literal(dialect)}"
    return f"{name} {kind}{not_null}{default}"
