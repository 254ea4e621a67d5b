"""What every view has in common: the frame around it, the tabs, and the keys that do the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from workbench.desk.moments import now
from workbench.desk.places import Place, Rules
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.gateway import HUNG, Lane
from workbench.tui.help_screen import HelpScreen, live_keys
from workbench.tui.keymap import word
from workbench.tui.lines import KeyLine, KeyWord, Line, Notice, Piece, Standing, TopLine

_WORKING = 48  # cells of the frame for work in the background


@dataclass(frozen=True, slots=True)
class View:
    """One key of the tabs. It shows what was shown last of these nouns, and pressed again the next of them."""

    key: str
    title: str
    nouns: tuple[str, ...]

    @property
    def id(self) -> str:
        """The id under which its key stands in the settings."""
        return f"view.{self.title.lower()}"

    def after(self, noun: str) -> str:
        """The noun behind this one."""
        return self.nouns[(self.nouns.index(noun) + 1) % len(self.nouns)] if noun in self.nouns else self.nouns[0]


VIEWS = (
    View("1", "Inbox", ("inbox", "approval", "question")),
    View("2", "Sessions", ("session", "event")),
    View("5", "Memory", ("memory", "short-memory")),
    View("9", "Audit", ("audit",)),
)
BINDINGS: list[BindingType] = [
    Binding(view.key, f"app.view('{view.key}')", view.title, show=False, id=view.id) for view in VIEWS
]


class Tabs(Line):
    """The views with their keys; the one that is shown stands out."""

    def show_view(self, shown: str) -> None:
        """Show which view this is."""
        pieces: list[Piece] = []
        for view in VIEWS:
            here = shown in view.nouns
            pieces += [
                (plain(f" {word(self, view.id, view.key)} "), "" if here else "dim"),
                (plain(view.title), "bold reverse" if here else ""),
                (plain(" "), ""),
            ]
        self.show(*pieces)


class ViewScreen(Screen[None]):
    """A view of one source."""

    CSS_PATH = "inbox.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as the base class declares it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *BINDINGS,
        Binding("r", "refresh_now", "Refresh now", id="view.refresh"),
        Binding("p", "pause", "Pause, or go on", tooltip="The counts go on.", id="view.pause"),
        Binding("question_mark", "help", "Help", id="app.help"),
        Binding("q", "app.quit", "Quit", id="app.quit"),
    ]

    view = ""

    def __init__(self, place: Place, rules: Rules, lane: Lane, clock: Callable[[], datetime] = now) -> None:
        super().__init__()
        self.place = place
        self.rules = rules
        self.lane = lane
        self.clock = clock
        self.paused = False
        self.failure: Exception | None = None
        self.answered = False
        self.line_keys: Sequence[KeyWord] = ()  # those of an open command line, which are the only ones then
        self._laid_out = False

    @property
    def laid_out(self) -> bool:
        """Whether there is a place for what is read."""
        return self._laid_out

    @property
    def places(self) -> Sequence[Place]:
        """All sources that this view reads."""
        return (self.place,)

    @property
    def lanes(self) -> Sequence[Lane]:
        """The ways to all that this view reads."""
        return (self.lane,)

    @property
    def moment(self) -> datetime:
        """This moment by the clock of the source, which ages count by."""
        return self.clock() + timedelta(seconds=self.lane.offset)

    @property
    def notice(self) -> Notice:
        """The line that says what just happened."""
        return self.query_one(Notice)

    @property
    def asking(self) -> bool:
        """Whether a bar is open, so that only its own keys act."""
        return False

    @property
    def takes_filter(self) -> bool:
        """Whether `/` asks for a filter now. It is taken before any other key, and is a letter where one writes."""
        focused = self.focused
        return self._laid_out and not self.asking and not (focused and focused.check_consume_key("slash", "/"))

    # -- what a view brings ----------------------------------------------------------------------------------

    def refresh_now(self) -> None:
        """Read everything again."""
        raise NotImplementedError

    def changed(self) -> None:
        """Somebody has written to the source."""
        raise NotImplementedError

    def changed_in(self, name: str) -> None:
        """Somebody has written to that source, which may be the one of this view."""
        if name == self.place.name:
            self.changed()

    def placed(self, place: Place) -> None:
        """A source is opened another way from now on, say for writing; it may be the one of this view."""
        if place.name == self.place.name:
            self.place = place

    def place_here(self) -> Place:
        """The source that what is under the cursor belongs to."""
        return self.place

    def count_words(self) -> SafeText:
        """How much there is, for the top line."""
        raise NotImplementedError

    def source_words(self) -> tuple[tuple[SafeText, ...], str]:
        """Of how many sources this is, for the top line: from long to short, and the tone; nothing if of one."""
        return (), ""

    def key_words(self) -> Sequence[KeyWord]:
        """The keys that do something now, without help and quit."""
        raise NotImplementedError

    def refusals(self) -> dict[str, str]:
        """Why verbs cannot be used now, by their ids."""
        return {}

    def focus_back(self) -> None:
        """Give the keys back to the list or the detail."""
        raise NotImplementedError

    # -- the frame -------------------------------------------------------------------------------------------

    def show_frame(self) -> None:
        """The top line and the keys."""
        state, tone = self.state()
        if working := self.work_words():
            state += plain(" · ") + working.cut(_WORKING)
        sources, sources_tone = self.source_words()
        standing = Standing(
            safe(self.place.name, limit=40),
            plain("PRODUCTION") if self.place.production else plain(""),
            state,
            tone,
            self.count_words(),
            plain("read-write" if self.place.writable else "read-only"),
            safe(self.rules.operator, limit=40),
            plain(f"{self.moment.astimezone():%H:%M}"),
            sources,
            sources_tone,
        )
        self.query_one(TopLine).show_standing(standing)
        self.show_keys()

    def state(self) -> tuple[SafeText, str]:
        """How the source is, and in which tone to say so."""
        return self.state_of(self.lane, self.failure, answered=self.answered)

    def state_of(self, lane: Lane, failure: Exception | None, *, answered: bool) -> tuple[SafeText, str]:
        """How a source is."""
        silent = lane.silent_for
        if silent >= HUNG:
            return plain(f"○ no answer for {int(silent)} s"), "$warning"
        if failure is not None:
            return plain("○ down"), "$error"
        if (writing := lane.acting_for) >= HUNG:
            return plain(f"○ writing for {int(writing)} s"), "$warning"
        if self.paused:
            return plain("‖ paused"), "$warning"
        return (plain("● live"), "$success") if answered else (plain("○ opening"), "")

    def work_words(self) -> SafeText:
        """What the frame says of long work, of which the app knows."""
        says: Callable[[], SafeText] | None = getattr(self.app, "work_words", None)
        return says() if says is not None else plain("")

    def show_keys(self) -> None:
        """The keys of the footer."""
        line = self.query_one(KeyLine)
        if self.line_keys:
            line.show_keys(self.line_keys)
            return
        if self.asking:
            line.show_keys([])  # the open bar says what to press
            return
        help_key, quit_key = word(self, "app.help", "question_mark"), word(self, "app.quit", "q")
        line.show_keys([*self.key_words(), KeyWord(help_key, "Help"), KeyWord(quit_key, "Quit", drop=2)])

    def say(self, words: SafeText, tone: str = "") -> None:
        """One sentence about what just happened."""
        if self._laid_out:
            self.notice.say(words, tone)

    # -- keys that every view has ----------------------------------------------------------------------------

    def action_refresh_now(self) -> None:
        """Read now, also where a pause or a failure keeps from it."""
        self.notice.clear()
        for lane in self.lanes:
            lane.retry()
        self.refresh_now()

    def action_pause(self) -> None:
        """Stop or resume taking in what changes."""
        self.notice.clear()
        self.paused = not self.paused
        self.show_frame()
        if not self.paused:
            self.refresh_now()

    def action_help(self) -> None:
        """Show every key that does something here."""
        self.app.push_screen(HelpScreen(live_keys(self, self.refusals())))
