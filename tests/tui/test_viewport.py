"""What is on screen stands still while rows come and go around it."""

import pytest
from support.tables import rows

from workbench.tui.rows import RowWindow
from workbench.tui.viewport import Viewport, following, wanted


def window(*numbers: int, cursor: int, at_start: bool = True, at_end: bool = True) -> RowWindow:
    made = RowWindow()
    made.replace(rows(*numbers), at_start=at_start, at_end=at_end)
    made.to(str(cursor))
    return made


def after(made: RowWindow, top: int, *numbers: int, height: int = 5, at_start: bool = True) -> int:
    seen = Viewport.of(made, top, height)
    made.replace(rows(*numbers), at_start=at_start, at_end=True)
    return seen.top_in(made)


def test_a_row_that_arrives_above_the_screen_moves_nothing_on_it() -> None:
    made = window(*range(30), cursor=12)
    assert after(made, 10, 99, *range(30)) == 11


def test_a_row_that_arrives_above_the_cursor_leaves_it_on_its_line_of_the_screen() -> None:
    made = window(*range(30), cursor=13)
    assert after(made, 10, *range(11), 99, *range(11, 30)) == 11


def test_at_the_very_start_a_new_first_row_is_seen() -> None:
    assert after(window(*range(30), cursor=2), 0, 99, *range(30)) == 0
    # The start of the window is not the start of the list: what is loaded ahead of it stays out of sight.
    assert after(window(*range(30), cursor=2, at_start=False), 0, 99, *range(30)) == 1


def test_the_cursor_is_never_pushed_off_the_screen() -> None:
    assert after(window(*range(30), cursor=4), 0, 97, 98, 99, *range(30)) == 3


def test_scrolled_away_from_the_cursor_the_topmost_row_is_held_and_the_cursor_is_not_chased() -> None:
    made = window(*range(30), cursor=0)
    assert after(made, 10, 99, *range(30)) == 11
    assert after(made, 11, 99, *range(9), *range(11, 30)) == 9


def test_a_list_that_gets_short_is_shown_to_its_end() -> None:
    assert after(window(*range(30), cursor=25), 22, *range(7)) == 2
    assert after(window(*range(30), cursor=25), 22) == 0


@pytest.mark.parametrize(("top", "cursor", "expected"), [(10, 12, 10), (10, 15, 11), (10, 3, 3), (0, 0, 0)])
def test_following_the_cursor_scrolls_no_further_than_needed(top: int, cursor: int, expected: int) -> None:
    assert following(window(*range(30), cursor=cursor), top, 5) == expected


def test_rows_are_wanted_when_less_than_a_screen_is_left_on_a_side_that_goes_on() -> None:
    middle = window(*range(30), cursor=12, at_start=False, at_end=False)
    assert wanted(middle, 10, 5) == (None, None)
    assert wanted(middle, 22, 5) == ("29", None)
    assert wanted(middle, 3, 5) == (None, "0")
    assert wanted(window(*range(30), cursor=0), 25, 5) == (None, None)
    # The cursor asks too, wherever the screen is.
    assert wanted(window(*range(30), cursor=28, at_end=False), 5, 5) == ("29", None)
    assert wanted(middle, 22, 0) == (None, None) and wanted(RowWindow(), 0, 5) == (None, None)
    middle.to_end()
    assert wanted(middle, 25, 5) == (None, None), "while an end is sought, its rows are asked for alone"
