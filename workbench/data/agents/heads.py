"""Pending approvals without their arguments: what a list of hundreds shows, and nothing that it does not."""

from dataclasses import dataclass, field
from datetime import datetime

from workbench.data.agents.records import Stored
from workbench.data.agents.tables import APPROVALS
from workbench.data.engine.statement import Row, Statement


@dataclass(frozen=True, slots=True)
class ApprovalHead:
    """A pending approval as a list shows it."""

    id: str
    tool_name: str
    thread_id: str
    created_at: datetime
    expires_at: datetime | None
    created_by: str
    sender_context: str
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


HEADS = Statement(
    "SELECT {columns} FROM approvals WHERE status = 'pending' AND {after} ORDER BY {order} LIMIT :limit",
    row=Row.of(ApprovalHead, APPROVALS),
    order=("created_at DESC", "id DESC"),
)
