"""Other processes for tests: one that runs SQL for us and can be killed, and one that hashes a directory."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_SQL = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=float(sys.argv[2]))
print("ready", flush=True)
for line in sys.stdin:
    try:
        answer = connection.execute(json.loads(line)).fetchall()
        if line.lower().startswith('"commit'):
            assert not connection.in_transaction
    except sqlite3.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
"""

_HASH = """
import hashlib, os, sys
total = hashlib.sha256()
for folder, folders, files in os.walk(os.fsencode(sys.argv[1])):
    folders.sort()
    for name in sorted(files):
        path = os.path.join(folder, name)
        stat = os.lstat(path)
        content = open(path, "rb").read()
        total.update(repr((path, stat.st_mode, stat.st_size, stat.st_mtime_ns, stat.st_ino)).encode() + content)
print(total.hexdigest())
"""


class SqlProcess:
    """A process of its own with a SQLite connection, which does as it is told until it is told no more."""

    def __init__(self, path: Path, timeout: float = 10) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SQL, os.fspath(path), str(timeout)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def run(self, *statements: str) -> Any:
        """Run SQL there; the rows of the last statement, or an AssertionError with its message."""
        answer = None
        for statement in statements:
            answer = self.attempt(statement)
            assert not isinstance(answer, dict), answer
        return answer

    def attempt(self, statement: str) -> Any:
        """Run one statement there; its rows, or a dict with the error."""
        self.send(statement)
        return self.answer()

    def send(self, statement: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(statement) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def kill(self) -> None:
        """End it as a power cut would, with whatever it has open."""
        self.process.send_signal(signal.SIGKILL)
        self._reap()

    def quit(self) -> None:
        """Let it close its connection and end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._reap()

    def _reap(self) -> None:
        self.process.wait(timeout=20)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()


def tree_hash(folder: Path) -> str:
    """Names, modes, sizes, times and contents of everything in a directory, read by another process."""
    done = subprocess.run([sys.executable, "-c", _HASH, folder], capture_output=True, text=True, check=True)
    return done.stdout.strip()
