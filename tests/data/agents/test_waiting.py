"""Waiting for a decision: told of another process's commit, idle until then, and gone without a trace."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic, process_time
from typing import Any

import pytest
from servers import Server, until
from support.agents import Place
from support.resolvers import Resolvers

from workbench.data import Invalid, NotFound, Source, Unavailable, open_source
from workbench.data.agents.waiting import wait_for, wait_for_async
from workbench.data.engine.watch import WAITING

SOON = 20 * WAITING + 0.5  # twenty times the goal, and what a busy machine may take to start a thread
LONG = 30.0  # for what must come, however busy the machine is


def probing() -> bool:
    return any(thread.name == "workbench-poller" for thread in threading.enumerate())


def watched(source: Source) -> bool:
    return bool(source._poller._watches)


@contextmanager
def beside(wait: Callable[[], Any]) -> Iterator[Any]:
    """A wait in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(wait)


def test_what_is_decided_already_is_returned_at_once(source: Source) -> None:
    held = source.approvals.create(tool_name="t")
    done = source.approvals.resolve(held.id, "rejected", resolved_by="ops", feedback="no")
    assert source.approvals.wait(held.id) == done
    assert source.approvals.wait(held.id, timeout=0) == done
    assert asyncio.run(source.approvals.wait_async(held.id, timeout=0)) == done


def test_the_decision_of_another_process_ends_the_wait(place: Place, source: Source) -> None:
    held = [source.approvals.create(tool_name="t").id for _ in range(3)]
    for id in held:
        with (
            Resolvers(place.target, [[id]]) as operator,
            beside(lambda i=id: source.approvals.wait(i, timeout=LONG)) as w,
        ):  # type: ignore[misc]
            until(lambda: watched(source))
            operator.go()
            until(lambda i=id: source.approvals.get(i).status != "pending", LONG)  # type: ignore[misc]
            begin = monotonic()
            done = w.result(LONG)
            assert monotonic() - begin < SOON
            assert (done.status, done.resolved_by) == ("approved", "operator-0")


def test_the_decision_of_another_process_ends_the_wait_of_a_task(place: Place, source: Source) -> None:
    held = [source.approvals.create(tool_name="t").id for _ in range(3)]

    async def wait() -> list[str]:
        waits = [asyncio.create_task(source.approvals.wait_async(id, timeout=LONG)) for id in held]
        await asyncio.to_thread(until, lambda: watched(source))
        operator.go()
        done = await asyncio.gather(*waits)
        return [row.status for row in done]

    with Resolvers(place.target, [held]) as operator:
        assert asyncio.run(wait()) == ["approved"] * 3


@pytest.mark.parametrize("status", ["expired", "cancelled", "PENDING", ""])
def test_any_other_status_ends_the_wait(place: Place, source: Source, status: str) -> None:
    held = source.approvals.create(tool_name="t")
    with beside(lambda: source.approvals.wait(held.id, timeout=LONG)) as waiting:
        until(lambda: watched(source))
        place.run(f"UPDATE approvals SET status = '{status}'")
        assert waiting.result(LONG).status == status


def test_a_row_that_is_removed_ends_the_wait(place: Place, source: Source) -> None:
    held = source.approvals.create(tool_name="t")
    with beside(lambda: source.approvals.wait(held.id, timeout=LONG)) as waiting:
        until(lambda: watched(source))
        place.run("DELETE FROM approvals")
        with pytest.raises(NotFound):
            waiting.result(LONG)
    with pytest.raises(NotFound):
        source.approvals.wait(held.id)
    with pytest.raises(NotFound):
        asyncio.run(source.approvals.wait_async(held.id))


def test_when_the_time_is_over_the_row_stays_pending_and_nothing_is_left(source: Source) -> None:
    held = source.approvals.create(tool_name="t")
    begin = monotonic()
    with pytest.raises(TimeoutError, match=r"a decision on approval '.*' did not come within 0.1 s"):
        source.approvals.wait(held.id, timeout=timedelta(seconds=0.1))
    with pytest.raises(TimeoutError, match=r"did not come within 0.1 s"):
        asyncio.run(source.approvals.wait_async(held.id, timeout=0.1))
    assert 0.2 <= monotonic() - begin < 0.2 + LONG
    with pytest.raises(TimeoutError):
        source.approvals.wait(held.id, timeout=0)
    assert source.approvals.get(held.id).status == "pending"
    until(lambda: not probing(), what="the end of the probing")
    assert not watched(source)


def test_commits_that_decide_nothing_do_not_end_the_wait(place: Place, source: Source) -> None:
    held, other = source.approvals.create(tool_name="t"), source.approvals.create(tool_name="t")
    with beside(lambda: source.approvals.wait(held.id, timeout=LONG)) as waiting:
        until(lambda: watched(source))
        for _ in range(5):
            place.run(f"UPDATE approvals SET question = question || 'x' WHERE id = '{other.id}'")
            assert not waiting.done()
        place.run(f"UPDATE approvals SET status = 'approved' WHERE id = '{held.id}'")
        assert waiting.result(LONG).id == held.id


