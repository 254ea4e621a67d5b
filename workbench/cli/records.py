"""A source as the commands show it: one record for programs, one row or list of fields for people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.failures import masked, state_of
from workbench.cli.listing import cell_of
from workbench.cli.output import Cell
from workbench.cli.probing import Answer, Unfinished
from workbench.data.errors import WorkbenchError
from workbench.desk.moments import now
from workbench.desk.nouns.sources import SOURCE
from workbench.settings import Opening

if TYPE_CHECKING:
    from workbench.desk.house import Known

NOT_MADE = "not made yet"


def state(answer: Answer) -> str:
    """How the source is, in one or two words."""
    if answer.error is not None:
        return "no answer" if isinstance(answer.error, Unfinished) else state_of(answer.error)
    if answer.health is None:
        return NOT_MADE
    return "problem" if answer.health.problems else "ok"


def record(answer: Answer) -> dict[str, object]:
    """Everything about the source, for programs."""
    return SOURCE.data(known(answer))


def known(answer: Answer, *, asked: bool = True) -> Known:
    """A source as the desk has it: what the settings say, and what it answered."""
    from workbench.desk.house import NOT_ASKED, Known

    health = answer.health
    opening = answer.candidate.opening if isinstance(answer.candidate.opening, Opening) else None
    error = answer.candidate.opening if isinstance(answer.candidate.opening, WorkbenchError) else answer.error
    told = Known(
        answer.name,
        state(answer) if asked else NOT_ASKED if error is None else state_of(error),
        opening.display if opening else None,
        mode(answer),
        production=opening.production if opening else False,
        engine=_engine(opening) if opening and not asked else None,
        seconds=None if answer.seconds is None else round(answer.seconds, 3),
        error=None if error is None else masked(str(error)),
    )
    if health is None:
        return told
    return replace(
        told,
        engine=health.engine,
        kinds=tuple(health.kinds),
        size=health.size,
        wal_size=health.wal_size,
        last_write=health.last_write,
        clock=health.clock,
        clock_difference=health.clock_difference,
        drift=tuple(health.drift),
        problems=tuple(health.problems),
        notes=tuple(health.notes),
    )


def _engine(opening: Opening) -> str:
    """What keeps a source, by its address alone."""
    return "sqlite" if isinstance(opening.target, Path) else "postgresql"


def mode(answer: Answer) -> str | None:
    """How the source would be opened: `read-only` or `read-write`."""
    opening = answer.candidate.opening
    if not isinstance(opening, Opening):
        return None
    return "read-only" if opening.read_only else "read-write"


def fields(answer: Answer) -> list[tuple[str, Cell]]:
    """The source as a list of fields, sentences last."""
    values, moment = known(answer), now()
    found = [
        (column.id, cell_of(SOURCE, column, values, moment))
        for column in SOURCE.columns
        if column.id != "production" or values.production
    ]
    for name in ("drift", "problems", "notes"):
        sentences: tuple[str, ...] = getattr(values, name)
        found += [(name.rstrip("s"), Cell(sentence, "" if name == "notes" else "doubtful")) for sentence in sentences]
    return found
