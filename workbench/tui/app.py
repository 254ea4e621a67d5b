"""The program on the screen: it wires settings, gateway, theme and screens; the views do the rest."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message

from workbench.data import Source
from workbench.data.engine.watch import ON_SCREEN, Watch
from workbench.desk import inbox
from workbench.desk.moments import now
from workbench.desk.places import Place, Rules
from workbench.desk.safe import plain
from workbench.tui.choices import Choices
from workbench.tui.commanding import KEYS, Commanding
from workbench.tui.gateway import HUNG, Gateway, Lane
from workbench.tui.inbox_screen import InboxScreen
from workbench.tui.terminal import Terminal, Told, has_shell, is_gone
from workbench.tui.theme import chosen_theme
from workbench.tui.view_screen import VIEWS, ViewScreen

_LOG = logging.getLogger(__name__)
_CLOSING = 0.3  # seconds that sources have to close, so that nothing is left beside their files
_STOPPING = 1.0  # seconds that a decision has to finish or to be undone, when nobody waits for it any more
_CHECK = 0.05
NO_INBOX = -1  # the result of a run over a source that can hold no inbox


class WorkbenchApp(Commanding, App[int]):
    """The operator's terminal over one source."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = InboxScreen.CSS_PATH  # read with the rest: what a screen brings when it is pushed restyles everything
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
        Binding("y", "copy", "Copy", tooltip="In a list the id, else what is shown.", id="view.copy"),
        Binding("T", "theme", "Next theme", id="app.theme"),
        Binding("s", "sources", "Another source", id="app.sources"),
        *KEYS,
    ]

    def __init__(
        self,
        place: Place,
        rules: Rules,
        theme: str,
        choices: Choices | None = None,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        choices = choices or Choices()
        chosen = chosen_theme(theme, choices.themes)
        # Told at once: how NO_COLOR is kept to is decided when an app is made, before it has a theme.
        super().__init__(driver_class=Terminal, ansi_color=chosen.theme.ansi or None)
        self.place = place
        self.rules = rules
        self.clock = clock
        self.gateway = Gateway(self.deliver)
        self.broken: Exception | None = None
        self._here: asyncio.AbstractEventLoop | None = None
        self._leaving = False
        self._watched: Source | None = None
        self._watch: Watch | None = None
        self._watch_broken = False
        self._following: asyncio.Task[None] | None = None
        self._shown: dict[str, str] = {}  # which noun each view showed last
        self.keep_to(choices, chosen)
        self.animation_level = "none"

    class Answered(Message):
        """Background work has an answer, which is taken in on the screen's own loop."""

        def __init__(self, take_in: Callable[[], None]) -> None:
            super().__init__()
            self.take_in = take_in

    def deliver(self, take_in: Callable[[], None]) -> None:
        """Have something done on the screen's own loop."""
        self.post_message(self.Answered(take_in))

    @property
    def own_home(self) -> Path:
        """The workbench's own directory."""
        return self.rules.home

    def on_workbench_app_answered(self, message: Answered) -> None:
        """Take it in."""
        message.take_in()

    @property
    def lane(self) -> Lane:
        """The way to the source."""
        return self.gateway.lane(self.place.name, self.place.opener())

    def on_load(self) -> None:
        """Before the terminal is taken."""
        self._here = asyncio.get_running_loop()

    def on_mount(self) -> None:
        """Open the inbox, and keep an eye on the source and the terminal."""
        self.app_resume_signal.subscribe(self, lambda _: self._repaint())
        self._begin_watching()
        self.action_noun("inbox")
        self.set_interval(0.5, self._keep_watch)

    def action_view(self, key: str) -> None:
        """Show the view of a key as it was left; if it is shown already, the next of its nouns."""
        view = next(view for view in VIEWS if view.key == key)
        noun = self.current_mode.partition(" ")[0]
        if noun in view.nouns:
            self.action_noun(view.after(noun))
        else:
            self.action_noun(self._shown.get(key, view.nouns[0]))

    def action_noun(self, id: str) -> None:
        """Show all of a noun. Its screen is made when it is first asked for, and stays as it was left."""
        mode = f"{id} {self.place.name}"
        if mode not in self._modes:
            self.add_mode(mode, partial(_screen_of, id, self))
        self._shown.update({view.key: id for view in VIEWS if id in view.nouns})
        self.switch_mode(mode)
        self._changed()

    def action_sources(self) -> None:
        """Show the sources that one may go to."""
        from workbench.tui.source_screen import SourceScreen

        known = self.known_places()
        self.push_screen(SourceScreen(list(known.values()), self.place.name, self.gateway), self.go_to)

    def known_places(self) -> dict[str, Place]:
        """The sources that one may go to, by their names."""
        # Those that were shown come as they are now, writable or not; one that nobody configured is not lost either.
        shown = {screen.place.name: screen.place for screen in self._views()}
        places = {place.name: place for place in self.choices.places()}
        return {**{name: place for name, place in shown.items() if name not in places}, **places, **shown}

    def go_to(self, place: Place | None) -> None:
        """Show another source; the views of this one stay as they are left."""
        if place is not None:
            self.place = place
            self._watched = None
            self._begin_watching()
            self.action_noun("inbox")

    def _views(self) -> list[InboxScreen | ViewScreen]:
        stacks = self._screen_stacks.values()
        return [screen for stack in stacks for screen in stack if isinstance(screen, (InboxScreen, ViewScreen))]

    def opened_for_writing(self, place: Place) -> None:
        """The source may be written from now on, in every view of it."""
        self.place = place
        self.lane.reopen_with(place.opener())
        for screen in self._views():
            if screen.place.name == place.name:
                screen.place = place
        self._changed()

    def on_unmount(self) -> None:
        """However it ended, nothing runs on."""
        self.gateway.stop()

    # -- noticing change -------------------------------------------------------------------------------------

    def _begin_watching(self) -> None:
        """The first question to a source opens it, so that everything else finds it open or knows why not."""
        self.lane.read("watch", _begin_to_watch, self._follow, lambda _: self._forget())

    def _keep_watch(self) -> None:
        """Watch the open source; after it was opened anew, the new one. A watch that fails is worth a question."""
        if not self.is_headless and is_gone():
            self.leave(128 + signal.SIGHUP)
            return
        source = self.lane.source
        if source is not None and source is not self._watched:
            self._watched = source
            self._begin_watching()
        watch = self._watch
        broken = watch is not None and (watch.error is not None or watch.silent_for >= HUNG)
        if broken != self._watch_broken:
            self._watch_broken = broken
            self._changed()
        elif watch is not None and watch.error is not None and self.lane.answering:
            # What is still open can be read and is not what lies there now: a file that was moved or removed.
            self.lane.forget()
            self._changed()

    def _forget(self) -> None:
        self._watched = None

    def _follow(self, watched: tuple[Source, Watch]) -> None:
        self._watched, watch = watched
        if not self._watched.capabilities & inbox.STORES:
            self.leave(NO_INBOX)
            return
        if self._following is not None:
            self._following.cancel()
        self._watch = watch
        self._following = asyncio.get_running_loop().create_task(self._tell_changes(watch))
        self._changed()

    async def _tell_changes(self, watch: Watch) -> None:
        async for _ in watch.changes_async():
            self._changed()

    def _changed(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, (InboxScreen, ViewScreen)):
                screen.changed()

    # -- leaving ---------------------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Leave. A decision that is being written is waited for, unless the operator insists."""
        if self.gateway.acting and not self._leaving:
            self._leaving = True
            self._say("a decision is being written: leaving when it is done; the same key again stops it and leaves")
            self._leave_when_done(0, None)
        elif self.gateway.acting:
            self._say("stopping it, and leaving")
            self.gateway.stop()
            self._leave_when_done(0, _STOPPING)
        else:
            self.leave(0)

    def told_to_end(self, number: int) -> None:
        """A signal says to end. It may interrupt anything, so the loop is asked, which waits for what is written."""
        if self._here is None:
            raise SystemExit(128 + number)
        with suppress(RuntimeError):  # the loop has ended, and so do we
            self._here.call_soon_threadsafe(self._leave_when_done, 128 + number, _STOPPING)

    def _leave_when_done(self, code: int, patience: float | None) -> None:
        if not self.gateway.acting or (patience is not None and patience <= 0):
            self.leave(code)
            return
        left = None if patience is None else patience - _CHECK
        self.set_timer(_CHECK, partial(self._leave_when_done, code, left))

    def leave(self, code: int) -> None:
        """End the program now, and give the terminal back."""
        self.gateway.stop()
        self.exit(code)

    def panic(self, *renderables: RenderableType) -> None:
        """End, without what Textual would print: a traceback with the values of every variable, secrets too."""
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        self.panic()

    def _handle_exception(self, error: Exception) -> None:
        # All that breaks in the screen comes here. It is told once the terminal is given back (see `run`).
        if self.broken is None:
            self.broken = error
            _LOG.error("the screen broke", exc_info=error)
        super()._handle_exception(error)

    # -- standing aside -------------------------------------------------------------------------------------

    def action_suspend_process(self) -> None:
        """Stop for the shell, which continues us; not while something is written, which would stay locked."""
        if self.gateway.acting:
            self._say("a decision is being written: not now")
        elif not has_shell():
            self._say("there is no shell that could continue the workbench: not suspended")
        else:
            # The whole job, as a terminal's own key would do: a program that started us has to stop as well.
            os.kill(0, signal.SIGTSTP)

    def _repaint(self) -> None:
        self.tell_terminal(self.notices_out.again())
        self.refresh(layout=True)

    def _say(self, words: str) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, (InboxScreen, ViewScreen)):
                screen.say(plain(words), "$warning")


def _screen_of(id: str, app: WorkbenchApp) -> InboxScreen | ViewScreen:
    if id == "inbox":
        return InboxScreen(app.place, app.rules, app.lane, app.clock)
    # Imported when it is first looked at: the inbox is there sooner without it.
    from workbench.desk.noun import HOUSE
    from workbench.desk.nouns import nouns
    from workbench.tui.noun_screen import NounScreen

    if nouns()[id].where == HOUSE:
        from workbench.tui.house_screen import HouseScreen

        return HouseScreen(nouns()[id], app)
    return NounScreen(nouns()[id], app.place, app.rules, app.lane, app.clock)


def _begin_to_watch(source: Source) -> tuple[Source, Watch]:
    return source, source.watch(ON_SCREEN)


def run(place: Place, rules: Rules, theme: str, choices: Choices | None = None) -> int:
    """Show the screen until the operator leaves: the exit code, or `NO_INBOX` at once if the source can hold none."""
    app = WorkbenchApp(place, rules, theme, choices)
    told = Told(app.told_to_end, app.given_back)
    told.listen()
    try:
        code = app.run()
    finally:
        app.gateway.stop()
        app.gateway.wait(_CLOSING)
        told.stop()
    if app.broken is not None:
        raise app.broken
    return code or 0
