"""Whole programs over PostgreSQL: how they end, fork, and keep quiet."""

import os
import subprocess
import sys
import time

import pytest
from servers import Server
from support.things import INSERT, make_things, thing

from workbench.data.engine.postgres import PostgresDatabase

pytestmark = pytest.mark.postgres


def make(dsn: str) -> None:
    with PostgresDatabase(dsn, display="d") as database:
        make_things(database)
        database.run(INSERT, thing("a"))


SCRIPT = """
import sys, os
from workbench.data.engine.postgres import PostgresDatabase
from support.things import COUNT, INSERT, thing
database = PostgresDatabase(sys.argv[1], display="d")
database.run(INSERT, thing("b"))
"""


def run_script(dsn: str, more: str) -> "subprocess.CompletedProcess[str]":
    """Run the script in another process."""
    command = [sys.executable, "-W", "error", "-c", SCRIPT + more, dsn]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)


def test_a_program_that_forgets_to_close_ends_at_once(postgres_server: Server, postgres_database: str) -> None:
    make(postgres_server.dsn(postgres_database))
    started = time.monotonic()
    done = run_script(
        postgres_server.dsn(postgres_database), "transaction = database.transaction(); transaction.__enter__()"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - started < 5


def test_nothing_is_printed_while_connections_break(own_server: Server) -> None:
    with own_server.database() as name:
        make(own_server.dsn(name))
        kill = f"""
os.kill({own_server.postmaster}, 3)
for _ in range(3):
    try:
        database.one(COUNT)
    except Exception as error:
        print(type(error).__name__)
"""
        done = run_script(own_server.dsn(name), kill)
        assert done.returncode == 0 and done.stderr == ""
        assert set(done.stdout.split()) <= {"Unavailable", "Lost"} and done.stdout
        own_server.stop()
        own_server.start()


def test_a_forked_child_that_ends_normally_leaves_the_parent_its_connections(
    postgres_server: Server, postgres_database: str
) -> None:
    make(postgres_server.dsn(postgres_database))
    more = """
from threading import Event
from workbench.data.errors import Unavailable
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # about forking with threads
database.nap(0.2, Event().wait)  # it listens now
backends = "SELECT array_agg(pid ORDER BY pid) IS NOT NULL, string_agg(pid::text, ',' ORDER BY pid) " \\
           "FROM pg_stat_activity WHERE datname = current_database()"
transaction = database.transaction()
transaction.__enter__()
before = database._ask(backends)
child = os.fork()
if child == 0:
    for call in (lambda: database.one(COUNT), lambda: database.run(INSERT, thing("c")), database.change_token,
                 database.interrupt, database.transaction().__enter__, lambda: transaction.__exit__(None, None, None)):
        try:
            call()
            print("no error")
        except Unavailable as error:
            assert "opened before fork" in str(error), error
    database.nap(0.01, Event().wait)
    database.close()
    sys.exit(0)  # as programs end: with every exit handler
assert os.waitpid(child, 0)[1] == 0
assert database._ask(backends) == before
transaction.__exit__(None, None, None)
assert database.one(COUNT) == 2
database.close()
print("whole")
"""
    done = run_script(postgres_server.dsn(postgres_database), more)
    assert (done.stdout, done.stderr, done.returncode) == ("whole\n", "", 0)
