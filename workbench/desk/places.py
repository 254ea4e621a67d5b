"""Where an operator looks: a source by its name, how it is opened, and what may be done to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from workbench.data import Source
from workbench.desk.inbox import ABANDONED_AFTER


@dataclass(frozen=True, slots=True)
class Place:
    """A source that the desk works on. `open` takes whether to open it writable."""

    name: str
    display: str
    open: Callable[[bool], Source]
    writable: bool = False
    never_writable: bool = False
    production: bool = False

    def opener(self) -> Callable[[], Source]:
        """How to open it as it is configured."""
        return lambda: self.open(self.writable)

    def made_writable(self) -> "Place":
        """The same place, opened writable from now on."""
        return replace(self, writable=True)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a whole run: who acts, where the audit is, and how long agents wait."""

    operator: str
    home: Path
    secrets: Iterable[str] = ()  # looked at anew whenever something is written down
    abandoned_after: timedelta = ABANDONED_AFTER
