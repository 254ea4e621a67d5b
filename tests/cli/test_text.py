"""What the commands print: text of any origin goes through the one boundary, and columns stay columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest

from workbench.cli.output import Cell, Output, refuse

HOSTILE = "\x1b[2J\x1b]0;t\x07 \x9b31m\r\b \u202ex\u200b\u2066 \U000e0041 \u2028 \ud800 \udce9 [red]x[/red] e\u0301 漢"
SHOWN = "␛[2J␛]0;t␇ ⟨U+009B⟩31m␍␈ ⟨U+202E⟩x⟨U+200B⟩⟨U+2066⟩ ⟨U+E0041⟩ ⟨U+2028⟩ \\ud800 \\xe9 [red]x[/red] e\u0301 漢"


@pytest.mark.parametrize(
    "say",
    [
        lambda output: output.line(HOSTILE),
        lambda output: output.table([HOSTILE, "a"], [[Cell("x"), Cell(HOSTILE)], [Cell(HOSTILE), Cell("y")]]),
        lambda output: output.pairs([(HOSTILE, Cell(HOSTILE))]),
        lambda output: output.note(HOSTILE),
        lambda output: output.refusal(HOSTILE),
        lambda _: refuse(HOSTILE),
        lambda output: output.json({HOSTILE: HOSTILE}),
    ],
    ids=["line", "table", "pairs", "note", "refusal", "refuse", "json"],
)
def test_nothing_that_is_printed_acts_or_hides(
    say: Callable[[Output], None], capsys: pytest.CaptureFixture[str]
) -> None:
    say(Output(as_json=False, colour=False))
    told = capsys.readouterr()
    text = told.out + told.err
    assert "[red]x[/red]" in text
    acting = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")}
    assert acting == {"\n"}


def test_what_was_replaced_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False, colour=False).line(HOSTILE)
    assert capsys.readouterr().out == SHOWN + "\n"


def test_columns_of_wide_and_of_joining_characters_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[Cell("漢字"), Cell("a")], [Cell("e\u0301"), Cell("b")], [Cell("\x1b"), Cell("c")]]
    Output(as_json=False, colour=False).table(["name", "x"], rows)
    assert capsys.readouterr().out.splitlines() == ["NAME  X", "漢字  a", "e\u0301     b", "␛     c"]
