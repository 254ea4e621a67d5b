"""Purges on the screen: what they need is written in one line, counted, asked about, and done in the background."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from workbench.data import Source
from workbench.data.errors import Invalid
from workbench.desk.nouns import deeds
from workbench.desk.places import Rules
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.verb import Verb
from workbench.tui.deciding import SETTLE
from workbench.tui.deed_jobs import Wanted, counted, doing_of
from workbench.tui.noun_deeds import NounDeeds

MOST = 100_000  # rows that are counted beforehand
_ELSEWHERE = {"session": "event"}  # what is purged of a session are its events
_USUAL = {"older-than": "30d"}
_OF_RECORD = {"app": "app_name", "user": "user_id"}  # what is under the cursor answers these


class NounSweeps(NounDeeds):
    """The part of a noun's view that purges."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("P", "purge", "Purge", tooltip="It asks for how much, counts, and asks again.", id="noun.purge"),
    ]

    @property
    def sweeps(self) -> Verb | None:
        """How many of these are purged at once, if they can be."""
        noun = _ELSEWHERE.get(self.noun.id, self.noun.id)
        return next((deed for deed in deeds().values() if deed.noun == noun and deed.sweep), None)

    def action_purge(self) -> None:
        """Ask for what is to go."""
        deed = self.sweeps
        if deed is None or not self.may_change(deed.title):
            return
        asked = [option for option in deed.options if not option.flag]
        if not asked:
            self._count(Wanted(deed, options=_read("", deed)))
            return
        names = "; ".join(
            f"{option.id}=… {_begun(option.words)}{'' if option.required else ' (or not)'}" for option in asked
        )
        self.ask_words(
            plain(f"{deed.title}: {names}"),
            partial(_refusal, deed),
            lambda text: self._count(Wanted(deed, options=_read(text, deed))),
            [plain(deed.words)],
            self._draft(deed),
            of_item=False,
        )

    def _draft(self, deed: Verb) -> str:
        record = self.detail.record if self.detail is not None else None
        words = []
        for option in deed.options:
            if not option.required or option.flag:
                continue
            value = _USUAL.get(option.id) or getattr(record, _OF_RECORD.get(option.id, option.id), "")
            shown = value if isinstance(value, str) and value.isprintable() else ""
            words.append(f"{option.id}={shlex.quote(shown) if shown else ''}")
        return " ".join(words)

    def _count(self, wanted: Wanted) -> None:
        self.say(plain("Counting…"))
        work = partial(_preview, wanted=wanted, rules=self.rules)
        self.lane.read("count", work, self._ask, self.refused)

    def _ask(self, wanted: Wanted) -> None:
        if self.asking or not self.is_current:
            return  # the operator has gone on meanwhile
        self.notice.clear()
        how = _told(wanted)
        if not wanted.total:
            self.say(plain(f"{wanted.deed.title}") + how + plain(": there is nothing that it means."))
            return
        question = plain(f"{wanted.deed.title}") + how + plain(f": {counted(wanted.counts, MOST)}?")
        warnings = [plain(words) for words in (wanted.deed.words, wanted.deed.told) if words]
        asked = monotonic()
        self.ask_to_destroy(question, lambda _: self._confirmed(wanted, asked), warnings, of_item=False)

    def _confirmed(self, wanted: Wanted, asked: float) -> None:
        if monotonic() - asked < SETTLE:
            self._ask(wanted)
            self.say(plain("This has only just come on screen: look, and press again."), "$warning")
        else:
            self.do([wanted])


def _begun(words: str) -> str:
    return words[:1].lower() + words[1:].rstrip(".")


def _read(text: str, deed: Verb) -> Mapping[str, Any]:
    """The options as they were written: `older-than=30d app=genie`."""
    given: dict[str, Any] = {option.id.replace("-", "_"): True for option in deed.options if option.flag}
    known = {option.id: option for option in deed.options if not option.flag}
    try:
        parts = shlex.split(text)
    except ValueError:
        raise Invalid("a quote is not closed: close it") from None
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or name not in known:
            raise Invalid(f"{part} is none of {', '.join(f'{each}=…' for each in known)}")
        if value:
            given[name.replace("-", "_")] = value
    for name, option in known.items():
        if option.required and name.replace("-", "_") not in given:
            raise Invalid(f"{name}=… is needed: {_begun(option.words)}")
    return given


def _refusal(deed: Verb, text: str) -> SafeText | None:
    try:
        _read(text, deed)
    except Invalid as error:
        return safe(str(error), limit=200)
    return None


def _told(wanted: Wanted) -> SafeText:
    said = [f"{name.replace('_', '-')}={value}" for name, value in wanted.options.items() if value is not True]
    return plain(" (") + safe(" ".join(said), limit=100) + plain(")") if said else plain("")


def _preview(source: Source, wanted: Wanted, rules: Rules) -> Wanted:
    return replace(wanted, counts=dict(wanted.deed.preview(source, doing_of(wanted, rules, most=MOST))))
