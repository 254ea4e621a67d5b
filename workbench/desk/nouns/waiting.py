"""The inbox: what waits for an operator, and what is done to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.data.errors import Invalid, NotFound
from workbench.desk import kinds
from workbench.desk.kinds import APPROVAL, QUESTION
from workbench.desk.noun import Ask, Column, Key, Noun
from workbench.desk.verb import ALWAYS, MAYBE, Verb, work

if TYPE_CHECKING:
    from workbench.data import Page, Source
    from workbench.desk.detail import Detail
    from workbench.desk.inbox import Waiting
    from workbench.desk.looking import Looking
    from workbench.desk.safe import SafeText

_STATES = ("waiting", "abandoned", "overdue")


# -- reading -------------------------------------------------------------------------------------------------


def _page(source: Source, ask: Ask) -> Page[Waiting]:
    """A page of what waits, the most urgent first. All of it is read: there is no other way to that order."""
    from workbench.data import Page
    from workbench.data.agents.clock import now
    from workbench.data.engine.page import Cursor
    from workbench.desk.inbox import by_urgency, read_inbox

    check_terms(ask)
    moment = now()
    found = read_inbox(source, source.name)
    items = [item for item in by_urgency(found.items, moment) if fits(item, ask, moment)]
    begin = _begin(items, ask)
    cut = items[begin : begin + ask.limit]
    end = begin + len(cut)
    return Page(
        tuple(cut),
        Cursor((*cut[-1].key, end)) if end < len(items) else None,
        found.damage if ask.after is None else (),
    )


def _begin(items: Sequence[Waiting], ask: Ask) -> int:
    """Where a page begins: behind the row that the last one ended with, or where that was."""
    if ask.after is None:
        return 0
    *last, place = ask.after.values
    return next((at + 1 for at, item in enumerate(items) if [*item.key] == last), int(str(place)))


def asked(filter: str) -> Ask:
    """What a filter as operators write it asks for; `Invalid` with a sentence where no item can be so."""
    ask = INBOX.ask(filter)
    check_terms(ask)
    return ask


def check_terms(ask: Ask) -> None:
    """Refuse what no item can be."""
    kind, state = ask.terms.get("kind"), ask.terms.get("state")
    if kind not in (None, APPROVAL, QUESTION):
        raise Invalid(f'the inbox is filtered by kind={APPROVAL} or kind={QUESTION}, not "{kind}"')
    if state not in (None, *_STATES):
        raise Invalid(f'the inbox is filtered by state={" or state=".join(_STATES)}, not "{state}"')


def fits(item: Waiting, ask: Ask, moment: datetime) -> bool:
    """Whether an item is one that is asked for, but for the words."""
    wanted = ask.terms
    if wanted.get("kind", item.kind) != item.kind or wanted.get("from", item.who) != item.who:
        return False
    if "tool" in wanted and (item.kind != APPROVAL or item.what != wanted["tool"]):
        return False
    match wanted.get("state"):
        case "waiting":
            return not item.abandoned(moment)
        case "abandoned":
            return item.abandoned(moment)
        case "overdue":
            return item.overdue(moment)
    return True


def asked_for(items: Iterable[Waiting], ask: Ask, moment: datetime) -> list[Waiting]:
    """The items that a filter lets through, in their order: the same on the screen and on the command line."""
    from workbench.desk.reading import matches

    return [item for item in items if fits(item, ask, moment) and matches(INBOX, item, ask.words)]


def _get(source: Source, key: Key) -> Waiting:
    from workbench.data.errors import Unsupported
    from workbench.desk.inbox import of_approval, of_question

    kind, id = key[-2:]
    try:
        if kind == APPROVAL:
            return of_approval(source.name, source.approvals.get(id))
        return of_question(source.name, source.clarifications.get(id))
    except Unsupported:
        raise NotFound(f"there is no {kind} {id}") from None


def _find(source: Source, text: str) -> Sequence[Key]:
    found: list[Key] = []
    for kind, store in ((APPROVAL, "approvals"), (QUESTION, "clarifications")):
        if store in source.capabilities:
            found += [(kind, id) for id in getattr(source, store).ids(text)]
    return found


def _detail(source: Source, item: Waiting, looking: Looking) -> Detail:
    from workbench.desk.item_detail import read_detail

    found = read_detail(source, item, looking.after, looking.moment, looking.reveal)
    if found is None:
        raise NotFound(f"this {item.kind} has just gone: look again")
    return found


def _data(item: Waiting) -> dict[str, object]:
    from workbench.data.agents.clock import now

    moment = now()
    return {
        "kind": item.kind,
        "source": item.source,
        "id": item.id,
        "what": item.what,
        "from": item.who,
        "asked": item.asked,
        "expires": item.expires,
        "overdue": item.overdue(moment),
        "probably": "abandoned" if item.abandoned(moment) else "waiting",
    }


# -- cells ---------------------------------------------------------------------------------------------------


def _cell(name: str) -> Callable[[Waiting, datetime], SafeText]:
    """A cell that the inbox makes."""

    def cell(item: Waiting, moment: datetime) -> SafeText:
        from workbench.desk import inbox

        found: Callable[[Waiting, datetime], SafeText] = getattr(inbox, name)
        return found(item, moment)

    return cell


def _text(name: str) -> Callable[[Waiting, datetime], SafeText]:
    def cell(item: Waiting, moment: datetime) -> SafeText:
        from workbench.desk.safe import safe

        return safe(getattr(item, name))

    return cell


INBOX = Noun(
    id=kinds.INBOX,
    plural="items that wait",
    words="What waits for a decision or an answer, the most urgent first.",
    needs=frozenset(),
    either=frozenset({"approvals", "clarifications"}),
    columns=(
        Column(
            "wait",
            _cell("wait_cell"),
            "for how long it has waited",
            width=5,
            right=True,
            tone=lambda item, moment: "muted" if item.abandoned(moment) else "",
        ),
        Column(
            "expires",
            _cell("expires_cell"),
            "in how long it expires",
            width=8,
            right=True,
            tone=lambda item, moment: "bad" if item.overdue(moment) else "",
        ),
        Column("source", _text("source"), "where it waits", least=6, most=20, drop=2),
        Column("kind", _text("kind"), "approval or question", least=8, most=8, on_screen=False),
        Column("id", _text("id"), "its id", least=8, most=60, on_screen=False),
        Column("what", _cell("what_cell"), "the tool, or the question", least=10, most=100, grows=True),
        Column("from", _cell("from_cell"), "who asks", least=6, most=100, drop=1),
    ),
    key=lambda item: (item.kind, item.id),
    page=_page,
    get=_get,
    find=_find,
    data=_data,
    detail=_detail,
    says=lambda item: f"{item.what} {item.who} {item.source} {item.kind} {item.id}",
    terms={
        "kind": f"{APPROVAL} or {QUESTION}",
        "state": ", ".join(_STATES[:-1]) + f" or {_STATES[-1]}",
        "tool": "the tool",
        "from": "who asks",
    },
    nothing="nothing waits",
)

# -- what is done to it --------------------------------------------------------------------------------------

_REFUSES = work("refused", "acting")

APPROVE = Verb(
    id="approve",
    noun=APPROVAL,
    also=(kinds.INBOX,),
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
    also=(kinds.INBOX,),
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
    also=(kinds.INBOX,),
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
    also=(kinds.INBOX,),
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
    also=(QUESTION, kinds.INBOX),
    title="Dismiss",
    done="dismissed",
    words="Put away what nobody waits for any more; the call is not run.",
    run=work("dismiss", "decisions"),
    refuses=_REFUSES,
    decides=True,
    key="d",
    binding="inbox.dismiss",
)
