"""Every hostile text in a list of many that is decided at once, in the bar, in the report and beside a tool."""

from pathlib import Path

from support.deciding_hostile import approve_all
from support.hostile import EVERY

HIGH = (160, 400)  # so that the list takes a page or two


def test_every_text_in_the_list_the_bar_the_report_and_beside_a_tool(tmp_path: Path) -> None:
    groups = [range(first, min(first + 6, len(EVERY))) for first in range(0, len(EVERY), 6)]
    approve_all(tmp_path, groups, HIGH)
