"""The commands that every noun has, by the real program: list, show, search, export and watch."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli.conftest import configure

from workbench.data.agents.writing import assistant_message, tool_call, user_message

FILE = pytest.mark.parametrize("agents", ["sqlite"], indirect=True)  # where the engine plays no part
WORST = "\x1b[2J\u202eworst\u200b"


@pytest.fixture
def sessions(agents) -> list[str]:
    """Three sessions of two users, one of which says the worst."""
    with agents.open() as source:
        for number in range(3):
            key = ("genie", f"user-{number % 2}", f"{number}-session")
            source.sessions.create_session(key)
            source.sessions.append_event(key, user_message(f"line one {WORST}\nline two"))
            call = tool_call("c1", "deploy", {"host": "a"})
            source.sessions.append_event(key, assistant_message("", tool_calls=[call]))
            source.memories.add_memory(("genie", f"user-{number % 2}"), f"memory {number} {WORST}", ["topic"])
    return [f"{number}-session" for number in (2, 1, 0)]


def test_a_list_for_people_and_for_programs(workbench, agents, sessions) -> None:
    run = workbench("session", "list")
    assert run.code == 0
    head, *rows = run.out.splitlines()
    assert head.split() == ["ACTIVE", "APP", "USER", "ID", "CREATED"]
    assert [row.split()[3] for row in rows] == sessions
    run = workbench("session", "list", "--json", "--filter", "user=user-1")
    assert [(row["source"], row["session_id"]) for row in run.rows] == [("prod", "1-session")]
    run = workbench("session", "list", "--csv", "--columns", "session_id,app_name")
    assert list(csv.reader(io.StringIO(run.out))) == [
        ["session_id", "app_name"],
        *([id, "genie"] for id in sessions),
    ]
    run = workbench("memory", "list", "--columns", "content,user", "--limit", "1")
    assert run.out.splitlines()[0].split() == ["CONTENT", "USER"] and "worst" in run.out
    assert "prod: there are more memories; --limit shows more of them" in run.err


def test_one_in_full_and_the_whole_conversation(workbench, agents, sessions) -> None:
    run = workbench("session", "show", "1-")
    assert run.code == 0
    assert "line two" in run.out and '→ deploy {"host":"a"}' in run.out and "no result yet" in run.out
    run = workbench("session", "show", "genie/user-0/2-session", "--part", "state")
    assert run.code == 0 and "no state" in run.out
    run = workbench("session", "show", "1-", "--json")
    assert run.rows[0]["session_id"] == "1-session"
    event = workbench("event", "list", "--json", "--filter", "session=0-").rows[-1]
    run = workbench("event", "show", str(event["id"]))
    assert "line two" in run.out and "genie/user-0/0-session" in run.out


def test_what_is_said_is_found(workbench, agents, sessions) -> None:
    run = workbench("event", "search", "line two", "--json")
    assert [row["session"]["session_id"] for row in run.rows] == sessions
    run = workbench("memory", "search", "MEMORY 1")
    assert run.code == 0 and len(run.out.splitlines()) == 2
    run = workbench("memory", "search", "nobody said this")
    assert (run.code, run.out, run.err) == (0, "", "note: no memories\n")


@FILE
def test_wrong_words_are_one_sentence_each(workbench, agents, sessions) -> None:
    for arguments, code, words in (
        (("session", "show", "nope"), 3, 'no session has an id that is or begins with "nope"'),
        (("event", "show", "x"), 2, "those are whole numbers"),
        (("session", "list", "--columns", "nope"), 2, 'sessions have no column "nope": there is active, app'),
        (("session", "list", "--columns", ","), 2, "--columns names none"),
        (("session", "list", "--json", "--columns", "nope"), 2, 'sessions have no field "nope": there is source'),
        (("session", "list", "--filter", "nope=1"), 2, 'sessions are not filtered by "nope": use app, user'),
        (("memory", "list", "--filter", "'"), 2, "a quote that is not closed"),
        (("short-memory", "list", "--filter", "state=old"), 2, "state=live or state=expired"),
        (("session", "list", "--source", "nobody"), 3, "nobody"),
    ):
        run = workbench(*arguments)
        assert run.code == code and run.out == "" and words in run.err and len(run.err.splitlines()) == 1, run


@FILE
def test_several_ids_that_begin_so_are_named(workbench, agents) -> None:
    with agents.open() as source:
        for id in ("abc-1", "abc-2"):
            source.sessions.create_session(("genie", "root", id))
    run = workbench("session", "show", "abc")
    assert run.code == 2 and "genie/root/abc-1, genie/root/abc-2" in run.err
    assert workbench("session", "show", "abc-1").code == 0


@FILE
def test_a_dead_source_holds_back_nothing(workbench, agents, sessions) -> None:
    arguments = ("session", "list", "--source", "prod", "--source", "gone")
    configure(workbench, prod=str(agents.file), gone=str(agents.file.with_name("gone.db")))
    run = workbench(*arguments)
    assert run.code == 0 and len(run.out.splitlines()) == 4 and "gone" in run.err
    assert workbench(*arguments, "--strict").code == 6


@FILE
def test_an_export_is_whole_or_not_there(workbench, agents, sessions, tmp_path: Path) -> None:
    target = tmp_path / "events.jsonl"
    run = workbench.unwatched("event", "export", "--output", str(target))
    assert run.code == 0 and run.out == "" and "6 events" in run.err
    assert target.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert len(lines) == 6 and lines[-1]["text"] == f"line one {WORST}\nline two"
    before = target.read_bytes()
    run = workbench.unwatched("event", "export", "--output", str(target))
    assert run.code == 2 and "is there already" in run.err and target.read_bytes() == before
    other = tmp_path / "other.jsonl"
    run = workbench.unwatched("event", "export", "--source", "prod", "--source", "nope.db", "--output", str(other))
    assert run.code == 3 and not other.exists() and list(tmp_path.glob(".other*")) == []
    run = workbench("event", "export", "--csv")
    assert len(list(csv.reader(io.StringIO(run.out)))) == 7


def test_a_watch_tells_what_comes_and_ends_with_ctrl_c(workbench, agents, sessions) -> None:
    argv = [sys.executable, "-m", "workbench", "event", "watch", "--json"]
    with subprocess.Popen(
        argv, cwd=workbench.here, env=workbench.variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None and watching.stderr is not None
        first = [json.loads(watching.stdout.readline()) for _ in range(6)]
        assert [each["id"] for each in first] == sorted(each["id"] for each in first)
        with agents.open() as source:
            source.sessions.append_event(("genie", "user-0", "0-session"), user_message("something new"))
        assert json.loads(watching.stdout.readline())["text"] == "something new"
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 130
        assert "Traceback" not in watching.stderr.read()


@FILE
def test_a_reader_that_goes_away_is_no_failure_worth_a_word(workbench, agents, sessions) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "event", "export"],
        cwd=workbench.here, env=workbench.variables(), stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 141 and done.stderr == b""


def test_moments_in_utc_or_in_the_zone_of_the_machine(workbench, agents, sessions) -> None:
    workbench.environ["TZ"] = "Asia/Kolkata"
    here, utc = (workbench("session", "list", *more, "--columns", "created").out for more in ((), ("--utc",)))
    assert here != utc
