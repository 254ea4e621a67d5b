"""Slips of the hand: keys that come too late, too fast or twice never decide what the operator did not mean."""

import json
import re
import threading

import pytest
from support.inboxes import NOON, Keys, Operator, ask, wonder
from support.screens import NARROW, WIDE, Screen
from textual.events import Paste

from workbench.data import Source


def test_words_that_are_typed_on_after_the_item_has_left_do_nothing_to_the_next(
    operator: Operator, agents: Source
) -> None:
    first, second = ask(agents, "first", minutes=5), ask(agents, "second", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.go_to(first.id)
        await keys.press("b")
        await keys.type("not tod")
        agents.approvals.resolve(first.id, "rejected", resolved_by="ops2", at=NOON)
        await keys.until(lambda: keys.cursor == second.id)
        await keys.settled()
        await keys.type("ay; always dry")  # each an `a` and a `y`, had they been keys of the list
        await keys.press("enter", "enter")
        await keys.sees("nothing will be sent", "not today; always dry", "rejected by ops2")
        assert keys.inbox.asking and keys.inbox.detail is not None and keys.inbox.detail.record.id == second.id
        await keys.press("escape", "a")
        assert "Approve second" in keys.flat
        await keys.press("n")

    operator.run(steps)
    assert agents.approvals.get(second.id).status == "pending"
    assert operator.acts() == []


def test_a_count_that_is_typed_for_a_call_that_changed_approves_nothing(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy", json.dumps(list(range(80))))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        unseen = keys.inbox.pane.unseen
        await keys.press("A")
        operator.where.run(f"UPDATE approvals SET args = '{list(range(1, 81))}' WHERE id = '{call.id}'")
        await keys.sees("nothing will be sent")
        await keys.type(str(unseen))
        await keys.press("enter")
        assert keys.inbox.asking
        await keys.press("escape")
        assert not keys.inbox.asking and keys.inbox.table.has_focus

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "pending"
    assert operator.acts() == []


def test_on_the_whole_screen_too_the_editor_keeps_the_keys_when_nothing_is_left(
    operator: Operator, agents: Source
) -> None:
    first = ask(agents, "first")

    async def steps(keys: Keys) -> None:
        await keys.go_to(first.id)
        await keys.press("enter", "b")
        await keys.type("tod")
        agents.approvals.resolve(first.id, "rejected", resolved_by="ops2", at=NOON)
        await keys.until(lambda: keys.inbox.read.items == () and keys.inbox.detail is None)
        late = ask(agents, "late", minutes=1)
        await keys.until(lambda: keys.cursor == late.id)
        await keys.settled()
        await keys.type("ay")
        assert keys.inbox.asking
        agents.approvals.resolve(late.id, "rejected", resolved_by="ops2", at=NOON)
        await keys.until(lambda: not keys.inbox.items)
        await keys.press("escape")
        await keys.sees("Nothing waits.", "WAIT")
        assert keys.inbox.table.has_focus

    operator.run(steps, NARROW)
    assert operator.acts() == []


def test_while_a_decision_is_being_written_no_other_is_taken_for_the_same_item(
    operator: Operator, agents: Source
) -> None:
    first, second = ask(agents, "first", minutes=5), ask(agents, "second", minutes=4)
    free = threading.Event()

    async def steps(keys: Keys) -> None:
        await keys.go_to(first.id)
        keys.inbox.lane.act(lambda _: free.wait(30), lambda _: None, lambda _: None)
        await keys.press("a", "y", "a")
        assert not keys.inbox.asking and keys.notice.startswith("A decision on this is being written")
        await keys.press("y", "x")
        assert not keys.inbox.asking
        await keys.go_to(second.id)
        await keys.press("a")
        assert keys.inbox.asking  # another item is no matter of that
        await keys.press("n")
        free.set()
        await keys.until(lambda: keys.notice.startswith(f"approved: first {first.id[:8]}"))

    operator.run(steps)
    assert [act.result for act in operator.acts()] == ["approved"]


def test_words_for_one_item_outlast_the_decision_of_another(operator: Operator, agents: Source) -> None:
    first, second = ask(agents, "first", minutes=5), ask(agents, "second", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.go_to(second.id)
        await keys.press("b")
        await keys.type("use staging")
        await keys.press("escape")
        await keys.go_to(first.id)
        await keys.press("a", "y")
        await keys.until(lambda: keys.notice.startswith("approved: first"))
        await keys.go_to(second.id)
        await keys.press("b", "enter")
        await keys.sees("Nothing waits.")

    operator.run(steps)
    assert agents.approvals.get(second.id).feedback == "use staging"


def test_what_becomes_of_an_item_whose_decision_was_refused_is_news_again(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy", '{"env": "staging"}')

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("p", "a")
        operator.where.run(f"""UPDATE approvals SET args = '{{"env": "prod"}}' WHERE id = '{call.id}'""")
        await keys.press("y")
        await keys.until(lambda: "is not as it was shown" in keys.notice)
        await keys.press("p")
        await keys.sees('"env": "prod"')
        agents.approvals.resolve(call.id, "rejected", resolved_by="ops2", at=NOON)
        await keys.until(lambda: keys.notice == f"deploy {call.id[:8]}: rejected by ops2 at 12:00")

    operator.run(steps)


def test_the_same_id_in_both_kinds_is_two_items(operator: Operator, agents: Source) -> None:
    call, question = ask(agents, "deploy", minutes=5), wonder(agents, minutes=4)
    operator.where.run(f"UPDATE clarifications SET id = '{call.id}' WHERE id = '{question.id}'")

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 2)
        await keys.press("g")
        await keys.settled()
        assert keys.inbox.detail is not None and keys.inbox.detail.kind == "approval"
        await keys.press("j")
        await keys.settled()
        assert keys.inbox.detail.kind == "question"
        await keys.press("d", "y")
        await keys.until(lambda: len(keys.inbox.items) == 1)

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "pending"
    assert agents.clarifications.get(call.id).status == "expired"
    assert [act.entry.noun for act in operator.acts()] == ["question"]


@pytest.mark.parametrize("size", [(60, 15), (44, 18), NARROW, WIDE], ids=["60x15", "44x18", "80x24", "120x34"])
def test_no_line_counts_as_seen_that_never_stood_still_on_the_screen(
    operator: Operator, agents: Source, size: Screen
) -> None:
    ask(agents, "deploy", json.dumps([f"<{number}>" for number in range(40)]))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        stood = set(re.findall("<[0-9]+>", keys.text))
        while keys.inbox.pane.unseen:
            before = keys.inbox.pane.unseen
            await keys.press("a")
            await keys.until(lambda before=before: keys.inbox.pane.unseen < before)
            await keys.settled()
            stood |= set(re.findall("<[0-9]+>", keys.text))
        assert len(stood) == 40

    operator.run(steps, size)


def test_what_is_pasted_over_the_list_is_no_key(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        keys.app.post_message(Paste("ay"))
        await keys.press("r")
        assert not keys.inbox.asking
        await keys.press("a")
        keys.app.post_message(Paste("y"))
        await keys.press("j")
        assert keys.inbox.asking
        await keys.press("n")

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "pending"
    assert operator.acts() == []
