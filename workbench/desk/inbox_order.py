"""The orders of the inbox. It is read whole, up to its limit, so any column can order it; one that ties keeps urgency.

What has nothing to be ordered by, such as a question that never expires, stands last either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from workbench.desk.inbox import Waiting, by_urgency
from workbench.desk.noun import Sort

URGENCY = Sort("urgency", "most urgent first")
SORTS = (
    URGENCY,
    Sort("wait", "longest waiting first", falling=True),
    Sort("wait", "newest first", falling=False),
    Sort("expires", "soonest to expire first", falling=False),
    Sort("what", "by what is asked, A to Z", falling=False),
    Sort("from", "by who asks, A to Z", falling=False),
    Sort("source", "by source, A to Z", falling=False),
)


def _instant(moment: datetime | None, sign: int = 1) -> tuple[bool, float]:
    return moment is None, sign * moment.timestamp() if moment is not None else 0.0


_PLACES: dict[str, Callable[[Waiting], tuple[bool, float] | tuple[bool, str]]] = {
    "wait down": lambda item: _instant(item.asked),
    "wait up": lambda item: _instant(item.asked, -1),
    "expires up": lambda item: _instant(item.expires),
    "what up": lambda item: (not item.what, item.what.casefold()),
    "from up": lambda item: (not item.who, item.who.casefold()),
    "source up": lambda item: (not item.source, item.source.casefold()),
}


def in_order(items: Iterable[Waiting], sort: Sort, now: datetime, abandoned_after: timedelta) -> list[Waiting]:
    """The items in this order."""
    urgent = by_urgency(items, now, abandoned_after)
    place = _PLACES.get(sort.id)
    return urgent if place is None else sorted(urgent, key=place)
