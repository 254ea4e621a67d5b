"""Long work in the real program: leaving twice stops it, undone or told; what ended by itself can be read."""

from pathlib import Path

from support.agents import Place
from support.filling import ago, fill_many
from support.running import locked, press_until, results_of, start
from support.screens import Pty

from workbench.data import open_source
from workbench.tui.deciding import SETTLE

KEY = ("genie", "ann", "s-1")


def old_events(folder: Path, count: int) -> Path:
    path = folder / "agents.db"
    open_source(path, create=True).close()
    row = {"app_name": "genie", "user_id": "ann", "session_id": "s-1", "event_data": "{}"}
    fill_many(Place("sqlite", str(path), str(path)), "session_events", [row | {"created_at": ago(days=400)}] * count)
    return path


def begin_purge(pty: Pty) -> None:
    pty.until("Nothing waits.")
    pty.send("22")
    pty.until("genie")
    press_until(pty, "P", "older-than=30d", times=1)
    pty.send("\r")
    pty.until("450 events?")
    press_until(pty, "y", "purge events", times=round(30 + 1 / SETTLE))


def test_leaving_twice_stops_a_purge_and_tells_of_it(tmp_path: Path) -> None:
    path = old_events(tmp_path, 450)
    with locked(path) as other, start(tmp_path, str(path), "--write") as pty:
        begin_purge(pty)
        pty.until("purge events: 0 of 450")
        pty.send("q")
        pty.until("work goes on in the background")
        pty.send("q")
        assert pty.until_closed() == 0
        other.run("ROLLBACK")
        said = pty.received.rpartition(b"\x1b[?1049l")[2].decode()
    assert "workbench: " in said and "purge events: " in said
    assert results_of(tmp_path) in (["failed"], ["stopped"], ["unknown"])  # it may not wait for a lock to say so
    with open_source(path, read_only=True) as source:
        assert source.sessions.count_events(KEY) == 450


def test_a_purge_that_ends_by_itself_is_told_in_every_view(tmp_path: Path) -> None:
    path = old_events(tmp_path, 450)
    with start(tmp_path, str(path), "--write") as pty:
        begin_purge(pty)
        pty.until("purged: 450 events")
        pty.send("J")
        pty.until("Work in the background")
        pty.send("qq")  # closes what is shown, and leaves
        assert pty.until_closed() == 0
    assert results_of(tmp_path) == ["purged"]
