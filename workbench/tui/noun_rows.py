"""The rows of any noun: its columns as a table wants them, each row drawn anew only when it may read differently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from workbench.desk.noun import Column, Key, Noun
from workbench.desk.safe import plain
from workbench.tui.columns import TableColumn
from workbench.tui.rows import TableRow

_NOTHING = plain("")
_FRESH = timedelta(seconds=15)  # for which a row that has not changed is not drawn again: ages are told in minutes


def table_columns(columns: Sequence[Column]) -> tuple[TableColumn, ...]:
    """A noun's columns for a table."""
    return tuple(
        TableColumn(
            column.id,
            plain(column.title),
            width=column.width,
            least=column.least,
            most=column.most,
            grows=column.grows,
            align="right" if column.right else "left",
            drop=column.drop,
        )
        for column in columns
    )


class NounRows:
    """Makes rows of records, with the cells of these columns."""

    def __init__(self, noun: Noun, shown: Sequence[str]) -> None:
        self._noun = noun
        self._shown = frozenset(shown)
        self._drawn: dict[Key, tuple[Any, datetime, TableRow]] = {}

    def rows(self, records: Iterable[Any], moment: datetime) -> list[TableRow]:
        """The rows of these records, in their order."""
        before, self._drawn = self._drawn, {}
        rows = []
        for record in records:
            key = self._noun.key(record)
            drawn = before.get(key)
            if drawn is None or drawn[0] != record or not timedelta() <= moment - drawn[1] < _FRESH:
                drawn = (record, moment, self._row(key, record, moment))
            self._drawn[key] = drawn
            rows.append(drawn[2])
        return rows

    def _row(self, key: Key, record: Any, moment: datetime) -> TableRow:  # noqa: ANN401 - any noun's record
        # What is not shown is not drawn: a cell may cost more than a row of the others.
        shown, columns = self._shown, self._noun.columns
        cells = tuple(column.cell(record, moment) if column.id in shown else _NOTHING for column in columns)
        tone = self._noun.tone(record, moment) if self._noun.tone else ""
        return TableRow(key, cells, tone, says=self._noun.says(record))
