"""The same texts through the command line: in tables, in details, in reports and refusals, and as JSON."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from support.hostile import EVERY, HOSTILE, MARKUP, drawn, hostile_database, mark, marked, none_raw
from support.running import PROGRAM, environment
from support.screens import Pty

FIELDS = "ijrnotkcsqwxyhfp"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return hostile_database(tmp_path, [[number] for number in range(len(EVERY))])


def run(home: Path, *arguments: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run([*PROGRAM, *arguments], cwd=home, env=_environment(home), capture_output=True, timeout=60)
    for stream in (done.stdout, done.stderr):
        none_raw(stream, FIELDS)
        drawn(stream, lines=True)
        assert b"Traceback" not in stream
    return done.returncode, done.stdout, done.stderr


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return kept | environment(home) | {"LC_ALL": "C.UTF-8"}


def id_of(number: int) -> str:
    return marked("i", number).replace("\0", "")


def on_terminal(home: Path, *arguments: str) -> str:
    """What a command prints on a terminal; in colour, and with nothing else that acts."""
    with Pty([*PROGRAM, *arguments], size=(200, 50), environment=_environment(home), cwd=home) as pty:
        assert pty.until_closed() == 0
        none_raw(pty.received, FIELDS)
        return drawn(pty.received.replace(b"\r\n", b"\n"), lines=True)


def test_the_inbox_as_a_table_and_as_json(tmp_path: Path, database: Path) -> None:
    code, out, _ = run(tmp_path, "inbox", "--source", str(database))
    text = out.decode()
    assert code == 0 and len(text.splitlines()) == 1 + 2 * len(EVERY)
    for number in range(len(EVERY)):
        assert mark("t", number) in text and mark("w", number) in text
        assert EVERY[number] not in MARKUP or marked("t", number) in text
    code, out, _ = run(tmp_path, "--json", "inbox", "--source", str(database))
    lines = out.decode().splitlines()
    assert code == 0 and all(line.isascii() and line.isprintable() for line in lines)
    tools = {row["what"] for row in map(json.loads, lines) if row["kind"] == "approval"}
    assert tools == {marked("t", number) for number in range(len(EVERY))}  # programs get what is stored
    text = on_terminal(tmp_path, "inbox", "--source", str(database))
    assert mark("t", len(EVERY) - 1) in text
    text = on_terminal(tmp_path, "--json", "inbox", "--source", str(database))
    assert "\\u001b" in text


def test_without_a_command_the_inbox_is_printed_once_where_there_is_no_terminal(tmp_path: Path, database: Path) -> None:
    code, out, _ = run(tmp_path, str(database))
    assert code == 0 and mark("t", 0) in out.decode()


SOME = [EVERY.index(text) for text in ("\x1b]0;title\x07", "\x9b2J", "\r", "\u202e", "\u200b", "[/x]")]
assert len(HOSTILE) > 100


@pytest.mark.parametrize("number", SOME, ids=[ascii(EVERY[number]) for number in SOME])
def test_an_item_in_full_its_decision_and_the_refusal_after_it(tmp_path: Path, database: Path, number: int) -> None:
    source = ("--source", str(database))
    code, out, _ = run(tmp_path, "inbox", id_of(number), *source)
    assert code == 0 and mark("k", number) in out.decode()
    code, out, _ = run(tmp_path, "--json", "inbox", id_of(number), *source)
    assert code == 0 and out.isascii()
    reason = marked("p", number)
    code, out, err = run(tmp_path, "--write", "reject", id_of(number), "--reason", reason, *source)
    assert code == 0 and mark("t", number) in out.decode(), err
    code, _, err = run(tmp_path, "--write", "approve", id_of(number), *source)
    assert code == 4 and mark("i", number) in err.decode()
    code, _, err = run(tmp_path, "--json", "--write", "approve", "--yes", id_of(number) + "x", *source)
    assert code == 3


def test_a_source_that_is_not_there_is_named_safely(tmp_path: Path) -> None:
    for number in SOME:
        code, out, err = run(tmp_path, "inbox", "--source", f"./{marked('f', number)}.db")
        assert code == 3 and out == b"" and mark("f", number) in err.decode()
