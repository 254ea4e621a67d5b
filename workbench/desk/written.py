"""Records as lines of a file, or of what a command prints: JSON in ASCII, and comma-separated values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from workbench.desk.safe import safe


def to_json(record: Mapping[str, object]) -> str:
    """A record in one line of ASCII: every other character, and each control character, is escaped."""
    # DEL is the one control character that JSON leaves alone.
    return json.dumps(record, default=_plain, ensure_ascii=True).replace("\x7f", "\\u007f")


def csv_lines(records: Iterable[Mapping[str, object]], *, head: bool = True) -> Iterator[str]:
    """Records as lines of comma-separated values; the names of the first one are the head.

    A value stands on one line, its control characters shown as in tables: what must come back exactly is JSON.
    """
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="")
    for record in records:
        for row in ([list(record)] if head else []) + [[_flat(value) for value in record.values()]]:
            writer.writerow(row)
            yield out.getvalue()
            out.seek(0)
            out.truncate()
        head = False


def _flat(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (str, int, float, bool)):
        return safe(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return safe(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: object) -> object:
    """What JSON has no form for."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
