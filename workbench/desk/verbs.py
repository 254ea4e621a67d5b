"""The verbs of the inbox, which the faces name one by one; they are declared with what waits there.

Importing it is cheap: the command line reads the verbs for its help, and opens no source for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from workbench.desk.nouns.waiting import ANSWER, APPROVE, DISMISS, REJECT, SEND_BACK
from workbench.desk.verb import ALWAYS, MAYBE, NEVER, Doing, Done, Verb

if TYPE_CHECKING:
    from workbench.data.agents.records import Approval, Clarification

__all__ = [
    "ALWAYS", "ANSWER", "APPROVE", "BY_ID", "DISMISS", "MAYBE", "NEVER", "REJECT", "SEND_BACK", "VERBS", "Doing",
    "Done", "Record", "Verb", "verbs_for",
]  # fmt: skip

Record: TypeAlias = "Approval | Clarification"
VERBS = (APPROVE, REJECT, SEND_BACK, ANSWER, DISMISS)
BY_ID = {verb.id: verb for verb in VERBS}


def verbs_for(kind: str) -> tuple[Verb, ...]:
    """The verbs for a kind of item."""
    return tuple(verb for verb in VERBS if kind in verb.applies)
