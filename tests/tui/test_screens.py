"""The harness itself: what a program in a pty writes, gets and survives; what a golden file says."""

import signal
import sys
from pathlib import Path

import pytest
from support import screens
from support.screens import Pty

ECHO = """
import os, shutil, signal, sys, termios, tty
tty.setraw(0)
signal.signal(signal.SIGWINCH, lambda *_: print(tuple(shutil.get_terminal_size()), end="", flush=True))
print("\\x1b[1mrea\\x1b[0mdy", tuple(shutil.get_terminal_size()), end="", flush=True)
while (data := os.read(0, 100)) != b"q":
    print("got", data, end="", flush=True)
sys.exit(3)
"""


def program(text: str = ECHO) -> list[str]:
    return [sys.executable, "-c", text]


def test_a_program_in_a_pty_gets_keys_and_sizes_and_its_bytes_are_counted() -> None:
    with Pty(program(), size=(91, 17)) as pty:
        begin = pty.until("(91, 17)")
        assert begin == b"\x1b[1mrea\x1b[0mdy (91, 17)"
        pty.until("ready")
        pty.until_bytes(b"rea\x1b[0m")
        mark = pty.mark()
        pty.send("x")
        assert pty.until("b'x'", since=mark) == b"got b'x'" == pty.since(mark)
        pty.resize((80, 24))
        pty.until("(80, 24)", since=mark)
        pty.send(b"q")
        assert pty.until_closed() == 3


def test_a_wait_that_cannot_come_true_says_what_was_received() -> None:
    with Pty(program("print('only this')")) as pty, pytest.raises(AssertionError, match=r"ended without.*only this"):
        pty.until("something else")
    with Pty(program()) as pty, pytest.raises(AssertionError, match=r"0.01 s went by"):
        pty.until("something else", seconds=0.01)


def test_a_terminal_that_hangs_up_tells_the_program() -> None:
    with Pty(program()) as pty:
        pty.until("ready")
        pty.hang_up()
        assert pty.process.wait(30) == -signal.SIGHUP


def test_queries_are_answered_once_each_in_their_order() -> None:
    ask = (
        "import os, tty\ntty.setraw(0)\nos.write(1, b'\\x1b[6n')\na = os.read(0, 1)\nos.write(1, b'\\x1b[c\\x1b[6n')\n"
    )
    read = "while len(a) < 9: a += os.read(0, 1)\nos.write(1, b'[%s]' % a)\n"
    with Pty(program(ask + read), answers={b"\x1b[6n": b"pos", b"\x1b[c": b"dev"}) as pty:
        pty.until("[posdevpos]")


def test_a_golden_is_compared_and_written_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "GOLDENS", tmp_path)
    monkeypatch.delenv("WORKBENCH_GOLDENS", raising=False)
    with pytest.raises(AssertionError, match="is not there"):
        screens.golden("one", "a\nb")
    monkeypatch.setenv("WORKBENCH_GOLDENS", "write")
    screens.golden("one", "a\nb")
    monkeypatch.delenv("WORKBENCH_GOLDENS")
    screens.golden("one", "a\nb\n\n")
    with pytest.raises(AssertionError, match=r"\+c"):
        screens.golden("one", "a\nc")
