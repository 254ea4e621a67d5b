"""Screens for tests: an app driven by its keys without a terminal, and a program in a pty that counts every byte.

Nothing here sleeps for a while and hopes: every wait is for a condition.
"""

import asyncio
import difflib
import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar

from textual.app import App
from textual.pilot import Pilot

T = TypeVar("T")
Screen = tuple[int, int]
WIDE: Screen = (120, 34)
NARROW: Screen = (80, 24)
GOLDENS = Path(__file__).parents[1] / "tui" / "goldens"
# What a terminal answers that knows synchronised output: Textual then wraps each update, which costs bytes.
SYNCHRONISED = {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
_SEQUENCES = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    rb"|\x1b[PX^_][^\x1b]*\x1b\\"  # DCS and its kin
    rb"|\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b[ -/]*[0-~]"  # the short ones
)


def run(app: App[Any], steps: Callable[[Pilot[Any]], Awaitable[T]], size: Screen = WIDE) -> T:
    """Run an app on a screen of that size without a terminal, and return what the steps return."""

    async def scenario() -> T:
        async with app.run_test(size=size) as pilot:
            return await steps(pilot)

    return asyncio.run(scenario())


async def until(pilot: Pilot[Any], condition: Callable[[], T], seconds: float = 30.0) -> T:
    """Let the app work until the condition holds, and return what it gave."""
    deadline = monotonic() + seconds
    while not (found := condition()):
        assert monotonic() < deadline, f"it never came to hold; the screen:\n{screen_text(pilot.app)}"
        await pilot.pause()
    return found


def screen_text(app: App[Any]) -> str:
    """What stands on the screen, without colours, without blanks at the ends of lines."""
    # The one private name of Textual that tests use, wrapped here once.
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def screen_styles(app: App[Any], line: int) -> list[tuple[str, str]]:
    """The runs of one line of the screen, each with its style."""
    return [(segment.text, str(segment.style)) for segment in app.screen._compositor.render_strips()[line]]


def golden(name: str, text: str) -> None:
    """Compare a screen with its golden file; with WORKBENCH_GOLDENS=write the file is written instead."""
    file = GOLDENS / f"{name}.txt"
    wanted = text.rstrip("\n") + "\n"
    if _writes_goldens():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wanted, encoding="utf-8")
        return
    assert file.exists(), f"{file.name} is not there; look at the screen, then WORKBENCH_GOLDENS=write:\n{wanted}"
    known = file.read_text(encoding="utf-8")
    lines = difflib.unified_diff(known.splitlines(), wanted.splitlines(), file.name, "screen", lineterm="", n=2)
    assert known == wanted, "\n".join(lines)


def is_golden(name: str, text: str) -> bool:
    """Whether a screen reads as its golden file does, so that there is nothing to wait for."""
    file = GOLDENS / f"{name}.txt"
    return _writes_goldens() or not file.exists() or file.read_text(encoding="utf-8") == text.rstrip("\n") + "\n"


def _writes_goldens() -> bool:
    return os.environ.get("WORKBENCH_GOLDENS") == "write"


