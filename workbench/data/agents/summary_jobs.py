"""Summaries made in the background: one thread, as long as there is work, that ends with its source."""

import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.data.agents.store import SessionKey
from workbench.data.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from workbench.data.source import Source

_LOG = logging.getLogger(__name__)
MOST = 1000  # jobs that may wait
PATIENCE = 2.0  # seconds that closing a source waits for the summary that is being made

Make = Callable[[SessionKey, str, bool], bool]
_Job = tuple[object, SessionKey, str]  # who summarises what


class SummaryJobs:
    """The jobs of one source that wait or are being done; equal ones wait once."""

    def __init__(self, source: "Source") -> None:
        self._source = source
        self._lock = threading.Lock()
        self._waiting: dict[_Job, tuple[Make, bool]] = {}
        self._thread: threading.Thread | None = None  # the one that works, or the last that did
        self._working = False
        self._bound = False  # to the source's end
        self._stopped = False
        self._process = os.getpid()

    def add(self, summarizer: object, make: Make, key: SessionKey, filter_key: str, force: bool) -> bool:
        """Have a summary made; False when an equal job waits already."""
        if os.getpid() != self._process:
            raise Unavailable(f"{self._source.display} was opened before fork(): open it again in this process")
        self._source.database.in_transaction  # noqa: B018 - raises where the source is closed
        job = (summarizer, key, filter_key)
        with self._lock:
            if self._stopped:
                raise Unavailable(f"{self._source.display} is closed: open it again")
            if job in self._waiting:
                self._waiting[job] = (make, force or self._waiting[job][1])
                return False
            if len(self._waiting) >= MOST:
                raise Unavailable(f"{MOST:,} summaries wait to be made already: try again when some are done")
            self._waiting[job] = (make, force)
            if not self._bound:
                self._bound = True
                self._source.stops_with(self.stop)
            if not self._working:
                work = threading.Thread(target=self._run, args=(self._thread,), name="workbench-summaries", daemon=True)
                work.start()
                self._thread, self._working = work, True
        return True

    def stop(self) -> None:
        """Drop what waits, and wait a little for the summary that is being made."""
        if os.getpid() != self._process:
            return  # the thread, and perhaps the lock, belong to the parent
        with self._lock:
            self._stopped = True
            dropped = len(self._waiting)
            self._waiting.clear()
            thread = self._thread
        if dropped:
            _LOG.warning("%s was closed while %d summaries waited to be made", self._source.display, dropped)
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=PATIENCE)

    def _run(self, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # so that whoever waits for the last thread has waited for all: each closes its connection
        while True:
            with self._lock:
                if not self._waiting:
                    self._working = False
                    return
                job = next(iter(self._waiting))
                make, force = self._waiting.pop(job)
            _, key, filter_key = job
            try:
                make(key, filter_key, force)
            except NotFound:
                _LOG.info("the session %s was deleted before it was summarised", " / ".join(key))
            except BaseException:  # also SystemExit, which would end this thread and leave all that waits
                if self._stopped:
                    return  # the source was closed in the meantime
                _LOG.exception("the session %s could not be summarised", " / ".join(key))
