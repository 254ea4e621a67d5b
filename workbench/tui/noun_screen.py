"""The view of any noun: its list, live; the thing under the cursor in full; a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from workbench.data import Page, Source
from workbench.data.errors import Invalid, Unsupported
from workbench.desk.detail import Detail
from workbench.desk.looking import Looking
from workbench.desk.moments import now
from workbench.desk.noun import Ask, Key, Noun
from workbench.desk.nouns import nouns
from workbench.desk.places import Place, Rules
from workbench.desk.reading import read_page
from workbench.desk.remembered import Look
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.arranging import USUAL
from workbench.tui.decision_bar import DecisionBar, TextBar
from workbench.tui.detail_pane import DetailPane
from workbench.tui.filter_bar import FilterBar
from workbench.tui.gateway import Lane
from workbench.tui.keymap import word
from workbench.tui.lines import KeyLine, KeyWord, Notice, TopLine
from workbench.tui.live_table import LiveTable
from workbench.tui.noun_arranging import NounArranging
from workbench.tui.noun_edits import NounEdits
from workbench.tui.noun_export import NounExport
from workbench.tui.noun_finding import NounFinding
from workbench.tui.noun_many import NounMany
from workbench.tui.noun_rows import NounRows, table_columns
from workbench.tui.noun_sweeps import NounSweeps
from workbench.tui.view_screen import VIEWS, Tabs
from workbench.tui.windows import ListWindow, Wanted

_FAILURE = "failure"


class NounTable(LiveTable):
    """The list. Rows can be marked where something is done to many at once."""

    marks = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what has no use here."""
        return self.marks or action not in ("mark", "range", "clear_marks")


