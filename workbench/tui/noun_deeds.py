"""Deeds on the screen: counted, asked about in a bar, done in the background, and undone by a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from workbench.data.errors import Conflict, NotFound, WorkbenchError
from workbench.desk.detail import Detail
from workbench.desk.nouns import deeds, nouns
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verb import Done, Verb
from workbench.tui.deciding import SETTLE
from workbench.tui.decision_bar import DecisionBar, TextBar
from workbench.tui.deed_jobs import Wanted, count, counted, do_all, do_one, told, undo_last
from workbench.tui.keymap import word
from workbench.tui.lines import KeyWord
from workbench.tui.reopening import try_writable
from workbench.tui.view_screen import ViewScreen
from workbench.tui.work import Work

if TYPE_CHECKING:
    from workbench.desk.noun import Noun
    from workbench.tui.work import Working

READ_ONLY = "read-only"
_MUCH = 200  # rows from which on a deed is long work


class NounDeeds(ViewScreen):
    """The part of a noun's view that changes things. On a production source its name is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete", "delete", "Delete", tooltip="It asks.", id="noun.delete"),
        Binding("Z", "undo", "Undo", tooltip="Puts back what you deleted last.", id="noun.undo"),
        Binding("W", "write", "Reopen this source for writing", tooltip="It asks.", id="source.write"),
    ]

    noun: Noun
    detail: Detail | None
    shown_at: float

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self._then: Callable[[str], None] | None = None  # what the answer to the open bar does
        self._of_item = True  # whether the open bar asks about the thing that is shown

    def focus_back(self) -> None:
        """Give the keys back to the list or the detail."""
        raise NotImplementedError

    @property
    def asking(self) -> bool:
        """Whether a bar is open."""
        return self.query_one(DecisionBar).display or self.query_one(TextBar).display

    @property
    def deletes(self) -> Verb | None:
        """How one of these is deleted, if it can be."""
        return deeds().get((self.noun.id, "delete"))

    def deed_words(self) -> list[KeyWord]:
        """The keys of deeds, greyed where they cannot be done."""
        if self.deletes is None or self.detail is None:
            return []
        return [
            KeyWord(word(self, "noun.delete", "delete"), "Delete", "" if self.place.writable else READ_ONLY, drop=2)
        ]

    def may_change(self, title: str) -> bool:
        """Whether this source can be written; if not, it is said."""
        self.notice.clear()
        if self.place.writable:
            return True
        key = word(self, "source.write", "W")
        self.say(plain(f"{title}: {READ_ONLY}; {key} opens the source for writing"), "$warning")
        return False

    def may_act_on_shown(self, title: str) -> bool:
        """Whether what is shown may be changed: it has been on screen for a while."""
        if not self.may_change(title):
            return False
        if monotonic() - self.shown_at >= SETTLE:
            return True
        self.say(plain("This has only just come on screen: look, and press again."), "$warning")
        return False

    # -- asking ----------------------------------------------------------------------------------------------

    def ask(
        self,
        question: SafeText,
        then: Callable[[str], None],
        warnings: Iterable[SafeText] = (),
        *,
        of_item: bool = True,
    ) -> None:
        """Ask a question that `y` answers; one about the thing that is shown goes when that changes."""
        self._begin(then, of_item)
        self.query_one(DecisionBar).ask(question, warnings)
        self.show_keys()

    def ask_words(
        self,
        question: SafeText,
        check: Callable[[str], SafeText | None],
        then: Callable[[str], None],
        warnings: Iterable[SafeText] = (),
        draft: str = "",
        *,
        of_item: bool = True,
    ) -> None:
        """Ask for words."""
        self._begin(then, of_item)
        self.query_one(TextBar).ask(question, check, warnings, draft)
        self.show_keys()

    def ask_to_destroy(
        self, question: SafeText, then: Callable[[str], None], warnings: Iterable[SafeText], *, of_item: bool = True
    ) -> None:
        """Ask before something goes: by `y`, or on a production source by its name."""
        if not self.place.production:
            self.ask(question, then, warnings, of_item=of_item)
            return
        name = safe(self.place.name)
        typed = question + plain(" This is a production source: type ") + name
        not_it = plain("that is not ") + name
        self.ask_words(
            typed, lambda text: None if text.strip() == self.place.name else not_it, then, warnings, of_item=of_item
        )

    def _begin(self, then: Callable[[str], None], of_item: bool) -> None:
        self._then, self._of_item = then, of_item
        self.add_class("-asking")

    def item_changed(self) -> None:
        """What was asked about is another thing now, or reads differently."""
        if self._then is None or not self._of_item:
            return
        words = self.query_one(TextBar)
        if words.display:
            # Not closed: whoever is typing would go on with keys that act on the next thing.
            key = word(self, "words.cancel", "escape")
            words.hold(plain(f"This has changed or gone: nothing will be sent. {key} closes."))
        else:
            self.query_one(DecisionBar).close()
            self._end_asking()

    def _end_asking(self) -> Callable[[str], None] | None:
        then, self._then = self._then, None
        self.remove_class("-asking")
        self.focus_back()
        self.show_keys()
        return then

    def on_decision_bar_confirmed(self) -> None:
        """Yes."""
        if then := self._end_asking():
            then("")

    def on_text_bar_given(self, message: TextBar.Given) -> None:
        """The words are there."""
        if then := self._end_asking():
            then(message.text)

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
            self.ask(question, lambda _: try_writable(self.place, self.lane, self.app, self.notice), of_item=False)

    # -- deleting --------------------------------------------------------------------------------------------

    def action_delete(self) -> None:
        """Ask whether the thing under the cursor shall go."""
        deed, detail = self.deletes, self.detail
        if deed is None or detail is None or not self.may_act_on_shown(deed.title):
            return
        wanted = Wanted(deed, detail.key[2:], detail.record)
        work = partial(count, wanted=wanted, rules=self.rules)
        self.lane.read("count", work, partial(self._ask_to_delete, detail), self.refused)

    def _ask_to_delete(self, detail: Detail, wanted: Wanted) -> None:
        if self.detail is None or self.detail.key != detail.key or self.asking or not self.is_current:
            return  # the operator has gone on meanwhile
        question = plain(f"{wanted.deed.title} ") + _name(detail) + plain(f" ({counted(wanted.counts)})?")
        warnings = [plain(wanted.deed.told)] if wanted.deed.told else []
        if self.noun.forms:
            key, no = word(self, "view.export", "o"), word(self, "bar.no", "n")
            warnings.append(plain(f"{no} and then {key} writes it to a file first"))
        self.ask_to_destroy(question, lambda _: self.do([wanted]), warnings)

    # -- doing -----------------------------------------------------------------------------------------------

    def do(self, wanted: Sequence[Wanted]) -> None:
        """Do it, or them; what takes long goes on beside everything else."""
        deed = wanted[0].deed
        total = sum(each.total for each in wanted)
        if len(wanted) > 1 or deed.sweep or total > _MUCH:
            title = plain(f"{deed.id} {nouns()[deed.noun].plural}")
            work = Work(title, self.place.name, total)
            job = partial(do_all, wanted=wanted, rules=self.rules, undo=word(self, "noun.undo", "Z"))
            self.working.start_work(self.lane, work, job, lambda _: self.refresh_now())
            return
        self.say(plain(f"{deed.title}…"))
        self.lane.act(partial(do_one, wanted=wanted[0], rules=self.rules), self.done, self.refused)

    @property
    def working(self) -> Working:
        """The app, which has long work done."""
        app: Any = self.app
        return app  # type: ignore[no-any-return]

    def done(self, found: tuple[Done, WorkbenchError | None]) -> None:
        """It is done."""
        words, stands = told(*found, word(self, "noun.undo", "Z"))
        self.say(words, "$success" if stands else "$error")
        self.refresh_now()

    def refused(self, error: Exception) -> None:
        """It could not be done."""
        self.say(safe(str(error)), "$warning" if isinstance(error, (Conflict, NotFound)) else "$error")
        self.refresh_now()

    def action_undo(self) -> None:
        """Put back what was deleted last."""
        if not self.may_change("Undo"):
            return
        if self.lane.working:
            self.say(plain("Undo: something is being done in the background yet; wait for its end, or stop it."))
            return
        self.say(plain("Undo…"))
        self.lane.act(partial(undo_last, rules=self.rules), self._undone, self.refused)

    def _undone(self, words: SafeText) -> None:
        self.say(words, "$success")
        self.refresh_now()


def _name(detail: Detail) -> SafeText:
    return safe(detail.kind.replace("-", " ")) + plain(" ") + safe(detail.key[-1], limit=60)
