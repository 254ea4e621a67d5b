"""Memories that the real program wrote, and what damage does to them."""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.agents import Place
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.agents.memories import Memory
from workbench.data.engine.page import Damaged, every

DAMAGED = {
    "39d40e57-7e3c-5fcb-9b28-81c022f96f57": ("topics", "not json"),
    "10abcbea-d210-5f3c-964d-434ab1a9e754": ("topics", '{"a":1}'),
    "a96beb1b-aa3d-5638-9c22-be06828e1518": ("topics", '["ok",5]'),
    "9cf866af-8d88-5304-b4e8-50ad4ca41bc2": ("updated_at", "whenever"),
    "8e15b94e-059f-5d8a-bd79-5e9882551210": ("content", None),
    "626f03b3-a34b-5ab4-b465-3fd50061b41c": ("topics", ""),
}
NOT_A_UUID = "mem-5"
UPPER_CASE = "E70B2920-F78C-540B-A502-F9C87B93F423"
BYTES_IN_NAME = "036cd9bc-a240-59a3-852d-e18c261e0f9b"


def expected(name: str) -> Any:
    return json.loads(fixture(f"expected/{name}.json").read_text())


def everything(source: Source, limit: int = 17) -> list[Memory]:
    return list(every(lambda after: source.memories.list(limit=limit, after=after)))


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Source]:
    with open_source(copied("agents/genie_fleet.db", tmp_path)) as source:
        yield source


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[tuple[Source, Place]]:
    path = str(copied("agents/genie_damaged.db", tmp_path))
    with open_source(path) as source:
        yield source, Place("sqlite", path, path)


def test_the_fleets_memories_are_read_as_expected(fleet: Source) -> None:
    answers = expected("genie_fleet")
    rows = everything(fleet)
    wanted = answers["memories"]
    assert Counter(memory.app_name for memory in rows) == wanted["by_app"]
    assert sum(memory.created_at.year == 1 for memory in rows) == wanted["created_year_1"]
    assert sum(memory.topics == () for memory in rows) == wanted["topics_null"]
    assert fleet.memories.list(limit=1000).damage == ()
    episodes = Counter(
        json.dumps(memory.topics)
        for memory in rows
        if memory.topics and memory.topics[0].startswith("reactree:episode")
    )
    assert episodes == wanted["episodes_by_topic"]
    for app, count in wanted["by_app"].items():
        assert len(list(every(lambda after, app=app: fleet.memories.list(app, limit=50, after=after)))) == count


@pytest.mark.postgres
def test_the_twin_on_postgresql_is_read_whole(restored: Callable[[Path], str]) -> None:
    answers = expected("genie_fleet_pg")
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz"))) as source:
        rows = everything(source)
        assert len(rows) == len({memory.id for memory in rows}) == answers["rows"]["memories"]
        assert [memory.updated_at for memory in rows] == sorted((m.updated_at for m in rows), reverse=True)
        assert all(isinstance(memory.topics, tuple) for memory in rows)
        assert sum(memory.id != id_of(memory) for memory in rows) == 1  # which was edited after it was added


def id_of(memory: Memory) -> str:
    return str(uuid.uuid5(uuid.UUID(int=0), f"{memory.app_name}:{memory.user_id}:{memory.content}"))


def test_ids_are_those_of_the_real_program(fleet: Source) -> None:
    """Adding what is there already meets its row; only edited rows have ids that do not follow from them."""
    rows = everything(fleet)
    same = [memory for memory in rows if memory.id == id_of(memory)]
    assert len(same) == len(rows) - 1
    for memory in same[::10]:
        again = fleet.memories.add_memory((memory.app_name, memory.user_id), memory.content, memory.topics)
        assert again.id == memory.id
        assert again.created_at == (memory.created_at if memory.created_at.year > 1 else again.updated_at)
    assert len(everything(fleet)) == len(rows)


def test_every_damaged_row_is_shown_with_what_is_wrong_and_no_other_suffers(
    damaged: tuple[Source, Place], fleet: Source
) -> None:
    source, place = damaged
    rows = {memory.id: memory for memory in everything(source)}
    assert [(len(rows),)] == place.rows("SELECT count(*) FROM memories")
    whole = {memory.id: memory for memory in everything(fleet)}
    untouched = rows.keys() - DAMAGED.keys() - {NOT_A_UUID, UPPER_CASE}
    assert len(untouched) == 70 - 8
    assert all(rows[id] == whole[id] for id in untouched)  # the one with bytes in its name too
    found = {damage.key[0]: damage for damage in source.memories.list(limit=1000).damage if damage.key}
    assert {id: damage.column for id, damage in found.items()} == {id: column for id, (column, _) in DAMAGED.items()}
    for id, (column, raw) in DAMAGED.items():
        value: object = getattr(rows[id], column)
        assert isinstance(value, Damaged) and value == found[id].field
        assert raw is None or value.raw == raw


def test_odd_rows_can_be_edited_and_removed_as_they_stand(damaged: tuple[Source, Place]) -> None:
    source, _ = damaged
    rows = {memory.id: memory for memory in everything(source)}
    for id in (*DAMAGED, NOT_A_UUID, UPPER_CASE, BYTES_IN_NAME):
        key = rows[id].key
        assert source.memories.get_memory(key) == rows[id]
        mended = source.memories.update_memory(key, "mended", ["mended"])
        assert (mended.id, mended.content, mended.topics) == (id, "mended", ("mended",))
        assert source.memories.delete_memory(key) is True
    assert len(everything(source)) == 70 - 9


def test_a_search_among_damaged_rows_finds_the_others(damaged: tuple[Source, Place]) -> None:
    source, _ = damaged
    for user in sorted({(memory.app_name, memory.user_id) for memory in everything(source)}):
        mine = list(source.memories.read_memories(user))
        found = source.memories.search_memories(user, "A")
        assert {m.id for m in found} >= {m.id for m in mine if isinstance(m.content, str) and "a" in m.content.lower()}
        assert list(source.memories.search_memories(user, "")) == mine
