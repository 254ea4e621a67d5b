"""Copying out of the screen: to a clipboard program, to the terminal (OSC 52), or to a file, and saying which it was.

Nobody answers an OSC 52, so it is never called copied: the words say that the text was sent. What is copied is what is
shown, signs and masks included, and reaches a terminal only as base64, in which nothing can act.
"""

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workbench.desk.detail import Detail
from workbench.desk.safe import SafeText, plain, safe
from workbench.tui.wrapping import LABEL

AUTO, NATIVE, OSC52, FILE, OFF = "auto", "native", "osc52", "file", "off"
CAP = 74_994  # bytes of base64: more than that terminals drop in silence
FILE_NAME = "copied.txt"
_PATIENCE = 3.0  # seconds that a clipboard program has
_SCREEN_PIECE = 76  # bytes that GNU screen passes on at once, in every version
_START, _END = b"\x1bP", b"\x1b\\"


@dataclass(frozen=True, slots=True)
class Program:
    """A clipboard program: what is run, and in which encoding it takes text."""

    argv: tuple[str, ...]
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to try, in their order: a program, the bytes for the terminal, and a file at last. `why` none is left.

    Each may be missing; `why` says what keeps from it, in the words that end a sentence.
    """

    program: Program | None = None
    terminal: bytes | None = None
    file: bool = False
    why: str = ""


def text_of(detail: Detail) -> str:
    """A thing in full as it is shown, line by line, without the breaks that the width of the screen makes."""
    return "\n".join(_lines_of(detail))


def _lines_of(detail: Detail) -> Iterator[SafeText]:
    for line in detail.lines:
        text = plain("").join([text for text, _ in line.pieces])
        yield line.label.pad(LABEL) + text if line.labelled and text else line.label + text


def osc52(text: str, environment: Mapping[str, str]) -> bytes | None:
    """What tells a terminal to take a text, also through tmux and GNU screen; None where the text is too long."""
    content = b64encode(text.encode("utf-8", "replace"))
    if len(content) > CAP:
        return None
    sequence = b"\x1b]52;c;" + content + b"\x07"
    term = environment.get("TERM", "")
    if environment.get("TMUX") or term.startswith("tmux"):
        # tmux takes the first for itself (set-clipboard on), and hands the second on (allow-passthrough on).
        return sequence + _START + b"tmux;" + sequence.replace(b"\x1b", b"\x1b\x1b") + _END
    if environment.get("STY"):
        return _through_screen(sequence)
    if term.startswith("screen"):  # GNU screen, or a tmux, beyond an ssh: each throws away what is for the other
        return sequence + _through_screen(sequence)
    return sequence


def _through_screen(sequence: bytes) -> bytes:
    pieces = (sequence[at : at + _SCREEN_PIECE] for at in range(0, len(sequence), _SCREEN_PIECE))
    return b"".join(_START + piece + _END for piece in pieces)


def clipboard_program(
    environment: Mapping[str, str], which: Callable[[str], str | None] | None = None, platform: str = sys.platform
) -> Program | None:
    """The program that fills the clipboard of the screen that the operator sits at, if one is there."""
    if platform == "darwin":
        known = [Program(("pbcopy",))]
    else:
        known = []
        if environment.get("WAYLAND_DISPLAY"):
            known.append(Program(("wl-copy",)))
        if environment.get("DISPLAY"):
            known += [Program(("xclip", "-selection", "clipboard")), Program(("xsel", "--clipboard", "--input"))]
        if environment.get("WSL_DISTRO_NAME"):
            known.append(Program(("clip.exe",), "utf-16"))
    if not known:
        return None
    if which is None:
        import shutil  # it loads much

        which = shutil.which
    for program in known:
        if found := which(program.argv[0]):
            return Program((found, *program.argv[1:]), program.encoding)
    return None


def ways(text: str, setting: str, environment: Mapping[str, str], program: Program | None) -> Ways:
    """Which ways a text may go under the setting `clipboard`."""
    if setting == OFF:
        return Ways(why='copying is off (the setting "clipboard")')
    if setting == FILE:
        return Ways(file=True)
    # Beyond an ssh the clipboard that a program fills is another machine's, unless the operator insists.
    near = setting == NATIVE or not (environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))
    used = program if setting in (AUTO, NATIVE) and near else None
    sequence = osc52(text, environment) if setting in (AUTO, OSC52) else None
    why = ""
    if setting == NATIVE and program is None:
        why = "there is no clipboard program for this display (wl-copy, xclip, xsel, pbcopy, clip.exe)"
    elif setting in (AUTO, OSC52) and sequence is None:
        why = f"it is longer than terminals take ({CAP:,} bytes of base64)"
    return Ways(used, sequence, True, why)


def carry_out(
    text: str, ways: Ways, write: Callable[[bytes], None], home: Path, environment: Mapping[str, str] = os.environ
) -> SafeText:
    """Go the first way that works, and say in a sentence which it was. It may take seconds: not for the screen's loop.

    `write` gives bytes to the terminal.
    """
    size = plain("1 character" if len(text) == 1 else f"{len(text):,} characters")
    why = ways.why
    if ways.program is not None:
        name = Path(ways.program.argv[0]).name
        if fill(ways.program, text, environment):
            return plain("Copied ") + size + plain(f" with {name}.")
        why = f"{name} failed"
    if ways.terminal is not None:
        write(ways.terminal)
        return plain("Sent ") + size + plain(" to the terminal (OSC 52), which does not say whether it took them.")
    if not ways.file:
        return plain(f"Not copied: {why}.")
    because = plain(f", because {why}") if why else plain("")
    try:
        path = write_file(text, home)
    except OSError as error:
        return plain("Not copied: no file could be written in ") + safe(home) + safe(f": {error.strerror}.")
    return plain("Wrote ") + size + plain(" to ") + safe(path) + because + plain(".")


def fill(program: Program, text: str, environment: Mapping[str, str]) -> bool:
    """Give a text to a clipboard program. It may live on to hand the text out; it has nothing of our terminal."""
    try:
        done = subprocess.run(  # noqa: S603 - a program of a fixed list, by its whole path, without a shell
            program.argv,
            input=text.encode(program.encoding, "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
            env=dict(environment),
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def write_file(text: str, home: Path) -> Path:
    """Write a text beside the workbench's own data, for its owner alone, whole or not at all; the last one goes."""
    import tempfile  # rarely wanted, and it loads much

    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / FILE_NAME
    descriptor, aside = tempfile.mkstemp(dir=home, prefix=".copied-")  # made with 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "replace"))
        Path(aside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(aside).unlink()
        raise
    return path


def known_ways() -> Sequence[str]:
    """What the setting `clipboard` may say."""
    return (AUTO, NATIVE, OSC52, FILE, OFF)
