"""The real program in a child process, with a home of its own, watched for every file that it might make."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import workbench as package

# The program is the one that this process imports: a checkout, or what was installed.
WHERE = Path(package.__file__).resolve().parents[1]


@dataclass
class Run:
    """One finished run of the program."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON lines of the output, each pure ASCII without control characters."""
        for line in self.out.splitlines():
            assert line.isascii() and line.isprintable(), line
        return [json.loads(line) for line in self.out.splitlines()]

    def failed(self, code: int) -> str:
        """The one sentence of a failing run."""
        assert self.code == code, (self.code, self.out, self.err)
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("workbench: ")
        assert self.out == ""
        return lines[0].removeprefix("workbench: ")


def trace_of(root: Path) -> dict[str, str]:
    """Every file and directory below `root`: mode, time of change, and a hash of the bytes."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and status.st_mode & 0o400 else ""
        found[str(path)] = f"{status.st_mode:o} {status.st_mtime_ns} {status.st_uid} {content}"
    return found


@dataclass
class Program:
    """Runs `workbench` below `root`, and fails when a run leaves a trace or a traceback."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def here(self) -> Path:
        return self.root / "project"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def user_file(self) -> Path:
        return self.home / ".config" / "workbench" / "workbench.toml"

    def user(self, text: str) -> None:
        self.user_file.parent.mkdir(parents=True, exist_ok=True)
        self.user_file.write_text(text, encoding="utf-8")

    def variables(self) -> dict[str, str]:
        """The environment of the child: nothing of ours but what it needs to run."""
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.home),
            "PYTHONPATH": str(WHERE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "error",
            **self.environ,
        }

    def __call__(self, *arguments: str | bytes, **options: Any) -> Run:
        before = trace_of(self.root)
        done = subprocess.run(
            [sys.executable, "-m", "workbench", *arguments],
            cwd=self.here,
            env=self.variables(),
            capture_output=True,
            timeout=60,
            check=False,
            **options,
        )
        assert trace_of(self.root) == before
        out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        assert "Traceback" not in out + err, err
        for character in out + err:
            assert character == "\n" or character.isprintable(), (character, out, err)
        return Run(done.returncode, out, err)

    def as_nobody(self, *arguments: str) -> Run:
        """A run by a user without rights, where the interpreter itself may be out of that user's reach."""
        become = (
            "import os, sys, platformdirs, encodings.idna, encodings.utf_8_sig\n"
            "import workbench.cli.app, workbench.data.home\n"
            "from workbench.data import detect, health, rooms, source\n"
            "from workbench.__main__ import main\n"
            "rooms.rooms()\n"
            "os.setgid(65534); os.setuid(65534)\n"
            "sys.exit(main())"
        )
        done = subprocess.run(
            [sys.executable, "-c", become, *arguments],
            cwd=self.here,
            env=self.variables(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Run(done.returncode, done.stdout, done.stderr)


def installed_below(root: Path) -> Program:
    program = Program(root)
    program.here.mkdir(mode=0o755)
    program.home.mkdir()
    return program


@pytest.fixture
def workbench(tmp_path: Path) -> Program:
    """The program with an empty home and an empty current directory."""
    return installed_below(tmp_path)


@pytest.fixture
def public_workbench() -> Iterator[Program]:
    """The same in a place that other users can reach (the directories of pytest are private)."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o711)
        if not all(parent.stat().st_mode & 0o001 for parent in root.parents):
            pytest.skip("the directory for temporary files is private")
        yield installed_below(root)
