"""Marked rows deleted together: counted, named, asked about once, each done and on record by itself."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any

from workbench.data import Source
from workbench.desk.nouns import nouns
from workbench.desk.places import Rules
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.deciding import SETTLE
from workbench.tui.deed_jobs import Wanted, counted, doing_of
from workbench.tui.noun_deeds import NounDeeds
from workbench.tui.rows import Key
from workbench.tui.windows import ListWindow

_NAMED = 6  # rows that the question names


class NounMany(NounDeeds):
    """The part of a noun's view that deletes what is marked."""

    window: ListWindow

    @property
    def table(self) -> Any:  # noqa: ANN401 - the list, whose rows can be marked
        """The list."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """What can be deleted can be marked."""
        self.table.marks = self.deletes is not None

    def action_delete(self) -> None:
        """Ask whether what is marked shall go, or else the thing under the cursor."""
        deed, marked = self.deletes, self.table.marked
        if deed is None or not marked:
            super().action_delete()
        elif self.may_change(deed.title):
            shown = {self.noun.key(record): record for record in self.window.records}
            wanted = [Wanted(deed, key, shown[key]) for key in marked if key in shown]
            work = partial(_count_all, wanted=wanted, rules=self.rules)
            self.lane.read("count", work, partial(self._ask_for_all, marked), self.refused)

    def _ask_for_all(self, marked: tuple[Key, ...], wanted: list[Wanted]) -> None:
        if self.asking or not self.is_current or not wanted or self.table.marked != marked:
            return  # the operator has gone on meanwhile
        deed = wanted[0].deed
        total: dict[str, int] = {}
        for each in wanted:
            for name, count in each.counts.items():
                total[name] = total.get(name, 0) + count
        many = plain(f"{deed.title} {len(wanted):,} {nouns()[deed.noun].plural} ({counted(total)})?")
        warnings = [_names(wanted), *([plain(deed.told)] if deed.told else [])]
        asked = monotonic()
        self.ask_to_destroy(many, lambda _: self._delete_all(marked, wanted, asked), warnings, of_item=False)

    def _delete_all(self, marked: tuple[Key, ...], wanted: list[Wanted], asked: float) -> None:
        if monotonic() - asked < SETTLE:
            self._ask_for_all(marked, wanted)
            self.say(plain("This has only just come on screen: look, and press again."), "$warning")
            return
        self.table.action_clear_marks()
        self.do(wanted)


def _names(wanted: list[Wanted]) -> SafeText:
    named = [safe((each.key or ("",))[-1], limit=40) for each in wanted[:_NAMED]]
    more = len(wanted) - len(named)
    return plain(", ").join(named) + plain(f" and {more:,} more" if more else "")


def _count_all(source: Source, wanted: list[Wanted], rules: Rules) -> list[Wanted]:
    return [replace(each, counts=dict(each.deed.preview(source, doing_of(each, rules)))) for each in wanted]