class Pty:
    """A program in a pty of its own, which is its controlling terminal. Every byte it writes is kept.

    `answers` maps a query that the program may write to what a terminal would answer.
    """

    # A session of its own whose terminal is the pty; the program then has the process id of this one.
    # A run of the tests in the background ignores ctrl+c, and so would every program that it starts.
    _LEAD = (
        "import fcntl,os,signal,sys,termios;signal.signal(signal.SIGINT,signal.SIG_DFL);"
        "fcntl.ioctl(0,termios.TIOCSCTTY,0);os.execvp(sys.argv[1],sys.argv[1:])"
    )

    def __init__(
        self,
        argv: Sequence[str],
        *,
        size: Screen = WIDE,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        answers: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self._answers = dict(answers or {})
        self._received = bytearray()
        self._news = threading.Condition()
        self._ended = False
        self._answered = 0
        self._master, slave = os.openpty()
        self._stopped, self._stop = os.pipe()
        self.resize(size)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", self._LEAD, *argv],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                cwd=cwd,
                env=_environment(environment or {}),
                start_new_session=True,
            )
        finally:
            os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # -- what the program wrote ----------------------------------------------------------------------------

    @property
    def received(self) -> bytes:
        """Everything it has written so far."""
        with self._news:
            return bytes(self._received)

    def mark(self) -> int:
        """A place in what was received, for `since` and `until`."""
        with self._news:
            return len(self._received)

    def since(self, mark: int) -> bytes:
        """What it has written since a mark."""
        with self._news:
            return bytes(self._received[mark:])

    def until(self, text: str, *, since: int = 0, seconds: float = 30.0) -> bytes:
        """Wait until this text was drawn in one piece after the mark; return all that was written after it."""
        wanted = text.encode()
        self._wait(lambda: wanted in _SEQUENCES.sub(b"", self._received[since:]), text, since, seconds)
        return self.since(since)

    def until_bytes(self, wanted: bytes, *, since: int = 0, seconds: float = 30.0) -> bytes:
        """Wait until these very bytes, control sequences for instance, were written after the mark."""
        self._wait(lambda: wanted in self._received[since:], repr(wanted), since, seconds)
        return self.since(since)

    def until_closed(self, seconds: float = 30.0) -> int:
        """Wait until the program has ended and all that it wrote is read; return its exit code."""
        code = self.process.wait(timeout=seconds)
        self._reader.join(timeout=seconds)
        return code

    def _wait(self, condition: Callable[[], bool], what: str, since: int, seconds: float) -> None:
        deadline = monotonic() + seconds
        with self._news:
            while not condition():
                left = deadline - monotonic()
                if self._ended or left <= 0:
                    end = "the program ended" if self._ended else f"{seconds:g} s went by"
                    raise AssertionError(f"{end} without {what}; received: {bytes(self._received[since:])[-3000:]!r}")
                self._news.wait(left)

    # -- what the operator does ----------------------------------------------------------------------------

    def send(self, keys: str | bytes) -> None:
        """Press keys: what a terminal would send for them."""
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            data = data[os.write(self._master, data) :]

    def resize(self, size: Screen) -> None:
        """Give the terminal another size; the program gets SIGWINCH."""
        columns, lines = size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def hang_up(self) -> None:
        """Close the terminal under the program, as a lost connection does; the program gets SIGHUP."""
        if self._reader.is_alive():
            # A pty that somebody still reads from is not closed.
            os.write(self._stop, b".")
            self._reader.join()
        for descriptor in (self._master, self._stop, self._stopped):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._stop = self._stopped = -1

    def freeze(self) -> None:
        """Read no more, as a terminal whose connection is stuck: what the program writes piles up."""
        os.write(self._stop, b".")
        self._reader.join()

    def attributes(self) -> list[Any]:
        """How the terminal is set: what `stty` shows."""
        return termios.tcgetattr(self._master)

    def processor_seconds(self) -> float:
        """The processor time that the program has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # -- the terminal's side -------------------------------------------------------------------------------

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._stopped], [], [])
            try:
                data = os.read(self._master, 65_536) if self._stopped not in ready else b""
            except OSError:  # nobody has the other side open any more
                data = b""
            with self._news:
                self._received += data
                self._ended = not data
                self._news.notify_all()
                answers = self._due() if data else b""
            if not data:
                return
            if answers:
                self.send(answers)

    def _due(self) -> bytes:
        """The answers to the queries that came whole since the last answer."""
        due = bytearray()
        while found := min(
            ((at, query) for query in self._answers if (at := self._received.find(query, self._answered)) >= 0),
            default=None,
        ):
            due += self._answers[found[1]]
            self._answered = found[0] + len(found[1])
        return bytes(due)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.poll()
        if self.process.returncode is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()


def _environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment as a plain colour terminal would have it, with changes."""
    ours = ("TEXTUAL", "NO_COLOR", "COLORTERM", "TERM", "TMUX", "LINES", "COLUMNS", "WORKBENCH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **changes}
