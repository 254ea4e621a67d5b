"""Watching: every watcher gets all news, nobody eats another's, and nothing runs when nobody watches."""

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from time import monotonic
from typing import cast

import pytest
from support.processes import SqlProcess
from support.things import empty_file

from workbench.data.engine.sqlite import SqliteDatabase
from workbench.data.engine.watch import WAITING, Poller, Watch
from workbench.data.errors import Unavailable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return empty_file(tmp_path / "a.db")


@pytest.fixture
def poller(path: Path) -> Iterator[Poller]:
    with SqliteDatabase(path, read_only=True) as database:
        made = Poller(database)
        yield made
        made.stop()


def probing() -> bool:
    return any(thread.name == "workbench-poller" for thread in threading.enumerate())


def wait_until_nobody_probes() -> None:
    deadline = monotonic() + 10
    while probing():
        assert monotonic() < deadline, "the probe goes on although nobody watches"
        threading.Event().wait(0.01)


def test_another_processs_commit_is_noticed(poller: Poller, path: Path) -> None:
    with SqlProcess(path) as writer, poller.watch(WAITING) as watch:
        assert not watch.wait(0.1)
        for _ in range(3):
            begin = monotonic()
            writer.run("INSERT INTO other VALUES (1)")
            assert watch.wait(10)
            assert monotonic() - begin < 20 * WAITING
        assert not watch.wait(0.1)


def test_everybody_gets_the_news_even_who_asks_late(poller: Poller, path: Path) -> None:
    with SqlProcess(path) as writer, poller.watch(WAITING) as first, poller.watch(WAITING) as second:
        writer.run("INSERT INTO other VALUES (1)")
        assert first.wait(10)
        third = poller.watch(WAITING)  # begins after the change: no news for it
        assert not third.wait(0.1)
        assert second.wait(0), "the first watcher has eaten the second one's news"
        third.close()


def test_a_watch_that_begins_does_not_swallow_a_change_for_the_others(path: Path) -> None:
    with SqliteDatabase(path, read_only=True) as database, SqlProcess(path) as writer:
        slow = Poller(database)
        first = slow.watch(30.0)
        writer.run("INSERT INTO other VALUES (1)")
        second = slow.watch(30.0)
        assert first.wait(0) and not second.wait(0)
        slow.stop()


def test_a_closed_watch_and_a_stopped_poller_let_their_waiters_go(poller: Poller) -> None:
    for end in ("watch", "poller"):
        watch = poller.watch(WAITING)
        answers: list[bool] = []
        thread = threading.Thread(target=lambda w=watch, a=answers: a.append(w.wait(60)))
        thread.start()
        (watch.close if end == "watch" else poller.stop)()
        thread.join(10)
        assert answers == [False]
    with pytest.raises(Unavailable, match="closed"):
        poller.watch()
    wait_until_nobody_probes()


def test_a_forgotten_watch_ends_the_probing(poller: Poller) -> None:
    watch = poller.watch(WAITING)
    assert probing()
    del watch
    gc.collect()
    wait_until_nobody_probes()


def test_asyncio_gets_every_change_and_can_stop_waiting(poller: Poller, path: Path) -> None:
    async def follow(writer: SqlProcess) -> int:
        seen = 0
        with poller.watch(WAITING) as watch:
            writer.run("INSERT INTO other VALUES (1)")
            async for _ in watch.changes_async():
                seen += 1
                if seen == 3:
                    break
                await asyncio.to_thread(writer.run, "INSERT INTO other VALUES (2)")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    async for _ in watch.changes_async():
                        seen += 1
        return seen

    with SqlProcess(path) as writer:
        assert asyncio.run(follow(writer)) == 3
    wait_until_nobody_probes()


def test_asyncio_that_stopped_listening_has_the_next_news_still_before_it(path: Path) -> None:
    async def waits(watch: Watch, seconds: float) -> bool:
        async with aclosing(cast("AsyncGenerator[str, None]", watch.changes_async())) as changes:
            try:
                async with asyncio.timeout(seconds):
                    await anext(changes)
            except TimeoutError:
                return False
        return True

    async def listens_twice() -> None:
        assert not await waits(slow_watch, 0.01)
        await asyncio.to_thread(writer.run, "INSERT INTO other VALUES (1)")
        other = await asyncio.to_thread(slow.watch, 30.0)  # finds the change, while nobody listens
        assert await waits(slow_watch, 10), "the listener that gave up has taken the news with it"
        other.close()

    with SqliteDatabase(path, read_only=True) as database, SqlProcess(path) as writer:
        slow = Poller(database)
        slow_watch = slow.watch(30.0)
        asyncio.run(listens_twice())
        slow.stop()


def test_a_source_that_goes_away_is_an_error_to_show_and_its_watchers_wait_on(poller: Poller, path: Path) -> None:
    with poller.watch(WAITING) as watch:
        kept = path.with_name("kept.db")
        with SqlProcess(path) as writer:  # so that a connection, not a look at the file, notices
            writer.run("INSERT INTO other VALUES (1)")
            assert watch.wait(10)
        path.rename(kept)
        deadline = monotonic() + 10
        while poller.error is None:
            assert monotonic() < deadline
            watch.wait(WAITING)
        kept.rename(path)
        while poller.error is not None:
            assert monotonic() < deadline
            watch.wait(WAITING)
