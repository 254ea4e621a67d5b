"""Long work of the screen: done beside everything else, shown as it goes on, stopped between two steps, and kept.

A purge, an export, a deletion of many rows takes its time. Its thread writes down how far it is; the frame looks there
once a second, so that nothing is painted for a step. What came of it stays to be read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

from workbench.data import Source
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.gateway import Lane
from workbench.tui.keymap import word

if TYPE_CHECKING:
    from workbench.tui.choices import Choosing as _Base
else:
    _Base = object

KEPT = 20  # results that can still be read
LONG = 3.0  # seconds after which a result is to be read: what was sooner done is told where the operator still looks
RUNNING, DONE, STOPPED, FAILED = "running", "done", "stopped", "failed"
BINDINGS: list[BindingType] = [
    Binding("J", "work", "Work in the background", tooltip="What runs, and what came of it.", id="view.work"),
    Binding("ctrl+x", "stop_work", "Stop what runs", tooltip="Between two steps; it says how far.", id="work.cancel"),
]


@dataclass
class Work:
    """One piece of long work. Its thread counts in it; the screen reads it."""

    title: SafeText
    place: str
    total: int | None = None
    done: int = 0
    state: str = RUNNING
    words: SafeText = field(default_factory=lambda: plain(""))
    more: list[SafeText] = field(default_factory=list)  # of each row that was not done, why
    began: float = field(default_factory=monotonic)
    ended: float | None = None
    read: bool = True
    stopping: bool = False

    def progress(self, done: int) -> None:
        """So much is done by now."""
        self.done = done

    def go_on(self) -> bool:
        """Whether nobody has asked it to stop."""
        return not self.stopping

    def end(self, state: str, words: SafeText) -> None:
        """It has ended so."""
        self.words, self.ended = words, monotonic()
        self.read = self.ended - self.began < LONG
        self.state = state

    @property
    def how_far(self) -> SafeText:
        """In a few words: `purge events: 12,000 of 80,000`."""
        if self.state != RUNNING:
            return self.words
        words = self.title + plain(f": {self.done:,}")
        if self.total is not None:
            words += plain(f" of {max(self.total, self.done):,}")
        return words + plain(", stopping" if self.stopping else "")


class Nothing(Exception):
    """Raised by work that was stopped before it was whole, and so leaves nothing."""


Job = Callable[[Source, Work], tuple[SafeText, str]]  # what came of it in words, and whether it was done or stopped


class Working(_Base):
    """The part of the app that has long work done. It tells its results, and keeps the last of them."""

    _works: deque[Work]

    @property
    def works(self) -> deque[Work]:
        """What runs and what has run, the newest first."""
        if not hasattr(self, "_works"):
            self._works = deque()
        return self._works

    def start_work(self, lane: Lane, work: Work, job: Job, then: Callable[[Work], None]) -> None:
        """Have it done in the background; `then` is called on the screen's loop when it has ended."""
        ended = [one for one in self.works if one.state != RUNNING]
        for old in ended[KEPT - 1 :]:
            self.works.remove(old)
        self.works.appendleft(work)
        key = word(self, "work.cancel", "ctrl+x")
        self.tell_operator(work.title + plain(f"… {key} stops it, {word(self, 'view.work', 'J')} shows it"))
        end = partial(self._ended, work, then)
        lane.work(partial(_run, work=work, job=job), end, end)

    def _ended(self, work: Work, then: Callable[[Work], None], answer: object) -> None:
        if work.state == RUNNING:  # it never began: the source could not be opened
            work.end(FAILED, work.title + plain(": ") + safe(str(answer)))
        self.tell_operator(work.words, {DONE: "$success", STOPPED: "$warning"}.get(work.state, "$error"))
        then(work)

    # -- looking ---------------------------------------------------------------------------------------------

    def work_words(self) -> SafeText:
        """What the frame says of it: how far the newest is that runs, or that results are to be read."""
        running = [work for work in self.works if work.state == RUNNING]
        if running:
            more = plain(f" (and {len(running) - 1} more)" if len(running) > 1 else "")
            return running[0].how_far + more
        unread = sum(not work.read for work in self.works)
        if not unread:
            return plain("")
        results = "1 result" if unread == 1 else f"{unread} results"
        return plain(f"{results} to read: {word(self, 'view.work', 'J')}")

    def action_work(self) -> None:
        """Show what runs, and what came of what ran."""
        from workbench.tui.work_screen import WorkScreen

        if not isinstance(self.screen, WorkScreen):
            self.push_screen(WorkScreen(self.works, self.action_stop_work))

    # -- stopping --------------------------------------------------------------------------------------------

    def action_stop_work(self) -> None:
        """Stop the newest that runs, between two of its steps."""
        running = next((work for work in self.works if work.state == RUNNING and not work.stopping), None)
        if running is None:
            stopping = any(work.state == RUNNING for work in self.works)
            self.tell_operator(plain("It stops after this step." if stopping else "Nothing runs in the background."))
            return
        running.stopping = True
        self.tell_operator(running.how_far, "$warning")

    def stop_works(self) -> None:
        """Stop all of it: the program is to end."""
        for work in self.works:
            work.stopping = True

    def left_undone(self) -> list[SafeText]:
        """What is to be told of work that the end of the program has stopped."""
        return [
            safe(work.place, limit=40) + plain(": ") + (work.words or work.title + plain(": not finished"))
            for work in reversed(self.works)
            if work.stopping and work.state != DONE
        ]


def _run(source: Source, work: Work, job: Job) -> None:
    """In the thread: whatever comes of it stands in the work before anybody is told."""
    try:
        words, state = job(source, work)
    except Nothing:
        work.end(STOPPED, work.title + plain(": stopped, nothing is left of it"))
    except Exception as error:
        work.end(FAILED, work.title + plain(": ") + safe(str(error)))
        raise
    else:
        work.end(state, words)
