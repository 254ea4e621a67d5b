"""How a noun's list is arranged: by which filter and in which order its store gives it, and which columns it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.data.errors import Invalid
from workbench.desk.noun import Ask
from workbench.desk.safe import plain, safe
from workbench.tui.arranging import Arranging, Choosable
from workbench.tui.noun_deeds import NounDeeds
from workbench.tui.noun_rows import NounRows
from workbench.tui.remembering import Arranged
from workbench.tui.windows import ListWindow, Wanted


class NounArranging(Arranging, NounDeeds):
    """The part of a noun's view that says which of it is listed, and how."""

    window: ListWindow
    filter: str
    _rows: NounRows

    def read_rows(self, wanted: Wanted | None) -> None:
        """Read a page of the list."""
        raise NotImplementedError

    def show_rows(self) -> None:
        """Show the rows that are loaded."""
        raise NotImplementedError

    def action_back(self) -> None:
        """Back to the list."""
        raise NotImplementedError

    def filter_by(self, text: str) -> None:
        """Show only what matches; a filter that makes no sense is refused with a sentence."""
        try:
            ask = self.asked_for(text)
        except Invalid as error:
            self.say(safe(str(error)), "$error")
            return
        if text != self.filter:
            # To the app itself: a view that was only just gone to does not hand anything on yet.
            self.app.post_message(Arranged(self.noun.id, ("filters", self.place.name), text or None))
        if not self._laid_out:  # this is what it will read first
            self.filter, self.window = text, ListWindow(ask)
            return
        if self.has_class("-detail"):
            self.action_back()
        self.filter = text
        self.read_anew()

    def asked_for(self, filter: str) -> Ask:
        """What the list is asked for, in the order that was chosen."""
        ask = self.noun.ask(filter)
        return replace(ask, reverse=True) if self.sort is not None and self.sort.reverse else ask

    def remembered_filter(self) -> str:
        """The filter that was left here; one that makes no sense any more is none."""
        text = self.look.filters.get(self.place.name, "")
        try:
            self.asked_for(text)
        except Invalid:
            return ""
        return text

    def read_anew(self) -> None:
        """Read the list from its beginning; what was loaded is of another one."""
        self.answered = False
        self.window = ListWindow(self.asked_for(self.filter))
        self.table.forget(empty=plain("…"))
        self.read_rows(self.window.first())
        self.show_frame()

    # -- how the list is arranged ----------------------------------------------------------------------------

    @property
    def choosable(self) -> Sequence[Choosable]:
        """The columns of the noun."""
        return [Choosable(one.id, one.title, one.words, one.on_screen) for one in self.noun.columns]

    def sorted_anew(self) -> None:
        """Read the list in the other order, from its beginning."""
        if self.has_class("-detail"):
            self.action_back()
        self.read_anew()

    def columns_chosen(self) -> None:
        """Draw the rows with the other columns."""
        self._rows = NounRows(self.noun, self.shown_columns)
        self.show_rows()
