"""`source migrate`: every change is listed first, the name is typed, and it is on record; a dry run changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.agents import Place
from support.commands import Commands, commands_below
from support.fixtures import copied
from support.processes import SqlProcess, tree_hash
from support.running import start

from workbench.data import open_source
from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.statement import Statement

CHANGES = {
    "add the column approvals.created_by",
    "make the table clarifications",
    "make the index idx_sessions_updated of sessions",
}


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return commands_below(tmp_path, monkeypatch, capsys)


@pytest.fixture
def old(commands: Commands) -> Path:
    """A database of the time before `created_by`, that has lost an index and a table; configured as `prod`."""
    folder = commands.root / "db"
    folder.mkdir()
    path = copied("agents/small/genie_UTC.db", folder)
    with SqliteDatabase(path) as database:
        for sql in (
            "ALTER TABLE approvals DROP COLUMN created_by",
            "DROP INDEX idx_sessions_updated",
            "DROP TABLE clarifications",
        ):
            database.run(Statement(sql))
    commands.settings(f'[sources.prod]\ntarget = "{path}"\nread_only = false\n')
    return path


def test_a_dry_run_lists_the_changes_and_makes_none(commands: Commands, old: Path) -> None:
    before = tree_hash(old.parent)
    run = commands("source", "migrate", "prod", "--dry-run", "--read-only")
    *changes, last = run.out.splitlines()
    assert run.code == 0 and set(changes) == {f"prod: {change}" for change in CHANGES}
    assert last == "prod: 3 changes to be made; nothing was changed"
    (row,) = commands("source", "migrate", "prod", "--dry-run", "--json").rows
    assert (row["result"], set(row["changes"]), row["backup"]) == ("planned", CHANGES, None)
    assert tree_hash(old.parent) == before and not commands.own.exists()


def test_the_name_typed_once_more_makes_the_changes(commands: Commands, old: Path) -> None:
    run = commands("source", "migrate", "prod", "--confirm", "prod")
    assert run.code == 0 and run.err == ""
    *changes, last = run.out.splitlines()
    assert set(changes) == {f"prod: {change}" for change in CHANGES}
    (copy,) = (path for path in old.parent.iterdir() if ".before-" in path.name)
    assert last == f"prod: 3 changes made; the copy from before is {copy}"
    with open_source(old, read_only=True) as source, open_source(copy, read_only=True) as was:
        assert source.health().drift == () and "clarifications" not in was.database.relations()
    (act,) = commands.acts
    assert (act["verb"], act["noun"], act["result"], act["counts"]) == ("migrate", "source", "migrated", {"changes": 3})
    assert set(act["more"]["changes"]) == CHANGES and act["result_more"] == {"backup": str(copy)}
    assert commands("source", "migrate", "prod", "--confirm", "prod").out == "prod: nothing to do, it is as declared\n"
    assert len(commands.acts) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["prod"], 2, "add --confirm prod"),
        (["prod", "--confirm", "other"], 2, '"other" is not the name of the source, "prod"; nothing was changed'),
        (["prod", "--confirm", "prod", "--read-only"], 5, "--read-only was given; --dry-run only looks"),
        (["prod", "--json"], 2, "add --confirm prod"),
        (["nothing"], 3, '"nothing" is no command'),
    ],
)
def test_without_the_name_or_the_right_to_write_nothing_happens(
    commands: Commands, old: Path, words: list[str], code: int, said: str
) -> None:
    before = tree_hash(old.parent)
    run = commands("source", "migrate", *words)
    assert run.code == code and said in run.err.splitlines()[-1]
    assert tree_hash(old.parent) == before and not commands.own.exists()


def test_what_is_in_the_way_is_said_and_on_record(commands: Commands, old: Path) -> None:
    taken = commands.root / "taken"
    taken.write_text("mine")
    run = commands("source", "migrate", "prod", "--confirm", "prod", "--backup", str(taken))
    assert run.code == 2 and "is there already: name another place for the copy" in run.err
    with SqlProcess(old) as other:
        other.run("SELECT count(*) FROM approvals")
        run = commands("source", "migrate", "prod", "--confirm", "prod")
        assert run.code == 4 and f"is open in another process ({other.process.pid})" in run.err
    assert [act["result"] for act in commands.acts] == ["failed", "failed"]
    assert taken.read_text() == "mine"
    run = commands("source", "migrate", "prod", "--confirm", "prod", "--backup", str(commands.root / "copy.db"))
    assert run.code == 0 and (commands.root / "copy.db").stat().st_mode & 0o777 == 0o600


def test_nothing_is_migrated_that_cannot_be_put_on_record(commands: Commands, old: Path) -> None:
    commands.own.write_text("taken")
    before = tree_hash(old.parent)
    assert commands("source", "migrate", "prod", "--confirm", "prod").code == 6
    assert tree_hash(old.parent) == before


@pytest.mark.postgres
def test_on_a_server_the_copy_is_left_to_the_operator(commands: Commands, postgres_dsn: str) -> None:
    open_source(postgres_dsn, create=True).close()
    place = Place("postgres", postgres_dsn, postgres_dsn)
    place.run("DROP TABLE clarifications")
    commands.settings(f'[sources.prod]\ntarget = "{postgres_dsn}"\nread_only = false\n')
    run = commands("source", "migrate", "prod", "--confirm", "prod")
    assert run.code == 0 and "make the table clarifications" in run.out and "pg_dump" in run.err
    assert place.rows("SELECT count(*) FROM clarifications") == [(0,)]


def test_on_a_terminal_the_name_is_asked_for(tmp_path: Path) -> None:
    path = copied("agents/small/genie_UTC.db", tmp_path)
    with SqliteDatabase(path) as database:
        database.run(Statement("DROP TABLE clarifications"))
    for typed, code in (("no", 2), (path.name, 2), (f"./{path.name}", 0)):
        with start(tmp_path, "source", "migrate", f"./{path.name}", "--write") as pty:
            pty.until("to make 1 change")
            pty.send(f"{typed}\r")
            assert pty.until_closed() == code
    with open_source(path, read_only=True) as source:
        assert source.health().drift == ()
