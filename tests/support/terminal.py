"""A real terminal for tests: tmux, with a server of its own for each."""

import subprocess
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self


class Terminal:
    """A tmux session of a given size that runs one program; the screen is read as text."""

    def __init__(
        self, command: str, *, columns: int, lines: int, cwd: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._name = f"workbench-{uuid.uuid4().hex[:12]}"
        variables = [word for key, value in (environment or {}).items() for word in ("-e", f"{key}={value}")]
        # The pane outlives its program, so that what the program left on the screen can be read.
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines), "-c", str(cwd), *variables,
            f"{command}; printf '[exit %s]' $?; exec cat",
        )  # fmt: skip

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self._name, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def screen(self) -> str:
        """What stands on the screen now."""
        return self._tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", *keys)

    def until(self, condition: Callable[[str], bool], seconds: float = 30.0) -> str:
        """Wait until the screen is as wanted, and return it."""
        deadline = monotonic() + seconds
        while not condition(screen := self.screen()):
            assert monotonic() < deadline, f"the screen stayed:\n{screen}"
        return screen

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tmux("kill-server")
