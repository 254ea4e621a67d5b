"""What can be known after a decision: whether it still stands, and whether anybody has written since.

No column of an agents database links a session to an approval, so it is never more than that.
"""

from datetime import datetime, timedelta

from workbench.data import Source
from workbench.data.agents.clock import now
from workbench.data.agents.records import Approval
from workbench.data.errors import NotFound
from workbench.desk.acting import Report, name_of, reread
from workbench.desk.moments import coarse
from workbench.desk.safe import SafeText, plain, safe


def aftermath(source: Source, report: Report, decided_at: datetime, operator: str) -> tuple[SafeText, str]:
    """One line, and its tone."""
    record = report.record
    subject = plain(f"{report.verb.done}: ") + name_of(record)
    try:
        row = reread(source, record)
    except NotFound:
        return subject + plain(" · the row is gone"), "$warning"
    if row.status != record.status or (isinstance(row, Approval) and row != record):
        by = f" by {row.resolved_by}" if isinstance(row, Approval) and row.resolved_by else ""
        return subject + plain(" · overwritten: now ") + safe(f"{row.status}{by}"), "$error"
    table = "approvals" if isinstance(record, Approval) else "clarifications"
    written = source.activity.written_since(decided_at, by_others_than=operator, ignoring={(table, record.id)})
    moment = now()
    if written.at is not None:
        ago = seconds(moment - written.at)
        return subject + plain(f" · others wrote to this database {ago} ago"), "$success"
    return subject + plain(f" · nobody has written since ({seconds(moment - decided_at)})"), ""


def seconds(span: timedelta) -> str:
    """A short span to the second, a longer one coarsely."""
    return f"{max(int(span.total_seconds()), 0)} s" if span < timedelta(minutes=1) else coarse(span)
