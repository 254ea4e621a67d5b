"""Asking many sources at once: each in a daemon thread of its own, so that no dead one holds up the others.

Not an executor: that would be joined when the program ends, and wait for what nobody waits for any more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from workbench.cli.failures import masked
from workbench.cli.session import Candidate
from workbench.data.errors import Unavailable, WorkbenchError
from workbench.settings import Opening, TimeoutSettings

if TYPE_CHECKING:
    from workbench.data import Health, Source
    from workbench.desk.findings import Finding

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of asking one source: its health or an error, and how long it took."""

    candidate: Candidate
    health: Health | None = None
    findings: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    seen: tuple[Finding, ...] = ()
    error: WorkbenchError | None = None
    seconds: float | None = None

    @property
    def name(self) -> str:
        """The name of the source."""
        return self.candidate.name


class Unfinished(Unavailable):
    """The source gave no answer in time."""


def side_by_side(works: Sequence[tuple[str, Callable[[], T]]], limit: float) -> list[T | WorkbenchError]:
    """Do things at once, each under a name; what they return in the order given, or why they failed.

    What is not done after `limit` seconds is left alone, and is an error as well.
    """
    answers: SimpleQueue[tuple[int, T | WorkbenchError]] = SimpleQueue()

    def do(index: int, work: Callable[[], T]) -> None:
        try:
            answers.put((index, work()))
        except WorkbenchError as error:
            answers.put((index, error))
        except Exception as error:
            # A thread's traceback would land on the screen; it is one source's failure and no more.
            said = masked(f"{type(error).__name__}: {error}")
            answers.put((index, WorkbenchError(f"internal error: {said}")))

    for index, (name, work) in enumerate(works):
        threading.Thread(target=do, args=(index, work), name=name, daemon=True).start()

    found: dict[int, T | WorkbenchError] = {}
    end = time.monotonic() + limit
    while len(found) < len(works) and (left := end - time.monotonic()) > 0:
        try:
            index, answer = answers.get(timeout=left)
        except Empty:
            break
        found[index] = answer
    late = Unfinished(f"no answer within {limit:g} s; check that it runs, or raise timeouts.connect")
    return [found.get(index, late) for index in range(len(works))]


def ask_all(
    candidates: Iterable[Candidate], timeouts: TimeoutSettings, *, thorough: float = 0, look: bool = False
) -> list[Answer]:
    """Ask every source for its health, side by side, in the order given.

    `look` looks for what is to be mended, for as long again as a statement may take; `thorough` adds so many seconds
    for the slow check of whole databases.
    """
    waiting = list(candidates)
    works = [
        (f"ask {each.name}", partial(_ask, each, timeouts, thorough=bool(thorough), look=look)) for each in waiting
    ]
    # The last look begins in time and may itself take as long as a statement.
    limit = timeouts.connect + timeouts.statement * (3 if look else 1) + 1 + thorough
    answers = side_by_side(works, limit)
    return [
        Answer(candidate, error=answer) if isinstance(answer, WorkbenchError) else answer
        for candidate, answer in zip(waiting, answers, strict=True)
    ]


def _ask(candidate: Candidate, timeouts: TimeoutSettings, *, thorough: bool, look: bool) -> Answer:
    opening = candidate.opening
    if isinstance(opening, WorkbenchError):
        raise opening
    begin = time.monotonic()
    with opened(opening, timeouts) as source:
        health = source.health()
        if not health.reachable:
            raise Unavailable("; ".join(health.problems))
        seen = _seen(source, health, timeouts.statement) if look else ()
        findings = source.integrity() if thorough else ()
        # A damaged file would only fail once more.
        rows = tuple(map(str, source.examine())) if thorough and not findings else ()
    return Answer(candidate, health, findings, rows, seen, seconds=time.monotonic() - begin)


def _seen(source: Source, health: Health, patience: float) -> tuple[Finding, ...]:
    from workbench.desk.findings import look

    return look(source, health, patience=patience)


def opened(opening: Opening, timeouts: TimeoutSettings) -> Source:
    """Open a source for a face of the program."""
    from workbench.data import Timeouts, open_source
    from workbench.data.source import open_home

    # Who only looks does not wait for a lock longer than for an answer: "locked" is the answer.
    lock = min(timeouts.lock, timeouts.statement) if opening.read_only else timeouts.lock
    limits = Timeouts(connect=timeouts.connect, statement=timeouts.statement, lock=lock)
    if opening.is_home and isinstance(opening.target, Path):
        return open_home(opening.target, read_only=opening.read_only, name=opening.name, timeouts=limits)
    return open_source(
        opening.target,
        read_only=opening.read_only,
        name=opening.name,
        allow_other_owner=opening.allow_other_owner,
        timeouts=limits,
    )
