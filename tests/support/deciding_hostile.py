"""All calls of a hostile database marked, listed, approved and reported on a pty, and the tool of one looked at."""

from collections.abc import Sequence
from pathlib import Path

from support.hostile import EVERY, MARKUP, drawn, hostile_database, mark, none_raw
from support.running import press_until, results_of, start
from support.screens import Screen

_FIELDS = "ijrnotkcsqwxy"


def approve_all(folder: Path, groups: Sequence[Sequence[int]], size: Screen) -> None:
    """Press the keys, and look at every byte that came out of it."""
    many = len(groups)
    calls = "1 call" if many == 1 else f"{many} calls"
    with start(folder, str(hostile_database(folder, groups)), "--write", size=size) as pty:
        pty.until(f"d{groups[0][0]:03}d")
        press_until(pty, "w", "Who decided")
        place = pty.mark()
        pty.send("q")
        pty.until("EXPIRES", since=place)
        pty.send("gVGV")
        pty.until(f"{2 * many} marked")
        place = pty.mark()
        pty.send("a")
        pty.until(f"Approve {calls} in", since=place)
        press_until(pty, "a", "y yes")
        pty.send("y")
        pty.until(f"Approve {calls}: {many} approved", since=place)
        pty.send("q")
        pty.until(f"inbox {many}", since=place)
        pty.send("q")
        assert pty.until_closed() == 0
        none_raw(pty.received, _FIELDS)
        text = drawn(pty.received)
    for number in (number for group in groups for number in group):
        for letter in "tkq":
            assert mark(letter, number) in text or f"e{number:03}{letter}" in text, (letter, EVERY[number])
        if EVERY[number] in MARKUP:
            assert EVERY[number] in text
    assert results_of(folder) == ["approved"] * many
