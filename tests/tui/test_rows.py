"""The window of loaded rows: the cursor and the marks belong to keys, and only what changed is a change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import row, rows

from workbench.desk.safe import plain
from workbench.tui.rows import RowWindow, TableRow


def window(*numbers: int, at_start: bool = True, at_end: bool = True, maximum: int = 2_000) -> RowWindow:
    made = RowWindow(maximum)
    made.replace(rows(*numbers), at_start=at_start, at_end=at_end)
    return made


def keys(made: RowWindow) -> list[str]:
    return [str(one.key) for one in made.rows]


def test_a_cell_that_is_no_safe_text_is_refused() -> None:
    with pytest.raises(TypeError, match="no SafeText"):
        TableRow("1", ("\x1b[2J",))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no SafeText"):
        TableRow("1", (plain("a"),), sign="\x07")  # type: ignore[arg-type]


def test_the_same_rows_again_are_no_change() -> None:
    made = window(*range(50))
    again = made.replace(rows(*range(50)), at_start=True, at_end=True)
    assert not again and again.lines == () and again.fresh == ()


def test_one_changed_row_is_one_line() -> None:
    made = window(*range(50))
    changed = rows(*range(50))
    changed[7] = row(7, "another tool")
    done = made.replace(changed, at_start=True, at_end=True)
    assert done.lines == (7,) and not done.shifted and not done.cursor
    assert [one.key for one in done.fresh] == ["7"]
    assert made.changed == {"7"}


def test_a_row_that_arrives_shifts_those_behind_it_and_never_moves_the_cursor() -> None:
    made = window(1, 2, 3, 4)
    made.to("3")
    done = made.replace(rows(1, 9, 2, 3, 4), at_start=True, at_end=True)
    assert made.cursor == "3" and made.cursor_line == 3
    assert done.lines == (1, 2, 3, 4) and done.shifted and not done.cursor and done.left is None


def test_a_new_order_leaves_the_cursor_on_its_row() -> None:
    made = window(1, 2, 3, 4)
    made.to("2")
    done = made.replace(rows(4, 3, 2, 1), at_start=True, at_end=True)
    assert made.cursor == "2" and done.shifted and not done.cursor
    assert done.fresh == () and made.changed == frozenset()


@pytest.mark.parametrize(
    ("left", "expected"),
    [([1, 2, 4, 5], "4"), ([1, 2, 5], "5"), ([1, 2], "2"), ([1], "1"), ([7, 8], "7"), ([], None)],
)
def test_when_its_row_leaves_the_cursor_goes_to_the_next_neighbour_and_says_so(
    left: list[int], expected: str | None
) -> None:
    made = window(1, 2, 3, 4, 5)
    made.to("3")
    done = made.replace(rows(*left), at_start=True, at_end=True)
    assert made.cursor == expected
    assert done.cursor and done.left == "3"


def test_the_first_rows_of_an_empty_list_take_the_cursor() -> None:
    made = window()
    assert made.cursor is None and made.cursor_line is None
    done = made.replace(rows(4, 5), at_start=True, at_end=True)
    assert made.cursor == "4" and done.cursor and done.left is None


def test_moves_stop_at_the_ends_of_what_is_loaded() -> None:
    made = window(*range(10))
    assert made.move(3).lines == (0, 3) and made.cursor == "3"
    assert made.move(100).lines == (3, 9) and made.cursor == "9"
    assert not made.move(1)
    assert made.move(-100).lines == (0, 9) and not made.move(-1)
    assert not window().move(1)


def test_a_row_that_is_not_loaded_cannot_be_gone_to() -> None:
    made = window(1, 2)
    assert not made.to("99") and made.cursor == "1"


def test_the_end_of_a_list_that_is_not_loaded_is_sought_until_its_rows_come() -> None:
    made = window(1, 2, 3, at_end=False)
    made.to_end()
    assert made.cursor == "3" and made.seeking == "end"
    # A refresh of what is loaded is not the last page.
    made.replace(rows(1, 2, 3), at_start=True, at_end=False)
    assert made.cursor == "3" and made.seeking == "end"
    done = made.replace(rows(97, 98, 99), at_start=False, at_end=True)
    assert made.cursor == "99" and made.seeking == "" and done.left is None
    made.to_start()
    assert made.cursor == "97" and made.seeking == "start"
    made.replace(rows(1, 2, 3), at_start=True, at_end=False)
    assert made.cursor == "1"


def test_a_move_ends_the_search_for_an_end() -> None:
    made = window(1, 2, 3, at_end=False)
    made.to_end()
    made.move(-1)
    made.replace(rows(1, 2, 3, 4), at_start=True, at_end=True)
    assert made.cursor == "2"


def test_rows_are_added_behind_and_ahead_and_each_key_once() -> None:
    made = window(5, 6, at_start=False, at_end=False)
    made.extend_after("6", rows(6, 7, 8), at_end=True)
    made.extend_before("5", rows(3, 4), at_start=False)
    assert keys(made) == ["3", "4", "5", "6", "7", "8"]
    assert (made.at_start, made.at_end) == (False, True)
    assert made.cursor == "5" and made.changed == frozenset()


def test_a_late_answer_for_another_edge_is_dropped() -> None:
    made = window(5, 6, at_end=False)
    assert not made.extend_after("4", rows(5, 6), at_end=True)
    assert not made.extend_before("6", rows(1), at_start=True)
    assert keys(made) == ["5", "6"] and not made.at_end


def test_a_window_that_is_full_lets_go_of_the_far_side() -> None:
    made = window(*range(10), at_end=False, maximum=10)
    made.to_end()
    made.extend_after("9", rows(*range(10, 14)), at_end=True)
    assert keys(made) == [str(n) for n in range(4, 14)]
    assert (made.at_start, made.at_end) == (False, True) and made.cursor == "9"
    made.move(-100)
    made.extend_before("4", rows(*range(4)), at_start=True)
    assert keys(made) == [str(n) for n in range(10)]
    assert (made.at_start, made.at_end) == (True, False) and made.cursor == "4"


def test_a_full_window_never_slides_past_the_cursor() -> None:
    made = window(*range(10), at_end=False, maximum=10)
    made.move(2)
    made.extend_after("9", rows(*range(10, 18)), at_end=True)
    assert keys(made) == [str(n) for n in range(2, 12)] and made.cursor == "2" and not made.at_end
    assert not made.extend_after("11", rows(12), at_end=False)
    made.to("11")
    made.extend_before("2", rows(0, 1), at_start=True)
    assert keys(made) == [str(n) for n in range(2, 12)] and not made.at_start


def test_too_many_rows_at_once_are_cut_around_the_cursor() -> None:
    made = window(*range(5), maximum=10)
    made.to("4")
    made.replace(rows(*range(-20, 30)), at_start=True, at_end=True)
    assert len(made) == 10 and made.cursor == "4" and not made.at_start and not made.at_end
    assert made.count_words() == "≥ 10"


def test_a_mark_is_set_and_taken_and_goes_with_its_row() -> None:
    made = window(1, 2, 3)
    assert made.mark().lines == (0,) and made.marked == ("1",)
    made.move(2)
    made.mark()
    assert made.marked == ("1", "3")
    done = made.replace(rows(2, 3), at_start=True, at_end=True)
    assert done.unmarked == ("1",) and made.marked == ("3",)
    made.mark()
    assert made.marked == ()


def test_a_mark_outlives_the_unloading_of_its_row() -> None:
    made = window(*range(10), at_end=False, maximum=10)
    made.mark()
    made.to_end()
    made.extend_after("9", rows(10, 11), at_end=True)
    assert made.line_of("0") is None and made.marked == ("0",)


def test_a_range_marks_what_the_cursor_passes_and_unmarks_on_the_way_back() -> None:
    made = window(*range(8))
    made.to("2")
    made.mark()
    made.to("1")
    made.range()
    made.move(3)
    assert made.marked == ("1", "2", "3", "4")
    made.move(-1)
    assert made.marked == ("1", "2", "3")
    made.move(-3)
    # Turned round at its anchor; the mark on 2 was there before the range.
    assert made.marked == ("0", "1", "2")
    made.range()
    made.move(7)
    assert made.anchor is None and made.marked == ("0", "1", "2")


def test_a_row_that_arrives_inside_a_range_is_not_marked() -> None:
    made = window(1, 2, 3, 4, 5)
    made.range()
    made.move(2)
    made.replace(rows(1, 9, 2, 3, 4, 5), at_start=True, at_end=True)
    made.move(1)
    assert made.marked == ("1", "2", "3", "4")


def test_a_range_whose_anchor_leaves_goes_on_from_its_neighbour() -> None:
    made = window(1, 2, 3, 4, 5)
    made.to("2")
    made.range()
    made.move(2)
    made.replace(rows(1, 3, 4, 5), at_start=True, at_end=True)
    assert made.anchor == "3"
    made.move(1)
    assert made.marked == ("3", "4", "5")
    made.clear_marks()
    assert made.marked == () and made.anchor is None


def test_news_are_rows_that_came_or_changed_and_not_their_ages() -> None:
    made = window(1, 2, 3)
    assert made.changed == frozenset()
    done = made.replace([row(1, wait="9m"), row(2, "other"), *rows(3, 4)], at_start=True, at_end=True)
    assert made.changed == {"2", "4"} and done.lines == (0, 1, 3)
    made.move(1)
    assert made.changed == {"2", "4"}
    assert made.move(1).lines == (1, 2) and made.changed == {"4"}
    assert made.looked().lines == (3,) and made.changed == frozenset()


def test_a_row_that_slides_into_the_window_from_outside_is_no_news() -> None:
    made = window(1, 2, 3, at_end=False)
    made.replace(rows(2, 3, 4), at_start=True, at_end=False)
    assert made.changed == frozenset()
    made.replace(rows(9, 2, 8, 3, 4), at_start=True, at_end=False)
    assert made.changed == {"9", "8"}
    empty = window()
    empty.replace(rows(1), at_start=True, at_end=True)
    assert empty.changed == {"1"}


def test_the_count_is_exact_only_when_both_ends_are_loaded() -> None:
    assert window(*range(7)).count_words() == "7"
    assert window(*range(2_000), at_end=False).count_words() == "≥ 2,000"
    made = window(*range(1_500), at_end=False)
    assert made.replace(rows(*range(1_500)), at_start=True, at_end=True).edges
    assert made.count_words() == "1,500"


def test_another_list_begins_with_nothing_of_the_old_one() -> None:
    made = window(1, 2, 3)
    made.mark()
    made.forget()
    assert len(made) == 0 and made.marked == () and made.cursor is None
    made.replace(rows(2, 3), at_start=True, at_end=True)
    assert made.changed == frozenset() and made.cursor == "2"


NUMBERS = st.lists(st.integers(0, 14), unique=True, max_size=12)
STEP = st.one_of(
    st.tuples(st.just("replace"), NUMBERS, st.booleans(), st.booleans()),
    st.tuples(st.just("after"), NUMBERS, st.booleans()),
    st.tuples(st.just("before"), NUMBERS, st.booleans()),
    st.tuples(st.sampled_from(["move"]), st.integers(-4, 4)),
    st.tuples(st.sampled_from(["mark", "range", "looked"])),
)


@settings(max_examples=300, deadline=None)
@given(NUMBERS, st.lists(STEP, max_size=12), st.integers(5, 12))
def test_whatever_happens_the_lines_told_are_those_that_look_different(
    first: list[int], steps: list[tuple[object, ...]], maximum: int
) -> None:
    made = window(*first, maximum=maximum)
    for count, (name, *given_) in enumerate(steps):
        before, cursor, marked = looks(made), made.cursor, set(made.marked)
        ends = (made.rows[-1].key, made.rows[0].key) if made.rows else ("", "")
        fresh = [row(n, f"tool {n}" if n % 3 else f"{n} at {count}") for n in given_[0]] if name in TAKING else []
        match name:
            case "replace":
                done = made.replace(fresh, at_start=bool(given_[1]), at_end=bool(given_[2]))
            case "after":
                done = made.extend_after(ends[0], fresh, at_end=bool(given_[1]))
            case "before":
                done = made.extend_before(ends[1], fresh, at_start=bool(given_[1]))
            case "move":
                done = made.move(int(str(given_[0])))
            case _:
                done = getattr(made, str(name))()
        now = looks(made)
        differ = [n for n in range(max(len(now), len(before))) if now[n : n + 1] != before[n : n + 1]]
        assert list(done.lines) == differ
        assert len(made) <= maximum and len(set(keys(made))) == len(made)
        assert (made.cursor is None) == (not made.rows) and (made.cursor is None or made.cursor_line is not None)
        if name != "move" and cursor in keys(made):
            assert made.cursor == cursor, "rows took the cursor elsewhere"
        if name in TAKING:
            assert set(made.marked) <= marked, "rows were marked that nobody marked"


TAKING = ("replace", "after", "before")


def looks(made: RowWindow) -> list[object]:
    return [(one, one.key == made.cursor, made.is_marked(one.key), one.key in made.changed) for one in made.rows]
