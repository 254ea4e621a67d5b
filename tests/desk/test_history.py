"""What was written in the command line is kept: short, private, without secrets, and whole whoever else writes."""

import stat
import threading
from pathlib import Path

import pytest

from workbench.desk.history import LONGEST, MOST, History

TOKEN = "ghp_" + "a1B2c3D4" * 4 + "wXyZ"


def test_lines_are_kept_for_their_owner_alone_each_once_and_the_newest_last(tmp_path: Path) -> None:
    history = History(tmp_path / "home")
    assert history.read() == ()
    for line in ("session", "memory", "session app=genié"):
        history.add(line)
    history.add("memory")
    assert history.read() == ("session", "session app=genié", "memory")
    assert stat.S_IMODE(history.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(history.file.parent.stat().st_mode) == 0o700
    history.file.chmod(0o644)
    history.add("event")
    assert stat.S_IMODE(history.file.stat().st_mode) == 0o600
    assert [file.name for file in history.file.parent.iterdir()] == [history.file.name]


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    history = History(tmp_path)
    for number in range(MOST + 20):
        history.add(f"session {number}")
    assert history.read() == tuple(f"session {number}" for number in range(20, MOST + 20))


@pytest.mark.parametrize(
    "line",
    [
        f"session {TOKEN}", "memory password=hunter22", "session postgres://me:swordfish@host/db", "memory swordfish7",
        "", "   ", "session \x1b[2J", "session \u202ex", "two\nlines", "x" * (LONGEST + 1),
    ],
)  # fmt: skip
def test_what_is_secret_or_strange_is_not_kept(tmp_path: Path, line: str) -> None:
    history = History(tmp_path, ["swordfish7", ""])
    history.add("session")
    history.add(line)
    assert history.read() == ("session",)
    assert history.file.read_text() == "session\n"


def test_what_somebody_else_put_into_the_file_is_left_out(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.file.write_bytes(b"session\n\x1b]0;t\x07\nmemory \xff\n" + f"event {TOKEN}\n".encode() + b"memory\n\n")
    assert history.read() == ("session", "memory \ufffd", "memory")


def test_what_cannot_be_read_is_empty_and_what_cannot_be_written_is_an_error_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    history = History(tmp_path / "plain")
    assert history.read() == ()
    with pytest.raises(OSError):
        history.add("session")


def test_of_two_that_write_at_once_neither_loses_a_line(tmp_path: Path) -> None:
    def write(name: str) -> None:
        for number in range(20):
            History(tmp_path).add(f"session {name}-{number}")

    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert set(History(tmp_path).read()) == {f"session {name}-{number}" for name in "ab" for number in range(20)}
