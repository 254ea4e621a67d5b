"""The sources of an inbox: how each is reached, what was read of it last, and which of them do not answer now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.desk import inbox
from workbench.desk.inbox import Inbox
from workbench.desk.places import Place
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.gateway import HUNG, Lane

_NAME = 20  # cells of a source's name where several are told of


@dataclass(slots=True, eq=False)
class OneInbox:
    """What is known of one source. What was read of it stays while it does not answer."""

    place: Place
    lane: Lane
    read: Inbox | None = None
    failure: Exception | None = None
    left_out: bool = False  # it is of a kind that has no inbox
    timed: object = None  # the open source whose clock is known

    @property
    def name(self) -> str:
        """The name of the source."""
        return self.place.name

    @property
    def silent(self) -> bool:
        """Whether it does not answer now."""
        return self.failure is not None or self.lane.silent_for >= HUNG


class Inboxes:
    """One source, or several as one. Those that can have no inbox are left out, and nothing is said of it."""

    def __init__(self, places: Sequence[Place], lane_to: Callable[[Place], Lane]) -> None:
        self._lane_to = lane_to
        self._ones: dict[str, OneInbox] = {}
        self._names: list[str] = []
        self.keep_to(places)

    def keep_to(self, places: Sequence[Place]) -> None:
        """Be of these sources from now on; one that was left out is asked anew, for it may be another file by now."""
        for place in places:
            if (known := self._ones.get(place.name)) is None:
                self._ones[place.name] = OneInbox(place, self._lane_to(place))
            else:
                known.place, known.left_out = place, False
        self._names = list(dict.fromkeys(place.name for place in places))

    def placed(self, place: Place) -> None:
        """A source is opened another way from now on."""
        if place.name in self._ones:
            self._ones[place.name].place = place

    @property
    def places(self) -> list[Place]:
        """All of them, those too that are left out."""
        return [self._ones[name].place for name in self._names]

    def __iter__(self) -> Iterator[OneInbox]:
        return (one for name in self._names if not (one := self._ones[name]).left_out)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, name: str) -> OneInbox | None:
        """A source by its name, also one that no longer belongs here: something may still be said of it."""
        return self._ones.get(name)

    @property
    def several(self) -> bool:
        """Whether it has to be said where something waits."""
        return len(self) > 1

    @property
    def answered(self) -> bool:
        """Whether anything was read yet."""
        return any(one.read is not None for one in self)

    @property
    def settled(self) -> bool:
        """Whether each has answered, or is known not to."""
        return all(one.read is not None or one.silent for one in self)

    @property
    def ahead(self) -> dict[str, float]:
        """The seconds by which clocks of sources are ahead of ours, where that is known to matter."""
        return {one.name: one.lane.offset for one in self if one.lane.offset}

    def as_one(self, now: datetime, abandoned_after: timedelta) -> Inbox:
        """What was read of all of them."""
        reads = [one.read for one in self if one.read is not None]
        return inbox.as_one(reads, now, abandoned_after, self.ahead)

    @property
    def silent(self) -> list[OneInbox]:
        """Those that do not answer now."""
        return [one for one in self if one.silent]

    def words(self) -> tuple[tuple[SafeText, ...], str]:
        """How many sources there are, or which do not answer, from long to short; and in which tone to say so."""
        count, silent = len(self), self.silent
        if count < 2:
            return (), ""
        if not silent:
            return (plain(f"{count} sources"),), ""
        names = plain(", ").join(safe(one.name).cut(_NAME) for one in silent)
        verb = "does" if len(silent) == 1 else "do"
        short = f"{len(silent)} of {count}"
        return (
            plain(f"{short} sources {verb} not answer: ") + names,
            plain(f"{short} sources {verb} not answer"),
            plain(f"{short} {verb} not answer"),
            plain(f"○ {short}"),
        ), "$warning"
