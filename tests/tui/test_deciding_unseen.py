"""Nothing that is approved is hidden: what was not on screen is counted, shown page by page, or named in the audit."""

import json

import pytest
from support.inboxes import Keys, Operator, ask
from support.screens import NARROW, WIDE, Screen

from workbench.data import Source


def many(count: int) -> str:
    """Arguments of so many lines and two for their braces."""
    return json.dumps({f"key {number}": number for number in range(count)})


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_a_shows_what_is_unseen_page_by_page_before_it_asks(operator: Operator, agents: Source, size: Screen) -> None:
    call = ask(agents, "deploy", many(60))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        pane = keys.inbox.pane
        unseen = pane.unseen
        assert 63 - pane.size.height < unseen < 63
        pages = 0
        while pane.unseen:
            await keys.settled()
            await keys.press("a")
            pages += 1
            await keys.until(lambda before=unseen: pane.unseen < before)
            assert not keys.inbox.asking
            unseen = pane.unseen
            if unseen:
                await keys.until(lambda left=unseen: f"{left} lines have not been seen yet" in keys.flat)
        assert pages >= 60 // pane.size.height
        await keys.until(lambda: keys.notice == "That is the rest of it: a again approves.")
        await keys.sees('"key 59": 59')
        # The last page has to be there a while too; the clock of the screen is stopped here, for machines are slow.
        keys.inbox.shown_at += 3600
        await keys.press("a")
        assert not keys.inbox.asking
        keys.inbox.shown_at -= 3600
        await keys.settled()
        await keys.press("a")
        assert keys.inbox.asking
        await keys.press("y")
        await keys.sees("Nothing waits.")

    operator.run(steps, size)
    assert agents.approvals.get(call.id).status == "approved"
    assert operator.acts()[0].entry.unseen == 0


def test_scrolling_by_hand_counts_as_seeing(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy", many(60))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("tab")
        assert keys.inbox.pane.has_focus
        for _ in range(60):
            await keys.press("j")
        await keys.press("G")
        await keys.until(lambda: keys.inbox.pane.unseen == 0)
        await keys.press("a")
        assert keys.inbox.asking

    operator.run(steps)


def test_jumping_to_the_end_leaves_the_middle_unseen(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy", many(200))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        first = keys.inbox.pane.unseen
        await keys.press("tab", "G")
        assert '"key 199": 199' in keys.text
        await keys.until(lambda: 0 < keys.inbox.pane.unseen < first)
        await keys.press("a")
        assert not keys.inbox.asking and '"key 199": 199' not in keys.text

    operator.run(steps)


def test_a_typed_count_approves_all_the_same_and_the_audit_says_how_much_was_unseen(
    operator: Operator, agents: Source
) -> None:
    call = ask(agents, "deploy", many(60))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        unseen = keys.inbox.pane.unseen
        await keys.press("A")
        assert f"{unseen} lines have not been on screen. Type {unseen} to approve all the same." in keys.flat
        for wrong in ("", "y", str(unseen - 1)):
            await keys.type(wrong)
            await keys.press("enter")
            await keys.sees(f"that is not {unseen}")
            await keys.press(*["backspace"] * len(wrong))
        await keys.type(str(unseen))
        await keys.press("enter")
        await keys.sees("Nothing waits.")
        assert operator.acts()[0].entry.unseen == unseen > 0

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "approved"


def test_with_everything_seen_capital_a_asks_as_a_does(operator: Operator, agents: Source) -> None:
    ask(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("A")
        assert "Approve save_file" in keys.text and "y yes   n no" in keys.text

    operator.run(steps)


def test_one_line_longer_than_the_screen_is_seen_when_all_of_it_was(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy", json.dumps({"script": "x" * 5_000 + "END"}))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        assert keys.inbox.pane.unseen >= 1
        pages = 0
        while keys.inbox.pane.unseen:
            await keys.settled()
            before = keys.inbox.pane.next_unseen
            await keys.press("a")
            pages += 1
            assert pages < 20 and not keys.inbox.asking
            await keys.until(lambda before=before: keys.inbox.pane.next_unseen != before)
        assert pages >= 2 and "END" in keys.packed

    operator.run(steps)


def test_what_was_seen_stays_seen_in_another_width_and_what_was_not_does_not(
    operator: Operator, agents: Source
) -> None:
    ask(agents, "deploy", many(60))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        wide = keys.inbox.pane.unseen
        await keys.pilot.resize_terminal(80, 24)
        await keys.until(lambda: keys.inbox.pane.size.height == 8)
        assert keys.inbox.pane.unseen == wide
        await keys.pilot.resize_terminal(120, 60)
        await keys.until(lambda: keys.inbox.pane.size.height == 56)
        await keys.until(lambda: 0 < keys.inbox.pane.unseen < wide)

    operator.run(steps)


def test_nothing_counts_as_seen_while_the_help_lies_over_it(operator: Operator, agents: Source) -> None:
    first, second = ask(agents, "first", minutes=5), ask(agents, "second", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.go_to(first.id)
        await keys.press("question_mark")
        await keys.sees("Keys:")
        agents.approvals.resolve(first.id, "approved", resolved_by="ops2")
        await keys.until(lambda: keys.inbox.detail is not None and keys.inbox.detail.record.id == second.id)
        lines = len(keys.inbox.detail.must_see) if keys.inbox.detail else 0
        assert keys.inbox.pane.unseen == lines > 0
        shown = keys.inbox.shown_at
        await keys.press("escape")
        await keys.until(lambda: keys.inbox.pane.unseen == 0)
        assert keys.inbox.shown_at > shown

    operator.run(steps)


def test_where_there_is_no_room_the_screen_says_how_to_get_it(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy", many(60))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.pilot.resize_terminal(80, 5)
        await keys.until(lambda: "asked" not in keys.text)
        before = keys.inbox.pane.unseen
        await keys.press("a")
        assert not keys.inbox.asking and keys.inbox.pane.unseen == before > 0
        assert f"{before} lines have not been seen, and there is no room: ⏎ shows it on the whole" in keys.notice
        await keys.press("enter")
        await keys.until(lambda: "asked" in keys.text or '"key' in keys.text)
        await keys.settled()
        await keys.press("a")
        await keys.until(lambda: keys.inbox.pane.unseen < before)

    operator.run(steps)


def test_on_a_low_screen_the_list_gives_way_to_the_question(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy", '{"a": 1}', sender_context="slack:U1:C1")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        while keys.inbox.pane.unseen:
            await keys.press("a")
            await keys.settled()
        await keys.press("a")
        await keys.sees("Approve deploy", "y yes   n no", "better answer in the channel")
        await keys.press("n")
        await keys.sees("WAIT")

    operator.run(steps, (80, 14))
