"""How far long work is: one line on a terminal, gone when it is done; and ctrl+c, which stops it between two steps.

Nothing is drawn where nobody looks (a pipe, a file, `--json`), nor for work that is done at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from time import monotonic
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from workbench.desk.safe import SafeText, plain, safe

if TYPE_CHECKING:
    from workbench.cli.output import Output

T = TypeVar("T")
PATIENCE = 0.5  # seconds of work before which nothing is drawn
APART = 0.1  # seconds between two drawings
_CELLS = 24  # of the bar itself
_NARROWEST = 20


class Progress:
    """Is told how much is done. `stops`: the work asks `go_on` between its steps, and so ctrl+c ends it in order.

    Pressed again, ctrl+c ends the program at once. For work that is whole or nothing, `undone` says so when it is
    interrupted. `hidden`: the terminal is where the answer itself goes.
    """

    def __init__(
        self,
        output: Output,
        what: str,
        total: int | None = None,
        *,
        stops: bool = False,
        undone: str = "",
        hidden: bool = False,
    ) -> None:
        self.interrupted = False
        self.base = 0  # what was done before the part that counts now
        self._output = output
        self._what = safe(what, limit=200)
        self._total = total
        self._stops = stops and threading.current_thread() is threading.main_thread()
        self._undone = undone
        self._draws = not (hidden or output.as_json) and all(
            _is_terminal(stream) for stream in (sys.stdout, sys.stderr)
        )
        self._next = monotonic() + PATIENCE
        self._drawn = 0  # cells of what stands there
        self._before: object = None

    def __call__(self, done: int) -> None:
        """So much is done by now."""
        if self._draws and monotonic() >= self._next:
            self._next = monotonic() + APART
            self._draw(self._words(self.base + done))

    def of(self, done: int, total: int) -> None:
        """So much of so much is done by now."""
        self._total = total
        self(done)

    def go_on(self) -> bool:
        """Whether nobody has asked to stop."""
        return not self.interrupted

    def counting(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, counted as they pass."""
        for number, item in enumerate(items):
            self(number)
            yield item

    def clear(self) -> None:
        """Take away what was drawn."""
        if self._drawn:
            _put(f"\r{' ' * self._drawn}\r")
            self._drawn = 0

    def _words(self, done: int) -> SafeText:
        if not self._total:
            return self._what + plain(f": {done:,}")
        part = min(done / self._total, 1.0)
        full = round(part * _CELLS)
        bar = f"[{'#' * full}{'.' * (_CELLS - full)}]"
        return self._what + plain(f": {done:,} of {self._total:,} {bar} {int(part * 100)} %")

    def _draw(self, words: SafeText) -> None:
        words = words.cut(max(_width() - 1, _NARROWEST))
        _put(f"\r{words}{' ' * max(self._drawn - words.cells, 0)}")
        self._drawn = words.cells

    # -- ctrl+c ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._stops:
            self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stops:
            signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]  # what it was
        self.clear()
        if kind is KeyboardInterrupt and self._undone:
            self._output.refusal(f"interrupted: {self._undone}")

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True


def _put(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:  # the terminal has gone: the work goes on without it
        return


def _is_terminal(stream: object) -> bool:
    return stream is not None and bool(stream.isatty())  # type: ignore[attr-defined]


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
