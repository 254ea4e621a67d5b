"""Many items of the inbox decided together: marked in the list, read, listed whole, decided one by one, reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from textual.binding import Binding

from workbench.desk.inbox import Key
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verbs import APPROVE, BY_ID, VERBS, Verb
from workbench.tui.deciding import LOOKS, Deciding, id_of
from workbench.tui.gateway import Lane
from workbench.tui.keymap import word
from workbench.tui.lines import KeyWord
from workbench.tui.marking import MarkedTable
from workbench.tui.together_work import SETTLED, Batch, by_source, decide_items, look_again, read_items

if TYPE_CHECKING:
    from workbench.desk.together import Became, Item
    from workbench.tui.together_work import Found

MANY = tuple(verb for verb in VERBS if verb.key != "enter")  # an answer is for one question
_AT_ONCE = 100  # items that are read in one go: the list is read between them
_TOLD = 0.5  # seconds between two looks at how far it is
TOOL = Binding("w", "tool", "Who decided this tool", tooltip="And what differs.", id="inbox.tool")


class Together(Deciding):
    """The part of the inbox screen that decides what is marked."""

    _batch: Batch | None = None

    def _moment(self, key: Key) -> datetime:
        """This moment by the clock of the source of an item."""
        return self.clock() + timedelta(seconds=self.lane_of(key).offset)

    # -- marks -----------------------------------------------------------------------------------------------

    @property
    def marked(self) -> tuple[Key, ...]:
        """The items that are marked, in the order of the list."""
        return tuple(key for key in self.query_one(MarkedTable).marked if isinstance(key, tuple) and len(key) == 3)

    def marked_words(self) -> list[KeyWord]:
        """What can be done to the marked items, greyed where no source of theirs is writable."""
        marked = self.marked
        kinds = Counter(key[1] for key in marked)
        reason = "" if any(self.place_of(key).writable for key in marked) else "read-only"
        words = [
            KeyWord(word(self, id_of(verb), verb.key), f"{verb.title} {count:,}", reason)
            for verb in MANY
            if (count := sum(kinds[kind] for kind in verb.applies))
        ]
        words.append(KeyWord(word(self, "row.clear_marks", "ctrl+backslash"), "Clear marks"))
        if reason:
            words.append(KeyWord(word(self, "source.write", "W"), "Write"))
        return words

    def count_words(self) -> SafeText:
        """The words of the frame, with how many items are marked."""
        words, count = super().count_words(), len(self.marked)
        return words + plain(f" · {count:,} marked") if count else words

    def can_be_together(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Whether an action is for what is marked, whatever stands under the cursor."""
        if action == "approve_unseen":
            return bool(self.marked) and not self.asking
        verb = BY_ID[str(parameters[0])] if action == "verb" and parameters else None
        return verb in MANY and bool(self.marked) and not self.asking

    def on_marked_table_marked(self, message: MarkedTable.Marked) -> None:
        """Other rows are marked; those that left are told of, unless they left because they were decided here."""
        batch = self._batch
        ours = batch.deciding if batch is not None else frozenset()
        gone = [key for key in message.gone if key not in self.mine and key not in ours]
        if gone and batch is not None and not ours:
            was = "1 of these has" if len(gone) == 1 else f"{len(gone):,} of these have"
            self.say(
                plain(f"{was} left the inbox since they were marked: what is decided already is skipped"), "$warning"
            )
        elif gone:
            was = "1 marked row has left and is" if len(gone) == 1 else f"{len(gone):,} marked rows have left and are"
            self.say(plain(f"{was} unmarked; {len(self.marked):,} are marked still"), "$warning")
        self.show_frame()

    def say(self, words: SafeText, tone: str = "") -> None:
        """One sentence about what just happened, where it can be read."""
        super().say(words, tone)
        if self._batch is not None and self._batch.screen.is_current:
            self._batch.screen.say(words, tone)

    # -- who else ----------------------------------------------------------------------------------------------

    def action_tool(self) -> None:
        """Show who decided the tool of the call under the cursor before, and how."""
        from workbench.tui.tool_screen import ToolScreen

        detail = self.detail
        self.notice.clear()
        if detail is not None and isinstance(getattr(detail.record, "tool_name", None), str):
            name = self.place_of(detail.key).name
            self.app.push_screen(ToolScreen(detail.record, name, self.lane_of(detail.key), self._moment(detail.key)))
        elif detail is not None:
            self.notice.say(plain("No tool is to be called here: this is a question, or its tool cannot be read."))

    # -- beginning -------------------------------------------------------------------------------------------

    def begin(self, verb: Verb) -> None:
        """A verb on what is marked, else on the item under the cursor."""
        if self.marked and verb in MANY:
            self.begin_together(verb)
        else:
            super().begin(verb)

    def action_approve_unseen(self) -> None:
        """What is unseen of marked items is counted in their list."""
        if self.marked:
            self.begin_together(APPROVE)
        else:
            super().action_approve_unseen()

    def begin_together(self, verb: Verb) -> None:
        """Read all that is marked, and list it whole."""
        from workbench.tui.together_screen import TogetherScreen

        keys = self.marked
        self.notice.clear()
        if not any(self.place_of(key).writable for key in keys):
            key = word(self, "source.write", "W")
            self.notice.say(plain(f"{verb.title}: read-only; {key} opens the source for writing"), "$warning")
            return
        production = any(self.place_of(key).production for key in keys)
        screen = TogetherScreen(verb, self._decide_all, self._stop_all, production=production)
        self._batch = batch = Batch(verb, keys, screen)
        self.app.push_screen(screen, lambda _: self._left(batch))
        for mine in by_source(keys).values():
            self._read_some(batch, mine)

    def _read_some(self, batch: Batch, keys: Sequence[Key]) -> None:
        now, later = keys[:_AT_ONCE], keys[_AT_ONCE:]
        name = now[0][0]
        moment = self._moment(now[0])
        work = partial(
            read_items, name=name, verb=batch.verb, keys=now, after=self.rules.abandoned_after, moment=moment
        )
        self.lane_of(now[0]).read(
            f"together {name}", work, partial(self._took, batch, later), partial(self._not_read, batch, keys)
        )

    def _took(self, batch: Batch, later: Sequence[Key], found: Found) -> None:
        """Some of the items are read."""
        if self._batch is not batch:
            return  # it was closed meanwhile
        for key, (each, laid) in found.items():
            batch.found[key] = each
            if laid is not None:
                batch.laid[key] = laid
        if later:
            self._read_some(batch, later)
        self._read_on(batch)

    def _not_read(self, batch: Batch, keys: Sequence[Key], error: Exception) -> None:
        """A source does not answer: its items are left out."""
        from workbench.desk.together import LeftOut

        for key in keys:
            batch.found[key] = LeftOut(key, plain(f"{key[1]} ") + safe(key[2][:8]), safe(str(error)))
        if self._batch is batch:
            self._read_on(batch)

    def _read_on(self, batch: Batch) -> None:
        of = len(batch.keys)
        if len(batch.found) < of:
            batch.screen.title_is(plain(f"{batch.verb.title}: reading {len(batch.found):,} of {of:,}…"))
            return
        from workbench.desk.together import group
        from workbench.desk.together_lines import listed

        batch.group = ours = group(batch.verb, [batch.found[key] for key in batch.keys])
        where = list(dict.fromkeys(item.source for item in ours.items))
        places = safe(where[0], limit=40) if len(where) == 1 else plain(f"{len(where)} sources")
        title = plain(f"{batch.verb.title} {ours.what}") + (plain(" in ") + places if where else plain(""))
        batch.screen.show_listing(listed(ours, batch.laid), title)

    def _left(self, batch: Batch) -> None:
        """The list, or the report, was closed."""
        if self._batch is batch and not batch.running:
            self._batch = None
        self.show_frame()

    # -- doing -----------------------------------------------------------------------------------------------

    def _decide_all(self, text: str, unseen: dict[Key, int]) -> None:
        """Decide all that was listed, each source by its own lane."""
        batch = self._batch
        assert batch is not None and batch.group is not None
        sources: dict[str, list[Item]] = {}
        for item in batch.group.items:
            sources.setdefault(item.source, []).append(item)
        batch.running = set(sources)
        batch.deciding = frozenset(item.key for item in batch.group.items)
        self.mine.update(batch.deciding)
        deliver = self.app.deliver  # type: ignore[attr-defined] # our app, which is above

        def told(became: Became) -> None:
            with suppress(RuntimeError):  # the screen's loop has ended
                deliver(partial(self._took_one, batch, became))

        for name, items in sources.items():
            lane = self.lane_of(items[0].key)
            work = partial(
                decide_items, verb=batch.verb, items=items, text=text, audit=self._audit(), of=len(batch.group.items),
                unseen=unseen, stop=partial(_is_to_stop, batch, lane), told=told,
            )  # fmt: skip
            lane.act(work, partial(self._ended, batch, name), partial(self._broke, batch, name, items))
        batch.timer = self.set_interval(_TOLD, partial(self._show_progress, batch))
        self._show_progress(batch)

    def _stop_all(self) -> None:
        if self._batch is not None:
            self._batch.stopped.set()

    def _took_one(self, batch: Batch, became: Became) -> None:
        batch.became[became.key] = became
        if became.result not in SETTLED:
            self.mine.discard(became.key)

    def _ended(self, batch: Batch, name: str, _: object) -> None:
        """A source is through with its items."""
        batch.running.discard(name)
        if batch.running:
            return
        if batch.timer is not None:
            batch.timer.stop()
        self._show_progress(batch)
        assert batch.group is not None
        for mine in by_source(item.key for item in batch.group.items).values():
            self.refresh_source(mine[0])
        decided_at = datetime.now().astimezone()
        for seconds in LOOKS:
            self.set_timer(seconds, partial(self._look_at_all, batch, decided_at))

    def _broke(self, batch: Batch, name: str, items: Sequence[Item], error: Exception) -> None:
        """A source could not be opened, or something broke: what is not known to be done is told so."""
        from workbench.desk.together import not_tried

        for became in not_tried((item for item in items if item.key not in batch.became), safe(str(error))):
            self._took_one(batch, became)
        self._ended(batch, name, None)

    # -- telling ---------------------------------------------------------------------------------------------

    def _show_progress(self, batch: Batch) -> None:
        """How far it is, or what became of it."""
        from workbench.desk.together import summary
        from workbench.desk.together_lines import report_lines

        assert batch.group is not None
        told, of = batch.told, len(batch.group.items)
        heard = [
            words if len(batch.heard) == 1 else safe(name) + plain(": ") + words for name, words in batch.heard.items()
        ]
        lines = report_lines(batch.group, told, batch.later, heard)
        if batch.running:
            words, tone = plain(f"{batch.verb.title}: {len(told):,} of {of:,}"), ""
            words += plain(", stopping after the current one" if batch.stopped.is_set() else "")
        else:
            words = plain(f"{batch.verb.title} {batch.group.what}: ") + summary(batch.verb, told)
            tone = "$success" if all(became.error is None for became in told) and not batch.later else "$warning"
        if batch.screen.is_attached:
            batch.screen.show_report(lines, words, tone, ended=not batch.running)
        if not batch.running:
            self.notice.say(words, tone)

    def _look_at_all(self, batch: Batch, decided_at: datetime) -> None:
        """Look at all of it again: what was decided may have been overwritten."""
        sources: dict[str, list[Became]] = {}
        for became in batch.told:
            sources.setdefault(became.item.source, []).append(became)
        for name, mine in sources.items():
            look = partial(look_again, became=mine, decided_at=decided_at, operator=self.rules.operator)
            take = partial(self._looked_at_all, batch, name)
            self.lane_of(mine[0].key).read(f"together after {id(batch)} {name}", look, take, lambda _: None)

    def _looked_at_all(self, batch: Batch, name: str, found: tuple[dict[Key, SafeText], SafeText]) -> None:
        later, batch.heard[name] = found
        batch.later.update(later)
        if later or batch.screen.is_attached:
            self._show_progress(batch)


def _is_to_stop(batch: Batch, lane: Lane) -> bool:
    """Whether the operator stops it, or leaves."""
    return batch.stopped.is_set() or lane.stopped
