"""Declared tables beside what the other program itself creates (contract agents §1.1 and §1.4)."""

from support.fixtures import fixture

from workbench.data.engine import codecs
from workbench.data.engine.tables import Column, Index, Table

# Declared here only to be compared with that program's own DDL, word for word.
APPROVALS = Table(
    "approvals",
    (
        Column("id", codecs.text),
        Column("thread_id", codecs.text),
        Column("run_id", codecs.text),
        Column("tenant_id", codecs.text, null=True, default=""),
        Column("tool_name", codecs.text),
        Column("args", codecs.text, default=""),
        Column("status", codecs.text, default="pending"),
        Column("created_at", codecs.utc_text),
        Column("expires_at", codecs.utc_text, null=True),
        Column("resolved_at", codecs.utc_text, null=True),
        Column("resolved_by", codecs.text, null=True, default=""),
        Column("created_by", codecs.text, null=True, default="", since=True),
        Column("feedback", codecs.text, null=True, default=""),
        Column("sender_context", codecs.text, null=True, default=""),
        Column("question", codecs.text, null=True, default=""),
    ),
    key=("id",),
    indexes=(
        Index("idx_approvals_expires", ("expires_at",)),
        Index("idx_approvals_status", ("status",)),
        Index("idx_approvals_tenant", ("tenant_id",)),
        Index("idx_approvals_thread", ("thread_id",)),
    ),
)
CRON_TASKS = Table(
    "cron_tasks",
    (
        Column("id", codecs.text),
        Column("name", codecs.text),
        Column("expression", codecs.text),
        Column("action", codecs.text),
        Column("enabled", codecs.boolean, default=True),
        Column("source", codecs.text, default="config"),
        Column("last_triggered_at", codecs.local_text, null=True),
        Column("next_run_at", codecs.local_text, null=True),
        Column("created_at", codecs.local_text),
        Column("updated_at", codecs.local_text),
    ),
    key=("id",),
    indexes=(Index("idx_cron_tasks_next_run", ("next_run_at",)), Index("idx_cron_tasks_name", ("name",), unique=True)),
)
EVENTS = Table(
    "session_events",
    (
        Column("id", codecs.bigint, autoincrement=True),
        Column("app_name", codecs.text),
        Column("user_id", codecs.text),
        Column("session_id", codecs.text),
        Column("event_data", codecs.text),
        Column("created_at", codecs.local_text),
    ),
    key=("id",),
    indexes=(Index("idx_session_events_key", ("app_name", "user_id", "session_id")),),
)
WRITES = Table(
    "checkpoint_writes",
    (
        Column("lineage_id", codecs.text),
        Column("checkpoint_ns", codecs.text),
        Column("checkpoint_id", codecs.text),
        Column("task_id", codecs.text),
        Column("idx", codecs.integer),
        Column("channel", codecs.text),
        Column("value_json", codecs.blob.declared(sqlite="bytea")),
        Column("task_path", codecs.text, null=True),
        Column("seq", codecs.bigint),
    ),
    key=("lineage_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx"),
)


def test_the_ddl_is_word_for_word_what_that_program_creates() -> None:
    theirs = fixture("agents/small/schema_sqlite.sql").read_text().splitlines()
    for table in (APPROVALS, CRON_TASKS, EVENTS, WRITES):
        for ddl in table.ddl("sqlite"):
            assert ddl.replace(" IF NOT EXISTS", "") + ";" in theirs
