"""Ids by their beginning, on every engine: every status counts, and letters are what they are."""

import pytest
from support.agents import Place

from workbench.data import Invalid, Source


@pytest.fixture
def rows(place: Place, source: Source) -> None:
    """Approvals and questions with ids of our choice."""
    for id, status in [("4f1c", "pending"), ("4f1d", "approved"), ("4F1e", "pending"), ("5%_x", "expired")]:
        place.run(
            "INSERT INTO approvals (id, tool_name, args, status, created_at, thread_id, run_id, tenant_id) "
            f"VALUES ('{id}', 't', '', '{status}', '2026-01-01 00:00:00+00:00', '', '', '')"
        )
    for id, status in [("4f1c", "answered"), ("4fée", "pending"), ("9", "expired")]:
        place.run(
            "INSERT INTO clarifications (id, question, context, answer, status, sender_context, created_at) "
            f"VALUES ('{id}', 'q', '', '', '{status}', '', '2026-01-01 00:00:00+00:00')"
        )


@pytest.mark.usefixtures("rows")
def test_ids_are_found_by_their_beginning_whatever_their_status(source: Source) -> None:
    assert sorted(source.approvals.ids("4f")) == ["4f1c", "4f1d"]
    assert source.approvals.ids("4F") == ("4F1e",)
    assert source.approvals.ids("4f1c") == ("4f1c",)
    assert source.approvals.ids("4f1cc") == source.approvals.ids("_") == source.approvals.ids("%") == ()
    assert source.approvals.ids("5%_") == ("5%_x",)
    assert sorted(source.clarifications.ids("4f")) == ["4f1c", "4fée"]
    assert source.clarifications.ids("4fé") == ("4fée",)
    assert source.clarifications.ids("9") == ("9",)


@pytest.mark.usefixtures("rows")
def test_no_more_than_the_limit(source: Source) -> None:
    assert len(source.approvals.ids("4f", limit=1)) == 1
    for wrong in ("", None, 7, "a\0", "\ud800"):
        with pytest.raises(Invalid):
            source.approvals.ids(wrong)  # type: ignore[arg-type]
    for none in (0, -1, True, 1.5, "1", None):
        with pytest.raises(Invalid):
            source.clarifications.ids("4f", limit=none)  # type: ignore[arg-type]


def test_the_index_of_the_key_is_all_that_is_read(theirs: Place) -> None:
    sql = "SELECT id FROM approvals WHERE substr(CAST(id AS text), 1, 2) = '4f' ORDER BY id LIMIT 20"
    ((*_, how),) = theirs.rows(f"EXPLAIN QUERY PLAN {sql}")
    assert "COVERING INDEX" in how
