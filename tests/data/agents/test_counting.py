"""How much there is of what: counted by index or bounded, and what was cut says so."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.agents import Place
from support.filling import T, ago, fill, fill_many, plan_of
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.agents import counting
from workbench.data.agents.activity import Count, Counts
from workbench.data.agents.tables import TABLES
from workbench.data.errors import Invalid

# -- a number --------------------------------------------------------------------------------------------------------


def test_a_count_that_was_cut_says_so() -> None:
    assert str(Count(12)) == "12"
    assert str(Count(10_000, more=True)) == "≥ 10,000"


# -- counting --------------------------------------------------------------------------------------------------------


def test_an_empty_database_counts_nothing(source: Source) -> None:
    none = Count(0)
    counts = source.activity.counts()
    assert counts == Counts({}, none, none, none, {}, none, none, none, {table.name: none for table in TABLES})


def test_approvals_and_questions_are_counted_by_status(source: Source, place: Place) -> None:
    statuses = ["pending"] * 3 + ["approved"] * 2 + ["rejected", "expired", "PENDING", "cancelled", ""]
    fill(place, "approvals", *({"status": status} for status in statuses))
    fill(place, "clarifications", {"status": "pending"}, {"status": "answered"}, {"status": "answered"})
    counts = source.activity.counts(T)
    assert {status: found.n for status, found in counts.approvals.items()} == {
        "": 1, "PENDING": 1, "approved": 2, "cancelled": 1, "expired": 1, "pending": 3, "rejected": 1,
    }  # fmt: skip
    assert counts.clarifications == {"answered": Count(2), "pending": Count(1)}
    assert counts.rows["approvals"] == Count(10)


def test_pending_approvals_are_fresh_until_the_very_instant_of_their_expiry(source: Source, place: Place) -> None:
    ends = [T + timedelta(microseconds=1), T, ago(seconds=1), None]
    fill(place, "approvals", *({"expires_at": end} for end in ends), {"expires_at": None, "status": "approved"})
    counts = source.activity.counts(T)
    assert (counts.pending_fresh, counts.pending_past_expiry) == (Count(2), Count(2))
    assert source.activity.counts(T - timedelta(days=1)).pending_fresh == Count(4)


def test_short_memories_are_live_until_their_end(source: Source, place: Place) -> None:
    ends = [T + timedelta(hours=1), T, ago(minutes=1), ago(days=300)]
    fill(place, "short_memories", *({"expires_at": end} for end in ends))
    counts = source.activity.counts(T)
    assert (counts.short_memories_live, counts.short_memories_expired) == (Count(1), Count(3))


def test_now_is_the_moment_when_none_is_named(source: Source, place: Place) -> None:
    fill(place, "approvals", {"expires_at": T - timedelta(days=365)}, {"expires_at": T + timedelta(days=36500)})
    counts = source.activity.counts()
    assert (counts.pending_fresh, counts.pending_past_expiry) == (Count(1), Count(1))


def test_a_moment_without_a_zone_is_refused(source: Source) -> None:
    with pytest.raises(Invalid, match="no time zone"):
        source.activity.counts(T.replace(tzinfo=None))


def test_what_is_beyond_the_bounds_is_said_to_be_more(source: Source, place: Place) -> None:
    fill_many(place, "approvals", ({"expires_at": T + timedelta(minutes=n)} for n in range(-6, 6)))
    fill_many(place, "sessions", ({} for _ in range(5)))
    bounded = source.activity.configured(look_at=4, count_to=5)
    counts = bounded.counts(T)
    assert counts.approvals == {"pending": Count(5, more=True)}
    judged = (counts.pending_fresh, counts.pending_past_expiry, counts.pending_unclear)
    assert all(count.more for count in judged)
    assert sum(count.n for count in judged) == 4
    assert counts.rows["approvals"] == Count(5, more=True)
    assert counts.rows["sessions"] == Count(5)
    # The store itself has kept its own bounds.
    assert source.activity.counts(T).approvals == {"pending": Count(12)}


def test_bounds_are_exact_when_just_reached(source: Source, place: Place) -> None:
    fill_many(place, "approvals", ({"status": "approved"} for _ in range(5)))
    assert source.activity.configured(count_to=5).counts(T).approvals == {"approved": Count(5)}


def test_live_short_memories_are_exact_when_all_others_ended_long_ago(source: Source, place: Place) -> None:
    ends = [T + timedelta(minutes=1), T + timedelta(minutes=2), *(ago(days=3 + n) for n in range(10))]
    fill(place, "short_memories", *({"expires_at": end} for end in ends))
    counts = source.activity.configured(look_at=5).counts(T)
    assert counts.short_memories_live == Count(2)
    assert counts.short_memories_expired == Count(3, more=True)


def test_live_short_memories_are_at_least_so_many_when_others_were_not_seen(source: Source, place: Place) -> None:
    fill(place, "short_memories", *({"expires_at": T + timedelta(minutes=n)} for n in range(1, 8)))
    assert source.activity.configured(look_at=3).counts(T).short_memories_live == Count(3, more=True)


@pytest.mark.parametrize("bounds", [{"look_at": 0}, {"count_to": -1}, {"look_at": True}, {"count_to": 2.5}])
def test_bounds_that_are_none_are_refused(source: Source, bounds: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="a whole number of rows"):
        source.activity.configured(**bounds)


def test_a_table_that_is_not_there_is_not_counted(place: Place, again: Callable[..., Source]) -> None:
    fill(place, "approvals", {})
    for table in ("clarifications", "short_memories", "checkpoints"):
        place.run(f"DROP TABLE {table}")
    counts = again(read_only=True).activity.counts(T)
    assert set(counts.rows) == {table.name for table in TABLES} - {"clarifications", "short_memories", "checkpoints"}
    assert counts.clarifications == {}
    assert counts.approvals == {"pending": Count(1)}


# -- the oldest ------------------------------------------------------------------------------------------------------


def test_the_oldest_pending_is_found_among_the_decided(source: Source, place: Place) -> None:
    assert source.activity.oldest_pending() is None
    assert source.activity.oldest_question() is None
    fill_many(place, "approvals", ({"status": "approved", "created_at": ago(days=n)} for n in range(1, 30)))
    fill(
        place,
        "approvals",
        {"id": "b", "tool_name": "run_shell", "created_at": ago(minutes=3)},
        {"id": "a", "tool_name": "save_file", "created_at": ago(minutes=7)},
    )
    fill(place, "clarifications", {"id": "q", "question": "Where?", "created_at": ago(hours=1)}, {"status": "answered"})
    oldest = source.activity.oldest_pending()
    assert (oldest.id, oldest.what, oldest.created_at) == ("a", "save_file", ago(minutes=7))
    question = source.activity.oldest_question()
    assert (question.id, question.what, question.created_at) == ("q", "Where?", ago(hours=1))


def test_the_oldest_is_told_by_instants_and_not_by_texts(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    open_source(path, create=True).close()
    place = Place("sqlite", path, path)
    fill(
        place,
        "approvals",
        {"id": "integer", "created_at": 1},
        {"id": "empty", "created_at": ""},
        {"id": "later", "created_at": "2026-11-20 08:00:00 -0500 EST"},  # 13:00 UTC
        {"id": "older", "created_at": "2026-11-20 12:30:00 +0000 UTC"},
        {"id": "word", "created_at": "whenever"},
    )
    with place.open() as source:
        assert source.activity.oldest_pending().id == "older"
        place.run("DELETE FROM approvals WHERE id IN ('older', 'later')")
        assert source.activity.oldest_pending().id in {"integer", "empty", "word"}


# -- cheap -----------------------------------------------------------------------------------------------------------


def test_nothing_is_counted_by_walking_through_a_table(place: Place) -> None:
    fill_many(place, "approvals", ({"status": "approved"} for _ in range(300)))
    by_status = plan_of(place, counting._BY_STATUS["approvals"], most=10_001)
    assert "idx_approvals_status" in by_status
    pending = [
        plan_of(place, counting._PENDING, most=2_001),
        plan_of(place, counting._OLDEST["approvals"], most=10_000),
    ]
    for plan in pending:
        assert "idx_approvals_status" in plan, plan
    assert "idx_short_memory_expires" in plan_of(place, counting._SHORT, most=2_001)
    if place.engine == "sqlite":
        for plan in (by_status, *pending):
            assert "SCAN approvals\n" not in f"{plan}\n", plan


# -- what real programs wrote ----------------------------------------------------------------------------------------


def check_fleet(source: Source, name: str) -> None:
    expected = json.loads(fixture(f"expected/{name}.json").read_text())
    counts = source.activity.counts(T)
    assert {status: found.n for status, found in counts.approvals.items()} == expected["approvals_by_status"]
    assert {status: found.n for status, found in counts.clarifications.items()} == expected["clarifications_by_status"]
    assert {table: found.n for table, found in counts.rows.items()} == expected["rows"]
    assert counts.pending_fresh == Count(expected["pending_fresh"])
    assert counts.pending_past_expiry == Count(expected["pending_past_expiry"])
    short = expected.get("short_memories", {})
    live = sum((short.get("live_by_type") or expected["short_live"]).values())
    assert counts.short_memories_live == Count(live)
    assert counts.short_memories_expired == Count(short.get("expired") or expected["short_expired"])
    assert counts.pending_unclear == counts.short_memories_unclear == Count(0)


def test_the_fleet_in_sqlite_counts_as_expected(tmp_path: Path) -> None:
    with open_source(copied("agents/genie_fleet.db", tmp_path), read_only=True) as source:
        check_fleet(source, "genie_fleet")
        oldest = source.activity.oldest_pending()
        expected = json.loads(fixture("expected/genie_fleet.json").read_text())
        assert oldest.id in expected["pending_past_expiry_ids"]
        question = source.activity.oldest_question()
        assert question.id == expected["clarifications_pending_newest_first"][-1]["id"]


@pytest.mark.postgres
def test_the_fleet_in_postgres_counts_as_expected(restored: Callable[[Path], str]) -> None:
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz")), read_only=True) as source:
        check_fleet(source, "genie_fleet_pg")


def test_damage_is_counted_and_breaks_nothing(tmp_path: Path) -> None:
    expected = json.loads(fixture("agents/genie_damaged.json").read_text())
    with open_source(copied("agents/genie_damaged.db", tmp_path), read_only=True) as source:
        counts = source.activity.counts(T)
        assert {table: found.n for table, found in counts.rows.items()} == expected["rows"]
        assert sum(count.n for count in counts.approvals.values()) == expected["rows"]["approvals"]
        assert {"cancelled", "PENDING", ""} <= set(counts.approvals)
        # expires_at: milliseconds, an empty text, a REAL
        assert counts.pending_unclear == Count(3)
        judged = counts.pending_fresh.n + counts.pending_past_expiry.n + counts.pending_unclear.n
        assert judged == counts.approvals["pending"].n
        assert counts.short_memories_unclear == Count(2)  # 'tomorrow', and seconds as a number
        short = counts.short_memories_live.n + counts.short_memories_expired.n
        assert short + 2 == expected["rows"]["short_memories"]
        assert source.activity.oldest_pending() is not None
        assert source.activity.oldest_question() is not None
