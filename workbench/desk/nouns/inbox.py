"""What waits for an operator, and what is done to it."""

from __future__ import annotations

from workbench.desk.kinds import APPROVAL, QUESTION
from workbench.desk.verb import ALWAYS, MAYBE, Verb, work

# -- what is done to it --------------------------------------------------------------------------------------

_REFUSES = work("refused", "acting")

APPROVE = Verb(
    id="approve",
    noun=APPROVAL,
    title="Approve",
    done="approved",
    words="Let the agent run the call, exactly as it is shown.",
    run=work("approve", "decisions"),
    refuses=_REFUSES,
    decides=True,
    key="a",
    binding="inbox.approve",
)
REJECT = Verb(
    id="reject",
    noun=APPROVAL,
    title="Reject",
    done="rejected",
    words="Refuse the call; a reason goes to the agent.",
    run=work("reject", "decisions"),
    refuses=_REFUSES,
    decides=True,
    key="x",
    binding="inbox.reject",
    text=MAYBE,
    asks="A reason",
)
SEND_BACK = Verb(
    id="send-back",
    noun=APPROVAL,
    title="Send back",
    done="sent back",
    words="Refuse the call and say what to do instead.",
    run=work("reject", "decisions"),
    refuses=_REFUSES,
    decides=True,
    key="b",
    binding="inbox.send-back",
    text=ALWAYS,
    asks="What to do instead",
)
ANSWER = Verb(
    id="answer",
    noun=QUESTION,
    title="Answer",
    done="answered",
    words="Answer a question of an agent.",
    run=work("answer", "decisions"),
    refuses=_REFUSES,
    decides=True,
    key="enter",
    binding="view.open",
    text=ALWAYS,
    asks="An answer",
)
DISMISS = Verb(
    id="dismiss",
    noun=APPROVAL,
    also=(QUESTION,),
    title="Dismiss",
    done="dismissed",
    words="Put away what nobody waits for any more; the call is not run.",
    run=work("dismiss", "decisions"),
    refuses=_REFUSES,
    decides=True,
    key="d",
    binding="inbox.dismiss",
)
