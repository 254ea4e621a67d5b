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
from workbench.tui.gateway import Gateway, Lane


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
