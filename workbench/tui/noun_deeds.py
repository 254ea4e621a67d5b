"""Deeds on the screen: counted, asked about in a bar, done in the background, and undone by a key."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from workbench.data import Source
from workbench.data.errors import Conflict, NotFound, WorkbenchError
from workbench.desk.deed import Deed, Doing, Done
from workbench.desk.detail import Detail
from workbench.desk.nouns import deeds
from workbench.desk.places import Rules
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.deciding import SETTLE
from workbench.tui.decision_bar import DecisionBar, TextBar
from workbench.tui.keymap import word
from workbench.tui.lines import KeyWord
from workbench.tui.reopening import try_writable
from workbench.tui.view_screen import ViewScreen

if TYPE_CHECKING:
    from workbench.desk.noun import Key, Noun

_READ_ONLY = "read-only"


class NounDeeds(ViewScreen):
    """The part of a noun's view that changes things. On a production source its name is typed."""

    noun: Noun
    detail: Detail | None
    shown_at: float

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self._asked: tuple[Deed, Detail] | None = None

    def focus_back(self) -> None:
        """Give the keys back to the list or the detail."""
        raise NotImplementedError

    @property
    def asking(self) -> bool:
        """Whether a bar is open."""
        return self.query_one(DecisionBar).display or self.query_one(TextBar).display

    @property
    def deletes(self) -> Deed | None:
        """How one of these is deleted, if it can be."""
        return deeds().get((self.noun.id, "delete"))

    def deed_words(self) -> list[KeyWord]:
        """The keys of deeds, greyed where they cannot be done."""
        if self.deletes is None or self.detail is None:
            return []
        return [
            KeyWord(word(self, "noun.delete", "delete"), "Delete", "" if self.place.writable else _READ_ONLY, drop=2)
        ]

    @property
    def _writes(self) -> str:
        return f"{_READ_ONLY}; {word(self, 'source.write', 'W')} opens the source for writing"

    # -- asking ----------------------------------------------------------------------------------------------

    def action_delete(self) -> None:
        """Ask whether the thing under the cursor shall go."""
        deed, detail = self.deletes, self.detail
        if deed is None or detail is None:
            return
        self.notice.clear()
        if not self.place.writable:
            self.say(plain(f"{deed.title}: {self._writes}"), "$warning")
        elif monotonic() - self.shown_at < SETTLE:
            self.say(plain("This has only just come on screen: look, and press again."), "$warning")
        else:
            work = partial(_count, deed=deed, detail=detail, rules=self.rules)
            self.lane.read("count", work, partial(self._ask, deed, detail), self._refused)

    def _ask(self, deed: Deed, detail: Detail, counts: dict[str, int]) -> None:
        if self.detail is None or self.detail.key != detail.key or self.asking:
            return  # the operator has gone on meanwhile
        told = ", ".join(f"{count:,} {name[:-1] if count == 1 else name}" for name, count in counts.items())
        question = plain(f"{deed.title} ") + _name(detail) + plain(f" ({told})?")
        warnings = [plain(deed.told)] if deed.told else []
        self._asked = (deed, detail)
        self.add_class("-asking")
        if self.place.production:
            name = safe(self.place.name)
            self.query_one(TextBar).ask(
                question + plain(" This is a production source: type ") + name,
                lambda text: None if text.strip() == self.place.name else plain("that is not ") + name,
                warnings,
            )
        else:
            self.query_one(DecisionBar).ask(question, warnings)
        self.show_keys()

    def item_changed(self) -> None:
        """What was asked about is another thing now, or reads differently."""
        if self._asked is not None:
            self.query_one(DecisionBar).close()
            self.query_one(TextBar).close()
            self._end_asking()

    def _end_asking(self) -> tuple[Deed, Detail] | None:
        asked, self._asked = self._asked, None
        self.remove_class("-asking")
        self.focus_back()
        self.show_keys()
        return asked

    def on_decision_bar_confirmed(self) -> None:
        """Yes, to a deed, or to opening the source for writing."""
        if asked := self._end_asking():
            self._do(*asked)
        else:
            try_writable(self.place, self.lane, self.app, self.notice)

    def on_text_bar_given(self, message: TextBar.Given) -> None:
        """The name was typed."""
        if asked := self._end_asking():
            self._do(*asked)

    def on_decision_bar_cancelled(self) -> None:
        """No."""
        self._end_asking()

    def on_text_bar_cancelled(self) -> None:
        """No."""
        self._end_asking()

    def action_write(self) -> None:
        """Ask whether this source shall be opened writable."""
        self.notice.clear()
        if self.place.writable:
            self.say(plain("This source is open for writing already."))
        elif self.place.never_writable:
            self.say(plain("--read-only was given, and it always wins: start again without it."), "$warning")
        else:
            name = safe(self.place.name).cut(30)
            question = plain("Open ") + name + plain(" for writing? What you do then acts on live agents.")
            self._asked = None
            self.add_class("-asking")
            self.query_one(DecisionBar).ask(question)
            self.show_keys()

    # -- doing -----------------------------------------------------------------------------------------------

    def _do(self, deed: Deed, detail: Detail) -> None:
        self.say(plain(f"{deed.title}…"))
        self.lane.act(partial(_carry_out, deed=deed, detail=detail, rules=self.rules), self._done, self._refused)

    def _done(self, found: tuple[Done, WorkbenchError | None]) -> None:
        done, unrecorded = found
        words = done.words + plain(f" · {word(self, 'noun.undo', 'Z')} puts it back" if done.entry else "")
        if unrecorded is not None:
            words += plain(". That stands, but the audit log holds only the intent: ") + safe(str(unrecorded))
        self.say(words, "$error" if unrecorded is not None else "$success")
        self.refresh_now()

    def _refused(self, error: Exception) -> None:
        self.say(safe(str(error)), "$warning" if isinstance(error, (Conflict, NotFound)) else "$error")
        self.refresh_now()

    def action_undo(self) -> None:
        """Put back what was deleted last."""
        self.notice.clear()
        if not self.place.writable:
            self.say(plain(f"Undo: {self._writes}"), "$warning")
            return
        self.say(plain("Undo…"))
        self.lane.act(partial(_undo, rules=self.rules), self._undone, self._refused)

    def _undone(self, words: SafeText) -> None:
        self.say(words, "$success")
        self.refresh_now()


