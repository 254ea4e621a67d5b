"""What waits for an operator and everything that ever did: approvals and questions, decided ones too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.desk import cells, kinds
from workbench.desk.noun import Ask, Column, Key, Noun, either_way

if TYPE_CHECKING:
    from workbench.data import Page, Source
    from workbench.data.agents.records import Approval, Clarification
    from workbench.desk.detail import Detail
    from workbench.desk.looking import Looking
    from workbench.desk.safe import SafeText

_TONES = {"approved": "good", "answered": "good", "rejected": "bad", "expired": "muted"}


def _tone(record: Approval | Clarification, moment: datetime) -> str:
    status: object = record.status
    return _TONES.get(status, "") if isinstance(status, str) else "warning"


def _detail(source: Source, record: Approval | Clarification, looking: Looking) -> Detail:
    from workbench.desk.acting import kind_of
    from workbench.desk.item_detail import describe

    reveal = looking.reveal is not None and looking.reveal == record
    key = (looking.source, kind_of(record), record.id)
    return describe(source, key, record, looking.after, looking.moment, reveal=reveal)


# -- approvals -----------------------------------------------------------------------------------------------


def _from(record: Approval, moment: datetime) -> SafeText:
    return cells.text("sender_context" if record.sender_context else "created_by")(record, moment)


def _approvals(source: Source, ask: Ask) -> Page[Approval]:
    terms = ask.terms
    return source.approvals.list(  # type: ignore[no-any-return]
        status=terms.get("status"),
        tool=terms.get("tool"),
        thread=terms.get("thread"),
        limit=ask.limit,
        after=ask.after,
        backwards=ask.backwards,
    )


def _approval(source: Source, key: Key) -> Approval:
    return source.approvals.get(key[0])  # type: ignore[no-any-return]


def _approval_ids(source: Source, text: str) -> Sequence[Key]:
    return [(id,) for id in source.approvals.ids(text)]


APPROVAL = Noun(
    id=kinds.APPROVAL,
    plural="approvals",
    words="Tool calls that were held until somebody decided them.",
    needs=frozenset({"approvals"}),
    columns=(
        Column("asked", cells.when("created_at"), "when the agent asked", least=12, most=17),
        Column("status", cells.text("status"), "what became of it", least=7, most=10, tone=_tone),
        Column("tool", cells.text("tool_name"), "the tool", least=8, most=30),
        Column("from", _from, "who asks", least=6, most=24, drop=2),
        Column("by", cells.text("resolved_by"), "who decided", least=6, most=24, drop=1),
        Column("feedback", cells.text("feedback", masked=True), "what was said about it", least=8, grows=True, drop=3),
        Column("id", cells.text("id"), "its id", least=8, most=36, drop=4, on_screen=False),
    ),
    key=lambda record: (record.id,),
    page=_approvals,
    get=_approval,
    find=_approval_ids,
    data=lambda record: cells.values_of(record),
    detail=_detail,
    says=lambda record: " ".join(map(str, (record.tool_name, record.args, record.question, record.feedback))),
    terms={"status": "pending, approved, rejected or expired", "tool": "the tool", "thread": "the thread"},
    reversible=True,
    sorts=either_way("asked", "newest first", "oldest first"),
)


# -- questions -----------------------------------------------------------------------------------------------


def _questions(source: Source, ask: Ask) -> Page[Clarification]:
    return source.clarifications.list(  # type: ignore[no-any-return]
        ask.terms.get("status"), limit=ask.limit, after=ask.after, backwards=ask.backwards
    )


def _question(source: Source, key: Key) -> Clarification:
    return source.clarifications.get(key[0])  # type: ignore[no-any-return]


def _question_ids(source: Source, text: str) -> Sequence[Key]:
    return [(id,) for id in source.clarifications.ids(text)]


QUESTION = Noun(
    id=kinds.QUESTION,
    plural="questions",
    words="Questions of agents to their users.",
    needs=frozenset({"clarifications"}),
    columns=(
        Column("asked", cells.when("created_at"), "when the agent asked", least=12, most=17),
        Column("status", cells.text("status"), "what became of it", least=7, most=10, tone=_tone),
        Column("question", cells.text("question", masked=True), "what it asked", least=10, grows=True),
        Column("answer", cells.text("answer", masked=True), "what was answered", least=8, most=40, drop=1),
        Column("from", cells.text("sender_context"), "whom it asked for", least=6, most=24, drop=2),
        Column("id", cells.text("id"), "its id", least=8, most=36, drop=3, on_screen=False),
    ),
    key=lambda record: (record.id,),
    page=_questions,
    get=_question,
    find=_question_ids,
    data=lambda record: cells.values_of(record),
    detail=_detail,
    says=lambda record: " ".join(map(str, (record.question, record.context, record.answer))),
    terms={"status": "pending, answered or expired"},
    reversible=True,
    sorts=either_way("asked", "newest first", "oldest first"),
)
