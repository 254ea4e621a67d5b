"""How an agents database is recognised."""

from workbench.data.agents.tables import TABLES
from workbench.data.engine.migrations import Migration, make_tables
from workbench.data.rooms import Kind, Mark, Room

ROOM = Room(
    "agents",
    kinds=(
        Kind(
            "agents",
            "an agents database",
            marks=(
                Mark("approvals", ("id", "tool_name", "args", "status")),
                Mark("session_events", ("app_name", "session_id", "event_data")),
                Mark("cron_tasks", ("name", "expression", "next_run_at")),
                Mark("short_memories", ("key", "memory_type", "expires_at")),
                Mark("memories", ("app_name", "user_id", "content", "topics")),
                Mark("clarifications", ("question", "answer", "sender_context")),
                Mark("checkpoints", ("lineage_id", "checkpoint_ns", "checkpoint_json")),
            ),
            stores=(
                ("sessions", "workbench.data.agents.sessions:Sessions"),
                ("memories", "workbench.data.agents.memories:Memories"),
                ("short_memory", "workbench.data.agents.short_memory:ShortMemories"),
                ("approvals", "workbench.data.agents.approvals:Approvals"),
                ("clarifications", "workbench.data.agents.clarifications:Clarifications"),
                ("activity", "workbench.data.agents.activity:Activity"),
            ),
            needs=(
                ("sessions", "sessions"),
                ("memories", "memories"),
                ("short_memory", "short_memories"),
                ("approvals", "approvals"),
                ("clarifications", "clarifications"),
            ),
            promised=("cron", "checkpoints"),
            tables="workbench.data.agents.tables:TABLES",
            examine="workbench.data.agents.examine:examine",
        ),
    ),
    migrations=(Migration(2, "the tables of an agents database", make_tables(*TABLES)),),
)
