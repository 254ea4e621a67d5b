"""Background work of the screen: newest answers only, failures told, nothing that holds up quitting."""

import queue
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest
from servers import until

from workbench.data import NotFound, Source, Timeouts, Unavailable, open_source
from workbench.tui.gateway import HUNG, Gateway, Lane


class Loop:
    """What a screen's loop does: takes in what is delivered, one after the other."""

    def __init__(self) -> None:
        self.queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.heard: list[object] = []

    def turn(self, seconds: float = 20.0) -> None:
        self.queue.get(timeout=seconds)()

    def until(self, count: int) -> list[object]:
        while len(self.heard) < count:
            self.turn()
        return self.heard


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def gateway(loop: Loop) -> Iterator[Gateway]:
    made = Gateway(loop.queue.put)
    yield made
    made.stop()


@pytest.fixture
def lane(gateway: Gateway, tmp_path: Path) -> Lane:
    open_source(tmp_path / "a.db", create=True).close()
    return gateway.lane("a", lambda: open_source(tmp_path / "a.db"))


def ask(lane: Lane, loop: Loop, work: Callable[[Source], object], slot: str = "s") -> None:
    lane.read(slot, work, loop.heard.append, loop.heard.append)


def test_an_answer_comes_back_on_the_loop(lane: Lane, loop: Loop) -> None:
    ask(lane, loop, lambda source: source.kinds)
    assert loop.heard == []  # nothing happens behind the loop's back
    assert loop.until(1) == [("home", "agents")]


def test_an_older_reading_of_the_same_slot_is_never_answered(lane: Lane, loop: Loop) -> None:
    go, begun = threading.Event(), threading.Event()

    def slow(source: Source) -> str:
        begun.set()
        go.wait(20)
        return "old"

    ask(lane, loop, slow)
    assert begun.wait(20)
    ask(lane, loop, lambda _: "never begun")
    ask(lane, loop, lambda _: "new")
    ask(lane, loop, lambda _: "other slot", "t")
    go.set()
    assert loop.until(2) == ["new", "other slot"]


def test_acting_goes_on_while_a_reading_hangs(lane: Lane, loop: Loop) -> None:
    go = threading.Event()
    ask(lane, loop, lambda _: go.wait(20))
    lane.act(lambda _: "done", loop.heard.append, loop.heard.append)
    assert lane.acting
    assert loop.until(1) == ["done"]
    until(lambda: not lane.acting)
    assert lane.silent_for > 0
    go.set()


def test_a_failure_is_told_and_the_next_question_is_answered(lane: Lane, loop: Loop) -> None:
    def fail(source: Source) -> None:
        raise NotFound("gone")

    ask(lane, loop, fail)
    ask(lane, loop, lambda _: 1, "t")
    first, second = loop.until(2)
    assert isinstance(first, NotFound) and second == 1


def test_a_source_that_cannot_be_opened_is_tried_again_only_after_a_while(gateway: Gateway, loop: Loop) -> None:
    tries: list[float] = []

    def opener() -> Source:
        tries.append(monotonic())
        raise Unavailable("down")

    lane = gateway.lane("b", opener)
    for slot in "abc":
        ask(lane, loop, lambda _: None, slot)
    assert [str(error) for error in loop.until(3)] == ["down"] * 3
    assert len(tries) == 1
    lane.retry()
    ask(lane, loop, lambda _: None)
    loop.until(4)
    assert len(tries) == 2


def test_after_forgetting_the_source_is_opened_anew(lane: Lane, loop: Loop) -> None:
    ask(lane, loop, id)
    (first,) = loop.until(1)
    lane.forget()
    ask(lane, loop, lambda source: source)
    second = loop.until(2)[1]
    assert id(second) != first and lane.source is second