def _name(detail: Detail) -> SafeText:
    return safe(detail.kind.replace("-", " ")) + plain(" ") + safe(detail.key[-1], limit=60)


def _key(detail: Detail) -> Key:
    return detail.key[2:]


def _doing(deed: Deed, detail: Detail, rules: Rules) -> Doing:
    from workbench.desk.trash import Trash

    return Doing(detail.record, {"deed": deed.id}, rules.operator, Trash(rules.home))


def _count(source: Source, deed: Deed, detail: Detail, rules: Rules) -> dict[str, int]:
    return dict(deed.preview(source, _doing(deed, detail, rules)))


def _carry_out(source: Source, deed: Deed, detail: Detail, rules: Rules) -> tuple[Done, WorkbenchError | None]:
    from workbench.desk.audit import Audit
    from workbench.desk.doing import carry_out

    audit = Audit(rules.home, rules.operator, secrets=rules.secrets)
    doing = _doing(deed, detail, rules)
    counts = deed.preview(source, doing)
    return carry_out(deed, source, doing, audit=audit, key=_key(detail), counts=counts)


def _undo(source: Source, rules: Rules) -> SafeText:
    from workbench.desk.audit import Audit
    from workbench.desk.trash import Trash
    from workbench.desk.trash_undo import undo

    trash = Trash(rules.home)
    entry = trash.newest(rules.operator)
    if entry is None:
        raise NotFound("there is nothing to undo: nothing of yours is in the trash")
    done = undo(source, entry, trash, Audit(rules.home, rules.operator, secrets=rules.secrets))
    counts = ", ".join(f"{count:,} {result}" for result, count in done.counts.items())
    return plain(f"{done.result}: ") + safe(f"{entry.about.verb} {entry.about.noun}") + plain(f" ({counts})")
