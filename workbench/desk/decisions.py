"""The work of the inbox's verbs: each a compare-and-set with the record as it was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.data.agents.records import Approval, Clarification
from workbench.desk.acting import name_of
from workbench.desk.verb import Doing, Done

if TYPE_CHECKING:
    from workbench.data import Source


def approve(source: Source, doing: Doing) -> Done:
    """Let the agent run the call."""
    return _decide(source, doing, "approved")


def reject(source: Source, doing: Doing) -> Done:
    """Refuse the call, with what the operator says about it."""
    return _decide(source, doing, "rejected")


def answer(source: Source, doing: Doing) -> Done:
    """Answer the question."""
    return _done(source.clarifications.respond(doing.record.id, doing.text, shown=doing.record))


def dismiss(source: Source, doing: Doing) -> Done:
    """Put away what nobody waits for."""
    if isinstance(doing.record, Approval):
        return _decide(source, doing, "expired")
    return _done(source.clarifications.dismiss(doing.record.id, shown=doing.record))


def _decide(source: Source, doing: Doing, decision: str) -> Done:
    shown, by = doing.record, doing.operator
    return _done(source.approvals.decide(shown.id, decision, shown=shown, resolved_by=by, feedback=doing.text))


def _done(record: Approval | Clarification) -> Done:
    return Done(name_of(record), {"items": 1}, record=record)
