"""`source add` looks before it writes, and `source remove` never touches a database; both are on record."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.commands import Commands, commands_below
from support.fixtures import copied

from workbench.data import open_source


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return commands_below(tmp_path, monkeypatch, capsys)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of agents on each engine."""
    where = str(tmp_path / "agents.db") if request.param == "sqlite" else request.getfixturevalue("postgres_dsn")
    open_source(where, create=True).close()
    return where


def entries(commands: Commands) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = tomllib.loads(commands.file.read_text()).get("sources", {})
    return found


def test_a_database_is_looked_at_and_added(commands: Commands, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "://" in target:  # the tests' servers want a password
        password = target.partition("@")[0].rpartition(":")[2]
        monkeypatch.setenv("PW", password)
        target = target.replace(f":{password}@", ":${PW}@")
    commands.settings("# mine\n")
    run = commands("source", "add", "prod", target, "--read-write", "--production")
    assert run.code == 0 and run.err == ""
    added, tested = run.out.splitlines()
    assert added == f"prod: added to {commands.file}, read-write"
    engine = "postgresql" if "://" in target else "sqlite"
    assert tested.startswith(f"prod: ok, {engine}, ") and "agents" in tested and tested.endswith("B")
    assert entries(commands) == {"prod": {"target": target, "read_only": False, "production": True}}
    assert commands.file.read_text().startswith("# mine\n")
    (act,) = commands.acts
    assert (act["verb"], act["noun"], act["source"], act["result"]) == ("add", "source", "prod", "added")
    assert act["more"] == {"read_only": False, "production": True}
    (row,) = commands("source", "test", "prod", "--json").rows
    assert (row["state"], row["mode"], row["production"]) == ("ok", "read-write", True)


def test_programs_get_the_record_of_what_was_added(commands: Commands, tmp_path: Path) -> None:
    file = copied("agents/small/genie_UTC.db", tmp_path)
    before = file.read_bytes()
    (row,) = commands("source", "add", "prod", str(file), "--json").rows
    assert (row["name"], row["state"], row["result"], row["kinds"]) == ("prod", "ok", "added", ["agents"])
    assert row["mode"] == "read-only" and row["size"] == len(before)
    (row,) = commands("source", "remove", "prod", "--json").rows
    assert (row["name"], row["result"]) == ("prod", "removed")
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([file.name, "here", "home", "own"])
    assert entries(commands) == {}
    assert [act["verb"] for act in commands.acts] == ["remove", "add"]


@pytest.mark.parametrize(
    ("name", "target", "code", "words"),
    [
        ("approve", "a.db", 2, '"approve" is a command of the workbench; give the source another name'),
        ("home", "a.db", 2, '"home" is a command of the workbench; give the source another name'),
        ("PROD", "a.db", 4, 'the source "prod" is there already (~/.config/workbench/workbench.toml:2); give'),
        ("a b", "a.db", 2, '"a b" is no name for a source'),
        ("\x1b[2J", "a.db", 2, "is no name for a source"),
        ("new", "nothere.db", 3, "nothing was added, and --even-if-dead adds it all the same"),
        ("new", "text.txt", 1, "nothing was added"),
        ("new", " ", 2, "the target is empty"),
        ("new", "mysql://u:sekret@h/db", 2, ""),
        ("new", "host=h pasword=sekret", 2, ""),
        ("new", "postgresql://u:sekret@h/db", 2, "the target holds a password, which would stand in your settings"),
        ("new", "host=127.0.0.1 password='sekret'", 2, "write '${VARIABLE}' for it in single quotes"),
        ("new", "postgresql://u@127.0.0.1:1/db", 6, "no server that listens there"),
        ("new", "postgresql://u:${NOT_SET}@h/db", 2, "needs the variable NOT_SET, which is not set; export it"),
        ("new", "/a/${", 2, "names no variable"),
    ],
)  # fmt: skip
def test_what_cannot_be_added_is_one_sentence(
    commands: Commands, name: str, target: str, code: int, words: str
) -> None:
    commands.settings('[sources.prod]\ntarget = "/x.db"\n')
    before = commands.file.read_bytes()
    open_source("a.db", create=True).close()
    Path("text.txt").write_text("only words")
    said = commands("source", "add", name, target).refused(code)
    assert words in said and "sekret" not in said
    assert commands.file.read_bytes() == before and len(list(commands.file.parent.iterdir())) == 1
    assert not commands.own.exists()


def test_a_dead_one_is_added_when_that_is_asked_for(commands: Commands) -> None:
    run = commands("source", "add", "down", "postgresql://u@127.0.0.1:1/db", "--even-if-dead")
    assert run.code == 0 and "note: down does not answer now: " in run.err
    run = commands("source", "add", "unset", "postgresql://u:${NOT_SET}@h/db", "--even-if-dead")
    assert run.code == 0 and "NOT_SET" in run.err
    assert list(entries(commands)) == ["down", "unset"]
    assert commands("source", "remove", "unset").code == 0  # although it cannot even be composed
    assert list(entries(commands)) == ["down"]


@pytest.mark.parametrize(
    "target", ["postgresql://u:se@kret@h/${DB}", "postgresql://u:sekret@h/${DB}", "mysql://${X}", "/${"]
)
def test_what_no_variable_could_mend_is_not_added_even_then(commands: Commands, target: str) -> None:
    said = commands("source", "add", "new", target, "--even-if-dead").refused(2)
    assert "kret" not in said and not commands.file.exists()


def test_a_password_is_stored_only_when_that_is_asked_for_and_shown_never(commands: Commands) -> None:
    dsn = "postgresql://u:sekret@127.0.0.1:1/db"
    run = commands("source", "add", "down", dsn, "--even-if-dead", "--store-password")
    assert run.code == 0 and "sekret" not in run.out + run.err
    assert entries(commands)["down"]["target"] == dsn
    assert "sekret" not in (commands.own / "audit.jsonl").read_text()


@pytest.mark.parametrize(
    "name",
    [
        b"a b.db", b"new\nline.db", b"\x1b[31m.db", b"caf\xe9.db", b"${HOME}.db", b"host=x.db", b"%41#?.db",
        "\u202e\xe9.db".encode(),
    ],
)  # fmt: skip
def test_a_hostile_path_is_kept_so_that_it_means_itself(commands: Commands, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(Path.cwd()) + b"/" + name))
    open_source(path, create=True).close()
    target = os.fsdecode(name) if b"${" not in name else "sqlite:///" + os.fsdecode(name).replace("$", "%24")
    run = commands("source", "add", "odd", target if b"=" not in name else f"./{target}")
    assert run.code == 0, run
    (row,) = commands("source", "show", "odd", "--json").rows
    assert row["state"] == "ok" and os.fsencode(row["where"]) == os.fsencode(path)


