"""Tool calls beside their answers, and totals."""

import pytest
from support.events import answered, called, read, row, said, written

from workbench.data.agents.events import Event, read_event
from workbench.data.agents.exchanges import Totals, exchanges


def pairs(*texts: str) -> list[tuple[str | None, int | None, str | None, int | None]]:
    """Of each exchange: the tool called, in which event, what was answered, in which event."""
    return [
        (
            exchange.call and exchange.call.name,
            exchange.asked and exchange.asked.id,
            exchange.result and exchange.result.content,
            exchange.answered and exchange.answered.id,
        )
        for exchange in exchanges(read(*texts))
    ]


def test_ids_pair_whatever_the_order_of_the_answers() -> None:
    found = pairs(
        called(("c1", "run_shell"), ("c2", "read_file")),
        answered(("c2", "read_file", "two")),
        answered(("c1", "run_shell", "one")),
    )
    assert found == [("run_shell", 1, "one", 3), ("read_file", 1, "two", 2)]


def test_a_call_without_answer_is_still_waited_for() -> None:
    assert pairs(called(("c1", "run_shell"))) == [("run_shell", 1, None, None)]


def test_an_answer_without_its_call_stands_where_it_came() -> None:
    found = pairs(answered(("gone", "run_shell", "late")), called(("c1", "run_shell")))
    assert found == [(None, None, "late", 1), ("run_shell", 2, None, None)]
    assert [each.name for each in exchanges(read(answered(("gone", "run_shell", ""))))] == ["run_shell"]


def test_an_id_used_again_belongs_to_the_invocation() -> None:
    found = pairs(
        called(("call_0", "a"), invocationId="one"),
        called(("call_0", "b"), invocationId="two"),
        answered(("call_0", "a", "of one"), invocationId="one"),
        answered(("call_0", "b", "of two"), invocationId="two"),
    )
    assert found == [("a", 1, "of one", 3), ("b", 2, "of two", 4)]


def test_an_id_used_again_in_one_invocation_goes_by_name_then_by_order() -> None:
    found = pairs(
        called(("x", "first"), ("x", "second"), ("x", "second")),
        answered(("x", "second", "1"), ("x", "second", "2"), ("x", "first", "3")),
    )
    assert found == [("first", 1, "3", 2), ("second", 1, "1", 2), ("second", 1, "2", 2)]


def test_an_answer_of_another_invocation_goes_to_the_latest_open_call() -> None:
    found = pairs(
        called(("x", "a"), invocationId="one"),
        called(("x", "a"), invocationId="two"),
        answered(("x", "a", "late"), invocationId="three"),
    )
    assert found == [("a", 1, None, None), ("a", 2, "late", 3)]


def test_without_ids_the_name_decides_and_then_the_order() -> None:
    found = pairs(
        called(("", "run_shell"), ("", "read_file"), ("", "run_shell")),
        answered(("", "read_file", "file"), ("", "run_shell", "one"), ("", "", "any")),
    )
    assert found == [("run_shell", 1, "one", 2), ("read_file", 1, "file", 2), ("run_shell", 1, "any", 2)]


def test_without_ids_nothing_pairs_across_invocations_sessions_or_tools() -> None:
    assert pairs(called(("", "a"), invocationId="one"), answered(("", "a", "x"), invocationId="two"))[0][2] is None
    assert pairs(called(("", "a")), answered(("", "b", "x")))[0][2] is None
    asked = read_event(row(called(("c", "a")), 1, session="one"))
    other = read_event(row(answered(("c", "a", "x")), 2, session="two"))
    assert [each.result and each.call for each in exchanges([asked, other])] == [None, None]


def test_an_answer_with_an_id_may_belong_to_a_call_without_one_but_to_no_other() -> None:
    assert pairs(called(("", "a")), answered(("c9", "a", "x"))) == [("a", 1, "x", 2)]
    assert pairs(called(("c1", "a")), answered(("c9", "a", "x")))[0][2] is None
    assert pairs(called(("c1", "a")), answered(("", "a", "x"))) == [("a", 1, "x", 2)]


def test_a_second_answer_to_the_same_call_stands_alone() -> None:
    found = pairs(called(("c1", "a")), answered(("c1", "a", "one")), answered(("c1", "a", "two")))
    assert found == [("a", 1, "one", 2), (None, None, "two", 3)]


def test_a_partial_event_asks_for_nothing() -> None:
    assert pairs(called(("c1", "a"), is_partial=True), called(("c1", "a")), answered(("c1", "a", "x"))) == [
        ("a", 2, "x", 3)
    ]


def test_damaged_ids_and_names_pair_with_nothing_and_break_nothing() -> None:
    broken = written(choices=said({"role": "assistant", "tool_calls": [{"id": [1], "function": {"name": {}}}]}))
    assert len(exchanges(read(broken, answered(("c1", "a", "x")), "", "null"))) >= 1


def spent(number: int, **usage: object) -> Event:
    return read_event(row(written(usage=usage), number))


def test_totals_count_each_event_once_and_go_on_from_the_last() -> None:
    totals = Totals()
    first = spent(3, prompt_tokens=10, completion_tokens=5, total_tokens=15, prompt_tokens_details={"cached_tokens": 2})
    assert totals.add(first) and not totals.add(first)
    assert totals.add(read_event(row(written(error={"message": "x", "type": "run_error"}), 4)))
    assert totals.add(read_event(row("", 6)))
    assert not totals.add(spent(5, total_tokens=1000))
    assert totals == Totals(last_id=6, events=3, prompt=10, completion=5, total=15, cached=2, errors=1, unreadable=1)


@pytest.mark.parametrize("usage", [{"prompt_tokens": 3, "completion_tokens": 4}, {"total_tokens": 7}])
def test_a_total_that_is_missing_is_added_up(usage: dict[str, int]) -> None:
    totals = Totals()
    totals.add(spent(1, **usage))
    assert totals.total == 7


def test_damaged_figures_count_for_nothing() -> None:
    totals = Totals()
    totals.add(spent(1, prompt_tokens="many", total_tokens=2**70, completion_tokens=4))
    totals.add(read_event(row(written(usage=[]), 2)))
    assert (totals.events, totals.prompt, totals.completion, totals.total) == (2, 0, 4, 4)
