"""A source as the commands show it: one record for programs, one row or list of fields for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.cli.failures import masked, state_of
from workbench.cli.output import Cell, age_text, size_text
from workbench.cli.probing import Answer, Unfinished
from workbench.settings import Opening

# The columns that `source list` can show, and those that it shows unless the settings say otherwise.
COLUMNS = (
    "name", "state", "engine", "kinds", "mode", "size", "wal", "last_write", "clock", "production", "where",
)  # fmt: skip
DEFAULT_COLUMNS = ("name", "state", "engine", "kinds", "mode", "size", "last_write", "where")

NOT_MADE = "not made yet"
_TONES = {"ok": "good", NOT_MADE: "faint", "problem": "doubtful"}


def state(answer: Answer) -> str:
    """How the source is, in one or two words."""
    if answer.error is not None:
        return "no answer" if isinstance(answer.error, Unfinished) else state_of(answer.error)
    if answer.health is None:
        return NOT_MADE
    return "problem" if answer.health.problems else "ok"


def record(answer: Answer) -> dict[str, object]:
    """Everything about the source, for programs."""
    health = answer.health
    opening = answer.candidate.opening if isinstance(answer.candidate.opening, Opening) else None
    return {
        "name": answer.name,
        "state": state(answer),
        "where": opening.display if opening else None,
        "mode": mode(answer),
        "production": opening.production if opening else False,
        "engine": health.engine if health else None,
        "kinds": list(health.kinds) if health else [],
        "size": health.size if health else None,
        "wal_size": health.wal_size if health else None,
        "last_write": health.last_write if health else None,
        "clock": health.clock if health else None,
        "clock_difference": health.clock_difference if health else None,
        "drift": list(health.drift) if health else [],
        "problems": list(health.problems) if health else [],
        "notes": list(health.notes) if health else [],
        "seconds": None if answer.seconds is None else round(answer.seconds, 3),
        "error": None if answer.error is None else masked(str(answer.error)),
    }


def mode(answer: Answer) -> str | None:
    """How the source would be opened: `read-only` or `read-write`."""
    opening = answer.candidate.opening
    if not isinstance(opening, Opening):
        return None
    return "read-only" if opening.read_only else "read-write"


def cells(answer: Answer, columns: Sequence[str]) -> list[Cell]:
    """The row of the source in a table."""
    values = record(answer)
    return [_cell(values, column) for column in columns]


def fields(answer: Answer) -> list[tuple[str, Cell]]:
    """The source as a list of fields, sentences last."""
    values = record(answer)
    found = [(column, _cell(values, column)) for column in COLUMNS if column != "production" or values["production"]]
    for name in ("drift", "problems", "notes"):
        sentences: Any = values[name]
        found += [(name.rstrip("s"), Cell(sentence, "" if name == "notes" else "doubtful")) for sentence in sentences]
    return found


def _cell(values: Mapping[str, Any], column: str) -> Cell:
    match column:
        case "state":
            return Cell(values["state"], _TONES.get(values["state"], "bad"))
        case "kinds":
            return Cell(", ".join(values["kinds"]) or "—")
        case "size":
            return Cell(size_text(values["size"]))
        case "wal":
            return Cell(size_text(values["wal_size"]))
        case "last_write":
            return Cell(age_text(values["last_write"]))
        case "production":
            return Cell("production" if values["production"] else "—", "doubtful")
    return Cell(values[column] or "—")
