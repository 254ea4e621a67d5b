"""The views over large tables, news from another process, and one inbox over five sources of which one is dead.

Everything goes through the real program: on a pty for the screen, as a process for the command line.

python tests/bench/bench_views.py [--rows 1000000] [--only views|news|sources]
"""

import argparse
import os
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench_screen import keep_compiled, quiet, seconds_of
from support.running import PROGRAM, agents_database, environment
from support.screens import WIDE, Pty

from workbench.data import open_source

PRESSES = 40
# Each row of the recursive `n` makes one row of a table; {at} is its moment, one second before that of the last one.
AT = "strftime('%Y-%m-%d %H:%M:%f', :now - n, 'unixepoch') || ' +0000 UTC'"
EVENT = (
    '{"id": "e", "author": "genie", "timestamp": "2026-01-01T00:00:00Z", '
    '"choices": [{"message": {"role": "assistant", "content": "answer"}}]}'
)
TABLES = {
    "sessions": f"SELECT 'genie', 'user' || (n % 1000), printf('s%08d', n), {AT}, {AT}",
    "session_events": f"SELECT n + 1, 'genie', 'user0', 's00000000', '{EVENT}', {AT}",
    "memories": f"SELECT printf('m%08d', n), 'genie', 'user' || (n % 1000), 'likes tea', '[\"taste\"]', {AT}, {AT}",
    "short_memories": f"SELECT printf('k%08d', n), 'note', '\"v\"', {AT.replace(':now', ':later')}, {AT}",
    "approvals": f"SELECT printf('a%08d', n), 't', 'r', '', 'save_file', '{{}}', 'approved', {AT}, NULL, {AT}, "
    "'ops', '', '', 'agui:web', ''",
    "clarifications": f"SELECT printf('q%08d', n), 'Which?', '', 'this', 'answered', 'agui:web', {AT}, {AT}",
}
# Which key shows a view from the one before, and what stands on it when its first page is there.
VIEWS = {
    "approvals": ("1", "approved"),
    "sessions": ("2", "user"),
    "events": ("2", "answer"),
    "memories": ("5", "likes tea"),
    "short memory": ("5", "note"),
}


def large(path: Path, rows: int) -> Path:
    """An agents database with so many rows in each of its tables, and one call that waits."""
    with open_source(path, create=True) as source:
        source.approvals.create(tool_name="run_shell", args="{}", created_by="worker")
    now = datetime.now(UTC)
    moments = {"now": now.timestamp(), "later": (now + timedelta(days=30)).timestamp() + rows, "rows": rows}
    with closing(sqlite3.connect(path)) as connection:
        for table, select in TABLES.items():
            numbers = "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < :rows - 1)"
            connection.execute(f"INSERT INTO {table} {numbers} {select} FROM c", moments)
        connection.commit()
    return path


def resident(pty: Pty) -> float:
    """The memory of the program in MB."""
    status = Path(f"/proc/{pty.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def views(home: Path, rows: int) -> None:
    """Each view: until its first page is there, memory, and from a key to the painted cursor; few rows beside many."""
    for count in (1_000, rows):
        database = large(home / f"{count}.db", count)
        print(f"  {count:,} rows in each table, {database.stat().st_size / 1e6:.0f} MB")
        with Pty([*PROGRAM, str(database)], environment=environment(home), cwd=home, size=WIDE) as pty:
            pty.until("Approve", seconds=120)
            for name, (key, text) in VIEWS.items():
                show(pty, name, key, text)
            pty.send("q")
            pty.until_closed()


def show(pty: Pty, name: str, key: str, text: str) -> None:
    """One view, measured."""
    mark, begin = pty.mark(), time.monotonic()
    pty.send(key)
    pty.until(text, since=mark, seconds=120)
    opened = time.monotonic() - begin
    taken = []
    for turn in range(PRESSES):
        quiet(pty, 0.1)
        mark, begin = pty.mark(), time.monotonic()
        pty.send("k" if turn % 2 else "j")
        pty.until("▸", since=mark)
        taken.append(time.monotonic() - begin)
    painted = statistics.median(taken) * 1000
    print(f"    {name:14} first page {opened * 1000:6.0f} ms   key to paint {painted:5.1f} ms   {resident(pty):.0f} MB")


def news(home: Path) -> None:
    """From the commit of another process's write to its text on the screen."""
    database = agents_database(home, *(f"tool_{number}" for number in range(20)))
    with Pty([*PROGRAM, str(database)], environment=environment(home), cwd=home, size=WIDE) as pty:
        pty.until("Approve")
        connection = sqlite3.connect(database, timeout=15)
        taken = []
        for turn in range(PRESSES):
            quiet(pty, 0.3 + turn / 97)  # at any moment between two looks
            connection.execute("UPDATE approvals SET tool_name = ? WHERE tool_name LIKE 'tool_9%'", (f"tool_9{turn}",))
            begin = time.monotonic()
            connection.commit()
            pty.until(f"tool_9{turn} ")
            taken.append(time.monotonic() - begin)
        connection.close()
        pty.send("q")
        pty.until_closed()
    taken.sort()
    print(f"  commit to screen: median {taken[len(taken) // 2] * 1000:.0f} ms, worst {taken[-1] * 1000:.0f} ms")


@contextmanager
def silent() -> Iterator[int]:
    """A port on which somebody listens and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield int(listener.getsockname()[1])


def sources(home: Path) -> None:
    """`workbench inbox` over five sources: all well, one that refuses, one that is silent."""
    paths = []
    for number in range(5):
        folder = home / f"source{number}"
        folder.mkdir()
        paths.append(str(agents_database(folder, "save_file", "run_shell")))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refusing = f"postgresql://u:p@127.0.0.1:{unused.getsockname()[1]}/db"
    with silent() as port:
        dead = {"five that answer": paths[4], "one refuses": refusing}
        dead["one says nothing"] = f"postgresql://u:p@127.0.0.1:{port}/db"
        single = statistics.median(seconds_of(home, *PROGRAM, "inbox", "--source", paths[0]) for _ in range(5))
        print(f"  one source: {single * 1000:.0f} ms")
        for name, target in dead.items():
            argv = [part for path in (*paths[:4], target) for part in ("--source", path)]
            taken = statistics.median(seconds_of(home, *PROGRAM, "inbox", *argv) for _ in range(3))
            print(f"  {name}: {taken * 1000:.0f} ms")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["views", "news", "sources"])
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        keep_compiled(Path(folder))
        for name, work in (
            ("views", lambda home: views(home, options.rows)),
            ("news", news),
            ("sources", sources),
        ):
            if options.only in (None, name):
                home = Path(folder) / name
                home.mkdir()
                print(name)
                work(home)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
