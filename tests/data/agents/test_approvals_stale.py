"""Approvals that nobody answered: expiring, what a start finds, counting (contract agents 3.2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from support.agents import Place
from support.resolvers import Resolvers

from workbench.data import Invalid, ReadOnly, Source
from workbench.data.agents.records import Approval
from workbench.data.agents.stale import RESTARTED

NOON = datetime(2026, 11, 20, 12, 0, 0, 500000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
REAPED_ROW = {"status": "expired", "resolved_by": "system:ttl-reaper", "feedback": "Expired: approval TTL exceeded"}
RESTARTED_ROW = {
    "status": "expired",
    "resolved_by": "system:startup-recovery",
    "feedback": "Expired: server restarted while approval was pending",
}


def held(source: Source, age: timedelta, ttl: timedelta | None = None, question: str = "") -> Approval:
    return source.approvals.create(tool_name="t", at=NOON - age, ttl=ttl, question=question)


def test_what_is_past_its_expiry_expires_and_says_so(source: Source) -> None:
    over = [held(source, 60 * SECOND, 59 * SECOND), held(source, 60 * SECOND, 60 * SECOND)]
    left = [held(source, 60 * SECOND, 61 * SECOND), held(source, timedelta(days=99))]
    decided = source.approvals.resolve(held(source, 60 * SECOND, SECOND).id, "rejected")
    assert source.approvals.expire_stale(NOON) == 2
    for row in over:
        assert source.approvals.get(row.id) == replace(row, **REAPED_ROW, resolved_at=NOON)
    assert [source.approvals.get(row.id) for row in (*left, decided)] == [*left, decided]
    assert source.approvals.expire_stale(NOON) == 0


def test_very_many_expire_some_hundred_at_a_time(source: Source, place: Place) -> None:
    with source.database.transaction():
        for _ in range(501):
            held(source, 60 * SECOND, SECOND)
    assert source.approvals.expire_stale(NOON) == 501
    assert source.approvals.counts() == {"expired": 501}
    if place.engine != "sqlite":
        (transactions,) = place.rows("SELECT count(DISTINCT xmin::text) FROM approvals")
        assert transactions == (2,)


def test_expiring_is_written_as_its_program_writes_it(theirs: Place) -> None:
    with theirs.open() as source:
        row = held(source, timedelta(hours=1), SECOND)
        source.approvals.expire_stale(NOON)
    columns = ("status", "resolved_at", "resolved_by", "feedback")
    selected = ", ".join(f"typeof({name}), {name}" for name in columns)
    (stored,) = theirs.rows(f"SELECT {selected} FROM approvals WHERE id = '{row.id}'")
    assert stored[::2] == ("text",) * 4
    assert stored[1::2] == (
        "expired",
        "2026-11-20 12:00:00.5 +0000 UTC",
        REAPED_ROW["resolved_by"],
        REAPED_ROW["feedback"],
    )


def test_times_of_another_zone_are_compared_as_instants(theirs: Place) -> None:
    with theirs.open() as source:
        theirs.run("DELETE FROM approvals")
        rows = [held(source, timedelta(hours=1)) for _ in range(4)]
        texts = (
            "2026-11-20 17:30:00 +0530 IST",  # noon exactly
            "2026-11-20 07:00:01 -0500 EST",  # half a second later
            "2026-11-20T11:59:00Z",
            "2026-11-20 12:30:00 +0100 CET",
        )
        for row, text in zip(rows, texts, strict=True):
            theirs.run(f"UPDATE approvals SET expires_at = '{text}' WHERE id = '{row.id}'")
        assert source.approvals.expire_stale(NOON) == 3
        assert [source.approvals.get(row.id).status for row in rows] == ["expired", "pending", "expired", "expired"]


def test_times_that_cannot_be_read_are_left_alone_and_named(theirs: Place) -> None:
    with theirs.open() as source:
        theirs.run("DELETE FROM approvals")
        rows = [held(source, timedelta(hours=1), SECOND, "why?") for _ in range(5)]
        odd = ("expires_at = 'soon'", "expires_at = 1795177680000", "created_at = '', expires_at = NULL", "id = NULL")
        for row, change in zip(rows, odd, strict=False):
            theirs.run(f"UPDATE approvals SET {change} WHERE id = '{row.id}'")
        theirs.run("UPDATE approvals SET expires_at = NULL WHERE id IS NULL")
        theirs.run(f"UPDATE approvals SET expires_at = NULL WHERE id = '{rows[4].id}'")
        before = theirs.rows("SELECT * FROM approvals ORDER BY rowid")
        assert source.approvals.expire_stale(NOON) == 0
        assert theirs.rows("SELECT * FROM approvals ORDER BY rowid") == before
        found = source.approvals.recover_pending(at=NOON)
        assert (found.expired, found.pending, found.replayable) == (1, (), ())
        assert source.approvals.get(rows[4].id).status == "expired"
        ids = [row.id for row in rows]
        named = {(damage.key and damage.key[0], damage.column) for damage in found.damaged}
        assert named == {(ids[0], "expires_at"), (ids[1], "expires_at"), (ids[2], "created_at"), (None, "id")}
        assert theirs.rows("SELECT count(*) FROM approvals WHERE status = 'pending'") == [(4,)]


def test_an_id_that_nobody_could_write_keeps_nothing_from_expiring(theirs: Place) -> None:
    with theirs.open() as source:
        theirs.run("DELETE FROM approvals")
        for id in ("'a' || char(0) || 'b'", "CAST(x'ff41' AS text)"):
            row = held(source, timedelta(hours=1), SECOND)
            theirs.run(f"UPDATE approvals SET id = {id} WHERE id = '{row.id}'")
        held(source, timedelta(hours=1), SECOND)
        assert source.approvals.expire_stale(NOON) == 3
        theirs.run("UPDATE approvals SET status = 'pending'")
        found = source.approvals.recover_pending(at=NOON)
        assert (found.expired, found.pending, found.damaged) == (3, (), ())
        assert theirs.rows("SELECT DISTINCT status FROM approvals") == [("expired",)]


def test_a_start_expires_what_is_old_and_finds_the_rest(source: Source) -> None:
    old = [held(source, timedelta(minutes=10) + SECOND), held(source, timedelta(days=2), None, "why?")]
    asked = held(source, timedelta(minutes=10), None, "why?")
    young = held(source, SECOND, SECOND / 2)  # its own time does not matter here
    decided = source.approvals.resolve(held(source, timedelta(days=1)).id, "approved")
    found = source.approvals.recover_pending(at=NOON)
    assert (found.expired, found.pending, found.replayable, found.damaged) == (2, (young, asked), (asked,), ())
    for row in old:
        assert source.approvals.get(row.id) == replace(row, **RESTARTED_ROW, resolved_at=NOON)
    assert source.approvals.get(decided.id) == decided
    assert source.approvals.recover_pending(5.0, at=NOON).expired == 1
    with pytest.raises(Invalid):
        source.approvals.recover_pending("10m", at=NOON)  # type: ignore[arg-type]


def test_a_database_without_creators_is_tidied_too(place: Place) -> None:
    place.run("ALTER TABLE approvals DROP COLUMN created_by")
    with place.open() as source:
        held(source, timedelta(hours=1), SECOND)
        assert source.approvals.expire_stale(NOON) == 1
        young = held(source, SECOND)
        assert source.approvals.recover_pending(at=NOON).pending == (young,)
        assert source.approvals.oldest_pending() == young


def test_what_somebody_decides_or_prolongs_meanwhile_is_not_expired(place: Place, source: Source) -> None:
    rows = [held(source, timedelta(hours=1), SECOND) for _ in range(3)]
    looked_at = [row for page in source.approvals._held() for row in page]
    source.approvals.resolve(rows[0].id, "approved", resolved_by="ada")
    zone = " +0000 UTC" if place.engine == "sqlite" else "+00"
    place.run(f"UPDATE approvals SET expires_at = '2026-11-20 13:00:00{zone}' WHERE id = '{rows[1].id}'")
    assert source.approvals._expire(looked_at, RESTARTED, NOON) == 1
    assert [source.approvals.get(row.id).status for row in rows] == ["approved", "pending", "expired"]


def test_who_expires_and_who_decides_never_both_have_their_way(place: Place, source: Source) -> None:
    ids = [held(source, timedelta(hours=1), SECOND).id for _ in range(40)]
    with Resolvers(place.target, [ids[::-1]]) as operator:
        operator.go()
        expired = source.approvals.expire_stale(NOON)
        ((won, lost, failed),) = operator.results()
    assert failed == [] and len(lost) == expired and len(won) == 40 - expired
    counts = source.approvals.counts()
    assert (counts.get("approved", 0), counts.get("expired", 0)) == (len(won), expired)
    assert all("was already expired by 'system:ttl-reaper'" in sentence for sentence in lost)


def test_somebody_elses_file_is_written_with_pauses(theirs: Place) -> None:
    with theirs.open() as source:
        for _ in range(8):
            held(source, timedelta(hours=1), SECOND)
        begin = monotonic()
        assert source.approvals.expire_stale(NOON) >= 8
        assert monotonic() - begin >= 7 * 0.010


def test_a_source_that_is_read_only_expires_nothing(place: Place, source: Source) -> None:
    held(source, timedelta(hours=1), SECOND)
    with place.open(read_only=True) as other:
        with pytest.raises(ReadOnly):
            other.approvals.expire_stale(NOON)
        with pytest.raises(ReadOnly):
            other.approvals.recover_pending(at=NOON)
    assert source.approvals.counts() == {"pending": 1}


def test_counts_and_the_oldest(place: Place, source: Source) -> None:
    assert source.approvals.counts() == {} and source.approvals.oldest_pending() is None
    rows = [held(source, SECOND * age) for age in (5, 90, 7, 80)]
    source.approvals.resolve(rows[1].id, "approved")
    assert source.approvals.counts() == {"approved": 1, "pending": 3}
    assert source.approvals.oldest_pending() == rows[3]
    place.run(f"UPDATE approvals SET status = 'cancelled' WHERE id = '{rows[3].id}'")
    assert source.approvals.counts() == {"approved": 1, "cancelled": 1, "pending": 2}
    assert source.approvals.oldest_pending() == rows[2]


def test_the_oldest_is_one_whose_time_can_be_read(theirs: Place) -> None:
    with theirs.open() as source:
        first = held(source, timedelta(days=9999))
        held(source, timedelta(days=9998))
        damaged = held(source, timedelta(days=9997))
        theirs.run(f"UPDATE approvals SET created_at = 5 WHERE id = '{damaged.id}'")
        assert source.approvals.oldest_pending() == first
