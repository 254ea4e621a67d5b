"""The rows of an agents database as records, one for each of its fourteen tables.

A field whose stored value cannot be read holds a `Damaged` instead. `stored` has the texts of the instants as
they stand in the database: guards compare those.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from workbench.data.agents import tables
from workbench.data.engine.page import Damaged
from workbench.data.engine.statement import Row

Stored = dict[str, object]


class ApprovalStatus(StrEnum):
    """What an approval can be. Other words stand in real databases too, and are shown as they are."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class ClarifyStatus(StrEnum):
    """What a clarification can be."""

    PENDING = "pending"
    ANSWERED = "answered"
    EXPIRED = "expired"


class CronStatus(StrEnum):
    """What a run of a recurring task can be."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Approval:
    """A tool call that was held until somebody decides it."""

    id: str
    thread_id: str
    run_id: str
    tenant_id: str
    tool_name: str
    args: str
    status: str
    created_at: datetime
    expires_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str
    created_by: str
    feedback: str
    sender_context: str
    question: str
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """A row of `memories` as it is stored: `topics` is still text."""

    id: str
    app_name: str
    user_id: str
    content: str
    topics: str
    created_at: datetime
    updated_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CronTask:
    """A recurring task."""

    id: str
    name: str
    expression: str
    action: str
    enabled: bool
    source: str
    last_triggered_at: datetime | None
    next_run_at: datetime | None
    created_at: datetime
    updated_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CronRun:
    """One run of a recurring task; "success" means handed over, not finished."""

    id: str
    task_id: str
    task_name: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    error: str
    run_id: str
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ShortMemory:
    """A value that lives until `expires_at`."""

    key: str
    memory_type: str
    value: str
    expires_at: datetime
    created_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)

    def left(self, at: datetime | None = None) -> timedelta | None:
        """How long it still lives (negative: since when it does not); None when its expiry cannot be read."""
        expires_at: object = self.expires_at
        return expires_at - (at or datetime.now(UTC)) if isinstance(expires_at, datetime) else None


@dataclass(frozen=True, slots=True)
class Clarification:
    """A question of an agent to its user."""

    id: str
    question: str
    context: str
    answer: str
    status: str
    sender_context: str
    created_at: datetime
    answered_at: datetime | None
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session without its events and state, as lists show it."""

    app_name: str
    user_id: str
    session_id: str
    created_at: datetime
    updated_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One stored event of a session; `event_data` is its JSON text."""

    id: int
    app_name: str
    user_id: str
    session_id: str
    event_data: str
    created_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SessionState:
    """One key of a session's own state."""

    app_name: str
    user_id: str
    session_id: str
    key: str
    value: bytes | None
    updated_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AppState:
    """One key of the state that all sessions of an application share."""

    app_name: str
    key: str
    value: bytes | None
    updated_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UserState:
    """One key of the state that all sessions of a user share."""

    app_name: str
    user_id: str
    key: str
    value: bytes | None
    updated_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A summary of a session: of all of it (`filter_key` empty) or of one branch."""

    app_name: str
    user_id: str
    session_id: str
    filter_key: str
    summary: str
    topics: str
    updated_at: datetime
    stored: Stored = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint as it is stored; `ts` counts nanoseconds since 1970."""

    lineage_id: str
    checkpoint_ns: str
    checkpoint_id: str
    parent_checkpoint_id: str
    ts: int
    checkpoint_json: bytes
    metadata_json: bytes


@dataclass(frozen=True, slots=True)
class CheckpointWriteRow:
    """One pending write of a checkpoint as it is stored."""

    lineage_id: str
    checkpoint_ns: str
    checkpoint_id: str
    task_id: str
    idx: int
    channel: str
    value_json: bytes
    task_path: str
    seq: int


APPROVAL = Row.of(Approval, tables.APPROVALS)
MEMORY = Row.of(MemoryRow, tables.MEMORIES)
CRON_TASK = Row.of(CronTask, tables.CRON_TASKS)
CRON_RUN = Row.of(CronRun, tables.CRON_HISTORY)
SHORT_MEMORY = Row.of(ShortMemory, tables.SHORT_MEMORIES)
CLARIFICATION = Row.of(Clarification, tables.CLARIFICATIONS)
SESSION = Row.of(SessionRow, tables.SESSIONS)
SESSION_EVENT = Row.of(SessionEvent, tables.SESSION_EVENTS)
SESSION_STATE = Row.of(SessionState, tables.SESSION_STATES)
APP_STATE = Row.of(AppState, tables.APP_STATES)
USER_STATE = Row.of(UserState, tables.USER_STATES)
SUMMARY = Row.of(SummaryRow, tables.SESSION_SUMMARIES)
CHECKPOINT = Row.of(CheckpointRow, tables.CHECKPOINTS)
CHECKPOINT_WRITE = Row.of(CheckpointWriteRow, tables.CHECKPOINT_WRITES)
ROWS: tuple[Row[object], ...] = (
    APPROVAL,
    MEMORY,
    CRON_TASK,
    CRON_RUN,
    SHORT_MEMORY,
    CLARIFICATION,
    SESSION,
    SESSION_EVENT,
    SESSION_STATE,
    APP_STATE,
    USER_STATE,
    SUMMARY,
    CHECKPOINT,
    CHECKPOINT_WRITE,
)  # type: ignore[assignment]


def damaged_fields(record: object) -> tuple[str, ...]:
    """The names of a record's fields that cannot be read."""
    names = getattr(type(record), "__slots__", ())
    return tuple(name for name in names if isinstance(getattr(record, name), Damaged))
