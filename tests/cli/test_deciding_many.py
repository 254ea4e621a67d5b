"""Several ids in one command: all is listed before anything is asked, and what came by a messenger is kept apart."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from servers import until
from support.hostile import drawn
from support.processes import SqlProcess
from support.screens import Pty

FILE = pytest.mark.parametrize("agents", ["sqlite"], indirect=True)
SECRET = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"


def terminal(workbench, *arguments: str) -> Pty:
    argv = [sys.executable, "-m", "workbench", *arguments]
    return Pty(argv, environment={**workbench.variables(), "NO_COLOR": "1"}, cwd=workbench.here)


@FILE
def test_all_arguments_of_all_calls_stand_before_the_one_question(workbench, agents) -> None:
    first = agents.held("first_tool", f'{{"command": "rm -rf build\\nmake \\u202e", "token": "{SECRET}"}}')
    second = agents.held("second\x1b[2J_tool", '{"env": "prod"}', question="because\x07")
    gone = agents.held("gone_tool")
    with agents.open() as source:
        source.approvals.resolve(gone, "rejected", resolved_by="eve")
    with terminal(workbench, "approve", first, second, gone) as screen:
        asked = screen.until("Approve 2 calls? [y/N]:").decode()
        for text in (
            *("1 of 2  first_tool", "rm -rf build", "make ⟨U+202E⟩", "2 of 2  second␛[2J_tool", '"env": "prod"'),
            *("because␇", "1 secret is masked", "in 2 of these are hidden or odd characters", "left out"),
        ):
            assert text in asked, text
        assert SECRET not in asked and f"gone_tool {gone[:8]}: already rejected by eve" in asked
        assert agents.approval(first)[0] == "pending" and not workbench.own.exists()
        screen.send("y\n")
        assert screen.until_closed() == 4
        told = drawn(screen.received.replace(b"\r\n", b"\n"), lines=True)
    assert f"approved: first_tool {first[:8]}" in told and "was already rejected by 'eve'" in told
    assert agents.approval(first)[0] == agents.approval(second)[0] == "approved"
    assert [act["result"] for act in workbench.acts] == ["failed", "approved", "approved"]


@FILE
def test_no_leaves_all_of_them_and_calls_of_a_messenger_are_asked_for_by_themselves(workbench, agents) -> None:
    web, more = agents.held("web_tool"), agents.held("more_tool")
    slack = agents.held("slack_tool", sender_context="slack:U1:C1")
    with terminal(workbench, "reject", web, slack, more, "--reason", "no") as screen:
        listed = screen.until("Reject 2 calls? [y/N]:").decode()
        assert "1 call that came by a messenger" in listed and "better answer in the channel" not in listed
        place = screen.mark()
        screen.send("n\n")
        asked = screen.until(f"Reject slack_tool {slack[:8]}? [y/N]:", since=place).decode()
        assert "2 calls: left as they are" in asked and "better answer in the channel" in asked
        screen.send("y\n")
        assert screen.until_closed() == 0
    assert agents.approval(web)[0] == agents.approval(more)[0] == "pending"
    assert agents.approval(slack) == ("rejected", "ops@bastion", "no")


@FILE
def test_nobody_decides_a_call_of_a_messenger_along_with_others_unasked(workbench, agents) -> None:
    slack, web = agents.held(sender_context="slack:U1:C1"), agents.held(sender_context="agui:web-1")
    run = workbench.deciding("approve", slack, web, "--yes", changing=agents.file)
    assert (run.code, run.out) == (1, f"approved: run_shell {web[:8]}\n")
    assert f"'{slack}' came by a messenger and is not decided along with others" in run.err
    assert agents.approval(slack)[0] == "pending"
    (row,) = workbench.deciding("approve", "--json", slack, changing=agents.file).rows
    assert (row["id"], row["result"]) == (slack, "approved")
    rows = workbench.deciding("reject", "--json", slack, agents.held(), changing=agents.file).rows
    assert [row["result"] for row in rows] == ["conflict", "rejected"]  # nothing is decided there any more


@FILE
def test_by_itself_it_is_decided_with_the_warning_before(workbench, agents) -> None:
    slack, telegram = agents.held(sender_context="slack:U1:C1"), agents.held(sender_context="telegram:1")
    run = workbench.deciding("approve", slack, telegram, changing=agents.file)
    assert run.code == 0 and len(run.out.splitlines()) == 2
    assert [line.split(": ")[:3] for line in run.err.splitlines()] == [
        ["note", id, "came by a messenger"] for id in (slack, telegram)
    ]


def test_a_dry_run_lists_all_and_changes_nothing(workbench, agents) -> None:
    first, second, slack = agents.held("first_tool"), agents.held("second_tool"), agents.held(sender_context="slack:U1")
    gone, asked = agents.held(), agents.asked()
    with agents.open() as source:
        source.approvals.resolve(gone, "rejected", resolved_by="eve")
    run = workbench("approve", first, second, slack, gone, asked, "--dry-run")  # which fails on any trace
    assert run.code == 4 and "make clean" in run.out and "1 of 2  first_tool" in run.out
    assert run.out.endswith(f"would approve: first_tool {first[:8]}\nwould approve: second_tool {second[:8]}\n")
    assert "already rejected by eve" in run.err and "is a question" in run.err and "by a messenger" in run.err
    rows = workbench("approve", first, slack, gone, "--dry-run", "--json", "--read-only").rows
    assert [(row["id"], row["result"]) for row in rows] == [(gone, "conflict"), (first, "dry run"), (slack, "apart")]
    assert workbench("approve", second, "--dry-run").code == 0
    assert agents.approval(first)[0] == "pending" and not workbench.own.exists()


@FILE
def test_ctrl_c_stops_and_says_how_many_were_not_tried(workbench, agents) -> None:
    ids = [agents.held(), agents.held(), agents.held()]
    command = [sys.executable, "-m", "workbench", "approve", *ids]
    log = workbench.own / "audit.jsonl"
    # Without a terminal that would send it: the tests themselves may ignore ctrl+c.
    listen = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    with SqlProcess(agents.file) as other:
        other.run("BEGIN IMMEDIATE")
        process = subprocess.Popen(
            [sys.executable, "-c", listen, *command],
            cwd=workbench.here, env=workbench.variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        until(lambda: log.exists() and log.read_bytes().count(b"\n") == 1, seconds=60, what="the intent")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        other.run("ROLLBACK")
    assert (out, err) == ("", "workbench: 2 more were not tried\n")
    # The interpreter ends itself by the signal where that came while it was making a class: a shell says 130 for both.
    assert process.returncode in (130, -signal.SIGINT)
    assert {agents.approval(id)[0] for id in ids} == {"pending"}
    # It may have come while the intent was being written, which then is taken back.
    assert {act["result"] for act in workbench.acts} <= {"interrupted"}
