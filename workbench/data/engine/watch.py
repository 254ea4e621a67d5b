"""Noticing change: one probe per source and process, as often as its most eager watcher wants.

Nobody is told by a program that we did not write, so change is always found by polling a cheap token. A
notification, where an engine has one, only shortens a nap.
"""

import os
import threading
import weakref
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from workbench.data.errors import Unavailable, WorkbenchError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from workbench.data.engine.database import Timeouts

WAITING = 0.025  # somebody waits for an answer
ON_SCREEN = 0.25
IDLE = 2.0


class Probed(Protocol):
    """What can be watched: a source, or a database by itself."""

    display: str
    timeouts: "Timeouts"

    def change_token(self) -> str:
        """A cheap token that changes with every change."""

    def nap(self, seconds: float, wake: "Callable[[float], bool]") -> None:
        """Wait between two probes."""


class Watch:
    """One caller's view of the changes: `wait` returns when the token is no longer the one it last saw.

    Use it in a `with` block; a watch that is dropped is forgotten, and the last one stops the probing.
    """

    def __init__(self, poller: "Poller", interval: float) -> None:
        self.interval = interval
        self.token = ""
        self._poller = poller
        self._closed = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for news since the last call (or since the watch began); False when the time is over."""
        return self._poller._wait(self, timeout)

    async def changes_async(self) -> AsyncIterator[str]:
        """Every new token, as an asyncio iterator that can be cancelled at any time."""
        import asyncio

        loop = asyncio.get_running_loop()
        while not self._closed:
            news: asyncio.Future[None] = loop.create_future()
            self._poller._tell(self, loop, news)
            await news
            if not self._closed:
                yield self.token

    @property
    def closed(self) -> bool:
        """Whether nothing will be told any more: this watch is closed, or what it watches is."""
        return self._closed

    @property
    def error(self) -> Exception | None:
        """Why nobody can say now whether anything has changed; None while probes are answered."""
        return self._poller.error

    @property
    def silent_for(self) -> float:
        """Seconds for which the probe that runs now has gone unanswered; 0 when none runs."""
        asked = self._poller.asked
        return 0.0 if asked is None else monotonic() - asked

    def close(self) -> None:
        """Stop watching; a waiter returns at once."""
        self._poller._leave(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class Poller:
    """The one thread that probes a database for change; it lives only while somebody watches."""

    def __init__(self, probed: Probed) -> None:
        self._probed = probed
        self._news = threading.Condition()
        self._wake = threading.Event()
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()
        self._listeners: list[tuple[weakref.ref[Watch], asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._thread: threading.Thread | None = None
        self._token = ""
        self._losses = 0  # how often the source was lost
        self._stopped = False
        self._process = os.getpid()
        self.error: Exception | None = None
        self.asked: float | None = None  # when the running probe began

    def watch(self, interval: float = ON_SCREEN) -> Watch:
        """Begin to watch; changes from this moment on are news."""
        watch = Watch(self, interval)
        if os.getpid() != self._process:
            raise Unavailable(f"{self._probed.display} was opened before fork(): open it again in this process")
        token = self._read_token()
        with self._news:
            if self._stopped:
                raise Unavailable(f"{self._probed.display} is closed: open it again")
            if token != self._token:
                self._token = token
                self._publish()  # news for those who watch already
            watch.token = token
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="workbench-poller", daemon=True)
                self._thread.start()
        self._wake.set()
        return watch

    def stop(self) -> None:
        """End the probing; every waiter returns."""
        if os.getpid() != self._process:
            return  # the thread, and perhaps the lock that it held, belong to the parent
        with self._news:
            self._stopped = True
            for watch in list(self._watches):
                watch._closed = True
            thread = self._thread
            self._publish()
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=self._probed.timeouts.statement)

    # -- the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._wake.clear()
            with self._news:
                intervals = [watch.interval for watch in list(self._watches)]
                if self._stopped or not intervals:
                    self._thread = None
                    return
            self._probe()
            try:
                self._probed.nap(min(intervals), self._wake.wait)
            except WorkbenchError:
                self._wake.wait(min(intervals))  # whoever would tell us earlier is gone: then by the clock

    def _probe(self) -> None:
        self.asked = monotonic()
        try:
            token = self._read_token()
            self.error = None
        except Exception as error:
            # The source is down or gone: its watchers wait on, and whoever shows the source asks for `error`.
            self._losses += self.error is None
            self.error = error
            return
        finally:
            self.asked = None
        with self._news:
            if token != self._token:
                self._token = token
                self._publish()

    def _read_token(self) -> str:
        """The token of the source; after a loss never one of before, which proves nothing any more.

        A server that crashed gives numbers of transactions a second time: what is committed then can look like what
        was seen before.
        """
        token = self._probed.change_token()
        return f"{token} after {self._losses}" if self._losses else token

    def _publish(self) -> None:
        """Tell everybody who waits; the caller holds the lock."""
        self._news.notify_all()
        listeners, self._listeners = self._listeners, []
        for reference, loop, news in listeners:
            if (watch := reference()) is not None and not news.done():  # else it has stopped listening meanwhile
                watch.token = self._token
            with suppress(RuntimeError):  # that loop has been closed
                loop.call_soon_threadsafe(_resolve, news)

    # -- for watches -----------------------------------------------------------------------------------------

    def _wait(self, watch: Watch, timeout: float | None) -> bool:
        deadline = None if timeout is None else monotonic() + timeout
        with self._news:
            while not watch._closed and watch.token == self._token:
                left = None if deadline is None else deadline - monotonic()
                if left is not None and left <= 0:
                    return False
                # A plain wait without a limit could not be interrupted by Ctrl-C everywhere.
                self._news.wait(min(left, 60.0) if left is not None else 60.0)
            changed = watch.token != self._token
            watch.token = self._token
            return changed and not watch._closed

    def _tell(self, watch: Watch, loop: "asyncio.AbstractEventLoop", news: "asyncio.Future[None]") -> None:
        with self._news:
            if watch._closed or watch.token != self._token:
                watch.token = self._token
                news.set_result(None)
                return
            self._listeners = [entry for entry in self._listeners if not entry[2].done()]
            self._listeners.append((weakref.ref(watch), loop, news))

    def _leave(self, watch: Watch) -> None:
        with self._news:
            watch._closed = True
            self._watches.discard(watch)
            self._publish()
        self._wake.set()


def _resolve(news: "asyncio.Future[None]") -> None:
    if not news.done():
        news.set_result(None)