def test_a_silent_server_shows_as_silent_and_does_not_hold_up_the_end(gateway: Gateway, loop: Loop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dsn = f"postgresql://u:p@127.0.0.1:{listener.getsockname()[1]}/d"
        lane = gateway.lane("silent", lambda: open_source(dsn, timeouts=Timeouts(connect=30, statement=30)))
        ask(lane, loop, lambda source: source.kinds)
        until(lambda: lane.silent_for > 0.2)
        begin = monotonic()
        gateway.stop()
        assert monotonic() - begin < 1.0
        assert loop.heard == []


def test_nothing_is_delivered_after_the_end(lane: Lane, gateway: Gateway, loop: Loop) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(_: Source) -> str:
        begun.set()
        go.wait(20)
        return "late"

    ask(lane, loop, slow)
    assert begun.wait(20)
    gateway.stop()
    go.set()
    loop.turn()
    assert loop.heard == []


def test_a_source_that_lets_questions_run_into_their_deadlines_is_silent_all_the_while(
    gateway: Gateway, loop: Loop
) -> None:
    answers: list[Callable[[], Source]] = []
    lane = gateway.lane("b", lambda: answers.pop(0)())

    def hangs() -> Source:
        threading.Event().wait(HUNG)
        raise Unavailable("no answer")

    def refuses() -> Source:
        raise Unavailable("refused")

    answers += [hangs, refuses]
    ask(lane, loop, id)
    loop.until(1)
    assert lane.silent_for >= HUNG and not lane.asking
    ask(lane, loop, id)  # too early to be tried again: nobody is asked, and nobody answers
    loop.until(2)
    assert lane.silent_for >= HUNG and len(answers) == 1
    lane.retry()
    ask(lane, loop, id)
    loop.until(3)
    assert lane.silent_for == 0 and not lane.answering


def test_an_act_that_waits_for_a_lock_is_told_apart_from_a_source_that_is_silent(lane: Lane, loop: Loop) -> None:
    go = threading.Event()
    lane.act(lambda _: go.wait(20), loop.heard.append, loop.heard.append)
    ask(lane, loop, lambda _: "read")
    assert loop.until(1) == ["read"] and lane.answering
    assert lane.silent_for == 0 and until(lambda: lane.acting_for > 0.05)
    go.set()
    loop.until(2)
    until(lambda: lane.acting_for == 0)


def test_a_source_is_closed_only_when_nobody_is_inside_it_any_more(lane: Lane, loop: Loop) -> None:
    go, begun = threading.Event(), threading.Event()

    def slow(source: Source) -> object:
        begun.set()
        assert go.wait(20)
        return source.approvals.counts()

    lane.act(slow, loop.heard.append, loop.heard.append)
    assert begun.wait(20)
    lane.forget()
    ask(lane, loop, lambda source: source.kinds)
    loop.until(1)
    assert any(thread.is_alive() for thread in lane.closing)
    go.set()
    assert loop.until(2)[1] == {}  # the old source served to the end
    until(lambda: not any(thread.is_alive() for thread in lane.closing))


def test_what_failed_because_the_source_was_dropped_is_no_news(lane: Lane, loop: Loop) -> None:
    go, begun = threading.Event(), threading.Event()

    def fails(_: Source) -> None:
        begun.set()
        assert go.wait(20)
        raise Unavailable("closed under it")

    ask(lane, loop, fails)
    assert begun.wait(20)
    lane.forget()
    go.set()
    ask(lane, loop, lambda _: "new", "t")
    loop.turn()
    assert loop.until(1) == ["new"]


def test_dropping_a_source_that_is_being_opened_waits_for_nothing(gateway: Gateway, loop: Loop, tmp_path: Path) -> None:
    open_source(tmp_path / "a.db", create=True).close()
    go, begun = threading.Event(), threading.Event()
    opened: list[Source] = []

    def slowly() -> Source:
        begun.set()
        assert go.wait(20)
        opened.append(open_source(tmp_path / "a.db"))
        return opened[-1]

    lane = gateway.lane("c", slowly)
    ask(lane, loop, lambda source: source)
    assert begun.wait(20)
    begin = monotonic()
    lane.reopen_with(lambda: open_source(tmp_path / "a.db", read_only=True))
    assert monotonic() - begin < 1.0
    go.set()
    (source,) = loop.until(1)
    assert isinstance(source, Source) and source.read_only and source is not opened[0]


def test_at_the_end_sources_are_closed_and_their_threads_end(gateway: Gateway, lane: Lane, loop: Loop) -> None:
    ask(lane, loop, lambda source: source.kinds)
    loop.until(1)
    assert lane.source is not None
    gateway.stop()
    gateway.wait(20)
    assert not any(thread.is_alive() for thread in lane.closing)
    until(lambda: not {"workbench-read-a", "workbench-act-a"} & {thread.name for thread in threading.enumerate()})


def test_what_takes_long_holds_up_neither_acts_nor_readings(gateway: Gateway, lane: Lane, loop: Loop) -> None:
    goes_on = threading.Event()
    lane.work(lambda source: goes_on.wait(30), loop.heard.append, loop.heard.append)
    lane.act(lambda source: "act", loop.heard.append, loop.heard.append)
    assert loop.until(1) == ["act"]
    ask(lane, loop, lambda source: "read")
    assert loop.until(2) == ["act", "read"]
    assert lane.working and gateway.acting and not gateway.deciding
    source = lane.source
    lane.forget()  # opened anew: what is worked on stays open until that is done
    ask(lane, loop, lambda source: "read anew")
    assert loop.until(3)[-1] == "read anew" and lane.source is not source
    goes_on.set()
    assert loop.until(4)[-1] is True
    assert until(lambda: not gateway.acting)
