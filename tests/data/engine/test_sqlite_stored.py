"""What stands in a SQLite file that no engine would have written: read as far as it can be, and told."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.things import ALL, GET, INSERT, LIST, LIST_MIXED, ROW, THINGS, empty_file, make_things, thing

from workbench.data.engine import codecs
from workbench.data.engine.page import Damaged
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.tables import Table
from workbench.data.errors import Invalid


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return empty_file(tmp_path / "things.db")


@pytest.fixture
def database(path: Path) -> Iterator[SqliteDatabase]:
    with SqliteDatabase(path) as database:
        make_things(database)
        yield database


def spoil(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_text_that_is_no_text_hides_no_row(database: SqliteDatabase, path: Path) -> None:
    database.run_many(INSERT, (thing(key) for key in "abcdef"))
    spoil(
        path,
        "UPDATE things SET title = CAST(x'80ff' AS TEXT) WHERE id = 'a'",
        "UPDATE things SET title = x'e282ac' WHERE id = 'b'",
        "UPDATE things SET title = x'80ff' WHERE id = 'c'",
        "UPDATE things SET made_at = 1795175900 WHERE id = 'd'",
        "UPDATE things SET enabled = 'yes' WHERE id = 'e'",
    )
    page = database.all(ALL)
    assert [row.id for row in page] == list("abcdef")
    assert page[0].title == "\udc80\udcff"  # shown as it stands; nobody here could write it
    assert page[1].title == "€"
    assert page[2].title == Damaged(b"\x80\xff", "bytes that are not UTF-8 where text belongs")
    made = page[3].made_at
    assert isinstance(made, Damaged) and made.raw == 1795175900 and "as unix s: 2026-11-20 11:58:20 UTC" in made.why
    assert isinstance(page[4].enabled, Damaged) and page[4].enabled.raw == "yes"
    assert [(found.key, found.column) for found in page.damage] == [
        (("c",), "title"),
        (("d",), "made_at"),
        (("e",), "enabled"),
    ]
    with pytest.raises(Invalid, match="surrogate"):
        database.one(GET, {"id": page[0].title})


def test_a_row_without_a_key_is_named_as_damage_and_stops_no_page(database: SqliteDatabase, path: Path) -> None:
    database.run_many(INSERT, (thing(f"{i:02}") for i in range(9)))
    spoil(path, "UPDATE things SET id = NULL WHERE id IN ('00', '01', '02')")
    by_id = Statement(
        "SELECT {columns} FROM things WHERE {after} ORDER BY {order} LIMIT :limit", row=ROW, order=("id",)
    )
    seen, damage, after = [], 0, None
    while True:
        page = database.page(by_id, limit=2, after=after)
        seen += [row.id for row in page]
        damage += len(page.damage)
        assert all(found.key is None and found.column == "id" for found in page.damage)
        if (after := page.next) is None:
            break
    assert seen == ["03", "04", "05", "06", "07", "08"] and damage >= 2


def test_keys_of_any_storage_class_are_paged_in_stored_order(database: SqliteDatabase, path: Path) -> None:
    database.run_many(INSERT, (thing(f"{i:02}") for i in range(12)))
    spoil(
        path,
        "UPDATE things SET made_at = 5 WHERE id = '03'",
        "UPDATE things SET made_at = x'31' WHERE id = '04'",
        "UPDATE things SET made_at = '' WHERE id = '05'",
    )
    seen, after = [], None
    while True:
        page = database.page(LIST, limit=2, after=after)
        seen += [row.id for row in page]
        if (after := page.next) is None:
            break
    assert sorted(seen) == [f"{i:02}" for i in range(12)] and seen[0] == "04" and seen[-2:] == ["05", "03"]


def test_keys_that_are_no_text_or_partly_null_are_paged_past(database: SqliteDatabase, path: Path) -> None:
    database.run_many(INSERT, (thing(f"{i:02}", title=f"t{i // 4}") for i in range(12)))
    spoil(
        path,
        "UPDATE things SET title = CAST(x'743062ff' AS TEXT) WHERE id IN ('03', '04')",
        "CREATE TABLE loose (id text, title text, made_at datetime)",
        "INSERT INTO loose SELECT id, title, made_at FROM things",
        "UPDATE loose SET made_at = NULL WHERE id IN ('05', '06', '07', '08')",
        "UPDATE loose SET title = NULL WHERE id > '09'",
    )
    assert walk(database, LIST_MIXED) == [row.id for row in database.page(LIST_MIXED, limit=100)]
    loose = Table("loose", tuple(THINGS.by_name[name] for name in ("id", "title", "made_at")), key=("id",))
    row = Row.plain(tuple_of, id=codecs.text, title=codecs.text.optional(), made_at=codecs.utc_text.optional())
    sql = "SELECT {columns} FROM loose WHERE {after} ORDER BY {order} LIMIT :limit"
    for order in (
        ("title", "made_at", "id"),
        ("title DESC", "made_at DESC", "id DESC"),
        ("title", "made_at DESC", "id"),
    ):
        statement = Statement(sql, row=row, table=loose, order=order)
        whole = [found[0] for found in database.page(statement, limit=100)]
        assert len(whole) == 12
        by_key = walk(database, statement)
        # Ascending, nothing is lost; descending, SQLite has NULL last, where a comparison does not reach.
        assert by_key == [key for key in whole if key in by_key] and len(set(by_key)) == len(by_key)
        assert order[0] != "title" or "DESC" in order[1] or by_key == whole


def tuple_of(*values: object) -> tuple[object, ...]:
    return values


def walk(database: SqliteDatabase, statement: Statement[Any]) -> list[object]:
    seen, after = [], None
    while True:
        page = database.page(statement, limit=1, after=after)
        seen += [row[0] if isinstance(row, tuple) else row.id for row in page]
        assert len(seen) < 100
        if (after := page.next) is None:
            return seen


def test_values_that_no_python_type_holds_are_damaged(database: SqliteDatabase, path: Path) -> None:
    rows = f"('a', '1', 0), ('b', '{'1' * 5000}', 253402300800000), ('c', '2', 1)"
    spoil(path, "CREATE TABLE odd (id text, doc text, at integer)", f"INSERT INTO odd VALUES {rows}")
    row = Row.plain(tuple_of, id=codecs.text, doc=codecs.json, at=codecs.unix_ms)
    page = database.all(Statement("SELECT id, doc, at FROM odd ORDER BY id", row=row))
    assert [found[0] for found in page] == ["a", "b", "c"]
    assert isinstance(page[1][1], Damaged) and isinstance(page[1][2], Damaged)
    assert [found.column for found in page.damage] == ["doc", "at"]
