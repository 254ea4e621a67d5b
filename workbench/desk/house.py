"""What belongs to the workbench itself and to no source: its audit log, and the sources that it knows.

Nouns of the house are read from it as others are from a source, so it can be opened, watched and closed like one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from workbench.data.errors import Unsupported

if TYPE_CHECKING:
    from workbench.data.engine.watch import Poller, Watch
    from workbench.desk.audit import Audit
    from workbench.desk.places import Place

NAME = "the workbench"
NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Known:
    """A source that is configured: what the settings say of it, and what it said itself if it was asked."""

    name: str
    state: str = NOT_ASKED
    where: str | None = None
    mode: str | None = None
    production: bool = False
    engine: str | None = None
    kinds: tuple[str, ...] = ()
    size: int | None = None
    wal_size: int | None = None
    last_write: datetime | None = None
    clock: str | None = None
    clock_difference: float | None = None
    drift: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float | None = None
    error: str | None = None


def known_place(place: Place) -> Known:
    """A source as the screen knows it without asking it."""
    engine = "postgresql" if place.display.startswith("postgres") else "sqlite"
    return Known(
        place.name,
        where=place.display,
        mode="read-write" if place.writable else "read-only",
        production=place.production,
        engine=engine,
    )


class House:
    """The home of the workbench, and what it knows. Nothing is made by looking."""

    name = NAME
    read_only = True
    capabilities: frozenset[str] = frozenset()
    kinds: tuple[str, ...] = ()

    def __init__(self, home: Path, operator: str, known: Callable[[], Sequence[Known]] = lambda: ()) -> None:
        from workbench.data.engine.database import Timeouts

        self.timeouts = Timeouts()
        self.home = home
        self.operator = operator
        self.known = known
        self.display = str(home)
        self._audit: Audit | None = None
        self._poller: Poller | None = None

    @property
    def audit(self) -> Audit:
        """What operators did."""
        if self._audit is None:
            from workbench.desk.audit import Audit

            self._audit = Audit(self.home, self.operator)
        return self._audit

    @property
    def database(self) -> NoReturn:
        """There is none: what is kept here are files."""
        raise Unsupported(f"{self.name} is no database: its audit log is a file in {self.home}")

    def change_token(self) -> str:
        """A cheap token that changes with every record of the audit log."""
        return self.audit.change_token()

    def nap(self, seconds: float, wake: Callable[[float], bool]) -> None:
        """Wait between two looks."""
        wake(seconds)

    def watch(self, interval: float) -> Watch:
        """Watch for changes by anybody."""
        from workbench.data.engine.watch import Poller

        if self._poller is None:
            self._poller = Poller(self)
        return self._poller.watch(interval)

    def close(self) -> None:
        """Let go of it."""
        if self._poller is not None:
            self._poller.stop()
