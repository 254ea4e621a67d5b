"""Marked rows of several sources: one list, each decided by the lane of its source, one report."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.inboxes import Keys, Operator, ask, place_at

from workbench.data import Source, open_source
from workbench.tui.together_screen import ENDED, LISTED, TogetherScreen


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Source]:
    with open_source(tmp_path / "staging.db", create=True) as source:
        yield source


def stage_of(keys: Keys) -> str:
    shown = keys.app.screen
    return shown.stage if isinstance(shown, TogetherScreen) else ""


def test_each_marked_row_is_decided_in_its_own_source_and_read_only_ones_are_left_out(
    operator: Operator, agents: Source, staging: Source, tmp_path: Path
) -> None:
    with open_source(tmp_path / "looked-at.db", create=True) as looked_at:
        left = ask(looked_at, "left_alone", minutes=3)
    operator.others = [place_at(tmp_path / "staging.db"), place_at(tmp_path / "looked-at.db", writable=False)]
    first, second = ask(agents, "deploy", minutes=9), ask(staging, "restart", minutes=8)
    busy = ask(staging, "busy", minutes=7)

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 4)
        await keys.press("g", "V", "G", "V")
        await keys.sees("4 marked")
        await keys.press("x")
        await keys.until(lambda: stage_of(keys) == LISTED)
        await keys.sees("Reject 3 calls in 2 sources", "1 of 3  deploy", "in prod-genie", "in staging", "read-only")
        staging.approvals.resolve(busy.id, "approved", resolved_by="eve")
        keys.app.screen.shown_at -= 3600  # type: ignore[attr-defined]
        await keys.press("x")
        await keys.type("not now")
        await keys.press("enter")
        await keys.until(lambda: stage_of(keys) == ENDED)
        assert "2 rejected, 1 skipped" in keys.flat and f"left_alone {left.id[:8]}: left out: read-only" in keys.flat
        await keys.press("escape")
        await keys.until(lambda: [key[0] for key in keys.inbox.marked] == ["looked-at"])

    operator.run(steps)
    assert agents.approvals.get(first.id).feedback == staging.approvals.get(second.id).feedback == "not now"

    def told(act: Any) -> tuple[str, str, int]:
        return act.entry.source, act.result, act.entry.counts["together"]

    assert sorted(map(told, operator.acts())) == [
        ("prod-genie", "rejected", 3), ("staging", "failed", 3), ("staging", "rejected", 3),
    ]  # fmt: skip


def test_the_items_of_a_source_that_does_not_answer_are_left_out_and_the_others_are_decided(
    operator: Operator, agents: Source, staging: Source, tmp_path: Path
) -> None:
    operator.others = [place_at(tmp_path / "staging.db")]
    first, gone = ask(agents, "deploy", minutes=9), ask(staging, "gone", minutes=8)

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: len(keys.inbox.items) == 2)
        await keys.press("g", "V", "G", "V")
        await keys.sees("2 marked")
        lane = keys.inbox.lane_of(("staging", "approval", gone.id))

        (tmp_path / "staging.db").rename(tmp_path / "elsewhere.db")
        lane.forget()
        await keys.press("d")
        await keys.until(lambda: stage_of(keys) == LISTED)
        await keys.sees("Dismiss 1 call in prod-genie", "left out", "there is no file")
        keys.app.screen.shown_at -= 3600  # type: ignore[attr-defined]
        await keys.press("d", "y")
        await keys.until(lambda: stage_of(keys) == ENDED)
        assert "1 dismissed" in keys.flat

    operator.run(steps)
    assert agents.approvals.get(first.id).status == "expired"
