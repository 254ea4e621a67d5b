"""Widths of columns: bounded by what is declared, growing only, never more than there is room for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tables import COLUMNS, row

from workbench.data.errors import Invalid
from workbench.desk.safe import cells, plain, safe
from workbench.tui.columns import GAP, ColumnWidths, Placed, TableColumn
from workbench.tui.rows import TableRow


def widths(made: ColumnWidths, room: int) -> dict[str, int]:
    return {placed.column.id: placed.width for placed in made.fit(room)}


def total(placed: tuple[Placed, ...]) -> int:
    return sum(one.width for one in placed) + GAP * (len(placed) - 1)


def test_a_column_is_as_wide_as_its_cells_between_its_bounds_and_the_rest_goes_to_what_grows() -> None:
    made = ColumnWidths(COLUMNS)
    assert made.see([row(1, "a" * 20)])
    assert widths(made, 100) == {"wait": 5, "expires": 7, "source": 10, "what": 60, "from": 10}


def test_widths_grow_with_rows_and_never_shrink_until_reset() -> None:
    made = ColumnWidths([TableColumn("a", plain("A"), least=2, most=9), TableColumn("b", plain("B"), least=2)])
    one, long = TableRow("1", (plain("x"), plain("y"))), TableRow("2", (plain("x" * 30), plain("y" * 12)))
    assert not made.see([one])
    assert made.see([long]) and widths(made, 80) == {"a": 9, "b": 12}
    assert not made.see([one]) and not made.see([long]) and widths(made, 80) == {"a": 9, "b": 12}
    made.reset()
    assert widths(made, 80) == {"a": 2, "b": 2}


def test_wide_characters_count_as_what_they_take() -> None:
    made = ColumnWidths([TableColumn("a", plain("A"), least=2)])
    made.see([TableRow("1", (safe("日本語"),))])
    assert widths(made, 80) == {"a": 6}


def test_where_it_is_narrow_the_widest_give_first_and_then_columns_are_dropped_in_their_order() -> None:
    made = ColumnWidths(COLUMNS)
    made.see([row(1, "a" * 60)])
    assert widths(made, 74) == {"wait": 5, "expires": 7, "source": 10, "what": 34, "from": 10}
    assert widths(made, 46) == {"wait": 5, "expires": 7, "source": 6, "what": 12, "from": 8}
    assert list(widths(made, 45)) == ["wait", "expires", "source", "what"]
    assert list(widths(made, 30)) == ["wait", "expires", "what"]
    assert list(widths(made, 20)) == ["wait", "what"]
    # What is never dropped is drawn in its least width, and the screen cuts it.
    assert widths(made, 1) == {"wait": 5, "what": 12}


def test_a_long_cell_is_cut_and_a_short_one_stands_at_its_side() -> None:
    left = Placed(TableColumn("a", plain("A")), 0, 5)
    right = Placed(TableColumn("a", plain("A"), align="right"), 0, 5)
    assert left.text(plain("abcdef")) == "abcd…" and left.text(plain("ab")) == "ab   "
    assert right.text(plain("ab")) == "   ab" and right.text(plain("")) == "     "
    # Half of a wide character cannot be drawn.
    assert cells(left.text(safe("日本語"))) == 5 and left.text(safe("日本語")).startswith("日本…")
    assert cells(Placed(left.column, 0, 4).text(safe("日本語"))) == 4


@pytest.mark.parametrize("column", [{"width": 0}, {"least": 0}, {"least": 9, "most": 8}])
def test_a_column_without_room_for_anything_is_refused(column: dict[str, int]) -> None:
    with pytest.raises(Invalid, match='the column "a"'):
        TableColumn("a", plain("A"), **column)  # type: ignore[arg-type]


COLUMN = st.builds(
    TableColumn,
    st.just("c"),
    st.sampled_from([plain("A"), plain("TITLE")]),
    width=st.none() | st.integers(1, 9),
    least=st.integers(1, 6),
    most=st.none() | st.integers(9, 20),
    grows=st.booleans(),
    drop=st.integers(0, 3),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(COLUMN, min_size=1, max_size=6), st.lists(st.integers(0, 30), max_size=6), st.integers(1, 120))
def test_columns_fill_the_room_and_never_more_unless_they_cannot_be_dropped(
    columns: list[TableColumn], lengths: list[int], room: int
) -> None:
    made = ColumnWidths(columns)
    made.see([TableRow(str(n), tuple(plain("x" * n) for _ in columns)) for n in lengths])
    placed = made.fit(room)
    kept = [one.column for one in placed]
    assert placed and all(one.width >= one.column.floor for one in placed)
    assert total(placed) <= room or len(placed) == 1 or not any(column.drop for column in kept)
    if any(column.grows for column in kept):
        assert total(placed) >= room
    if len(kept) < len(columns):
        assert all(column.drop for column in columns if column not in kept)
