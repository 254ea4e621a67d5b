"""`source list`, `source test`, `workbench X` and `doctor`, on real databases, dead ones and hostile ones."""

from __future__ import annotations

import os
import pty
import pwd
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

OPSTATE = """
CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT, PRIMARY KEY (namespace, key));
CREATE INDEX by_value ON operational_state (value);
"""


def make_database(path: Path, *, wal: bool = False, rows: int = 3) -> Path:
    """A database that the workbench knows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        if wal:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(OPSTATE)
        values = (("n", f"k{number}", f"value {number:06}", "2026-01-01 00:00:00") for number in range(rows))
        connection.executemany("INSERT INTO operational_state VALUES (?, ?, ?, ?)", values)
    return path


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_fresh_machine_shows_the_home_that_is_not_made_yet(workbench) -> None:
    run = workbench("source", "list")
    assert run.code == 0
    assert re.search(r"^home +not made yet ", run.out, re.MULTILINE)
    (row,) = workbench("source", "list", "--json").rows
    assert (row["name"], row["state"], row["error"]) == ("home", "not made yet", None)
    assert workbench("doctor").out == "0 sources, nothing wrong\n"
    assert workbench("source", "test").err == "note: no source is configured; name a file or a database\n"
    (row,) = workbench("source", "test", "home", "--json").rows
    assert row["state"] == "not made yet"


@pytest.fixture
def fleet(workbench, closed_port: int):
    """Sources of every fate."""
    make_database(workbench.root / "a.db", wal=True)
    (workbench.root / "bad.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    workbench.user(
        f'[sources.good]\ntarget = "{workbench.root}/a.db"\nread_only = false\nproduction = true\n'
        f'[sources.gone]\ntarget = "{workbench.root}/gone.db"\n'
        f'[sources.bad]\ntarget = "{workbench.root}/bad.db"\n'
        '[sources.unset]\ntarget = "postgresql://u:${NOT_SET}@h/db"\n'
        f'[sources.down]\ntarget = "postgresql://u:sekret@127.0.0.1:{closed_port}/db"\n'
    )
    return workbench


def test_each_source_is_its_line_and_a_dead_one_is_no_failure_of_the_whole(fleet) -> None:
    run = fleet("source", "list")
    assert run.code == 0
    states = {line.split("  ")[0].strip(): line for line in run.out.splitlines()}
    assert list(states) == ["NAME", "good", "gone", "bad", "unset", "down", "home"]
    assert re.match(r"good +ok +sqlite +opstate +read-write +", states["good"])
    assert re.match(r"gone +not found +— +— +read-only +", states["gone"])
    assert re.match(r"bad +damaged ", states["bad"])
    assert re.match(r"unset +invalid ", states["unset"])
    assert re.match(r"down +unavailable .*postgresql://u:\*\*\*@127", states["down"])
    assert run.err == "workbench: 4 of 6 sources do not answer; `workbench doctor` says why\n"
    assert "sekret" not in run.out + run.err
    assert fleet("source", "list", "--strict").code == 6


def test_the_list_for_programs_says_everything(fleet) -> None:
    rows = {row["name"]: row for row in fleet("source", "list", "--json").rows}
    good = rows["good"]
    assert good["kinds"] == ["opstate"]
    assert (good["state"], good["engine"], good["mode"], good["production"]) == ("ok", "sqlite", "read-write", True)
    assert good["size"] == (fleet.root / "a.db").stat().st_size
    assert good["where"] == f"{fleet.root}/a.db"
    assert good["last_write"].endswith("+00:00")
    assert (good["problems"], good["drift"], good["error"]) == ([], [], None)
    assert rows["gone"]["state"] == "not found"
    assert "gone.db" in rows["gone"]["error"]
    assert rows["unset"]["error"].endswith('the source "unset" needs the variable NOT_SET, which is not set; export it')
    assert "sekret" not in str(rows)


def test_the_columns_of_the_list_are_a_setting(fleet) -> None:
    fleet.environ["WORKBENCH_COLUMNS__SOURCE"] = "state,name"
    lines = fleet("source", "list").out.splitlines()
    assert lines[0].split() == ["STATE", "NAME"]
    assert lines[1].split() == ["ok", "good"]


def test_the_exit_code_of_one_source_says_what_is_wrong(fleet) -> None:
    assert fleet("source", "test", "good").code == 0
    assert re.match(r"good: ok, sqlite, opstate, \d+ ms\n", fleet("source", "test", "good").out)
    assert "gone.db" in fleet("source", "test", "gone").failed(3)
    fleet("source", "test", "bad").failed(1)
    assert "NOT_SET" in fleet("source", "test", "unset").failed(2)
    assert "sekret" not in fleet("source", "test", "down").failed(6)
    run = fleet("source", "test", "gone", "--json")
    assert run.code == 3
    assert [row["state"] for row in run.rows] == ["not found"]
    run = fleet("source", "test", "good", "gone", "down")
    assert run.code == 1
    assert run.out.startswith("good: ok")
    assert len(run.err.splitlines()) == 2
    assert fleet("source", "test").code == 1


def test_what_can_have_no_inbox_is_described_instead(fleet) -> None:
    assert fleet("good").out == fleet("source", "show", "good").out
    assert fleet("good", "--json").rows[0]["name"] == "good"
    fleet.environ["WORKBENCH_DEFAULT_SOURCE"] = "good"
    assert re.search(r"^kinds +opstate$", fleet().out, re.MULTILINE)
    assert "gone.db" in fleet("source", "show", "gone").failed(3)
    assert fleet("source", "show").failed(2).startswith("Missing argument")


def test_a_word_is_a_source_or_a_path_or_a_mistake(fleet) -> None:
    (fleet.here / "good").mkdir()
    make_database(fleet.here / "good" / "x.db")
    run = fleet("good")
    assert run.code == 0
    assert re.search(rf"^where +{fleet.root}/a\.db$", run.out, re.MULTILINE)
    assert re.search(r"^mode +read-write$", run.out, re.MULTILINE)
    assert re.search(r"^production +production$", run.out, re.MULTILINE)
    assert re.search(r"^mode +read-only$", fleet("good", "--read-only", "--write").out, re.MULTILINE)
    run = fleet("./good")
    assert re.search(r"^kinds +opstate$", run.out, re.MULTILINE)
    assert re.search(r"^mode +read-only$", run.out, re.MULTILINE)
    assert re.search(r"^mode +read-write$", fleet("--write", "./good").out, re.MULTILINE)
    (row,) = fleet("--json", "../a.db").rows
    assert row["state"] == "ok"
    assert fleet("sqlite:///../a.db").code == 0
    assert fleet("goood").failed(3) == (
        '"goood" is no command, no configured source and no file here; did you mean "good"?'
    )
    assert fleet("sorce").failed(3).endswith('did you mean "source"?')
    assert fleet("zzzzz").failed(3).endswith("`workbench source list` shows the sources")
    assert "nosuch.db" in fleet("./nosuch.db").failed(3)
    assert "nosuch.db" in fleet("nosuch.db").failed(3)
    assert "sekret" not in fleet("mysql://u:sekret@h/db").failed(2)
    assert "sekret" not in fleet("postgresql://u:se@kret@h:x/db").failed(2)
    fleet("").failed(2)
    assert fleet("good", "gone").code == 6  # several are shown together, and neither has an inbox that answers


def test_the_default_source_is_what_the_bare_command_shows(fleet) -> None:
    fleet.environ["WORKBENCH_DEFAULT_SOURCE"] = "good"
    assert fleet("--json").rows[0]["name"] == "good"
    assert len(fleet("--json").rows) == 1
    assert len(fleet("source", "list", "--json").rows) == 6
    fleet.environ["WORKBENCH_DEFAULT_SOURCE"] = "gone"
    fleet().failed(3)


def test_an_unconfigured_database_of_genie_is_mentioned_and_never_opened(workbench) -> None:
    genie = make_database(workbench.home / ".genie" / "genie.db", wal=True)
    genie.chmod(0)  # whoever opens it fails, unless it is root
    for arguments in ([], ["source", "list"], ["doctor"]):
        run = workbench(*arguments)
        assert run.code == 0
        assert run.err.removesuffix("note: nothing waits\n") == (
            "note: ~/.genie/genie.db is there but not configured; look with `workbench ~/.genie/genie.db`, "
            "or add it to your settings\n"
        )
        assert "genie" not in run.out
    genie.chmod(0o600)
    workbench.user('sources.g.target = "~/.genie/genie.db"\n')
    assert workbench().err == ""
    assert re.search(r"^name +g$", workbench().out, re.MULTILINE)  # the only source, which can have no inbox


def test_looking_changes_nothing_beside_a_live_writer(workbench) -> None:
    path = make_database(workbench.root / "live.db", wal=True)
    workbench.user(f'[sources.live]\ntarget = "{path}"\nread_only = false\n')
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO operational_state VALUES ('n', 'open', 'x', 'y')")
        assert path.with_name("live.db-wal").exists()
        for arguments in (["source", "test", "live"], ["doctor"], ["live"], [str(path), "--write"]):
            assert workbench(*arguments).code == 0  # the run itself compares every file before and after
        writer.execute("COMMIT")


def test_a_silent_server_is_given_up_and_holds_nobody_up(workbench, silent: int) -> None:
    make_database(workbench.root / "a.db")
    dead = "".join(f'dead{number}.target = "postgresql://u@127.0.0.1:{silent}/db"\n' for number in range(8))
    workbench.user(f'[timeouts]\nconnect = 0.5\nstatement = 0.5\n[sources]\n{dead}a.target = "{workbench.root}/a.db"\n')
    begin = time.monotonic()
    run = workbench("source", "list", "--json")
    took = time.monotonic() - begin
    assert run.code == 0
    states = {row["name"]: row["state"] for row in run.rows}
    assert states.pop("a") == "ok"
    states.pop("home")
    assert len(states) == 8
    assert set(states.values()) <= {"unavailable", "no answer"}
    assert took < 8 * 0.5 + 2  # one after the other they would need 8 times as long as one
    workbench("source", "test", "dead1").failed(6)


def test_an_interrupt_ends_at_once_and_in_silence(workbench, silent: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "workbench", f"postgresql://u@127.0.0.1:{port}/db", "--timeouts-connect", "60"],
            env=workbench.variables(), cwd=workbench.here, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        client, _ = server.accept()
        with client:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize(
    "name",
    [
        b"a b.db",
        b"a?b%20#c.db",
        b"new\nline.db",
        b"esc\x1b[31m.db",
        b"del\x7f.db",
        b"caf\xe9.db",
        "\u202eé.db".encode(),
    ],
)
def test_hostile_names_do_nothing_to_the_terminal(workbench, name: bytes) -> None:
    path = os.fsencode(workbench.here) + b"/" + name
    make_database(Path(os.fsdecode(path)))
    run = workbench(b"./" + name)  # the run itself looks for control characters
    assert run.code == 0
    (row,) = workbench("source", "test", b"./" + name, "--json").rows
    assert os.fsencode(row["where"]).endswith(name)
    missing = workbench(b"./no-" + name)
    missing.failed(3)


def coloured(workbench, *arguments: str, **environ: str) -> str:
    """The output of a run whose standard output is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", *arguments],
        env={**workbench.variables(), "TERM": "xterm", **environ},
        cwd=workbench.here, stdout=theirs, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    output = b""
    while True:
        assert select.select([ours], [], [], 30)[0], "the program neither wrote nor ended"
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not chunk:
            break
        output += chunk
    os.close(ours)
    assert process.wait(30) == 0
    return output.decode()


