"""What the stores of an agents database share."""

import copy
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from time import sleep
from typing import TYPE_CHECKING, NamedTuple, Self

from workbench.data.agents.clock import Clock
from workbench.data.errors import Invalid, WorkbenchError

if TYPE_CHECKING:
    from datetime import timedelta

    from workbench.data.source import Source

PAGE = 100  # rows of a list when the caller does not say
_TOGETHER = 500  # small writes of one transaction
_PAUSE = 0.010  # between two writes into a database whose program fails at once on a lock


def nobody(count: int) -> None:
    """Nobody asks how far it is."""


def always() -> bool:
    """Nobody wants it to stop."""
    return True


class UserKey(NamedTuple):
    """Whose memories and state; a plain pair is taken too."""

    app_name: str
    user_id: str


class SessionKey(NamedTuple):
    """Which session; a plain triple is taken too."""

    app_name: str
    user_id: str
    session_id: str


class AgentsStore:
    """A store of one source. Options are given by `configured`, which returns the same store with them."""

    def __init__(self, source: "Source") -> None:
        self._source = source
        self._database = source.database
        self._clock = Clock(source)

    def _with(self, **options: object) -> Self:
        changed = copy.copy(self)
        for name, value in options.items():
            setattr(changed, f"_{name}", value)
        return changed

    def _one_by_one(self, writes: Iterable[Callable[[], int]]) -> int:
        """Do many small writes; the sum of what they return.

        In somebody else's SQLite file there is a pause between two, because each lock of ours can fail a write
        of its program; anywhere else some hundred are one transaction, which keeps nobody waiting for long.
        """
        changed = 0
        if self._source.ours or self._source.engine != "sqlite":
            rest = iter(writes)
            while some := tuple(islice(rest, _TOGETHER)):
                changed += self._database.transact(partial(_all_of, some))
            return changed
        for number, write in enumerate(writes):
            if number:
                sleep(_PAUSE)
            changed += write()
        return changed

    def _chunk_by_chunk(
        self,
        chunks: Iterable[Iterable[Callable[[], int]]],
        progress: Callable[[int], None],
        go_on: Callable[[], bool],
    ) -> int:
        """Do chunks of small writes, each whole or not at all; the sum of what they return.

        After each `progress` is told the sum so far, and before the next `go_on` is asked: what is done then stays
        done. In somebody else's SQLite file each write is a chunk of its own, with a pause before the next.
        """
        theirs = self._source.engine == "sqlite" and not self._source.ours
        changed = number = 0
        rest = iter(((write,) for each in chunks for write in each) if theirs else chunks)
        while True:
            try:
                chunk = next(rest, None)  # what is next is read only now, which may fail as well
                if chunk is None or not go_on():
                    break
                if theirs and number:
                    sleep(_PAUSE)
                changed += self._database.transact(partial(_all_of, tuple(chunk)))
            except WorkbenchError as error:
                if not changed:
                    raise
                raise type(error)(f"{error}; the {changed:,} before that are gone") from None
            number += 1
            progress(changed)
        return changed


def _all_of(writes: tuple[Callable[[], int], ...], _: object) -> int:
    return sum(write() for write in writes)


def seconds_of(ttl: "timedelta | float", what: str) -> float:
    """A span given as a timedelta or as seconds, in seconds."""
    from datetime import timedelta

    seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not abs(seconds) < 1e11:
        raise Invalid(f"{what} must be a timedelta or a number of seconds, not {ttl!r}")
    return float(seconds)


def required(**texts: object) -> None:
    """Refuse an empty or missing text where a key needs one."""
    for name, value in texts.items():
        if not isinstance(value, str) or not value:
            raise Invalid(f"{name} is required: pass a text that is not empty")
