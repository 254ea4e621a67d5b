"""What was written in the command line, for the next time: a small file in the workbench's own home.

It is for its owner alone, and it holds no secret: a line in which anything would be masked is not kept at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from workbench.desk.safe import safe

FILE_NAME = "command-history"
MOST = 100
LONGEST = 500  # characters of a line that is kept
_LARGEST = 4 * MOST * (LONGEST + 1)  # bytes that are read
_PATIENCE = 1.0  # seconds that another workbench may take to write its line


class History:
    """The lines of one home, oldest first."""

    def __init__(self, home: Path, secrets: Iterable[str] = ()) -> None:
        self.file = home / FILE_NAME
        self._secrets = [secret for secret in secrets if len(secret) > 2]  # as the audit log does

    def keeps(self, line: str) -> bool:
        """Whether a line may be kept: it is short and plain, and shows nothing secret."""
        from workbench.desk.secrets import mask

        if not line.strip() or len(line) > LONGEST or safe(line) != line:
            return False
        return not mask(line).count and not any(secret in line for secret in self._secrets)

    def read(self) -> tuple[str, ...]:
        """What was kept. A file that cannot be read holds nothing; a line that should not be there is left out."""
        try:
            with self.file.open("rb") as opened:
                return self._of(opened.read(_LARGEST))
        except OSError:
            return ()

    def add(self, line: str) -> None:
        """Keep a line, as the newest one; `OSError` if that cannot be written."""
        from workbench.data.engine import file_locks

        if not self.keeps(line):
            return
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        # Another workbench may add a line at the same time: neither is lost, and a reader sees a whole file.
        held = file_locks.take(self.file, os.O_RDWR, _PATIENCE)
        if held is None:
            return
        try:
            self._write(with_newest(self.read(), line))
        finally:
            file_locks.release(held)

    def _of(self, data: bytes) -> tuple[str, ...]:
        lines = data.decode("utf-8", "replace").split("\n")
        return tuple(line for line in lines if self.keeps(line))[-MOST:]

    def _write(self, lines: Iterable[str]) -> None:
        aside = self.file.with_name(f".{self.file.name}-new")
        with suppress(FileNotFoundError):
            aside.unlink()  # left by one that was killed; only who holds the lock writes it
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
        aside.replace(self.file)


def with_newest(lines: Sequence[str], line: str) -> tuple[str, ...]:
    """The lines with one more, which stands there once; the oldest go when there are too many."""
    return (*(other for other in lines if other != line), line)[-MOST:]
