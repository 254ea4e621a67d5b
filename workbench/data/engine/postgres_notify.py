"""Telling other workbenches of our writes, and hearing of theirs. It only shortens waits: nothing depends on it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import psycopg

from workbench.data.engine.postgres_connect import Link
from workbench.data.engine.postgres_session import Sessions
from workbench.data.engine.postgres_sql import LISTEN
from workbench.data.errors import WorkbenchError

PAUSE = 0.025  # between two notifications that we send, and between two looks for one
_DEAF = 30.0  # how long not to try again after listening has failed
Wake = Callable[[float], bool]


class Bell:
    """Sends a notification soon after a write, at most one per pause, from a thread that ends when all is quiet."""

    def __init__(self, send: Callable[[], object]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._due = False
        self._closed = threading.Event()

    def ring(self) -> None:
        """There is news. Returns at once, and never fails."""
        with self._lock, suppress(RuntimeError):  # a program that is ending can start no thread any more
            self._due = True
            if self._thread is None and not self._closed.is_set():
                thread = threading.Thread(target=self._work, name="workbench-notify", daemon=True)
                thread.start()
                self._thread = thread

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._due or self._closed.is_set():
                    self._thread = None
                    return
                self._due = False
            with suppress(WorkbenchError):
                self._send()
            self._closed.wait(PAUSE)

    def close(self) -> None:
        """Send nothing more."""
        self._closed.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=1.0)


class Ear:
    """Hears the notifications of others while somebody naps; deaf where the server does not let us listen."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._deaf_until = 0.0
        self._closed = False

    def nap(self, seconds: float, wake: Wake) -> None:
        """Wait until the time is over, `wake` says so, or a notification has come in."""
        if self._closed or seconds <= 2 * PAUSE or not self._lock.acquire(blocking=False):
            wake(seconds)
            return
        try:
            deadline = monotonic() + seconds
            if not self._ready():
                wake(seconds)
                return
            while (left := deadline - monotonic()) > 0 and not self._closed:
                if wake(min(left, PAUSE)) or self._heard():
                    return
        finally:
            self._lock.release()

    def _ready(self) -> bool:
        if self._link is None and monotonic() >= self._deaf_until:
            try:
                self._link = self._sessions.listener(LISTEN)
            except WorkbenchError:
                self._deaf_until = monotonic() + _DEAF
        return self._link is not None

    def _heard(self) -> bool:
        """Whether a notification has come in since the last look."""
        link, heard = self._link, False
        if link is None or not link.stale():
            return False
        try:
            link.pgconn.consume_input()
            while link.pgconn.notifies() is not None:
                heard = True
        except psycopg.Error:
            heard = False
        if not heard:
            self._drop()  # it spoke and told nothing: it is hanging up
        return heard

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._sessions.give_back_listener(link)

    def close(self) -> None:
        """Stop listening. Whoever naps is woken as ever."""
        self._closed = True
        if self._lock.acquire(timeout=1.0):
            try:
                self._drop()
            finally:
                self._lock.release()
