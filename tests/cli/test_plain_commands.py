"""`--version`, `--help`, `home`, `config`: on a machine where nothing is configured, and where something is."""

# ruff: noqa: E501 - the tables are wide
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from workbench import __version__
from workbench.cli.app import root


def test_the_version(workbench) -> None:
    assert workbench("--version").out == f"workbench {__version__}\n"
    assert workbench("-V").out == f"workbench {__version__}\n"
    assert workbench("--version", "--json").rows == [{"version": __version__}]
    assert workbench("--json", "--no-color", "-V").rows == [{"version": __version__}]
    assert workbench("--version", "source", "list").out == f"workbench {__version__}\n"
    assert workbench("--json", "--version", "home").rows == [{"version": __version__}]


def test_the_version_needs_no_readable_settings(workbench) -> None:
    workbench.user("this is no TOML")
    for arguments in (["--version"], ["--version", "home"], ["--help"], ["config", "path"]):
        assert workbench(*arguments).code == 0


@pytest.mark.parametrize(
    "path",
    ["", "source", "source show", "source test", "doctor", "home", "config", "config show", "audit", "inbox", "reject"],
)
def test_help_for_people_and_for_programs(workbench, path: str) -> None:
    run = workbench(*path.split(), "--help")
    assert run.code == 0
    assert run.err == ""
    assert run.out.startswith(f"Usage: {' '.join(['workbench', *path.split()])} ")
    assert "--json" in run.out
    for arguments in (["--help", "--json"], ["--json", "--help"]):
        (described,) = workbench(*path.split(), *arguments).rows
        assert run.out.startswith(f"Usage: {described['usage']}")
        assert described["description"].split()[0] in run.out
        assert {"--json", "--operator", "--timeouts-connect"} <= {
            name for option in described["options"] for name in option["names"]
        }
        assert all(command["name"] in run.out for command in described["commands"])
    group: click.Command = root
    for word in path.split():
        assert isinstance(group, click.Group)
        group = group.commands[word]
    there = sorted(group.commands) if isinstance(group, click.Group) else []
    assert [command["name"] for command in described["commands"]] == there
    assert all(command["description"] for command in described["commands"])


def test_the_home_is_told_and_never_made(workbench) -> None:
    data = workbench.home / ".local" / "share" / "workbench"
    assert str(data) in workbench("home").out
    assert workbench("home", "--json").rows == [{"path": str(data), "exists": False, "size": None, "origin": "default"}]
    other = workbench.root / "other"
    (other / "sub").mkdir(parents=True)
    (other / "a").write_bytes(b"12345")
    (other / "sub" / "b").write_bytes(b"678")
    workbench.environ["WORKBENCH_HOME"] = str(other)
    assert workbench("home", "--json").rows == [
        {"path": str(other), "exists": True, "size": 8, "origin": "WORKBENCH_HOME"}
    ]
    assert workbench("--home", "x", "home", "--json").rows[0]["path"] == str(workbench.here / "x")
    assert workbench("home", "--home", "y", "--json").rows[0]["path"] == str(workbench.here / "y")
    assert workbench("--home", "x", "home", "--home", "y", "--json").rows[0]["path"] == str(workbench.here / "y")


def test_config_path(workbench) -> None:
    assert workbench("config", "path").out == f"{workbench.user_file}\n"
    workbench.user("")
    (workbench.here / "workbench.toml").touch()
    assert workbench("config", "path", "--json").rows == [
        {"path": str(workbench.user_file), "role": "user", "exists": True},
        {"path": str(workbench.here / "workbench.toml"), "role": "local", "exists": True},
    ]
    assert workbench("--config", "x.toml", "config", "path").out == f"{workbench.here / 'x.toml'}\n"
    workbench.environ["WORKBENCH_CONFIG"] = "~/y.toml"
    assert workbench("config", "path").out == f"{workbench.home / 'y.toml'}\n"


def test_config_show_tells_each_value_and_its_origin_and_no_password(workbench) -> None:
    workbench.user(
        'operator = "me"\n\n[sources.a]\ntarget = "postgresql://u:sekret@h/db"\n'
        '[sources.b]\ntarget = "postgresql://u:${PW}@h/db"\nproduction = true\n'
    )
    workbench.environ |= {"WORKBENCH_TIMEOUTS__STATEMENT": "9", "PW": "hidden"}
    run = workbench("config", "show", "--origin", "--theme", "workbench-dark")
    lines = {line.split()[0]: line.split()[1:] for line in run.out.splitlines()}
    assert lines["operator"] == ["me", "~/.config/workbench/workbench.toml:1"]
    assert lines["timeouts.statement"] == ["9.0", "environment", "WORKBENCH_TIMEOUTS__STATEMENT"]
    assert lines["timeouts.connect"] == ["3.0", "default"]
    assert lines["theme"] == ["workbench-dark", "--theme"]
    assert lines["sources.a.target"] == ["postgresql://u:***@h/db", "~/.config/workbench/workbench.toml:4"]
    assert lines["sources.b.target"] == ["postgresql://u:${PW}@h/db", "~/.config/workbench/workbench.toml:6"]
    assert lines["sources.b.production"] == ["true", "~/.config/workbench/workbench.toml:7"]
    assert "sekret" not in run.out + run.err and "hidden" not in run.out + run.err
    rows = {row["key"]: row for row in workbench("config", "show", "--json").rows}
    assert set(rows) == set(lines) - {"SETTING"}
    assert rows["sources.a.read_only"] == {"key": "sources.a.read_only", "value": True, "origin": "default"}
    assert "origin" not in workbench("config", "show").out.lower()


