"""Rows as they stand in a database, on every engine: read, added and deleted to the bit, whatever a column means."""

import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.things import Place

from workbench.data.engine.database import Database, Timeouts
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.stored import TOGETHER, StoredTable, Values, same
from workbench.data.errors import Invalid, NotFound, Unsupported

SERVER_TABLE = (
    "CREATE TABLE odd (id bigint PRIMARY KEY, note text, at timestamptz, day date, big numeric, small real, "
    "exact double precision, yes boolean, body bytea, doc jsonb, span interval, net inet, words text[], "
    "fixed char(5), short varchar(3), one uuid)"
)
SERVER_ROWS = [
    "1, 'é', '2026-11-20 06:31:31.1805-05', '2026-11-20', 123456789012345678901234567890.1230, 0.1, 0.1, true, "
    r"'\x00ff', '{\"a\": [1, 2.50]}', '1 day 02:03', '10.0.0.0/8', '{a,NULL,\"b c\"}', 'ab', 'xyz', "
    "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'".replace('\\"', '"'),
    "2, '', 'infinity', '0044-03-15 BC', 'NaN', 'NaN', '-Infinity', false, '', 'null', '-3 mons', '::1', '{}', '', '', "
    "NULL",
    "3" + ", NULL" * 15,
]
FILE_TABLE = (
    "CREATE TABLE odd (id text, part integer, at datetime, real_one real, body blob, free, PRIMARY KEY (id, part))"
)
FILE_ROWS: list[tuple[Any, ...]] = [
    ("a", 1, "2026-11-20 01:31:31.1805 -0500 EST m=+1.5", 1.0, b"\x00\xff", 5),
    ("a", 2, 5, -0.5, "text", 5.0),
    (b"a", 1, 2.5, math.inf, None, "5"),
    ("nul\0in it", 2**62, "", 5e-324, b"", ""),
    (None, 1, None, None, None, None),
    (None, 1, None, None, None, None),
    (None, None, None, None, None, b"x"),
]


@pytest.fixture
def odd(place: Place) -> Iterator[StoredTable]:
    """A table of each engine with rows that no codec would write."""
    connection = place.raw()
    if place.engine == "sqlite":
        connection.execute(FILE_TABLE)
        connection.executemany("INSERT INTO odd VALUES (?, ?, ?, ?, ?, ?)", FILE_ROWS)
        connection.execute("INSERT INTO odd VALUES (CAST(x'636166e9' AS TEXT), 9, CAST(x'ff' AS TEXT), 0, 0, 0)")
    else:
        connection.execute(SERVER_TABLE)
        for row in SERVER_ROWS:
            connection.execute(f"INSERT INTO odd VALUES ({row})")
    connection.close()
    with place.open(timeouts=Timeouts(lock=30.0)) as database:
        yield StoredTable(database, "odd")


def database_of(table: StoredTable) -> Database:
    return table._database


def every(table: StoredTable) -> list[Values]:
    return [row for rows in table.rows() for row in rows]


def as_the_engine_says(place: Place) -> list[tuple[Any, ...]]:
    """The rows by the engine's own words, past our code."""
    connection = place.raw()
    try:
        if place.engine == "sqlite":
            columns = ", ".join(
                f"typeof({name}), quote({name})" for name in ("id", "part", "at", "real_one", "body", "free")
            )
            connection.text_factory = bytes
            return sorted(connection.execute(f"SELECT {columns} FROM odd").fetchall())
        rows = connection.execute("SELECT id, odd::text, octet_length(body) FROM odd ORDER BY id").fetchall()
        return [tuple(row) for row in rows]
    finally:
        connection.close()


def test_what_is_deleted_and_added_again_is_there_as_it_was(place: Place, odd: StoredTable) -> None:
    before, rows = as_the_engine_says(place), every(odd)
    assert len(rows) == len(before) >= 3
    with database_of(odd).transaction():
        gone = sum(odd.delete(row) for row in rows)
        assert gone == len(rows) and every(odd) == []
        for row in rows:
            assert odd.add(row)
    assert as_the_engine_says(place) == before
    assert all(map(same, every(odd), rows))


def test_a_row_whose_key_is_taken_is_not_added_and_changes_nothing(place: Place, odd: StoredTable) -> None:
    before = as_the_engine_says(place)
    row = every(odd)[0]
    assert not odd.add((*row[:-1], None)) and not odd.add(row)
    assert as_the_engine_says(place) == before
    (found,) = odd.like(row)
    assert same(found, row) and not same(found, (*row[:-1], True))


def test_rows_are_found_by_their_values_and_each_of_them_once(odd: StoredTable) -> None:
    rows = every(odd)
    assert odd.find([{"id": "nobody" if odd.types["id"] == "text" else 99}]) == []
    wheres = [dict(zip(odd.key, odd.key_of(row), strict=True)) for row in rows]
    found = odd.find(wheres * 20)
    assert len(found) == len(rows)
    with pytest.raises(Unsupported, match="no column nosuch"):
        odd.find([{"nosuch": 1}])


