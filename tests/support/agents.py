"""Where a test's agents database is, past our own code."""

import sqlite3
from dataclasses import dataclass
from typing import Any

import psycopg

from workbench.data import Source, open_source


@dataclass(frozen=True)
class Place:
    """Where a test's agents database is: how to open it once more, and how to reach it without us."""

    engine: str
    target: str
    direct: str

    def open(self, **options: Any) -> Source:
        return open_source(self.target, **options)

    def raw(self) -> Any:
        """A connection of the driver itself, past our codecs (and past the pooler)."""
        if self.engine == "sqlite":
            return sqlite3.connect(self.direct, isolation_level=None, timeout=15)
        return psycopg.connect(self.direct, autocommit=True)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a plain query finds."""
        connection = self.raw()
        try:
            return list(connection.execute(sql).fetchall())
        finally:
            connection.close()

    def run(self, sql: str) -> None:
        """A plain write."""
        connection = self.raw()
        try:
            connection.execute(sql)
        finally:
            connection.close()
