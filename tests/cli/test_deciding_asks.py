"""Deciding on a terminal: the call is shown in full, and a question stands before it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

import pytest
from support.screens import Pty

pytestmark = pytest.mark.parametrize("agents", ["sqlite"], indirect=True)
ARGS = '{"command": "rm -rf build\\nmake \\u202e", "token": "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"}'


def terminal(workbench, *arguments: str, **environ: str) -> Pty:
    """The program in a terminal of its own."""
    argv = [sys.executable, "-m", "workbench", *arguments]
    return Pty(argv, environment={**workbench.variables(), **environ}, cwd=workbench.here)


def test_a_call_is_shown_in_full_and_yes_has_to_be_said(workbench, agents) -> None:
    id = agents.held("run_shell", ARGS, sender_context="slack:U1:C1")
    with terminal(workbench, "approve", id[:8]) as screen:
        shown = screen.until(f"Approve run_shell {id[:8]}? [y/N]:").decode()
        assert "rm -rf build" in shown and "make ⟨U+202E⟩" in shown
        assert "ghp_0123456789" not in shown and "secret" in shown
        assert "came by a messenger" in shown
        assert agents.approval(id)[0] == "pending" and not workbench.own.exists()
        screen.send("y\n")
        screen.until(f"approved: run_shell {id[:8]}")
        assert screen.until_closed() == 0
    assert agents.approval(id) == ("approved", "ops@bastion", "")


@pytest.mark.parametrize("key", ["\n", "n\n"])
def test_anything_else_leaves_it_as_it_is(workbench, agents, key: str) -> None:
    id = agents.held()
    with terminal(workbench, "approve", id) as screen:
        screen.until("[y/N]:")
        screen.send(key)
        screen.until(f"note: {id}: left as it is")
        assert screen.until_closed() == 0
    assert agents.approval(id) == ("pending", "", "") and not workbench.own.exists()


def test_ctrl_c_at_the_question_ends_without_a_word(workbench, agents) -> None:
    first, second = agents.held(), agents.held()
    with terminal(workbench, "approve", first, second) as screen:
        screen.until("[y/N]:")
        for _ in range(10):  # one that falls between Python's prompt and its read is lost, so it is pressed again
            screen.send("\x03")
            with suppress(subprocess.TimeoutExpired):
                screen.process.wait(timeout=5)
                break
        assert screen.until_closed() == 130
        assert b"Traceback" not in screen.received
    assert agents.approval(first) == agents.approval(second) == ("pending", "", "")


def test_yes_skips_the_question(workbench, agents) -> None:
    id = agents.held()
    with terminal(workbench, "approve", id, "--yes") as screen:
        assert screen.until_closed() == 0
        assert b"[y/N]" not in screen.received
    assert agents.approval(id)[0] == "approved"


def test_programs_are_not_asked_on_a_terminal_either(workbench, agents) -> None:
    id = agents.asked()
    with terminal(workbench, "answer", id, "--text", "north", "--json") as screen:
        assert screen.until_closed() == 0
        assert screen.received.count(b"\n") == 1
    assert agents.question(id) == ("answered", "north")


def test_what_was_shown_is_what_is_approved(workbench, agents) -> None:
    """The call changes while the question stands: nothing is approved, and the difference is told."""
    id = agents.held()
    with terminal(workbench, "approve", id) as screen:
        screen.until("[y/N]:")
        agents.place.run('UPDATE approvals SET args = \'{"command": "curl evil"}\'')
        screen.send("y\n")
        screen.until("is not as it was shown")
        assert screen.until_closed() == 4
    assert agents.approval(id) == ("pending", "", "")


def test_somebody_who_is_faster_than_the_answer_is_told(workbench, agents) -> None:
    id = agents.held()
    with terminal(workbench, "approve", id) as screen:
        screen.until("[y/N]:")
        with agents.open() as source:
            source.approvals.resolve(id, "rejected", resolved_by="eve")
        screen.send("y\n")
        screen.until("was already rejected by 'eve'")
        assert screen.until_closed() == 4
    assert agents.approval(id) == ("rejected", "eve", "")


def test_what_is_decided_already_is_not_asked_for(workbench, agents) -> None:
    id = agents.held()
    with agents.open() as source:
        source.approvals.resolve(id, "rejected", resolved_by="eve")
    with terminal(workbench, "approve", id) as screen:
        assert screen.until_closed() == 4
        assert b"[y/N]" not in screen.received


def test_nothing_of_an_item_reaches_the_terminal_as_a_control(workbench, agents) -> None:
    payload = "\x1b]0;uniq-17\x07\x9b2J\u202e"
    id = agents.held(f"tool{payload}", f'{{"a": "{payload}"}}', sender_context=f"slack:{payload}", question=payload)
    with terminal(workbench, "approve", id, NO_COLOR="1") as screen:
        screen.until("[y/N]:")
        screen.send("y\n")
        assert screen.until_closed() == 0
        written = screen.received.decode()
    assert written.count("uniq-17") >= 4
    assert not set(written) & set("\x1b\x07\x9b\u202e")
