"""Leaving while many are decided: the current one is done or not, and no other is begun."""

from pathlib import Path

from support.running import locked, press_until, results_of, start

from workbench.data import open_source

ROWS = 40


def test_ctrl_c_twice_leaves_and_no_other_is_begun(tmp_path: Path) -> None:
    database = tmp_path / "agents.db"
    with open_source(database, create=True) as source, source.database.transaction():
        for number in range(ROWS):
            source.approvals.create(tool_name=f"tool_{number}", args="{}", created_by="worker")
    with start(tmp_path, str(database), "--write") as pty:
        pty.until(f"inbox {ROWS}")
        pty.send("gVGV")
        pty.until(f"{ROWS} marked")
        pty.send("x")
        pty.until(f"Reject {ROWS} calls in")
        press_until(pty, "x", "A reason")
        place = pty.mark()
        with locked(database) as other:  # so that it is in the middle of one, however fast it is
            pty.send("\r")
            pty.until(f"Reject: 0 of {ROWS}", since=place)
            pty.send("\x03")
            pty.until("the same key again stops it and leaves", since=place)
            pty.send("\x03")
            assert pty.until_closed() == 0
            other.run("ROLLBACK")
        assert b"Traceback" not in pty.received
    with open_source(database, read_only=True) as source:
        counts = source.approvals.counts()
    results = results_of(tmp_path)
    assert counts == {"pending": ROWS}
    assert len(results) == 1 and results[0] in ("failed", "unknown")
