"""The loaded part of a long list, without a screen: read from either end, let go of and found again, with no gap."""

import random

from workbench.data.engine.page import Cursor, Page
from workbench.desk.noun import PAGE, Ask
from workbench.tui.windows import MOST, ListWindow, Wanted


class Numbers:
    """A list of numbers that pages by key, as a store does."""

    def __init__(self, count: int) -> None:
        self.rows = list(range(count))

    def page(self, ask: Ask) -> Page[int]:
        rows = self.rows[::-1] if ask.backwards else self.rows
        if ask.after is not None:
            last = ask.after.values[0]
            rows = [row for row in rows if (row < last if ask.backwards else row > last)]  # type: ignore[operator]
        found = rows[: ask.limit]
        following = Cursor((found[-1],), ask.backwards) if len(rows) > len(found) else None
        return Page(tuple(sorted(found)), following)


def read(window: ListWindow, numbers: Numbers, wanted: Wanted | None, cursor: int | None = None) -> None:
    assert wanted is not None
    window.take(wanted, numbers.page(wanted.ask), cursor)


def test_a_short_list_is_there_at_once() -> None:
    window, numbers = ListWindow(Ask()), Numbers(7)
    read(window, numbers, window.first())
    assert window.records == list(range(7)) and window.at_start and window.at_end
    assert window.further("after") is None and window.further("before") is None


def test_from_the_start_to_the_end_and_back_without_a_gap() -> None:
    window, numbers = ListWindow(Ask()), Numbers(5_050)
    read(window, numbers, window.first())
    assert (len(window.records), window.at_start, window.at_end) == (PAGE, True, False)
    while not window.at_end:
        read(window, numbers, window.further("after"), len(window.records) - 1)
        first, last = window.records[0], window.records[-1]
        assert window.records == list(range(first, last + 1)) and len(window.records) <= MOST
    assert window.records[-1] == 5_049 and not window.at_start
    while not window.at_start:
        read(window, numbers, window.further("before"), 0)
        assert window.records == list(range(window.records[0], window.records[-1] + 1))
    assert window.records[0] == 0


def test_from_the_end_back() -> None:
    window, numbers = ListWindow(Ask()), Numbers(3_333)
    read(window, numbers, window.last())
    assert window.records == list(range(3_233, 3_333)) and window.at_end and not window.at_start
    while not window.at_start:
        read(window, numbers, window.further("before"), 0)
        assert window.records == list(range(window.records[0], window.records[-1] + 1))
        assert len(window.records) <= MOST
    assert window.records[0] == 0 and not window.at_end
    read(window, numbers, window.further("after"), len(window.records) - 1)
    assert window.records == list(range(window.records[0], window.records[-1] + 1))


def test_the_row_of_the_cursor_is_never_let_go_of() -> None:
    for begin, side, at in (("first", "after", 0), ("last", "before", -1)):
        window, numbers = ListWindow(Ask()), Numbers(9_000)
        read(window, numbers, getattr(window, begin)())
        kept = window.records[at]
        while (wanted := window.further(side)) is not None:
            read(window, numbers, wanted, window.records.index(kept))
            assert kept in window.records


def test_read_again_it_has_what_came_meanwhile() -> None:
    window, numbers = ListWindow(Ask()), Numbers(1_000)
    read(window, numbers, window.first())
    read(window, numbers, window.further("after"))
    numbers.rows = [row for row in range(-3, 1_000) if row != 50]
    read(window, numbers, window.again())
    assert window.records[:4] == [-3, -2, -1, 0] and 50 not in window.records and window.at_start
    assert set(range(51, 2 * PAGE)) <= set(window.records)


def test_any_walk_shows_neighbours_as_neighbours() -> None:
    chance = random.Random(7)
    for _ in range(30):
        numbers = Numbers(chance.choice([0, 1, 99, 100, 101, 2_100, 4_321]))
        window = ListWindow(Ask())
        read(window, numbers, chance.choice([window.first, window.last])())
        for _ in range(80):
            wanted = chance.choice([window.again(), window.further("after"), window.further("before")])
            if wanted is None:
                continue
            rows = len(window.records)
            read(window, numbers, wanted, chance.randrange(rows) if rows else None)
            if window.records:
                assert window.records == list(range(window.records[0], window.records[-1] + 1))
                assert window.at_start == (window.records[0] == 0)
                assert window.at_end == (window.records[-1] == numbers.rows[-1])
