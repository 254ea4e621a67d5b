"""The real program on a pty: over a database of a test's own, with a home of its own, watched for what it leaves."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from support.processes import SqlProcess
from support.screens import WIDE, Pty, Screen

import workbench
from workbench.data import Source, open_source
from workbench.data.agents.records import Approval
from workbench.desk.audit import Audit

WHERE = Path(workbench.__file__).resolve().parents[1]
PROGRAM = (sys.executable, "-m", "workbench")
# The program that shows at once how far long work is, on a machine of any speed.
AT_ONCE = (
    "import sys\nfrom workbench.cli import progress\nprogress.PATIENCE = progress.APART = 0\n"
    "from workbench.__main__ import main\nsys.exit(main())"
)
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_SHOWN = {b"25", b"7"}  # what is on in a terminal before anybody does anything: the cursor and wrapping


def environment(home: Path) -> dict[str, str]:
    """What the program needs to run from this checkout with a home of its own."""
    return {
        "HOME": os.fspath(home),
        "XDG_CONFIG_HOME": os.fspath(home / ".config"),
        "XDG_DATA_HOME": os.fspath(home / "data"),
        "PYTHONPATH": os.fspath(WHERE),
        "TZ": "UTC",
        "PS1": "$ ",
    }


def start(
    home: Path, *arguments: str, size: Screen = WIDE, answers: Mapping[bytes, bytes] | None = None, **more: str
) -> Pty:
    """`workbench` with these arguments on a pty; `more` are variables of its environment."""
    return Pty([*PROGRAM, *arguments], size=size, environment={**environment(home), **more}, cwd=home, answers=answers)


def agents_database(folder: Path, *tools: str) -> Path:
    """A SQLite agents database of ours in which these tools wait."""
    path = folder / "agents.db"
    with open_source(path, create=True) as source:
        for tool in tools:
            ask(source, tool)
    return path


def ask(source: Source, tool: str, args: str = '{"path": "/srv/a"}', **about: str) -> Approval:
    """An agent asks whether it may use a tool."""
    held: Approval = source.approvals.create(tool_name=tool, args=args, created_by="worker", **about)
    return held


def status_of(path: Path, tool: str) -> str:
    """What became of a held call."""
    with open_source(path, read_only=True) as source:
        return next(row.status for row in source.approvals.list() if row.tool_name == tool)


def locked(path: Path) -> SqlProcess:
    """Another process that holds the write lock of a database until it is told otherwise."""
    process = SqlProcess(path)
    process.run("BEGIN IMMEDIATE")
    return process


def press_until(pty: Pty, key: str, text: str, *, times: int = 30) -> None:
    """Press a key until this is drawn: an item has to be on screen for a while before it can be decided."""
    mark = pty.mark()
    for left in reversed(range(times)):
        pty.send(key)
        try:
            pty.until(text, since=mark, seconds=1.0)
        except AssertionError:
            if not left:
                raise
        else:
            return


def results_of(home: Path) -> list[str]:
    """What the audit says became of each act."""
    return [act.result for act in Audit(home / "data" / "workbench", "anybody").list()]


def left_on(received: bytes) -> set[str]:
    """The modes of the terminal that the program has set and not put back, by their numbers; the keyboard's too."""
    modes: dict[bytes, bool] = {}
    for numbers, how in _MODE.findall(received):
        modes.update(dict.fromkeys(numbers.split(b";"), how == b"h"))
    changed = {number.decode() for number, on in modes.items() if on != (number in _SHOWN)}
    if received.count(b"\x1b[>") > received.count(b"\x1b[<u"):
        changed.add("keyboard")
    return changed


def processes_of(session: int) -> list[str]:
    """The processes that are left of a session, by their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if entry.name.isdigit() and int(fields[3]) == session and fields[0] != "Z":
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except (OSError, IndexError, ValueError):
            continue
    return found
