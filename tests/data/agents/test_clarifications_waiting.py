"""Waiting for an answer that another process gives."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import pytest
from servers import until
from support.agents import Place
from support.processes import SqlProcess

from workbench.data import Source
from workbench.data.errors import NotFound, Unavailable

TOLD = 20 * 0.025  # twenty times the goal


def waiting(source: Source) -> bool:
    """Whether somebody waits on this source."""
    return bool(source._poller._watches)


def test_what_is_decided_already_is_returned_at_once(source: Source) -> None:
    asked = source.clarifications.ask("Which?")
    answered = source.clarifications.respond(asked.id, "this")
    assert source.clarifications.wait(asked.id, timeout=0) == answered
    assert asyncio.run(source.clarifications.wait_async(asked.id, timeout=1)) == answered


@pytest.mark.parametrize("decide", ["respond", "dismiss"])
def test_a_waiter_is_told_of_a_decision_elsewhere(source: Source, again: Callable[..., Source], decide: str) -> None:
    asked = source.clarifications.ask("Which?")
    operator = again()
    operator.clarifications.get(asked.id)
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(source.clarifications.wait, asked.id, timeout=20)
        until(lambda: waiting(source))
        assert not waiter.done()
        answer = ("this",) if decide == "respond" else ()
        decided = getattr(operator.clarifications, decide)(asked.id, *answer)
        begin = monotonic()
        assert waiter.result() == decided
        assert monotonic() - begin < TOLD
    assert decided.status == ("answered" if answer else "expired")


def test_a_waiter_is_told_of_what_that_program_writes(theirs: Place) -> None:
    with theirs.open() as source, SqlProcess(Path(theirs.direct)) as program, ThreadPoolExecutor(1) as pool:
        asked = source.clarifications.ask("Which?")
        waiter = pool.submit(source.clarifications.wait, asked.id, timeout=20)
        until(lambda: waiting(source))
        program.run(
            "UPDATE clarifications SET answer = 'theirs', status = 'answered', "
            f"answered_at = '2026-11-20 12:00:00.123456789 +0000 UTC' WHERE id = '{asked.id}'"
        )
        answered = waiter.result()
        assert (answered.answer, answered.stored["answered_at"]) == (
            "theirs",
            "2026-11-20 12:00:00.123456789 +0000 UTC",
        )


def test_an_async_waiter_is_told_and_the_loop_runs_on(source: Source, again: Callable[..., Source]) -> None:
    asked = source.clarifications.ask("Which?")
    operator = again()

    async def both() -> tuple[str, int]:
        waiter = asyncio.create_task(source.clarifications.wait_async(asked.id, timeout=20))
        turns = 0
        while not waiting(source):
            await asyncio.sleep(0)
            turns += 1
        await asyncio.to_thread(operator.clarifications.respond, asked.id, "this")
        return (await waiter).answer, turns

    answer, turns = asyncio.run(both())
    assert answer == "this" and turns > 0


def test_a_waiter_gives_up_and_the_question_stays_pending(source: Source) -> None:
    asked = source.clarifications.ask("Which?")
    with pytest.raises(TimeoutError, match=f"an answer to question {asked.id}"):
        source.clarifications.wait(asked.id, timeout=0.05)
    with pytest.raises(TimeoutError):
        asyncio.run(source.clarifications.wait_async(asked.id, timeout=0.05))
    assert source.clarifications.get(asked.id) == asked


def test_a_question_that_is_not_there_or_is_removed_ends_the_wait(source: Source, place: Place) -> None:
    with pytest.raises(NotFound):
        source.clarifications.wait("nobody", timeout=1)
    asked = source.clarifications.ask("Which?")
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(source.clarifications.wait, asked.id, timeout=20)
        until(lambda: waiting(source))
        place.run("DELETE FROM clarifications")
        with pytest.raises(NotFound):
            waiter.result()


def test_closing_the_source_ends_the_wait(source: Source, again: Callable[..., Source]) -> None:
    asked = source.clarifications.ask("Which?")
    other = again()
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(other.clarifications.wait, asked.id)
        until(lambda: waiting(other))
        other.close()
        with pytest.raises(Unavailable):
            waiter.result(timeout=20)
    assert source.clarifications.get(asked.id).status == "pending"


def test_a_cancelled_waiter_leaves_nothing_behind(source: Source) -> None:
    asked = source.clarifications.ask("Which?")

    async def cancel() -> None:
        waiter = asyncio.create_task(source.clarifications.wait_async(asked.id))
        while not waiting(source):
            await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter

    asyncio.run(cancel())
    until(lambda: not waiting(source))
    until(lambda: not any(thread.name == "workbench-poller" for thread in threading.enumerate()))
    assert source.clarifications.get(asked.id).status == "pending"


def test_waiting_costs_little(source: Source) -> None:
    asked = source.clarifications.ask("Which?")
    begin = sum(os.times()[:2])
    with pytest.raises(TimeoutError):
        source.clarifications.wait(asked.id, timeout=1)
    assert sum(os.times()[:2]) - begin < 0.5
