"""Short memory that the real program wrote, and what damage does to it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.agents import Place
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.agents.records import ShortMemory
from workbench.data.engine.page import Damaged, every
from workbench.data.errors import Corrupt

T = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LEDGER = "reaction_ledger"
TOMORROW = (LEDGER, "2f4a202c-4394-4a41-8ed1-07d523c7b66d")
NUMBER = (LEDGER, "a7670d5c-a268-4c91-a33a-bf345ded8c25")
ISO_PAST = (LEDGER, "acb9d4b2-919d-499b-93ab-0f78b8a63dff")
BYTES = (LEDGER, "4329467c-519a-4780-a2f0-ee6fb4eb2293")
NO_BIRTHDAY = (LEDGER, "b15b2c24-110b-4c33-842a-321126d2bfe8")
NO_ZONE_PAST = ("cooldown", "refreshed-4")
NO_KEY = "94605c15-0028-4c52-83cd-79005fa86814"


def expected(name: str) -> Any:
    return json.loads(fixture(f"expected/{name}.json").read_text())


def everything(source: Source, **filters: Any) -> dict[tuple[str, str], ShortMemory]:
    rows = every(lambda after: source.short_memory.list(limit=23, after=after, at=T, **filters))
    return {(row.memory_type, row.key): row for row in rows}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Source]:
    with open_source(copied("agents/genie_fleet.db", tmp_path)) as source:
        yield source


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[tuple[Source, Place]]:
    path = str(copied("agents/genie_damaged.db", tmp_path))
    with open_source(path) as source:
        yield source, Place("sqlite", path, path)


def judged(source: Source, live: dict[str, int], expired: int) -> None:
    """Whatever asks which values live at T says the same."""
    counts = source.short_memory.counts(at=T)
    assert {name: count.live for name, count in counts.items() if count.live} == live
    assert sum(count.expired for count in counts.values()) == expired
    for memory_type, count in counts.items():
        assert source.short_memory.count(memory_type, at=T) == count.live
        assert len(everything(source, memory_type=memory_type, live=True)) == count.live
        assert len(everything(source, memory_type=memory_type, live=False)) == count.expired
    assert len(everything(source, live=True)) == sum(live.values())
    assert len(everything(source, live=False)) == expired
    assert source.short_memory.cleanup(at=T) == expired
    assert everything(source, live=False) == {}
    assert source.short_memory.counts(at=T).keys() >= live.keys()


def test_the_fleets_short_memory_is_judged_as_expected(fleet: Source) -> None:
    wanted = expected("genie_fleet")["short_memories"]
    counts = fleet.short_memory.counts(at=T)
    assert {name: count.expired for name, count in counts.items()} == wanted["expired_by_type"]
    assert len(everything(fleet)) == wanted["total"]
    assert fleet.short_memory.list(limit=1000).damage == ()
    for (memory_type, key), row in everything(fleet).items():
        value = fleet.short_memory.get(memory_type, key, at=T)
        assert value == (row.value if row.expires_at > T else None)
        assert row.left(T) == row.expires_at - T
    judged(fleet, wanted["live_by_type"], wanted["expired"])


@pytest.mark.postgres
def test_the_twin_on_postgresql_is_judged_as_expected(restored: Callable[[Path], str]) -> None:
    wanted = expected("genie_fleet_pg")
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz"))) as source:
        assert len(everything(source)) == wanted["rows"]["short_memories"]
        judged(source, wanted["short_live"], wanted["short_expired"])


def test_every_damaged_row_is_shown_or_named_and_no_other_suffers(damaged: tuple[Source, Place], fleet: Source) -> None:
    source, place = damaged
    rows = everything(source)
    assert [(len(rows) + 1,)] == place.rows("SELECT count(*) FROM short_memories")
    touched = {TOMORROW, NUMBER, ISO_PAST, BYTES, NO_BIRTHDAY, NO_ZONE_PAST}
    whole = everything(fleet)
    assert len(rows.keys() - touched) == 80 - 7
    assert all(rows[key] == whole[key] for key in rows.keys() - touched)
    found = {(damage.key, damage.column): damage.field.raw for damage in source.short_memory.list(limit=1000).damage}
    assert found == {
        (TOMORROW[::-1], "expires_at"): "tomorrow",
        (NUMBER[::-1], "expires_at"): 1795180000,
        (NO_BIRTHDAY[::-1], "created_at"): "x",
        (None, "key"): None,
    }
    assert rows[BYTES].value == "{}"
    for key in (TOMORROW, NUMBER):
        expires_at: object = rows[key].expires_at
        assert isinstance(expires_at, Damaged) and rows[key].left(T) is None


def test_damaged_rows_are_judged_by_their_instants_or_not_at_all(damaged: tuple[Source, Place]) -> None:
    source, _ = damaged
    memory = source.short_memory
    for key in (TOMORROW, NUMBER):
        with pytest.raises(Corrupt, match="set it again, or delete it"):
            memory.get(*key, at=T)
    assert memory.get(*ISO_PAST, at=T) is None  # alive for that program
    assert memory.get(*ISO_PAST, at=T - timedelta(hours=8)) is not None
    assert memory.get(*NO_ZONE_PAST, at=T) is None  # alive for that program
    assert memory.get(*BYTES, at=T) == "{}"
    assert memory.get(*NO_BIRTHDAY, at=T) is not None
    living, dead = everything(source, live=True), everything(source, live=False)
    assert {BYTES, NO_BIRTHDAY} <= living.keys() and {ISO_PAST, NO_ZONE_PAST} <= dead.keys()
    assert not {TOMORROW, NUMBER} & (living.keys() | dead.keys())
    counts = memory.counts(at=T)
    assert counts[LEDGER].unreadable == 2
    assert sum(sum(count) for count in counts.values()) == 80
    # The row without a key is alive, and counted as that.
    assert sum(count.live for count in counts.values()) == len(living) + 1
    assert memory.count(LEDGER, at=T) == counts[LEDGER].live


def test_cleanup_leaves_what_it_cannot_judge(damaged: tuple[Source, Place]) -> None:
    source, place = damaged
    dead = everything(source, live=False)
    assert source.short_memory.cleanup(at=T) == len(dead)
    assert everything(source, live=False) == {}
    assert {TOMORROW, NUMBER, BYTES, NO_BIRTHDAY} <= everything(source).keys()
    source.short_memory.cleanup(at=T + timedelta(days=365))
    assert place.rows("SELECT expires_at FROM short_memories WHERE key IS NOT NULL ORDER BY expires_at") == [
        (1795180000,),
        ("tomorrow",),
    ]
    assert place.rows("SELECT count(*) FROM short_memories WHERE key IS NULL") == [(1,)]


def test_a_row_that_cannot_be_judged_is_set_again_or_deleted(damaged: tuple[Source, Place]) -> None:
    source, _ = damaged
    source.short_memory.set(*TOMORROW, "mended", 60)
    assert source.short_memory.get(*TOMORROW) == "mended"
    assert source.short_memory.delete(*NUMBER) is True
    assert source.short_memory.get(*NUMBER) is None
