"""The screen from outside, on a pty: how soon it is there, what it weighs and sends, how quickly it answers a key.

Modules are compiled first, as pip compiles what it installs: in a place of the bench's own, whatever the shell says.

python tests/bench/bench_screen.py [--rounds 9] [--rows 1000000] [--harlequin PROGRAM] [--only starting]
"""

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.running import PROGRAM, agents_database, environment
from support.screens import WIDE, Pty

from workbench.data import open_source

BARE = """
from textual.app import App
from textual.widgets import DataTable, Footer, Header
class Bare(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Header()
        yield DataTable()
        yield Footer()
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns("WAIT", "WHAT")
        table.add_row("1m", "save_file")
Bare().run()
"""
WINDOW = 5  # seconds over which bytes are counted


def seconds_until(home: Path, argv: Sequence[str], *texts: str, leave: str = "q") -> list[float]:
    """How long a program takes until each of these texts stands on the screen."""
    begin = time.monotonic()
    with Pty(argv, environment=environment(home), cwd=home, size=WIDE) as pty:
        found = []
        for text in texts:
            pty.until(text, seconds=120)
            found.append(time.monotonic() - begin)
        pty.send(leave)
        pty.until_closed()
    return found


def seconds_of(home: Path, *argv: str) -> float:
    begin = time.monotonic()
    subprocess.run(argv, env={**os.environ, **environment(home)}, cwd=home, capture_output=True, check=True)
    return time.monotonic() - begin


