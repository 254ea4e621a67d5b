"""Tables out to files and in again: to the bit on the same engine, by their meaning on the other one."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support.agents import Place
from support.filling import T, fill
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.engine.stored import StoredTable
from workbench.data.errors import Invalid, NotFound, Unavailable, Unsupported
from workbench.data.transfer import TableFile, export_lines
from workbench.data.transfer_in import TOGETHER, Imported, load, preview

FORMS = ["jsonl", "csv"]
FILES = [
    "agents/genie_damaged.db",
    "agents/genie_fleet.db",
    "agents/small/genie_America_New_York.db",
    "agents/small/ckpt.db",
]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    where = str(tmp_path / "agents.db") if request.param == "sqlite" else request.getfixturevalue("postgres_dsn")
    open_source(where, create=True).close()
    return Place(request.param, where, where)


def write(source: Source, table: str, path: Path, form: str = "jsonl") -> Path:
    path.write_text("".join(f"{line}\n" for line in export_lines(source, table, form)))
    return path


def of_file(path: Path) -> dict[str, list[Any]]:
    """Every row of a file with its storage classes, past our code."""
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    found = {}
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        table = name.decode()
        columns = [row[1].decode() for row in connection.execute(f"PRAGMA table_info(`{table}`)")]
        chosen = ", ".join(f"typeof(`{column}`), `{column}`" for column in columns)
        found[table] = sorted(map(repr, connection.execute(f"SELECT {chosen} FROM `{table}`")))
    connection.close()
    return {table: rows for table, rows in found.items() if not table.startswith("sqlite_")}


def empty_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if not name.startswith("sqlite_"):
            connection.execute(f"DELETE FROM `{name}`")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", FILES)
def test_what_the_real_programs_wrote_goes_out_and_in_to_the_bit(name: str, form: str, tmp_path: Path) -> None:
    """Odd rows and damaged ones too: a time that is none, bytes where text belongs, keys that are NULL."""
    there = copied(name, tmp_path)
    back = tmp_path / "back.db"
    back.write_bytes(there.read_bytes())
    empty_file(back)
    with open_source(there, read_only=True) as source, open_source(back, allow_other_owner=True) as target:
        for table in of_file(there):
            file = TableFile(target, table, write(source, table, tmp_path / f"{table}.{form}", form))
            for line in file.path.read_text().splitlines():
                assert line.isprintable()
            expected = preview(file)
            done = load(target, file)
            assert (done.added, done.there, done.refused) == (done.rows, 0, 0)
            assert (expected.added, expected.rows) == (done.added, done.rows)
            again = load(target, file)
            assert (again.added, again.there, again.differing) == (0, done.rows, 0)
    assert of_file(back) == of_file(there)


@pytest.mark.postgres
@pytest.mark.parametrize("form", FORMS)
def test_a_servers_tables_go_out_and_in_to_the_bit(restored: Callable[[Path], str], form: str, tmp_path: Path) -> None:
    dsn = restored(fixture("agents/genie_fleet_pg.sql.gz"))
    with open_source(dsn) as source, psycopg.connect(dsn, autocommit=True) as direct:
        for table in source.database.relations().keys() - ({"session_events"} if form == "csv" else set()):
            # The server's own text of each row, whatever we make of it.
            seen = f"SELECT array_agg(t::text ORDER BY t::text) FROM {table} t"
            before = direct.execute(seen.encode()).fetchone()
            file = TableFile(source, table, write(source, table, tmp_path / f"{table}.{form}", form))
            direct.execute(f"DELETE FROM {table}".encode())
            done = load(source, file)
            assert done.added == done.rows and not done.refused
            assert direct.execute(seen.encode()).fetchone() == before
            assert load(source, file).added == 0


def test_rows_that_are_there_stay_as_they_are_and_are_counted(place: Place, tmp_path: Path) -> None:
    fill(place, "memories", {"id": "a"}, {"id": "b"}, {"id": "c"})
    with place.open() as source:
        path = write(source, "memories", tmp_path / "memories.jsonl")
        place.run("DELETE FROM memories WHERE id = 'b'")
        place.run("UPDATE memories SET content = 'by hand' WHERE id = 'c'")
        file = TableFile(source, "memories", path)
        expected = preview(file)
        done = load(source, file)
        assert done == expected
        assert (done.rows, done.added, done.there, done.differing, done.refused) == (3, 1, 2, 1, 0)
    assert sorted(place.rows("SELECT id, content FROM memories")) == [
        ("a", "content 0"), ("b", "content 1"), ("c", "by hand"),
    ]  # fmt: skip


def test_more_rows_than_one_transaction_takes_are_all_added(place: Place, tmp_path: Path) -> None:
    with place.open() as source:
        fill(place, "memories", {"id": "k0", "content": "x"})
        path = write(source, "memories", tmp_path / "memories.jsonl")
        head, row = path.read_text().splitlines()
        many = 2 * TOGETHER + 7
        rows = [json.dumps(json.loads(row) | {"id": f"k{number}"}) for number in range(many)]
        path.write_text("\n".join([head, *rows, rows[-1], ""]))
        told: list[int] = []
        done = load(source, TableFile(source, "memories", path), lambda so_far: told.append(so_far.rows))
        assert (done.rows, done.added, done.there) == (many + 1, many - 1, 2) and len(told) == 3
    assert place.rows("SELECT count(*) FROM memories") == [(many,)]


IMPORTING = """
import sys
from pathlib import Path
from workbench.data import open_source
from workbench.data.transfer import TableFile
from workbench.data.transfer_in import load
def stop(so_far):
    print(so_far.added, flush=True)
    sys.stdin.read()
