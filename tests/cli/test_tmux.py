"""The program in a real terminal of the two sizes that matter: what is on the screen, and what is in the database."""

import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import Server
from support.agents import Place
from support.running import PROGRAM, ask, environment, results_of
from support.terminal import Terminal

from workbench.data import open_source

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
SIZES = pytest.mark.parametrize(("columns", "lines"), [(120, 34), (80, 24)])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An agents database of ours on each engine, in which three calls and a question wait."""
    if request.param == "sqlite":
        path = str(tmp_path / "agents.db")
        yield filled(Place("sqlite", path, path))
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database() as name:
        yield filled(Place("postgres", server.dsn(name), server.dsn(name)))


def filled(place: Place) -> Place:
    with place.open(create=True) as source:
        ask(source, "save_file", '{"path": "/srv/app/config.yaml"}')
        ask(source, "run_shell", '{"command": "uptime"}')
        ask(source, "http_request", '{"url": "https://example.org"}', sender_context="slack:U02:C9")
        source.clarifications.ask("Which region?", sender_context="agui:web-1")
    return place


@contextmanager
def running(tmp_path: Path, *arguments: str, columns: int, lines: int) -> Iterator[Terminal]:
    words = " ".join(f"'{word}'" for word in (*PROGRAM, *arguments))
    variables = {**environment(tmp_path), "COLORTERM": "truecolor", "WORKBENCH_OPERATOR": "ops@bastion"}
    with Terminal(words, columns=columns, lines=lines, cwd=tmp_path, environment=variables) as terminal:
        yield terminal


def shows(*texts: str) -> Callable[[str], bool]:
    return lambda screen: all(text in screen for text in texts)


def press_until(terminal: Terminal, key: str, text: str) -> str:
    """Press a key, again when it was too early: an item has to be on screen for a while before it can be decided."""
    for _ in range(20):
        terminal.press(key)
        try:
            return terminal.until(shows(text), seconds=1.5)
        except AssertionError:
            continue
    return terminal.until(shows(text))


@SIZES
def test_an_operator_approves_rejects_answers_and_quits(tmp_path: Path, place: Place, columns: int, lines: int) -> None:
    with running(tmp_path, place.target, "--write", columns=columns, lines=lines) as terminal:
        screen = terminal.until(shows("save_file", "inbox 4", "● live", "a Approve"))
        rows = screen.splitlines()
        assert "read-write" in rows[0] and "▸" in next(row for row in rows if "save_file" in row)
        assert len(rows) <= lines and max(map(len, rows)) <= columns
        # The oldest that waits comes first: it is the one that the bar asks about.
        press_until(terminal, "a", "Approve save_file")
        terminal.press("y")
        terminal.until(shows("approved: save_file", "inbox 3"))
        press_until(terminal, "x", "A reason")
        terminal.press("not today", "Enter")
        terminal.until(shows("rejected: run_shell", "inbox 2"))
        # What came by a messenger is told apart before it is decided.
        press_until(terminal, "a", "messenger")
        terminal.press("n")
        press_until(terminal, "G", "⏎ Answer")
        press_until(terminal, "Enter", "An answer")
        terminal.press("eu-west-1", "Enter")
        terminal.until(shows("answered: Which region?", "inbox 1"))
        terminal.press("q")
        screen = terminal.until(shows("[exit 0]"))
    # The screen is as it was before: nothing is left on it.
    assert screen.strip() == "[exit 0]"
    decided = "SELECT tool_name, status, feedback, resolved_by FROM approvals ORDER BY tool_name"
    assert place.rows(decided) == [
        ("http_request", "pending", "", ""),
        ("run_shell", "rejected", "not today", "ops@bastion"),
        ("save_file", "approved", "", "ops@bastion"),
    ]
    assert place.rows("SELECT status, answer FROM clarifications") == [("answered", "eu-west-1")]
    assert sorted(results_of(tmp_path)) == ["answered", "approved", "rejected"]


@SIZES
def test_what_only_looks_changes_nothing_and_says_why(tmp_path: Path, place: Place, columns: int, lines: int) -> None:
    with running(tmp_path, place.target, columns=columns, lines=lines) as terminal:
        terminal.until(shows("read-only", "save_file"))
        press_until(terminal, "a", "W opens the source")
        terminal.press("W")
        terminal.until(shows("for writing?"))
        terminal.press("n")
        terminal.until(lambda screen: "for writing?" not in screen)
        terminal.press("q")
        terminal.until(shows("[exit 0]"))
    assert place.rows("SELECT DISTINCT status FROM approvals") == [("pending",)]
    assert not (tmp_path / "data").exists()


@SIZES
def test_a_home_that_nobody_has_made_is_an_empty_inbox_and_stays_unmade(
    tmp_path: Path, columns: int, lines: int
) -> None:
    with running(tmp_path, columns=columns, lines=lines) as terminal:
        terminal.until(shows("Nothing waits.", "inbox 0", "home"))
        terminal.press("q")
        terminal.until(shows("[exit 0]"))
    assert list(tmp_path.iterdir()) == []


def test_a_call_in_a_home_that_is_made_meanwhile_appears(tmp_path: Path) -> None:
    with running(tmp_path, columns=100, lines=30) as terminal:
        terminal.until(shows("Nothing waits."))
        with open_source(tmp_path / "data" / "workbench" / "workbench.db", create=True) as source:
            ask(source, "save_file")
        terminal.until(shows("save_file", "inbox 1"))
        press_until(terminal, "a", "Approve save_file")
        terminal.press("y")
        terminal.until(shows("approved: save_file"))


def test_a_source_that_can_hold_no_inbox_is_described(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "state.db")
    connection.execute("CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT)")
    connection.commit()
    connection.close()
    with running(tmp_path, "./state.db", columns=100, lines=30) as terminal:
        screen = terminal.until(shows("[exit 0]"))
    assert "opstate" in screen and "Nothing waits" not in screen and "Traceback" not in screen


def test_a_source_that_is_down_says_why_and_leaves_by_a_key(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with running(tmp_path, f"postgresql://u@127.0.0.1:{port}/d", columns=80, lines=24) as terminal:
        terminal.until(shows("○ down", "start it"))
        terminal.press("q")
        terminal.until(shows("[exit 0]"))


@SIZES
def test_the_sources_fit_the_terminal(tmp_path: Path, columns: int, lines: int) -> None:
    home = tmp_path / "home of the operator"
    (home / ".config" / "workbench").mkdir(parents=True)
    connection = sqlite3.connect(tmp_path / "state.db")
    connection.execute("CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT)")
    connection.commit()
    connection.close()
    (home / ".config" / "workbench" / "workbench.toml").write_text(
        f'[sources.thane]\ntarget = "{tmp_path / "state.db"}"\n[sources.gone]\ntarget = "{tmp_path / "gone.db"}"\n'
    )
    command = f"{sys.executable} -m workbench source list"
    with Terminal(command, columns=columns, lines=lines, cwd=tmp_path, environment=environment(home)) as terminal:
        screen = terminal.until(lambda text: "[exit" in text)
    rows = screen.splitlines()
    assert "[exit 0]" in screen and "Traceback" not in screen
    assert rows[0].startswith("NAME") and max(len(row) for row in rows) <= columns
    assert any(row.startswith("thane") and "ok" in row and "opstate" in row for row in rows)
    assert any(row.startswith("gone") and "ok" not in row for row in rows)
    # One row is one line: a name that does not fit is cut, not wrapped.
    assert sum(bool(row.strip()) for row in rows) <= 6
