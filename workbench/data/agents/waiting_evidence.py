"""Pending is not waiting: what a database can say about whether an agent still waits for an answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.data.agents.records import Approval, Clarification

# A sub-agent waits for 5 minutes, a run in the background for 10, and a restart expires what is older than that.
ABANDONED_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for or against somebody waiting. `age` and `expired` are None where the times cannot be read.

    `probably` is a guess by age and expiry alone; `last_agent_write` is for whoever judges better.
    """

    age: timedelta | None
    expired: bool | None
    probably: Literal["waiting", "abandoned"]
    last_agent_write: datetime | None


def evidence(
    pending: "Approval | Clarification", at: datetime, abandoned_after: timedelta, last_agent_write: datetime | None
) -> Evidence:
    """Judge a pending row as it was shown."""
    if pending.status != "pending":
        raise Invalid(f"{pending.id} is not pending ({pending.status}): nobody waits for an answer to it")
    created: object = pending.created_at
    expires: object = getattr(pending, "expires_at", None)
    age = at - created if isinstance(created, datetime) else None
    expired = expires <= at if isinstance(expires, datetime) else (False if expires is None else None)
    old = age is not None and age > abandoned_after
    return Evidence(age, expired, "abandoned" if old or expired else "waiting", last_agent_write)
