"""Which calls need nobody, and what an answer means for the call that waited (contract agents 3.2 and 7)."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from servers import until
from support.agents import Place

from workbench.data import Invalid, Source
from workbench.data.agents.approvals import Outcome, Policy
from workbench.data.agents.policy import ALWAYS_ALLOWED, REMEMBERED, Remembered
from workbench.data.agents.records import Approval

LONG = 30.0


@pytest.mark.parametrize(
    ("patterns", "tool", "matches"),
    [
        (("run_shell",), "run_shell", True),
        (("Run_Shell",), "rUN_sHELL", True),
        (("run_shell",), "run_shell2", False),
        (("browser_*",), "browser_navigate", True),
        (("BROWSER_*",), "Browser_x", True),
        (("browser_*",), "browser_", True),
        (("browser_*",), "browser", False),
        (("*",), "anything", True),
        (("save_file", "git*"), "github", True),
        (("a*b",), "a*b", True),
        (("a*b",), "axb", False),
        ((), "run_shell", False),
    ],
)
def test_patterns_of_names(patterns: tuple[str, ...], tool: str, matches: bool) -> None:
    assert Policy(allowed=patterns).is_allowed(tool) is matches
    assert Policy(denied=patterns).is_denied(tool) is matches


def test_tools_that_only_look_are_always_allowed() -> None:
    policy = Policy()
    for tool in ("read_file", "web_search", "memory_search", "Read_File", "google_tasks_list_tasks", "graph_query"):
        assert policy.is_allowed(tool) and not policy.is_denied(tool)
    for tool in ("run_shell", "save_file", "browser_navigate", "google_gmail_send_message"):
        assert not policy.is_allowed(tool)
    assert len(ALWAYS_ALLOWED) == 45


BAD: list[dict[str, Any]] = [
    {"allowed": "run*"},
    {"denied": 5},
    {"allowed": ("",)},
    {"denied": (None,)},
    {"ttl": "30m"},
    {"cache_ttl": None},
    {"background": "ask"},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_policy_that_makes_no_sense_is_refused(bad: Any) -> None:
    with pytest.raises(Invalid):
        Policy(**bad)


# -- remembering -------------------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_approved_call_is_remembered_for_a_while_and_is_no_other_call() -> None:
    clock = Clock()
    remembered = Remembered(clock)
    remembered.approve("t", "run_shell", "{}", 600.0)
    clock.now = 599.0
    assert remembered.approved("t", "run_shell", "{}")
    for other in (
        ("u", "run_shell", "{}"),
        ("t", "save_file", "{}"),
        ("t", "run_shell", "{ }"),
        ("tr", "un_shell", "{}"),
    ):
        assert not remembered.approved(*other)
    clock.now = 600.0
    assert not remembered.approved("t", "run_shell", "{}")
    remembered.approve("t", "run_shell", "{}", 0.0)
    assert not remembered.approved("t", "run_shell", "{}")


def test_only_so_many_calls_are_remembered_and_the_oldest_is_forgotten() -> None:
    remembered = Remembered(Clock())
    for i in range(REMEMBERED + 10):
        remembered.approve("t", "tool", str(i), 600.0)
    found = [i for i in range(REMEMBERED + 10) if remembered.approved("t", "tool", str(i))]
    assert found == list(range(10, REMEMBERED + 10))


def test_a_tool_can_be_allowed_for_a_while() -> None:
    clock = Clock()
    remembered = Remembered(clock)
    remembered.allow("Run_Shell", 300.0, ())
    remembered.allow("save_file", 300.0, ("STAGING", "", "/tmp"))
    remembered.allow("sql", 300.0, ("", ""))
    remembered.allow("nothing", 0.0, ())
    remembered.allow("nothing", -5.0, ())
    assert remembered.allowed("run_shell", "anything")
    assert remembered.allowed("SAVE_FILE", '{"host":"staging-2"}') and remembered.allowed("save_file", "/TMP/x")
    assert not remembered.allowed("save_file", "production")
    assert remembered.allowed("sql", ""), "a filter of empty texts is none"
    assert not remembered.allowed("nothing", "") and not remembered.allowed("run_shell2", "")
    clock.now = 300.0
    assert not remembered.allowed("run_shell", "anything")


def test_remembering_is_safe_in_many_threads() -> None:
    remembered = Remembered()

    def work(number: int) -> None:
        for i in range(300):
            remembered.approve(str(number), "tool", str(i), 600.0)
            assert remembered.approved(str(number), "tool", str(i)) or len(remembered._calls) == REMEMBERED
            remembered.allow(f"tool{i}", 600.0, ())
            assert remembered.allowed(f"tool{i}", "")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [None] * 4


# -- asking ------------------------------------------------------------------------------------------------------

Ask = Callable[..., Outcome]


@pytest.fixture(params=["thread", "task"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Outcome]:
    """Ask in the way of a thread, or of a task."""

    def asking(approvals: Any, *given: Any, **about: Any) -> Outcome:
        if request.param == "thread":
            return approvals.ask(*given, **about)  # type: ignore[no-any-return]
        return asyncio.run(approvals.ask_async(*given, **about))

    return asking


@pytest.fixture
def answered(source: Source, ask: Ask) -> Callable[..., Outcome]:
    """Ask, and have somebody answer."""

    def asking(approvals: Any, answer: Callable[[Approval], object], *given: Any, **about: Any) -> Outcome:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask, approvals, *given, timeout=LONG, **about)
            held = until(lambda: source.approvals.list_pending().rows)[0]
            answer(held)
            return asked.result(LONG)

    return asking


def rows(place: Place) -> int:
    return int(place.rows("SELECT count(*) FROM approvals")[0][0])


def test_what_the_policy_decides_makes_no_row(place: Place, source: Source, ask: Ask) -> None:
    approvals = source.approvals.configured(policy=Policy(allowed=("git_*", "rm"), denied=("RM", "read_*")))
    for tool, run, reason in (
        ("git_log", True, "always_allowed"),
        ("calculator", True, "always_allowed"),
        ("rm", False, "denied"),
        ("read_file", False, "denied"),
    ):
        assert ask(approvals, tool) == Outcome(run, reason)  # type: ignore[arg-type]
        assert ask(approvals, tool, background=True).reason == reason
    assert ask(approvals, "save", background=True) == Outcome(False, "background_rejected")
    approving = source.approvals.configured(policy=Policy(background="approve"))
    assert ask(approving, "save", background=True) == Outcome(True, "background_task")
    assert rows(place) == 0


def test_a_background_call_can_wait_for_an_answer(source: Source, answered: Any) -> None:
    approvals = source.approvals.configured(policy=Policy(background="block"))
    outcome = answered(approvals, lambda held: source.approvals.resolve(held.id, "approved"), "save", background=True)
    assert outcome.run and outcome.reason == "approved"


def test_an_approved_call_runs_and_is_not_asked_about_again(
    place: Place, source: Source, answered: Any, ask: Ask
) -> None:
    def approve(held: Approval) -> None:
        assert (held.tool_name, held.args, held.thread_id, held.created_by) == ("save", '{"a":1}', "t", "ada")
        source.approvals.decide(held.id, "approved", shown=held, resolved_by="ops")

    outcome = answered(source.approvals, approve, "save", '{"a":1}', thread_id="t", created_by="ada")
    assert outcome.run and outcome.reason == "approved" and outcome.approval.resolved_by == "ops"
    shared = source.approvals.configured(policy=Policy(ttl=5))
    assert ask(shared, "save", '{"a":1}', thread_id="t") == Outcome(True, "cache_hit")
    assert rows(place) == 1
    with pytest.raises(TimeoutError):
        ask(source.approvals, "save", '{"a":2}', thread_id="t", timeout=0)
    assert rows(place) == 2 and source.approvals.counts()["pending"] == 1


def test_a_policy_can_forget_at_once(place: Place, source: Source, answered: Any) -> None:
    approvals = source.approvals.configured(policy=Policy(cache_ttl=0))
    for _ in range(2):
        assert answered(approvals, lambda held: approvals.resolve(held.id, "approved"), "save").reason == "approved"
    assert rows(place) == 2


@pytest.mark.parametrize(
    ("status", "feedback", "reason"),
    [
        ("rejected", "", "rejected"),
        ("rejected", "no", "rejected"),
        ("approved", "use staging", "changes_requested"),
        ("expired", "Expired: approval TTL exceeded", "expired"),
        ("expired", "", "expired"),
        ("cancelled", "", "not_understood"),
        ("", "", "not_understood"),
    ],
)
def test_any_other_answer_does_not_run_the_call(
    place: Place, source: Source, answered: Any, status: str, feedback: str, reason: str
) -> None:
    def answer(held: Approval) -> None:
        place.run(f"UPDATE approvals SET status = '{status}', feedback = '{feedback}' WHERE id = '{held.id}'")

    outcome = answered(source.approvals, answer, "save")
    assert (outcome.run, outcome.reason, outcome.feedback) == (False, reason, feedback)
    assert not source.approvals._remembered.approved("", "save", "")


def test_an_approval_of_something_else_does_not_run_the_call(place: Place, source: Source, answered: Any) -> None:
    outcome = answered(
        source.approvals, lambda held: place.run("UPDATE approvals SET status = 'approved', args = 'ls'"), "save", "rm"
    )
    assert (outcome.run, outcome.reason) == (False, "not_as_asked")


def test_an_answer_that_cannot_be_read_does_not_run_the_call(theirs: Place) -> None:
    with theirs.open() as source:
        theirs.run("DELETE FROM approvals")
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(source.approvals.ask, "save", timeout=LONG)
            until(lambda: source.approvals.list_pending().rows)
            theirs.run("UPDATE approvals SET status = 'approved', feedback = x'ff'")
            assert asked.result(LONG).run is False


def test_a_tool_that_was_allowed_for_a_while_is_not_asked_about(source: Source, ask: Ask) -> None:
    approvals = source.approvals
    approvals.allow_for("save", timedelta(minutes=5), containing="staging")
    assert ask(approvals, "SAVE", '{"host":"Staging"}') == Outcome(True, "approve_list")
    with pytest.raises(TimeoutError):
        ask(approvals, "save", '{"host":"production"}', timeout=0)
    assert ask(approvals, "save", "staging", background=True).reason == "background_rejected"
    for bad in ({"duration": "5"}, {"duration": 5, "containing": (7,)}):
        with pytest.raises(Invalid):
            approvals.allow_for("save", **bad)
    with pytest.raises(Invalid):
        approvals.allow_for(None, 5)


def test_a_call_that_makes_no_sense_is_refused_whatever_the_policy_says(place: Place, source: Source, ask: Ask) -> None:
    approvals = source.approvals.configured(policy=Policy(allowed=("*",)))
    for given in (("",), (None,), ("save", {"a": 1}), ("save", "x" * 10_000_000)):
        with pytest.raises(Invalid):
            ask(approvals, *given)
    with pytest.raises(TypeError):
        ask(source.approvals, "save", colour="red")
    with pytest.raises(Invalid):
        source.approvals.configured(policy="strict")
    assert rows(place) == 0


def test_who_may_resolve_what(source: Source) -> None:
    approvals = source.approvals
    adas, nobodys = approvals.create(tool_name="t", created_by="ada"), approvals.create(tool_name="t")
    assert approvals.can_resolve(adas, "ada") and approvals.can_resolve(adas, "eve", "admin")
    assert not approvals.can_resolve(adas, "eve") and not approvals.can_resolve(adas, "")
    assert not any(approvals.can_resolve(adas, "eve", role) for role in ("agent", "user", "demo", "ADMIN"))
    assert approvals.can_resolve(nobodys, "eve") and approvals.can_resolve(nobodys, "")


def test_many_threads_ask_at_once(place: Place, source: Source) -> None:
    begin = monotonic()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(source.approvals.ask, "save", str(i), timeout=LONG) for i in range(8)]
        until(lambda: len(source.approvals.list_pending()) == 8)
        place.run("UPDATE approvals SET status = 'approved'")
        assert [each.result(LONG).run for each in asked] == [True] * 8
    assert monotonic() - begin < LONG
    until(lambda: not any(thread.name == "workbench-poller" for thread in threading.enumerate()))
