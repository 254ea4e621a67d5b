"""What PostgreSQL's values read as: exact whatever the server's settings are, and never a broken list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import Server
from support.things import ALL, GET, INSERT, LIST, NOON, make_things, thing

from workbench.data.engine import codecs
from workbench.data.engine.page import Damaged
from workbench.data.engine.postgres import PostgresDatabase
from workbench.data.engine.postgres_types import timestamp_text
from workbench.data.engine.statement import Row, Statement
from workbench.data.engine.tables import Column, Table
from workbench.data.engine.times import parse_instant
from workbench.data.errors import Corrupt, Invalid

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_dsn: str) -> Iterator[PostgresDatabase]:
    with PostgresDatabase(postgres_dsn, display="d") as opened:
        make_things(opened)
        yield opened


@pytest.fixture
def raw(postgres_dsn: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        yield connection


# -- times -----------------------------------------------------------------------------------------------------

FAR = {
    "infinity": "infinity",
    "-infinity": "-infinity",
    "10000-01-01 00:00:00+00": "10000-01-01 00:00:00.000000+00:00",
    "294276-12-31 23:59:59.999999+00": "294276-12-31 23:59:59.999999+00:00",
    "0001-12-31 23:00:00+00 BC": "0001-12-31 23:00:00.000000+00:00 BC",
    "4713-01-01 00:00:00+00 BC": "4713-01-01 00:00:00.000000+00:00 BC",
}
NEAR = {
    "0001-01-01 00:00:00+00": datetime(1, 1, 1, tzinfo=UTC),
    "9999-12-31 23:59:59.999999+00": datetime.max.replace(tzinfo=UTC),
    "1969-12-31 23:59:59.000001+00": datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
    "2026-11-20 12:00:00.1+05:45": datetime(2026, 11, 20, 6, 15, 0, 100000, tzinfo=UTC),
}


def test_instants_are_exact_whatever_the_server_is_set_to(
    postgres_server: Server, postgres_database: str, database: PostgresDatabase
) -> None:
    database.run(INSERT, thing("a"))
    postgres_server.execute(f"ALTER DATABASE {postgres_database} SET DateStyle = 'German, DMY'")
    postgres_server.execute(f"ALTER DATABASE {postgres_database} SET TimeZone = 'Asia/Kathmandu'")
    postgres_server.execute(f"ALTER DATABASE {postgres_database} SET extra_float_digits = 0")
    postgres_server.execute(f"ALTER DATABASE {postgres_database} SET bytea_output = 'escape'")
    with PostgresDatabase(postgres_server.dsn(postgres_database), display="d") as other:
        assert other._ask("SHOW TimeZone") == [("Asia/Kathmandu",)]
        other.run(INSERT, thing("b", weight=0.1 + 0.2, body=b"\\x00\xff"))
        for key in ("a", "b"):
            found = other.one(GET, {"id": key})
            assert found is not None and found.made_at == NOON
            assert found.stored["made_at"] == "2026-11-20 12:00:00.123456+00:00"
        assert found is not None and found.weight == 0.1 + 0.2 and found.body == b"\\x00\xff"


def test_times_that_no_datetime_holds_are_damage_among_good_rows(
    database: PostgresDatabase, raw: "psycopg.Connection[Any]"
) -> None:
    whole = {**dict.fromkeys(NEAR), **FAR}
    for i, text in enumerate(whole):
        database.run(INSERT, thing(f"{i:02}"))
        raw.execute("UPDATE things SET ends_at = %s WHERE id = %s", (text, f"{i:02}"))
    page = database.all(ALL)
    assert len(page) == len(whole)
    for row, text in zip(page, whole, strict=True):
        if text in NEAR:
            assert row.ends_at == NEAR[text]
        else:
            assert row.ends_at == Damaged(FAR[text], "a time outside the years 1 to 9999")
            assert row.stored["ends_at"] == FAR[text]
    assert [found.key for found in page.damage] == [(f"{i:02}",) for i, text in enumerate(whole) if text in FAR]


def test_pages_go_on_from_a_time_that_no_datetime_holds(
    database: PostgresDatabase, raw: "psycopg.Connection[Any]"
) -> None:
    """The key of a page is what is stored, so infinity and 4713 BC stand where the server sorts them."""
    texts = [*NEAR, *FAR]
    for i, text in enumerate(texts * 3):
        database.run(INSERT, thing(f"{i:03}"))
        raw.execute("UPDATE things SET made_at = %s WHERE id = %s", (text, f"{i:03}"))
    wanted = [row[0] for row in raw.execute("SELECT id FROM things ORDER BY made_at DESC, id DESC")]
    for limit in (1, 4, 7):
        for backwards in (False, True):
            pages, after = [], None
            while True:
                page = database.page(LIST, limit=limit, after=after, backwards=backwards)
                pages.append([row.id for row in page])
                if (after := page.next) is None:
                    break
            if backwards:
                pages.reverse()
            assert [key for page in pages for key in page] == wanted


@settings(max_examples=300, database=None)
@given(st.integers(min_value=-211_813_488_000_000_000, max_value=9_223_371_331_200_000_000 - 1))
def test_every_instant_of_postgresql_has_a_text_that_tells_it(micros: int) -> None:
    text = timestamp_text(micros)
    moment = datetime(2000, 1, 1, tzinfo=UTC)
    if -63_082_281_600_000_000 <= micros <= 252_455_615_999_999_999:
        assert parse_instant(text) == moment + timedelta(microseconds=micros)
    else:
        with pytest.raises(ValueError, match="outside the years 1 to 9999"):
            parse_instant(text)


def test_the_texts_of_far_instants_are_the_servers_own(raw: "psycopg.Connection[Any]") -> None:
    raw.execute("SET TimeZone = 'UTC'")
    since = "timestamptz '2000-01-01 00:00:00+00' + %s * interval '1 day' + %s * interval '1 microsecond'"
    for micros in (
        *(-211_813_488_000_000_000, -75_736_000_000_000_123, -63_113_904_000_000_000, -63_082_281_600_000_001),
        *(252_455_616_000_000_000, 300_000_000_000_000_000, 9_223_371_331_199_999_999),
    ):
        theirs = raw.execute(f"SELECT ({since})::text".encode(), divmod(micros, 86_400_000_000)).fetchone()
        back = raw.execute("SELECT %s::timestamptz::text", (timestamp_text(micros),)).fetchone()
        assert back == theirs


# -- other types -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("true", True),
        ("32767::int2", 32767),
        ("(-2147483648)::int4", -(2**31)),
        ("9223372036854775807", 2**63 - 1),
        ("0.1::float8", 0.1),
        ("'NaN'::float8::text", "NaN"),
        ("1.5::float4", 1.5),
        ("123456789012345678901234567890.00100::numeric", "123456789012345678901234567890.00100"),
        ("1e-20::numeric", "0.00000000000000000001"),
        ("'NaN'::numeric", "NaN"),
        ("'naïve ✓'::text", "naïve ✓"),
        ("'x'::char(3)", "x  "),
        ("'x'::varchar", "x"),
        ("'x'::name", "x"),
        ("'x'::\"char\"", "x"),
        ('\'{"b": 1, "a": 2, "a": 3}\'::json', '{"b": 1, "a": 2, "a": 3}'),
        ('\'{"b": 1, "a": 2}\'::jsonb', '{"a": 2, "b": 1}'),
        ("'12345678-9ABC-def0-1234-56789abcdef0'::uuid", "12345678-9abc-def0-1234-56789abcdef0"),
        ("'2026-11-20'::date", "2026-11-20"),
        ("'0044-03-15 BC'::date", "0044-03-15 BC"),
        ("'20000-01-01'::date", "20000-01-01"),
        ("'infinity'::date", "infinity"),
        ("'2026-11-20 06:31:31.18'::timestamp", "2026-11-20 06:31:31.180000+00:00"),
        ("'\\x00ff'::bytea", b"\x00\xff"),
        ("NULL::timestamptz", None),
        ("'pg_class'::regclass::oid", 1259),
    ],
)
def test_types_read_as_what_they_are(database: PostgresDatabase, sql: str, value: object) -> None:
    found = database._ask(f"SELECT {sql}")[0][0]
    assert found == value and type(found) is type(value)


def test_no_type_breaks_a_list(database: PostgresDatabase, raw: "psycopg.Connection[Any]") -> None:
    """Types that no codec is for, with the values that Python has no place for, are bytes; enums read as text."""
    raw.execute("CREATE TYPE mood AS ENUM ('glad')")
    raw.execute("CREATE TYPE pair AS (a int, b text)")
    values = ["'glad'::mood", "ROW(1, 'x')::pair", "'24:00'::time", "'24:00+05'::timetz", "'178000000 years'::interval",
              "ARRAY[1, NULL]", "ARRAY['infinity'::timestamptz]", "'[1,5)'::int4range", "'::1'::inet", "'(1,2)'::point",
              "'a & b'::tsquery", "to_tsvector('a')", "B'101'", "'08:00:2b:01:02:03'::macaddr", "1::money",
              "pg_current_snapshot()", "'{[1,2)}'::int4multirange"]  # fmt: skip
    row = database._ask(f"SELECT {', '.join(values)}")[0]
    assert all(isinstance(value, bytes) for value in row) and row[0] == b"glad"
    mood = Statement(f"SELECT {values[0]} AS mood", row=Row.plain(str, mood=codecs.text))
    assert database.one(mood) == "glad"


# -- encodings ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Note:
    id: str
    text: str


NOTES = Table("notes", (Column("id", codecs.text), Column("text", codecs.text)), key=("id",))
NOTE_ROW = Row.of(Note, NOTES)
NOTE_LIST = Statement(
    "SELECT {columns} FROM notes WHERE {after} ORDER BY {order} LIMIT :limit", row=NOTE_ROW, order=("text", "id")
)
ADD_NOTE: Statement[None] = Statement("INSERT INTO notes (id, text) VALUES (:id, :text)", table=NOTES)


@pytest.mark.parametrize("option", ["", "?client_encoding=utf8"])
def test_a_database_without_an_encoding_shows_every_row(postgres_server: Server, option: str) -> None:
    with postgres_server.database("ENCODING 'SQL_ASCII' TEMPLATE template0") as name:
        dsn = postgres_server.dsn(name) + option
        with PostgresDatabase(dsn, display="d") as database:
            for ddl in NOTES.ddl("postgres"):
                database.run(Statement(ddl))
            database.run(ADD_NOTE, {"id": "good", "text": "naïve ✓"})
            for i in range(4):
                postgres_server.execute(
                    f"INSERT INTO notes VALUES ('bad {i}', convert_from('\\x6e61ef7665'::bytea, 'SQL_ASCII'))", name
                )
            assert database._ask("SELECT text FROM notes WHERE id = $1", "good") == [("naïve ✓",)]
            seen, after = [], None
            while True:
                page = database.page(NOTE_LIST, limit=2, after=after)
                seen += [(row.id, row.text) for row in page]
                if (after := page.next) is None:
                    break
            assert seen == [("good", "naïve ✓"), *((f"bad {i}", "na\udcefve") for i in range(4))]
            with pytest.raises(Invalid, match="surrogate"):
                database.run(ADD_NOTE, {"id": "new", "text": "na\udcefve"})


def test_a_text_that_the_databases_encoding_cannot_hold(postgres_server: Server) -> None:
    with postgres_server.database("ENCODING 'LATIN1' TEMPLATE template0") as name:
        dsn = postgres_server.dsn(name)
        with PostgresDatabase(dsn, display="d") as database:
            for ddl in NOTES.ddl("postgres"):
                database.run(Statement(ddl))
            database.run(ADD_NOTE, {"id": "a", "text": "naïve"})
            with pytest.raises(Invalid, match=r"^d .*encoding"):
                database.run(ADD_NOTE, {"id": "b", "text": "✓"})
            assert [(row.id, row.text) for row in database.page(NOTE_LIST, limit=9)] == [("a", "naïve")]


def test_a_row_without_its_key_is_damage(database: PostgresDatabase, raw: "psycopg.Connection[Any]") -> None:
    raw.execute("CREATE VIEW nameless AS SELECT NULLIF(id, 'b') AS id, title AS text FROM things")
    for key in ("a", "b", "c"):
        database.run(INSERT, thing(key))
    page = database.all(Statement("SELECT id, text FROM nameless ORDER BY text", row=NOTE_ROW))
    assert [row.id for row in page] == ["a", "c"]
    assert [(found.key, found.column) for found in page.damage] == [(None, "id")]
    with pytest.raises(Corrupt):
        database.one(Statement("SELECT id, text FROM nameless WHERE id IS NULL", row=NOTE_ROW))
