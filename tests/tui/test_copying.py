"""Copying: what is sent to a terminal, to a program or to a file, and the sentence that says which it was."""

from __future__ import annotations

import re
import stat
import sys
from base64 import b64decode
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from support.hostile import HOSTILE
from support.running import WHERE
from support.terminal import Terminal

from workbench.desk.detail import Detail
from workbench.desk.lines import DetailLine, fact
from workbench.desk.safe import plain, safe
from workbench.tui.copying import (
    AUTO,
    CAP,
    FILE,
    NATIVE,
    OFF,
    OSC52,
    Program,
    Ways,
    carry_out,
    clipboard_program,
    osc52,
    text_of,
    ways,
)

PLAIN_TERMINAL = {"TERM": "xterm-256color"}
TMUX = {"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}
SCREEN = {"TERM": "screen", "STY": "1.pts-0"}
# A program that does what a clipboard program does: it keeps what it is given.
KEEP = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"


def keeper(path: Path, encoding: str = "utf-8") -> Program:
    return Program((sys.executable, "-c", KEEP, str(path)), encoding)


def decoded(sequence: bytes) -> str:
    """What a terminal takes from a sequence: exactly one OSC 52 and nothing else."""
    found = re.fullmatch(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", sequence)
    assert found, sequence
    return b64decode(found[1]).decode()


def test_a_terminal_is_told_in_base64() -> None:
    assert decoded(osc52("run_shell ü 🜁\n", PLAIN_TERMINAL) or b"") == "run_shell ü 🜁\n"
    assert decoded(osc52("", PLAIN_TERMINAL) or b"") == ""


def test_nothing_in_a_text_reaches_the_terminal_as_it_stands() -> None:
    for text, environment in product(HOSTILE, (PLAIN_TERMINAL, TMUX, SCREEN)):
        sent = osc52(text, environment)
        assert sent is not None
        rest = re.sub(rb"\x1bPtmux;|\x1bP|\x1b\\|\x1b+\]52;c;|\x07", b"", sent)
        assert re.fullmatch(rb"[A-Za-z0-9+/=]*", rest)


def test_inside_tmux_it_goes_to_tmux_and_through_it() -> None:
    sent = osc52("text", TMUX) or b""
    own, passed = sent.split(b"\x1bPtmux;")
    assert decoded(own) == "text"
    assert passed.endswith(b"\x1b\\") and decoded(passed[:-2].replace(b"\x1b\x1b", b"\x1b")) == "text"


def test_through_gnu_screen_it_goes_in_small_pieces() -> None:
    text = "x" * 500
    sent = osc52(text, SCREEN) or b""
    pieces = re.findall(rb"\x1bP(.*?)\x1b\\", sent, re.DOTALL)
    assert b"".join(b"\x1bP" + piece + b"\x1b\\" for piece in pieces) == sent
    assert max(map(len, pieces)) <= 76 and decoded(b"".join(pieces)) == text
    assert osc52(text, {"TERM": "screen-256color"}) == (osc52(text, PLAIN_TERMINAL) or b"") + sent


def test_a_text_that_terminals_would_drop_is_not_sent_but_written_to_a_file(tmp_path: Path) -> None:
    longest = "x" * (CAP // 4 * 3)
    assert osc52(longest, PLAIN_TERMINAL) is not None and osc52(longest + "x", PLAIN_TERMINAL) is None
    said, sent = copied(longest + "x", AUTO, tmp_path)
    path = tmp_path / "copied.txt"
    assert sent == [] and path.read_text() == longest + "x"
    assert (
        said == f"Wrote 56,245 characters to {path}, because it is longer than terminals take (74,994 bytes of base64)."
    )


def copied(
    text: str, setting: str, home: Path, program: Program | None = None, **environment: str
) -> tuple[str, list[bytes]]:
    """What is said, and what the terminal got."""
    sent: list[bytes] = []
    variables = {**PLAIN_TERMINAL, **environment}
    said = carry_out(text, ways(text, setting, variables, program), sent.append, home, variables)
    return said, sent


def test_a_clipboard_program_comes_first_where_the_display_is_ours(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    said, sent = copied("abc\n", AUTO, tmp_path, keeper(kept))
    assert (kept.read_bytes(), sent) == (b"abc\n", [])
    assert said == f"Copied 4 characters with {Path(sys.executable).name}."


def test_beyond_an_ssh_the_terminal_comes_first(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    said, sent = copied("a", AUTO, tmp_path, keeper(kept), SSH_CONNECTION="10.0.0.1 1 10.0.0.2 22")
    assert [decoded(one) for one in sent] == ["a"] and not kept.exists()
    assert said == "Sent 1 character to the terminal (OSC 52), which does not say whether it took them."
    assert "opied" not in said


def test_a_program_that_fails_gives_way_to_the_terminal_and_that_to_a_file(tmp_path: Path) -> None:
    failing = Program((sys.executable, "-c", "raise SystemExit(1)"))
    said, sent = copied("a", AUTO, tmp_path, failing)
    assert said.startswith("Sent 1 character to the terminal") and len(sent) == 1
    said, sent = copied("a", NATIVE, tmp_path, Program(("/nowhere/xclip",)))
    assert said == f"Wrote 1 character to {tmp_path / 'copied.txt'}, because xclip failed." and sent == []


def test_the_setting_chooses_the_way(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert copied("a", OFF, tmp_path, keeper(kept)) == (
        'Not copied: copying is off (the setting "clipboard").', []
    )  # fmt: skip
    assert [decoded(one) for one in copied("a", OSC52, tmp_path, keeper(kept))[1]] == ["a"]
    assert not kept.exists() and not (tmp_path / "copied.txt").exists()
    said, sent = copied("a", NATIVE, tmp_path)
    assert "there is no clipboard program for this display" in said and sent == []
    assert copied("b", FILE, tmp_path, keeper(kept)) == (f"Wrote 1 character to {tmp_path / 'copied.txt'}.", [])


def test_the_file_is_its_owners_alone_and_holds_the_last_text_whole(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for text in ("a longer text", "short"):
        copied(text, FILE, home)
    assert [path.name for path in home.iterdir()] == ["copied.txt"]
    assert (home / "copied.txt").read_text() == "short"
    assert stat.S_IMODE((home / "copied.txt").stat().st_mode) == 0o600 and stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_link_in_the_place_of_the_file_is_replaced_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "copied.txt").symlink_to(tmp_path / "precious")
    copied("a", FILE, tmp_path)
    assert (tmp_path / "precious").read_text() == "precious" and (tmp_path / "copied.txt").read_text() == "a"


def test_where_no_file_can_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said, _ = copied("a", FILE, tmp_path / "file")
    assert said == f"Not copied: no file could be written in {tmp_path / 'file'}: File exists."


@pytest.mark.parametrize(
    ("platform", "environment", "present", "found"),
    [
        ("linux", {"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, {"wl-copy", "xclip"}, "wl-copy"),
        ("linux", {"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, {"xclip", "xsel"}, "xclip"),
        ("linux", {"DISPLAY": ":0"}, {"wl-copy", "xsel"}, "xsel"),
        ("linux", {}, {"wl-copy", "xclip", "xsel", "clip.exe", "pbcopy"}, None),
        ("linux", {"WSL_DISTRO_NAME": "d"}, {"clip.exe"}, "clip.exe"),
        ("darwin", {}, {"pbcopy"}, "pbcopy"),
        ("darwin", {}, set(), None),
    ],
)
def test_a_clipboard_program_is_one_that_is_there_for_a_display_that_is(
    platform: str, environment: dict[str, str], present: set[str], found: str | None
) -> None:
    program = clipboard_program(environment, lambda name: f"/bin/{name}" if name in present else None, platform)
    assert (program and program.argv[0]) == (found and f"/bin/{found}")
    assert program is None or program.encoding == ("utf-16" if found == "clip.exe" else "utf-8")


def test_the_text_of_a_detail_is_what_is_shown_of_it() -> None:
    lines = (
        fact("tool", safe("run\x1b[2Jshell")),
        DetailLine(plain("args"), ((plain('"token": '), "key"), (plain("⟨secret 40⟩"), "mask"))),
        DetailLine(plain(""), ((plain("}"), ""),)),
        DetailLine(plain(""), (), labelled=False),
    )
    detail: Any = Detail(("s", "approval", "1"), "approval", None, lines)
    assert text_of(detail) == 'tool     run␛[2Jshell\nargs     "token": ⟨secret 40⟩\n         }\n'


def test_a_real_tmux_takes_what_is_sent_to_it(tmp_path: Path) -> None:
    text = "run_shell 'ü' 🜁"
    script = tmp_path / "send.py"
    script.write_text(
        "import os, sys\n"
        "from workbench.tui.copying import osc52\n"
        "sys.stdout.buffer.write(osc52(sys.argv[1], os.environ))\n"
    )
    shell = f'PYTHONPATH={WHERE} {sys.executable} {script} "{text}"'
    with Terminal(f"tmux set -s set-clipboard on; {shell}", columns=80, lines=24, cwd=tmp_path) as terminal:
        terminal.until(lambda screen: "[exit 0]" in screen)
        assert terminal._tmux("show-buffer") == text
        assert "52;c" not in terminal.screen()


def test_ways_that_are_missing_are_said_to_be() -> None:
    assert ways("a", AUTO, PLAIN_TERMINAL, None) == Ways(None, osc52("a", PLAIN_TERMINAL), True)
