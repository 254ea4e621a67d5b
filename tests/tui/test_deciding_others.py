"""Others decide too: before, between and after; agents are told, and so is the second operator's screen."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from support.agents import Place
from support.inboxes import NOON, Keys, Operator, ask, wonder
from support.screens import NARROW, Pty

from workbench.data import Source

# An agent: it holds a call and a question, and waits until somebody decides.
AGENT = """
import json, sys
from workbench.data import open_source
with open_source(sys.argv[1]) as source:
    asked = source.clarifications.ask("Which region?", sender_context="agui:web-1")
    print("asked", flush=True)
    outcome = source.approvals.ask("deploy", '{"env": "prod"}', sender_context="agui:web-1", timeout=120)
    answer = source.clarifications.wait(asked.id, timeout=120)
    print(json.dumps([outcome.run, answer.answer]), flush=True)
"""
# A second operator: the program as it is started, in a terminal of its own.
PROGRAM = [sys.executable, "-m", "workbench"]


@contextmanager
def agent(place: Place) -> Iterator["subprocess.Popen[str]"]:
    """A process that waits for an operator."""
    process = subprocess.Popen([sys.executable, "-c", AGENT, place.target], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_waiting_agent_is_told_and_the_second_operators_screen_shows_it(
    operator: Operator, place: Place, agents: Source
) -> None:
    environment = {"HOME": os.fspath(operator.home.parent), "WORKBENCH_HOME": os.fspath(operator.home.parent / "two")}
    with agent(place) as waiting, Pty([*PROGRAM, place.target], size=(120, 34), environment=environment) as second:
        second.until("deploy")
        second.until("Which region?")

        async def steps(keys: Keys) -> None:
            operator.moment = agents.approvals.list()[0].created_at
            await keys.until(lambda: len(keys.inbox.items) == 2)
            call = next(id for _, kind, id in keys.inbox.items if kind == "approval")
            question = next(id for _, kind, id in keys.inbox.items if kind == "question")
            await keys.go_to(call)
            mark = second.mark()
            await keys.press("a", "y")
            await keys.until(lambda: call not in {key[2] for key in keys.inbox.items})
            second.until("inbox 1", since=mark)
            await keys.go_to(question)
            await keys.press("enter")
            await keys.type("eu-west")
            await keys.press("enter")
            await keys.sees("Nothing waits.")
            second.until("Nothing waits.", since=mark)

        operator.run(steps)
        assert waiting.stdout is not None
        assert json.loads(waiting.stdout.readline()) == [True, "eu-west"]
        second.send("q")
        assert second.until_closed() == 0


def test_who_was_faster_is_told_with_how_and_when_and_the_list_goes_on(operator: Operator, agents: Source) -> None:
    first, second = ask(agents, "first", minutes=5), ask(agents, "second", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.go_to(first.id)
        await keys.press("p", "a")  # paused, so that the news does not come before the key
        agents.approvals.resolve(first.id, "rejected", resolved_by="ops2@bastion", feedback="no", at=NOON)
        await keys.press("y")
        await keys.until(lambda: "was already rejected by 'ops2@bastion' at 2026-05-04 12:00:00 UTC" in keys.notice)
        assert "with feedback 'no'" in keys.flat
        await keys.until(lambda: keys.cursor == second.id)
        await keys.settled()
        assert "was already rejected" in keys.notice  # the row that left is no other news
        await keys.press("a", "y")
        await keys.until(lambda: keys.notice.startswith("approved: second"))

    operator.run(steps, NARROW)
    assert agents.approvals.get(first.id).resolved_by == "ops2@bastion"
    assert [act.result for act in operator.acts()] == ["failed", "approved"]


def test_an_open_bar_closes_when_another_decides_and_says_who(operator: Operator, agents: Source) -> None:
    call, question = ask(agents, "deploy", minutes=5), wonder(agents, minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.go_to(call.id)
        await keys.press("a")
        agents.approvals.resolve(call.id, "approved", resolved_by="ops2", at=NOON)
        await keys.until(lambda: not keys.inbox.asking)
        await keys.until(lambda: keys.notice == f"deploy {call.id[:8]}: approved by ops2 at 12:00")
        await keys.press("y")
        await keys.go_to(question.id)
        await keys.press("enter")
        await keys.type("eu")
        agents.clarifications.respond(question.id, "us-east", at=NOON)
        await keys.sees("Nothing waits.")
        await keys.until(lambda: keys.notice == "Which region?: answered at 12:00: us-east")
        await keys.press("escape")  # an editor stays, so that what is being typed acts on nothing
        assert not keys.inbox.asking and keys.inbox.table.has_focus

    operator.run(steps)
    assert operator.acts() == []


def test_an_open_bar_closes_when_the_call_changes_under_it_and_says_what_changed(
    operator: Operator, agents: Source
) -> None:
    call = ask(agents, "deploy", '{"env": "staging", "force": false}')

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("a")
        shown = keys.inbox.shown_at
        args = json.dumps({"env": "prod", "force": False})
        operator.where.run(f"UPDATE approvals SET args = '{args}' WHERE id = '{call.id}'")
        await keys.until(lambda: not keys.inbox.asking)
        assert keys.notice == "This has changed since it was shown, look again: args (env)"
        assert keys.inbox.shown_at > shown and '"prod"' in keys.text
        await keys.press("y", "a")
        assert agents.approvals.get(call.id).status == "pending"

    operator.run(steps)


def test_what_has_only_just_come_on_screen_cannot_be_decided(operator: Operator, agents: Source) -> None:
    first = ask(agents, "first", minutes=5)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        for change in ("status = status || ''", f"thread_id = '{'t' * 9}'"):
            operator.where.run(f"UPDATE approvals SET {change} WHERE id = '{first.id}'")
        await keys.until(lambda: keys.notice == "This has changed since it was shown, look again: thread_id")
        # The clock of the screen is stopped here, for a slow machine must not settle between the two.
        keys.inbox.shown_at += 3600
        for key in ("a", "x", "b", "d", "A"):
            await keys.press(key)
            assert not keys.inbox.asking
            assert keys.notice == "This has only just come on screen: look, and press again."
        keys.inbox.shown_at -= 3600
        await keys.settled()
        await keys.press("a")
        assert keys.inbox.asking and keys.notice == ""

    operator.run(steps)


def test_a_decision_is_bound_to_what_was_shown_even_if_the_news_comes_late(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy", '{"env": "staging"}')

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("p", "a")
        operator.where.run(f"""UPDATE approvals SET args = '{{"env": "prod"}}' WHERE id = '{call.id}'""")
        await keys.press("y")
        await keys.until(lambda: "is not as it was shown (args was" in keys.notice)
        await keys.sees('"env": "prod"')

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "pending"


def test_a_row_that_is_gone_is_told_as_gone(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        operator.where.run(f"DELETE FROM approvals WHERE id = '{call.id}'")
        await keys.until(lambda: keys.notice == f"approval {call.id[:8]} is gone from the database")
        await keys.sees("Nothing waits.")

    operator.run(steps)
