"""What a live table costs on a real terminal: bytes on the line, processor time, and no control byte of data."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.screens import SYNCHRONISED, WIDE, Pty

CURSOR = "▸".encode()
END = b"\x1b[?2026l"  # of one synchronised update
PROGRAM = [sys.executable, "-m", "support.tables"]
HERE = {"PYTHONPATH": os.fspath(Path(__file__).parents[1])}


@pytest.fixture(params=["textual-dark", "ansi-dark"])
def pty(request: pytest.FixtureRequest) -> Iterator[Pty]:
    """The table in a terminal that makes Textual write the most: true colour and synchronised output."""
    with Pty(PROGRAM, size=WIDE, environment={**HERE, "TABLE_THEME": request.param}, answers=SYNCHRONISED) as pty:
        pty.until("tool 32")
        settled(pty, "+", "changed 1")
        yield pty


def settled(pty: Pty, keys: str, text: str) -> int:
    """Press keys and wait until this is drawn, to the end of its update; how many bytes that took."""
    mark = pty.mark()
    pty.send(keys)
    drawn = pty.until_bytes(text.encode(), since=mark)
    place = mark + drawn.index(text.encode())
    pty.until_bytes(END, since=place)
    return pty.received.index(END, place) + len(END) - mark


def test_one_row_that_changes_costs_at_most_half_a_kilobyte_and_equal_rows_cost_nothing(pty: Pty) -> None:
    one = settled(pty, "+", "changed 2")
    assert 0 < one <= 512
    # Fifty refreshes with equal rows, then one change: only the change is paid for.
    assert settled(pty, "=" * 50 + "+", "changed 3") <= one + 16


def test_the_cursor_costs_two_lines(pty: Pty) -> None:
    mark = pty.mark()
    settled(pty, "j", "▸")
    assert settled(pty, "+", "changed 2") <= 512
    assert len(pty.since(mark)) <= 3 * 512


def test_a_row_that_arrives_above_what_is_on_screen_repaints_no_line_of_it(pty: Pty) -> None:
    settled(pty, "\x1b[6~\x1b[6~", "tool 64")
    mark = pty.mark()
    pty.send("n")
    settled(pty, "k", "▸")
    # The scroll bar, which is now in another place, and the two lines of the cursor.
    assert len(pty.since(mark)) <= 4_096


def test_a_key_press_costs_little_processor_time(pty: Pty) -> None:
    presses = 100
    begin = pty.processor_seconds()
    for number in range(presses):
        mark = pty.mark()
        pty.send("k" if number % 2 else "j")
        pty.until_bytes(CURSOR, since=mark)
    assert (pty.processor_seconds() - begin) / presses <= 0.003 * 20


def test_no_control_byte_of_data_reaches_the_terminal() -> None:
    hostile = "q1\x1b]0;q2\x07q3\x9b2Jq4\x1b[2Jq5\rq6\nq7\x1b]52;c;q8\x07[/q9]\u202eqz"
    with Pty(PROGRAM, environment={**HERE, "TABLE_HOSTILE": hostile, "PYTHONIOENCODING": "utf-8"}) as pty:
        pty.until("tool 32")
        pty.send("G")
        drawn = pty.until("qz").decode()
        assert "q1␛]0;q2␇q3" in drawn and "q4␛[2Jq5␍q6␊q7␛]52;c;q8␇[/q9]" in drawn
        for before, after in re.findall(r"(.)(?=q[1-9])|(?<=q[1-9])(.)", drawn):
            assert (before or after).isprintable(), repr(drawn)
        pty.send(b"\x11")
        assert pty.until_closed() == 0
    assert b"\x1b]0;q2" not in pty.received and b"\x1b]52" not in pty.received