def test_a_row_that_would_be_kept_otherwise_is_refused(place: Place, odd: StoredTable) -> None:
    before = as_the_engine_says(place)
    row = list(every(odd)[0])
    column = "part" if place.engine == "sqlite" else "at"
    row[odd.columns.index("id")] = 77 if place.engine != "sqlite" else "z"
    row[odd.columns.index(column)] = "7" if place.engine == "sqlite" else "2026-11-20 12:00:00+01"
    with pytest.raises(Invalid, match=r"would not be kept as it is given"), database_of(odd).transaction():
        odd.add(tuple(row))
    assert as_the_engine_says(place) == before


def test_tables_that_are_not_there_or_cannot_be_told_apart_are_refused_in_words(place: Place, odd: StoredTable) -> None:
    connection = place.raw()
    connection.execute("CREATE VIEW seen AS SELECT * FROM odd")
    if place.engine != "sqlite":
        connection.execute("CREATE TABLE keyless (a integer)")
    connection.close()
    database = database_of(odd)
    with pytest.raises(NotFound, match=r"no table 'nosuch': it has (keyless, )?odd"):
        StoredTable(database, "nosuch")
    with pytest.raises(Unsupported, match="is a view"):
        StoredTable(database, "seen")
    if place.engine != "sqlite":
        with pytest.raises(Unsupported, match="has no key"):
            StoredTable(database, "keyless")
    with pytest.raises(Invalid, match="has no column 'nosuch': its columns are id, "):
        StoredTable(database, "odd", ["id", "nosuch"])
    with pytest.raises(Invalid, match="named twice"):
        StoredTable(database, "odd", [*odd.key, "id"])
    with pytest.raises(Invalid, match="the column id is missing"):
        StoredTable(database, "odd", ["body"])


def test_every_row_is_read_once_across_pages(place: Place, odd: StoredTable) -> None:
    database, many = database_of(odd), 2 * TOGETHER
    with database.transaction():
        for row in every(odd):
            odd.delete(row)
        filling = [None] * (len(odd.columns) - len(odd.key))
        for number in range(many):
            key = [f"k{number}", number] if place.engine == "sqlite" else [number]
            assert odd.add((*key, *filling))
    pages = list(odd.rows())
    assert [len(page) for page in pages] == [TOGETHER, TOGETHER]
    assert len({odd.key_of(row) for page in pages for row in page}) == many


def test_the_servers_own_numbering_goes_on_behind_what_was_added(place: Place) -> None:
    serial = "INTEGER PRIMARY KEY AUTOINCREMENT" if place.engine == "sqlite" else "bigserial PRIMARY KEY"
    connection = place.raw()
    connection.execute(f"CREATE TABLE numbered (id {serial}, note text)")
    connection.execute("INSERT INTO numbered (note) VALUES ('first')")
    with place.open() as database:
        table = StoredTable(database, "numbered")
        assert table.add((41, "by hand"))
        table.renumber()
        table.renumber()
    connection.execute("INSERT INTO numbered (note) VALUES ('next')")
    found = connection.execute("SELECT id FROM numbered ORDER BY id").fetchall()
    connection.close()
    assert [row[0] for row in found] == [1, 41, 42]


def test_a_file_whose_tables_have_no_numbers_or_take_their_names_is_read_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bare (k text PRIMARY KEY, v) WITHOUT ROWID")
    connection.execute("CREATE TABLE taken (rowid text, _rowid_ text, oid text PRIMARY KEY)")
    connection.execute("CREATE TABLE keyless (a, b)")
    connection.execute("INSERT INTO bare VALUES ('b', 1), ('a', 2)")
    connection.execute("INSERT INTO taken VALUES ('x', 'y', 'z')")
    connection.execute("INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (NULL, NULL)")
    connection.commit()
    connection.close()
    with SqliteDatabase(path) as database:
        assert every(StoredTable(database, "bare")) == [("a", 2), ("b", 1)]
        assert every(StoredTable(database, "taken")) == [("x", "y", "z")]
        keyless = StoredTable(database, "keyless")
        assert every(keyless) == [(1, "x"), (1, "x"), (None, None)]
        assert len(keyless.same((1, "x"))) == 2 and keyless.delete((None, None)) == 1


def test_a_text_finds_the_same_bytes_where_a_column_for_texts_holds_them(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (k text PRIMARY KEY)")
    connection.execute("INSERT INTO t VALUES ('a'), (x'61'), ('b')")
    connection.commit()
    connection.close()
    with SqliteDatabase(path) as database:
        table = StoredTable(database, "t")
        assert table.find([{"k": "a"}]) == [("a",)]
        assert table.find([{"k": "a"}], as_text=True) == [("a",), (b"a",)]


def test_equal_rows_are_equal_to_the_bit() -> None:
    assert same((1, "a", math.nan, None), (1, "a", math.nan, None))
    for one, other in ((1, True), (1, 1.0), (0.0, -0.0), ("a", b"a"), (None, "")):
        assert not same((one,), (other,))
    assert not same((1,), (1, 2))
