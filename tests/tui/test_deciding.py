"""Deciding by keys: each verb, what it asks, what it writes, and what the audit has of it; on both engines."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.inboxes import SECRET, Keys, Operator, ask, wonder
from support.screens import NARROW, WIDE

from workbench.data import Source, open_source


def test_approve_is_a_and_then_y(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("y")
        assert agents.approvals.get(call.id).status == "pending"
        await keys.press("a")
        assert f"Approve deploy {call.id[:8]}?" in keys.text and keys.inbox.asking
        await keys.press("a", "enter", "j", "x", "tab")
        assert keys.inbox.asking and agents.approvals.get(call.id).status == "pending"
        await keys.press("y")
        await keys.until(lambda: keys.notice.startswith(f"approved: deploy {call.id[:8]}"))
        await keys.sees("Nothing waits.")

    operator.run(steps)
    row = agents.approvals.get(call.id)
    assert (row.status, row.feedback, row.resolved_by) == ("approved", "", "ops@bastion")
    (act,) = operator.acts()
    assert act.result == "approved" and act.entry.verb == "approve"
    assert (act.entry.keys, act.entry.unseen, act.entry.via) == ((call.id,), 0, "screen")


@pytest.mark.parametrize("no", ["n", "escape"])
def test_no_leaves_everything_as_it_is(operator: Operator, agents: Source, no: str) -> None:
    call = ask(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        for key in ("a", "d"):
            await keys.press(key)
            assert keys.inbox.asking
            await keys.press(no)
            assert not keys.inbox.asking and keys.inbox.table.has_focus
        await keys.press("x")
        await keys.type("no")
        await keys.press("escape", "y", "enter", "escape")
        assert not keys.inbox.asking and keys.inbox.table.has_focus

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "pending"
    assert operator.acts() == []


@pytest.mark.parametrize("reason", ["", "not on a Friday: [b]wait[/b]"])
def test_reject_takes_a_reason_or_none(operator: Operator, agents: Source, reason: str) -> None:
    call = ask(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("x")
        assert "A reason (may be empty):" in keys.flat
        await keys.type(reason)
        await keys.press("enter")
        await keys.sees("Nothing waits.")

    operator.run(steps)
    row = agents.approvals.get(call.id)
    assert (row.status, row.feedback) == ("rejected", reason)
    assert operator.acts()[0].entry.reason == reason


def test_sending_back_needs_words(operator: Operator, agents: Source) -> None:
    call = ask(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("b", "space", "enter")
        await keys.sees("needs text: what to do instead")
        assert keys.inbox.asking
        await keys.type("use staging")
        await keys.press("enter")
        await keys.until(lambda: keys.notice.startswith("sent back: save_file"))

    operator.run(steps)
    row = agents.approvals.get(call.id)
    assert (row.status, row.feedback) == ("rejected", "use staging")


def test_an_answer_may_have_lines_and_the_next_chat_message_is_not_taken_for_it(
    operator: Operator, agents: Source
) -> None:
    question = wonder(agents, remember=True)
    assert agents.short_memory.get("pending_clarification", "agui:web-1") is not None

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("enter", "enter")
        await keys.sees("needs text: an answer")
        await keys.type("eu-west\nnot us-east")
        await keys.press("enter")
        await keys.until(lambda: keys.notice.startswith("answered: Which region?"))

    operator.run(steps)
    row = agents.clarifications.get(question.id)
    assert (row.status, row.answer) == ("answered", "eu-west\nnot us-east")
    assert agents.short_memory.get("pending_clarification", "agui:web-1") is None


def test_both_kinds_can_be_dismissed_and_no_call_is_run_for_it(operator: Operator, agents: Source) -> None:
    call, question = ask(agents, minutes=5), wonder(agents, minutes=4)

    async def steps(keys: Keys) -> None:
        for id in (call.id, question.id):
            await keys.go_to(id)
            await keys.press("d")
            assert "Dismiss" in keys.flat and keys.inbox.asking
            await keys.press("y")
            await keys.until(lambda id=id: id not in {key[2] for key in keys.inbox.items})
        await keys.sees("Nothing waits.")

    operator.run(steps, NARROW)
    row = agents.approvals.get(call.id)
    assert (row.status, row.feedback) == ("expired", "Dismissed: nobody was waiting")
    assert agents.clarifications.get(question.id).status == "expired"
    assert [act.entry.noun for act in operator.acts()] == ["approval", "question"]


def test_a_verb_of_the_other_kind_does_nothing(operator: Operator, agents: Source) -> None:
    wonder(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("a", "x", "b", "A")
        assert not keys.inbox.asking and keys.notice == ""

    operator.run(steps)


def test_words_that_were_not_sent_are_still_there(operator: Operator, agents: Source) -> None:
    first, second = ask(agents, "first", minutes=5), ask(agents, "second", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.go_to(first.id)
        await keys.press("b")
        await keys.type("use stag")
        agents.short_memory.set("other", "key", "x", 60.0)
        operator.where.run(f"UPDATE approvals SET args = '{{}}' WHERE id = '{first.id}'")
        await keys.sees("nothing will be sent")
        await keys.press("escape")
        await keys.settled()
        await keys.press("b")
        await keys.type("ing")
        await keys.press("enter")
        await keys.until(lambda: keys.cursor == second.id)
        await keys.settled()
        await keys.press("b")
        assert keys.inbox.query_one("WordsArea").text == ""  # of another item

    operator.run(steps)
    assert agents.approvals.get(first.id).feedback == "use staging"


def test_what_is_pasted_brings_no_control_character(operator: Operator, agents: Source) -> None:
    from textual.events import Paste

    question = wonder(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("enter")
        keys.app.post_message(Paste("eu\x1b]0;x\x07-west\r\nor\rus\u202e\x9b2J"))
        await keys.until(lambda: "us2J" in keys.text)
        await keys.press("enter")
        await keys.sees("Nothing waits.")

    operator.run(steps)
    assert agents.clarifications.get(question.id).answer == "eu]0;x-west\nor\nus2J"


def test_secrets_are_counted_in_the_bar_and_shown_only_on_record(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy", json.dumps({"token": SECRET, "also": SECRET}))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        assert SECRET not in keys.packed and keys.text.count("⟨secret 40⟩") == 2
        await keys.press("a")
        assert "⚠ 2 secrets are masked" in keys.text
        await keys.press("n", "v")
        await keys.until(lambda: SECRET in keys.packed and "v Mask" in keys.text)
        (act,) = operator.acts()
        assert (act.entry.verb, act.result, act.entry.counts) == ("reveal", "revealed", {"secrets": 2})
        await keys.settled()
        await keys.press("a")
        assert "⚠ 2 secrets are shown" in keys.text
        await keys.press("n", "v")
        await keys.until(lambda: SECRET not in keys.packed)
        await keys.press("v")
        await keys.until(lambda: SECRET in keys.packed)
        # Other secrets in the same place were never asked for.
        other = SECRET[:-1] + "Y"
        operator.where.run(f"UPDATE approvals SET args = '{json.dumps({'token': other})}' WHERE id = '{call.id}'")
        await keys.until(lambda: SECRET not in keys.packed)
        await keys.sees("⟨secret 40⟩")
        assert other not in keys.packed

    operator.run(steps)


def test_nothing_is_shown_unmasked_when_it_cannot_be_recorded(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy", json.dumps({"token": SECRET}))
    operator.home.write_text("a file where the home should be")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("v")
        await keys.until(lambda: keys.notice != "")
        assert SECRET not in keys.text
        await keys.press("a", "y")
        await keys.until(lambda: keys.notice not in ("", "Approve…"))
        assert "approved" not in keys.notice

    operator.run(steps)
    assert agents.approvals.list()[0].status == "pending"


def test_one_secret_is_one_secret_and_invisible_characters_are_counted(operator: Operator, agents: Source) -> None:
    ask(agents, "de\u200bploy", json.dumps({"token": SECRET, "path": "a\u202eb"}, ensure_ascii=False))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("a")
        assert "⚠ 1 secret is masked" in keys.text
        assert "⚠ 1 invisible character shown as ⟨U+200B⟩" in keys.text
        assert "⚠ 1 character that turns the direction of text shown as ⟨U+202E⟩" in keys.flat

    operator.run(steps)


def test_a_read_only_source_greys_the_verbs_and_w_opens_it_after_one_question(
    operator: Operator, agents: Source
) -> None:
    call = ask(agents)
    operator.read_only = True

    async def steps(keys: Keys) -> None:
        await keys.settled()
        last = keys.text.splitlines()[-1]
        assert last == " a Approve  x Reject  b Send back  d Dismiss (read-only)  W Write  ? Help"
        for key in ("a", "x", "b", "d"):
            await keys.press(key)
            assert not keys.inbox.asking and "read-only; W opens the source for writing" in keys.notice
        await keys.press("W")
        assert "Open prod-genie for writing?" in keys.flat
        await keys.press("n")
        assert keys.inbox.lane.source is not None and keys.inbox.lane.source.read_only
        await keys.press("W", "y")
        await keys.until(lambda: keys.notice == "Opened for writing.")
        await keys.sees("read-write")
        await keys.until(lambda: keys.inbox.detail is not None and not keys.inbox.detail.refusals)
        await keys.settled()
        await keys.press("W")
        assert keys.notice == "This source is open for writing already."
        await keys.press("a", "y")
        await keys.sees("Nothing waits.")

    operator.run(steps, NARROW)
    assert agents.approvals.get(call.id).status == "approved"


def test_the_question_about_the_source_stays_when_the_item_changes_under_it(operator: Operator, agents: Source) -> None:
    call, other = ask(agents, "first"), ask(agents, "second")
    operator.read_only = True

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("W")
        for waiting in (call, other):
            agents.approvals.resolve(waiting.id, "rejected", resolved_by="ops2")
        await keys.sees("Nothing waits.")
        assert keys.inbox.asking and "for writing?" in keys.flat
        await keys.press("y")
        await keys.sees("read-write")

    operator.run(steps)


def test_read_only_on_the_command_line_always_wins(operator: Operator, agents: Source) -> None:
    ask(agents)
    operator.read_only = operator.never_writable = True

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("W")
        assert keys.notice.startswith("--read-only was given, and it always wins") and not keys.inbox.asking
        assert "W Write" in keys.text.splitlines()[-1]

    operator.run(steps)


def test_a_source_that_cannot_be_opened_for_writing_stays_as_it_is(
    operator: Operator, agents: Source, tmp_path: Path
) -> None:
    ask(agents)
    operator.read_only = True

    async def steps(keys: Keys) -> None:
        await keys.settled()
        place = keys.inbox.place
        keys.inbox.place = replace(
            place, open=lambda write: open_source(tmp_path / "gone") if write else place.open(False)
        )
        await keys.press("W", "y")
        await keys.until(lambda: keys.notice.startswith("It stays read-only: "))
        await keys.sees("read-only")
        assert keys.inbox.failure is None and not keys.inbox.place.writable

    operator.run(steps)


def test_after_a_decision_it_is_looked_at_again_and_nothing_is_claimed_that_nobody_knows(
    operator: Operator, agents: Source
) -> None:
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("a", "y")
        done = f"approved: deploy {call.id[:8]}"
        await keys.until(lambda: re.fullmatch(rf"{done} · nobody has written since \(\d+ s\)", keys.notice))
        first = keys.notice
        wonder(agents, "A late question?", minutes=0)
        operator.where.run("UPDATE clarifications SET status = 'pending'")
        await keys.until(lambda: keys.notice != first)
        assert re.fullmatch(rf"{done} · (nobody has written since \(1\d s\)|others wrote .* ago)", keys.notice)

    operator.run(steps)


def test_a_decision_that_was_overwritten_is_told_whatever_stands_there(operator: Operator, agents: Source) -> None:
    first, second = ask(agents, "first", minutes=5), ask(agents, "second", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.go_to(first.id)
        await keys.press("a", "y")
        await keys.until(lambda: keys.cursor == second.id)
        operator.where.run(f"UPDATE approvals SET status = 'rejected', resolved_by = 'theirs' WHERE id = '{first.id}'")
        await keys.until(lambda: "overwritten: now rejected by theirs" in keys.notice)
        assert keys.notice.startswith(f"approved: first {first.id[:8]}")

    operator.run(steps)


def test_the_news_of_a_second_decision_is_not_overwritten_by_a_late_look_at_the_first(
    operator: Operator, agents: Source
) -> None:
    first, second = ask(agents, "first", minutes=5), ask(agents, "second", minutes=4)
    ask(agents, "third", minutes=3)
    said: list[str] = []

    async def steps(keys: Keys) -> None:
        notice = keys.inbox.notice
        told = notice.say
        notice.say = lambda words, *rest, **more: (said.append(str(words)), told(words, *rest, **more))[1]  # type: ignore[method-assign]
        for call in (first, second):
            await keys.go_to(call.id)
            await keys.press("a", "y")
            await keys.until(lambda call=call: call.id not in {key[2] for key in keys.inbox.items})
        await keys.until(lambda: "second" in keys.notice and "since" in keys.notice)
        at = said.index(next(words for words in said if words.startswith(f"approved: second {second.id[:8]}")))
        assert not any("first" in words for words in said[at:])

    operator.run(steps, WIDE)
