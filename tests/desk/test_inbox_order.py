"""The orders of the inbox: each holds for all of it, and what has nothing to be ordered by stands last."""

from datetime import timedelta

import pytest
from support.inboxes import NOON, ago

from workbench.desk.inbox import ABANDONED_AFTER, APPROVAL, QUESTION, Waiting
from workbench.desk.inbox_order import SORTS, in_order

ITEMS = [
    Waiting("b", APPROVAL, "1", "save_file", "slack:U1", ago(4), NOON + timedelta(minutes=26)),
    Waiting("a", QUESTION, "2", "Which region?", "", ago(9), None),
    Waiting("a", APPROVAL, "3", "Deploy", "agui:web", ago(8), NOON + timedelta(minutes=2)),
    Waiting("a", APPROVAL, "4", "", "agui:Ann", None, NOON - timedelta(minutes=1)),
]


@pytest.mark.parametrize(
    ("id", "ids"),
    [
        ("urgency down", "3214"), ("wait down", "2314"), ("wait up", "1324"), ("expires up", "4312"),
        ("what up", "3124"), ("from up", "4312"), ("source up", "3241"),
    ],
)  # fmt: skip
def test_the_items_stand_in_the_order_that_was_chosen(id: str, ids: str) -> None:
    sort = next(sort for sort in SORTS if sort.id == id)
    assert "".join(item.id for item in in_order(ITEMS, sort, NOON, ABANDONED_AFTER)) == ids
    assert in_order([], sort, NOON, ABANDONED_AFTER) == []