class NounScreen(NounArranging, NounFinding, NounMany, NounSweeps, NounEdits, NounExport):
    """All of one noun in one source."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="view.open"),
        Binding("escape", "back", "Back", id="view.back"),
        Binding("tab", "other_pane", "Other pane", id="view.pane"),
        Binding("slash", "filter", "Filter", id="view.filter", priority=True),
        Binding("left", "part(-1)", "The part before", id="view.part-before"),
        Binding("right", "part(1)", "The next part", id="view.part-next"),
        Binding("u", "fold", "Calls in full, or folded", id="view.fold"),
        Binding("f", "follow", "Follow what is said", id="view.follow"),
    ]

    def __init__(
        self,
        noun: Noun,
        place: Place,
        rules: Rules,
        lane: Lane,
        clock: Callable[[], datetime] = now,
        look: Look = USUAL,
    ) -> None:
        super().__init__(place, rules, lane, clock)
        self.noun = noun
        self.view = noun.id
        self.look = look
        self.sorts = noun.sorts
        self.filter = self.remembered_filter()
        self.window = ListWindow(self.asked_for(self.filter))
        self.part = noun.parts[0] if noun.parts else ""
        self.folded = True
        self.following = False
        self.detail: Detail | None = None
        self.shown_at = 0.0
        self._rows = NounRows(noun, self.shown_columns)
        self._slot = f"{noun.id} list"

    # -- layout ----------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The frame, the list and the detail."""
        yield TopLine(id="top")
        yield Tabs(id="tabs")
        with Container(id="body"):
            yield NounTable(table_columns(self.noun.columns), empty=plain("…"), id="list")
            with Vertical(id="side"):
                yield DetailPane(id="detail")
                yield DecisionBar(id="decision")
                yield TextBar(id="words")
        yield FilterBar(id="filter")
        yield Notice(id="notice")
        yield KeyLine(id="keys")

    @property
    def table(self) -> LiveTable:
        """The list."""
        return self.query_one(LiveTable)

    def on_mount(self) -> None:
        """Begin to read, and to count time."""
        self._laid_out = True
        self.set_class(self.place.production, "-production")
        self.query_one(Tabs).show_view(self.view)
        self.show_arranged()
        self.table.focus()
        self.show_frame()
        self.read_rows(self.window.first())
        self.set_interval(1.0, self.tick)

    def on_screen_resume(self) -> None:
        """This view is looked at again: it may have missed something."""
        if self._laid_out and self.answered:
            self.changed()

    # -- reading ---------------------------------------------------------------------------------------------

    def refresh_now(self) -> None:
        """Read the rows again that are loaded, and the thing under the cursor."""
        self.read_rows(self.window.again())

    def changed(self) -> None:
        """Somebody has written to the source. A view that nobody sees reads when it is seen."""
        if self._laid_out and self.is_current and not self.paused:
            self.refresh_now()

    def read_rows(self, wanted: Wanted | None) -> None:
        """Read a page of the list."""
        if wanted is not None:
            work = partial(_read_page, noun=self.noun, ask=wanted.ask)
            self.lane.read(self._slot, work, partial(self._take, self.window, wanted), self.show_failure)

    def _take(self, window: ListWindow, wanted: Wanted, page: Page[Any]) -> None:
        if window is not self.window:
            return  # of a filter that is no more
        self.failure, self.answered = None, True
        self.notice.clear(_FAILURE)
        lines = {self.noun.key(record): line for line, record in enumerate(window.records)}
        if not window.take(wanted, page, lines.get(self._key) if self._key else None):
            self.read_rows(window.again())
        self.show_rows()
        if wanted.side in ("all", "again"):
            self.read_detail()
        if not page and page.next is not None:
            self.read_rows(window.further("after" if not wanted.ask.backwards else "before"))
        self.show_frame()

    def show_rows(self) -> None:
        """Show the rows that are loaded; one that reads as before is not painted."""
        self.table.say(self._empty())
        if self.answered:
            rows = self._rows.rows(self.window.records, self.moment)
            self.table.show(rows, at_start=self.window.at_start, at_end=self.window.at_end)

    def _empty(self) -> SafeText:
        if self.failure is not None:
            return safe(str(self.failure))
        if not self.answered or (not self.window.at_end and not self.window.records):
            return plain("…")
        return plain(f"No {self.noun.plural} match." if self.filter else f"No {self.noun.plural}.")

    def show_failure(self, error: Exception) -> None:
        """The source did not answer: what is on screen stays, and the frame says why."""
        self.failure = None if isinstance(error, (Invalid, Unsupported)) else error
        self.answered = True if self.failure is None else self.answered
        self.notice.say(safe(str(error)), "$error", about=_FAILURE)
        self.table.ask_again()
        self.show_rows()
        self.show_frame()

    def on_live_table_need_rows(self, message: LiveTable.NeedRows) -> None:
        """The operator comes near the end of what is loaded."""
        if message.edge == "start":
            self.read_rows(self.window.first())
        elif message.edge == "end":
            self.read_rows(self.window.last() if self.noun.reversible else self.window.further("after"))
        else:
            self.read_rows(self.window.further("after" if message.after is not None else "before"))

    # -- the thing under the cursor --------------------------------------------------------------------------

    @property
    def _key(self) -> Key | None:
        key = self.table.cursor
        return key if isinstance(key, tuple) else None

    def on_live_table_cursor_moved(self, message: LiveTable.CursorMoved) -> None:
        """Another row is under the cursor."""
        if message.left is None:
            self.table.looked()
        self.following = False
        if not self.end_finding():
            self.read_detail()

    def read_detail(self) -> None:
        """Read the thing under the cursor, if there is one."""
        key = self._key
        if key is None:
            self._show_detail(None)
            return
        looking = Looking(
            self.place.name,
            self.moment,
            self.rules.abandoned_after,
            self.part,
            folded=self.folded,
            newest=self.newest,
            find=self.found,
        )
        work = partial(_read_detail, noun=self.noun, key=key, looking=looking)
        self.lane.read(f"{self.noun.id} detail", work, partial(self._take_detail, key), self.show_failure)

    def _take_detail(self, key: Key, detail: Detail | None) -> None:
        if self._key == key:
            self._show_detail(detail)

    def _show_detail(self, detail: Detail | None) -> None:
        before, self.detail = self.detail, detail
        if before is None or detail is None or (before.key, before.record) != (detail.key, detail.record):
            self.shown_at = monotonic()
            self.item_changed()
        self.pane.show(detail)
        self.find_in_shown()
        if self.following:
            self.pane.action_edge(1)
        self.show_keys()

    # -- the frame -------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Once a second: ages change, and a source that failed is asked again."""
        if not self.is_current:
            return
        if self.failure is not None and not self.lane.asking:
            self.refresh_now()
        self.show_rows()
        self.show_frame()

    def count_words(self) -> SafeText:
        """How many there are, as far as is known, and the filter."""
        words = plain(f"{self.noun.plural} {self.table.count_words}" if self.answered else self.noun.plural)
        words += self.sort_words
        return words + plain(" · filter: ") + safe(self.filter, limit=60) if self.filter else words

    def key_words(self) -> Sequence[KeyWord]:
        """What can be done here."""
        words = []
        if self.has_class("-detail"):
            words.append(KeyWord(word(self, "view.back", "escape"), "Back"))
        elif self.detail is not None:
            words.append(KeyWord(word(self, "view.open", "enter"), "Open"))
        if self.noun.parts and self.detail is not None:
            at = self.noun.parts.index(self.part)
            after = self.noun.parts[(at + 1) % len(self.noun.parts)].capitalize()
            follow = "Stop following" if self.following else "Follow"
            words.append(KeyWord(word(self, "view.part-next", "right"), after, drop=1))
            words.append(KeyWord(word(self, "view.fold", "u"), "Unfold" if self.folded else "Fold", drop=3))
            words.append(KeyWord(word(self, "view.follow", "f"), follow, drop=2))
        words += self.finding_words()
        words += self.deed_words()
        words.append(KeyWord(word(self, "view.filter", "slash"), "Search" if self.inside else "Filter"))
        for view in VIEWS:
            if self.view in view.nouns and len(view.nouns) > 1:
                other = view.after(self.view)
                title = nouns()[other].plural if other in nouns() else other
                words.append(KeyWord(word(self, view.id, view.key), title.capitalize(), drop=1))
        return words

    # -- keys ------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What only things with several parts can do is no key of the others; while a bar asks, only its own act."""
        if action == "filter":
            return self.takes_filter
        if self.is_mounted and self.asking:
            return action in ("help", "scroll_detail")
        if action == "match":
            return self.pane.finding is not None
        if action in ("delete", "edit", "purge"):
            return {"delete": self.deletes, "edit": self.edits, "purge": self.sweeps}[action] is not None
        return bool(self.noun.parts) if action in ("part", "fold", "follow") else action != "scroll_detail"

    def focus_back(self) -> None:
        """Give the keys back to the list or the detail."""
        (self.pane if self.has_class("-detail") else self.table).focus()

    def action_scroll_detail(self, by: int) -> None:
        """Look at the detail above an open question."""
        self.pane.action_lines(by)

    def on_live_table_opened(self, message: LiveTable.Opened) -> None:
        """Enter on a row."""
        self.action_open()

    def action_open(self) -> None:
        """Give the detail the whole screen."""
        if self.detail is not None:
            self.add_class("-detail")
            self.pane.focus()
            self.show_keys()

    def action_back(self) -> None:
        """Back to the list; from the list, take the filter away."""
        self.notice.clear()
        if self.end_finding():
            return
        if self.has_class("-detail"):
            self.remove_class("-detail")
            self.table.focus()
            self.show_keys()
        elif self.filter:
            self.filter_by("")

    def action_other_pane(self) -> None:
        """From the list to the detail and back."""
        (self.pane if self.table.has_focus or self.has_class("-detail") else self.table).focus()

    def action_part(self, by: int) -> None:
        """Look at another part of the same thing."""
        parts = self.noun.parts
        self.part = parts[(parts.index(self.part) + by) % len(parts)]
        self.following = False
        self.read_detail()

    def action_fold(self) -> None:
        """Show calls and results in full, or a line each."""
        self.folded = not self.folded
        self.read_detail()

    def action_follow(self) -> None:
        """Stay at the newest of what is said, or stop that."""
        self.following = not self.following
        self._show_detail(self.detail)

    def action_filter(self) -> None:
        """Ask for a filter; in the detail, for what to look for there."""
        if self.inside:
            self.ask_inside()
            return
        self.query_one(FilterBar).ask(self.filter, self.noun)

    def on_filter_bar_given(self, message: FilterBar.Given) -> None:
        """Filter by what was written, or look for it."""
        if self.words_for_inside(message.text):
            return
        self.table.focus()
        self.filter_by(message.text)

    def on_filter_bar_cancelled(self) -> None:
        """As it was."""
        if not self.words_for_inside(None):
            self.table.focus()


def _read_page(source: Source, noun: Noun, ask: Ask) -> Page[Any]:
    if not noun.is_in(source):
        raise Unsupported(f"this source has no {noun.plural}")
    return read_page(noun, source, ask)


def _read_detail(source: Source, noun: Noun, key: Key, looking: Looking) -> Detail | None:
    from workbench.data.errors import NotFound

    try:
        return noun.detail(source, noun.get(source, key), replace(looking))
    except NotFound:
        return None
