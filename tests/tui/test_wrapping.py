"""Lines of a detail as lines of the screen: nothing lost, nothing wider than its room."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.desk.lines import DetailLine
from workbench.desk.safe import cells, plain, safe
from workbench.tui.wrapping import anywhere, at_words, height, wrapped

TEXTS = st.text(st.sampled_from("ab cde  \u0301漢字🙂é"), max_size=60).map(safe)


@given(TEXTS, st.integers(8, 30))
@settings(max_examples=300)
def test_broken_anywhere_every_character_is_on_one_row_in_its_order(text: str, room: int) -> None:
    rows = [text[start:end] for start, end in anywhere(text, room)]
    assert "".join(rows) == text
    assert all(cells(row) <= room for row in rows)
    assert all(rows) or rows == [""]


@given(TEXTS, st.integers(8, 30))
@settings(max_examples=300)
def test_broken_at_words_only_single_spaces_at_breaks_are_left_out(text: str, room: int) -> None:
    places = list(at_words(text, room))
    at = 0
    for start, end in places:
        assert text[at:start] in ("", " ") and cells(text[start:end]) <= room
        at = end
    assert at == len(text)


def test_words_stay_whole_where_they_fit() -> None:
    text = "probably waits · last write to this database 2m ago"
    assert [text[start:end] for start, end in at_words(text, 20)] == [
        "probably waits ·",
        "last write to this",
        "database 2m ago",
    ]
    long = "x" * 25 + " y"
    assert [long[start:end] for start, end in at_words(long, 20)] == ["x" * 20, "xxxxx y"]
    assert next(long[start:end] for start, end in at_words("    " + long, 20)) == long[:20]


def test_a_line_shows_its_label_once_and_its_pieces_with_their_tones() -> None:
    line = DetailLine(plain("args"), ((plain("x" * 15), "key"), (plain("y" * 15), "string")), must_see=True)
    rows = list(wrapped(7, line, 29))
    assert [row.line for row in rows] == [7, 7]
    assert [str(row.label) for row in rows] == ["args     ", " " * 9]
    assert rows[0].pieces == ((plain("x" * 15), "key"), (plain("y" * 5), "string"))
    assert rows[1].pieces == ((plain("y" * 10), "string"),)


def test_an_empty_line_is_a_row() -> None:
    (row,) = wrapped(0, DetailLine(plain("why"), ()), 40)
    assert row.pieces == () and str(row.label) == "why      "


@pytest.mark.parametrize(("text", "width", "lines"), [("", 10, 1), ("one two", 10, 1), ("one two three", 10, 2)])
def test_the_height_of_a_sentence(text: str, width: int, lines: int) -> None:
    assert height(plain(text), width) == lines


def test_four_million_characters_on_one_line_are_wrapped_in_a_moment() -> None:
    from time import process_time

    line = DetailLine(plain("args"), ((plain("x" * 4_000_000), "string"),), must_see=True)
    begin = process_time()
    assert sum(1 for _ in wrapped(0, line, 60)) == -(-4_000_000 // 51)
    assert process_time() - begin < 0.5 * 20
