"""Sources that hang, go away and come back: the screen says so, keys go on, quitting is quick, and it recovers."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
from servers import Server, until
from support.running import agents_database, ask, locked, press_until, start, status_of
from support.screens import Pty, run, screen_text
from support.screens import until as until_shown
from textual.pilot import Pilot

from workbench.data import open_source
from workbench.desk.places import Place, Rules
from workbench.tui.app import WorkbenchApp

QUICK = 1.0 * 10  # quitting takes under a second; this machine may be busy with other things


def quits_quickly(pty: Pty) -> None:
    begin = monotonic()
    pty.send("q")
    assert pty.until_closed() == 0
    assert monotonic() - begin < QUICK
    assert b"Traceback" not in pty.received


def keys_go_on(pty: Pty) -> None:
    """Help opens and closes."""
    mark = pty.mark()
    pty.send("?")
    pty.until("Keys", since=mark)
    mark = pty.mark()
    pty.send("q")
    pty.until("WAIT", since=mark)


# -- a listener that never says a word -------------------------------------------------------------------------------


def test_a_source_that_never_answers_shows_for_how_long_and_holds_up_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dsn = f"postgresql://u:p@127.0.0.1:{listener.getsockname()[1]}/d"
        with start(tmp_path, dsn, "--write") as pty:
            pty.until("no answer for 1 s")
            keys_go_on(pty)
            pty.send("aWxr\x1b")  # nothing is there to be decided or reopened, and none of it waits
            pty.until("no answer for 7 s")  # past the time that connecting may take, and it goes on counting
            assert "● live" not in pty.received.decode()
            quits_quickly(pty)
    with start(tmp_path, dsn) as pty:
        pty.until("down")
        quits_quickly(pty)


# -- a server that freezes -------------------------------------------------------------------------------------------


@contextmanager
def frozen(server: Server, database: str) -> Iterator[None]:
    """The whole server stands still, its connections open."""
    stopped = [server.postmaster, *server.backends(database)]
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)


@pytest.fixture
def served(own_server: Server) -> Iterator[tuple[Server, str]]:
    """A server with an agents database in which one call waits; the database's name."""
    with own_server.database() as name:
        add(own_server, name, "first_tool", create=True)
        yield own_server, name


def add(server: Server, name: str, tool: str, *, create: bool = False) -> None:
    with open_source(server.dsn(name), create=create) as source:
        ask(source, tool)


@pytest.mark.postgres
def test_a_server_that_freezes_is_told_and_comes_back_by_itself(tmp_path: Path, served: tuple[Server, str]) -> None:
    server, name = served
    with start(tmp_path, server.dsn(name), "--write") as pty:
        pty.until("live")
        pty.until("Approve")
        mark = pty.mark()
        with frozen(server, name):
            pty.until("no answer for 2 s", since=mark)
            keys_go_on(pty)
            press_until(pty, "a", "Approve first_tool")  # what is on screen stays, and can be asked about
            pty.send("n")
            mark = pty.mark()
        pty.until("live", since=mark)
        add(server, name, "second_tool")
        pty.until("second_tool", since=mark)
        mark = pty.mark()
        with frozen(server, name):
            pty.until("no answer for 1 s", since=mark)
            quits_quickly(pty)


@pytest.mark.postgres
def test_a_decision_in_a_server_that_freezes_is_made_once_it_runs_again(
    tmp_path: Path, served: tuple[Server, str]
) -> None:
    server, name = served
    with start(tmp_path, server.dsn(name), "--write") as pty:
        pty.until("first_tool")
        press_until(pty, "a", "Approve first_tool")
        mark = pty.mark()
        with frozen(server, name):
            pty.send("y")
            pty.until("writing for", since=mark)
            pty.send("q")
            pty.until("leaving when it is done", since=mark)
        assert pty.until_closed() == 0
    with open_source(server.dsn(name), read_only=True) as source:
        assert [row.status for row in source.approvals.list()] == ["approved"]


