"""Noticing change: what a lane has open is watched, and watched anew after it was opened anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from workbench.data import Source
from workbench.data.engine.watch import ON_SCREEN, Watch
from workbench.tui.gateway import HUNG, Lane


class Eye:
    """An eye on one lane: it tells when somebody has written there, and when that can no longer be known."""

    def __init__(self, lane: Lane, changed: Callable[[str], None]) -> None:
        self.lane = lane
        self.watched: Source | None = None
        self._changed = changed
        self._watch: Watch | None = None
        self._broken = False
        self._refused = False  # whether the source that is open could not even begin to be watched
        self._following: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def sees(self) -> bool:
        """Whether there is anything to be watched by now."""
        return self._watch is not None

    def begin(self) -> None:
        """The first question to a source opens it, so that everything else finds it open or knows why not."""
        self.lane.read("watch", _begin_to_watch, self._follow, lambda _: self._refuse())

    def look(self) -> None:
        """Watch the open source; after it was opened anew, the new one. A watch that fails is worth a question."""
        source = self.lane.source
        if source is not None and source is not self.watched and not (self._refused and self.lane.answering):
            self.watched = source
            self.begin()
        watch = self._watch
        broken = watch is not None and (watch.error is not None or watch.silent_for >= HUNG)
        if broken != self._broken:
            self._broken = broken
            self._changed(self.lane.name)
        elif self.lane.answering and (self._refused or (watch is not None and watch.error is not None)):
            # What is still open can be read and is not what lies there now: a file that was moved or removed.
            self._refused = False
            self._stop()
            self.lane.forget()
            self._changed(self.lane.name)

    def close(self) -> None:
        """Look no more; a watch that nobody holds is forgotten, and so is its probing."""
        self._closed = True
        self._stop()

    def _stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
        self._watch = self._following = None

    def _refuse(self) -> None:
        self.watched = None
        if self.lane.source is not None and not self._closed:
            self._refused = True
            self._changed(self.lane.name)

    def _follow(self, watched: tuple[Source, Watch]) -> None:
        if self._closed:
            return
        self._stop()
        self._refused = False
        self.watched, self._watch = watched
        self._following = asyncio.get_running_loop().create_task(self._tell_changes(self._watch))
        self._changed(self.lane.name)

    async def _tell_changes(self, watch: Watch) -> None:
        async for _ in watch.changes_async():
            self._changed(self.lane.name)


def _begin_to_watch(source: Source) -> tuple[Source, Watch]:
    return source, source.watch(ON_SCREEN)
