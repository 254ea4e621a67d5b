"""Searching inside what is shown in full: counted, marked, and never silent about what was not read."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import DescendantBlur, DescendantFocus

from workbench.desk.detail import Detail
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.detail_pane import DetailPane
from workbench.tui.filter_bar import FilterBar
from workbench.tui.keymap import word
from workbench.tui.lines import KeyWord
from workbench.tui.view_screen import ViewScreen

NEWEST = 200  # events of a session that its detail shows
_SEARCHED = 1_000  # that a search begins with
_FURTHER, _MOST = 1_000, 2_000  # that each look further back adds, and all that are searched here
_ABOUT = "find"


class NounFinding(ViewScreen):
    """The part of a noun's view that searches inside the detail."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "match(1)", "Next match", id="view.next-match"),
        Binding("N", "match(-1)", "Match before", tooltip="Looks further back.", id="view.previous-match"),
    ]

    detail: Detail | None
    part: str

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.found = ""  # the text that is looked for
        self.newest = NEWEST
        self._asks_inside = False
        self._found_in = ""  # the part that was searched last
        self._told: object = None
        self._behind: int | None = None  # matches from the one we were at to the end, while older events are read

    @property
    def pane(self) -> DetailPane:
        """The detail."""
        return self.query_one(DetailPane)

    def read_detail(self) -> None:
        """Read the thing under the cursor."""
        raise NotImplementedError

    @property
    def inside(self) -> bool:
        """Whether the keys are with the detail, so that what is written is looked for in it."""
        return self.detail is not None and (self.pane.has_focus or self.has_class("-detail"))

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """What `/` does is another thing in the list and in the detail."""
        self.show_keys()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        """The same."""
        self.call_after_refresh(self.show_keys)

    # -- asked -----------------------------------------------------------------------------------------------

    def ask_inside(self) -> None:
        """Ask what to look for in the detail."""
        self._asks_inside = True
        self.query_one(FilterBar).ask_for(self.found, "what to look for in what is shown")

    def words_for_inside(self, text: str | None) -> bool:
        """Whether words (or none) that were written were meant for the detail; then it is searched."""
        if not self._asks_inside:
            return False
        self._asks_inside = False
        self.pane.focus()
        if text:
            self._find(text)
        elif text is not None:
            self.end_finding()
        return True

    def _find(self, text: str) -> None:
        self.found, self._behind, self._told = text, None, None
        self.newest = max(self.newest, _SEARCHED)
        self.pane.find("")  # what is folded has to be read first
        self.notice.say(plain("Searching…"), about=_ABOUT)
        self.read_detail()

    def end_finding(self) -> bool:
        """Look for nothing any more; whether anything was looked for."""
        if not self.found:
            return False
        self.found, self.newest, self._behind = "", NEWEST, None
        self.pane.find("")
        self.notice.clear(_ABOUT)
        self.read_detail()
        return True

    # -- found -----------------------------------------------------------------------------------------------

    def find_in_shown(self) -> None:
        """What is shown was read: look there, and say what was found."""
        if not self.found or self.detail is None:
            return
        if self._found_in != self.part:
            self.pane.find("")  # another part: from its top
            self._found_in = self.part
        self.pane.find(self.found)
        finding = self.pane.finding
        if finding is not None and self._behind is not None:
            self.pane.go_to_match(max(finding.count - self._behind - 1, 0))
            self._behind = None
        if self._standing() != self._told:
            self._tell()
        self.show_keys()

    def _standing(self) -> object:
        """What was said of the search, so that the same is not said again over other news."""
        finding, detail = self.pane.finding, self.detail
        return finding and detail and (finding.words, self.part, finding.at, finding.count, detail.newest)

    def action_match(self, by: int) -> None:
        """The next match or the one before; before the first, older events are read if there are any."""
        finding = self.pane.finding
        if finding is None:
            return
        if by < 0 and not finding.at and self._further():
            self._behind = finding.count - (finding.at or 0)
            self.newest = min(self.newest + _FURTHER, _MOST)
            self.notice.say(plain("Searching further back…"), about=_ABOUT)
            self.read_detail()
            return
        self.pane.go_to_match((-1 if finding.at is None else finding.at) + by)
        self._tell()

    def _further(self) -> bool:
        """Whether there are older events that can be searched here."""
        return self.detail is not None and self.detail.newest is not None and self.newest < _MOST

    def _tell(self) -> None:
        finding = self.pane.finding
        if finding is None or self.detail is None:
            return
        quoted = plain("“") + safe(finding.words, limit=40) + plain("”")
        newest = self.detail.newest
        where = plain(f" in the newest {newest:,} events" if newest is not None else "")
        if finding.count and finding.at is not None:
            least = "≥ " if finding.more else ""
            words = plain(f"{finding.at + 1:,} of {least}{finding.count:,}: ") + quoted + where
        else:
            words = plain("no ") + quoted + (where if where else plain(" in what is shown"))
        self.notice.say(words + plain(" · ") + self._keys(bool(finding.count)), about=_ABOUT)
        self._told = self._standing()

    def _keys(self, some: bool) -> SafeText:
        on, back = word(self, "view.next-match", "n"), word(self, "view.previous-match", "N")
        said = [f"{on} next, {back} before"] if some else []
        if self._further():
            said.append(f"{back} {'at the first ' if some else ''}looks further back")
        elif self.detail is not None and self.detail.newest is not None:
            said.append("older ones: `workbench event search`")
        return plain("; ".join([*said, f"{word(self, 'view.back', 'escape')} ends"]))

    def finding_words(self) -> list[KeyWord]:
        """The keys of a search."""
        if self.pane.finding is None:
            return []
        on, back = word(self, "view.next-match", "n"), word(self, "view.previous-match", "N")
        return [KeyWord(on, "Next match"), KeyWord(back, "Before", drop=1)]
