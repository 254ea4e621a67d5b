"""What waits: its order, its words, and what is said of what cannot be read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.fixtures import copied

from workbench.data import Source, open_source
from workbench.desk import inbox
from workbench.desk.inbox import Waiting, by_urgency, read_inbox
from workbench.desk.moments import clock, coarse

T = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def waits(id: str, minutes: float, expires: float | None = None, **changes: object) -> Waiting:
    """An approval asked so many minutes before T, that expires so many after it."""
    ends = None if expires is None else T + timedelta(minutes=expires)
    item = Waiting("prod", inbox.APPROVAL, id, "run_shell", "agui:web-1", T - timedelta(minutes=minutes), ends)
    return replace(item, **changes)  # type: ignore[arg-type]


def order(*items: Waiting) -> str:
    return " ".join(item.id for item in by_urgency(items, T))


def test_what_expires_soon_comes_first_then_the_oldest_then_what_was_given_up_newest_first() -> None:
    assert (
        order(
            waits("old-and-abandoned", 60, 20),
            waits("overdue", 8, -1),
            waits("fresh", 0.5, 29),
            waits("soon-2", 8, 2),
            waits("older", 9, 21),
            waits("soon-1", 3, 1),
        )
        == "soon-1 soon-2 older fresh overdue old-and-abandoned"
    )


def test_ties_go_by_source_and_id_and_a_question_never_expires() -> None:
    question = waits("q", 5, None, kind=inbox.QUESTION)
    assert order(waits("b", 5), question, waits("a", 5), waits("c", 5, source="alpha")) == "c a b q"
    assert not question.overdue(T) and not question.abandoned(T) and question.abandoned(T + timedelta(minutes=6))


def test_each_item_is_judged_by_the_clock_of_its_source() -> None:
    """The clock of `fast` is ten minutes ahead: what expires there in 12 minutes by our clock has 2 left."""
    ahead = {"fast": 600.0}
    late = waits("late", -5, 12, source="fast")
    items = [waits("mine", 6), waits("soon", 1, 3), late, waits("gone", 1, 9, source="fast")]
    assert [item.id for item in by_urgency(items, T, ahead=ahead)] == ["late", "soon", "mine", "gone"]
    assert [item.id for item in by_urgency(items, T)] == ["soon", "mine", "gone", "late"]


def test_several_inboxes_are_one_and_of_too_many_the_most_urgent_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "LIMIT", 3)
    flood = inbox.Inbox(tuple(waits(f"f{number}", 30 + number, source="flood") for number in range(3)))
    calm = inbox.Inbox((waits("calm", 2, source="calm"),), more=False)
    whole = inbox.as_one([flood, calm], T)
    assert [item.id for item in whole.items] == ["calm", "f0", "f1"] and whole.more
    assert inbox.as_one([calm], T) == calm and not inbox.as_one([], T).items
    assert inbox.as_one([inbox.Inbox((), more=True), calm], T).more


def test_the_limit_of_patience_is_a_setting() -> None:
    item = waits("a", 8)
    assert not item.abandoned(T) and item.abandoned(T, timedelta(minutes=5))


def test_an_item_without_a_readable_time_is_shown_last_among_what_waits() -> None:
    assert order(waits("unknown", 0, asked=None), waits("known", 1), waits("late", 30)) == "known unknown late"
    assert inbox.wait_cell(waits("unknown", 0, asked=None), T) == "?"


@pytest.mark.parametrize(
    ("item", "cells"),
    [
        (waits("a", 0.2, 29.5), "<1m | 29m | run_shell | agui:web-1"),
        (waits("a", 12, -1), "12m | overdue | run_shell | agui:web-1"),
        (waits("a", 61, None, who=""), "1h | — | run_shell | —"),
        (waits("a", 5000, None, kind=inbox.QUESTION, what="Which\nregion?"), "3d | — | ✎ Which␊region? | agui:web-1"),
        (waits("a", 1, 2, what="\x1b[2Jrm", who="slack:\u202eU"), "1m | 2m | ␛[2Jrm | slack:⟨U+202E⟩U"),
    ],
)
def test_the_cells_are_coarse_and_safe(item: Waiting, cells: str) -> None:
    made = [cell(item, T) for cell in (inbox.wait_cell, inbox.expires_cell, inbox.what_cell, inbox.from_cell)]
    assert " | ".join(made) == cells


@pytest.mark.parametrize(
    ("sender", "messenger"),
    [("slack:U1:C1", True), ("telegram:7:7", True), ("agui:web-1:t", False), ("", False), (None, False)],
)
def test_who_came_by_a_messenger(sender: object, messenger: bool) -> None:
    assert inbox.by_messenger(sender) is messenger


def test_ages_and_moments() -> None:
    spans = [0, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600 + 5, -5]
    assert [coarse(timedelta(seconds=span)) for span in spans] == ["<1m", "<1m", "1m", "59m", "1h", "47h", "2d", "<1m"]
    assert [coarse(timedelta(days=days)) for days in (999, 1000, 20_590)] == ["999d", "2y", "56y"]
    here = T.astimezone()
    assert clock(T, T) == f"{here:%H:%M}"
    assert clock(T - timedelta(days=400), T).endswith(f"2025 {here:%H:%M}")


@pytest.fixture
def fleet(tmp_path: Path) -> Source:
    return open_source(copied("agents/genie_fleet.db", tmp_path), read_only=True)


def test_everything_pending_of_a_real_database_is_there(fleet: Source) -> None:
    with fleet:
        read = read_inbox(fleet, "fleet")
    kinds = [item.kind for item in read.items]
    assert (kinds.count(inbox.APPROVAL), kinds.count(inbox.QUESTION)) == (30, 9)
    assert not read.more and read.damage == ()
    overdue = [item for item in read.items if item.overdue(T)]
    assert len(overdue) == 11


def test_damage_hides_nothing_and_is_told(tmp_path: Path) -> None:
    with open_source(copied("agents/genie_damaged.db", tmp_path), read_only=True) as source:
        read = read_inbox(source, "damaged")
    assert {item.id for item in read.items if item.asked is None} == {
        "1bfad0cd-2da3-43e0-9634-085e6de53158",
        "a5d3725b-2bb0-4475-af78-760ce9afb804",
        "72d29132-d77e-4d70-bee3-abd0d8cf8810",
    }
    assert len(read.damage) >= 6


def test_a_source_with_no_agents_has_an_empty_inbox(tmp_path: Path) -> None:
    with open_source(tmp_path / "home.db", create=True) as source:
        assert read_inbox(source, "home") == inbox.Inbox(())
