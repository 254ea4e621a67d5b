"""The inbox: approvals and questions that wait for an operator, most urgent first.

Pending is not waiting. The database cannot say whether an agent is still there, so an item is *probably* waiting
or *probably* abandoned, by its age and its expiry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from workbench.desk.kinds import APPROVAL as APPROVAL
from workbench.desk.kinds import QUESTION as QUESTION
from workbench.desk.moments import coarse
from workbench.desk.safe import SafeText, plain, safe

if TYPE_CHECKING:
    from workbench.data import Page, Source
    from workbench.data.agents.heads import ApprovalHead
    from workbench.data.agents.records import Approval, Clarification
    from workbench.data.engine.page import Cursor, Damage

STORES = frozenset({"approvals", "clarifications"})
LIMIT = 2000  # waiting rows that are sorted; of more, it is said that there are more
SOON = timedelta(minutes=5)
ABANDONED_AFTER = timedelta(minutes=10)
_NONE, _ASKS = plain("—"), plain("✎ ")
_FAR = datetime.max.replace(tzinfo=UTC)
NOWHERE: Mapping[str, float] = {}  # no clock of a source is ahead of ours

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits: which source, which kind, and what a list shows of it."""

    source: str
    kind: str
    id: str
    what: str
    who: str
    asked: datetime | None
    expires: datetime | None

    @property
    def key(self) -> Key:
        """What the cursor is bound to."""
        return (self.source, self.kind, self.id)

    def overdue(self, now: datetime) -> bool:
        """Whether its own expiry is past."""
        return self.expires is not None and self.expires <= now

    def abandoned(self, now: datetime, after: timedelta = ABANDONED_AFTER) -> bool:
        """Whether its agent has probably given up: past its expiry, or older than agents wait."""
        return self.overdue(now) or (self.asked is not None and now - self.asked > after)


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits in one source. `more` says that there was more than is sorted."""

    items: tuple[Waiting, ...]
    more: bool = False
    damage: tuple[Damage, ...] = ()


def by_messenger(sender_context: object) -> bool:
    """Whether a sender's address is one of a messenger, and not of a web page or a background run."""
    return isinstance(sender_context, str) and sender_context != "" and not sender_context.startswith("agui:")


def read_inbox(source: Source, name: str) -> Inbox:
    """Everything that is pending in a source, up to the limit of what is sorted."""
    items: list[Waiting] = []
    damage: list[Damage] = []
    more = False
    if "approvals" in source.capabilities:
        heads = source.approvals.list_heads(limit=LIMIT)
        items += (of_approval(name, head) for head in heads)
        damage += heads.damage
        more = heads.next is not None
    if "clarifications" in source.capabilities:
        rows, cut = _first(source)
        items += (of_question(name, row) for row in rows)
        damage += rows.damage
        more = more or cut
    if len(items) > LIMIT:  # the newest of both kinds, so that many of one do not hide the other
        items = sorted(items, key=lambda item: item.asked or _FAR, reverse=True)[:LIMIT]
        more = True
    return Inbox(tuple(items), more, tuple(damage))


def _first(source: Source) -> tuple[Page[Clarification], bool]:
    after: Cursor | None = None
    page: Page[Clarification] = source.clarifications.list_pending(limit=LIMIT, after=after)
    return page, page.next is not None


def of_approval(source: str, row: ApprovalHead | Approval) -> Waiting:
    """An approval as an item of the inbox."""
    who = row.sender_context or row.created_by
    return Waiting(
        source, APPROVAL, row.id, _text(row.tool_name), _text(who), _moment(row.created_at), _moment(row.expires_at)
    )


def of_question(source: str, row: Clarification) -> Waiting:
    """A question as an item of the inbox. Questions have no expiry."""
    return Waiting(
        source, QUESTION, row.id, _text(row.question), _text(row.sender_context), _moment(row.created_at), None
    )


def by_urgency(
    items: Iterable[Waiting],
    now: datetime,
    abandoned_after: timedelta = ABANDONED_AFTER,
    ahead: Mapping[str, float] = NOWHERE,
) -> list[Waiting]:
    """Probably waiting and expiring soon; probably waiting, oldest first; probably abandoned, newest first.

    `ahead` says by how many seconds the clocks of sources are ahead of ours: each item is judged by its source's.
    """
    moments = {source: now + timedelta(seconds=seconds) for source, seconds in ahead.items()}

    def place(item: Waiting) -> tuple[int, float, str, str]:
        moment, shift = moments.get(item.source, now), ahead.get(item.source, 0.0)
        asked = (item.asked or _FAR).timestamp() - shift
        if item.abandoned(moment, abandoned_after):
            return 2, -asked, item.source, item.id
        if item.expires is not None and item.expires - moment <= SOON:
            return 0, item.expires.timestamp() - shift, item.source, item.id
        return 1, asked, item.source, item.id

    return sorted(items, key=place)


def as_one(
    reads: Sequence[Inbox],
    now: datetime,
    abandoned_after: timedelta = ABANDONED_AFTER,
    ahead: Mapping[str, float] = NOWHERE,
) -> Inbox:
    """What waits in several sources as one inbox: of more than can be sorted, the most urgent."""
    items = tuple(item for read in reads for item in read.items)
    more = any(read.more for read in reads)
    if len(items) > LIMIT:
        items, more = tuple(by_urgency(items, now, abandoned_after, ahead)[:LIMIT]), True
    return Inbox(items, more, tuple(damage for read in reads for damage in read.damage))


# -- cells: pure functions of an item and the moment ---------------------------------------------------------


def mark_cell(item: Waiting, now: datetime) -> SafeText:
    """`!` for what is overdue."""
    return plain("!") if item.overdue(now) else plain(" ")


def wait_cell(item: Waiting, now: datetime) -> SafeText:
    """For how long it has waited."""
    return plain(coarse(now - item.asked)) if item.asked else plain("?")


def expires_cell(item: Waiting, now: datetime) -> SafeText:
    """In how long it expires."""
    if item.expires is None:
        return _NONE
    return plain("overdue") if item.expires <= now else plain(coarse(item.expires - now))


def source_cell(item: Waiting, now: datetime) -> SafeText:
    """Where it waits."""
    return safe(item.source)


def what_cell(item: Waiting, now: datetime) -> SafeText:
    """The tool, or the question behind its mark."""
    return safe(item.what) if item.kind == APPROVAL else _ASKS + _masked(item.what)


def from_cell(item: Waiting, now: datetime) -> SafeText:
    """Who asks."""
    return safe(item.who) if item.who else _NONE


@lru_cache(maxsize=2 * LIMIT)  # a list is drawn again and again
def _masked(text: str) -> SafeText:
    from workbench.desk.secrets import mask

    return mask(text).safe


def _text(value: object) -> str:
    """A stored text as it is, or a word for what cannot be read."""
    return value if isinstance(value, str) else "(unreadable)"


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None
