"""`w`: who else decided this tool, and how; against golden files, with hostile texts in all that is shown."""

import json
from datetime import timedelta

import pytest
from support.inboxes import NOON, SECRET, Keys, Operator, ago, ask, wonder
from support.screens import NARROW, WIDE, Screen

from workbench.data import Source
from workbench.tui.tool_screen import ToolScreen


def fill(agents: Source) -> list[str]:
    """A call that waits and three of the same tool that were decided; their ids."""
    decided = [
        (("approved", "ops2@bastion", ""), {"path": "/srv/a", "mode": 420, "token": SECRET}, 90),
        (("rejected", "eve\x1b[2J[/red]", f"use staging\nand not {SECRET} \u202e"), {"path": "/srv/b"}, 70),
        (("rejected", "ops@bastion", ""), {"path": "/srv/a", "mode": 493, "\u200bodd": 1}, 50),
    ]
    ids = []
    for (status, by, feedback), args, minutes in decided:
        call = ask(agents, "save\x07_file", json.dumps(args), minutes=minutes, sender_context="agui:\x1b]0;x\x07")
        at = ago(minutes) + timedelta(minutes=3)
        agents.approvals.resolve(call.id, status, resolved_by=by, feedback=feedback, at=at)
        ids.append(call.id)
    ask(agents, "other", minutes=30)
    return [*ids, ask(agents, "save\x07_file", json.dumps({"path": "/srv/a", "mode": 420}), minutes=4).id]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_who_decided_this_tool_reads_as_its_golden_does(operator: Operator, agents: Source, size: Screen) -> None:
    ids = fill(agents)

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 2)
        await keys.go_to(ids[-1])
        await keys.press("w")
        await keys.sees("compared")
        text = keys.text
        assert SECRET not in text and not set(text) & set("\x1b\x07\u202e\u200b")
        hidden = [(id[:8], f"{number}f1c2d3e") for number, id in enumerate(ids)]
        await keys.golden(f"tool_{size[0]}x{size[1]}", *hidden)
        await keys.press("escape")
        assert not isinstance(keys.app.screen, ToolScreen) and keys.inbox.table.has_focus

    operator.run(steps, size)
    assert operator.acts() == []


def test_a_question_has_no_tool_and_a_new_tool_no_decisions(operator: Operator, agents: Source) -> None:
    asked, call = wonder(agents, minutes=5), ask(agents, "first_time", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 2)
        await keys.go_to(asked.id)
        await keys.press("w")
        assert keys.notice == "No tool is to be called here: this is a question, or its tool cannot be read."
        await keys.go_to(call.id)
        await keys.press("w")
        await keys.sees("none in the newest 1 call of all tools")
        await keys.press("w")
        assert not isinstance(keys.app.screen, ToolScreen)

    operator.run(steps)


def test_only_the_newest_decisions_are_read_in_full(agents: Source) -> None:
    from workbench.desk.decisions_of_tool import data_of, detail_of, read_decisions

    for number in range(25):
        old = ask(agents, "deploy", f'{{"n": {number}}}', minutes=100 - number)
        agents.approvals.resolve(old.id, "approved", resolved_by=f"ops{number}", at=ago(90 - number))
    call = ask(agents, "deploy", '{"n": 24}', minutes=1)
    found = read_decisions(agents, "deploy", call)
    assert [each.record.resolved_by for each in found.earlier[:2]] == ["ops24", "ops23"]
    assert len(found.earlier) == 20 and found.made.approved == 25
    assert [data_of(each, call)["differs"] for each in found.earlier[:2]] == [[], ["n"]]
    assert data_of(found.earlier[0], None)["differs"] is None
    operator = "".join(text for line in detail_of(found, "prod", NOON).lines for text, _ in line.pieces)
    assert "25 approved in the newest 26 calls" in operator
    assert len(read_decisions(agents, "deploy", most=3).earlier) == 3
