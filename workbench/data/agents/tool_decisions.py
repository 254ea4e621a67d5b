"""What became of a tool's calls lately: the track record that is shown beside a call that waits to be decided."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.data.agents import tables
from workbench.data.agents.newest import by_expiry, newest_first
from workbench.data.agents.records import damaged_fields
from workbench.data.engine import codecs
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Unsupported

if TYPE_CHECKING:
    from workbench.data.engine.database import Database

LATEST = 5  # decisions that are named one by one


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision: what it was, by whom and when."""

    id: str
    decision: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Decisions:
    """What became of a tool's newest calls; every call is counted once.

    `approved` calls ran. With feedback they did not (`approved_with_feedback`), and a rejection with feedback was
    `sent_back`. `looked_at` counts the newest rows of all tools that were looked at; `more` says there are others.
    """

    approved: int = 0
    approved_with_feedback: int = 0
    rejected: int = 0
    sent_back: int = 0
    expired: int = 0
    pending: int = 0
    other: int = 0
    looked_at: int = 0
    more: bool = False
    latest: tuple[Decided, ...] = ()


@dataclass(frozen=True, slots=True)
class _Call:
    """What is read of an approval: of its feedback only whether there is any."""

    id: str
    tool_name: str
    status: str
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str
    feedback: str

    @property
    def outcome(self) -> str:
        """What became of it, as the name of a field of `Decisions`."""
        told = self.feedback != ""
        known = {
            "approved": "approved_with_feedback" if told else "approved",
            "rejected": "sent_back" if told else "rejected",
            "expired": "expired",
            "pending": "pending",
        }
        return known.get(self.status, "other")


_SELECTED = "id, tool_name, status, created_at, resolved_at, resolved_by, substr(feedback, 1, 1) AS feedback"
_ROW = Row.plain(
    _Call,
    id=codecs.text,
    tool_name=codecs.text,
    status=codecs.text,
    created_at=codecs.utc_text,
    resolved_at=codecs.utc_text.optional(),
    resolved_by=codecs.text.optional(""),
    feedback=codecs.text.optional(""),
)
_NEWEST = newest_first(tables.APPROVALS, _ROW, by_expiry(_SELECTED), _SELECTED)
_ANYWAY = Statement(by_expiry(_SELECTED), row=_ROW, params={"most": codecs.bigint})


def decisions(database: "Database", look_at: int, latest: int = LATEST) -> tuple[dict[str, Decisions], Decisions]:
    """What became of the newest calls, by tool; and the same for a tool that is not among them."""
    if "approvals" not in database.relations():
        return {}, Decisions()
    calls = sorted(_newest(database, look_at + 1), key=_age)
    unknown = Decisions(looked_at=min(len(calls), look_at), more=len(calls) > look_at)
    by_tool: dict[str, list[_Call]] = {}
    for call in calls[:look_at]:
        if "tool_name" not in damaged_fields(call):
            by_tool.setdefault(call.tool_name, []).append(call)
    return {tool: _told(found, unknown, latest) for tool, found in by_tool.items()}, unknown


def _newest(database: "Database", most: int) -> Iterable[_Call]:
    try:
        return database.all(_NEWEST, {"most": most})
    except Unsupported:
        return database.all(_ANYWAY, {"most": most})  # SQLite does not number the rows of this table


def _age(call: _Call) -> float:
    """The newest first; what has no readable time last."""
    created: object = call.created_at
    return -created.timestamp() if isinstance(created, datetime) else 0.0


def _told(calls: list[_Call], frame: Decisions, most: int) -> Decisions:
    counted = dict.fromkeys(("approved", "approved_with_feedback", "rejected", "sent_back"), 0)
    counted |= dict.fromkeys(("expired", "pending", "other"), 0)
    for call in calls:
        counted[call.outcome] += 1
    latest = sorted(_decided(calls), key=lambda decided: decided.at.timestamp() if decided.at else 0.0, reverse=True)
    return Decisions(**counted, looked_at=frame.looked_at, more=frame.more, latest=tuple(latest[:most]))


def _decided(calls: list[_Call]) -> Iterator[Decided]:
    for call in calls:
        if call.outcome != "pending" and "id" not in damaged_fields(call):
            at: object = call.resolved_at
            word = str(call.status) if call.outcome == "other" else call.outcome.replace("_", " ")
            yield Decided(call.id, word, str(call.resolved_by), at if isinstance(at, datetime) else None)
