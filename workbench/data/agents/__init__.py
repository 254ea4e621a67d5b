"""Sessions, memories, approvals, clarifications, cron and checkpoints of an agents database."""