def test_notices_are_told_once_on_standard_error(workbench) -> None:
    workbench.environ["WORKBENCH_OPERATER"] = "x"
    run = workbench("config", "show", "--json")
    assert run.code == 0
    assert run.err == (
        "note: the variable WORKBENCH_OPERATER is no setting and is ignored; did you mean WORKBENCH_OPERATOR?\n"
    )
    assert run.rows


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--nonsense"], "No such option '--nonsense'; see `workbench --help`"),
        (["--jsn"], "No such option '--jsn'. Did you mean '--json'?"),
        (["source"], "Missing command; see `workbench source --help`"),
        (["source", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["home", "extra"], "No such command 'extra'"),
        (["doctor", "--wait", "x"], "Invalid value for '--wait'"),
        (["home", "--timeouts-connect", "x"], "Invalid value for '--timeouts-connect'"),
        (["home", "--timeouts-connect", "0"], "--timeouts-connect: timeouts.connect must be greater than 0, not 0.0"),
        (["home", "--operator"], "Option '--operator' requires an argument"),
        (["home", "--operator", "a\x1b[2Jb"], "--operator: operator must be one line of visible text"),
        (["inbox", "x", "postgresql://u:sekret@h/db"], "Got unexpected extra argument (postgresql://u:***@h/db)"),
        (["--theme", "drak", "home"], '--theme: theme names "drak", which is no theme'),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_exit_code_2(workbench, arguments: list[str], sentence: str) -> None:
    assert workbench(*arguments).failed(2).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('operater = "x"', '~/.config/workbench/workbench.toml:1: unknown setting "operater"; did you mean "operator"?'),
        ("[sources.x]\ntarget =", "~/.config/workbench/workbench.toml:2: this is not TOML, correct the line: "),
        ('"a\\u001b\\n" = 1', '~/.config/workbench/workbench.toml:1: unknown setting ""a␛␊""'),
        ('[sources.approve]\ntarget = "x"', '~/.config/workbench/workbench.toml:2: "approve" is a command of the workbench; give'),
        ('[sources.doctor]\ntarget = "x"', '~/.config/workbench/workbench.toml:2: "doctor" is a command of the workbench; give'),
        ("columns.source = [\"nme\"]", '~/.config/workbench/workbench.toml:1: columns.source names "nme", which is no column; did you mean "name"?'),
        ("columns.source = []", "~/.config/workbench/workbench.toml:1: columns.source must name at least one column"),
        ("columns.sorce = []", '~/.config/workbench/workbench.toml:1: columns.sorce names no list; did you mean "source"?'),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_with_file_and_line(workbench, text: str, sentence: str) -> None:
    workbench.user(text + "\n")
    assert workbench("home").failed(2).startswith(sentence)


def test_wrong_settings_stop_every_command(workbench) -> None:
    workbench.user("x = \n")
    for command in ([], ["source", "list"], ["source", "test"], ["doctor"], ["config", "show"], ["./x"]):
        assert workbench(*command).failed(2).startswith("~/.config/workbench/workbench.toml:1: this is not TOML")


def test_unreadable_settings_are_one_sentence(public_workbench) -> None:
    public_workbench.user('operator = "me"\n')
    public_workbench.user_file.chmod(0)
    assert public_workbench.as_nobody("home").failed(6) == (
        "~/.config/workbench/workbench.toml: the settings cannot be read: Permission denied; check who may read it"
    )


def test_missing_settings_that_were_named_are_not_found(workbench) -> None:
    assert "there is no such settings file, but --config names it" in workbench("--config", "no.toml", "home").failed(3)


def test_a_closed_pipe_a_full_disk_and_no_output_at_all_end_quietly(workbench) -> None:
    for arguments in (["config", "show"], ["--version"], ["--help"]):
        command = [sys.executable, "-m", "workbench", *arguments]
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            command, stdout=writer, stderr=subprocess.PIPE, env=workbench.variables(), timeout=60, check=False
        )
        os.close(writer)
        assert (done.returncode, done.stderr) == (141, b"")
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                command, stdout=full, stderr=subprocess.PIPE, env=workbench.variables(), timeout=60, check=False
            )
        assert done.returncode == 6
        assert done.stderr == (
            b"workbench: the output cannot be written: No space left on device; free some space or write elsewhere\n"
        )
        closed = f'exec "$0" -m workbench {" ".join(arguments)} >&- 2>&-'
        done = subprocess.run(["sh", "-c", closed, sys.executable], env=workbench.variables(), timeout=60, check=False)
        assert done.returncode == 0


def test_a_terminal_that_is_not_utf8_gets_what_it_can_show(workbench) -> None:
    workbench.user('[sources.x]\ntarget = "/nichts/é\u202e漢.db"\n')
    workbench.environ["PYTHONIOENCODING"] = "ascii"
    run = workbench("config", "show")
    assert run.code == 0
    assert "\\xe9\\u27e8U+202E\\u27e9\\u6f22" in run.out


def test_internal_errors_are_one_sentence_without_a_password(workbench) -> None:
    broken = workbench.root / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import workbench.settings as s\n"
        "def load(*a, **k): raise ZeroDivisionError('postgresql://u:sekret@h/db password=sekret')\n"
        "s.load = load\n"
    )
    workbench.environ["PYTHONPATH"] = f"{broken}{os.pathsep}{workbench.variables()['PYTHONPATH']}"
    assert workbench("home").failed(1) == (
        "internal error: ZeroDivisionError: postgresql://u:***@h/db password=***; "
        "add --debug for where it happened, and report it"
    )
    run = subprocess.run(
        [sys.executable, "-m", "workbench", "home", "--debug"],
        env=workbench.variables(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert "session.py" in run.stderr and "ZeroDivisionError" in run.stderr
    assert "sekret" not in run.stderr
