"""What a terminal is told beside the screen, byte by byte, and what a real one makes of it."""

from __future__ import annotations

import os
import re
import signal
from base64 import b64decode
from pathlib import Path

from servers import until
from support.hostile import drawn
from support.running import PROGRAM, agents_database, ask, environment, start
from support.terminal import Terminal

from workbench.data import open_source

PUSH, POP = b"\x1b[22;2t", b"\x1b[23;2t"
ATTACK = "run\x1b]0;owned\x07\x9b2J\u202eshell"


def titles(received: bytes) -> list[str]:
    """Every title that the terminal was given, in order."""
    return [title.decode() for title in re.findall(rb"\x1b\]2;([^\x07]*)\x07", received)]


def settings(home: Path, text: str) -> str:
    file = home / "settings.toml"
    file.write_text(text)
    return os.fspath(file)


def test_the_title_tells_how_much_waits_and_is_given_back(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file", "run_shell")
    with start(tmp_path, str(database)) as pty:
        pty.until_bytes(b"\x1b]2;(2) ")
        with open_source(database) as source:
            ask(source, "third")
        pty.until_bytes(b"\x1b]2;(3) ")
        pty.send("q")
        assert pty.until_closed() == 0
        received = pty.received
    name = titles(received)[0].removeprefix("(2) ")
    assert name.endswith("workbench") and titles(received) == [f"(2) {name}", f"(3) {name}"]
    assert received.count(PUSH) == received.count(POP) == 1
    assert received.index(PUSH) < received.index(b"\x1b]2;(2)") < received.index(POP)
    assert b"\x1b]9;" not in received and re.sub(rb"\x1b\][^\x07]*\x07", b"", received).count(b"\x07") == 0


def test_whoever_stops_the_program_has_the_old_title_and_it_comes_back_with_the_screen(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file")
    with start(tmp_path, str(database)) as pty:
        pty.until_bytes(b"\x1b]2;(1) ")
        pty.until("Approve")
        mark = pty.mark()
        pty.process.send_signal(signal.SIGSTOP)
        until(lambda: b" T " in Path(f"/proc/{pty.process.pid}/stat").read_bytes())
        pty.process.send_signal(signal.SIGCONT)
        after = pty.until_bytes(b"\x1b]2;(1) ", since=mark)
        assert after.index(POP) < after.index(PUSH) < after.index(b"\x1b]2;(1)")
        pty.send("q")
        assert pty.until_closed() == 0
        assert pty.received.count(PUSH) == pty.received.count(POP) == 2


def test_without_the_setting_there_is_no_title_to_give_back(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file")
    with start(tmp_path, str(database), "--title", "false") as pty:
        pty.until("save_file")
        pty.until("live")
        pty.send("q")
        assert pty.until_closed() == 0
        assert titles(pty.received) == [] and PUSH not in pty.received and POP not in pty.received


def test_what_is_new_rings_and_is_told_of_once_and_hostile_text_does_nothing(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file")
    config = settings(tmp_path, "bell = true\nosc9 = true\n")
    with start(tmp_path, str(database), WORKBENCH_CONFIG=config) as pty:
        pty.until_bytes(b"\x1b]2;(1) ")
        mark = pty.mark()
        with open_source(database) as source:
            ask(source, ATTACK)
        told = pty.until_bytes(b"shell\x07", since=mark)
        pty.until_bytes(b"\x1b]2;(2) ", since=mark)
        pty.send("q")
        assert pty.until_closed() == 0
        received = pty.received
    notices = re.findall(rb"\x07\x1b\]9;([^\x07]*)\x07", received)
    assert len(notices) == 1 and notices[0] in told
    assert notices[0].decode().startswith("New in ") and "run␛]0;owned" in notices[0].decode()
    drawn(notices[0])
    drawn(b"".join(title.encode() for title in titles(received)))
    assert b"]0;owned\x07" not in received and b"\x9b2J" not in received


def test_the_key_copies_through_the_terminal(tmp_path: Path) -> None:
    database = agents_database(tmp_path, ATTACK)
    with open_source(database, read_only=True) as source:
        (held,) = source.approvals.list_pending()
    with start(tmp_path, str(database), "--clipboard", "osc52") as pty:
        pty.until("Approve")
        mark = pty.mark()
        pty.send("y")
        pty.until("to the terminal (OSC 52)", since=mark)
        (sent,) = re.findall(rb"\x1b\]52;c;([^\x07]*)\x07", pty.since(mark))
        assert b64decode(sent).decode() == held.id
        pty.send("\r")
        pty.until("esc Back", since=mark)
        mark = pty.mark()
        pty.send("y")
        pty.until("to the terminal (OSC 52)", since=mark)
        (sent,) = re.findall(rb"\x1b\]52;c;([^\x07]*)\x07", pty.since(mark))
        text = b64decode(sent).decode()
    assert "run␛]0;owned" in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_a_real_tmux_has_what_was_copied_and_the_title_that_it_had(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file")
    with open_source(database, read_only=True) as source:
        (held,) = source.approvals.list_pending()
    command = f"tmux set -s set-clipboard on; printf '\\033]2;before\\007'; {' '.join(PROGRAM)} {database}"
    with Terminal(command, columns=120, lines=34, cwd=tmp_path, environment=environment(tmp_path)) as terminal:

        def title() -> str:
            return terminal._tmux("display-message", "-p", "#{pane_title}").strip()

        terminal.until(lambda screen: "Approve" in screen)
        assert title().startswith("(1) ") and title().endswith("workbench")
        terminal.press("y")
        terminal.until(lambda screen: "to the terminal (OSC 52)" in screen)
        assert terminal._tmux("show-buffer") == held.id
        terminal.press("q")
        terminal.until(lambda screen: "[exit 0]" in screen)
        assert title() == "before"