def keep_compiled(folder: Path) -> None:
    """Let every program that is started keep its compiled modules here; the round that only warms makes them."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    print("modules: compiled before they are measured")


def starting(home: Path, rounds: int, harlequin: str | None) -> None:
    """First paint, usable inbox and `workbench inbox`, in ratios to `python -c pass` of the same round."""
    database = str(agents_database(home, "save_file", "run_shell"))
    empty = sqlite3.connect(home / "empty.db")
    empty.execute("CREATE TABLE t (a)")
    empty.close()
    cases: dict[str, Callable[[], list[float]]] = {
        "first paint / usable / detail": lambda: seconds_until(
            home, [*PROGRAM, database], "inbox", "save_file", "Approve"
        ),
        "bare Textual app": lambda: seconds_until(home, [sys.executable, "-c", BARE], "save_file"),
        "workbench inbox": lambda: [seconds_of(home, *PROGRAM, "inbox", "--source", database)],
    }
    if harlequin is not None:
        argv = [harlequin, "-a", "sqlite", str(home / "empty.db")]
        cases["harlequin"] = lambda: seconds_until(home, argv, "Data Catalog", leave="\x11")
    taken: dict[str, list[list[float]]] = {name: [] for name in cases}
    ratios: dict[str, list[list[float]]] = {name: [] for name in cases}
    for turn in range(rounds + 1):
        single = statistics.median(seconds_of(home, sys.executable, "-c", "pass") for _ in range(3))
        for name, case in cases.items():
            found = case()
            if turn:  # the first round only warms the files
                taken[name].append(found)
                ratios[name].append([one / single for one in found])
    for name in cases:
        ms = " / ".join(f"{statistics.median(column) * 1000:.0f}" for column in zip(*taken[name], strict=True))
        times = " / ".join(f"{statistics.median(column):.1f}" for column in zip(*ratios[name], strict=True))
        print(f"  {name:32} {ms:>20} ms   × pass {times}")
    if harlequin is None:
        print("  harlequin                        not given")


def quiet(pty: Pty, seconds: float = 1.5) -> None:
    """Wait until nothing was sent for a while."""
    at = pty.mark()
    since = time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.05)
        if pty.mark() != at:
            at, since = pty.mark(), time.monotonic()


def weighing(home: Path) -> None:
    """Memory, bytes and processor time of a screen that nobody touches, and with one row changing each second."""
    database = agents_database(home, *(f"tool_{number}" for number in range(20)))
    with Pty([*PROGRAM, str(database)], environment=environment(home), cwd=home, size=WIDE) as pty:
        pty.until("Approve")
        while datetime.now(UTC).second > 60 - WINDOW - 5:  # the clock of the frame shows minutes
            time.sleep(0.5)
        quiet(pty)
        status = Path(f"/proc/{pty.process.pid}/status").read_text()
        rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
        mark, used = pty.mark(), pty.processor_seconds()
        time.sleep(WINDOW)
        idle, load = (pty.mark() - mark) / WINDOW, (pty.processor_seconds() - used) / WINDOW
        print(f"  idle: {rss:.1f} MB, {idle:.0f} bytes/s, {load * 100:.1f} % of a core")
        connection = sqlite3.connect(database, timeout=15)
        mark, used = pty.mark(), pty.processor_seconds()
        for turn in range(WINDOW):
            connection.execute("UPDATE approvals SET tool_name = ? WHERE tool_name LIKE 'tool_9%'", (f"tool_9{turn}",))
            connection.commit()
            pty.until(f"tool_9{turn}")
            time.sleep(1.0)
        connection.close()
        sent, load = (pty.mark() - mark) / WINDOW, (pty.processor_seconds() - used) / WINDOW
        print(f"  one row changes each second: {sent:.0f} bytes/s, {load * 100:.1f} % of a core")
        begin = time.monotonic()
        pty.send("q")
        pty.until_closed()
        print(f"  leaving: {(time.monotonic() - begin) * 1000:.0f} ms")


def filled(path: Path, decided: int) -> Path:
    """A database with so many decided calls and 2,000 that wait."""
    open_source(path, create=True).close()
    connection = sqlite3.connect(path)
    now = datetime.now(UTC)

    def row(number: int, status: str, span: timedelta) -> tuple[str, ...]:
        moment = f"{now - span:%Y-%m-%d %H:%M:%S.%f} +0000 UTC"
        by = "" if status == "pending" else "ops"
        return (f"{number:08}-{status}", "t", "r", f"tool_{number % 40}", '{"path": "/srv/a"}', status, moment, by)

    sql = (
        "INSERT INTO approvals (id, thread_id, run_id, tool_name, args, status, created_at, resolved_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    )
    connection.executemany(sql, (row(n, "approved", timedelta(hours=1, seconds=n)) for n in range(decided)))
    connection.executemany(sql, (row(n, "pending", timedelta(seconds=n / 10)) for n in range(2_000)))
    connection.commit()
    connection.close()
    return path


def answering(home: Path, rows: int) -> None:
    """From a key press to the painted cursor, with few and with many decided rows."""
    medians = []
    for decided in (1_000, rows):
        database = filled(home / f"{decided}.db", decided)
        with Pty([*PROGRAM, str(database)], environment=environment(home), cwd=home, size=WIDE) as pty:
            pty.until("Approve", seconds=120)
            taken = []
            for turn in range(60):
                quiet(pty, 0.1)
                mark, begin = pty.mark(), time.monotonic()
                pty.send("k" if turn % 2 else "j")
                pty.until("▸", since=mark)
                taken.append(time.monotonic() - begin)
            pty.send("q")
            pty.until_closed()
        medians.append(statistics.median(taken))
        print(f"  key to paint, {decided:,} decided, 2,000 waiting: {medians[-1] * 1000:.1f} ms")
    print(f"  ratio × {medians[1] / medians[0]:.2f}")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--harlequin")
    parser.add_argument("--only", choices=["starting", "weighing", "answering"])
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        keep_compiled(Path(folder))
        for name, work in (
            ("starting", lambda home: starting(home, options.rounds, options.harlequin)),
            ("weighing", weighing),
            ("answering", lambda home: answering(home, options.rows)),
        ):
            if options.only not in (None, name):
                continue
            home = Path(folder) / name
            home.mkdir()
            print(name)
            work(home)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
