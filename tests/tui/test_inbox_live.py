"""Rows that arrive, change and leave while the operator works, on both engines."""

from datetime import timedelta
from time import time

import pytest
from support.inboxes import NOON, Keys, Operator, ask, wonder
from support.screens import NARROW

from workbench.data import Source


def lines(keys: Keys) -> list[str]:
    """The rows of the list as they stand on the screen, without the detail."""
    return [line.split("│")[0].split("┃")[0].rstrip() for line in keys.text.splitlines()[3:11]]


def test_a_row_that_arrives_takes_neither_the_cursor_nor_the_focus(operator: Operator, agents: Source) -> None:
    first, second = ask(agents, "first", minutes=3), ask(agents, "second", minutes=2)

    async def steps(keys: Keys) -> None:
        await keys.go_to(second.id)
        await keys.press("x")
        await keys.type("not ")
        urgent = ask(agents, "urgent", minutes=1, ttl=120.0)
        await keys.until(lambda: len(keys.inbox.table.rows) == 3)
        assert keys.inbox.table.rows[0].key[2] == urgent.id
        assert keys.cursor == second.id
        await keys.type("now\n")
        assert keys.inbox.asking
        await keys.press("enter")
        await keys.until(lambda: agents.approvals.get(second.id).status == "rejected")
        assert agents.approvals.get(second.id).feedback == "not now"
        assert {agents.approvals.get(one.id).status for one in (first, urgent)} == {"pending"}

    operator.run(steps)


def test_the_cursor_stays_with_its_row_while_others_leave_and_change(operator: Operator, agents: Source) -> None:
    asked = [ask(agents, f"tool-{number}", minutes=9 - number) for number in range(5)]

    async def steps(keys: Keys) -> None:
        await keys.go_to(asked[2].id)
        agents.approvals.resolve(asked[0].id, "approved", resolved_by="ops2")
        await keys.until(lambda: len(keys.inbox.table.rows) == 4)
        assert keys.cursor == asked[2].id and lines(keys)[1].startswith(" ▸   7m") and keys.notice == ""
        where = operator.where
        where.run(f"UPDATE approvals SET tool_name = 'renamed' WHERE id = '{asked[1].id}'")
        await keys.until(lambda: "renamed" in keys.text)
        assert keys.cursor == asked[2].id and lines(keys)[0].startswith("•")

    operator.run(steps)


def test_the_row_under_the_cursor_leaves_and_the_screen_says_what_became_of_it(
    operator: Operator, agents: Source
) -> None:
    first, second = ask(agents, "first", minutes=3), ask(agents, "second", minutes=2)

    async def steps(keys: Keys) -> None:
        await keys.go_to(first.id)
        agents.approvals.resolve(first.id, "rejected", resolved_by="ops2@bastion", feedback="no", at=NOON)
        await keys.until(lambda: keys.cursor == second.id)
        await keys.until(lambda: keys.notice == f"first {first.id[:8]}: rejected by ops2@bastion at 12:00: no")
        shown = keys.inbox.shown_at
        await keys.sees("second")
        agents.approvals.resolve(second.id, "approved", resolved_by="ops3", at=NOON)
        await keys.sees("Nothing waits.")
        await keys.until(lambda: keys.notice == f"second {second.id[:8]}: approved by ops3 at 12:00")
        assert keys.inbox.detail is None and keys.inbox.shown_at > shown

    operator.run(steps)


def test_on_the_whole_screen_the_detail_gives_way_to_the_list_when_nothing_is_left(
    operator: Operator, agents: Source
) -> None:
    only = ask(agents, "only")

    async def steps(keys: Keys) -> None:
        await keys.go_to(only.id)
        await keys.press("enter")
        await keys.sees("esc Back")
        assert "WAIT" not in keys.text and keys.inbox.pane.has_focus
        agents.approvals.resolve(only.id, "approved", resolved_by="ops2")
        await keys.sees("Nothing waits.", "WAIT")
        assert keys.inbox.table.has_focus

    operator.run(steps, NARROW)


def test_ages_go_on_without_anything_being_read(operator: Operator, agents: Source) -> None:
    ask(agents, minutes=4, ttl=600.0)

    async def steps(keys: Keys) -> None:
        await keys.sees("12:06 (in 6m)")
        assert lines(keys)[0].split() == ["▸", "4m", "6m", "save_file", "agui:web-1"]
        operator.moment = NOON + timedelta(minutes=7)
        await keys.sees("12:06 (1m ago)", "has probably given up (past its expiry)", "12:07", "(1 overdue)")
        assert lines(keys)[0].split() == ["▸!", "11m", "overdue", "save_file", "agui:web-1"]

    operator.run(steps)


def test_while_paused_the_rows_stand_still_and_the_counts_go_on(operator: Operator, agents: Source) -> None:
    ask(agents, "first")

    async def steps(keys: Keys) -> None:
        await keys.sees("● live", "first")
        await keys.press("p")
        await keys.sees("‖ paused")
        ask(agents, "second")
        await keys.sees("inbox 2")
        assert "second" not in keys.text and len(keys.inbox.table.rows) == 1
        await keys.press("r")
        await keys.sees("second", "‖ paused")
        wonder(agents, "Third?")
        await keys.sees("inbox 3")
        await keys.press("p")
        await keys.sees("● live", "✎ Third?")

    operator.run(steps)


def test_a_question_that_holds_a_secret_is_masked_in_the_list_too(operator: Operator, agents: Source) -> None:
    wonder(agents, "May I use token=hunter2hunter2 for this?")

    async def steps(keys: Keys) -> None:
        await keys.sees("⟨secret 14⟩")
        assert "hunter2" not in keys.text and "v Reveal" in keys.text

    operator.run(steps)


def test_ages_count_by_the_clock_of_the_source_and_its_difference_is_told(
    operator: Operator, agents: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(agents, minutes=4, ttl=600.0)
    served = operator.where.engine == "postgres"
    # Our own clock is the one that is moved: the server's cannot be.
    monkeypatch.setattr("workbench.data.engine.postgres.time", lambda: time() - 185)

    async def steps(keys: Keys) -> None:
        if served:
            await keys.until(lambda: "The clock of prod-genie is 185 s ahead of this machine's" in keys.notice)
            await keys.sees("inbox 1, clock +185 s", "12:03")
            assert lines(keys)[0].split() == ["▸", "7m", "2m", "save_file", "agui:web-1"]
        else:
            await keys.settled()
            assert keys.notice == "" and "clock" not in keys.text

    operator.run(steps)
