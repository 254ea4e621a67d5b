"""The approvals of two fleets and of a damaged file, as the real program wrote them, read at the stated instant."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.agents import Place
from support.fixtures import copied, fixture

from workbench.data import Conflict, Corrupt, Damaged, NotFound, Source, open_source
from workbench.data.agents.records import Approval, damaged_fields
from workbench.data.engine.page import every

T = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def everything(source: Source, **filters: Any) -> list[Approval]:
    return list(every(lambda after: source.approvals.list(**filters, limit=37, after=after)))


def pending(source: Source, limit: int = 4) -> list[Approval]:
    return list(every(lambda after: source.approvals.list_pending(limit=limit, after=after, at=T)))


WRITABLE = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=[*WRITABLE, "read-only"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Source, dict[str, Any], Place]]:
    """A fleet of a month, what the real program answers about it, and the way past our code."""
    if request.param == "postgres":
        target = request.getfixturevalue("restored")(fixture("agents/genie_fleet_pg.sql.gz"))
        place, answers = Place("postgres", target, target), "genie_fleet_pg"
    else:
        target = str(copied("agents/genie_fleet.db", tmp_path))
        place, answers = Place("sqlite", target, target), "genie_fleet"
    with open_source(target, read_only=request.param == "read-only") as source:
        yield source, json.loads(fixture(f"expected/{answers}.json").read_text()), place


Fleet = tuple[Source, dict[str, Any], Place]


def test_the_fleet_is_counted_as_its_program_counts_it(fleet: Fleet) -> None:
    source, answers, _ = fleet
    assert source.approvals.counts() == answers["approvals_by_status"]
    rows = everything(source)
    assert len(rows) == 200 and Counter(row.status for row in rows) == answers["approvals_by_status"]
    assert [row for row in rows if damaged_fields(row)] == []
    assert sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True) == rows
    for status, number in answers["approvals_by_status"].items():
        assert len(everything(source, status=status)) == number


def test_the_fleets_pending_list_is_that_of_its_program(fleet: Fleet) -> None:
    source, answers, _ = fleet
    rows = pending(source)
    assert [row.id for row in rows] == answers["program_list_pending_ids"]
    assert len(rows) == answers["pending_fresh"]
    assert rows == pending(source, 1000)
    for row, expected in zip(rows, answers["pending_list_newest_first"], strict=True):
        if isinstance(expected, dict):
            assert (row.id, row.tool_name) == (expected["id"], expected["tool"])
            assert row.created_at == cut(expected["created_at"]) and row.expires_at == cut(expected["expires_at"])
        else:
            assert row.id == expected
    overdue = everything(source, overdue=True, at=T)
    assert len(overdue) == answers["pending_past_expiry"]
    assert len(overdue) + len(rows) == answers["approvals_by_status"]["pending"]
    if "pending_past_expiry_ids" in answers:
        assert sorted(row.id for row in overdue) == sorted(answers["pending_past_expiry_ids"])
        assert sum(row.expires_at is None for row in rows) == answers["pending_without_expiry"]


def cut(text: str | None) -> datetime | None:
    """An instant of the answers, cut to microseconds."""
    if text in (None, "", "never"):
        return None
    clock, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{clock}.{fraction[:6].ljust(6, '0')}+00:00")


def test_the_fleets_decisions_read_as_they_were_made(fleet: Fleet) -> None:
    source, answers, place = fleet
    rows = everything(source)
    approved = [row for row in rows if row.status == "approved"]
    if place.engine == "sqlite":
        expired = Counter(row.resolved_by for row in rows if row.status == "expired")
        assert expired == answers["expired_by_resolver"]
        assert sum(row.feedback != "" for row in approved) == answers["approved_with_feedback"]
        late = [r for r in approved if r.expires_at and r.resolved_at and r.resolved_at > r.expires_at]
        assert len(late) == answers["approved_after_expires_at"]
    assert all((row.resolved_at is None) == (row.status == "pending") for row in rows)
    assert all(row.feedback for row in rows if row.status == "expired")


def test_odd_and_hostile_texts_read_as_they_stand(fleet: Fleet) -> None:
    source, answers, place = fleet
    stored = {row[0]: row[1:] for row in place.rows("SELECT id, args, tool_name, question, feedback FROM approvals")}
    odd = answers["odd_rows" if place.engine == "sqlite" else "odd_args"]
    assert set(odd) <= set(stored)
    for id in stored:
        row = source.approvals.get(id)
        assert (row.args, row.tool_name, row.question, row.feedback) == stored[id]
    for id, kind in odd.items():
        if kind == "50 KB args":
            assert len(source.approvals.get(id).args) > 49_000
        if kind == "empty args":
            assert source.approvals.get(id).args == ""


def test_the_order_of_the_columns_does_not_matter(tmp_path: Path) -> None:
    path = copied("agents/genie_fleet.db", tmp_path)
    with open_source(path, read_only=True) as source:
        before = everything(source)
    place = Place("sqlite", str(path), str(path))
    place.run("ALTER TABLE approvals ADD COLUMN creator text DEFAULT ''")
    place.run("UPDATE approvals SET creator = created_by")
    place.run("ALTER TABLE approvals DROP COLUMN created_by")
    place.run("ALTER TABLE approvals RENAME COLUMN creator TO created_by")
    assert place.rows("PRAGMA table_info(approvals)")[-1][1] == "created_by"
    with open_source(path) as source:
        assert everything(source) == before
        shown = pending(source)[0]
        assert source.approvals.decide(shown.id, "approved", shown=shown, resolved_by="ops").status == "approved"


@pytest.mark.parametrize("fleet", WRITABLE, indirect=True)
def test_every_pending_row_of_the_fleet_can_be_decided(fleet: Fleet) -> None:
    source, _, place = fleet
    for number, shown in enumerate(everything(source, status="pending")):
        if number % 3 == 0:
            place.run(f"UPDATE approvals SET args = args || ' ' WHERE id = '{shown.id}'")
            with pytest.raises(Conflict, match="args was "):
                source.approvals.decide(shown.id, "approved", shown=shown, resolved_by="ops")
            shown = source.approvals.get(shown.id)
        done = source.approvals.decide(
            shown.id, ("approved", "rejected", "expired")[number % 3], shown=shown, resolved_by="o"
        )
        assert done.args == shown.args and done.stored["created_at"] == shown.stored["created_at"]
    assert "pending" not in source.approvals.counts()


@pytest.mark.parametrize("fleet", WRITABLE, indirect=True)
def test_a_start_on_the_fleet_does_what_its_program_does(fleet: Fleet) -> None:
    source, answers, _ = fleet
    before = everything(source, status="pending")
    assert source.approvals.expire_stale(T) == answers["pending_past_expiry"]
    old = [row for row in pending(source) if T - row.created_at > timedelta(minutes=10)]
    found = source.approvals.recover_pending(at=T)
    assert found.expired == len(old) and found.damaged == ()
    assert found.expired + len(found.pending) == answers["pending_fresh"]
    assert found.replayable == tuple(row for row in found.pending if row.question)
    by = Counter(source.approvals.get(row.id).resolved_by for row in before)
    assert by["system:ttl-reaper"] == answers["pending_past_expiry"] and by["system:startup-recovery"] == len(old)


# -- the damaged file --------------------------------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[tuple[Source, Place, dict[str, dict[str, Any]]]]:
    path = copied("agents/genie_damaged.db", tmp_path)
    told = json.loads(fixture("agents/genie_damaged.json").read_text())["damage"]
    with open_source(path) as source:
        yield source, Place("sqlite", str(path), str(path)), {d["code"]: d for d in told if d["table"] == "approvals"}


UNREADABLE = {
    "A01": "created_at",
    "A02": "created_at",
    "A04": "expires_at",
    "A05": "expires_at",
    "A13": "args",
    "A18": "expires_at",
}


def test_every_row_of_the_damaged_file_is_shown_or_named(damaged: Any) -> None:
    source, place, told = damaged
    rows, findings = [], []
    after = None
    while True:
        page = source.approvals.list(limit=7, after=after)
        rows += page
        findings += page.damage
        if (after := page.next) is None:
            break
    assert {row.id for row in rows} == {id for (id,) in place.rows("SELECT id FROM approvals WHERE id IS NOT NULL")}
    assert len(rows) == len({row.id for row in rows}) == 89
    expected = {((told[code]["key"],), column) for code, column in UNREADABLE.items()}
    expected |= {((told["A07"]["key"],), "resolved_at"), (None, "id")}
    assert {(found.key, found.column) for found in findings} == expected
    by_id = {row.id: row for row in rows}
    for code, damage in told.items():
        if code == "A16":
            continue
        column = {**UNREADABLE, "A07": "resolved_at"}.get(code)
        assert damaged_fields(by_id[damage["key"]]) == ((column,) if column else ())


def test_every_pending_row_of_the_damaged_file_is_listed_or_named(damaged: Any) -> None:
    source, place, told = damaged
    ids = {id for (id,) in place.rows("SELECT id FROM approvals WHERE status = 'pending' AND id IS NOT NULL")}
    rows = pending(source)
    overdue = everything(source, overdue=True, at=T)
    assert {row.id for row in rows} | {row.id for row in overdue} == ids
    assert not {row.id for row in rows} & {row.id for row in overdue}
    shown = {row.id for row in rows}
    for code in UNREADABLE:
        assert told[code]["key"] in shown, "what cannot be read is shown, not hidden"
    assert told["A21"]["key"] in shown and told["A03"]["key"] in shown
    page = source.approvals.list_pending(limit=1000, at=T)
    assert (None, "id") in {(found.key, found.column) for found in page.damage}
    assert place.rows("SELECT count(*) FROM approvals WHERE status = 'pending'") == [(len(ids) + 1,)]


def test_what_is_damaged_cannot_be_decided_and_everything_else_can(damaged: Any) -> None:
    source, place, told = damaged
    refused = {told[code]["key"] for code in ("A04", "A05", "A13", "A18")}
    for shown in everything(source, status="pending"):
        if shown.id in refused:
            with pytest.raises(Corrupt, match="cannot be decided while its"):
                source.approvals.decide(shown.id, "approved", shown=shown, resolved_by="ops")
        else:
            assert source.approvals.decide(shown.id, "approved", shown=shown, resolved_by="ops").status == "approved"
    left = {id for (id,) in place.rows("SELECT id FROM approvals WHERE status = 'pending'")}
    assert left == refused | {None}


@pytest.mark.parametrize("code", ["A08", "A09", "A19"])
def test_a_status_that_is_no_pending_one_is_not_decided(damaged: Any, code: str) -> None:
    source, _, told = damaged
    shown = source.approvals.get(told[code]["key"])
    with pytest.raises(Conflict, match="which is not pending"):
        source.approvals.decide(shown.id, "rejected", shown=shown, resolved_by="ops")
    assert source.approvals.wait(shown.id) == shown


def test_ids_are_found_as_they_are_written(damaged: Any) -> None:
    source, _, told = damaged
    for code in ("A10", "A11"):
        assert source.approvals.get(told[code]["key"]).id == told[code]["key"]
    with pytest.raises(NotFound):
        source.approvals.get(told["A11"]["key"].lower())
    assert source.approvals.get(told["A15"]["key"]).tool_name == "run_shell"
    assert source.approvals.get(told["A12"]["key"]).question == ""
    assert isinstance(source.approvals.get(told["A13"]["key"]).args, Damaged)


def test_tidying_the_damaged_file_leaves_the_damaged_rows(damaged: Any) -> None:
    source, place, told = damaged
    names = ("A01", "A02", "A04", "A05", "A18")
    found = source.approvals.recover_pending(0, at=T + timedelta(days=365))
    assert {damage.key and damage.key[0] for damage in found.damaged} == {told[code]["key"] for code in names} | {None}
    left = {id for (id,) in place.rows("SELECT id FROM approvals WHERE status = 'pending'")}
    assert left == {told[code]["key"] for code in names} | {None}
    assert found.pending == ()