def test_colours_are_for_terminals_that_want_them(fleet) -> None:
    assert "\x1b[32mok" in coloured(fleet, "source", "list")
    assert "\x1b" not in coloured(fleet, "source", "list", "--no-color")
    assert "\x1b" not in coloured(fleet, "--no-color", "source", "list")
    assert "\x1b" not in coloured(fleet, "source", "list", NO_COLOR="1")
    assert "\x1b" not in coloured(fleet, "source", "list", TERM="dumb")
    assert "\x1b" in coloured(fleet, "source", "list", NO_COLOR="")
    assert "\x1b" not in coloured(fleet, "source", "list", "--json")


def test_the_doctor_says_what_is_wrong_and_what_to_do(fleet) -> None:
    fleet.environ["WORKBENCH_WHAT"] = "x"
    run = fleet("doctor")
    assert run.code == 1
    findings = [line.partition(": ")[::2] for line in run.out.splitlines()[:-1]]
    assert [name for name, _ in findings] == ["settings", "gone", "bad", "unset", "down", "down"]
    said = dict(reversed(findings))
    assert said["settings"].startswith("the variable WORKBENCH_WHAT is no setting and is ignored; ")
    assert "the password stands in the settings; write ${VARIABLE} for it" in said["down"]
    assert run.out.splitlines()[-1] == "6 sources, 6 findings".replace("6 sources", "5 sources")
    assert run.err == ""
    assert "sekret" not in run.out
    rows = {row["source"]: row for row in fleet("doctor", "--json").rows}
    assert rows["good"] == {"source": "good", "findings": [], "notes": []}
    assert len(rows["down"]["findings"]) == 2
    assert fleet("doctor", "good").out == "1 source, nothing wrong\n"
    assert fleet("doctor", "gone").code == 1
    fleet("doctor", "nosuch").failed(3)