def test_a_relative_path_no_longer_depends_on_where_one_stands(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_source("a.db", create=True).close()
    assert commands("source", "add", "prod", "./a.db").code == 0
    assert entries(commands)["prod"]["target"] == str(Path("a.db").absolute())
    monkeypatch.setenv("WHICH", "a")
    assert commands("source", "add", "varied", "${WHICH}.db", "--even-if-dead").code == 0
    assert commands("source", "add", "below", "./${WHICH}.db").code == 0
    monkeypatch.chdir("/")
    assert commands("source", "test", "prod").code == commands("source", "test", "below").code == 0


def test_a_passfile_and_an_owner_are_settings_too(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "here" / "pass").write_text("*:*:*:*:x\n")
    (tmp_path / "here" / "pass").chmod(0o600)
    dsn = "postgresql://u@127.0.0.1:1/db"
    assert commands("source", "add", "down", dsn, "--passfile", "pass", "--even-if-dead").code == 0
    assert entries(commands)["down"] == {"target": dsn, "passfile": str(tmp_path / "here" / "pass")}
    (tmp_path / "here" / "pass").chmod(0o644)
    assert "chmod 600" in commands("source", "add", "two", dsn, "--passfile", "pass").refused(2)
    open_source("a.db", create=True).close()
    assert commands("source", "add", "a", "a.db", "--allow-other-owner").code == 0
    assert entries(commands)["a"]["allow_other_owner"] is True


def test_only_what_stands_in_the_own_file_is_taken_out(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("workbench.toml").write_text('sources.near.target = "/near.db"\n')
    monkeypatch.setenv("WORKBENCH_SOURCES__FAR__TARGET", "/far.db")
    commands.settings('default_source = "prod"\n[sources.prod]\ntarget = "/x.db"\n')
    before = commands.file.read_bytes()
    assert "comes from ./workbench.toml:1" in commands("source", "remove", "near").refused(2)
    assert "comes from WORKBENCH_SOURCES__FAR__TARGET" in commands("source", "remove", "far").refused(2)
    assert 'there is no configured source "x\'"' in commands("source", "remove", "x'").refused(3)
    assert '"prod" is the default_source' in commands("source", "remove", "prod").refused(4)
    assert commands.file.read_bytes() == before and not commands.own.exists()


def test_nothing_is_added_that_cannot_be_put_on_record(commands: Commands) -> None:
    open_source("a.db", create=True).close()
    commands.own.write_text("taken")
    commands("source", "add", "prod", "./a.db").refused(6)
    assert not commands.file.exists()


def test_two_at_once_keep_both(workbench) -> None:
    """Two programs, each with a look at its database before it writes."""
    workbench.environ["WORKBENCH_HOME"] = str(workbench.root / "own")
    workbench.user("# mine\n")
    for name in "ab":
        open_source(workbench.root / f"{name}.db", create=True).close()
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "workbench", "source", "add", name, str(workbench.root / f"{name}.db")],
            cwd=workbench.here, env=workbench.variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in "ab"
    ]  # fmt: skip
    for run in runs:
        _, err = run.communicate(timeout=60)
        assert run.returncode == 0, err
    text = workbench.user_file.read_text()
    assert text.startswith("# mine\n") and set(tomllib.loads(text)["sources"]) == {"a", "b"}
    assert workbench("audit", "verify").code == 0


def test_taking_out_is_asked_on_a_terminal(tmp_path: Path) -> None:
    from support.running import start

    settings = tmp_path / ".config" / "workbench" / "workbench.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[sources.prod]\ntarget = "/x.db"\n')
    for answer, left in (("n", {"prod"}), ("y", set())):
        with start(tmp_path, "source", "remove", "prod") as pty:
            pty.until("Take it out of your settings?")
            pty.send(f"{answer}\r")
            assert pty.until_closed() == 0
        assert set(tomllib.loads(settings.read_text()).get("sources", {})) == left