def test_nothing_is_looked_up_while_nothing_changes(source: Source) -> None:
    source.approvals.create(tool_name="t")
    looks = []
    begin = process_time()
    with pytest.raises(TimeoutError):
        wait_for(source, lambda: looks.append(1), 1.0, "a sign")  # type: ignore[func-returns-value]
    assert 1 <= len(looks) <= 4, "the first look, the last one, and one for each commit before"
    assert process_time() - begin < 0.4, "the wait is busy"


def test_a_task_that_waits_can_be_cancelled(source: Source) -> None:
    held = source.approvals.create(tool_name="t")

    async def cancel() -> None:
        task = asyncio.create_task(source.approvals.wait_async(held.id))
        await asyncio.to_thread(until, lambda: watched(source))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    until(lambda: not probing(), what="the end of the probing")
    assert source.approvals.get(held.id).status == "pending"


def test_the_loop_goes_on_while_a_task_waits(source: Source) -> None:
    held = source.approvals.create(tool_name="t")

    async def tick() -> int:
        task = asyncio.create_task(source.approvals.wait_async(held.id, timeout=LONG))
        await asyncio.to_thread(until, lambda: watched(source))
        ticks = 0
        while ticks < 50:
            await asyncio.sleep(0.001)
            ticks += 1
        assert not task.done()
        await asyncio.to_thread(source.approvals.resolve, held.id, "approved")
        assert (await task).status == "approved"
        return ticks

    assert asyncio.run(tick()) == 50


def test_closing_the_source_ends_the_wait(again: Callable[..., Source], source: Source) -> None:
    held = source.approvals.create(tool_name="t")
    other = again()
    with beside(lambda: other.approvals.wait(held.id)) as waiting:
        until(lambda: watched(other))
        other.close()
        with pytest.raises(Unavailable):
            waiting.result(LONG)
    third = again()

    async def wait() -> None:
        task = asyncio.create_task(third.approvals.wait_async(held.id))
        await asyncio.to_thread(until, lambda: watched(third))
        await asyncio.to_thread(third.close)
        with pytest.raises(Unavailable):
            await task

    asyncio.run(wait())
    assert source.approvals.get(held.id).status == "pending"


def test_waiting_inside_a_transaction_is_refused(source: Source) -> None:
    held = source.approvals.create(tool_name="t")
    with source.database.transaction(), pytest.raises(Invalid, match="inside a transaction"):
        source.approvals.wait(held.id)


@pytest.mark.parametrize("timeout", ["5", float("nan"), True])
def test_a_timeout_that_is_none_is_refused(source: Source, timeout: Any) -> None:
    held = source.approvals.create(tool_name="t")
    with pytest.raises(Invalid):
        source.approvals.wait(held.id, timeout=timeout)
    with pytest.raises(Invalid):
        asyncio.run(source.approvals.wait_async(held.id, timeout=timeout))


def test_a_waiter_that_is_killed_leaves_the_row_as_it_is(place: Place, source: Source) -> None:
    held = source.approvals.create(tool_name="t")
    code = (
        "import sys\nfrom workbench.data import open_source\n"
        "with open_source(sys.argv[1]) as source:\n    source.approvals.get(sys.argv[2])\n"
        "    print('ready', flush=True)\n    source.approvals.wait(sys.argv[2])"
    )
    command = [sys.executable, "-c", code, place.target, held.id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as waiter:
        assert waiter.stdout is not None and waiter.stdout.readline() == "ready\n"
        waiter.send_signal(signal.SIGKILL)
    assert source.approvals.get(held.id) == held
    assert source.approvals.decide(held.id, "approved", shown=held, resolved_by="ops").status == "approved"


@pytest.mark.postgres
@pytest.mark.parametrize("way", ["thread", "task"])
def test_a_server_that_is_restarted_meanwhile_does_not_end_the_wait(own_server: Server, way: str) -> None:
    dsn = own_server.dsn(own_server.new_database())
    with open_source(dsn, create=True) as source:
        held = source.approvals.create(tool_name="t")
        looks = []

        def look() -> Any:
            found = source.approvals._look(held.id)()
            looks.append(found)
            return found

        def wait() -> Any:
            if way == "task":
                return asyncio.run(wait_for_async(source, look, LONG, "it"))
            return wait_for(source, look, LONG, "it")

        with beside(wait) as waiting:
            until(lambda: looks)
            own_server.stop(signal.SIGKILL)
            until(lambda: source._poller.error is not None, what="the loss of the server")
            assert not waiting.done()
            own_server.start()
            own_server.execute("UPDATE approvals SET status = 'approved'", dsn.rpartition("/")[2])
            assert waiting.result(LONG).status == "approved"
