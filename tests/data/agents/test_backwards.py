"""Lists that are read from their end: the same rows, page by page, in the order of the list within each page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from workbench.data import Page, Source
from workbench.data.errors import Invalid

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
Read = Callable[..., Page[Any]]


def fill(source: Source) -> None:
    for number in range(11):
        at = NOON + timedelta(minutes=number)
        source.approvals.create(tool_name=f"tool-{number % 2}", args="{}", ttl=600, at=at)
        source.clarifications.ask(f"question {number}", at=at)
        source.short_memory.set("seen", f"key-{number}", "value", 3600 * (number - 5))


def lists(source: Source) -> dict[str, Read]:
    return {
        "approvals": source.approvals.list,
        "approvals of a tool": lambda **how: source.approvals.list(tool="tool-1", **how),
        "questions": source.clarifications.list,
        "pending questions": lambda **how: source.clarifications.list("pending", **how),
        "short memory": source.short_memory.list,
        "living short memory": lambda **how: source.short_memory.list(live=True, **how),
        "expired short memory of a type": lambda **how: source.short_memory.list("seen", live=False, **how),
    }


def test_from_its_end_a_list_has_the_same_rows(source: Source) -> None:
    fill(source)
    for (name, read), limit in product(lists(source).items(), (1, 4, 100)):
        whole = read(limit=100).rows
        found: tuple[Any, ...] = ()
        page = read(limit=limit, backwards=True)
        while True:
            found = (*page, *found)
            assert len(page) <= limit
            if page.next is None:
                break
            page = read(limit=limit, after=page.next, backwards=True)
        assert found == whole and len(whole) > 4, name


def test_what_is_overdue_is_not_read_from_its_end(source: Source) -> None:
    with pytest.raises(Invalid, match="leave out backwards"):
        source.approvals.list(overdue=True, backwards=True)
