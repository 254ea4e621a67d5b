"""Texts that try to act on a terminal, each with marks of its own, and what may never come out of the program."""

import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workbench.data import open_source

_C0 = [chr(code) for code in (*range(32), 127)]
_C1 = [chr(code) for code in range(0x80, 0xA0)]
_ESCAPES = [
    *("\x1b]0;title\x07", "\x1b]2;title\x1b\\", "\x1b]8;;http://e/\x1b\\link\x1b]8;;\x1b\\", "\x1b]52;c;ZXZpbA==\x07"),
    *(
        "\x1b]9;note\x07",
        "\x1b]777;notify;a;b\x07",
        "\x1b]1337;File=inline=1:AA==\x07",
        "\x1b]10;?\x07",
        "\x1b]4;1;?\x07",
    ),
    *("\x9d0;title\x9c", "\x9b2J", "\x9b31m", "\x90q\x9c", "\x9f\x9c", "\x9e\x9c", "\x85", "\x9b6n"),
    *(
        "\x1b[2J",
        "\x1b[H",
        "\x1b[3J",
        "\x1b[?1049l",
        "\x1b[?25l",
        "\x1b[6n",
        "\x1b[c",
        "\x1b[>c",
        "\x1b[5i",
        "\x1b[31m",
    ),
    *("\x1b[1000D", "\x1b[1A", "\x1b[?2026h", "\x1b[?1003l", "\x1b[21t", "\x1b[8;1;1t", "\x1b[!p", "\x1b[s", "\x1b[4h"),
    *("\x1bc", "\x1bZ", "\x1b#8", "\x1b(0", "\x1bM", "\x1b7", "\x1b=", "\x1b", "\x1b\x1b[A", "\x0e", "\r\n", "\n\r"),
    *("\x1bPq#0\x1b\\", "\x1bP$qm\x1b\\", "\x1b_Gf=24;AA\x1b\\", "\x1b^pm\x1b\\", "\x1bXsos\x1b\\", "\x1bP+q\x1b\\"),
]
_HIDDEN = [
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # direction
    *"\u200b\u200c\u200d\u2060\u2061\u2064\ufeff\u00ad\u180e\u034f\u115f\u1160\u17b4\u3164\uffa0\u2800\ufff9\u2028\u2029",
    *(
        "\U000e0041\U000e007f",
        "\U000e0001",
        "\ufe0f",
        "\U000e0100",
        "\ue000",
        "\U0010fffd",
        "\u0378",
        "\u00a0",
        "\u2003",
    ),
    *("a" + "\u0301" * 30, "👩\u200d👩\u200d👧", "\U0001f3fb", "\u0e49" * 12),
]
MARKUP = [
    *(
        "[/x]",
        "[red]r[/red]",
        "[@click=app.quit]q[/]",
        "[link=http://e/]l[/link]",
        "[bold",
        "[[x]]",
        "$error",
        "{0}",
        "%s",
    ),
    *(
        "\\[x]",
        "<b>b</b>",
        "&amp;",
        "[blink]b",
        "[@click='app.bell']b[/]",
        "[on red]",
        "[#ff0000]h[/]",
        "${HOME}",
        "{{7}}",
    ),
]
HOSTILE = [*_C0, *_C1, *_ESCAPES, *_HIDDEN]
EVERY = [*HOSTILE, *MARKUP]
_BLANK = "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4"
_TOWER = re.compile("[\u0300-\u036f\u0e49]{5}")
# What the screen itself sends: colours, places, modes, questions to the terminal, the pointer; the title, which holds
# no control character, and that it is kept and given back.
_OURS = re.compile(
    rb"\x1b\]2;(?:(?!\xc2[\x80-\x9f])[^\x00-\x1f\x7f])*\x07|\x1b\[2[23];2t|"
    rb"\x1b\[[\d;]*m|\x1b\[\d+;\d+H|\x1b\[\?[\d;]+[hl]|\x1b\[\?20(?:26|48)\$p|\x1b\[[<>]\d*u|\x1b\]22;default\x07|\r\n(?=\x1b)"
)


def marked(letter: str, number: int) -> str:
    """A hostile text between marks that are nobody else's: a letter for the field, a number for the text."""
    return f"{letter}{number:03}b{EVERY[number]}e{number:03}{letter}"


def mark(letter: str, number: int) -> str:
    """The beginning of it, which has to be seen."""
    return f"{letter}{number:03}b"


def drawn(received: bytes, *, lines: bool = False) -> str:
    """What of all that was received is text. There is nothing in it that a terminal obeys or does not draw."""
    text = _OURS.sub(b"", received).decode()
    bad = {c for c in text if not c.isprintable() or unicodedata.category(c) in ("Cf", "Me") or c in _BLANK}
    bad -= {"\n"} if lines else set()
    assert not bad, f"{bad!r} in {_around(text, bad)!r}"
    assert not _TOWER.search(text), "marks are stacked over other lines"
    return text


def _around(text: str, bad: set[str]) -> list[str]:
    found = [index for index, character in enumerate(text) if character in bad]
    return [text[max(0, index - 30) : index + 30] for index in found[:5]]


def none_raw(received: bytes, letters: str) -> None:
    """None of the hostile texts came out as it is: each is looked for between its own marks."""
    for number, text in enumerate(EVERY):
        if text in MARKUP:
            continue
        for letter in letters:
            raw = f"{letter}{number:03}b{text}".encode()
            assert raw not in received, f"{text!r} of field {letter} reached the terminal"


def hostile_database(folder: Path, groups: Sequence[Sequence[int]]) -> Path:
    """An agents database of ours in which a call and a question wait for each group of these texts, in this order."""
    path = folder / "hostile.db"
    open_source(path, create=True).close()
    begin = datetime.now(UTC) - timedelta(minutes=5)  # so that none is thought to be abandoned meanwhile
    connection = sqlite3.connect(path)
    for place, group in enumerate(groups):
        moment = (begin + timedelta(seconds=place)).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
        connection.execute(
            "INSERT INTO approvals (id, thread_id, run_id, tenant_id, tool_name, args, status, created_at, created_by,"
            " sender_context, question) VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
            (
                *(_all(letter, group).replace("\0", "") for letter in "i"),  # by such an id nothing can be found
                *(_all(letter, group) for letter in "rnot"),
                f"{_all('k', group)}\nd{group[0]:03}d",  # no JSON, so that the text in it stands there as it is
                moment,
                _all("c", group),
                f"agui:{_all('s', group)}",
                _all("q", group),
            ),
        )
        connection.execute(
            "INSERT INTO clarifications (id, question, context, answer, status, sender_context, created_at)"
            " VALUES (?, ?, ?, '', 'pending', ?, ?)",
            (
                _all("j", group).replace("\0", ""),
                _all("w", group),
                f"{_all('x', group)}\nd{group[0]:03}q",
                _all("y", group),
                moment,
            ),
        )
    connection.commit()
    connection.close()
    return path


def _all(letter: str, group: Sequence[int]) -> str:
    return " ".join(marked(letter, number) for number in group)
