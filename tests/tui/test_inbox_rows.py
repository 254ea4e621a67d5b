"""Rows that are kept while they read the same: at every moment they are what would be drawn anew."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.inboxes import NOON

from workbench.desk.inbox import APPROVAL, Waiting
from workbench.tui.inbox_rows import InboxRows

SPANS = st.integers(-1_500, 1_500).map(lambda seconds: timedelta(seconds=seconds / 2))
AFTER = timedelta(minutes=10)


def item(id: str, asked: timedelta | None, expires: timedelta | None, what: str = "tool") -> Waiting:
    """Something that waits, relative to noon."""
    times = [None if span is None else NOON + span for span in (asked, expires)]
    return Waiting("prod", APPROVAL, id, what, "agui:web", *times)


@given(st.lists(st.tuples(st.none() | SPANS, st.none() | SPANS), max_size=4), st.lists(SPANS, min_size=1, max_size=30))
@settings(max_examples=200)
def test_what_was_kept_is_what_would_be_drawn_anew(
    times: list[tuple[timedelta | None, timedelta | None]], moments: list[timedelta]
) -> None:
    items = [item(str(number), *span) for number, span in enumerate(times)]
    kept = InboxRows(AFTER)
    for moment in (*moments, *sorted(moments)):
        assert kept.rows(items, NOON + moment) == InboxRows(AFTER).rows(items, NOON + moment)


def test_a_row_that_reads_the_same_is_the_very_same_and_one_that_changed_is_not() -> None:
    rows = InboxRows(AFTER)
    (first,) = rows.rows([item("1", timedelta(0), None)], NOON)
    (again,) = rows.rows([item("1", timedelta(0), None)], NOON + timedelta(seconds=59))
    assert again is first
    (other,) = rows.rows([item("1", timedelta(0), None, "other")], NOON + timedelta(seconds=59))
    assert other.says == "other"
    (older,) = rows.rows([item("1", timedelta(0), None)], NOON + timedelta(seconds=60))
    assert str(older.cells[0]) == "1m" and older is not first


def test_two_thousand_rows_cost_little_while_they_read_the_same() -> None:
    from time import process_time

    items = [item(str(number), timedelta(seconds=-number), None) for number in range(2_000)]
    rows = InboxRows(AFTER)
    rows.rows(items, NOON)
    begin = process_time()
    rows.rows(items, NOON + timedelta(seconds=0.5))
    assert process_time() - begin < 0.01 * 20