@pytest.mark.postgres
def test_a_server_that_stops_and_starts_again_is_lost_and_found(tmp_path: Path, served: tuple[Server, str]) -> None:
    server, name = served
    with start(tmp_path, server.dsn(name)) as pty:
        pty.until("first_tool")
        for how, tool in ((signal.SIGINT, "second_tool"), (signal.SIGKILL, "third_tool")):
            pty.until("live")
            mark = pty.mark()
            server.stop(how)
            pty.until("down", since=mark)
            mark = pty.mark()
            server.start()
            pty.until("live", since=mark)
            mark = pty.mark()
            add(server, name, tool)
            pty.until(tool, since=mark)
        quits_quickly(pty)


# -- a locked file ---------------------------------------------------------------------------------------------------


def test_a_locked_file_is_waited_for_and_reading_goes_on(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file", "run_shell")
    with start(tmp_path, str(database), "--write") as pty:
        pty.until("run_shell")
        press_until(pty, "a", "Approve save_file")
        other = locked(database)
        mark = pty.mark()
        pty.send("y")
        pty.until("writing for 1 s", since=mark)
        assert b"no answer" not in pty.received
        mark = pty.mark()
        pty.send("j")
        pty.until("▸", since=mark)
        assert status_of(database, "save_file") == "pending"
        other.run("COMMIT")
        other.quit()
        pty.until("approved: save_file", since=mark)
        pty.until("live", since=mark)
        assert status_of(database, "save_file") == "approved"
        quits_quickly(pty)


# -- watching, and what is left --------------------------------------------------------------------------------------


def app_over(database: Path, home: Path, *, writable: bool = False) -> WorkbenchApp:
    place = Place("agents", str(database), lambda write: open_source(database, read_only=not write), writable=writable)
    return WorkbenchApp(place, Rules("ops@here", home), "workbench-dark")


def ours() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("workbench")}


def shows(pilot: Pilot[int], text: str) -> Callable[[], bool]:
    return lambda: text in screen_text(pilot.app)


def test_what_was_reopened_is_watched_and_nothing_runs_on_after_the_end(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file")
    app = app_over(database, tmp_path / "home")

    def add_tool(tool: str) -> None:
        with open_source(database) as source:
            ask(source, tool)

    async def steps(pilot: Pilot[int]) -> None:
        await until_shown(pilot, shows(pilot, "W Write"))
        await until_shown(pilot, lambda: any(name == "workbench-poller" for name in ours()))
        add_tool("second_tool")
        await until_shown(pilot, shows(pilot, "second_tool"))
        first = app.lane.source
        await pilot.press("W", "y")
        await until_shown(
            pilot, lambda: app.lane.source not in (None, first) and app._eyes["agents"].watched is app.lane.source
        )
        assert "read-write" in screen_text(app)
        add_tool("third_tool")
        await until_shown(pilot, shows(pilot, "third_tool"))
        await pilot.press("q")

    run(app, steps)
    until(lambda: not ours(), what=f"the end of {ours()}")


def test_a_source_that_is_dropped_while_it_hangs_does_not_hold_up_the_screen(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file")
    go, opening = threading.Event(), threading.Event()
    app = app_over(database, tmp_path / "home")
    at_once = app.place.open

    def slowly(write: bool):
        if not write:
            opening.set()
            assert go.wait(30)
        return at_once(write)

    app.place = Place("agents", str(database), slowly)

    async def steps(pilot: Pilot[int]) -> None:
        await until_shown(pilot, opening.is_set)
        begin = monotonic()
        await pilot.press("W", "y")
        assert monotonic() - begin < QUICK
        assert app.lane.source is None
        go.set()
        await until_shown(pilot, shows(pilot, "save_file"))
        source = app.lane.source
        assert source is not None and not source.read_only
        await pilot.press("q")

    run(app, steps)
    until(lambda: not ours(), what=f"the end of {ours()}")
