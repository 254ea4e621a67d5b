"""Approvals whose time is over: expiring them, and sorting out what a restart left pending.

Whether it is over is decided on instants, row by row; a row whose times cannot be read is left as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from workbench.data.agents import deciding
from workbench.data.agents.clock import moment_of
from workbench.data.agents.deciding import SHOWN_INSTANT, SHOWN_TEXT
from workbench.data.agents.records import APPROVAL, Approval, Stored, damaged_fields
from workbench.data.agents.store import PAGE, AgentsStore, seconds_of
from workbench.data.agents.tables import APPROVALS
from workbench.data.engine import codecs
from workbench.data.engine.database import NOTHING
from workbench.data.engine.page import Cursor, Damage, Page, every
from workbench.data.engine.statement import Pair, Row, Statement

_MANY = 20_000  # rows of a page that holds little of each; every page looks through all that is pending
R = TypeVar("R")
_SOON = timedelta(seconds=1)  # around a moment, in which instants decide and no texts
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
# An expiry in the one form that is always written: such texts are ordered as their instants are.
_PLAIN = (
    "substr(expires_at, 1, 4) > '0000' AND expires_at NOT GLOB '*.*.*' "
    "AND datetime(substr(expires_at, 1, 19), '+0 days') = substr(expires_at, 1, 19) "
    "AND substr(expires_at, 20, 2) GLOB '[. ][0-9+]' AND ltrim(substr(expires_at, 20), '.0123456789') = ' +0000 UTC'"
)


def pending_but(
    certainly: Pair, row: Row[R], order: tuple[str, ...], where: str = "status = 'pending'"
) -> Statement[R]:
    """What is pending, without those rows of which the database can say for certain that they are not wanted."""
    listed = f"SELECT {{columns}} FROM approvals WHERE {where} AND (%s) IS NOT TRUE AND {{after}} "
    listed += "ORDER BY {order} LIMIT :limit"
    return Statement(
        Pair(*(listed % text for text in certainly)),
        row=row,
        table=APPROVALS,
        order=order,
        params={"at": codecs.utc_text},
    )


OVER = Pair(
    sqlite=f"expires_at < :at AND {_PLAIN}",
    postgres="expires_at < :at AND expires_at >= CAST('0001-01-01 00:00:00+00' AS timestamp with time zone)",
)
NOT_OVER = Pair(
    sqlite=f"expires_at IS NULL OR expires_at > :at AND {_PLAIN}", postgres="coalesce(expires_at > :at, true)"
)
GET = Statement("SELECT {columns} FROM approvals WHERE id = :id", row=APPROVAL)
HELD = Statement(_LIST, row=Row.of(Held, APPROVALS), order=("created_at", "id"))
HELD_TOO_LONG = pending_but(NOT_OVER, Row.of(Held, APPROVALS), HELD.order)
PENDING = Statement(_LIST, row=APPROVAL, order=("created_at DESC", "id DESC"))
EXPIRE: Statement[None] = Statement(
    "UPDATE approvals SET status = 'expired', resolved_at = :resolved_at, resolved_by = :resolved_by, "
    "feedback = :feedback WHERE id = :id AND status = 'pending' "
    "AND created_at {is} :shown_created_at AND expires_at {is} :shown_expires_at",
    table=APPROVALS,
    # Also an id that nobody could write today, so that one such row keeps no other from expiring.
    params={"id": SHOWN_TEXT, "shown_created_at": SHOWN_INSTANT, "shown_expires_at": SHOWN_INSTANT},
)


def soon_after(moment: datetime) -> datetime:
    """A moment behind which nothing is over yet, whatever is cut off its stored text when that is read."""
    return moment + _SOON if moment.year < 9999 else moment.max.replace(tzinfo=moment.tzinfo)


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
        pages = self._held(HELD_TOO_LONG, {"at": soon_after(moment)})
        return self._expire((row for page in pages for row in page if is_over(row, moment)), REAPED, moment)

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
        for page in self._held(limit=PAGE):
            readable = [row for row in page if "created_at" not in damaged_fields(row)]
            for held in sorted(readable, key=lambda row: row.created_at):
                row = self._database.one(GET, {"id": held.id})
                if row is not None and row.status == deciding.PENDING:
                    return row
        return None

    def _held(
        self, statement: Statement[Held] = HELD, params: Mapping[str, object] = NOTHING, *, limit: int = _MANY
    ) -> Iterator[Page[Held]]:
        after: Cursor | None = None
        while True:
            page = self._database.page(statement, params, limit=limit, after=after)
            yield page
            if (after := page.next) is None:
                return

    def _pending(self) -> Iterator[Approval]:
        return every(lambda after: self._database.page(PENDING, limit=_MANY // 10, after=after))

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
