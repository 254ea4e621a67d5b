"""What agents, models and users wrote never acts on the operator's terminal: every case, through every place."""

import sqlite3
from pathlib import Path

import pytest
from support.fixtures import copied
from support.hostile import EVERY, MARKUP, drawn, hostile_database, mark, marked, none_raw
from support.running import press_until, results_of, start
from support.screens import NARROW, WIDE, Pty

from workbench.data import open_source

FIELDS = "ijrnotkcsqwxy"
TALL = (160, 60)
SOME = [
    EVERY.index(text)
    for text in (
        *("\x1b]0;title\x07", "\x9d0;title\x9c", "\r", "\x00", "\u202e", "\u200b"),
        *("[@click=app.quit]q[/]", "a" + "\u0301" * 30),
    )
]


def clean(pty: Pty) -> str:
    """Nothing hostile has come so far; all that was drawn."""
    none_raw(pty.received, FIELDS)
    return drawn(pty.received)


def leave(pty: Pty) -> str:
    pty.send("q")
    assert pty.until_closed() == 0
    return clean(pty)


def test_every_text_in_the_list(tmp_path: Path) -> None:
    numbers = range(len(EVERY))
    database = hostile_database(tmp_path, [[number] for number in numbers])
    with start(tmp_path, str(database), size=TALL) as pty:
        pty.until(mark("t", 0))
        for first in numbers[::10]:
            pty.send("jj" * 10)  # fewer than there are lines: every row is drawn on its way up
            pty.until(mark("w", min(first + 9, numbers[-1])))
        text = leave(pty)
    for number in numbers:
        for letter in "tws":
            assert mark(letter, number) in text, (letter, EVERY[number])
        if EVERY[number] in MARKUP:
            assert mark("t", number) + EVERY[number][:6] in text  # drawn as the characters it is


def shown(letter: str, number: int, text: str) -> bool:
    """Whether a text was drawn, one end of it at least: the other may be where a line was broken."""
    return mark(letter, number) in text or f"e{number:03}{letter}" in text


def test_every_text_in_the_detail(tmp_path: Path) -> None:
    groups = [range(first, min(first + 6, len(EVERY))) for first in range(0, len(EVERY), 6)]
    with start(tmp_path, str(hostile_database(tmp_path, groups)), "--write", size=TALL) as pty:
        for group in groups:
            pty.until(f"d{group[0]:03}d")
            pty.send("j")
            pty.until(f"d{group[0]:03}q")
            pty.send("j")
        text = leave(pty)
    for number in range(len(EVERY)):
        for letter in "tkqswxy":
            assert shown(letter, number, text), (letter, EVERY[number])
    for number in (number for number in range(len(EVERY)) if EVERY[number] in MARKUP):
        assert EVERY[number] in text


def test_some_texts_in_the_bars_in_notices_and_in_reports(tmp_path: Path) -> None:
    database = hostile_database(tmp_path, [[number] for number in SOME])
    with start(tmp_path, str(database), "--write", size=WIDE) as pty:
        for number in SOME:
            pty.until(f"d{number:03}d")
            # Asked about, and decided by somebody with a hostile name while the question is open.
            press_until(pty, "a", f"Approve {mark('t', number)}")
            place = pty.mark()
            somebody_decides(database, number)
            pty.until(mark("h", number), since=place)
            # Its question: words are pasted that hold what they like, sent, and reported.
            pty.until(f"d{number:03}q")
            pasted = marked("p", number).replace("\u0301" * 30, "").encode()
            press_until(pty, "\r", "An answer")
            place = pty.mark()
            pty.send(b"\x1b[200~" + pasted + b"\x1b[201~")
            pty.until(mark("p", number), since=place)
            pty.send("\r")
            pty.until(f"answered: {mark('w', number)}", since=place)
        none_raw(pty.received, "hp")
        text = leave(pty)
    for number in SOME:
        assert mark("h", number) in text
    assert len(results_of(tmp_path)) >= len(SOME)


def somebody_decides(database: Path, number: int) -> None:
    """Another program decides a call, with a hostile name and a hostile reason."""
    connection = sqlite3.connect(database, timeout=15)
    connection.execute(
        "UPDATE approvals SET status = 'rejected', resolved_by = ?, feedback = ?, resolved_at = created_at"
        " WHERE id = ?",
        (marked("h", number), marked("h", number), marked("i", number).replace("\0", "")),
    )
    connection.commit()
    connection.close()


def test_hostile_names_of_sources_and_failures(tmp_path: Path) -> None:
    folder = tmp_path / f"{marked('f', SOME[0])} [red]"
    folder.mkdir()
    database = copied("agents/small/genie_UTC.db", folder)
    with start(folder, f"../{folder.name}/{database.name}", size=(200, 34)) as pty:
        pty.until(mark("f", SOME[0]))
        pty.until("live")
        place = pty.mark()
        database.rename(database.with_name("gone"))
        pty.until("down", since=place)
        pty.until("there is no file", since=place)
        database.with_name("gone").rename(database)
        pty.until("live", since=place)
        none_raw(pty.received, "f")
        assert pty.since(place).count(mark("f", SOME[0]).encode()) > 1
        leave(pty)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_what_a_real_program_stored(tmp_path: Path, size: tuple[int, int]) -> None:
    """The fleet's own odd rows: each pending one is put on the screen, from top to bottom."""
    database = copied("agents/genie_fleet.db", tmp_path)
    with open_source(database, read_only=True) as source:
        waiting = len(source.approvals.list_heads(limit=500)) + len(source.clarifications.list_pending(limit=500))
    with start(tmp_path, str(database), size=size) as pty:
        pty.until(f"inbox {waiting}")
        for _ in range(waiting - 1):
            place = pty.mark()
            pty.send("j")
            pty.until("asked", since=place)
        text = leave(pty)
    for odd in ("[red]run_shell[/red]", "⟨U+202E⟩", "␛["):
        assert odd in text
