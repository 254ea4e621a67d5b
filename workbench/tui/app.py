"""The program on the screen: it wires settings, gateway, theme and screens; the views do the rest."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message

from workbench.desk.moments import now
from workbench.desk.places import Place, Rules
from workbench.desk.safe import plain
from workbench.tui.choices import Choices
from workbench.tui.commanding import KEYS, Commanding
from workbench.tui.gateway import Gateway, Lane
from workbench.tui.inbox_screen import InboxScreen
from workbench.tui.inboxes import Inboxes
from workbench.tui.terminal import Terminal, Told, has_shell, is_gone
from workbench.tui.theme import chosen_theme
from workbench.tui.view_screen import VIEWS, ViewScreen
from workbench.tui.watching import Eye
from workbench.tui.work import BINDINGS as OF_WORK
from workbench.tui.work import Working

_LOG = logging.getLogger(__name__)
_CLOSING = 0.3  # seconds that sources have to close, so that nothing is left beside their files
_STOPPING = 1.0  # seconds that a decision has to finish or to be undone, when nobody waits for it any more
_CHECK = 0.05
NO_INBOX = -1  # the result of a run over a source that can hold no inbox


class WorkbenchApp(Working, Commanding, App[int]):
    """The operator's terminal: an inbox over one source or several, and the views of the source that one looks at."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = InboxScreen.CSS_PATH  # read with the rest: what a screen brings when it is pushed restyles everything
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
        Binding("y", "copy", "Copy", tooltip="In a list the id, else what is shown.", id="view.copy"),
        Binding("T", "theme", "Next theme", id="app.theme"),
        Binding("s", "sources", "Another source", id="app.sources"),
        *OF_WORK,
        *KEYS,
    ]

    def __init__(
        self,
        place: Place,
        rules: Rules,
        theme: str,
        choices: Choices | None = None,
        *,
        others: Sequence[Place] = (),
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
        # What the inbox shows together; where it is none of them, the inbox is that of the one place.
        self.together: tuple[Place, ...] = (place, *others) if others else ()
        self._eyes: dict[str, Eye] = {}
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
        """The way to the source that is looked at."""
        return self.lane_to(self.place)

    def lane_to(self, place: Place) -> Lane:
        """The way to a source."""
        return self.gateway.lane(place.name, place.opener())

    def on_load(self) -> None:
        """Before the terminal is taken."""
        self._here = asyncio.get_running_loop()

    def on_mount(self) -> None:
        """Open the inbox, and keep an eye on the source and the terminal."""
        self.app_resume_signal.subscribe(self, lambda _: self._repaint())
        self._eye(self.place).begin()
        self.show_noun(self.first_view(), self.place)
        self.set_interval(0.5, self._keep_watch)

    def action_view(self, key: str) -> None:
        """Show the view of a key as it was left; if it is shown already, the next of its nouns."""
        view = next(view for view in VIEWS if view.key == key)
        noun = self.current_mode.partition(" ")[0]
        if noun in view.nouns:
            self.action_noun(view.after(noun))
        else:
            self.action_noun(self._shown.get(key, view.nouns[0]))

    def action_noun(self, id: str, then: Callable[[ViewScreen], None] | None = None) -> None:
        """Show all of a noun in the source of what is under the cursor."""
        view = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, ViewScreen)), None)
        self.show_noun(id, self.place if view is None else view.place_here(), then)
        self.remember_view(id)

    def show_noun(self, id: str, place: Place, then: Callable[[ViewScreen], None] | None = None) -> None:
        """Show all of a noun in a source, and do then what is left to be done there.

        Its screen is made when it is first asked for, and stays as it was left.
        """
        if any(not screen.laid_out for screen in self._in_view()):
            # A screen that is left before it is laid out never would be: keys that were typed ahead wait for it.
            self.set_timer(_CHECK, partial(self.show_noun, id, place, then))
            return
        self.place = place
        mode = id if id == "inbox" and self.together else f"{id} {place.name}"
        if mode not in self._modes:
            self.add_mode(mode, partial(_screen_of, id, self))
        self._shown.update({view.key: id for view in VIEWS if id in view.nouns})
        self.switch_mode(mode)
        for screen in self._in_view():
            screen.changed()
            if then is not None:
                then(screen)

    def action_sources(self) -> None:
        """Show the sources that one may go to."""
        from workbench.tui.source_screen import SourceScreen

        shown = None if self.together else self.place.name
        self.push_screen(SourceScreen(list(self.known_places().values()), shown, self.gateway), self.go_to)

    def known_places(self) -> dict[str, Place]:
        """Every source that one may go to, by its name: those that are configured, and those that were shown."""
        # Those that were shown come as they are now, writable or not; one that nobody configured is not lost either.
        shown = {place.name: place for screen in self._views() for place in screen.places}
        places = {place.name: place for place in self.choices.places()}
        return {**{name: place for name, place in shown.items() if name not in places}, **places, **shown}

    def go_to(
        self,
        chosen: Place | Sequence[Place] | None,
        noun: str = "inbox",
        then: Callable[[ViewScreen], None] | None = None,
    ) -> None:
        """Show a noun of another source, or the inbox of several together; other views stay as they are left."""
        if chosen is None:
            return
        self._visits += 1  # a source that was asked for before comes too late
        places = (chosen,) if isinstance(chosen, Place) else tuple(chosen)
        self.together = places if len(places) > 1 else ()
        for screen in self._views():
            if self.together and isinstance(screen, InboxScreen) and screen.is_together:
                screen.keep_to(self.together)
        here = next((place for place in places if place.name == self.place.name), places[0])
        self.show_noun(noun, here, then)
        self.remember_view(noun)

    def show_in(self, place: Place, noun: str, then: Callable[[ViewScreen], None] | None = None) -> None:
        """Show a noun of that source; what the inbox shows together it goes on showing."""
        if noun == "inbox":
            self.go_to(place, noun, then)
        else:
            self.show_noun(noun, place, then)
            self.remember_view(noun)

    def _views(self) -> list[ViewScreen]:
        stacks = self._screen_stacks.values()
        return [screen for stack in stacks for screen in stack if isinstance(screen, ViewScreen)]

    def _in_view(self) -> list[ViewScreen]:
        return [screen for screen in self.screen_stack if isinstance(screen, ViewScreen)]

    def opened_for_writing(self, place: Place) -> None:
        """The source may be written from now on, in every view of it."""
        self.place = place if place.name == self.place.name else self.place
        self.together = tuple(place if one.name == place.name else one for one in self.together)
        self.lane_to(place).reopen_with(place.opener())
        for screen in self._views():
            screen.placed(place)
        self._changed(place.name)

    def on_unmount(self) -> None:
        """However it ended, nothing runs on."""
        self.gateway.stop()

    # -- noticing change -------------------------------------------------------------------------------------

    def _eye(self, place: Place) -> Eye:
        """The eye on a source, made when it is first wanted."""
        if place.name not in self._eyes:
            self._eyes[place.name] = Eye(self.lane_to(place), self._changed)
        return self._eyes[place.name]

    def _keep_watch(self) -> None:
        """Keep an eye on the terminal, on the source that is looked at, and on those that the inbox has together."""
        if not self.is_headless and is_gone():
            self.leave(128 + signal.SIGHUP)
            return
        wanted = {place.name: place for place in (self.place, *self._with_inbox())}
        for name in self._eyes.keys() - wanted.keys():
            self._eyes.pop(name).close()
        for place in wanted.values():
            self._eye(place).look()

    def _with_inbox(self) -> list[Place]:
        """Of the sources that the inbox has together, those of which it is not known that they have none."""
        inboxes = [screen.inboxes for screen in self._views() if isinstance(screen, InboxScreen) and screen.is_together]
        return [one.place for one in inboxes[0]] if self.together and inboxes else []

    def _changed(self, name: str) -> None:
        for screen in self._in_view():
            screen.changed_in(name)

    def on_inbox_reading_no_inbox(self) -> None:
        """Nothing that was named can have an inbox."""
        self.leave(NO_INBOX)

    # -- leaving ---------------------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Leave. A decision that is being written is waited for, unless the operator insists."""
        if self.gateway.acting and not self._leaving:
            self._leaving = True
            what = "a decision is being written" if self.gateway.deciding else "work goes on in the background"
            self._say(f"{what}: leaving when it is done; the same key again stops it and leaves")
            self._leave_when_done(0, None)
        elif self.gateway.acting:
            self._say("stopping it, and leaving")
            if self.gateway.deciding:
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
        if patience is not None:
            self.stop_works()
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
        for screen in self._in_view():
            screen.say(plain(words), "$warning")


