"""What every engine does alike: the same tests on SQLite and PostgreSQL."""

import math
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from support.things import ADD, ALL, COUNT, GET, INSERT, LIST, LIST_MIXED, NOON, THINGS, Place, thing

from workbench.data.engine import codecs
from workbench.data.engine.database import Database
from workbench.data.engine.drift import drift
from workbench.data.engine.page import Cursor, Damaged
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.tables import Column, Index, Table
from workbench.data.errors import Conflict, Invalid, ReadOnly, Unavailable, Unsupported

Open = Callable[..., Database]


# -- reading and writing -------------------------------------------------------------------------------------


def test_a_record_comes_back_as_it_was_written(database: Database) -> None:
    ends = datetime(2026, 11, 20, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    row = thing(
        "a", title="naïve ✓ 'quoted' \"twice\" :not_a_parameter", note="n", count=2**62, weight=0.1,
        enabled=False, body=b"\x00\xff", ends_at=ends, added_by="ops",
    )  # fmt: skip
    assert database.run(INSERT, row) == 1
    found = database.one(GET, {"id": "a"})
    assert found is not None
    assert {name: getattr(found, name) for name in row} == row
    assert found.made_at.utcoffset() == timedelta() and found.made_at.microsecond == 123456
    assert set(found.stored) == {"made_at", "ends_at"}


def test_what_is_missing_is_none_and_nulls_read_as_their_defaults(database: Database) -> None:
    assert database.one(GET, {"id": "nobody"}) is None
    database.run(INSERT, thing("a", note=None, added_by=None))
    found = database.one(GET, {"id": "a"})
    assert found is not None and (found.note, found.added_by, found.weight, found.ends_at) == ("", "", None, None)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("title", "nul \0 inside", "NUL"),
        ("title", "half \ud800 a character", "surrogate"),
        ("title", b"bytes", "text belongs"),
        ("count", 2**63, "64 bits"),
        ("count", True, "whole number"),
        ("weight", math.nan, "finite"),
        ("weight", math.inf, "finite"),
        ("enabled", 1, "True or False"),
        ("body", "text", "bytes"),
        ("made_at", datetime(2026, 1, 1), "time zone"),  # noqa: DTZ001
        ("made_at", 1_795_000_000, "aware datetime"),
    ],
)
def test_what_an_engine_cannot_hold_is_refused_before_the_driver_sees_it(
    database: Database, column: str, value: object, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        database.run(INSERT, thing("a", **{column: value}))
    assert database.one(COUNT) == 0


def test_a_row_that_is_there_already_is_a_conflict(database: Database) -> None:
    database.run(INSERT, thing("a"))
    with pytest.raises(Conflict):
        database.run(INSERT, thing("a"))


def test_a_returning_statement_writes_and_answers(database: Database, again: Open) -> None:
    database.run(INSERT, thing("a", count=1))
    assert database.one(ADD, {"id": "a", "by": 4}) == 5
    found = again().one(GET, {"id": "a"})
    assert found is not None and found.count == 5


def test_many_rows_go_in_together_or_not_at_all(database: Database) -> None:
    database.run_many(INSERT, (thing(f"{i:03}") for i in range(200)))
    assert database.one(COUNT) == 200
    with pytest.raises(Conflict):
        database.run_many(INSERT, [thing("new"), thing("000")])
    with pytest.raises(Invalid):
        database.run_many(INSERT, [thing("new"), thing("newer", title=None)])
    assert database.one(COUNT) == 200


def test_an_unknown_table_is_named(database: Database) -> None:
    with pytest.raises(Unsupported, match="nothing_here"):
        database.one(Statement("SELECT x FROM nothing_here", row=Row.plain(str, x=codecs.text)))


def test_a_read_only_database_refuses_every_write(database: Database, again: Open) -> None:
    reader = again(read_only=True)
    for attempt in (
        lambda: reader.run(INSERT, thing("a")),
        lambda: reader.run_many(INSERT, [thing("a")]),
        lambda: reader.one(ADD, {"id": "a", "by": 1}),
        lambda: reader.transact(lambda db: db.one(COUNT)),
    ):
        with pytest.raises(ReadOnly, match="--write"):
            attempt()
    assert reader.one(COUNT) == 0


def test_a_closed_database_says_so(place: Place) -> None:
    opened = place.open()
    opened.close()
    opened.close()
    with pytest.raises(Unavailable, match="closed"):
        opened.one(COUNT)
    with pytest.raises(Unavailable, match="closed"):
        opened.run(INSERT, thing("a"))


# -- pages ---------------------------------------------------------------------------------------------------


def fill(database: Database, n: int) -> list[str]:
    """Rows with many equal times and titles; their ids in the order of `LIST`."""
    rows = [thing(f"{i:04}", title=f"t{i % 7}", made_at=NOON + timedelta(seconds=i // 5)) for i in range(n)]
    database.run_many(INSERT, rows)
    return [row["id"] for row in sorted(rows, key=lambda row: (row["made_at"], row["id"]), reverse=True)]


@pytest.mark.parametrize("limit", [1, 7, 50, 1000])
def test_pages_by_key_give_every_row_once_in_order(database: Database, limit: int) -> None:
    order, seen, after = fill(database, 60), [], None
    while True:
        page = database.page(LIST, limit=limit, after=after)
        seen += [row.id for row in page]
        after = page.next
        if after is None:
            break
        assert len(page) == limit
    assert seen == order


def test_the_last_page_comes_without_reading_the_others(database: Database) -> None:
    order = fill(database, 60)
    last = database.page(LIST, limit=25, backwards=True)
    assert [row.id for row in last] == order[-25:]
    assert last.next is not None
    before = database.page(LIST, limit=25, after=last.next)
    assert [row.id for row in before] == order[-50:-25]
    assert before.next is not None
    first = database.page(LIST, limit=25, after=before.next)
    assert [row.id for row in first] == order[:10] and first.next is None


def test_pages_of_an_order_in_two_directions(database: Database) -> None:
    fill(database, 60)
    page = database.page(LIST_MIXED, limit=100)
    whole = [(row.title, row.id) for row in page]
    assert whole == sorted(sorted(whole, key=lambda pair: pair[1], reverse=True), key=lambda pair: pair[0])
    seen, after = [], None
    while True:
        page = database.page(LIST_MIXED, limit=9, after=after)
        seen += [(row.title, row.id) for row in page]
        if (after := page.next) is None:
            break
    assert seen == whole


def test_a_page_has_a_row_at_least(database: Database) -> None:
    for limit in (0, -1, True, None, "5", 1.5):
        with pytest.raises(Invalid, match="at least"):
            database.page(LIST, limit=limit)  # type: ignore[arg-type]


def test_a_page_goes_on_only_after_a_page_of_its_own_list(database: Database) -> None:
    fill(database, 3)
    for after in ("thing", 5, Cursor(()), Cursor(("a",)), Cursor(("a", "b", "c"))):
        with pytest.raises(Invalid, match="the `next` of a page"):
            database.page(LIST, limit=1, after=after)  # type: ignore[arg-type]


def test_rows_that_come_and_go_do_not_shift_the_next_page(database: Database) -> None:
    order = fill(database, 30)
    page = database.page(LIST, limit=10)
    database.run(INSERT, thing("new", made_at=NOON + timedelta(days=1)))
    database.run(Statement("DELETE FROM things WHERE id = :id", table=THINGS), {"id": order[3]})
    assert page.next is not None
    assert [row.id for row in database.page(LIST, limit=10, after=page.next)] == order[10:20]


# -- columns that older databases lack; drift ----------------------------------------------------------------


def test_a_database_without_a_later_column_is_used_as_it_is(place: Place) -> None:
    older = replace(THINGS, columns=THINGS.columns[:-1])
    with place.open() as opened:
        for ddl in older.ddl(opened.dialect):
            opened.run(Statement(ddl))
        before = [c for c in older.columns if c.name != "added_by"]
        names = ", ".join(column.name for column in before)
        marks = ", ".join(f":{column.name}" for column in before)
        opened.run(Statement(f"INSERT INTO things ({names}) VALUES ({marks})", table=older), thing("a"))
        found = opened.one(GET, {"id": "a"})
        assert found is not None and found.added_by == ""
        by = Statement("SELECT count(*) AS n FROM things WHERE {column:things.added_by} = ''",
                       row=Row.plain(int, n=codecs.bigint), table=THINGS)  # fmt: skip
        assert opened.one(by) == 1
        assert drift(opened, [THINGS]) == ()


def test_a_column_that_is_added_meanwhile_is_read_after_the_next_look(place: Place) -> None:
    older = replace(THINGS, columns=THINGS.columns[:-1])
    with place.open() as opened:
        for ddl in older.ddl(opened.dialect):
            opened.run(Statement(ddl))
        raw = place.raw()
        raw.execute("INSERT INTO things VALUES ('a', 't', '', 0, NULL, true, NULL, '2026-01-01 00:00:00+00:00', NULL)")
        assert getattr(opened.one(GET, {"id": "a"}), "added_by") == ""  # noqa: B009
        raw.execute("ALTER TABLE things ADD COLUMN added_by text DEFAULT ''")
        raw.execute("UPDATE things SET added_by = 'alice'")
        raw.close()
        opened.relations(fresh=True)
        assert getattr(opened.one(GET, {"id": "a"}), "added_by") == "alice"  # noqa: B009


def test_drift_is_told_in_words(place: Place) -> None:
    with place.open() as opened:
        assert drift(opened, [THINGS]) == ("table things is missing",)
        other = replace(
            THINGS,
            columns=tuple(
                Column("count", codecs.text) if column.name == "count" else column
                for column in THINGS.columns
                if column.name != "title"
            ),
            key=("made_at",),
            indexes=(Index("idx_another", ("made_at",)),),
        )
        for ddl in other.ddl(opened.dialect):
            opened.run(Statement(ddl))
        assert drift(opened, [THINGS]) == (
            "table things lacks the column title",
            "column things.count is declared text where bigint belongs",
            "table things has the primary key (made_at) where (id) belongs",
            "table things lacks the index idx_things_made: its lists are slow",
            "table things lacks the index idx_things_title: its lists are slow",
        )


def test_a_key_is_known_in_its_own_order(place: Place) -> None:
    turned = Table("turned", (Column("a", codecs.text), Column("b", codecs.text)), key=("b", "a"))
    with place.open() as opened:
        for ddl in turned.ddl(opened.dialect):
            opened.run(Statement(ddl))
        assert opened.relations(fresh=True)["turned"].key == ("b", "a")
        assert drift(opened, [turned]) == ()


def test_a_table_made_from_its_declaration_has_no_drift(database: Database) -> None:
    assert drift(database, [THINGS]) == ()
    for ddl in THINGS.ddl(database.dialect):
        database.run(Statement(ddl))  # idempotent
    assert drift(database, [THINGS]) == ()


# -- change --------------------------------------------------------------------------------------------------


def test_the_token_changes_with_every_commit_and_with_nothing_else(database: Database, again: Open) -> None:
    token = database.change_token()
    database.one(COUNT)
    assert database.change_token() == token
    database.run(INSERT, thing("a"))
    own = database.change_token()
    assert own != token
    other = again()
    other.run(INSERT, thing("b"))
    foreign = database.change_token()
    assert foreign != own
    with pytest.raises(ValueError), other.transaction():
        other.one(COUNT)
        raise ValueError
    if database.engine == "sqlite":
        assert database.change_token() == foreign


# -- fork ----------------------------------------------------------------------------------------------------


def test_after_a_fork_the_child_is_told_and_the_parent_goes_on(database: Database) -> None:
    database.run(INSERT, thing("a"))
    inside, outside = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answers = []
            for attempt in (lambda: database.one(COUNT), lambda: database.run(INSERT, thing("b")),
                            database.change_token):  # fmt: skip
                try:
                    answers.append(repr(attempt()))
                except Unavailable as error:
                    answers.append(str(error))
            os.write(outside, "\n".join(answers).encode())
        finally:
            os._exit(0)
    os.close(outside)
    with os.fdopen(inside, "rb") as answer:
        lines = answer.read().decode().splitlines()
    os.waitpid(child, 0)
    assert len(lines) == 3 and all("opened before fork" in line for line in lines)
    database.run(INSERT, thing("b"))
    assert database.one(COUNT) == 2


# -- damage --------------------------------------------------------------------------------------------------


def test_a_damaged_field_hides_neither_its_row_nor_the_others(place: Place, database: Database) -> None:
    database.run_many(INSERT, [thing("a"), thing("b"), thing("c")])
    with_raw = place.raw()
    bad = "infinity" if place.engine == "postgres" else "not a time"
    with_raw.execute(f"UPDATE things SET ends_at = '{bad}' WHERE id = 'b'")
    with_raw.close()
    page = database.all(ALL)
    assert [row.id for row in page] == ["a", "b", "c"]
    field = page[1].ends_at
    assert isinstance(field, Damaged) and field.raw == bad and field.why
    assert [(found.key, found.column, found.field) for found in page.damage] == [(("b",), "ends_at", field)]
    one = database.one(GET, {"id": "b"})
    assert one is not None and one.ends_at == field and one.title == "title of b"
