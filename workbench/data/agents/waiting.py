"""Waiting for another process's commit: look, and look again whenever anybody has changed the database.

Nothing is looked up while nothing changed, and nothing is left behind when whoever waits is gone.
"""

from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, TypeVar, cast

from workbench.data.agents.store import seconds_of
from workbench.data.engine.watch import WAITING, Watch
from workbench.data.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from workbench.data.source import Source

T = TypeVar("T")
_AGAIN = 1.0  # seconds after which a look that failed is tried again
Timeout = timedelta | float | None


def wait_for(source: "Source", look: Callable[[], T | None], timeout: Timeout, what: str) -> T:
    """What `look` returns as soon as it is not None; `TimeoutError` when the time is over first.

    The first look is made whatever the timeout is. A database that goes down after it is waited for too; closing
    the source ends the wait.
    """
    seconds = _seconds(source, timeout, what)
    deadline = None if seconds is None else monotonic() + seconds
    with source.watch(WAITING) as watch:
        found = look()
        answered = True
        while found is None:
            rest = None if deadline is None else deadline - monotonic()
            if rest is not None and rest <= 0:
                raise _too_late(what, seconds)
            watch.wait(rest if answered else min(_AGAIN, _AGAIN if rest is None else rest))
            _refuse_if_closed(source, watch, what)
            answered, found = _look(look)
        return found


async def wait_for_async(source: "Source", look: Callable[[], T | None], timeout: Timeout, what: str) -> T:
    """The same for asyncio: nothing blocks the loop, and cancelling the task leaves nothing behind."""
    import asyncio

    seconds = _seconds(source, timeout, what)
    watch = await asyncio.to_thread(source.watch, WAITING)
    try:
        found = await asyncio.to_thread(look)
        answered = True
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                while found is None:
                    await _news(watch, None if answered else _AGAIN)
                    _refuse_if_closed(source, watch, what)
                    answered, found = await asyncio.to_thread(lambda: _look(look))
        except TimeoutError:
            if not limit.expired():
                raise
        if found is None:
            raise _too_late(what, seconds)
        return found
    finally:
        watch.close()


async def _news(watch: Watch, seconds: float | None) -> None:
    """Wait until something changed, or for so long."""
    import asyncio
    from contextlib import aclosing

    try:
        news = cast("AsyncGenerator[str, None]", watch.changes_async())
        async with asyncio.timeout(seconds), aclosing(news) as changes:
            await anext(changes, None)
    except TimeoutError:
        return


def _seconds(source: "Source", timeout: Timeout, what: str) -> float | None:
    if source.database.in_transaction:
        raise Invalid(f"waiting for {what} inside a transaction would keep everybody else out: end it first")
    return None if timeout is None else seconds_of(timeout, "the timeout")


def _look(look: Callable[[], T | None]) -> tuple[bool, T | None]:
    """Whether there was an answer, and the answer; whoever is down is asked again later."""
    try:
        return True, look()
    except Unavailable:
        return False, None


def _refuse_if_closed(source: "Source", watch: Watch, what: str) -> None:
    if watch.closed:
        raise Unavailable(f"{source.display} was closed while waiting for {what}: open it again")


def _too_late(what: str, seconds: float | None) -> TimeoutError:
    return TimeoutError(f"{what} did not come within {seconds or 0:g} s")
