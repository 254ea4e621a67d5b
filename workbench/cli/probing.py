"""Asking many sources at once: each in a daemon thread of its own, so that no dead one holds up the others.

Not an executor: that would be joined when the program ends, and wait for what nobody waits for any more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from workbench.cli.failures import masked
from workbench.cli.session import Candidate
from workbench.data.errors import Unavailable, WorkbenchError
from workbench.settings import Opening, TimeoutSettings

if TYPE_CHECKING:
    from workbench.data import Health, Source


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of asking one source: its health or an error, and how long it took."""

    candidate: Candidate
    health: Health | None = None
    findings: tuple[str, ...] = ()
    error: WorkbenchError | None = None
    seconds: float | None = None

    @property
    def name(self) -> str:
        """The name of the source."""
        return self.candidate.name


class Unfinished(Unavailable):
    """The source gave no answer in time."""


def ask_all(candidates: Iterable[Candidate], timeouts: TimeoutSettings, *, thorough: float = 0) -> list[Answer]:
    """Ask every source for its health, side by side, in the order given; `thorough` adds so many seconds
    for the slow check of whole databases."""
    waiting = list(candidates)
    answers: SimpleQueue[tuple[int, Answer]] = SimpleQueue()

    def put(index: int, work: Callable[[], Answer]) -> None:
        answers.put((index, work()))

    limit = timeouts.connect + timeouts.statement + 1 + thorough
    for index, candidate in enumerate(waiting):

        def work(candidate: Candidate = candidate) -> Answer:
            return _ask(candidate, timeouts, thorough=bool(thorough))

        threading.Thread(target=put, args=(index, work), name=f"ask {candidate.name}", daemon=True).start()

    found: dict[int, Answer] = {}
    end = time.monotonic() + limit
    while len(found) < len(waiting) and (left := end - time.monotonic()) > 0:
        try:
            index, answer = answers.get(timeout=left)
        except Empty:
            break
        found[index] = answer
    late = Unfinished(f"no answer within {limit:g} s; check that it runs, or raise timeouts.connect")
    return [found.get(index) or Answer(candidate, error=late) for index, candidate in enumerate(waiting)]


def _ask(candidate: Candidate, timeouts: TimeoutSettings, *, thorough: bool) -> Answer:
    opening = candidate.opening
    if isinstance(opening, WorkbenchError):
        return Answer(candidate, error=opening)
    begin = time.monotonic()
    try:
        with _opened(opening, timeouts) as source:
            health = source.health()
            if not health.reachable:
                return Answer(candidate, error=Unavailable("; ".join(health.problems)))
            findings = source.integrity() if thorough else ()
        return Answer(candidate, health, findings, seconds=time.monotonic() - begin)
    except WorkbenchError as error:
        return Answer(candidate, error=error)
    except Exception as error:
        # A thread's traceback would land on the screen; it is one source's failure and no more.
        return Answer(candidate, error=WorkbenchError(f"internal error: {masked(f'{type(error).__name__}: {error}')}"))


def _opened(opening: Opening, timeouts: TimeoutSettings) -> Source:
    from workbench.data import Timeouts, open_source
    from workbench.data.source import open_home

    # Who only looks does not wait for a lock longer than for an answer: "locked" is the answer.
    lock = min(timeouts.lock, timeouts.statement)
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