def _screen_of(id: str, app: WorkbenchApp) -> ViewScreen:
    if id == "inbox":
        inboxes = Inboxes(app.together or [app.place], app.lane_to)
        return InboxScreen(inboxes, app.rules, app.clock, app.look_of(id))
    # Imported when it is first looked at: the inbox is there sooner without it.
    from workbench.desk.noun import HOUSE
    from workbench.desk.nouns import nouns
    from workbench.tui.noun_screen import NounScreen

    if nouns()[id].where == HOUSE:
        from workbench.tui.house_screen import HouseScreen

        return HouseScreen(nouns()[id], app)
    return NounScreen(nouns()[id], app.place, app.rules, app.lane, app.clock, app.look_of(id))


def run(place: Place, rules: Rules, theme: str, choices: Choices | None = None, others: Sequence[Place] = ()) -> int:
    """Show the screen until the operator leaves: the exit code, or `NO_INBOX` at once if no source can hold one."""
    app = WorkbenchApp(place, rules, theme, choices, others=others)
    told = Told(app.told_to_end, app.given_back)
    told.listen()
    try:
        code = app.run()
    finally:
        app.gateway.stop()
        app.gateway.wait(_CLOSING)
        told.stop()
        for words in app.left_undone():
            sys.stderr.write(f"workbench: {words}\n")
    if app.broken is not None:
        raise app.broken
    return code or 0
