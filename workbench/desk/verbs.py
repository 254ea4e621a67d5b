"""What an operator can do to what waits: each verb declared once, for the screen, the command line and the audit.

Importing it is cheap: the command line reads the verbs for its help, and opens no source for that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workbench.data.errors import Invalid
from workbench.desk.kinds import APPROVAL, QUESTION

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.data.agents.records import Approval, Clarification

Record: TypeAlias = "Approval | Clarification"
NEVER, MAYBE, ALWAYS = "never", "maybe", "always"


@dataclass(frozen=True, slots=True)
class Act:
    """One use of a verb: the record as it was shown, the operator's words, and who the operator is."""

    record: Record
    text: str
    operator: str


@dataclass(frozen=True, slots=True)
class Verb:
    """Something an operator does. `text` says whether it takes words: never, maybe or always."""

    id: str
    title: str
    done: str
    key: str
    applies: frozenset[str]
    words: str
    run: Callable[[Source, Act], Record]
    text: str = NEVER
    asks: str = ""
    danger: str = "change"

    def refuse_text(self, text: str) -> str:
        """The operator's words as they will be written; `Invalid` if the verb needs some, or takes none."""
        text = text.strip()
        if self.text == ALWAYS and not text:
            raise Invalid(f"{self.title} needs text: {self.asks.lower()}")
        if self.text == NEVER and text:
            raise Invalid(f"{self.title} takes no text: leave it out")
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise Invalid("the text holds a character that no database takes (a NUL, or half of one): leave it out")
        return text


def _decide(decision: str) -> Callable[[Source, Act], Record]:
    def run(source: Source, act: Act) -> Record:
        decided: Approval = source.approvals.decide(
            act.record.id, decision, shown=act.record, resolved_by=act.operator, feedback=act.text
        )
        return decided

    return run


def _answer(source: Source, act: Act) -> Record:
    answered: Clarification = source.clarifications.respond(act.record.id, act.text, shown=act.record)
    return answered


def _dismiss(source: Source, act: Act) -> Record:
    from workbench.data.agents.records import Approval

    if isinstance(act.record, Approval):
        return _decide("expired")(source, act)
    dismissed: Clarification = source.clarifications.dismiss(act.record.id, shown=act.record)
    return dismissed


APPROVE = Verb(
    "approve",
    "Approve",
    "approved",
    "a",
    frozenset({APPROVAL}),
    "Let the agent run the call, exactly as it is shown.",
    _decide("approved"),
)
REJECT = Verb(
    "reject",
    "Reject",
    "rejected",
    "x",
    frozenset({APPROVAL}),
    "Refuse the call; a reason goes to the agent.",
    _decide("rejected"),
    MAYBE,
    "A reason",
)
SEND_BACK = Verb(
    "send-back",
    "Send back",
    "sent back",
    "b",
    frozenset({APPROVAL}),
    "Refuse the call and say what to do instead.",
    _decide("rejected"),
    ALWAYS,
    "What to do instead",
)
ANSWER = Verb(
    "answer",
    "Answer",
    "answered",
    "enter",
    frozenset({QUESTION}),
    "Answer a question of an agent.",
    _answer,
    ALWAYS,
    "An answer",
)
DISMISS = Verb(
    "dismiss",
    "Dismiss",
    "dismissed",
    "d",
    frozenset({APPROVAL, QUESTION}),
    "Put away what nobody waits for any more; the call is not run.",
    _dismiss,
)
VERBS = (APPROVE, REJECT, SEND_BACK, ANSWER, DISMISS)
BY_ID = {verb.id: verb for verb in VERBS}


def verbs_for(kind: str) -> tuple[Verb, ...]:
    """The verbs for a kind of item."""
    return tuple(verb for verb in VERBS if kind in verb.applies)
