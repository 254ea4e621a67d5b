"""The terminal is given back as it was, however the program ends; nothing of the program is left."""

import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from servers import until
from support.processes import SqlProcess
from support.running import (
    PROGRAM,
    agents_database,
    environment,
    left_on,
    locked,
    press_until,
    processes_of,
    results_of,
    start,
    status_of,
)
from support.screens import WIDE, Pty

# A terminal that knows sizes in the stream and synchronised updates: Textual then switches more modes on.
MODERN = {b"\x1b[?2048$p": b"\x1b[?2048;2$y", b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
BREAKS = """
import sys
from workbench.tui.inbox_screen import InboxScreen
def broken(self):
    password = "hunter" + "2hunter2"
    raise RuntimeError("it broke")
InboxScreen.action_pause = broken
from workbench.__main__ import main
sys.argv = ["workbench", *sys.argv[1:]]
sys.exit(main())
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return agents_database(tmp_path, "save_file", "run_shell")


@pytest.fixture
def pty(tmp_path: Path, database: Path) -> Iterator[Pty]:
    """The program with two calls waiting, on a terminal of which nothing is known yet."""
    with start(tmp_path, str(database), "--write", answers=MODERN) as pty:
        pty.until("run_shell")
        pty.until("Approve")
        yield pty


def state(pty: Pty) -> str:
    """What the kernel says of the process: S sleeps, T is stopped."""
    return Path(f"/proc/{pty.process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def given_back(pty: Pty, code: int) -> bytes:
    """The program ends with this code and leaves the terminal as it was; what it wrote at last."""
    assert pty.until_closed() == code
    assert left_on(pty.received) == set()
    after = pty.received.rpartition(b"\x1b[?1049l")[2]
    assert b"Traceback" not in pty.received and b"Error" not in after
    assert processes_of(pty.process.pid) == []
    return after


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda pty: pty.send("q"), 0),
        (lambda pty: pty.send(b"\x03"), 0),
        (lambda pty: pty.process.send_signal(signal.SIGTERM), 128 + signal.SIGTERM),
        (lambda pty: pty.process.send_signal(signal.SIGHUP), 128 + signal.SIGHUP),
    ],
    ids=["q", "ctrl+c", "SIGTERM", "SIGHUP"],
)
def test_leaving_gives_the_terminal_back(tmp_path: Path, database: Path, end: Callable[[Pty], None], code: int) -> None:
    with start(tmp_path, str(database), "--write", answers=MODERN) as pty:
        before = pty.attributes()
        pty.until("Approve")
        assert {"1049", "25", "7", "2004", "1003", "1006", "1016", "2048", "1004", "keyboard"} <= left_on(pty.received)
        assert pty.attributes() != before
        end(pty)
        given_back(pty, code)
        assert pty.attributes() == before
    beside = {path.name for path in database.parent.glob("agents.db*")}
    assert beside == {"agents.db"}, "sources are closed before the program ends"


def test_a_screen_that_breaks_says_one_sentence_without_what_variables_held(tmp_path: Path, database: Path) -> None:
    argv = [sys.executable, "-c", BREAKS, str(database)]
    with Pty(argv, environment=environment(tmp_path), cwd=tmp_path) as pty:
        before = pty.attributes()
        pty.until("run_shell")
        pty.send("p")
        assert pty.until_closed() == 1
        assert left_on(pty.received) == set() and pty.attributes() == before
        said = re.sub(rb"\x1b\[[^a-z]*[a-z]", b"", pty.received.rpartition(b"\x1b[?1049l")[2]).decode()
    assert said.strip().splitlines() == [
        "workbench: internal error: RuntimeError: it broke; add --debug for where it happened, and report it"
    ]
    assert b"hunter2" not in pty.received and b"Traceback" not in pty.received


def test_a_closed_terminal_ends_the_program(pty: Pty) -> None:
    pty.hang_up()
    assert pty.process.wait(timeout=30) == 128 + signal.SIGHUP
    assert processes_of(pty.process.pid) == []


def test_a_closed_terminal_of_which_no_signal_tells_ends_the_program_too(tmp_path: Path, database: Path) -> None:
    """A wrapper that ignores SIGHUP leads the session, so that the kernel tells nobody else."""
    script = f'trap "" HUP; "$@" "{database}" || echo $? > "{tmp_path}/code"; exit 0'
    with Pty(["sh", "-c", script, "sh", *PROGRAM], environment=environment(tmp_path), cwd=tmp_path) as pty:
        pty.until("run_shell")
        pty.hang_up()
        assert pty.process.wait(timeout=30) == 0
        assert processes_of(pty.process.pid) == []
    assert (tmp_path / "code").read_text() == f"{128 + signal.SIGHUP}\n"


def test_a_terminal_that_takes_nothing_does_not_hold_up_a_signal(tmp_path: Path, database: Path) -> None:
    with start(tmp_path, str(database)) as pty:
        before = pty.attributes()
        pty.until("run_shell")
        pty.freeze()
        pty.resize((200, 60))  # more than a terminal holds for a reader, and then more than the driver queues
        for _ in range(100):
            used = pty.processor_seconds()
            pty.send("jk")
            if not settled(lambda used=used: pty.processor_seconds() > used):
                break  # nothing moves any more: the loop itself waits for the terminal
        pty.process.send_signal(signal.SIGTERM)
        assert pty.process.wait(timeout=60) == 128 + signal.SIGTERM
        assert pty.attributes() == before


def settled(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes to hold within a second."""
    with suppress(AssertionError):
        return until(condition, 1.0)
    return False


# -- standing aside ----------------------------------------------------------------------------------------------


def test_a_shell_gets_the_terminal_and_gives_it_back(tmp_path: Path, database: Path) -> None:
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Pty(shell, size=(100, 30), environment=environment(tmp_path), cwd=tmp_path) as pty:
        pty.send("stty -a > before\n")
        pty.send(f'{" ".join(PROGRAM)} "{database}" --write\n')
        pty.until("run_shell")
        mark = pty.mark()
        pty.send(b"\x1a")
        pty.until("Stopped", since=mark)
        # bash itself brackets what is pasted.
        assert left_on(pty.received) <= {"2004"}
        pty.send("stty -a > after; echo still $((40 + 2))\n")
        pty.until("still 42", since=mark)
        assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()
        mark = pty.mark()
        pty.send("fg\n")
        pty.until("run_shell", since=mark)  # nothing has changed, and all of it is painted again
        pty.until("Approve", since=mark)
        assert {"1049", "25", "2004", "1003"} <= left_on(pty.received)
        mark = pty.mark()
        pty.send("q")
        pty.until_bytes(b"\x1b[?1049l", since=mark)
        pty.send("stty -a > end; exit $?\n")
        assert pty.until_closed() == 0
        assert (tmp_path / "end").read_text() == (tmp_path / "before").read_text()


def test_where_no_shell_could_continue_it_nothing_is_stopped(pty: Pty) -> None:
    pty.send(b"\x1a")
    pty.until("no shell that could continue")
    assert state(pty) != "T"
    pty.send("q")
    given_back(pty, 0)


def test_a_stop_that_cannot_be_caught_is_made_good_when_it_is_over(tmp_path: Path, database: Path) -> None:
    with start(tmp_path, str(database), answers=MODERN) as pty:
        before = pty.attributes()
        pty.until("run_shell")
        raw = pty.attributes()
        for _ in range(2):
            pty.process.send_signal(signal.SIGSTOP)
            until(lambda: state(pty) == "T", what="a stopped process")
            mark = pty.mark()
            pty.process.send_signal(signal.SIGCONT)
            pty.until("run_shell", since=mark)
            assert until(lambda: pty.attributes() == raw, what="the screen's own mode")
        pty.send("q")
        given_back(pty, 0)
        assert pty.attributes() == before


# -- sizes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [{}, {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}], ids=["plain", "synchronised"])
def test_any_size_is_drawn_and_keys_go_on(tmp_path: Path, database: Path, answers: dict[bytes, bytes]) -> None:
    with start(tmp_path, str(database), "--write", answers=answers) as pty:
        pty.until("run_shell")
        for size in ((20, 5), (1, 1), (300, 90), (8, 2), (40, 10), (20, 5)):
            mark = pty.mark()
            pty.resize(size)
            pty.until_bytes(b"\x1b[", since=mark)
            pty.send("jk")
        mark = pty.mark()
        pty.resize(WIDE)
        pty.until("run_shell", since=mark)
        pty.until("Approve", since=mark)
        mark = pty.mark()
        pty.send("j")
        pty.until("▸", since=mark)
        pty.send("q")
        given_back(pty, 0)


def test_the_terminal_says_its_size_and_not_what_somebody_left_in_the_environment(
    tmp_path: Path, database: Path
) -> None:
    with start(tmp_path, str(database), COLUMNS="40", LINES="10") as pty:
        pty.until("read-only   ")  # which stands at the right of a wide line
        pty.until_bytes(b"\x1b[34;1H")
        pty.send("q")
        given_back(pty, 0)


# -- while something is written ----------------------------------------------------------------------------------


@pytest.fixture
def acting(pty: Pty, database: Path) -> Iterator[SqlProcess]:
    """An approval of the first call that waits for somebody else's lock."""
    with locked(database) as other:
        press_until(pty, "a", "Approve save_file")
        pty.send("y")
        pty.until("writing for")
        yield other


def test_quitting_waits_for_a_decision_that_is_being_written(pty: Pty, acting: SqlProcess, database: Path) -> None:
    mark = pty.mark()
    pty.send("q")
    pty.until("leaving when it is done", since=mark)
    pty.send(b"\x1a")
    pty.until("not now", since=mark)
    acting.run("COMMIT")
    given_back(pty, 0)
    assert status_of(database, "save_file") == "approved"


def test_the_same_key_again_stops_the_decision_and_nothing_of_it_is_kept(
    pty: Pty, acting: SqlProcess, database: Path
) -> None:
    mark = pty.mark()
    pty.send("q")
    pty.until("leaving when it is done", since=mark)
    pty.send("q")
    given_back(pty, 0)
    acting.run("COMMIT")
    assert status_of(database, "save_file") == "pending"
    assert results_of(database.parent)[0] != "approved"


def test_a_signal_gives_a_decision_a_moment_and_then_ends(pty: Pty, acting: SqlProcess, database: Path) -> None:
    pty.process.send_signal(signal.SIGTERM)
    given_back(pty, 128 + signal.SIGTERM)
    acting.run("COMMIT")
    assert status_of(database, "save_file") == "pending"
