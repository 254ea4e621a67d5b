"""The part of the app that remembers how the operator left the screen: views tell it, and a thread writes it down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from textual.message import Message

from workbench.data.errors import WorkbenchError
from workbench.desk import remembered
from workbench.desk.places import Place, Rules
from workbench.desk.remembered import Look, Remembered
from workbench.desk.safe import SafeText, safe
from workbench.tui.view_screen import VIEWS

if TYPE_CHECKING:
    from textual.app import App

    from workbench.tui.choices import Choices

    _Base = App[int]
else:
    _Base = object

_PATIENCE = 1.0  # seconds that what was chosen last has to be written when the program ends


class Arranged(Message):
    """The operator arranged a list in another way: what of it, and how it is now; None for as it usually is."""

    def __init__(self, noun: str, what: tuple[str, ...], value: remembered.Value | None) -> None:
        super().__init__()
        self.place = ("nouns", noun, *what)
        self.value = value


class Writer:
    """Writes what is to be remembered, in a thread of its own; what comes meanwhile is written together."""

    def __init__(self, home: Path, failed: Callable[[WorkbenchError], None]) -> None:
        self._home = home
        self._failed = failed
        self._news = threading.Condition()
        self._waiting: dict[tuple[str, ...], remembered.Value | None] = {}
        self._busy = False

    def write(self, place: tuple[str, ...], value: remembered.Value | None) -> None:
        """Write this soon."""
        with self._news:
            self._waiting[place] = value
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._run, name="workbench-remember", daemon=True).start()

    def finish(self, seconds: float) -> bool:
        """Wait until all is written, and no longer than so."""
        end = monotonic() + seconds
        with self._news:
            return self._news.wait_for(lambda: not self._busy, max(end - monotonic(), 0))

    def _run(self) -> None:
        while True:
            with self._news:
                changes, self._waiting = self._waiting, {}
                if not changes:
                    self._busy = False
                    self._news.notify_all()
                    return
            try:
                remembered.save(self._home, changes)
            except WorkbenchError as error:
                self._failed(error)


class Remembering(_Base):
    """The part of the app that comes back to what was shown last, and keeps how it is shown."""

    choices: Choices
    place: Place
    rules: Rules
    together: Sequence[Place]
    _memory: Remembered
    _writer: Writer | None

    def begin_remembering(self, memory: Remembered, theme: str) -> None:
        """Begin with what is remembered; `theme` is what the settings say."""
        self._memory = memory
        self._looks = dict(memory.looks)
        self._theme_setting = theme
        self._writer = None
        self._told = False

    def deliver(self, take_in: Callable[[], None]) -> None:
        """Have something done on the screen's own loop."""
        raise NotImplementedError

    def tell_operator(self, words: SafeText, tone: str = "") -> None:
        """One sentence on the screen that is in view."""
        raise NotImplementedError

    def look_of(self, noun: str) -> Look:
        """How a list of this noun is to look: as it was left, in this run or before it."""
        return self._looks.get(noun, Look())

    def first_view(self) -> str:
        """The noun to begin with."""
        shown = self._memory.view
        return shown if any(shown in view.nouns for view in VIEWS) else "inbox"

    def on_mount(self) -> None:
        """Say what could not be read of what was remembered."""
        if self._memory.notice:
            self.call_after_refresh(self.tell_operator, safe(self._memory.notice, limit=500), "$warning")

    def on_unmount(self) -> None:
        """What was chosen last is on disk before the program ends, unless the disk hangs."""
        if self._writer is not None:
            self._writer.finish(_PATIENCE)

    # -- what is told ----------------------------------------------------------------------------------------

    def remember_view(self, noun: str) -> None:
        """The operator went to this view; a source that nobody configured cannot be found again."""
        self._keep(("view",), noun)
        if self.together:  # several as one are what is usual: nothing stands for that
            self._keep(("source",), None)
        elif any(place.name == self.place.name for place in self.choices.places()):
            self._keep(("source",), self.place.name)

    def remember_theme(self, name: str) -> None:
        """The operator chose this theme."""
        chosen = name != self._theme_setting
        self._keep(("theme",), name if chosen else None)
        self._keep(("theme_over",), self._theme_setting if chosen else None)

    def on_arranged(self, message: Arranged) -> None:
        """A list was arranged: the views of other sources that are made from now on begin so too."""
        self._looks[message.place[1]] = _with(self.look_of(message.place[1]), message.place[2:], message.value)
        value = message.value
        if message.place[2] == "filters" and isinstance(value, str):
            value = value if remembered.may_be_kept(value, self.rules.secrets) else None
        self._keep(message.place, value)

    def _keep(self, place: tuple[str, ...], value: remembered.Value | None) -> None:
        if self._writer is None:
            self._writer = Writer(self.rules.home, self._not_kept)
        self._writer.write(place, value)

    def _not_kept(self, error: WorkbenchError) -> None:
        """Say it once: it would be so at every key."""
        if not self._told:
            self._told = True
            self.deliver(partial(self.tell_operator, safe(str(error), limit=500), "$warning"))


def _with(look: Look, what: tuple[str, ...], value: remembered.Value | None) -> Look:
    match what, value:
        case ("filters", name), _:
            filters = {key: text for key, text in look.filters.items() if key != name}
            return Look(
                look.sort, look.columns, look.size, {**filters, name: value} if isinstance(value, str) else filters
            )
        case ("sort",), str() | None:
            return Look(value or "", look.columns, look.size, look.filters)
        case ("columns",), list() | None:
            return Look(look.sort, tuple(value or ()), look.size, look.filters)
        case ("size",), int() | None:
            return Look(look.sort, look.columns, value or 0, look.filters)
    return look
