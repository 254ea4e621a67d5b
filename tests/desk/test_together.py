"""One decision about many items, on both engines: what it is about, what became of each, and what ends it early."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from support.agents import Place
from support.inboxes import NOON, SECRET, ask, wonder

from workbench.data import Source
from workbench.desk.acting import kind_of
from workbench.desk.audit import Audit
from workbench.desk.together import Item, LeftOut, decide, group, heard_since, look_up, overwritten, summary
from workbench.desk.together_lines import lay_out, listed, report_lines
from workbench.desk.verbs import APPROVE, DISMISS, REJECT, Record, Verb


def found(source: Source, verb: Verb, *records: Record) -> list[Item | LeftOut]:
    return look_up(source, "prod", verb, [("prod", kind_of(record), record.id) for record in records])


def test_what_came_by_a_messenger_is_apart_unless_it_is_alone(source: Source) -> None:
    web, slack, question = ask(source), ask(source, sender_context="slack:U1"), wonder(source)
    ours = group(APPROVE, found(source, APPROVE, slack, web, question))
    assert [item.record for item in ours.items] == [web] and [item.record for item in ours.apart] == [slack]
    assert [(left.key[2], str(left.why)) for left in ours.left_out] == [
        (question.id, "approve is not for a question: use answer or dismiss")
    ]
    alone = group(APPROVE, found(source, APPROVE, slack))
    assert [item.record for item in alone.items] == [slack] and alone.apart == () and alone.by_messenger
    both = group(DISMISS, found(source, DISMISS, slack, web, question))
    assert both.what == "1 call and 1 question" and len(both.apart) == 1


def test_what_cannot_be_decided_is_left_out_with_the_reason(source: Source, place: Place) -> None:
    done, gone, odd, fine = (ask(source, f"tool_{n}") for n in range(4))
    source.approvals.resolve(done.id, "rejected", resolved_by="eve\x1b[2J", feedback=SECRET, at=NOON)
    place.run(f"DELETE FROM approvals WHERE id = '{gone.id}'")
    if place.engine == "sqlite":
        place.run(f"UPDATE approvals SET expires_at = 'soon' WHERE id = '{odd.id}'")
    ours = group(REJECT, found(source, REJECT, done, gone, odd, fine))
    why = {left.key[2]: str(left.why) for left in ours.left_out}
    assert "rejected by eve␛[2J" in why[done.id] and SECRET not in why[done.id]
    assert why[gone.id] == "it is gone from the database"
    if place.engine == "sqlite":
        assert why[odd.id] == "its expires_at cannot be read"
    assert [item.record.id for item in ours.items][-1] == fine.id
    with place.open(read_only=True, name="prod") as other:
        (left,) = found(other, REJECT, fine)
        assert isinstance(left, LeftOut) and left.why == "read-only"


def test_every_argument_is_listed_and_must_be_seen(source: Source) -> None:
    first = ask(source, "one", f'{{"token": "{SECRET}", "path": "/srv"}}', minutes=90)
    second = wonder(source, "Which\u202e one?", context="either\x07")
    ours = group(DISMISS, found(source, DISMISS, first, second))
    made = listed(ours, {item.key: lay_out(item, NOON) for item in ours.items})
    text = "\n".join("".join(text for text, _ in line.pieces) for line in made.detail.lines if line.must_see)
    for words in ('"token": "⟨secret 40⟩"', '"path": "/srv"', "Which⟨U+202E⟩ one?", "either␇", "1 control character"):
        assert words in text, words
    assert len(made.keys) == len(made.detail.must_see) and set(made.keys) == {item.key for item in ours.items}
    told = " · ".join(made.cautions)
    assert "1 secret is masked" in told and "in 1 of these" in told and "of 1 of these the agent" in told


def test_what_is_stopped_or_out_of_reach_is_told_as_not_tried(source: Source, audit: Audit, tmp_path: Path) -> None:
    calls = [ask(source, f"tool_{n}") for n in range(3)]
    ours = group(APPROVE, found(source, APPROVE, *calls))
    told = []
    became = decide(APPROVE, source, ours.items, "", audit=audit, stop=lambda: len(told) == 1, told=told.append)
    assert [one.result for one in became] == ["done", "not tried", "not tried"] == [one.result for one in told]
    assert str(summary(APPROVE, became)) == "1 approved, 2 not tried"
    broken = tmp_path / "broken"
    (broken / "audit.jsonl").mkdir(parents=True)
    rest = decide(APPROVE, source, ours.items[1:], "", audit=Audit(broken, "ops"))
    assert [one.result for one in rest] == ["failed", "not tried"]
    assert "audit.jsonl cannot be written" in str(rest[0].words)
    assert [source.approvals.get(call.id).status for call in calls] == ["approved", "pending", "pending"]


def test_what_changed_or_was_decided_is_skipped_and_the_rest_goes_on(
    source: Source, place: Place, audit: Audit
) -> None:
    changed, decided, last = ask(source, "changed"), ask(source, "decided"), ask(source, "last")
    ours = group(REJECT, found(source, REJECT, changed, decided, last))
    place.run(f"UPDATE approvals SET args = '[]' WHERE id = '{changed.id}'")
    source.approvals.resolve(decided.id, "approved", resolved_by="eve", at=NOON)
    became = decide(REJECT, source, ours.items, "no", audit=audit, unseen={ours.items[0].key: 7})
    assert [one.result for one in became] == ["skipped", "skipped", "done"]
    assert str(became[0].words).startswith("is not as it was shown (args was")
    assert str(became[1].words).startswith("was already approved by 'eve' at 2026-05-04 12:00:00 UTC")
    lines = ["".join(text for text, _ in line.pieces) for line in report_lines(ours, became)]
    assert lines[0] == "1 rejected, 2 skipped (decided or changed by others)"
    assert lines[-1] == f"{last.id[:8]}  last: rejected"
    acts = list(reversed(audit.list()))
    assert [(act.entry.keys, act.result, act.entry.unseen) for act in acts] == [
        ((changed.id,), "failed", 7), ((decided.id,), "failed", 0), ((last.id,), "rejected", 0),
    ]  # fmt: skip


def test_what_does_not_stand_is_found_later_and_whether_others_wrote(
    source: Source, place: Place, audit: Audit
) -> None:
    calls = [ask(source, f"tool_{n}") for n in range(3)]
    began = datetime.now(UTC)
    ours = group(APPROVE, found(source, APPROVE, *calls))
    became = decide(APPROVE, source, ours.items, "", audit=audit)
    assert overwritten(source, became) == {}
    assert str(heard_since(source, became, began, "ops@bastion")).startswith("nobody has written since")
    place.run(f"UPDATE approvals SET status = 'rejected', resolved_by = 'bot\x1b[2J' WHERE id = '{calls[0].id}'")
    place.run(f"DELETE FROM approvals WHERE id = '{calls[1].id}'")
    later = {key[2]: str(words) for key, words in overwritten(source, became).items()}
    assert later == {calls[0].id: "overwritten: now rejected by bot␛[2J", calls[1].id: "the row is gone"}
    source.clarifications.ask("Still there?")
    assert str(heard_since(source, became, began, "ops@bastion")).startswith("others wrote to this database")
