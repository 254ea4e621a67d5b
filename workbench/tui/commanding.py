"""The part of the app that is told what to do in words: the line behind `:`, the palette, and what waits next.

Its keys are taken before any other work that waits, so that what is typed right behind them is never read as keys.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import isawaitable
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from textual.binding import Binding, BindingType
from textual.events import DescendantFocus

from workbench.data.errors import Invalid, WorkbenchError
from workbench.desk.places import Place, Rules
from workbench.desk.safe import plain, safe
from workbench.tui.choices import Choosing
from workbench.tui.deciding import SETTLE
from workbench.tui.view_screen import ViewScreen

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.tui.command_bar import CommandBar
    from workbench.tui.doable import Doable
    from workbench.tui.gateway import Gateway

_LOG = logging.getLogger(__name__)
KEYS: list[BindingType] = [
    Binding(
        "colon",
        "command",
        "Command line",
        tooltip="Noun, filter and source in one line.",
        id="app.command",
        priority=True,
    ),
    Binding("ctrl+p", "palette", "Palette", tooltip="All that can be done now.", id="app.palette", priority=True),
    Binding("right_square_bracket", "waiting(1)", "Next that waits", id="view.next-waiting"),
    Binding("left_square_bracket", "waiting(-1)", "The one before that waits", id="view.previous-waiting"),
]


Then = Callable[[ViewScreen], None]


class Commanding(Choosing):
    """Takes wishes. The other part knows the views and the ways to the sources."""

    place: Place
    together: Sequence[Place]
    rules: Rules
    gateway: Gateway
    _history: tuple[str, ...] | None = None  # of this run and those before; None until it was asked for
    _deals: Mapping[str, Doable] = MappingProxyType({})  # what could be done by its name when the line was opened
    _due: Doable | None = None
    _visits = 0

    # -- what the other part brings --------------------------------------------------------------------------

    def action_noun(self, id: str, then: Then | None = None) -> None:
        """Show all of a noun, and do then what is left to be done there."""
        raise NotImplementedError

    def known_places(self) -> Mapping[str, Place]:
        """The sources that one may go to, by their names."""
        raise NotImplementedError

    def go_to(self, chosen: Place | Sequence[Place] | None, noun: str = "inbox", then: Then | None = None) -> None:
        """Show another source, or the inbox of several together."""
        raise NotImplementedError

    def show_in(self, place: Place, noun: str, then: Then | None = None) -> None:
        """Show all of a noun of that source."""
        raise NotImplementedError

    # -- keys ------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where something is asked or written, a colon is a colon."""
        if action not in ("command", "palette", "waiting"):
            return super().check_action(action, parameters)
        screen, focused = self.screen, self.focused
        if not isinstance(screen, ViewScreen) or not screen.is_mounted or screen.asking:
            return False
        return focused is None or not focused.check_consume_key("colon", ":")

    async def action_command(self) -> None:
        """Open the line; when this returns, what is typed is written there."""
        from workbench.tui.command_bar import CommandBar
        from workbench.tui.doable import known, named

        screen = self.screen
        assert isinstance(screen, ViewScreen)
        self._deals = named(self, screen)
        bar = next(iter(screen.query(CommandBar)), None)
        if bar is None:
            bar = CommandBar(id="command")
            await screen.mount(bar, before="#keys")
        bar.ask(known(self, screen, self.known_places().values(), self._deals))
        if self._history is None:
            self._history = ()
            self._beside(self._read_history)
        bar.remember(self._history)

    async def action_palette(self) -> None:
        """Open the palette."""
        from workbench.tui.doable import everything
        from workbench.tui.palette import PaletteScreen

        screen = self.screen
        assert isinstance(screen, ViewScreen)
        found = everything(self, screen, self.known_places().values())
        await self.push_screen(PaletteScreen(found), partial(self._chosen, screen, _seen(screen)))

    def action_waiting(self, by: int) -> None:
        """Go to the next thing that waits, or the one before, in the inbox."""
        here = getattr(self.screen, "to_waiting", None)
        if here is not None:
            here(by)
            return
        self.action_noun("inbox", _to_most_urgent if by > 0 else None)

    # -- what was written ------------------------------------------------------------------------------------

    async def on_command_bar_given(self, message: CommandBar.Given) -> None:
        """Do what the line says."""
        screen, wish = self.screen, message.wish
        self._keep_line(message.line)
        if isinstance(screen, ViewScreen):
            screen.focus_back()
        if wish.argument:
            self.choose_theme(wish.argument)  # the only thing that takes one
        elif wish.deal:
            self._due = self._deals[wish.deal]
        elif wish.source and (place := self.known_places().get(wish.source)) is None:
            if wish.noun not in ("", "inbox"):
                words = safe(f"@{wish.source} is the inbox of all sources together: name one source for {wish.noun}")
                self.tell_operator(words, "$warning")
                return
            self.go_to(tuple(self.known_places().values()), "inbox", partial(_filter, text=wish.filter))
        elif wish.source and place is not None and (wish.source != self.place.name or self.together):
            self.visit(place, wish.noun, wish.filter)
        elif wish.noun:
            self.action_noun(wish.noun, partial(_filter, text=wish.filter))
        elif isinstance(screen, ViewScreen):
            _filter(screen, wish.filter)

    async def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The keys are with the view again: what was to be done is done, and may take them elsewhere."""
        if self._due is not None and not event.widget.check_consume_key("colon", ":"):
            due, self._due = self._due, None
            await _do(due)

    def on_command_bar_cancelled(self) -> None:
        """As it was."""
        if isinstance(self.screen, ViewScreen):
            self.screen.focus_back()

    # -- going to another source -----------------------------------------------------------------------------

    def visit(self, place: Place, noun: str = "", filter: str | None = None) -> None:
        """Go to a source once it answers and has something to show; until then everything stays as it is."""
        self.tell_operator(plain("Opening ") + safe(place.name, limit=40) + plain("…"))
        self._visits += 1
        lane = self.gateway.lane(place.name, place.opener())
        lane.retry()
        noun = noun or getattr(self.screen, "view", "inbox")
        arrived = partial(self._arrived, self._visits, place, noun, filter)
        lane.read("visit", _shows_something, arrived, self._not_there)

    def _arrived(self, visit: int, place: Place, noun: str, filter: str | None, shows: bool) -> None:
        if visit != self._visits:
            return  # the operator wants to go elsewhere by now
        if not shows:
            words = plain(" answers, but holds nothing that this version shows.")
            self.tell_operator(safe(place.name, limit=40) + words, "$warning")
        elif not isinstance(self.screen, ViewScreen) or self.screen.asking:
            self.tell_operator(safe(place.name, limit=40) + plain(" answers now: go there again."))
        else:
            self.tell_operator(plain(""))
            self.show_in(place, noun, partial(_filter, text=filter))

    def _not_there(self, error: Exception) -> None:
        self.tell_operator(safe(str(error), limit=1_000), "$error")

    # -- what was chosen -------------------------------------------------------------------------------------

    async def _chosen(self, screen: ViewScreen, seen: object, found: Doable | None) -> None:
        """Do what was chosen in the palette as its key would; what was covered has to be in view again first."""
        if found is None:
            return
        if found.of_view:
            await self._when_settled(found, screen, seen, monotonic() + SETTLE)
        else:
            await _do(found)

    async def _when_settled(self, found: Doable, screen: ViewScreen, seen: object, moment: float) -> None:
        if (left := max(moment, getattr(screen, "shown_at", 0.0) + SETTLE) - monotonic()) > 0:
            self.set_timer(left, partial(self._when_settled, found, screen, seen, moment))
        elif screen is not self.screen or screen.asking:
            return  # the operator has gone on meanwhile
        elif found.to_item and _seen(screen) != seen:
            screen.say(plain("This has changed since the palette was opened: look, and choose again."), "$warning")
        else:
            await _do(found)

    def theme_names(self) -> tuple[str, ...]:
        """The themes that there are."""
        from workbench.themes import theme_names

        return theme_names(self.choices.themes)

    def choose_theme(self, name: str) -> None:
        """Show that theme; one with faults is told of."""
        if self.tells_no_colours():
            return
        try:
            self.show_theme(name)
        except Invalid as error:
            self.tell_operator(safe(str(error), limit=500), "$warning")
        else:
            self.tell_operator(plain("Theme: ") + safe(name, limit=40) + plain(' (the setting "theme" keeps it).'))

    # -- what was written before -----------------------------------------------------------------------------

    def _beside(self, work: Callable[[], None]) -> None:
        """The home may be far away, and the screen does not wait for it."""
        threading.Thread(target=work, name="workbench-history", daemon=True).start()

    def _read_history(self) -> None:
        from workbench.desk.history import History

        lines = History(self.own_home, self.rules.secrets).read()
        self.deliver(partial(self._take_history, lines))

    def _take_history(self, lines: tuple[str, ...]) -> None:
        from workbench.tui.command_bar import CommandBar

        self._history = (*lines, *(self._history or ()))
        for bar in self.screen.query(CommandBar):
            bar.remember(self._history)

    def _keep_line(self, line: str) -> None:
        from workbench.desk.history import History, with_newest

        history = History(self.own_home, self.rules.secrets)
        if history.keeps(line):
            self._history = with_newest(self._history or (), line)
            self._beside(partial(_write, history, line))


def _write(history: Any, line: str) -> None:  # noqa: ANN401 - a `History`, which is not loaded before it is needed
    try:
        history.add(line)
    except (OSError, WorkbenchError) as error:
        _LOG.warning("the history of the command line was not written: %s", error)


def _filter(screen: Any, text: str | None) -> None:  # noqa: ANN401 - a view that can be filtered
    """Filter a view; None leaves it as it is."""
    if text is not None:
        screen.filter_by(text)


def _to_most_urgent(screen: Any) -> None:  # noqa: ANN401 - the inbox
    screen.to_waiting(0)


def _seen(screen: ViewScreen) -> object:
    """What is under the cursor, as it reads."""
    detail = getattr(screen, "detail", None)
    return None if detail is None else (detail.key, detail.record)


async def _do(found: Doable) -> None:
    done = found.do()
    if isawaitable(done):
        await done


def _shows_something(source: Source) -> bool:
    from workbench.desk import inbox

    return bool(source.capabilities & inbox.STORES)
