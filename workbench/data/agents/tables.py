"""The fourteen tables of an agents database, as the program that owns them declares them."""

from workbench.data.engine.codecs import bigint, blob, boolean, integer, local_text, text, utc_text
from workbench.data.engine.tables import Column, Index, Table

# That program declares its checkpoint blobs as `bytea` on SQLite too, and its migrator compares the word.
_bytea = blob.declared(sqlite="bytea")

APPROVALS = Table(
    "approvals",
    (
        Column("id", text),
        Column("thread_id", text),
        Column("run_id", text),
        Column("tenant_id", text, null=True, default=""),
        Column("tool_name", text),
        Column("args", text, default=""),
        Column("status", text, default="pending"),
        Column("created_at", utc_text),
        Column("expires_at", utc_text, null=True),
        Column("resolved_at", utc_text, null=True),
        Column("resolved_by", text, null=True, default=""),
        # Databases older than March 2026 lack it; upgraded ones have it last.
        Column("created_by", text, null=True, default="", since=True),
        Column("feedback", text, null=True, default=""),
        Column("sender_context", text, null=True, default=""),
        Column("question", text, null=True, default=""),
    ),
    key=("id",),
    indexes=(
        Index("idx_approvals_expires", ("expires_at",)),
        Index("idx_approvals_status", ("status",)),
        Index("idx_approvals_tenant", ("tenant_id",)),
        Index("idx_approvals_thread", ("thread_id",)),
    ),
)

MEMORIES = Table(
    "memories",
    (
        Column("id", text, uuid=True),
        Column("app_name", text),
        Column("user_id", text),
        Column("content", text),
        Column("topics", text, default="[]"),
        Column("created_at", local_text),
        Column("updated_at", local_text),
    ),
    key=("id",),
    indexes=(Index("idx_memories_key", ("app_name", "user_id")),),
)

CRON_TASKS = Table(
    "cron_tasks",
    (
        Column("id", text, uuid=True),
        Column("name", text),
        Column("expression", text),
        Column("action", text),
        Column("enabled", boolean, default=True),
        Column("source", text, default="config"),
        Column("last_triggered_at", local_text, null=True),
        Column("next_run_at", local_text, null=True),
        Column("created_at", local_text),
        Column("updated_at", local_text),
    ),
    key=("id",),
    indexes=(
        Index("idx_cron_tasks_next_run", ("next_run_at",)),
        Index("idx_cron_tasks_name", ("name",), unique=True),
    ),
)

CRON_HISTORY = Table(
    "cron_history",
    (
        Column("id", text, uuid=True),
        Column("task_id", text, uuid=True),
        Column("task_name", text),
        Column("started_at", local_text),
        Column("finished_at", local_text, null=True),
        Column("status", text, default="running"),
        Column("error", text, null=True, default=""),
        Column("run_id", text, null=True, default=""),
    ),
    key=("id",),
    indexes=(Index("idx_cron_history_status", ("status",)), Index("idx_cron_history_task", ("task_id",))),
)

SHORT_MEMORIES = Table(
    "short_memories",
    (
        Column("key", text),
        Column("memory_type", text),
        Column("value", text),
        Column("expires_at", local_text),
        Column("created_at", local_text),
    ),
    key=("key", "memory_type"),
    indexes=(
        Index("idx_short_memory_expires", ("expires_at",)),
        Index("idx_short_memory_type", ("memory_type",)),
    ),
)

CLARIFICATIONS = Table(
    "clarifications",
    (
        Column("id", text, uuid=True),
        Column("question", text),
        Column("context", text, null=True, default=""),
        Column("answer", text, null=True, default=""),
        Column("status", text, default="pending"),
        Column("sender_context", text, null=True, default=""),
        Column("created_at", utc_text),
        Column("answered_at", utc_text, null=True),
    ),
    key=("id",),
    indexes=(Index("idx_clarifications_status", ("status",)),),
)

SESSIONS = Table(
    "sessions",
    (
        Column("app_name", text),
        Column("user_id", text),
        Column("session_id", text),
        Column("created_at", local_text),
        Column("updated_at", local_text),
    ),
    key=("app_name", "user_id", "session_id"),
    indexes=(Index("idx_sessions_updated", ("updated_at",)),),
)

SESSION_EVENTS = Table(
    "session_events",
    (
        Column("id", bigint.declared(sqlite="integer"), autoincrement=True),
        Column("app_name", text),
        Column("user_id", text),
        Column("session_id", text),
        Column("event_data", text),
        Column("created_at", local_text),
    ),
    key=("id",),
    indexes=(Index("idx_session_events_key", ("app_name", "user_id", "session_id")),),
)

SESSION_STATES = Table(
    "session_states",
    (
        Column("app_name", text),
        Column("user_id", text),
        Column("session_id", text),
        Column("key", text),
        Column("value", blob, null=True),
        Column("updated_at", local_text),
    ),
    key=("app_name", "user_id", "session_id", "key"),
)

APP_STATES = Table(
    "app_states",
    (Column("app_name", text), Column("key", text), Column("value", blob, null=True), Column("updated_at", local_text)),
    key=("app_name", "key"),
)

USER_STATES = Table(
    "user_states",
    (
        Column("app_name", text),
        Column("user_id", text),
        Column("key", text),
        Column("value", blob, null=True),
        Column("updated_at", local_text),
    ),
    key=("app_name", "user_id", "key"),
)

SESSION_SUMMARIES = Table(
    "session_summaries",
    (
        Column("app_name", text),
        Column("user_id", text),
        Column("session_id", text),
        Column("filter_key", text),
        Column("summary", text),
        Column("topics", text, null=True, default="[]"),
        Column("updated_at", local_text),
    ),
    key=("app_name", "user_id", "session_id", "filter_key"),
)

CHECKPOINTS = Table(
    "checkpoints",
    (
        Column("lineage_id", text),
        Column("checkpoint_ns", text),
        Column("checkpoint_id", text),
        Column("parent_checkpoint_id", text, null=True),
        Column("ts", bigint),
        Column("checkpoint_json", _bytea),
        Column("metadata_json", _bytea),
    ),
    key=("lineage_id", "checkpoint_ns", "checkpoint_id"),
)

CHECKPOINT_WRITES = Table(
    "checkpoint_writes",
    (
        Column("lineage_id", text),
        Column("checkpoint_ns", text),
        Column("checkpoint_id", text),
        Column("task_id", text),
        Column("idx", integer),
        Column("channel", text),
        Column("value_json", _bytea),
        Column("task_path", text, null=True),
        Column("seq", bigint),
    ),
    key=("lineage_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx"),
)

TABLES = (
    APPROVALS,
    MEMORIES,
    CRON_TASKS,
    CRON_HISTORY,
    SHORT_MEMORIES,
    CLARIFICATIONS,
    SESSIONS,
    SESSION_EVENTS,
    SESSION_STATES,
    APP_STATES,
    USER_STATES,
    SESSION_SUMMARIES,
    CHECKPOINTS,
    CHECKPOINT_WRITES,
)
