"""Following events: each is delivered once, also when it becomes visible after one with a higher id."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers import until
from support.agents import Place

from workbench.data import Source
from workbench.data.agents.following import RECENT, Follower
from workbench.data.agents.sessions import SessionKey
from workbench.data.agents.writing import user_message
from workbench.data.errors import Invalid

KEY, OTHER = SessionKey("genie", "root", "s1"), SessionKey("genie", "root", "s2")


@pytest.fixture
def begun(source: Source) -> Source:
    source.sessions.create_session(KEY)
    source.sessions.create_session(OTHER)
    return source


def say(source: Source, key: SessionKey = KEY, times: int = 1) -> list[int]:
    stored = [source.sessions.append_event(key, user_message("hello")) for _ in range(times)]
    return [each.id for each in stored if each is not None]


def ids(follower: Follower, limit: int = RECENT) -> list[int]:
    return [event.id for event in follower.new(limit)]


def test_what_comes_is_delivered_once(begun: Source, again: Callable[..., Source]) -> None:
    say(begun, times=2)
    writer = again()
    one, everything = begun.sessions.follow(KEY), begun.sessions.follow()
    assert ids(one) == [] and ids(everything) == []
    first = say(writer, KEY, 2)
    other = say(writer, OTHER)
    assert ids(one) == first and ids(everything) == first + other
    last = say(writer)
    assert ids(one) == last and ids(everything) == last
    assert ids(one) == [] and ids(everything) == []


def test_it_can_begin_behind_an_event_and_deliver_in_parts(begun: Source) -> None:
    known = say(begun, times=7)
    say(begun, OTHER)
    follower = begun.sessions.follow(KEY, since_id=known[1])
    assert ids(follower, 2) == known[2:4] and ids(follower, 2) == known[4:6]
    more = say(begun)
    assert ids(follower) == [known[6], *more] and ids(follower) == []
    from_the_start = begun.sessions.follow(KEY, since_id=0)
    assert ids(from_the_start, 3) == known[:3]
    assert ids(from_the_start) == known[3:] + more


def test_an_event_is_delivered_as_it_reads_by_itself(begun: Source) -> None:
    follower = begun.sessions.follow()
    stored = begun.sessions.append_event(KEY, user_message("hello"))
    assert follower.new() == (stored,)


def test_events_that_were_pruned_before_anybody_looked_are_passed_over(begun: Source) -> None:
    follower = begun.sessions.follow(KEY)
    limited = begun.sessions.configured(event_limit=2)
    written = [limited.append_event(KEY, user_message(str(n))) for n in range(5)]
    assert ids(follower) == [event.id for event in written[-2:] if event is not None]
    assert ids(follower) == []


def test_a_wrong_limit_or_start_is_refused(begun: Source) -> None:
    wrong: list[Any] = [0, -1, "3", True, None]
    for limit in wrong:
        with pytest.raises(Invalid):
            begun.sessions.follow().new(limit)
    for start in wrong[2:4]:
        with pytest.raises(Invalid):
            begun.sessions.follow(since_id=start)


def insert(connection: Any, session_id: str) -> int:
    found = connection.execute(
        "INSERT INTO session_events (app_name, user_id, session_id, event_data, created_at) "
        f"VALUES ('genie', 'root', '{session_id}', '{{}}', now()) RETURNING id"
    ).fetchone()
    return int(found[0])


@pytest.fixture
def pair(place: Place) -> Iterator[tuple[Any, Any]]:
    """Two connections of another program to a server, past our code."""
    if place.engine == "sqlite":
        pytest.skip("there is one writer at a time")
    first, second = place.raw(), place.raw()
    yield first, second
    first.close()
    second.close()


@pytest.mark.parametrize("key", [None, KEY], ids=["all", "one session"])
@pytest.mark.parametrize("known", [0, 3])
def test_an_id_that_becomes_visible_late_is_delivered_too(
    begun: Source, pair: tuple[Any, Any], key: SessionKey | None, known: int
) -> None:
    """Another program takes its id first and commits last (it locks no session)."""
    say(begun, times=known)
    slow, quick = pair
    follower = begun.sessions.follow(key)
    slow.execute("BEGIN")
    first = insert(slow, "s1")
    second = insert(quick, "s1")
    assert second > first and ids(follower) == [second]
    third = insert(quick, "s1")
    slow.execute("COMMIT")
    assert ids(follower) == [first, third] and ids(follower) == []


def test_an_id_taken_before_the_start_and_committed_after_it_is_new(begun: Source, pair: tuple[Any, Any]) -> None:
    slow, quick = pair
    say(begun, times=3)
    slow.execute("BEGIN")
    first = insert(slow, "s1")
    second = insert(quick, "s1")
    followers = [begun.sessions.follow(), begun.sessions.follow(KEY), begun.sessions.follow(KEY, since_id=second)]
    slow.execute("COMMIT")
    for follower in followers:
        assert ids(follower) == [first] and ids(follower) == []


def test_one_that_is_undone_is_never_delivered(begun: Source, pair: tuple[Any, Any]) -> None:
    slow, quick = pair
    follower = begun.sessions.follow()
    slow.execute("BEGIN")
    insert(slow, "s1")
    second = insert(quick, "s1")
    assert ids(follower) == [second]
    slow.execute("ROLLBACK")
    assert ids(follower) == []
    assert ids(follower) == [] and len(say(begun)) == 1 and len(ids(follower)) == 1


def test_within_a_session_our_own_events_commit_in_the_order_of_their_ids(
    begun: Source, again: Callable[..., Source], place: Place, pair: tuple[Any, Any]
) -> None:
    """Who appends holds the session, and the next one takes its id only then."""
    slow, _ = pair
    slow.execute("BEGIN")
    slow.execute("UPDATE sessions SET updated_at = now() WHERE session_id = 's1'")
    done: list[int] = []
    other = again()
    thread = threading.Thread(target=lambda: done.extend(say(other)))
    thread.start()
    until(lambda: place.rows("SELECT 1 FROM pg_locks WHERE NOT granted"), what="somebody who waits")
    elsewhere = say(begun, OTHER)  # another session is not held up
    last = insert(slow, "s1")
    assert done == []
    slow.execute("COMMIT")
    thread.join(timeout=20)
    assert done and done[0] > last > elsewhere[0]