def test_the_doctor_finds_damage_inside_a_database(workbench) -> None:
    path = make_database(workbench.root / "a.db", rows=5000)
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'by_value'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    damaged = bytearray(path.read_bytes())
    damaged[(page - 1) * size + 100 : page * size - 100] = b"\xa5" * (size - 200)
    path.write_bytes(damaged)
    run = workbench("doctor", str(path))
    assert run.code == 1
    assert all(line.startswith(f"{path}: ") for line in run.out.splitlines()[:-1])
    assert "restore a backup" in run.out
    assert workbench("doctor", str(path), "--wait", "0").code == 0


def test_the_doctor_finds_a_source_that_may_not_be_opened_writable(public_workbench) -> None:
    path = make_database(public_workbench.root / "theirs" / "a.db")
    os.chown(path, 1, 1)
    public_workbench.user(f'[sources.theirs]\ntarget = "{path}"\nread_only = false\n')
    run = public_workbench.as_nobody("doctor")
    assert run.code == 1, run.err
    assert f"theirs: {path} belongs to {pwd.getpwuid(1).pw_name}" in run.out
    public_workbench.user(f'[sources.theirs]\ntarget = "{path}"\nread_only = false\nallow_other_owner = true\n')
    assert public_workbench.as_nobody("doctor").code == 0
    public_workbench.user(f'[sources.theirs]\ntarget = "{path}"\n')
    assert public_workbench.as_nobody("doctor").code == 0
    path.chmod(0)
    assert public_workbench.as_nobody("source", "test", "theirs").failed(6)


def test_the_drivers_log_goes_to_the_log_file_and_never_to_the_screen(
    workbench, closed_port: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = f"postgresql://u:sekret@127.0.0.1:{closed_port}/db"
    log = tmp_path_factory.mktemp("log") / "w.log"
    workbench(target, "--log-file", str(log)).failed(6)  # one sentence, so the driver said nothing here
    assert "psycopg" in log.read_text()
    assert "sekret" not in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    for impossible in (log.parent, log / "x"):
        run = workbench(target, "--log-file", str(impossible))
        assert run.code == 6
        note, sentence = run.err.splitlines()
        assert note == (f"note: the log file {impossible} cannot be made, so nothing is logged; correct log_file")
        assert sentence.startswith("workbench: ")
