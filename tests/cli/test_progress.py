"""How far long work is, on a real terminal and nowhere else; and ctrl+c, which stops it between two steps."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from support.filling import ago, fill_many
from support.processes import SqlProcess
from support.running import AT_ONCE
from support.screens import Pty

from workbench.cli.output import Output
from workbench.cli.progress import Progress

FILE = pytest.mark.parametrize("agents", ["sqlite"], indirect=True)  # where the engine plays no part
PURGE = ("event", "purge", "--older-than", "30d", "--yes")


def fill(agents: Any, count: int) -> None:
    row = {"app_name": "genie", "user_id": "ann", "session_id": "s-1", "event_data": "{}"}
    fill_many(agents.place, "session_events", [row | {"created_at": ago(days=400)}] * count)


def left(agents: Any) -> int:
    ((count,),) = agents.place.rows("SELECT count(*) FROM session_events")
    return int(count)


@contextmanager
def locked(agents: Any) -> Iterator[Callable[[], object]]:
    """While somebody else writes, until that is released: nothing can be deleted, everything can be read."""
    if agents.file:
        with SqlProcess(agents.file) as other:
            other.run("BEGIN IMMEDIATE")
            yield lambda: other.run("ROLLBACK")
    else:
        connection = agents.place.raw()
        connection.autocommit = False
        connection.execute("LOCK TABLE session_events IN SHARE MODE")
        yield connection.rollback
        connection.close()


@FILE
def test_a_purge_shows_how_far_it_is_on_a_terminal_and_leaves_nothing_of_it(workbench, agents) -> None:
    fill(agents, 450)
    command = [sys.executable, "-c", AT_ONCE, *PURGE]
    with Pty(command, environment=workbench.variables(), cwd=workbench.here, size=(60, 10)) as pty:
        assert pty.until_closed() == 0
        shown = pty.received.decode()
    drawn = [line for line in shown.split("\r") if line.startswith("events: purge old ones: ")]
    assert drawn[0].startswith("events: purge old ones: 200 of 450 [####") and max(map(len, drawn)) < 60
    assert shown.endswith(" \r\x1b[32mpurged: 450 events\x1b[0m\r\n") and left(agents) == 0


@FILE
def test_a_table_that_is_written_to_a_file_is_counted_on_a_terminal(workbench, agents) -> None:
    fill(agents, 450)
    command = [sys.executable, "-c", AT_ONCE, "source", "export", "prod", "session_events", "--output", "file"]
    with Pty(command, environment=workbench.variables(), cwd=workbench.here) as pty:
        assert pty.until_closed() == 0
        shown = pty.received.decode()
    assert "\rsession_events: 449" in shown
    assert shown.endswith(" \rnote: file: 450 rows of session_events\r\n")


@FILE
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_is_read_by_a_program_has_no_bar(workbench, agents, options: tuple[str, ...]) -> None:
    fill(agents, 450)
    run = workbench.unwatched(*PURGE, *options)  # fails on a character that acts
    assert run.code == 0 and "[#" not in run.err + run.out and left(agents) == 0


def test_ctrl_c_stops_a_purge_between_two_chunks(workbench, agents) -> None:
    fill(agents, 900)
    log = workbench.own / "audit.jsonl"
    command = [sys.executable, "-c", AT_ONCE, *PURGE]
    with (
        locked(agents) as release,
        Pty(command, environment=workbench.variables(), cwd=workbench.here) as pty,
    ):
        deadline = monotonic() + 30
        while not (log.exists() and log.read_bytes()):
            assert monotonic() < deadline and pty.process.poll() is None, pty.received
        pty.send("\x03")
        pty.until("^C")
        release()
        assert pty.until_closed() == 130
        said = pty.received.decode()
    gone = 900 - left(agents)
    assert gone % 200 == 0 and gone < 900 and f"stopped: {gone} events purged, the others are there" in said
    (act,) = workbench.acts
    assert (act["result"], act["result_counts"]) == ("stopped", {"events": gone})


def test_what_is_whole_or_nothing_says_that_it_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False, colour=False)
    with pytest.raises(KeyboardInterrupt), Progress(output, "x", undone="f is not written"):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "workbench: interrupted: f is not written\n"


@FILE
def test_one_session_is_exported_whole_in_either_form(workbench, agents) -> None:
    with agents.open() as source:
        from workbench.data.agents.writing import user_message

        source.sessions.create_session(("genie", "ann", "s-1"))
        source.sessions.append_event(("genie", "ann", "s-1"), user_message("hello\x1b[2J token ghp_" + "a1B2" * 9))
    exact = workbench("session", "export", "s-1")
    assert exact.code == 0 and [row["session_id"] for row in exact.rows] == ["s-1"]
    assert "hello\x1b[2J token ghp_a1B2" in exact.rows[0]["event"]["choices"][0]["message"]["content"]
    told = workbench("session", "export", "s-1", "--as", "markdown")
    assert told.out.startswith("# Session `s-1`\n") and "hello␛[2J token ⟨secret 40⟩" in told.out
    assert told.err == "note: 1 secret is masked in it; JSON lines have all of it\n"
    run = workbench.unwatched("session", "export", "s-1", "--as", "jsonl", "--output", "file")
    file: Path = workbench.here / "file"
    assert (run.code, run.err) == (0, "note: file: 1 line\n") and file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text()) == exact.rows[0]
    assert "is there already" in workbench("session", "export", "s-1", "--output", "file").failed(2)
    assert "--filter and --csv are for lists" in workbench("session", "export", "s-1", "--csv").failed(2)
    assert "--as is for one session" in workbench("session", "export", "--as", "jsonl").failed(2)
    assert "no session has an id" in workbench("session", "export", "nobody").failed(3)
