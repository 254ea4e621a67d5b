"""Some hostile texts in a list that is decided at once, on a terminal of its own; all are in the slow tests."""

from pathlib import Path

from support.deciding_hostile import approve_all
from support.hostile import EVERY


def test_some_texts_in_the_list_the_bar_the_report_and_beside_a_tool(tmp_path: Path) -> None:
    some = ("\x1b]0;title\x07", "\x9d0;title\x9c", "\r", "\u202e", "\u200b", "[@click=app.quit]q[/]", "[red]r[/red]")
    approve_all(tmp_path, [[EVERY.index(text) for text in some]], (160, 60))
