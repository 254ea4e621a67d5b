"""The orders of the inbox. It is read whole, up to its limit, so any column can order it; one that ties keeps urgency.

What has nothing to be ordered by, such as a question that never expires, stands last either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from workbench.desk.inbox import NOWHERE, Waiting, by_urgency
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


def _instant(moment: datetime | None, shift: float, sign: int = 1) -> tuple[bool, float]:
    return moment is None, sign * (moment.timestamp() - shift) if moment is not None else 0.0


_PLACES: dict[str, Callable[[Waiting, float], tuple[bool, float] | tuple[bool, str]]] = {
    "wait down": lambda item, shift: _instant(item.asked, shift),
    "wait up": lambda item, shift: _instant(item.asked, shift, -1),
    "expires up": lambda item, shift: _instant(item.expires, shift),
    "what up": lambda item, _: (not item.what, item.what.casefold()),
    "from up": lambda item, _: (not item.who, item.who.casefold()),
    "source up": lambda item, _: (not item.source, item.source.casefold()),
}


def in_order(
    items: Iterable[Waiting],
    sort: Sort,
    now: datetime,
    abandoned_after: timedelta,
    ahead: Mapping[str, float] = NOWHERE,
) -> list[Waiting]:
    """The items in this order, each judged by the clock of its source."""
    urgent = by_urgency(items, now, abandoned_after, ahead)
    place = _PLACES.get(sort.id)
    return urgent if place is None else sorted(urgent, key=lambda item: place(item, ahead.get(item.source, 0.0)))
