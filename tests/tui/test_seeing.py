"""Which lines have been on screen: counted down row by row, never back by accident."""

from workbench.desk.lines import DetailLine
from workbench.desk.safe import plain
from workbench.tui.seeing import Seen


def lines(*texts: str) -> list[DetailLine]:
    """Lines that must be seen, but for those that begin with a dash."""
    return [DetailLine(plain(""), ((plain(text), ""),), must_see=not text.startswith("-")) for text in texts]


def seen(*texts: str, rows: list[int] | None = None) -> Seen:
    """Lines that were placed, each on one row if not told otherwise."""
    made = Seen()
    made.show(lines(*texts), same=False)
    made.place(list(range(len(texts))) if rows is None else rows)
    return made


def test_only_what_must_be_seen_is_counted() -> None:
    made = seen("-asked", "tool", "args", "-before")
    assert (made.unseen, made.next_row) == (2, 1)
    assert made.note(0, 2) and (made.unseen, made.next_row) == (1, 2)
    assert not made.note(0, 2)
    assert made.note(2, 99) and (made.unseen, made.next_row) == (0, None)


def test_a_line_of_many_rows_is_seen_when_all_of_them_were() -> None:
    made = seen("tool", "args", rows=[0, 1, 1, 1])
    made.note(0, 3)
    assert (made.unseen, made.next_row) == (1, 3)
    made.note(0, 2)
    assert made.unseen == 1
    made.note(3, 4)
    assert made.unseen == 0


def test_what_was_seen_stays_seen_when_it_is_placed_anew() -> None:
    made = seen("tool", "args", "more")
    made.note(0, 2)
    made.place([0, 0, 1, 1, 2, 2])
    assert (made.unseen, made.next_row) == (1, 4)


def test_of_the_same_item_only_lines_that_read_otherwise_are_to_be_seen_again() -> None:
    made = seen("-asked 8m", "tool", "secret ⟨masked⟩", "end")
    made.note(0, 9)
    made.show(lines("-asked 9m", "-agent", "tool", "secret in the clear", "end"), same=True)
    made.place([0, 1, 2, 3, 4])
    assert (made.unseen, made.next_row) == (1, 3)


def test_of_another_item_nothing_was_seen() -> None:
    made = seen("tool", "args")
    made.note(0, 9)
    made.show(lines("tool", "args"), same=False)
    made.place([0, 1])
    assert made.unseen == 2


def test_rows_that_do_not_exist_are_no_matter() -> None:
    made = seen("tool")
    assert not made.note(-5, 0) and not made.note(3, 9) and made.unseen == 1
    assert made.note(-5, 5)
