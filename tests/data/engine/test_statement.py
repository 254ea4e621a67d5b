"""Statements: parameters, macros, and what is declared wrongly."""

import ast
from pathlib import Path

import pytest
from support.things import ALL, GET, INSERT, LIST, ROW, THINGS

import workbench.data
from workbench.data.engine import codecs
from workbench.data.engine.statement import MACROS, Pair, Row, Statement

ONE = Row.plain(int, n=codecs.bigint)


def test_parameters_become_placeholders_in_the_order_of_the_dialect() -> None:
    statement = Statement(
        "SELECT count(*) AS n FROM t WHERE a = :a AND b = :b AND c = :a",
        params={"a": codecs.text, "b": codecs.bigint},
        row=ONE,
    )
    lite, server = statement.prepare("sqlite"), statement.prepare("postgres")
    assert lite.sql == "SELECT count(*) AS n FROM t WHERE a = ? AND b = ? AND c = ?"
    assert lite.bind({"a": "x", "b": 1}) == ("x", 1, "x")
    assert server.sql == (
        "SELECT count(*) AS n FROM t WHERE a = CAST($1 AS text) AND b = CAST($2 AS bigint) AND c = CAST($1 AS text)"
    )
    assert server.bind({"a": "x", "b": 1}) == ("x", 1)


def test_text_comments_and_casts_are_left_alone() -> None:
    sql = "SELECT ':no' AS n, \":nor\" -- :this\n, /* :that */ x::text FROM t WHERE y = 'it''s :not' AND a = :a"
    statement = Statement(sql, params={"a": codecs.text}, row=ONE)
    assert statement.prepare("sqlite").sql == sql.replace("a = :a", "a = ?")


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("SELECT replace(x, 'a', 'b'), 'DELETE FROM t' FROM t", False),
        ("  select 1 for update", False),
        ("WITH a AS (SELECT 1) SELECT * FROM a", False),
        ("WITH a AS (SELECT 1) DELETE FROM t", True),
        ("WITH a AS (SELECT 1) INSERT OR IGNORE INTO t SELECT * FROM a RETURNING x", True),
        ("-- SELECT\nINSERT INTO t VALUES (1)", True),
        ("UPDATE t SET x = 1 RETURNING x", True),
        ("CREATE TABLE t (x)", True),
        ("PRAGMA user_version", False),
    ],
)
def test_it_knows_whether_it_writes(sql: str, writes: bool) -> None:
    assert Statement(sql).writes is writes


def test_it_is_made_once_for_each_dialect() -> None:
    assert GET.prepare("sqlite") is GET.prepare("sqlite")
    assert GET.prepare("sqlite") is not GET.prepare("postgres")


def test_the_page_key_is_one_comparison_that_an_index_serves() -> None:
    after = LIST.prepare("sqlite", shape=("", "")).sql
    assert "(`made_at`, `id`) < (?, ?) ORDER BY `made_at` DESC, `id` DESC" in after
    back = LIST.prepare("sqlite", shape=("", ""), backwards=True).sql
    assert "(`made_at`, `id`) > (?, ?) ORDER BY `made_at`, `id`" in back
    assert "1 = 1" in LIST.prepare("sqlite").sql


def test_missing_columns_are_read_as_their_defaults() -> None:
    missing = frozenset({("things", "added_by")})
    assert "'' AS `added_by`" in ALL.prepare("sqlite", missing).sql
    assert "CAST('' AS text) AS \"added_by\"" in ALL.prepare("postgres", missing).sql


def test_a_schema_is_part_of_the_name_on_sqlite() -> None:
    statement = Statement("DELETE FROM {table:sandbox.files}")
    assert statement.prepare("sqlite").sql == "DELETE FROM `sandbox_files`"
    assert statement.prepare("postgres").sql == 'DELETE FROM "sandbox"."files"'


def test_a_pair_gives_each_dialect_its_own() -> None:
    statement = Statement(Pair("SELECT :a", "SELECT 2, :a"), params={"a": codecs.text})
    assert statement.prepare("sqlite").sql == "SELECT ?"
    assert statement.prepare("postgres").sql == "SELECT 2, CAST($1 AS text)"


def test_what_is_declared_wrongly_is_found_at_once() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Statement("SELECT 1 FROM things WHERE id = :nobody", row=ROW)
    with pytest.raises(ValueError, match="unknown macro"):
        Statement("SELECT {nonsense} FROM things", row=ROW).prepare("sqlite")
    with pytest.raises(KeyError):
        INSERT.prepare("sqlite").bind({"id": "a"})


def test_macros_and_pairs_stay_few() -> None:
    assert len(MACROS) <= 8
    pairs = 0
    for path in Path(workbench.data.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            pairs += isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Pair"
    assert 1 <= pairs <= 15


def test_the_ddl_of_postgresql() -> None:
    table, *indexes = THINGS.ddl("postgres")
    assert table.startswith('CREATE TABLE IF NOT EXISTS "things" ("id" text,"title" text NOT NULL,')
    assert '"enabled" boolean NOT NULL DEFAULT true' in table and '"body" bytea' in table
    assert '"made_at" timestamp with time zone NOT NULL' in table and table.endswith('PRIMARY KEY ("id"))')
    assert indexes[0] == 'CREATE INDEX IF NOT EXISTS "idx_things_made" ON "things"("made_at")'
