"""A thing in full, as every face shows it: its lines, what they hide or show, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from workbench.desk.arguments import Arguments, Line, arguments, as_text
from workbench.desk.lines import NO_LABEL, DetailLine
from workbench.desk.safe import SafeText, Shown, plain, safe_counted, together

_UNREADABLE = Arguments((Line(((plain("(cannot be read)"), "bad"),)),))


@dataclass(frozen=True, slots=True)
class Detail:
    """A thing in full. `refusals` says of each verb that cannot be used why; `cautions` go into the decision bar.

    `began` makes its first lines for another moment, where they tell ages. `newest` says that only so many of its
    events are in the lines, and that there are older ones.
    """

    key: tuple[str, ...]
    kind: str
    record: Any
    lines: tuple[DetailLine, ...]
    refusals: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[SafeText, ...] = ()
    secrets: int = 0
    revealed: bool = False
    began: Callable[[datetime], Iterable[DetailLine]] | None = field(default=None, compare=False, repr=False)
    newest: int | None = None

    @property
    def must_see(self) -> tuple[DetailLine, ...]:
        """The lines that have to be seen before a decision."""
        return tuple(line for line in self.lines if line.must_see)

    def at(self, moment: datetime) -> Detail:
        """The same as it reads at another moment: only its ages are others, so nothing is read for it."""
        if self.began is None:
            return self
        began = tuple(self.began(moment))
        if began == self.lines[: len(began)]:
            return self
        return replace(self, lines=(*began, *self.lines[len(began) :]))


class Parts:
    """What the texts of a thing have in common: whether their secrets are shown, and what is to be said of all."""

    def __init__(self, reveal: bool) -> None:
        self.secrets = 0
        self.newest: int | None = None  # how many events are there, if older ones are left out
        self._reveal = reveal
        self._shown: list[Shown] = []
        self._notes: list[SafeText] = []

    @property
    def revealed(self) -> bool:
        """Whether there were secrets, and they are shown."""
        return self._reveal and self.secrets > 0

    def text(self, value: object) -> Arguments:
        """Lines that somebody wrote."""
        if not isinstance(value, str):
            return _UNREADABLE  # why, the damage says
        return self.arguments(as_text(value, reveal=self._reveal))

    def call(self, args: object) -> Arguments:
        """What a tool is called with."""
        return self.arguments(arguments(args, reveal=self._reveal))

    def arguments(self, made: Arguments) -> Arguments:
        """Lines that are made already: what they hide and show counts with the rest."""
        self.secrets += made.secrets
        self._notes += made.notes
        self._shown.append(made.shown)
        return made

    def line(self, value: object) -> SafeText:
        """A name on one line."""
        text, shown = safe_counted(value if isinstance(value, str) else "(cannot be read)")
        self._shown.append(shown)
        return text

    def notes(self) -> tuple[SafeText, ...]:
        """What is said under the texts."""
        return (*self._notes, *together(self._shown).notes())

    def cautions(self) -> tuple[SafeText, ...]:
        """What is said before a decision."""
        found = []
        if self.secrets:
            words = "1 secret is" if self.secrets == 1 else f"{self.secrets} secrets are"
            found.append(plain(f"{words} shown" if self._reveal else f"{words} masked"))
        return (*found, *together(self._shown).notes())


def notes_of(parts: Parts) -> Iterator[DetailLine]:
    """What is said under the texts of a thing, line by line."""
    for number, note in enumerate(parts.notes()):
        yield DetailLine(plain("notes") if not number else NO_LABEL, ((plain("⚠ ") + note, "warn"),), prose=True)
