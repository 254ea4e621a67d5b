"""All background work of the screen: a few daemon threads per source, and nothing that could hold up quitting.

One thread reads, one acts, and one does what takes long, when there is such work. A reading asked for again while the
older one waits or runs replaces it: its answer is dropped. What comes back is delivered on the screen's own loop.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, Generic, TypeVar

from workbench.data import Source
from workbench.data.errors import Unavailable, WorkbenchError

T = TypeVar("T")
Deliver = Callable[[Callable[[], None]], None]
_LOG = logging.getLogger(__name__)
_AGAIN = (1.0, 2.0, 5.0, 10.0)  # seconds after which a source that could not be opened is tried again
_QUIET, _LONG = 1.0, 60.0  # seconds that what runs has to end before its source is closed: at the end, and before
_DAY = 86_400.0  # that long work has
HUNG = 1.0  # seconds without an answer after which a source is said to hang


@dataclass(slots=True)
class _Job(Generic[T]):
    """One thing to do with a source, and what to do with its answer."""

    slot: str
    work: Callable[[Source], T]
    done: Callable[[T], None]
    failed: Callable[[Exception], None]
    number: int
    turn: int
    asked: float = field(default_factory=monotonic)


class _Worker:
    """A daemon thread with a queue. It is never joined: whatever it waits for, the program can end."""

    def __init__(self, name: str, take: Callable[["_Job[Any]"], None]) -> None:
        self._take = take
        self._name = name
        self._jobs: deque[_Job[Any]] = deque()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self.running: _Job[Any] | None = None

    def add(self, job: "_Job[Any]") -> None:
        with self._news:
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._news.notify()

    def drop(self, slot: str) -> None:
        """Forget waiting jobs of this slot."""
        with self._news:
            self._jobs = deque(job for job in self._jobs if job.slot != slot)

    def stop(self) -> None:
        with self._news:
            self._stopped = True
            self._jobs.clear()
            self._news.notify_all()

    def wait(self, end: float) -> bool:
        """Wait until the job that runs now is done (or, after `stop`, the thread); False if it takes too long."""
        job, thread = self.running, self._thread
        if self._stopped and thread is not None:
            thread.join(max(end - monotonic(), 0))
            return not thread.is_alive()
        with self._news:
            return self._news.wait_for(lambda: job is None or self.running is not job, max(end - monotonic(), 0))

    @property
    def waiting_since(self) -> float | None:
        """When the oldest unanswered job was asked for."""
        with self._news:
            asked = [job.asked for job in self._jobs]
            if self.running is not None:
                asked.append(self.running.asked)
        return min(asked, default=None)

    def _run(self) -> None:
        while True:
            with self._news:
                self.running = None
                self._news.notify_all()
                while not self._jobs and not self._stopped:
                    self._news.wait()
                if self._stopped:
                    return
                self.running = self._jobs.popleft()
                job = self.running
            self._take(job)


class Lane:
    """The way to one source: it is opened when first asked, and again after it was down."""

    def __init__(self, name: str, opener: Callable[[], Source], deliver: Deliver) -> None:
        self.name = name
        self.source: Source | None = None
        self.error: Exception | None = None
        self.answering = False  # whether the newest question was answered with what was asked for
        self.offset = 0.0  # seconds by which the source's clock is ahead of ours
        self._opener = opener
        self._deliver = deliver
        self._opening = threading.Lock()  # held while a source is opened: the screen never takes it
        self._turn = 0  # how often the source was dropped, so that one that was being opened then is not kept
        self._unanswered: float | None = None  # since when nothing that was asked has been answered
        self.closing: list[threading.Thread] = []
        self._tries = 0
        self._not_before = 0.0
        self._stopped = False
        self._latest: dict[str, int] = {}
        self._numbers = 0
        self._reading = _Worker(f"workbench-read-{name}", self._do)
        self._acting = _Worker(f"workbench-act-{name}", self._do)
        self._working = _Worker(f"workbench-work-{name}", self._do)

    # -- asked by the screen ---------------------------------------------------------------------------------

    def read(
        self,
        slot: str,
        work: Callable[[Source], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Read something; an older reading of the same slot is answered no more."""
        self._numbers += 1
        self._latest[slot] = self._numbers
        self._reading.drop(slot)
        self._reading.add(_Job(slot, work, done, failed, self._numbers, self._turn))

    def act(self, work: Callable[[Source], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Change something; acts are done one after the other and always answered."""
        self._numbers += 1
        self._acting.add(_Job("", work, done, failed, self._numbers, self._turn))

    def work(self, work: Callable[[Source], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Do what takes long, beside the acts; one after the other and always answered."""
        self._numbers += 1
        self._working.add(_Job("", work, done, failed, self._numbers, self._turn))

    @property
    def acting(self) -> bool:
        """Whether an act is running or waiting."""
        return self._acting.waiting_since is not None

    @property
    def stopped(self) -> bool:
        """Whether everything was abandoned, because the program ends: what does much does no more of it."""
        return self._stopped

    @property
    def working(self) -> bool:
        """Whether long work is running or waiting."""
        return self._working.waiting_since is not None

    @property
    def asking(self) -> bool:
        """Whether a question is open."""
        return self._reading.waiting_since is not None

    @property
    def silent_for(self) -> float:
        """Seconds since the first question that nobody answered; 0 while questions are answered.

        A source that refuses has answered; one that let a question run into its deadline has not.
        """
        since = [at for at in (self._unanswered, self._reading.waiting_since) if at is not None]
        return monotonic() - min(since) if since else 0.0

    @property
    def acting_for(self) -> float:
        """Seconds since the oldest act was asked for that is not done; 0 when there is none."""
        since = self._acting.waiting_since
        return 0.0 if since is None else monotonic() - since

    def forget(self) -> None:
        """Drop the open source (to be opened anew, say for writing); the next question opens it."""
        self._turn += 1
        source, self.source = self.source, None
        self._not_before, self._tries = 0.0, 0
        self._close(source)

    def retry(self) -> None:
        """Let the next question try to open the source at once, whatever happened before."""
        self._not_before = 0.0

    def reopen_with(self, opener: Callable[[], Source]) -> None:
        """Open the source another way from now on."""
        self._opener = opener
        self.forget()

    def stop(self) -> None:
        """Abandon everything. Nothing is waited for; what runs is asked to end, with nothing or all of it done."""
        self._stopped = True
        self._reading.stop()
        self._acting.stop()
        self._working.stop()
        source, self.source = self.source, None
        self._close(source)

    def _close(self, source: Source | None) -> None:
        """Close a source in a thread of its own: a server that hangs can hold that up."""
        if source is not None:
            work = partial(self._close_when_quiet, source, _QUIET if self._stopped else _LONG)
            thread = threading.Thread(target=work, name=f"workbench-close-{self.name}", daemon=True)
            self.closing = [*(one for one in self.closing if one.is_alive()), thread]
            thread.start()

    def _close_when_quiet(self, source: Source, seconds: float) -> None:
        """Close a source once nobody uses it. At the end of the program one that is still in use is left as it is."""
        if self._stopped:
            with suppress(WorkbenchError):  # not every source has a database to interrupt
                source.database.interrupt()
        now = monotonic()
        ends = {self._reading: now + seconds, self._acting: now + seconds}
        ends[self._working] = now + (seconds if self._stopped else _DAY)
        quiet = [worker.wait(end) for worker, end in ends.items()]
        if all(quiet) or not self._stopped:
            source.close()

    # -- in the threads --------------------------------------------------------------------------------------

    def _do(self, job: "_Job[Any]") -> None:
        began, tries = monotonic(), self._tries
        try:
            answer = job.work(self._opened())
        except Exception as error:
            if not isinstance(error, WorkbenchError):
                _LOG.exception("work for %s broke", self.name)
            if error is not self.error or tries != self._tries:  # else nobody was asked
                hung = isinstance(error, Unavailable) and monotonic() - began >= HUNG
                self._note_answer(job, began if hung else None)
            self.answering = self.answering and not job.slot
            self._tell(job, job.failed, error)
        else:
            self.answering = self.answering or bool(job.slot)
            self._note_answer(job, None)
            self._tell(job, job.done, answer)

    def _note_answer(self, job: "_Job[Any]", unanswered: float | None) -> None:
        """Note that a question was answered, or since when none was. Acts wait for locks: they say nothing of it."""
        if job.slot and (unanswered is None or self._unanswered is None):
            self._unanswered = unanswered

    def _opened(self) -> Source:
        with self._opening:
            while (source := self.source) is None:
                if self._stopped:
                    raise Unavailable(f"{self.name} is closed: the program ends")
                if self.error is not None and monotonic() < self._not_before:
                    raise self.error.with_traceback(None)  # else it would be longer with every time that it is told
                turn = self._turn
                source = self._open()
                if turn == self._turn and not self._stopped:
                    self.source, self.error, self._tries = source, None, 0
                    return source
                self._close(source)  # it was dropped while it was being opened
            return source

    def _open(self) -> Source:
        try:
            return self._opener()
        except Exception as error:
            self.error = error
            self._not_before = monotonic() + _AGAIN[min(self._tries, len(_AGAIN) - 1)]
            self._tries += 1
            raise

    def _tell(self, job: "_Job[Any]", tell: Callable[[Any], None], what: object) -> None:
        def deliver() -> None:
            # What failed because the source was dropped under it is no news.
            dropped = job.turn != self._turn and isinstance(what, Exception)
            outdated = job.slot and (dropped or self._latest.get(job.slot) != job.number)
            if not outdated and not self._stopped:
                tell(what)

        with suppress(RuntimeError):  # the screen's loop has ended
            self._deliver(deliver)


class Gateway:
    """Every lane of the program."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self.lanes: dict[str, Lane] = {}

    def lane(self, name: str, opener: Callable[[], Source]) -> Lane:
        """The lane of a source, made when it is first asked for."""
        if name not in self.lanes:
            self.lanes[name] = Lane(name, opener, self._deliver)
        return self.lanes[name]

    @property
    def deciding(self) -> bool:
        """Whether an act is running or waiting."""
        return any(lane.acting for lane in self.lanes.values())

    @property
    def acting(self) -> bool:
        """Whether anything is being changed, or other long work is done."""
        return any(lane.acting or lane.working for lane in self.lanes.values())

    def stop(self) -> None:
        """Abandon everything at once: the program ends."""
        for lane in self.lanes.values():
            lane.stop()

    def wait(self, seconds: float) -> None:
        """Give sources that are being closed so much time, and no more."""
        end = monotonic() + seconds
        for lane in self.lanes.values():
            for thread in lane.closing:
                thread.join(max(end - monotonic(), 0))
