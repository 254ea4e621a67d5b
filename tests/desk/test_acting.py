"""Doing what an operator asks, on both engines: refused, audited, reported, and said in few words."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.agents import Place
from support.inboxes import NOON, SECRET, ask, wonder

from workbench.data import Corrupt, Source, Unavailable
from workbench.data.engine.page import Damaged
from workbench.data.errors import Conflict, Invalid, NotFound, ReadOnly
from workbench.desk import acting
from workbench.desk.acting import fate, name_of, perform, refusal, reveal, warnings, what_became
from workbench.desk.audit import Audit
from workbench.desk.verbs import ANSWER, APPROVE, DISMISS, REJECT, SEND_BACK, Doing, Done


def test_an_act_is_on_record_before_and_after(source: Source, audit: Audit) -> None:
    call = ask(source, "deploy")
    report = perform(REJECT, source, call, "  not today ", audit=audit, unseen=3)
    assert report.error is None and report.words == f"rejected: deploy {call.id[:8]}"
    row = source.approvals.get(call.id)
    assert (row.status, row.feedback, row.resolved_by) == ("rejected", "not today", "ops@bastion")
    (act,) = audit.list()
    assert act.intent is not None and act.outcome is not None and act.result == "rejected"
    entry = act.entry
    assert (entry.source, entry.verb, entry.noun, entry.keys) == ("prod", "reject", "approval", (call.id,))
    assert (entry.reason, entry.unseen, entry.via) == ("not today", 3, "screen")


def test_who_was_faster_is_a_report_and_a_failed_act(source: Source, audit: Audit) -> None:
    call = ask(source)
    source.approvals.resolve(call.id, "approved", resolved_by="ops2", at=NOON)
    report = perform(APPROVE, source, call, "", audit=audit)
    assert isinstance(report.error, Conflict) and "already approved by 'ops2' at 2026-05-04 12:00:00" in report.words
    (act,) = audit.list()
    assert act.result == "failed" and act.error == str(report.error)


def test_what_may_not_be_is_refused_before_anything_is_recorded(place: Place, audit: Audit, source: Source) -> None:
    call, question = ask(source), wonder(source)
    for verb, record, text in ((SEND_BACK, call, " "), (ANSWER, question, ""), (APPROVE, call, "but carefully")):
        report = perform(verb, source, record, text, audit=audit)
        assert isinstance(report.error, Invalid)
    with place.open(read_only=True) as looking:
        report = perform(APPROVE, looking, call, "", audit=audit)
        assert isinstance(report.error, ReadOnly) and "press W" in report.words
    assert list(audit.list()) == []
    assert source.approvals.get(call.id).status == source.clarifications.get(question.id).status == "pending"


def test_a_row_that_is_gone_and_one_that_is_damaged(source: Source, place: Place, audit: Audit) -> None:
    call = ask(source)
    place.run("DELETE FROM approvals")
    assert isinstance(perform(APPROVE, source, call, "", audit=audit).error, NotFound)
    with pytest.raises(Corrupt):
        perform(APPROVE, source, replace(call, args=Damaged(b"\xff", "no text")), "", audit=audit)  # type: ignore[arg-type]
    assert [act.result for act in audit.list()] == ["failed", "failed"]


def test_nothing_is_decided_that_cannot_be_recorded(source: Source, tmp_path: Path) -> None:
    call = ask(source)
    (tmp_path / "taken").write_text("")
    with pytest.raises(Unavailable):
        perform(APPROVE, source, call, "", audit=Audit(tmp_path / "taken", "ops"))
    assert source.approvals.get(call.id).status == "pending"


def test_a_decision_stands_although_its_outcome_could_not_be_recorded(source: Source, audit: Audit) -> None:
    call = ask(source, "deploy")
    aside = audit.path.with_name("aside")

    def decide_and_take_the_log_away(source: Source, doing: Doing) -> Done:
        decided = APPROVE.run(source, doing)
        audit.path.rename(aside)
        audit.path.mkdir()
        return decided

    report = perform(replace(APPROVE, run=decide_and_take_the_log_away), source, call, "", audit=audit)
    assert report.error is None and isinstance(report.unrecorded, Unavailable)
    assert report.words.startswith(f"approved: deploy {call.id[:8]}. That stands, but the audit log holds only the")
    assert source.approvals.get(call.id).status == "approved"
    audit.path.rmdir()
    aside.rename(audit.path)
    assert [act.result for act in audit.list()] == ["unknown"]


def test_looking_at_secrets_is_on_record_also_where_nothing_can_be_changed(
    place: Place, source: Source, audit: Audit
) -> None:
    call = ask(source, args=json.dumps({"token": SECRET}))
    with place.open(read_only=True, name="prod") as looking:
        reveal(looking, call, 1, audit=audit)
    (act,) = audit.list()
    assert (act.entry.verb, act.entry.keys, act.result) == ("reveal", (call.id,), "revealed")
    assert act.entry.counts == {"secrets": 1} and SECRET not in audit.path.read_text()


def test_refusals_say_why_in_few_words(source: Source, place: Place) -> None:
    call, question = ask(source), wonder(source)
    assert refusal(APPROVE, source, call) is None and refusal(DISMISS, source, question) is None
    assert refusal(ANSWER, source, call) == "not for this kind"
    done = source.approvals.resolve(call.id, "rejected", resolved_by="ops2")
    assert refusal(APPROVE, source, done) == "already rejected"
    damaged = replace(call, expires_at=Damaged("soon", "no time"))  # type: ignore[arg-type]
    assert refusal(DISMISS, source, damaged) == "its expires_at cannot be read"
    unreadable = replace(question, question=Damaged(b"\xff", "no text"))  # type: ignore[arg-type]
    assert refusal(ANSWER, source, unreadable) == "its question cannot be read"
    assert refusal(ANSWER, source, replace(question, answer=Damaged(1, "no text"))) is None  # type: ignore[arg-type]
    with place.open(read_only=True) as looking:
        assert refusal(APPROVE, looking, call) == "read-only"


def test_names_and_fates_are_safe_short_and_masked(source: Source) -> None:
    call = ask(source, "de\x1bploy" + "x" * 80)
    assert name_of(call).startswith("de␛ployxx") and name_of(call).endswith(f"… {call.id[:8]}")
    question = wonder(source, f"May I use token={SECRET} now?")
    assert name_of(question) == "May I use token=⟨secret 40⟩ now?"
    said = source.approvals.resolve(call.id, "rejected", resolved_by="o\x1bps", feedback=f"token={SECRET}", at=NOON)
    assert fate(said, NOON).startswith("rejected by o␛ps at ") and fate(said, NOON).endswith(": token=⟨secret 40⟩")
    assert fate(question, NOON) == "pending"


def test_what_became_of_an_item_that_left(source: Source, place: Place) -> None:
    call, question = ask(source, "deploy"), wonder(source)
    assert what_became(source, "approval", call.id, NOON) is None
    source.approvals.resolve(call.id, "approved", resolved_by="ops2", at=NOON)
    source.clarifications.dismiss(question.id, at=NOON)
    told = what_became(source, "approval", call.id, NOON)
    assert told is not None and told.startswith(f"deploy {call.id[:8]}: approved by ops2 at ")
    told = what_became(source, "question", question.id, NOON)
    assert told is not None and told.startswith("Which region?: expired at ")
    place.run("DELETE FROM approvals")
    assert what_became(source, "approval", call.id, NOON) == f"approval {call.id[:8]} is gone from the database"


def test_only_a_messenger_is_warned_of(source: Source) -> None:
    (warning,) = warnings(ask(source, sender_context="slack:U1:C1"))
    assert "swallow that sender's next messages" in warning
    for other in ("agui:web-1", ""):
        assert warnings(ask(source, sender_context=other)) == ()
    assert warnings(wonder(source, sender_context="slack:U1:C1")) == ()
    assert acting.kind_of(wonder(source)) == "question"
