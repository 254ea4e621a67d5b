"""Marked rows decided together: listed whole, asked about once, each decided for itself, and reported."""

import json
from time import monotonic

import pytest
from support.inboxes import NOON, SECRET, Keys, Operator, ask, wonder
from support.screens import NARROW, WIDE, Screen

from workbench.data import Source
from workbench.tui.deciding import SETTLE
from workbench.tui.together_screen import ENDED, LISTED, TogetherScreen


def sheet(keys: Keys) -> TogetherScreen:
    """The screen on which many are decided."""
    assert isinstance(keys.app.screen, TogetherScreen)
    return keys.app.screen


async def mark_all(keys: Keys) -> None:
    await keys.press("g", "V", "G", "V")
    await keys.until(lambda: f"{len(keys.inbox.items)} marked" in keys.text.splitlines()[0])


async def listed(keys: Keys) -> TogetherScreen:
    """The list is there, and was looked at for long enough."""

    def ready() -> bool:
        shown = keys.app.screen
        there = isinstance(shown, TogetherScreen) and shown.stage == LISTED
        return there and monotonic() - shown.shown_at >= SETTLE

    await keys.until(ready)
    return sheet(keys)


async def ended(keys: Keys) -> None:
    await keys.until(lambda: isinstance(keys.app.screen, TogetherScreen) and keys.app.screen.stage == ENDED)


async def look_through(keys: Keys, key: str) -> None:
    """Press the key until all was on screen, and the bar is open."""
    while not sheet(keys).asking:
        await listed(keys)
        await keys.press(key)


def fill(agents: Source) -> list[str]:
    """Three calls of web pages with hostile texts and a secret, one of a messenger, one question; their ids."""
    calls = [
        ask(
            agents, "save_file", '{"path": "/srv/a", "note": "\\u202egpj.exe"}', minutes=9, question='says "go\x1b[2J"'
        ),
        ask(agents, "run_shell[/red]", json.dumps({"command": "ls", "token": SECRET}), minutes=7),
        ask(agents, "deploy\x1b]0;x\x07", "no json at all\x00".replace("\0", "\x07"), minutes=20, ttl=None),
        ask(agents, "send_mail", '{"to": "ann"}', minutes=3, sender_context="slack:U02:C1"),
    ]
    return [*(call.id for call in calls), wonder(agents, "Use OAuth?", minutes=5).id]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_the_list_and_the_report_read_as_their_goldens_do(
    operator: Operator, agents: Source, size: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.tui.together.LOOKS", (3600.0,))  # what is heard later is no part of the picture
    ids = fill(agents)
    hidden = [(id[:8], f"{number}f1c2d3e") for number, id in enumerate(ids)]
    name = f"{size[0]}x{size[1]}"

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 5)
        await mark_all(keys)
        lines = keys.text.splitlines()
        assert sum(line.startswith("*") for line in lines) == 5
        await keys.sees(" a Approve 4  x Reject 4  b Send back 4  d Dismiss 5  ctrl+\\ Clear marks")
        await keys.press("a")
        screen = await listed(keys)
        await keys.press("g")
        await keys.until(lambda: "1 of 3" in keys.text)
        await keys.golden(f"together_list_{name}", *hidden)
        await look_through(keys, "a")
        assert SECRET not in keys.text and screen.pane.unseen == 0
        await keys.golden(f"together_asking_{name}", *hidden)
        agents.approvals.resolve(ids[1], "rejected", resolved_by="ops2\x1b[31m", feedback="no[/]", at=NOON)
        await keys.press("y")
        await ended(keys)
        await keys.golden(f"together_report_{name}", *hidden)
        await keys.press("escape")
        await keys.until(lambda: len(keys.inbox.items) == 2)
        await keys.until(lambda: "2 marked" in keys.text.splitlines()[0])
        assert "2 approved, 1 skipped (decided or changed by others)" in keys.notice

    operator.run(steps, size)
    assert [agents.approvals.get(id).status for id in ids[:4]] == ["approved", "rejected", "approved", "pending"]
    acts = operator.acts()
    assert [act.result for act in acts].count("approved") == 2 and [act.result for act in acts].count("failed") == 1
    assert all(act.entry.counts == {"together": 3} and act.entry.unseen == 0 for act in acts)


def test_calls_of_a_messenger_alone_are_a_group_of_their_own_and_warned_of(operator: Operator, agents: Source) -> None:
    slack = [ask(agents, f"tool_{n}", minutes=5 - n, sender_context=f"slack:U{n}") for n in range(2)]
    web = ask(agents, "web", minutes=2)

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 3)
        await keys.press("g", "space", "j", "space", "x")
        await listed(keys)
        assert "warning  came by a messenger" in keys.text and "1 of 2  tool_0" in keys.text
        await keys.press("x")
        assert "Reject 2 calls · A reason (may be empty):" in keys.text and "better answer in the channel" in keys.flat
        await keys.type("ask me\nthere")
        await keys.press("enter")
        await ended(keys)
        await keys.press("escape")
        await keys.until(lambda: len(keys.inbox.items) == 1 and "marked" not in keys.text.splitlines()[0])

    operator.run(steps)
    assert {(row.status, row.feedback) for row in map(agents.approvals.get, (call.id for call in slack))} == {
        ("rejected", "ask me\nthere")
    }
    assert agents.approvals.get(web.id).status == "pending"


