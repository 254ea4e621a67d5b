"""Closing a database while other threads are inside it: nobody crashes, nobody hangs, nothing stays locked."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.things import empty_file

_RACE = """
import sys, threading
from pathlib import Path
from support.things import ADD, INSERT, GET, make_things, thing
from workbench.data import Unavailable
from workbench.data.engine.sqlite import SqliteDatabase

path, mode = Path(sys.argv[1]), sys.argv[2]
with SqliteDatabase(path) as database:
    make_things(database)
    database.run(INSERT, thing("a"))

def work(database, begun):
    done = 0
    while True:
        try:
            if mode == "read":
                database.all(GET, {"id": "a"})
            elif mode == "write":
                database.one(ADD, {"id": "a", "by": 1})
            else:
                with database.transaction():
                    database.one(ADD, {"id": "a", "by": 1})
                    database.one(ADD, {"id": "a", "by": 1})
        except Unavailable:
            return
        done += 1
        if done == 5:
            begun.set()

for _ in range(60):
    database = SqliteDatabase(path)
    begun = threading.Event()
    threads = [threading.Thread(target=work, args=(database, begun)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    database.close()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
print("all ended")
"""


@pytest.mark.parametrize("mode", ["read", "write", "transaction"])
def test_a_database_can_be_closed_under_threads_that_use_it(mode: str, tmp_path: Path) -> None:
    path = empty_file(tmp_path / "a.db")
    tests = str(Path(__file__).parents[2])
    code = f"import sys; sys.path.insert(0, {tests!r})\n{_RACE}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), mode], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout) == (0, "all ended\n"), done.stderr
