"""Waiting for another process's commit: look, and look again whenever anybody has changed the database."""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from workbench.data.engine.watch import WAITING, Watch
from workbench.data.errors import Unavailable

if TYPE_CHECKING:
    from workbench.data.source import Source

T = TypeVar("T")
_AGAIN = 1.0  # seconds after which a look that failed is tried again


def wait_for(source: "Source", look: Callable[[], T | None], timeout: float | None, what: str) -> T:
    """What `look` returns as soon as it is not None; `TimeoutError` when the time is over first.

    A database that goes down meanwhile is waited for too; closing the source ends the wait.
    """
    deadline = None if timeout is None else monotonic() + timeout
    with source.watch(WAITING) as watch:
        found = look()
        asked = True
        while found is None:
            rest = None if deadline is None else deadline - monotonic()
            if rest is not None and rest <= 0:
                raise _too_late(what, timeout)
            watch.wait(rest if asked else min(_AGAIN, rest or _AGAIN))
            _refuse_if_closed(source, watch, what)
            asked, found = _look(look)
        return found


async def wait_for_async(source: "Source", look: Callable[[], T | None], timeout: float | None, what: str) -> T:
    """The same for asyncio: nothing blocks the loop, and cancelling the task leaves nothing behind."""
    import asyncio

    watch = await asyncio.to_thread(source.watch, WAITING)
    try:
        async with asyncio.timeout(timeout):
            found = await asyncio.to_thread(look)
            asked = True
            changes = watch.changes_async()
            while found is None:
                with_limit = None if asked else _AGAIN
                try:
                    async with asyncio.timeout(with_limit):
                        await anext(changes, None)
                except TimeoutError:
                    changes = watch.changes_async()
                _refuse_if_closed(source, watch, what)
                asked, found = await asyncio.to_thread(lambda: _look(look))
            return found
    except TimeoutError:
        raise _too_late(what, timeout) from None
    finally:
        watch.close()


def _look(look: Callable[[], T | None]) -> tuple[bool, T | None]:
    try:
        return True, look()
    except Unavailable:
        return False, None


def _refuse_if_closed(source: "Source", watch: Watch, what: str) -> None:
    if watch.closed:
        raise Unavailable(f"{source.display} was closed while waiting for {what}: open it again")


def _too_late(what: str, timeout: float | None) -> TimeoutError:
    return TimeoutError(f"{what} did not come within {timeout:g} s")