def test_a_typed_count_approves_all_and_each_record_says_what_was_unseen_of_it(
    operator: Operator, agents: Source
) -> None:
    long = json.dumps({f"key {number}": number for number in range(60)})
    first, second = ask(agents, "first", '{"a": 1}', minutes=6), ask(agents, "second", long, minutes=5)

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 2)
        await mark_all(keys)
        await keys.press("A")
        screen = await listed(keys)
        unseen = screen.pane.unseen
        assert 30 < unseen < 62
        screen.shown_at += 3600  # what has only just come cannot be decided, however fast the keys come
        for key in ("a", "A"):
            await keys.press(key)
            assert not screen.asking and "This has only just come on screen" in keys.text
        screen.shown_at -= 3600
        await keys.press("A")
        await keys.type("1")
        await keys.press("enter")
        await keys.sees(f"that is not {unseen}")
        await keys.press("backspace")
        await keys.type(str(unseen))
        await keys.press("enter")
        await ended(keys)
        assert {act.entry.keys[0]: act.entry.unseen for act in operator.acts()} == {first.id: 0, second.id: unseen}

    operator.run(steps)
    assert agents.approvals.get(second.id).status == "approved"


def test_marks_stay_with_their_rows_and_those_that_leave_are_counted(operator: Operator, agents: Source) -> None:
    calls = [ask(agents, f"tool_{n}", minutes=9 - n) for n in range(4)]

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 4)
        await keys.press("g", "V", "j", "j", "V")
        await keys.sees("3 marked", "Approve 3")
        ask(agents, "newcomer", minutes=9.5)
        agents.approvals.resolve(calls[1].id, "rejected", resolved_by="eve")
        await keys.until(lambda: keys.notice == "1 marked row has left and is unmarked; 2 are marked still")
        assert [key[2] for key in keys.inbox.marked] == [calls[0].id, calls[2].id]
        await keys.press("d")
        screen = await listed(keys)
        agents.approvals.resolve(calls[0].id, "rejected", resolved_by="eve", at=NOON)
        await keys.sees("1 of these has left the inbox since they were marked")
        operator.where.run(f"UPDATE approvals SET args = '[]' WHERE id = '{calls[2].id}'")
        await keys.press("d")
        await keys.sees("Dismiss 2 calls?")
        await keys.press("y")
        await ended(keys)
        assert "2 skipped" in keys.text and "is not as it was shown" in keys.flat and "by 'eve'" in keys.flat
        assert screen.stage == ENDED
        await keys.press("escape", "ctrl+backslash")
        await keys.until(lambda: keys.inbox.marked == ())

    operator.run(steps)
    assert agents.approvals.get(calls[2].id).status == "pending"


def test_escape_stops_after_the_current_one_and_the_rest_is_told_as_not_tried(
    operator: Operator, agents: Source
) -> None:
    calls = [ask(agents, f"tool_{n}", minutes=9 - n) for n in range(3)]

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 3)
        await mark_all(keys)
        await keys.press("a")
        await look_through(keys, "a")
        holder = operator.where.raw()
        holder.execute("BEGIN IMMEDIATE" if operator.where.engine == "sqlite" else "BEGIN")
        holder.execute(f"UPDATE approvals SET tenant_id = tenant_id WHERE id = '{calls[0].id}'")
        await keys.press("y")
        await keys.sees("Approve: 0 of 3")
        await keys.press("escape")
        await keys.sees("stopping after the current one")
        holder.execute("COMMIT")
        holder.close()
        await ended(keys)
        assert "1 approved, 2 not tried" in keys.flat and "not tried: it was stopped before" in keys.flat
        await keys.press("escape")
        await keys.until(lambda: [key[2] for key in keys.inbox.marked] == [call.id for call in calls[1:]])

    operator.run(steps)
    assert [agents.approvals.get(call.id).status for call in calls] == ["approved", "pending", "pending"]
    assert [act.result for act in operator.acts()] == ["approved"]


def test_a_read_only_source_is_greyed_and_nothing_is_listed(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy")
    operator.read_only = True

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 1)
        await keys.press("space")
        await keys.sees("Dismiss 1 (read-only)")
        await keys.press("a")
        await keys.until(lambda: keys.notice == "Approve: read-only; W opens the source for writing")
        assert not isinstance(keys.app.screen, TogetherScreen)

    operator.run(steps)


def test_what_is_overwritten_later_is_told_in_the_report_and_on_the_inbox(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 1)
        await mark_all(keys)
        await keys.press("a")
        await look_through(keys, "a")
        await keys.press("y")
        await ended(keys)
        operator.where.run(f"UPDATE approvals SET status = 'rejected', resolved_by = 'bot' WHERE id = '{call.id}'")
        await keys.sees("overwritten: now rejected by bot", "1 of these stand no more")

    operator.run(steps)
