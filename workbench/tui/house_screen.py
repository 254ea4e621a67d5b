"""The view of what belongs to the workbench itself: what operators did, and the sources that it knows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from workbench.data import Source
from workbench.desk.house import NAME, House, known_place
from workbench.desk.noun import Noun
from workbench.desk.places import Place, Rules
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.deciding import SETTLE
from workbench.tui.keymap import word
from workbench.tui.lines import KeyWord
from workbench.tui.noun_screen import NounScreen

if TYPE_CHECKING:
    from workbench.desk.audit import Act
    from workbench.tui.app import WorkbenchApp

_READ_ONLY = "read-only"


class HouseScreen(NounScreen):
    """All of a noun of the house. It changes with the audit log, whichever source that speaks of."""

    def __init__(self, noun: Noun, app: WorkbenchApp) -> None:
        def places() -> list[Place]:
            return list(app.choices.places())

        def opener() -> House:
            return House(app.rules.home, app.rules.operator, lambda: [known_place(place) for place in places()])

        self.fault: SafeText | None = None
        self._token: str | None = None
        self._known = app.known_places
        self._gateway = app.gateway
        # A house is read as a source is, by the nouns that are in it.
        lane = app.gateway.lane(NAME, opener)  # type: ignore[arg-type]
        super().__init__(noun, app.place, app.rules, lane, app.clock, app.look_of(noun.id))

    def on_mount(self) -> None:
        """Look whether all of it is as it was written."""
        self._check()

    # -- noticing change -------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Once a second: whoever acts writes a record."""
        super().tick()
        if self.is_current and not self.paused:
            self.lane.read("token", _token, self._noticed, lambda _: None)

    def _noticed(self, token: str) -> None:
        before, self._token = self._token, token
        if before is not None and before != token:
            self.refresh_now()

    def action_refresh_now(self) -> None:
        """Read it again, and look again whether it is as it was written."""
        super().action_refresh_now()
        self._check()

    def _check(self) -> None:
        if self.noun.check is not None:
            self.lane.read("check", self.noun.check, self._checked, lambda error: self._checked(safe(str(error))))

    def _checked(self, fault: SafeText | None) -> None:
        self.fault = fault
        if fault is not None:
            self.say(fault, "$error")
        self.show_frame()

    def count_words(self) -> SafeText:
        """How many there are, and whether they can be trusted."""
        words = super().count_words()
        return words if self.fault is None else words + plain(" · DAMAGED")

    # -- undoing ---------------------------------------------------------------------------------------------

    @property
    def _act(self) -> Act | None:
        if self.noun.id != "audit" or self.detail is None:
            return None
        found: Act = self.detail.record
        return found

    def key_words(self) -> Sequence[KeyWord]:
        """What can be done here."""
        from workbench.desk.house_detail import undo_entry

        words = list(super().key_words())
        if (act := self._act) is not None and undo_entry(act) is not None:
            place = self._place_of(act)
            reason = "no such source" if place is None else "" if place.writable else _READ_ONLY
            words.insert(1, KeyWord(word(self, "noun.undo", "Z"), "Undo", reason, drop=1))
        return words

    def _place_of(self, act: Act) -> Place | None:
        return self._known().get(act.entry.source)  # as it is shown now: it may be open for writing by now

    def action_undo(self) -> None:
        """Put back what the act under the cursor deleted, in the source where it was done."""
        from workbench.desk.house_detail import undo_entry

        self.notice.clear()
        act = self._act
        entry = undo_entry(act) if act is not None else None
        place = self._place_of(act) if act is not None else None
        if act is None or entry is None:
            self.say(plain("There is nothing to put back: this act left nothing in the trash."))
        elif place is None:
            self.say(plain("Undo: there is no source ") + safe(act.entry.source, limit=40), "$warning")
        elif not place.writable:
            self.say(plain(f"Undo: {_READ_ONLY}; go to its source and open that for writing first."), "$warning")
        elif monotonic() - self.shown_at < SETTLE:
            self.say(plain("This has only just come on screen: look, and press again."), "$warning")
        else:
            self.say(plain("Undo…"))
            lane = self._gateway.lane(place.name, place.opener())
            lane.act(partial(_put_back, rules=self.rules, entry=entry), self._put_back, self._left)

    def _put_back(self, words: SafeText) -> None:
        self.say(words, "$success")
        self.refresh_now()

    def _left(self, error: Exception) -> None:
        self.say(safe(str(error)), "$error")
        self.refresh_now()


def _token(house: Source) -> str:
    return house.change_token()


def _put_back(source: Source, rules: Rules, entry: str) -> SafeText:
    from workbench.desk.audit import Audit
    from workbench.desk.trash import Trash
    from workbench.desk.trash_undo import undo

    trash = Trash(rules.home)
    found = trash.get(entry)
    done = undo(source, found, trash, Audit(rules.home, rules.operator, secrets=rules.secrets))
    counts = ", ".join(f"{count:,} {result}" for result, count in done.counts.items())
    return plain(f"{done.result}: ") + safe(f"{found.about.verb} {found.about.noun}") + plain(f" ({counts})")
