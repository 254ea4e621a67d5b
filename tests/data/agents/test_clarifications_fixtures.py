"""Clarifications that the real program wrote, and what damage does to them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.agents import Place
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.engine.page import Damaged, every
from workbench.data.errors import Conflict

T = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GARBLED_TIME = "72d29132-d77e-4d70-bee3-abd0d8cf8810"
NOT_A_UUID = "clar-7"
UPPER_CASE = "0B2702F5-E351-4DE4-8432-43B523FCEB91"
WAITING = "c2f73c1f-97d4-4120-bff3-2c9ed44ffe85"
NUMBER_AS_TIME = "77579adb-22da-4c64-92e7-1684fc08ecff"
NULLS = "7e588e33-2998-4e37-9646-ddd0489c9f44"
BRACES = "{f494e1f0-1406-4b90-86f4-a7d4a95d7d7d}"


def expected(name: str) -> Any:
    return json.loads(fixture(f"expected/{name}.json").read_text())


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Source]:
    with open_source(copied("agents/genie_fleet.db", tmp_path)) as source:
        yield source


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[tuple[Source, Place]]:
    path = str(copied("agents/genie_damaged.db", tmp_path))
    with open_source(path) as source:
        yield source, Place("sqlite", path, path)


def test_the_fleets_questions_are_counted_and_listed_as_expected(fleet: Source) -> None:
    answers = expected("genie_fleet")
    clarifications = fleet.clarifications
    assert clarifications.counts() == answers["clarifications_by_status"]
    pending = answers["clarifications_pending_newest_first"]
    page = clarifications.list_pending()
    assert [row.id for row in page] == [row["id"] for row in pending]
    for row, wanted in zip(page, pending, strict=True):
        assert f"{row.created_at:%Y-%m-%dT%H:%M:%S.%f}" == wanted["created_at"][:26].rstrip("Z").ljust(26, "0")
    oldest = clarifications.oldest_pending()
    assert oldest is not None and oldest.id == pending[-1]["id"]
    assert (
        len(list(every(lambda after: clarifications.list(limit=7, after=after)))) == answers["rows"]["clarifications"]
    )
    assert clarifications.list().damage == ()


@pytest.mark.postgres
def test_the_twin_on_postgresql_is_counted_as_expected(restored: Callable[[Path], str]) -> None:
    answers = expected("genie_fleet_pg")
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz"))) as source:
        assert source.clarifications.counts() == answers["clarifications_by_status"]
        pending = source.clarifications.list_pending()
        assert len(pending) == answers["clarifications_by_status"]["pending"]
        assert [row.created_at for row in pending] == sorted((row.created_at for row in pending), reverse=True)
        assert source.clarifications.respond(pending[0].id, "yes", shown=pending[0]).answer == "yes"


def test_every_pending_question_of_the_fleet_can_be_answered_as_shown(fleet: Source) -> None:
    for shown in fleet.clarifications.list_pending():
        assert fleet.clarifications.respond(shown.id, "yes", shown=shown).status == "answered"
    assert fleet.short_memory.count("pending_clarification", at=T) == 0


def test_every_damaged_row_is_shown_with_what_is_wrong_and_no_other_suffers(
    damaged: tuple[Source, Place], fleet: Source
) -> None:
    source, place = damaged
    rows = {row.id: row for row in source.clarifications.list()}
    assert [len(rows)] == [count for (count,) in place.rows("SELECT count(*) FROM clarifications")]
    whole = {row.id: row for row in fleet.clarifications.list()}
    touched = {GARBLED_TIME, NOT_A_UUID, UPPER_CASE, WAITING, NUMBER_AS_TIME, NULLS, BRACES}
    untouched = rows.keys() - touched
    assert len(untouched) == 40 - 7
    assert all(rows[id] == whole[id] for id in untouched)
    assert {(damage.key, damage.column) for damage in source.clarifications.list().damage} == {
        ((GARBLED_TIME,), "created_at"),
        ((NUMBER_AS_TIME,), "answered_at"),
    }
    created_at: object = rows[GARBLED_TIME].created_at
    assert isinstance(created_at, Damaged) and created_at.raw == "20/11/2026 11:59"
    answered_at: object = rows[NUMBER_AS_TIME].answered_at
    assert isinstance(answered_at, Damaged) and answered_at.raw == 1795157000
    assert (rows[NULLS].answer, rows[NULLS].context, rows[NULLS].sender_context) == ("", "", "")
    assert rows[WAITING].status == "waiting"
    assert source.clarifications.counts() == {"pending": 8, "answered": 24, "expired": 7, "waiting": 1}


def test_the_oldest_question_is_one_whose_age_can_be_read(damaged: tuple[Source, Place]) -> None:
    oldest = damaged[0].clarifications.oldest_pending()
    assert oldest is not None and oldest.id == "338ab39f-9e5f-446a-a876-8996a2b026f1"


def test_ids_in_odd_forms_are_usable_as_they_stand(damaged: tuple[Source, Place]) -> None:
    source, place = damaged
    for id in (NOT_A_UUID, UPPER_CASE, BRACES):
        canonical = id.strip("{}").lower()
        for value in (id, canonical):
            source.short_memory.set("pending_clarification", f"slack:{value}", value, 600)
        shown = source.clarifications.get(id)
        assert source.clarifications.respond(id, "yes", shown=shown, at=T).answer == "yes"
        assert source.short_memory.get("pending_clarification", f"slack:{id}") is None
        assert source.short_memory.get("pending_clarification", f"slack:{canonical}") is None
    assert source.clarifications.dismiss(NULLS, shown=source.clarifications.get(NULLS)).status == "expired"
    assert source.clarifications.dismiss(GARBLED_TIME).status == "expired"
    with pytest.raises(Conflict, match="at a time that cannot be read"):
        source.clarifications.respond(NUMBER_AS_TIME, "yes")
    assert place.rows(f"SELECT answered_at FROM clarifications WHERE id = '{BRACES}'") == [
        ("2026-11-20 12:00:00 +0000 UTC",)
    ]


def test_a_restart_on_damaged_rows_judges_the_others(damaged: tuple[Source, Place]) -> None:
    source, place = damaged
    recovered = source.clarifications.recover_pending(at=T)
    assert [(damage.key, damage.column) for damage in recovered.damaged] == [((GARBLED_TIME,), "created_at")]
    assert [row.id for row in recovered.pending] == [NOT_A_UUID]
    assert recovered.expired == 6
    assert source.clarifications.get(GARBLED_TIME).status == "pending"
    assert source.clarifications.get(WAITING).status == "waiting"
    assert place.rows("SELECT count(*) FROM clarifications WHERE status = 'expired'") == [(13,)]


def test_a_restart_of_the_fleet_judges_every_question(fleet: Source) -> None:
    recovered = fleet.clarifications.recover_pending(at=T)
    assert (len(recovered.pending), recovered.expired, recovered.damaged) == (2, 7, ())
