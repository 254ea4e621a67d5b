"""What is recorded of a decision on the command line, and that nothing is decided that cannot be recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import until
from support.processes import SqlProcess

FILE = pytest.mark.parametrize("agents", ["sqlite"], indirect=True)


def test_each_decision_is_recorded_before_and_after(workbench, agents) -> None:
    workbench.environ["SSH_CONNECTION"] = "203.0.113.7 50022 192.0.2.1 22"
    held, asked = agents.held(), agents.asked()
    workbench.deciding("send-back", held, "--reason", "use the staging host", changing=agents.file)
    workbench.deciding("answer", asked, "--text", "north", changing=agents.file)
    workbench.deciding("approve", held).failed(4)
    failed, answered, sent = workbench.acts
    assert (sent["verb"], sent["noun"], sent["keys"], sent["result"]) == ("send-back", "approval", [held], "sent back")
    assert (sent["operator"], sent["source"], sent["via"]) == ("ops@bastion", "prod", "command line")
    assert (sent["reason"], sent["ssh"], sent["unseen"]) == ("use the staging host", "203.0.113.7 50022", 0)
    assert sent["time"] < sent["ended"]
    assert (answered["noun"], answered["reason"], answered["result"]) == ("question", "north", "answered")
    assert (failed["verb"], failed["result"]) == ("approve", "failed")
    assert "was already rejected by 'ops@bastion'" in failed["error"]
    assert "correct-horse-7" not in (workbench.own / "audit.jsonl").read_text()
    assert workbench("audit", "verify").out.startswith("6 records, nothing wrong; ")


@FILE
def test_the_operator_is_a_setting(workbench, agents) -> None:
    id = agents.held()
    run = workbench.deciding("approve", id, "--operator", "ada@night-shift", changing=agents.file)
    assert run.code == 0 and agents.approval(id)[1] == "ada@night-shift"
    assert workbench.acts[0]["operator"] == "ada@night-shift"


def test_what_waits_for_a_lock_and_is_killed_is_unknown(workbench, theirs) -> None:
    id = theirs.held()
    command = [sys.executable, "-m", "workbench", "approve", id]
    log = workbench.own / "audit.jsonl"
    with SqlProcess(theirs.file) as other:
        other.run("BEGIN IMMEDIATE")
        process = subprocess.Popen(command, cwd=workbench.here, env=workbench.variables(), stdout=subprocess.PIPE)
        until(lambda: log.exists() and log.read_bytes().count(b"\n") == 1, seconds=60, what="the intent")
        process.kill()
        assert process.communicate(timeout=30)[0] == b""
        other.run("ROLLBACK")
    assert theirs.approval(id) == ("pending", "", "")
    (act,) = workbench.acts
    assert (act["verb"], act["keys"], act["result"], act["ended"]) == ("approve", [id], "unknown", None)
    assert workbench.unwatched("approve", id).code == 0  # and what the killed one left beside the file goes
    assert [act["result"] for act in workbench.acts] == ["approved", "unknown"]


def test_a_file_that_stays_locked_is_unavailable_and_the_rest_is_not_tried(workbench, theirs) -> None:
    ids = [theirs.held(), theirs.held(), theirs.held()]
    with SqlProcess(theirs.file) as other:
        other.run("BEGIN IMMEDIATE")
        run = workbench.unwatched("approve", *ids, "--timeouts-lock", "0.2")
        other.run("ROLLBACK")
    assert (run.code, run.out) == (6, "")
    locked, left = run.err.splitlines()
    assert "locked" in locked and left == "workbench: 2 more were not tried"
    assert {theirs.approval(id)[0] for id in ids} == {"pending"}
    assert [act["result"] for act in workbench.acts] == ["failed"]


@pytest.fixture
def small_disk(workbench) -> Iterator[Path]:
    """A real file system of a few pages for the home."""
    mount = workbench.root / "own"
    mount.mkdir(mode=0o700)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    yield mount
    subprocess.run(["umount", mount], check=True)


@FILE
def test_without_room_for_its_record_nothing_is_decided(workbench, agents, small_disk: Path) -> None:
    ids = [agents.held(), agents.held()]
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    run = workbench.unwatched("approve", *ids)
    assert (run.code, run.out) == (6, "")
    first, second = run.err.splitlines()
    assert "audit.jsonl cannot be " in first and "No space left on device" in first
    assert second == "workbench: 1 more was not tried"
    assert {agents.approval(id)[0] for id in ids} == {"pending"}
    filler.unlink()
    assert workbench.unwatched("approve", *ids).code == 0
    assert [act["result"] for act in workbench.acts] == ["approved", "approved"]


@FILE
def test_on_a_read_only_disk_nothing_is_decided(workbench, agents, small_disk: Path) -> None:
    id = agents.held()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert "Read-only file system" in workbench("approve", id).failed(6)
    assert agents.approval(id) == ("pending", "", "")


@FILE
def test_a_log_that_is_no_file_stops_every_decision(workbench, agents) -> None:
    id = agents.held()
    (workbench.own / "audit.jsonl").mkdir(parents=True)
    assert "audit.jsonl cannot be written: Is a directory" in workbench("approve", id).failed(6)
    assert agents.approval(id) == ("pending", "", "")


@FILE
def test_a_password_in_a_reason_is_in_no_record(workbench, agents) -> None:
    id = agents.held()
    reason = "use postgresql://u:sekret@h/db"
    assert workbench.deciding("reject", id, "--reason", reason, changing=agents.file).code == 0
    assert agents.approval(id)[2] == reason
    assert "sekret" not in json.dumps(workbench.acts)
