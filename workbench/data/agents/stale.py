"""Approvals whose time is over: expiring them, and sorting out what a restart left pending.

Whether it is over is decided on instants, row by row; a row whose times cannot be read is left as it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from workbench.data.agents import deciding
from workbench.data.agents.clock import now
from workbench.data.agents.deciding import SHOWN_INSTANT
from workbench.data.agents.records import APPROVAL, Approval, Stored, damaged_fields
from workbench.data.agents.store import PAGE, AgentsStore, seconds_of
from workbench.data.agents.tables import APPROVALS
from workbench.data.engine.page import Cursor, Damage, Page, every
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.times import in_utc
from workbench.data.errors import Invalid

_MANY = 2000  # rows of a page that holds little of each
REAPED = ("system:ttl-reaper", "Expired: approval TTL exceeded")
RESTARTED = ("system:startup-recovery", "Expired: server restarted while approval was pending")
MAX_AGE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Held:
    """The times of a pending approval."""

    id: str
    created_at: datetime
    expires_at: datetime | None
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a start found pending: how many were too old, and which still count.

    `replayable` are those of `pending` that keep the user's question; `damaged` names rows that were left alone
    because their times (or their ids) cannot be read.
    """

    expired: int
    pending: tuple[Approval, ...]
    replayable: tuple[Approval, ...]
    damaged: tuple[Damage, ...]


_LIST = "SELECT {columns} FROM approvals WHERE status = 'pending' AND {after} ORDER BY {order} LIMIT :limit"
GET = Statement("SELECT {columns} FROM approvals WHERE id = :id", row=APPROVAL)
HELD = Statement(_LIST, row=Row.of(Held, APPROVALS), order=("created_at", "id"))
PENDING = Statement(_LIST, row=APPROVAL, order=("created_at DESC", "id DESC"))
EXPIRE: Statement[None] = Statement(
    "UPDATE approvals SET status = 'expired', resolved_at = :resolved_at, resolved_by = :resolved_by, "
    "feedback = :feedback WHERE id = :id AND status = 'pending' "
    "AND created_at {is} :shown_created_at AND expires_at {is} :shown_expires_at",
    table=APPROVALS,
    params={"shown_created_at": SHOWN_INSTANT, "shown_expires_at": SHOWN_INSTANT},
)


def moment_of(at: datetime | None) -> datetime:
    """The moment that an answer is for: the one given, or this one."""
    if at is None:
        return now()
    if not isinstance(at, datetime):
        raise Invalid(f"at must be an aware datetime, not {at!r}")
    return in_utc(at)


def is_over(row: Approval | Held, moment: datetime) -> bool:
    """Whether the time for an answer is over; False where it has no end, or one that cannot be read."""
    expires_at: object = row.expires_at
    return isinstance(expires_at, datetime) and expires_at <= moment


class StaleApprovals(AgentsStore):
    """The part of the approvals that deals with those whom nobody answered."""

    def expire_stale(self, at: datetime | None = None) -> int:
        """Expire every pending approval whose time is over; how many those were.

        The feedback says so: an approval that expires without feedback is run by that program.
        """
        moment = moment_of(at)
        return self._expire((row for page in self._held() for row in page if is_over(row, moment)), REAPED, moment)

    def recover_pending(self, max_age: timedelta | float = MAX_AGE, *, at: datetime | None = None) -> Recovered:
        """What that program does when it starts: expire what is older than `max_age`, and find what still counts.

        Only for the agent that waits for these approvals: it must not run beside another one.
        """
        moment = moment_of(at)
        span = timedelta(seconds=seconds_of(max_age, "max_age"))
        pages = list(self._held())
        whole = (row for page in pages for row in page if not damaged_fields(row))
        expired = self._expire((row for row in whole if moment - row.created_at > span), RESTARTED, moment)
        pending = tuple(row for row in self._pending() if {"created_at", "expires_at"}.isdisjoint(damaged_fields(row)))
        replayable = tuple(row for row in pending if row.question and "question" not in damaged_fields(row))
        return Recovered(expired, pending, replayable, tuple(damage for page in pages for damage in page.damage))

    def oldest_pending(self) -> Approval | None:
        """The pending approval that was made first, among those whose time can be read; None if there is none."""
        for page in self._held(PAGE):
            readable = [row for row in page if "created_at" not in damaged_fields(row)]
            for held in sorted(readable, key=lambda row: row.created_at):
                row = self._database.one(GET, {"id": held.id})
                if row is not None and row.status == deciding.PENDING:
                    return row
        return None

    def _held(self, limit: int = _MANY) -> Iterator[Page[Held]]:
        after: Cursor | None = None
        while True:
            page = self._database.page(HELD, limit=limit, after=after)
            yield page
            if (after := page.next) is None:
                return

    def _pending(self) -> Iterator[Approval]:
        return every(lambda after: self._database.page(PENDING, limit=PAGE, after=after))

    def _expire(self, rows: Iterable[Held], why: tuple[str, str], moment: datetime) -> int:
        resolved_by, feedback = why
        written = {"resolved_at": moment, "resolved_by": resolved_by, "feedback": feedback}
        writes = [
            partial(
                self._database.run,
                EXPIRE,
                {
                    **written,
                    "id": row.id,
                    "shown_created_at": row.stored["created_at"],
                    "shown_expires_at": row.stored["expires_at"],
                },
            )
            for row in rows
        ]
        return self._one_by_one(writes)
