"""What the operator chose for the screen, and the part of the app that keeps to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from workbench.data.errors import Invalid
from workbench.desk.inbox import Waiting
from workbench.desk.places import Place
from workbench.desk.remembered import Remembered
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.detail_pane import DetailPane
from workbench.tui.keymap import Keymap
from workbench.tui.live_table import LiveTable
from workbench.tui.notices_out import NoticesOut, Wanted, news
from workbench.tui.remembering import Remembering
from workbench.tui.theme import Chosen, following, is_plain, load_theme

if TYPE_CHECKING:
    from workbench.desk.detail import Detail
    from workbench.tui.add_source import Book


@dataclass(frozen=True, slots=True)
class Choices:
    """All of it; what is not said is the default. `themes` is the user's own folder of themes."""

    keymap: Keymap = field(default_factory=Keymap)
    themes: Path | None = None
    clipboard: str = "auto"
    wanted: Wanted = field(default_factory=Wanted)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    places: Callable[[], list[Place]] = list
    remembered: Remembered = field(default_factory=Remembered)
    theme_setting: str = ""
    book: Book | None = None


class Counted(Message):
    """A screen has counted what waits: the items, the name of where, and the sources that have answered so far."""

    def __init__(self, items: Sequence[Waiting], name: SafeText, answered: Collection[str], *, more: bool) -> None:
        super().__init__()
        self.items = items
        self.name = name
        self.answered = answered
        self.more = more


class Choosing(Remembering):
    """The part of the app that keeps to what was chosen. The other part knows where the home is, and how to deliver."""

    choices: Choices
    keymap: Keymap
    notices_out: NoticesOut
    _theme_notice: SafeText

    def keep_to(self, choices: Choices, chosen: Chosen) -> None:
        """Take the keys and the theme that were chosen."""
        self.choices = choices
        self.keymap = choices.keymap
        self.notices_out = NoticesOut(choices.wanted, choices.environment)
        self._theme_notice = chosen.notice
        self.register_theme(chosen.theme)
        self.theme = chosen.theme.name
        self.set_keymap(choices.keymap.for_app())
        self.begin_remembering(choices.remembered, choices.theme_setting)

    @property
    def own_home(self) -> Path:
        """The workbench's own directory."""
        raise NotImplementedError

    def deliver(self, take_in: Callable[[], None]) -> None:
        """Have something done on the screen's own loop."""
        raise NotImplementedError

    def tell_operator(self, words: SafeText, tone: str = "") -> None:
        """One sentence on the screen that is in view."""
        if say := getattr(self.screen, "say", None):
            say(words, tone)

    def tell_terminal(self, data: bytes) -> None:
        """Give the terminal bytes that draw nothing."""
        driver = self._driver
        if data and driver is not None:
            driver.write(data.decode("utf-8"))
            driver.flush()

    # -- themes ----------------------------------------------------------------------------------------------

    def tell_of_theme(self) -> None:
        """Say once what there is to say of the theme that we began with."""
        if self._theme_notice:
            self.tell_operator(self._theme_notice, "$warning")
            self._theme_notice = plain("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a screen asks something, only its own keys act; and there may be nothing that could be copied."""
        if action == "copy" and not hasattr(self.screen, "detail"):
            return False
        return action not in ("copy", "theme", "view", "noun", "sources", "work") or not getattr(
            self.screen, "asking", False
        )

    def action_theme(self) -> None:
        """The next theme, at once; a file with faults is told of and passed over."""
        if self.tells_no_colours():
            return
        name, faults = self.theme, []
        while (name := following(name, self.choices.themes)) != self.theme:
            try:
                self.show_theme(name)
            except Invalid as error:
                faults.append(safe(str(error), limit=500))
                continue
            break
        words = plain("Theme: ") + safe(name, limit=40) + plain(" (it is remembered).")
        self.tell_operator(plain(" ").join([words, *faults]), "$warning" if faults else "")

    def tells_no_colours(self) -> bool:
        """Say so, where this terminal has none for a theme."""
        if few := is_plain(self.choices.environment):
            self.tell_operator(plain("This terminal shows no colours, or few (TERM, NO_COLOR): the theme stays."))
        return few

    def show_theme(self, name: str) -> None:
        """Show a theme from now on; `Invalid` where its file has faults."""
        theme = load_theme(name, self.choices.themes)
        self.register_theme(theme)
        self.theme = name
        # Whether the sixteen colours are the terminal's own was decided for the theme before.
        self.ansi_color = theme.ansi
        self.remember_theme(name)

    # -- copying ---------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copy what is under the cursor: what the screen says that is, as it is shown."""
        text = self._to_copy()
        if text is None:
            self.tell_operator(plain("There is nothing here to copy."))
            return
        # A clipboard program may take its time, and the screen does not wait for it.
        threading.Thread(target=self._copy, args=(text,), name="workbench-copy", daemon=True).start()

    def _copy(self, text: str) -> None:
        from workbench.tui.copying import carry_out, clipboard_program, ways

        environment = self.choices.environment
        found = ways(text, self.choices.clipboard, environment, clipboard_program(environment))

        def write(data: bytes) -> None:
            self.deliver(partial(self.tell_terminal, data))

        words = carry_out(text, found, write, self.own_home, environment)
        self.deliver(partial(self.tell_operator, words))

    def _to_copy(self) -> str | None:
        """In a list the id of what is under the cursor; in a detail, or where it has the whole screen, all of it."""
        screen = self.screen
        if isinstance(self.focused, DetailPane) or screen.has_class("-detail"):
            from workbench.tui.copying import text_of

            detail: Detail | None = getattr(screen, "detail", None)
            return None if detail is None else text_of(detail)
        table = next(iter(screen.query(LiveTable)), None)
        key = table.cursor if table is not None else None
        return safe(key[-1]) if isinstance(key, tuple) and key else None

    # -- beside the screen -----------------------------------------------------------------------------------

    def on_counted(self, message: Counted) -> None:
        """Tell the terminal how much waits, and of what is new among it."""
        self.tell_of_theme()
        told = self.notices_out.show_count(len(message.items), message.name, more=message.more)
        waiting = ((item.key, item.source) for item in message.items)
        if new := self.notices_out.arrived(waiting, message.answered):
            from workbench.desk.acting import quoted

            first = next(item for item in message.items if item.key in new)
            told += self.notices_out.tell(news(len(new), quoted(first.what), safe(first.source, limit=100)))
        self.tell_terminal(told)

    def given_back(self) -> bytes:
        """What gives the terminal back what it was told beside the screen."""
        return self.notices_out.end()