with open_source(sys.argv[1]) as source:
    load(source, TableFile(source, "memories", Path(sys.argv[2])), stop)
"""


def test_an_import_that_is_killed_or_fails_has_whole_parts_and_goes_on_from_there(place: Place, tmp_path: Path) -> None:
    fill(place, "memories", *({"id": f"{number:05}"} for number in range(2 * TOGETHER + 1)))
    with place.open() as source:
        path = write(source, "memories", tmp_path / "memories.jsonl")
        before = sorted(place.rows("SELECT * FROM memories"))
        place.run("DELETE FROM memories")
        child = subprocess.Popen(
            [sys.executable, "-c", IMPORTING, place.target, path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdout is not None and child.stdout.readline() == f"{TOGETHER}\n"
        child.kill()
        child.communicate()
        assert place.rows("SELECT count(*) FROM memories") == [(TOGETHER,)]
        file = TableFile(source, "memories", path)

        def fail(so_far: Imported) -> None:
            if so_far.rows > TOGETHER:
                raise Unavailable("the server has gone")

        with pytest.raises(Unavailable, match=rf"gone; {TOGETHER} rows were added before, and importing again"):
            load(source, file, fail)
        assert load(source, file).added == 1
    assert sorted(place.rows("SELECT * FROM memories")) == before


def test_a_row_that_the_database_refuses_is_told_by_its_line_and_the_others_go_in(place: Place, tmp_path: Path) -> None:
    with place.open() as source:
        fill(place, "cron_tasks", {"id": "a", "name": "one"}, {"id": "b", "name": "two"}, {"id": "c", "name": "three"})
        path = write(source, "cron_tasks", tmp_path / "tasks.jsonl")
        place.run("DELETE FROM cron_tasks")
        fill(place, "cron_tasks", {"id": "x", "name": "two"})  # another column that must be the only one
        lines = path.read_text().splitlines()
        lines.insert(3, _without_action(lines[3]))
        path.write_text("\n".join(lines) + "\n")
        done = load(source, TableFile(source, "cron_tasks", path))
    assert (done.rows, done.added, done.there, done.refused) == (4, 2, 0, 2)
    taken, refused = done.told
    assert taken == "line 3: another row of cron_tasks has a value of it that may stand there only once"
    assert refused.startswith("line 4: ") and "refuses the row" in refused
    assert sorted(place.rows("SELECT id FROM cron_tasks")) == [("a",), ("c",), ("x",)]


def _without_action(line: str) -> str:
    return json.dumps(json.loads(line) | {"id": "d", "name": "four", "action": None})


def test_an_older_file_that_lacks_a_column_gets_the_tables_default(place: Place, tmp_path: Path) -> None:
    fill(place, "approvals", {"id": "a", "created_by": "worker"})
    with place.open() as source:
        path = write(source, "approvals", tmp_path / "approvals.jsonl")
        head, row = map(json.loads, path.read_text().splitlines())
        del head["columns"]["created_by"], row["created_by"]
        path.write_text(f"{json.dumps(head)}\n{json.dumps(row)}\n")
        place.run("DELETE FROM approvals")
        assert load(source, TableFile(source, "approvals", path)).added == 1
    assert place.rows("SELECT id, created_by FROM approvals") == [("a", "")]


def test_a_dry_run_changes_no_byte(place: Place, tmp_path: Path) -> None:
    fill(place, "memories", {"id": "a"}, {"id": "b"})
    with place.open() as source:
        path = write(source, "memories", tmp_path / "out.jsonl")
    place.run("DELETE FROM memories WHERE id = 'b'")
    before = {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}
    rows = place.rows("SELECT * FROM memories")
    with place.open(read_only=True) as looking:
        assert preview(TableFile(looking, "memories", path)).added == 1
    assert {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()} == before
    assert place.rows("SELECT * FROM memories") == rows


@pytest.mark.postgres
def test_between_the_engines_times_and_truth_go_by_their_meaning(tmp_path: Path, postgres_dsn: str) -> None:
    path = tmp_path / "agents.db"
    for where in (path, postgres_dsn):
        open_source(where, create=True).close()
    here, server = Place("sqlite", str(path), str(path)), Place("postgres", postgres_dsn, postgres_dsn)
    fill(here, "cron_tasks", {"id": "a", "name": "x", "enabled": 0, "next_run_at": "2026-11-20 01:31:31.18 -0500 EST"})
    fill(here, "app_states", {"key": "k", "value": b"\x00\xff"})
    fill(here, "cron_tasks", {"id": "b", "name": "y", "action": "nul\0"})
    with open_source(path) as one, open_source(postgres_dsn) as other:
        for table, added in (("cron_tasks", 1), ("app_states", 1)):
            done = load(other, TableFile(other, table, write(one, table, tmp_path / table)))
            assert done.added == added
        ((id, enabled, at),) = server.rows("SELECT id, enabled, next_run_at AT TIME ZONE 'UTC' FROM cron_tasks")
        assert (id, enabled, str(at)) == ("a", False, "2026-11-20 06:31:31.180000")
        assert server.rows("SELECT value FROM app_states") == [(b"\x00\xff",)]
        back = write(other, "cron_tasks", tmp_path / "back")
        here.run("DELETE FROM cron_tasks")
        assert load(one, TableFile(one, "cron_tasks", back)).added == 1
    assert here.rows("SELECT id, enabled, typeof(enabled), next_run_at FROM cron_tasks") == [
        ("a", 0, "integer", "2026-11-20 06:31:31.18 +0000 UTC")
    ]


def test_between_the_engines_a_table_without_known_meanings_is_refused(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE strange (id integer PRIMARY KEY)")
    with place.open() as source:
        path = write(source, "strange", tmp_path / "f")
        path.write_text(path.read_text().replace(source.engine, "mysql"))
        with pytest.raises(Unsupported, match="is from mysql, and strange is no table"):
            TableFile(source, "strange", path)


def test_the_first_line_says_what_the_columns_mean(place: Place) -> None:
    with place.open() as source:
        head = json.loads(next(iter(export_lines(source, "cron_tasks"))))
    assert (head["workbench"], head["version"], head["table"], head["engine"]) == (
        "table", 1, "cron_tasks", "sqlite" if place.engine == "sqlite" else "postgresql",
    )  # fmt: skip
    assert head["key"] == ["id"]
    assert head["columns"]["next_run_at"]["means"] == "local_text" and head["columns"]["enabled"]["means"] == "bool"


BAD: list[tuple[str, str]] = [
    ("", "names no columns"),
    ("{}\n", "is no exported table"),
    ('{"workbench":"table","version":2,"table":"memories","engine":"sqlite","columns":{}}', "by a newer workbench"),
    ('{"workbench":"table","version":1,"table":"other","engine":"x","columns":{}}', "holds the table 'other', not"),
    ("id,\x1b[2J\n", r"has no column '\\x1b\[2J'"),
    ("id,id\n", "named twice"),
    ("content\n", "the column id is missing"),
    ('id,"con\n', "no row of comma-separated values"),
    ("\ufeffid,content,app_name,user_id,topics,created_at,updated_at\na,b\n", "line 2: it has 2 cells"),
    ("id,topics\na,b\n\nc,\\q\n", "line 4: "),
    ("id\n\xff\n", "line 2: bytes that are no UTF-8"),
]


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_a_file_that_is_none_is_refused_in_one_sentence_and_nothing_is_imported(
    text: str, sentence: str, tmp_path: Path
) -> None:
    where = tmp_path / "agents.db"
    path = tmp_path / "file"
    path.write_bytes(text.encode("latin-1" if "\xff" in text else "utf-8"))
    with open_source(where, create=True) as source:
        with pytest.raises(Invalid, match=sentence):
            load(source, TableFile(source, "memories", path))
        assert list(StoredTable(source.database, "memories").rows()) == []


def test_lines_of_json_that_are_no_rows_are_refused_by_their_number(tmp_path: Path) -> None:
    with open_source(tmp_path / "agents.db", create=True) as source:
        fill(Place("sqlite", "", str(tmp_path / "agents.db")), "memories", {"id": "a", "created_at": T})
        path = write(source, "memories", tmp_path / "file")
        head, row = path.read_text().splitlines()
        fresh = json.loads(row) | {"id": "b"}
        for bad, sentence in (
            ({**fresh, "more": 1}, "'more' is not in the first line"),
            ({name: value for name, value in fresh.items() if name != "topics"}, "'topics' is missing"),
            ({**fresh, "topics": [1]}, "is no value of a column"),
        ):
            path.write_text("\n".join([head, json.dumps(fresh), json.dumps(bad), ""]))
            with pytest.raises(Invalid, match=rf"line 3: .*{sentence}.*nothing of it was imported"):
                load(source, TableFile(source, "memories", path))
        assert len(next(StoredTable(source.database, "memories").rows())) == 1
        with pytest.raises(NotFound, match="there is no file"):
            TableFile(source, "memories", tmp_path / "nowhere")
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(Invalid, match="is no plain file"):
            TableFile(source, "memories", tmp_path / "pipe")
        with pytest.raises(NotFound, match="no table 'nosuch'"):
            list(export_lines(source, "nosuch"))
