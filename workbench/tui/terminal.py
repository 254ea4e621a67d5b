"""The terminal under the screen: taken, given back as it was, and done without when it is gone.

Textual's driver does the drawing and the keys. What is mended here: its signal handlers write from inside the handler
(which can wait for ever for a lock that the interrupted code holds), a continued process takes the terminal twice and
then gives it back raw, a terminal that is gone breaks the writing thread, one mouse mode stays on, and what is typed
for the shell while the program ends is thrown away.
"""

import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

# Everything that is switched on, switched off: paste brackets, mouse, focus, sizes, keys, screen, cursor, wrapping.
GIVE_BACK = (
    b"\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?1004l\x1b[?2048l\x1b[?2026l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?7h\x1b[0m"
)
GRACE = 4.0  # seconds after which a program that was told to end does so, whatever it waits for
TOLD = (signal.SIGTERM, signal.SIGHUP)


class Terminal(LinuxDriver):
    """Textual's driver for a terminal, with better manners."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert sys.__stderr__ is not None
        self._file = _Output(sys.__stderr__)  # type: ignore[assignment]
        self._taken = False

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._taken = True
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        if self._taken:
            self._taken = False
            if given_back := getattr(self._app, "given_back", None):
                self.write(given_back().decode("ascii"))
            if self._mouse_pixels:
                self.write("\x1b[?1016l")
                self._mouse_pixels = False
            super().stop_application_mode()
            self._in_band_window_resize = False

    def disable_input(self) -> None:
        """Listen no more. Not twice: it throws away what was typed, and what comes later is for the shell."""
        if self._key_thread is not None:
            super().disable_input()
            self._key_thread = None

    def _get_terminal_size(self) -> tuple[int, int]:
        # The terminal's own word counts, not COLUMNS and LINES, which stay as they were where a program left them.
        with suppress(OSError, ValueError):
            columns, lines = os.get_terminal_size(self.fileno)
            if columns and lines:
                return columns, lines
        return super()._get_terminal_size()

    # -- stopped and continued: on the loop, not where a signal happens to interrupt -------------------------

    def _sigtstp_application(self, *_: object) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._stop_process)

    def _stop_process(self) -> None:
        if self._taken and self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _sigcont_application(self, *_: object) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._continue)

    def _continue(self) -> None:
        if not self._auto_restart or is_gone():
            return
        if self._taken:
            # Stopped by a signal that nobody can catch: the shell has had the terminal since, in its own mode.
            self.suspend_application_mode()
            self._must_signal_resume = True
        elif not self._must_signal_resume:
            return
        self.resume_application_mode()


class _Output:
    """Where the driver writes. When the terminal is gone, what is written goes nowhere, and breaks nothing."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write, if there is anybody to write to."""
        with self._or_nowhere():
            self._file.write(text)

    def flush(self) -> None:
        """Send what was written."""
        with self._or_nowhere():
            self._file.flush()

    def fileno(self) -> int:
        """The descriptor."""
        return self._file.fileno()

    def _or_nowhere(self) -> "_OrNowhere":
        return _OrNowhere(self._file)


class _OrNowhere:
    """Turns a failed write into writing to nowhere, also for what is still in the buffer when the program ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, OSError):
            return False
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)
        return True


def is_gone() -> bool:
    """Whether the terminal was closed under the program."""
    try:
        termios.tcgetattr(_input())
    except (termios.error, OSError, ValueError):
        return True
    return False


def has_shell() -> bool:
    """Whether a shell would continue the program if it were stopped: it has made a job of it, so it can."""
    return os.getpgrp() != os.getsid(0)


def _input() -> int:
    return sys.__stdin__.fileno() if sys.__stdin__ is not None else 0


class Told:
    """Tells of SIGTERM and SIGHUP. Whoever was told and does not end in time is ended, the terminal given back."""

    def __init__(self, tell: Callable[[int], None], given_back: Callable[[], bytes] = bytes) -> None:
        self._tell = tell
        self._given_back = given_back
        self._before: dict[int, Any] = {}
        self._attributes: list[Any] | None = None
        self._insisting = False

    def listen(self) -> None:
        """Begin to listen; the terminal is as it will be given back."""
        with suppress(termios.error, OSError, ValueError):
            self._attributes = termios.tcgetattr(_input())
        for number in TOLD:
            self._before[number] = signal.signal(number, self._told)

    def stop(self) -> None:
        """Listen no more; the driver's own handlers go too."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        for number in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, signal.SIG_DFL)

    def _told(self, number: int, _: object) -> None:
        if not self._insisting:
            self._insisting = True
            threading.Thread(target=self._insist, args=(number,), name="workbench-end", daemon=True).start()
        self._tell(number)

    def _insist(self, number: int) -> None:
        """A terminal that takes nothing can hold up everything, the loop too: then there is no other way to end."""
        threading.Event().wait(GRACE)
        if self._attributes is not None:
            with suppress(termios.error, OSError):
                termios.tcsetattr(_input(), termios.TCSANOW, self._attributes)
        threading.Thread(target=_give_back, args=(self._given_back(),), daemon=True).start()
        threading.Event().wait(0.2)
        os._exit(128 + number)


def _give_back(also: bytes) -> None:
    with suppress(OSError):
        os.write(2, also + GIVE_BACK)
