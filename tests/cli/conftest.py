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
from support.agents import Place
from support.fixtures import copied

import workbench as package
from workbench.data import Source, open_source

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

    @property
    def own(self) -> Path:
        """The workbench's own home."""
        default = self.home / ".local" / "share" / "workbench"
        return Path(self.environ.get("WORKBENCH_HOME", default))

    @property
    def acts(self) -> list[dict[str, Any]]:
        """The acts in the audit log, the newest first."""
        return self("audit", "list", "--json", "--limit", "1000").rows

    def __call__(self, *arguments: str | bytes, **options: Any) -> Run:
        """A run that looks, and leaves no trace at all."""
        before = trace_of(self.root)
        run = self.unwatched(*arguments, **options)
        assert trace_of(self.root) == before
        return run

    def deciding(self, *arguments: str | bytes, changing: Path | None = None, **options: Any) -> Run:
        """A run that decides: it may add to the audit log, and change that one file; nothing may lie beside them."""
        before = trace_of(self.root)
        run = self.unwatched(*arguments, **options)
        log = self.own / "audit.jsonl"
        mine = {str(log), *(str(parent) for parent in log.parents)}
        theirs = {str(changing), str(changing.parent)} if changing else set()
        after = trace_of(self.root)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        assert changed <= mine | theirs, changed - mine - theirs
        if log.exists():
            assert log.stat().st_mode & 0o777 == 0o600
            assert log.parent.stat().st_mode & 0o777 == 0o700
        return run

    def unwatched(self, *arguments: str | bytes, **options: Any) -> Run:
        """A run that may leave what it likes."""
        done = subprocess.run(
            [sys.executable, "-m", "workbench", *arguments],
            cwd=self.here,
            env=self.variables(),
            capture_output=True,
            timeout=60,
            check=False,
            **options,
        )
        out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
        assert "Traceback" not in out + err, err
        for character in out + err:
            assert character == "\n" or character.isprintable(), (character, out, err)
        return Run(done.returncode, out, err)

    def as_nobody(self, *arguments: str) -> Run:
        """A run by a user without rights, where the interpreter itself may be out of that user's reach."""
        become = (
            "import os, sys, platformdirs, encodings.idna, encodings.utf_8_sig\n"
            "import getpass, grp, locale, pwd, shlex, socket, tomllib\n"
            "import workbench.cli.app, workbench.data.home, workbench.desk.audit, workbench.desk.item_detail\n"
            "import workbench.desk.findings\n"
            "import workbench.data.agents.approvals, workbench.data.agents.clarifications\n"
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


@dataclass(frozen=True)
class Agents:
    """An agents database that the program knows as `prod` and may write to."""

    place: Place
    file: Path | None

    def open(self) -> Source:
        return self.place.open()

    def held(self, tool: str = "run_shell", args: str = '{"command": "make clean"}', **about: Any) -> str:
        """The id of an approval that waits."""
        with self.open() as source:
            return str(source.approvals.create(tool_name=tool, args=args, **about).id)

    def asked(self, question: str = "Which region?", **about: Any) -> str:
        """The id of a question that waits."""
        with self.open() as source:
            return str(source.clarifications.ask(question, **about).id)

    def approval(self, id: str) -> tuple[Any, ...]:
        """Status, by whom, and feedback."""
        ((status, by, feedback),) = self.place.rows(
            f"SELECT status, resolved_by, feedback FROM approvals WHERE id = '{id}'"
        )
        return status, by, feedback

    def question(self, id: str) -> tuple[Any, ...]:
        """Status and answer."""
        ((status, answer),) = self.place.rows(f"SELECT status, answer FROM clarifications WHERE id = '{id}'")
        return status, answer


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


ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=ENGINES)
def agents(request: pytest.FixtureRequest, workbench: Program) -> Agents:
    """A database of ours on each engine, configured as `prod`, writable; the operator is ops@bastion."""
    file = workbench.root / "prod.db" if request.param == "sqlite" else None
    target = str(file) if file else request.getfixturevalue("postgres_dsn")
    open_source(target, create=True).close()
    configure(workbench, prod=target)
    return Agents(Place(request.param, target, target), file)


@pytest.fixture
def theirs(workbench: Program) -> Agents:
    """The database of another program, as it is found."""
    file = copied("agents/small/genie_America_New_York.db", workbench.root)
    configure(workbench, prod=str(file))
    return Agents(Place("sqlite", str(file), str(file)), file)


def configure(workbench: Program, **sources: str) -> None:
    """Settings with an operator, a home beside the project, and writable sources."""
    workbench.environ["WORKBENCH_HOME"] = str(workbench.root / "own")
    tables = [f'[sources.{name}]\ntarget = "{target}"\nread_only = false\n' for name, target in sources.items()]
    workbench.user("\n".join(['operator = "ops@bastion"\n', *tables]))
