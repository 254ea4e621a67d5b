"""Short memory: values that live for a while, judged by instants whatever clock wrote them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.agents import Place
from support.racers import race

from workbench.data import Source
from workbench.data.agents import short_memory
from workbench.data.agents.short_memory import TypeCount
from workbench.data.engine.page import every
from workbench.data.errors import Invalid, ReadOnly

MINUTE = timedelta(minutes=1)
SQLITE_ROW = "SELECT key, memory_type, value, expires_at, created_at FROM short_memories"


@pytest.fixture
def local(theirs: Place) -> Iterator[Source]:
    theirs.run("DELETE FROM short_memories")
    with theirs.open() as source:
        yield source


def put(place: Place, key: str, expires_at: str, memory_type: str = "t", value: str = "1") -> None:
    """A row as another program writes it."""
    place.run(
        "INSERT INTO short_memories (key, memory_type, value, expires_at, created_at) "
        f"VALUES ('{key}', '{memory_type}', '{value}', '{expires_at}', '2026-01-01 00:00:00 +0000')"
    )


# -- setting and getting -------------------------------------------------------------------------------------


def test_a_value_is_found_until_it_expires_and_reading_removes_nothing(source: Source, place: Place) -> None:
    source.short_memory.set("reaction_ledger", "m1", '{"goal": "ü"}', MINUTE)
    assert source.short_memory.get("reaction_ledger", "m1") == '{"goal": "ü"}'
    later = datetime.now(UTC) + 2 * MINUTE
    assert source.short_memory.get("reaction_ledger", "m1", at=later) is None
    assert source.short_memory.get("reaction_ledger", "unknown") is None
    assert place.rows("SELECT key FROM short_memories") == [("m1",)]


def test_a_value_that_expires_this_moment_has_expired(source: Source) -> None:
    source.short_memory.set("t", "k", "1", MINUTE)
    (row,) = source.short_memory.list()
    assert source.short_memory.get("t", "k", at=row.expires_at) is None
    assert source.short_memory.get("t", "k", at=row.expires_at - timedelta(microseconds=1)) == "1"
    assert source.short_memory.count("t", at=row.expires_at) == 0


def test_types_are_apart(source: Source) -> None:
    source.short_memory.set("a", "k", "of a", 60)
    source.short_memory.set("b", "k", "of b", 60.5)
    assert source.short_memory.get("a", "k") == "of a"
    assert source.short_memory.delete("a", "k") is True
    assert source.short_memory.delete("a", "k") is False
    assert source.short_memory.get("b", "k") == "of b"


def test_setting_again_replaces_value_and_expiry_and_keeps_the_creation(source: Source) -> None:
    source.short_memory.set("t", "k", "1", 60)
    (first,) = source.short_memory.list()
    source.short_memory.set("t", "k", "2", 3600)
    (second,) = source.short_memory.list()
    assert (second.value, second.created_at) == ("2", first.created_at)
    assert second.expires_at - first.expires_at > timedelta(minutes=58)


@pytest.mark.parametrize("ttl", [0, -60, timedelta(seconds=-1)])
def test_a_time_to_live_of_nothing_keeps_it_as_expired(source: Source, ttl: Any) -> None:
    source.short_memory.set("t", "k", "1", ttl)
    assert source.short_memory.get("t", "k") is None
    assert source.short_memory.counts() == {"t": TypeCount(0, 1, 0)}


def test_a_time_to_live_may_be_very_long(source: Source) -> None:
    source.short_memory.set("t", "k", "1", 10**10)
    assert source.short_memory.get("t", "k", at=datetime(2300, 1, 1, tzinfo=UTC)) == "1"


def test_a_row_says_how_long_it_still_lives(source: Source) -> None:
    source.short_memory.set("t", "k", "1", 600)
    (row,) = source.short_memory.list()
    assert row.left(row.expires_at - MINUTE) == MINUTE
    assert row.left(row.expires_at + MINUTE) == -MINUTE
    assert timedelta(minutes=9) < row.left() <= timedelta(minutes=10)


# -- what is written -----------------------------------------------------------------------------------------


def test_a_row_of_ours_is_written_in_utc_to_the_letter(source: Source, place: Place) -> None:
    source.short_memory.set("t", "k", "1", 600)
    (row,) = source.short_memory.list()
    if place.engine != "sqlite":
        assert place.rows(SQLITE_ROW) == [("k", "t", "1", row.expires_at, row.created_at)]
        return
    assert place.rows(
        "SELECT typeof(key), typeof(memory_type), typeof(value), typeof(expires_at), typeof(created_at) "
        "FROM short_memories"
    ) == [("text",) * 5]
    for text, moment in zip(place.rows(SQLITE_ROW)[0][3:], (row.expires_at, row.created_at), strict=True):
        digits = f"{moment:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")
        assert text == f"{digits} +0000 UTC"


def test_in_their_file_it_stands_on_their_clock_without_a_monotonic_part(local: Source, theirs: Place) -> None:
    local.short_memory.set("seen_messages", "m", "1", 60)
    (row,) = local.short_memory.list()
    ((_, _, _, expires_at, created_at),) = theirs.rows(SQLITE_ROW)
    for text, moment in ((expires_at, row.expires_at), (created_at, row.created_at)):
        new_york = moment - timedelta(hours=5)
        digits = f"{new_york:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")
        assert text == f"{digits} -0500 EST"
    # That program's own question, in its own form, finds it alive now and gone after its time.
    for moment, found in ((row.created_at, 1), (row.expires_at + MINUTE, 0)):
        asked = f"{moment - timedelta(hours=5):%Y-%m-%d %H:%M:%S.%f000} -0500 EST m=+1.000000001"
        assert theirs.rows(f"SELECT count(*) FROM short_memories WHERE expires_at > '{asked}'") == [(found,)]


# -- instants decide -----------------------------------------------------------------------------------------


NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FORMS = {  # as stored: whether it lives at noon, UTC
    "2026-11-20 07:30:00.5 -0500 EST m=+600.000000001": True,
    "2026-11-20 06:59:59 -0500 EST": False,
    "2026-11-20 17:31:00 +0530 IST": True,
    "2026-11-20 17:29:00 +0530 IST": False,
    "2026-11-20 11:50:00 +0000 UTC": False,
    "2026-11-20T11:50:00Z": False,
    "2026-11-20 12:10:00": True,
    "2026-11-21 01:30:00 +1400 +14": False,
    "2026-11-20 00:30:00 -1200 -12": True,
    "2026-11-18 00:00:00 +0000 UTC": False,
    "9999-12-31 00:00:00 +0000 UTC": True,
    "0001-01-01 00:00:00 +0000 UTC": False,
}


def test_every_form_is_judged_by_its_instant(local: Source, theirs: Place) -> None:
    for form in FORMS:
        put(theirs, form, form)
    memory = local.short_memory
    living = {form for form, lives in FORMS.items() if lives}
    assert {form for form in FORMS if memory.get("t", form, at=NOON)} == living
    assert memory.count("t", at=NOON) == len(living)
    assert memory.counts(at=NOON) == {"t": TypeCount(len(living), len(FORMS) - len(living), 0)}
    assert {row.key for row in memory.list(live=True, at=NOON)} == living
    assert {row.key for row in memory.list(live=False, at=NOON)} == FORMS.keys() - living
    assert memory.cleanup(at=NOON) == len(FORMS) - len(living)
    assert {key for (key,) in theirs.rows("SELECT key FROM short_memories")} == living


# -- lists and counts ----------------------------------------------------------------------------------------


def fill(source: Source, live: int, expired: int) -> None:
    with source.database.transaction():
        for i in range(live):
            source.short_memory.set("ab"[i % 2], f"l{i}", "1", 60 + i)
        for i in range(expired):
            source.short_memory.set("ab"[i % 2], f"e{i}", "1", -60 - i)


def test_lists_filter_by_type_and_by_life_and_walk_by_pages(source: Source) -> None:
    fill(source, 11, 20)
    memory = source.short_memory

    def keys(limit: int, **filters: Any) -> list[str]:
        pages = every(lambda after: memory.list(limit=limit, after=after, **filters))
        return [row.key for row in pages]

    living, expired = [f"l{i}" for i in range(10, -1, -1)], [f"e{i}" for i in range(20)]
    for limit in (1, 3, 7, 100):
        assert keys(limit) == living + expired  # the last to expire first
        assert keys(limit, live=True) == living
        assert keys(limit, live=False) == expired
        assert keys(limit, memory_type="b") == living[1::2] + expired[1::2]
        assert keys(limit, memory_type="b", live=False) == expired[1::2]
        assert keys(limit, memory_type="a", live=True) == living[0::2]
    assert len(memory.list(live=False, limit=7)) == 7


def test_a_filtered_page_looks_through_a_bounded_number_of_rows(source: Source) -> None:
    with source.database.transaction():
        for i in range(2500):
            source.short_memory.set("t", f"{i}", "1", 60)
        source.short_memory.set("t", "old", "1", -60)
    page = source.short_memory.list(live=False, limit=10)
    assert len(page) == 0 and page.next is not None
    rows = every(lambda after: source.short_memory.list(live=False, limit=10, after=after))
    assert [row.key for row in rows] == ["old"]


def test_types_are_counted_live_and_expired(source: Source) -> None:
    fill(source, 5, 8)
    assert source.short_memory.counts() == {"a": TypeCount(3, 4, 0), "b": TypeCount(2, 4, 0)}
    assert source.short_memory.count("a") == 3
    assert source.short_memory.count("unknown") == 0
    assert source.short_memory.counts(at=datetime(2020, 1, 1, tzinfo=UTC))["a"] == TypeCount(7, 0, 0)


# -- cleaning up ---------------------------------------------------------------------------------------------


def test_cleanup_removes_what_has_expired_and_says_how_many(source: Source) -> None:
    fill(source, 7, 250)
    assert source.short_memory.cleanup() == 250
    assert {row.key for row in source.short_memory.list()} == {f"l{i}" for i in range(7)}
    assert source.short_memory.cleanup() == 0
    assert source.short_memory.cleanup(at=datetime.now(UTC) + timedelta(hours=1)) == 7


def test_in_their_file_cleanup_removes_in_small_statements(local: Source, theirs: Place) -> None:
    for i in range(130):
        put(theirs, f"k{i}", f"2026-11-19 07:{i % 60:02d}:00 -0500 EST m=+{i}.000000001")
    put(theirs, "alive", "2999-01-01 00:00:00 -0500 EST")
    assert local.short_memory.cleanup() == 130
    assert theirs.rows("SELECT key FROM short_memories") == [("alive",)]


def test_a_value_that_was_renewed_meanwhile_survives_a_cleanup(source: Source, again: Callable[..., Source]) -> None:
    """The cleanup reads and then removes; in between another process sets the value again."""
    source.short_memory.set("t", "k", "1", -60)
    source.short_memory.set("t", "gone", "1", -60)
    chunks = list(source.short_memory._expired(datetime.now(UTC)))
    again().short_memory.set("t", "k", "2", 60)
    (batch,) = chunks
    assert source.short_memory._remove(batch) == 1
    assert [row.key for row in source.short_memory.list()] == ["k"]
    assert source.short_memory.get("t", "k") == "2"


def test_lists_and_removals_go_by_an_index_in_their_file(local: Source) -> None:
    for statement, expected in (
        (short_memory._LIST, "SCAN short_memories USING INDEX idx_short_memory_expires"),
        (short_memory._OLDEST_FIRST, "SCAN short_memories USING INDEX idx_short_memory_expires"),
        (short_memory._REMOVE, "MULTI-INDEX OR"),
    ):
        prepared = statement.prepare("sqlite")
        plan = local.database.utilities().execute(  # type: ignore[attr-defined]
            f"EXPLAIN QUERY PLAN {prepared.sql}", (1,) * prepared.sql.count("?")
        )
        assert next(iter(plan))[3] == expected


# -- bad input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("", "k", "v", 60),
        ("t", "", "v", 60),
        ("t", 5, "v", 60),
        (None, "k", "v", 60),
        ("t", "k", None, 60),
        ("t", "k", b"v", 60),
        ("t", "k", "nul\0", 60),
        ("t", "k\0", "v", 60),
        ("t", "k", "\ud800", 60),
        ("t\udfff", "k", "v", 60),
        ("t", "k", "v", "60"),
        ("t", "k", "v", None),
        ("t", "k", "v", True),
        ("t", "k", "v", float("nan")),
        ("t", "k", "v", float("inf")),
        ("t", "k", "v", 10**12),
        ("t", "k", "v", 10**30),
        ("t", "k", "v", timedelta.max),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
    source: Source, place: Place, arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(Invalid):
        source.short_memory.set(*arguments)
    assert place.rows("SELECT 1 FROM short_memories") == []


def test_questions_that_make_no_sense_are_refused(source: Source) -> None:
    memory = source.short_memory
    for wrong in (
        lambda: memory.get("", "k"),
        lambda: memory.get("t", "\0"),
        lambda: memory.delete("t", ""),
        lambda: memory.delete("t", 5),
        lambda: memory.count(""),
        lambda: memory.count("t", at=datetime(2026, 1, 1)),  # noqa: DTZ001 - nobody knows what it means
        lambda: memory.get("t", "k", at="noon") or memory.cleanup(at="noon"),
        lambda: memory.list(limit=0),
        lambda: memory.list(limit=-1),
        lambda: memory.list(live=True, limit=0),
        lambda: memory.list(""),
    ):
        with pytest.raises(Invalid):
            wrong()


def test_a_source_that_is_read_only_refuses_to_change(source: Source, again: Callable[..., Source]) -> None:
    source.short_memory.set("t", "k", "1", -60)
    looking = again(read_only=True)
    assert looking.short_memory.get("t", "k") is None
    for change in (
        lambda: looking.short_memory.set("t", "k", "1", 60),
        lambda: looking.short_memory.delete("t", "k"),
        lambda: looking.short_memory.cleanup(),
    ):
        with pytest.raises(ReadOnly):
            change()


# -- many at once --------------------------------------------------------------------------------------------


SETS = """
for i in range(given["each"]):
    source.short_memory.set("own", f"{number}-{i}", str(i), 600)
    source.short_memory.set("shared", f"{i}", str(number), 600)
print(json.dumps(source.short_memory.count("own")))
"""


def test_what_four_processes_set_at_once_is_all_kept(source: Source, place: Place) -> None:
    race(SETS, place.target, 4, each=25)
    memory = source.short_memory
    assert memory.counts() == {"own": TypeCount(100, 0, 0), "shared": TypeCount(25, 0, 0)}
    assert {memory.get("own", f"{number}-{i}") for number in range(4) for i in range(25)} == set(map(str, range(25)))
    assert all(memory.get("shared", f"{i}") in {"0", "1", "2", "3"} for i in range(25))
