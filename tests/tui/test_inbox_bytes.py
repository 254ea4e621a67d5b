"""What the inbox sends to a terminal: nothing while nothing changes, one line for one row, few colours if asked."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from servers import until
from support.agents import Place
from support.screens import NARROW, SYNCHRONISED, WIDE, Pty, Screen

from workbench.data import Source

END = b"\x1b[?2026l"  # of one synchronised update
PROGRAM = [sys.executable, "-m", "workbench"]


def old(source: Source, tool: str) -> str:
    """A call whose age reads the same for the next minutes."""
    at = datetime.now(UTC) - timedelta(hours=5, minutes=20)
    return source.approvals.create(tool_name=tool, args='{"a": 1}', ttl=None, at=at).id


def is_quiet(pty: Pty, seconds: float = 1.0) -> bool:
    """Whether nothing comes for so long."""
    mark, end = pty.mark(), monotonic() + seconds
    until(lambda: monotonic() > end or pty.mark() > mark)
    return pty.mark() == mark


@contextmanager
def started(place: Place, tmp_path: Path, size: Screen, **environment: str) -> Iterator[Pty]:
    """The program over a database, in a terminal of its own."""
    here = {"HOME": os.fspath(tmp_path), "WORKBENCH_HOME": os.fspath(tmp_path / "home"), "TZ": "UTC", **environment}
    command = [*PROGRAM, place.target, "--write"]
    with Pty(command, size=size, environment=here, answers=SYNCHRONISED) as pty:
        pty.until("a Approve")
        until(lambda: is_quiet(pty), 30, "a screen that is done")
        yield pty
        pty.send("q")
        assert pty.until_closed() == 0


def test_nothing_is_sent_while_nothing_changes(place: Place, agents: Source, tmp_path: Path) -> None:
    for number in range(40):
        old(agents, f"tool-{number}")
    with started(place, tmp_path, WIDE) as pty:
        until(lambda: 5 <= datetime.now(UTC).second <= 50, 30, "a minute that lasts")
        mark = pty.mark()
        assert is_quiet(pty, 4), pty.since(mark)


def test_one_row_that_changes_costs_its_line(place: Place, agents: Source, tmp_path: Path) -> None:
    old(agents, "first")
    changing = old(agents, "second")
    with started(place, tmp_path, WIDE) as pty:
        costs = []
        for number in range(5):
            mark = pty.mark()
            place.run(f"UPDATE approvals SET tool_name = 'changed-{number}' WHERE id = '{changing}'")
            text = f"changed-{number}".encode()
            drawn = pty.until_bytes(text, since=mark)
            pty.until_bytes(END, since=mark + drawn.index(text))
            costs.append(len(pty.since(mark)))
        # Half a kilobyte is the goal; a minute may turn meanwhile.
        assert sorted(costs)[2] <= 512, costs


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "xterm", "COLORTERM": ""}], ids=["none", "eight"])
def test_without_colours_everything_can_still_be_told_apart(
    sqlite_place: Place, tmp_path: Path, environment: dict[str, str]
) -> None:
    with sqlite_place.open() as source:
        source.approvals.create(tool_name="first", args='{"a": 1}', sender_context="slack:U1:C1")
        source.approvals.create(tool_name="second", args='{"a": 1}', ttl=0.001)
    with started(sqlite_place, tmp_path, NARROW, **environment) as pty:
        pty.until("▸")
        pty.until("!")
        pty.until("overdue")
        # What is below the first page has to be looked at before the question comes.
        pressed = [0.0]

        def asked() -> bool:
            if monotonic() - pressed[0] > 1:
                pressed[0] = monotonic()
                pty.send("a")
            return b"y yes   n no" in pty.received

        until(asked, 30, "the question")
        pty.until("━━━━━━━━")
        pty.until("⚠ came by a messenger")
        pty.send("n")
        sent = pty.received
    colours = {number for found in re.findall(rb"\x1b\[([\d;]*)m", sent) for number in found.split(b";")}
    assert colours & {b"1", b"2", b"7"}  # bold, dim and reverse are there
    assert b"38" not in colours and b"48" not in colours  # neither 256 nor millions
    if "NO_COLOR" in environment:
        assert not colours & {str(number).encode() for number in (*range(30, 48), *range(90, 108)) if number % 10 < 8}


def test_nothing_is_sent_while_nobody_types_into_the_command_line_or_after_it(
    sqlite_place: Place, tmp_path: Path
) -> None:
    with sqlite_place.open() as source:
        old(source, "tool")
    with started(sqlite_place, tmp_path, WIDE) as pty:
        for sent, text in (
            (":me", "What agents keep"),
            ("\x1b", "a Approve"),
            ("\x10", "does it"),
            ("\x1b", "EXPIRES"),
        ):
            mark = pty.mark()
            pty.send(sent)
            pty.until(text, since=mark)
            until(lambda: is_quiet(pty), 30, "a screen that is done")
        until(lambda: 5 <= datetime.now(UTC).second <= 52, 30, "a minute that lasts")
        for sent, text in (("", ""), (":me", "What agents keep")):
            mark = pty.mark()
            pty.send(sent)
            pty.until(text, since=mark)
            until(lambda: is_quiet(pty), 30, "a screen that is done")
            mark = pty.mark()
            assert is_quiet(pty, 3), pty.since(mark)
        pty.send("\x1b")
        pty.until("a Approve", since=mark)
