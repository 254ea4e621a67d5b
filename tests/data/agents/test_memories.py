"""Memories: ids, topics and times as the other program writes them, without its bugs."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.agents import Place
from support.racers import race

from workbench.data import Source
from workbench.data.agents.memories import Memory, MemoryKey
from workbench.data.agents.store import UserKey
from workbench.data.engine.page import Damaged, every
from workbench.data.errors import Conflict, Invalid, NotFound, ReadOnly

USER = UserKey("genie:genie", "private:demo-user:t1")
ZERO = "0001-01-01 00:00:00 +0000 UTC"


@pytest.fixture
def local(theirs: Place) -> Iterator[Source]:
    with theirs.open() as source:
        yield source


def stored_topics(place: Place) -> list[str]:
    return [row[0] for row in place.rows("SELECT topics FROM memories ORDER BY content")]


# -- adding --------------------------------------------------------------------------------------------------


def test_a_memory_has_the_id_that_that_program_gives_it(source: Source) -> None:
    added = source.memories.add_memory(USER, "Q: hi\nA: hello", ["conversation", "chat-turn"])
    assert added.id == "121801b9-d17e-523e-aaf5-028b29a74970"  # as in a file that it wrote
    assert added.key == MemoryKey(*USER, added.id)
    assert source.memories.add_memory(("a", "b"), "nil topics").id == "331470d9-2dc7-5560-bc8b-1857bceed028"


def test_adding_again_renews_topics_and_time_and_keeps_the_creation(source: Source, place: Place) -> None:
    first = source.memories.add_memory(USER, "text", ["old"])
    second = source.memories.add_memory(tuple(USER), "text", ("new", "two"))
    assert (second.id, second.created_at, second.topics) == (first.id, first.created_at, ("new", "two"))
    assert second.updated_at > first.updated_at
    assert source.memories.get_memory(first.key) == second
    assert place.rows("SELECT count(*) FROM memories") == [(1,)]


def test_a_creation_that_that_program_lost_is_set_when_the_memory_is_added_again(source: Source, place: Place) -> None:
    added = source.memories.add_memory(USER, "text")
    place.run(f"UPDATE memories SET created_at = '{ZERO if place.engine == 'sqlite' else ZERO[:-4]}'")
    (shown,) = source.memories.read_memories(USER)
    assert shown.created_at == datetime(1, 1, 1, tzinfo=UTC)
    again = source.memories.add_memory(USER, "text")
    assert again.created_at == again.updated_at >= added.updated_at


def test_an_edited_memory_keeps_its_id_and_its_old_text_overwrites_it(source: Source) -> None:
    added = source.memories.add_memory(USER, "old text", ["a"])
    edited = source.memories.update_memory(added.key, "new text", ["b"])
    assert (edited.id, edited.content, edited.topics, edited.created_at) == (
        added.id, "new text", ("b",), added.created_at,
    )  # fmt: skip
    assert source.memories.add_memory(USER, "old text").content == "old text"
    assert [memory.content for memory in source.memories.read_memories(USER)] == ["old text"]


def test_a_memory_never_takes_over_the_row_of_another_user(source: Source) -> None:
    """`a:b` + `c` and `a` + `b:c` give the same id; that program would move the row."""
    mine = source.memories.add_memory(("a:b", "c"), "text", ["mine"])
    with pytest.raises(Conflict, match="another user's memory"):
        source.memories.add_memory(("a", "b:c"), "text", ["theirs"])
    assert list(source.memories.list()) == [mine]


# -- what is written -----------------------------------------------------------------------------------------


def test_topics_are_written_as_that_program_writes_them(source: Source, place: Place) -> None:
    for number, topics in enumerate(
        ([], ["conversation", "chat-turn"], ['<b>&"\\/'], ["\u2028\u2029 é 😀"], ["\t\n\r\b\f\x01\x1f\x7f"])
    ):
        added = source.memories.add_memory(USER, str(number), topics)
        assert added.topics == tuple(topics)
    assert stored_topics(place) == [
        "[]",
        '["conversation","chat-turn"]',
        '["\\u003cb\\u003e\\u0026\\"\\\\/"]',
        '["\\u2028\\u2029 é 😀"]',
        '["\\t\\n\\r\\b\\f\\u0001\\u001f\x7f"]',
    ]


def test_a_row_of_ours_is_written_to_the_letter(source: Source, place: Place) -> None:
    added = source.memories.add_memory(USER, "", ["x"])
    columns = "id, app_name, user_id, content, topics, created_at, updated_at"
    ((*texts, created_at, updated_at),) = place.rows(f"SELECT {columns} FROM memories")
    assert texts == [added.id, *USER, "", '["x"]']
    if place.engine == "sqlite":
        types = ", ".join(f"typeof({name})" for name in columns.split(", "))
        assert place.rows(f"SELECT {types} FROM memories") == [("text",) * 7]
        digits = f"{added.created_at:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")
        assert created_at == updated_at == f"{digits} +0000 UTC"
    else:
        assert created_at == updated_at == added.created_at


def test_in_their_file_times_stand_on_their_clock(local: Source, theirs: Place) -> None:
    added = local.memories.add_memory(("a", "new"), "text")
    edited = local.memories.update_memory(added.key, "text 2", [])
    for column, moment in (("created_at", added.created_at), ("updated_at", edited.updated_at)):
        digits = f"{moment - timedelta(hours=5):%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")
        assert theirs.rows(f"SELECT {column} FROM memories WHERE user_id = 'new'") == [(f"{digits} -0500 EST",)]


def test_what_that_program_wrote_is_read_and_renewed_in_place(local: Source, theirs: Place) -> None:
    (turn,) = local.memories.read_memories(USER)
    assert turn.topics == ("conversation", "chat-turn")
    assert turn.stored["created_at"] == "2026-11-20 01:44:01.492038204 -0500 EST"
    (nil,) = local.memories.read_memories(("a", "b"))
    assert nil.topics == ()
    again = local.memories.add_memory(USER, turn.content, turn.topics)
    assert (again.id, again.stored["created_at"]) == (turn.id, turn.stored["created_at"])
    assert theirs.rows(f"SELECT count(*) FROM memories WHERE id = '{turn.id}'") == [(1,)]


# -- reading and searching -----------------------------------------------------------------------------------


def test_memories_come_last_updated_first_and_by_pages(source: Source) -> None:
    for number in range(7):
        source.memories.add_memory(USER, f"n{number}")
    source.memories.add_memory(USER, "n2")
    source.memories.add_memory(("other", "user"), "n9")
    expected = ["n2", "n6", "n5", "n4", "n3", "n1", "n0"]
    for limit in (1, 3, 7, 100):
        rows = every(lambda after, limit=limit: source.memories.read_memories(USER, limit, after))
        assert [memory.content for memory in rows] == expected
    assert [memory.content for memory in source.memories.list(limit=3)] == ["n9", "n2", "n6"]
    assert len(source.memories.list(app="other")) == 1
    assert len(source.memories.list(user=USER.user_id)) == 7
    assert len(source.memories.list("other", USER.user_id)) == 0


CONTENTS = ("100% sure", "100 percent", "snake_case", "snakeXcase", "C:\\dir", "Straße ÄRGER", "straße ärger", "it's")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("%", {"100% sure"}),
        ("_", {"snake_case"}),
        ("\\", {"C:\\dir"}),
        ("'", {"it's"}),
        ("SNAKE", {"snake_case", "snakeXcase"}),
        ("strASSe", set()),
        ("STRAßE", {"Straße ÄRGER", "straße ärger"}),
        ("Ärger", {"Straße ÄRGER"}),
        ("ärger", {"straße ärger"}),
        ("", set(CONTENTS)),
        ("nowhere", set()),
    ],
)
def test_a_search_is_literal_and_the_same_on_every_engine(source: Source, query: str, found: set[str]) -> None:
    for content in CONTENTS:
        source.memories.add_memory(USER, content)
    source.memories.add_memory(("other", "user"), "100% sure, snake_case, it's \\ in none")
    assert {memory.content for memory in source.memories.search_memories(USER, query)} == found


def test_a_search_walks_by_pages(source: Source) -> None:
    for number in range(9):
        source.memories.add_memory(USER, f"{'even' if number % 2 == 0 else 'odd'} {number}")
    rows = every(lambda after: source.memories.search_memories(USER, "EVEN", 2, after))
    assert [memory.content for memory in rows] == ["even 8", "even 6", "even 4", "even 2", "even 0"]


def test_topics_that_cannot_be_read_are_damaged_and_named(source: Source, place: Place) -> None:
    texts = {"a": "not json", "b": '{"a":1}', "c": '["ok",5]', "d": "", "e": "null", "f": '["x"]', "g": "[" * 5000}
    for content, topics in texts.items():
        source.memories.add_memory(USER, content)
        place.run(f"UPDATE memories SET topics = '{topics}' WHERE content = '{content}'")
    page = source.memories.read_memories(USER)
    topics_of: dict[str, object] = {memory.content: memory.topics for memory in page}
    assert topics_of["e"] == () and topics_of["f"] == ("x",)
    for content in "abcdg":
        damaged = topics_of[content]
        assert isinstance(damaged, Damaged) and damaged.raw == texts[content] and "topics" in damaged.why
    assert {damage.column for damage in page.damage} == {"topics"} and len(page.damage) == 5
    (memory,) = (memory for memory in page if memory.content == "a")
    assert source.memories.update_memory(memory.key, "a", ["mended"]).topics == ("mended",)


# -- removing ------------------------------------------------------------------------------------------------


def test_a_memory_is_removed_once(source: Source) -> None:
    added = source.memories.add_memory(USER, "text")
    kept = source.memories.add_memory(USER, "other")
    assert source.memories.delete_memory(("genie:genie", "somebody else", added.id)) is False
    assert source.memories.delete_memory(added.key) is True
    assert source.memories.delete_memory(added.key) is False
    assert list(source.memories.list()) == [kept]
    for missing in (source.memories.get_memory, lambda key: source.memories.update_memory(key, "x", [])):
        with pytest.raises(NotFound, match=f"memory not found: {added.id}"):
            missing(added.key)


def test_a_user_is_forgotten_and_no_other(source: Source) -> None:
    for number in range(5):
        source.memories.add_memory(USER, str(number))
    kept = source.memories.add_memory((USER.app_name, "other"), "text")
    assert source.memories.clear_memories(USER) == 5
    assert source.memories.clear_memories(USER) == 0
    assert list(source.memories.list()) == [kept]


def test_in_their_file_a_user_is_forgotten_in_small_steps(local: Source, theirs: Place) -> None:
    before = theirs.rows("SELECT count(*) FROM memories")[0][0]
    values = ", ".join(f"('m{i}', 'a', 'u', 'text', '[]', '{ZERO}', '{ZERO}')" for i in range(250))
    columns = "id, app_name, user_id, content, topics, created_at, updated_at"
    theirs.run(f"INSERT INTO memories ({columns}) VALUES {values}, (NULL, 'a', 'u', 'text', '[]', 'x', 'x')")
    assert local.memories.clear_memories(("a", "u")) == 251
    assert theirs.rows("SELECT count(*) FROM memories") == [(before,)]


# -- what a memory service has besides -----------------------------------------------------------------------


def test_there_are_no_tools_and_no_hidden_jobs(source: Source, place: Place) -> None:
    assert source.memories.tools() == ()
    source.memories.enqueue_auto_memory_job(object())
    assert place.rows("SELECT 1 FROM memories") == []


# -- bad input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        (("", "u"), "text", ()),
        (("a", ""), "text", ()),
        (("a", None), "text", ()),
        (("a",), "text", ()),
        (("a", "u", "x"), "text", ()),
        ("au", "text", ()),
        (None, "text", ()),
        (USER, None, ()),
        (USER, 5, ()),
        (USER, "nul\0", ()),
        (USER, "\ud800", ()),
        (("a\0", "u"), "text", ()),
        (("a", "\udc80"), "text", ()),
        (USER, "text", "one text"),
        (USER, "text", None),
        (USER, "text", [5]),
        (USER, "text", ["nul\0"]),
        (USER, "text", ["\ud800"]),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
    source: Source, place: Place, arguments: tuple[Any, ...]
) -> None:
    kept = source.memories.add_memory(USER, "kept", ["t"])
    with pytest.raises(Invalid):
        source.memories.add_memory(*arguments)
    user, content, topics = arguments
    with pytest.raises((Invalid, NotFound)):
        source.memories.update_memory((*(user if isinstance(user, tuple) else ()), kept.id), content, topics)
    assert list(source.memories.list()) == [kept]
    assert len(place.rows("SELECT 1 FROM memories")) == 1


def test_questions_that_make_no_sense_are_refused(source: Source) -> None:
    memories = source.memories
    for wrong in (
        lambda: memories.read_memories(USER, 0),
        lambda: memories.read_memories(USER, -1),
        lambda: memories.search_memories(USER, None),  # type: ignore[arg-type]
        lambda: memories.search_memories(USER, "\0"),
        lambda: memories.list(app=""),
        lambda: memories.list(user=""),
        lambda: memories.clear_memories(("a", "")),
        lambda: memories.delete_memory(("a", "u", "")),
        lambda: memories.delete_memory(("a", "u")),
    ):
        with pytest.raises(Invalid):
            wrong()


def test_a_source_that_is_read_only_refuses_to_change(source: Source, again: Callable[..., Source]) -> None:
    added = source.memories.add_memory(USER, "text")
    looking = again(read_only=True).memories
    assert list(looking.list()) == [added]
    for change in (
        lambda: looking.add_memory(USER, "text"),
        lambda: looking.update_memory(added.key, "text", []),
        lambda: looking.delete_memory(added.key),
        lambda: looking.clear_memories(USER),
    ):
        with pytest.raises(ReadOnly):
            change()


# -- many at once --------------------------------------------------------------------------------------------

ADDS = """
for i in range(given["each"]):
    source.memories.add_memory(("app", "user"), f"own {number} {i}")
    source.memories.add_memory(("app", "user"), f"shared {i}", [str(number)])
print(json.dumps(True))
"""


def test_what_four_processes_add_at_once_is_all_kept(source: Source, place: Place) -> None:
    race(ADDS, place.target, 4, each=10)
    rows = list(every(lambda after: source.memories.read_memories(("app", "user"), after=after)))
    assert len(rows) == 50
    shared: list[Memory] = [memory for memory in rows if memory.content.startswith("shared")]
    assert all(len(memory.topics) == 1 and json.loads(memory.topics[0]) in range(4) for memory in shared)
