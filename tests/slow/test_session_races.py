"""Many processes at one session store, and some killed in the middle: nothing is lost, and nothing is half."""

import base64
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from servers import Server, until
from support.agents import Place
from support.fixtures import copied

from workbench.data import open_source
from workbench.data.agents.following import AGAIN
from workbench.data.agents.sessions import SessionKey
from workbench.data.agents.writing import user_message

KEY = SessionKey("genie", "root", "s1")
PROCESSES = 40
_PROGRAM = """
import sys
from workbench.data import open_source
from workbench.data.agents.writing import user_message
from workbench.data.engine.database import Timeouts
target, number = sys.argv[1], int(sys.argv[2])
with open_source(target, timeouts=Timeouts(statement=60, lock=60)) as source:  # many more processes than cores
    sessions = source.sessions
    key = ("genie", "root", "s1")
    sessions.list_app_states("genie")
    print("ready", flush=True)
    sys.stdin.readline()
"""
_STATE = """
    mine = str(number).encode()
    sessions.update_app_state("genie", {f"k{number}": mine, "same": mine})
    sessions.update_user_state(("genie", "root"), {f"k{number}": mine, "same": mine})
    sessions.update_session_state(key, {f"k{number}": mine, "same": mine})
    sessions.append_event(key, user_message(str(number)), state_delta={f"app:e{number}": mine, "app:last": mine})
    print("done", flush=True)
"""
_APPEND = """
    for turn in range(1, 1_000_000):
        sessions.append_event(key, user_message(str(turn)), state_delta={"turn": str(turn).encode(), "app:turn": b"x"})
        if turn == 20:
            print("busy", flush=True)
"""


class Worker:
    """A process that does its part when it is told to."""

    def __init__(self, place: Place, number: int, task: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM + task, place.target, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def heard(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(params=["sqlite", "theirs", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres_server")
        with server.database() as name:
            dsn = server.dsn(name)
            open_source(dsn, create=True).close()
            yield Place("postgres", dsn, dsn)
        return
    if request.param == "theirs":
        path = str(copied("agents/small/genie_America_New_York.db", tmp_path))
    else:
        path = str(tmp_path / "agents.db")
        open_source(path, create=True).close()
    yield Place("sqlite", path, path)


def test_forty_processes_set_state_at_once_and_all_of_it_stays(place: Place) -> None:
    with place.open() as source, ExitStack() as stack:
        source.sessions.create_session(KEY)
        before = len(source.sessions.events(KEY, limit=1000))
        workers = [stack.enter_context(Worker(place, number, _STATE)) for number in range(PROCESSES)]
        assert [worker.heard() for worker in workers] == ["ready"] * PROCESSES
        for worker in workers:
            worker.go()
        assert [worker.heard() for worker in workers] == ["done"] * PROCESSES
        mine = {f"k{number}": str(number).encode() for number in range(PROCESSES)}
        session = source.sessions.get_session(KEY)
        assert session is not None
        app, user = source.sessions.list_app_states("genie"), source.sessions.list_user_states(("genie", "root"))
        for found in (app, user, session.state):
            assert mine.items() <= found.items()
            assert found["same"] in mine.values()
        assert {name for name in app if name[0] == "e"} == {f"e{number}" for number in range(PROCESSES)}
        assert len(session.events) - before == PROCESSES
        last = json.loads(session.events[-1].event_data)["stateDelta"]["app:last"]
        assert app["last"] == base64.b64decode(last)  # the last to commit


@pytest.mark.parametrize("attempt", range(4))
def test_a_process_killed_while_it_appends_leaves_a_whole_session(place: Place, attempt: int) -> None:
    with place.open() as source:
        source.sessions.delete_session(KEY)
        source.sessions.create_session(KEY)
    with Worker(place, 0, _APPEND) as worker:
        assert worker.heard() == "ready"
        worker.go()
        assert worker.heard() == "busy"
        end = monotonic() + random.Random(attempt).random() * 0.3
        while monotonic() < end:
            pass  # so that the kill comes anywhere
        worker.process.kill()
        worker.process.wait(timeout=20)
    with place.open() as source:
        session = until(lambda: _settled(source), what="the server's end of the transaction")
        turns = [json.loads(event.event_data) for event in session.events]
        said = [int(event["choices"][0]["message"]["content"]) for event in turns]
        assert said == list(range(1, len(said) + 1)) and len(said) >= 20
        assert session.state["turn"] == str(said[-1]).encode()
        assert session.updated_at == session.events[-1].created_at
        assert source.sessions.append_event(KEY, user_message("on it goes")) is not None


def _settled(source: Any) -> Any:
    """The session, when two looks at it show the same: a server ends a dead client's statement in its own time."""
    first, second = source.sessions.get_session(KEY), source.sessions.get_session(KEY)
    return second if first == second and second.updated_at == second.events[-1].created_at else None


def test_a_follower_sees_what_many_processes_append_and_forgets_what_is_settled(place: Place) -> None:
    with place.open() as source, ExitStack() as stack:
        source.sessions.create_session(KEY)
        everything, one = source.sessions.follow(), source.sessions.follow(KEY)
        got: tuple[list[int], list[int]] = ([], [])
        workers = [stack.enter_context(Worker(place, number, _STATE)) for number in range(12)]
        assert {worker.heard() for worker in workers} == {"ready"}
        for worker in workers:
            worker.go()

        def look() -> bool:
            for follower, ids in zip((everything, one), got, strict=True):
                ids += [event.id for event in follower.new(3)]
            return all(len(ids) >= 12 for ids in got)

        until(look, 60)
        assert look()
        stored = [event.id for event in source.sessions.events(KEY, limit=1000)][-12:]
        assert sorted(got[0]) == sorted(got[1]) == stored
        until(lambda: everything.new() == () and not everything._seen, AGAIN + 20, "an empty memory")
