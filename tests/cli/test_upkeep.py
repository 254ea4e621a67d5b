"""`workbench home …`: what is done to the home is told and on record, and a home that is not there is never made."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import Commands, commands_below

from workbench.data import open_source
from workbench.data.source import open_home


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return commands_below(tmp_path, monkeypatch, capsys)


@pytest.fixture
def home(commands: Commands) -> Path:
    with open_home(commands.own) as source:
        for number in range(30):
            source.approvals.create(tool_name=f"\x1b[2Jtool {number}", args='{"x": "%s"}' % ("y" * 2000))
    return commands.own


def test_the_size_is_told_table_by_table(commands: Commands, home: Path) -> None:
    head, first, *_, last = commands("home", "size").out.splitlines()
    assert head.split() == ["TABLE", "ROWS", "SIZE"] and first.split()[:2] == ["approvals", "30"]
    assert last.endswith("in its log; a vacuum would free 0 B")
    (row,) = commands("home", "size", "--json").rows
    table = row["tables"][0]
    assert (table["name"], table["rows"], table["more"]) == ("approvals", 30, False) and table["size"] > 60_000
    assert row["size"] == (home / "workbench.db").stat().st_size and row["exists"] is True
    assert [path.name for path in home.iterdir()] == ["workbench.db"]


def test_what_is_done_is_told_and_on_record(commands: Commands, home: Path) -> None:
    for verb, words in (
        ("checkpoint", "home: the log is emptied"),
        ("vacuum", "home: vacuumed"),
        ("analyze", "home: analyzed"),
    ):
        run = commands("home", verb)
        assert run.code == 0 and run.out.startswith(words), run
    assert [(act["verb"], act["result"]) for act in commands.acts] == [
        ("analyze", "analyzed"), ("vacuum", "vacuumed"), ("checkpoint", "emptied"),
    ]  # fmt: skip
    (row,) = commands("home", "vacuum", "--json").rows
    assert row["result"] == "vacuum" and row["after"] <= row["before"]


def test_a_copy_changes_nothing_in_the_home(commands: Commands, home: Path, tmp_path: Path) -> None:
    before = (home / "workbench.db").read_bytes()
    run = commands("home", "backup", "../copy.db")
    assert run.code == 0 and "written to ../copy.db" in run.out and "audit.jsonl" in run.err
    with open_source(tmp_path / "copy.db", read_only=True) as source:
        assert len(source.approvals.list_heads(limit=100)) == 30
    assert "is there already" in commands("home", "backup", "../copy.db").refused(4)
    assert (home / "workbench.db").read_bytes() == before
    assert [path.name for path in home.iterdir()] == ["workbench.db"]


def test_a_home_that_is_not_there_is_not_made(commands: Commands) -> None:
    assert commands("home", "size").err == "note: the home is not made yet; the first write makes it\n"
    assert commands("home", "size", "--json").rows == [{"path": str(commands.own), "exists": False}]
    for verb in ("checkpoint", "vacuum", "analyze"):
        assert "there is no home at" in commands("home", verb).refused(3)
    assert "nothing to copy" in commands("home", "backup", "copy.db").refused(3)
    assert not commands.own.exists() and list(Path.cwd().iterdir()) == []


def test_read_only_wins_and_is_not_put_on_record(commands: Commands, home: Path) -> None:
    for verb in ("checkpoint", "vacuum", "analyze"):
        assert "--read-only was given" in commands("home", verb, "--read-only").refused(5)
    assert commands.acts == []


def test_nothing_is_done_that_cannot_be_put_on_record(commands: Commands, home: Path) -> None:
    (home / "audit.jsonl").mkdir()
    before = (home / "workbench.db").read_bytes()
    commands("home", "vacuum").refused(6)
    assert (home / "workbench.db").read_bytes() == before


def test_home_itself_still_says_where_it_is(commands: Commands, home: Path) -> None:
    assert commands("home", "--json").rows[0]["path"] == str(home)
    assert commands("home", "nothing").refused(2).startswith("No such command 'nothing'")


def test_the_settings_file_to_begin_with_is_made_once(commands: Commands) -> None:
    assert commands("config", "init").out == f"made {commands.file}; every setting in it is a comment so far\n"
    assert commands("config", "show").code == 0
    before = commands.file.read_bytes()
    assert "is there already" in commands("config", "init").refused(4)
    assert commands.file.read_bytes() == before and commands.file.stat().st_mode & 0o777 == 0o600
    (row,) = commands("config", "init", "--json", "--config", "other.toml").rows
    assert row == {"path": str(Path("other.toml").absolute()), "result": "made"}
    assert not commands.own.exists()
