"""Purges on the screen, on both engines: counted, asked about, done beside everything else, stopped between chunks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from support.agents import Place
from support.filling import fill_many
from support.inboxes import NOON, Keys, Operator
from support.screens import NARROW, WIDE, Screen, is_golden

from workbench.data import Source
from workbench.data.errors import Unavailable
from workbench.tui.deciding import SETTLE
from workbench.tui.work import RUNNING

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
OLD = NOON - timedelta(days=400)


def fill(place: Place, old: int, young: int = 3) -> None:
    """So many events that are old, and some of now."""
    now = datetime.now().astimezone()
    row = {"app_name": "genie", "user_id": "ann", "session_id": "s-1", "event_data": "{}"}
    fill_many(place, "session_events", [row | {"created_at": OLD}] * old + [row | {"created_at": now}] * young)


@contextmanager
def locked(place: Place) -> Iterator[Any]:
    """While somebody else writes: nothing can be deleted, everything can be read."""
    connection = place.raw()
    try:
        connection.execute("BEGIN IMMEDIATE" if place.engine == "sqlite" else "BEGIN")
        if place.engine == "postgres":
            connection.execute("LOCK TABLE session_events IN SHARE MODE")
        yield connection
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def reads(keys: Keys, *texts: str) -> None:
    """Wait until all of these are read on the screen, however they are wrapped."""
    await keys.until(lambda: all(text in keys.flat for text in texts))


async def asked(keys: Keys, *texts: str) -> None:
    """Wait until this is asked, and for long enough that yes counts."""
    await reads(keys, *texts, "y yes n no")
    seen = monotonic()
    await keys.until(lambda: monotonic() - seen >= SETTLE)


async def purge_begun(keys: Keys, count: str) -> None:
    """Purge what is older than thirty days."""
    await keys.press("2", "2")
    await reads(keys, "genie", "events")
    await keys.press("P")
    await reads(keys, "Purge old ones: older-than=…", "older-than=30d")
    await keys.press("enter")
    await asked(keys, f"Purge old ones (older-than=30d): {count} events?", "only after it was started again")


def test_old_events_are_purged_after_a_count(operator: Operator, agents: Source, place: Place) -> None:
    fill(place, 450)

    async def steps(keys: Keys) -> None:
        await purge_begun(keys, "450")
        assert agents.sessions.count_events(("genie", "ann", "s-1")) == 453 and operator.acts() == []
        await keys.press("P", "enter", "n")
        assert not keys.view.asking and operator.acts() == []
        await keys.press("P")
        for wrong, why in (("x", "x is none of"), ("'", "a quote is not closed"), ("app=a", "older-than=… is needed")):
            await keys.press("ctrl+u")
            await keys.type(wrong)
            await keys.press("enter")
            await reads(keys, why)
        await keys.press("ctrl+u")
        await keys.type("older-than=1x")
        await keys.press("enter")
        await reads(keys, "is no age")
        await keys.press("P")
        await reads(keys, "older-than=30d")
        await keys.press("enter")
        await asked(keys, "450 events?")
        await keys.press("y")
        await reads(keys, "purged: 450 events")
        await keys.until(lambda: len(keys.view.table.rows) == 3)
        await keys.press("P")
        await reads(keys, "older-than=30d")
        await keys.press("enter")
        await reads(keys, "there is nothing that it means")

    operator.run(steps)
    (act,) = operator.acts()
    assert (act.entry.verb, act.entry.noun, act.result, dict(act.entry.counts)) == (
        "purge", "event", "purged", {"events": 450},
    )  # fmt: skip


def test_a_purge_is_stopped_between_two_chunks_and_tells_how_far_it_came(
    operator: Operator, agents: Source, place: Place
) -> None:
    fill(place, 900)

    async def steps(keys: Keys) -> None:
        await purge_begun(keys, "900")
        with locked(place):
            await keys.press("y")
            await reads(keys, "purge events…", "purge events: 0 of 900")
            await keys.press("Z")
            await reads(keys, "something is being done in the background yet")
            await keys.press("1")
            await reads(keys, "Nothing waits.", "purge events: 0 of 900")
            await keys.press("ctrl+x")
            await reads(keys, "0 of 900, stopping")
        await reads(keys, "purged, the others are there")
        await keys.press("J")
        await reads(keys, "stopped", "events purged, the others are there")

    operator.run(steps)
    left = agents.sessions.count_events(("genie", "ann", "s-1")) - 3
    gone = 900 - left
    assert gone % 200 == 0 and gone < 900
    (act,) = operator.acts()
    assert (act.result, act.outcome and dict(act.outcome.counts)) == ("stopped", {"events": gone})


def test_leaving_waits_for_a_purge(operator: Operator, agents: Source, place: Place) -> None:
    fill(place, 250)

    async def steps(keys: Keys) -> None:
        await purge_begun(keys, "250")
        with locked(place):
            await keys.press("y")
            await reads(keys, "purge events: 0 of 250")
            await keys.press("q")
            await reads(keys, "work goes on in the background: leaving when it is done")
            assert keys.app._exit is False
        await keys.until(lambda: keys.app._exit)

    operator.run(steps)
    assert agents.sessions.count_events(("genie", "ann", "s-1")) == 3
    assert [act.result for act in operator.acts()] == ["purged"]


def test_on_a_production_source_a_purge_wants_its_name(operator: Operator, agents: Source) -> None:
    agents.short_memory.set("seen", "m-1", "1", -60)
    agents.short_memory.set("seen", "m-2", "2", 3600)
    operator.production = True

    async def steps(keys: Keys) -> None:
        await keys.press("5", "5")
        await reads(keys, "m-1", "m-2")
        await keys.press("P")
        await reads(keys, "Purge expired ones: 1 value?", "type prod-genie")
        await keys.type("prod-genie")
        seen = monotonic()
        await keys.until(lambda: monotonic() - seen >= SETTLE)
        await keys.press("enter")
        await reads(keys, "purged: 1 expired value")

    operator.run(steps)
    assert [row.key for row in agents.short_memory.list()] == ["m-2"]


def test_a_user_is_forgotten_and_comes_back(operator: Operator, agents: Source) -> None:
    for user in ("ann", "bob b"):
        for text in ("likes tea", "asks for short answers"):
            agents.memories.add_memory(("genie", user), text, [])

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await reads(keys, "bob b")
        await keys.until(lambda: keys.view.detail is not None)
        await keys.press("P")
        await reads(keys, "Forget a user: app=…", "app=genie user='bob b'")
        await keys.press("enter")
        await asked(keys, "2 memories?")
        await keys.press("y")
        await reads(keys, "forgotten: 2 memories of bob b", "Z puts it back")
        await keys.until(lambda: len(keys.view.table.rows) == 2)
        await keys.press("Z")
        await reads(keys, "undone: forget memory (2 back)")

    operator.run(steps)
    assert len(agents.memories.list()) == 4


@SIZES
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_ran_can_be_read_afterwards(operator: Operator, agents: Source, size: Screen) -> None:
    for number in range(3):
        agents.short_memory.set("seen", f"m-{number}", "1", -60)

    async def steps(keys: Keys) -> None:
        await keys.press("J")
        await reads(keys, "nothing has run yet")
        await keys.press("escape", "5", "5")
        await reads(keys, "m-2")
        await keys.press("P")
        await asked(keys, "3 values?")
        await keys.press("y")
        await reads(keys, "purged: 3 expired values")
        (work,) = keys.app.works
        work.read = False  # as after work that took long
        await reads(keys, "1 result to read: J")
        await keys.press("J")
        await reads(keys, "Work in the background:")
        assert work.read and work.state != RUNNING
        name = f"work_{size[0]}x{size[1]}"
        await keys.until(lambda: is_golden(name, without_frame(keys)))
        await keys.press("ctrl+x", "escape")
        await keys.until(lambda: "to read" not in keys.text)

    operator.run(steps, size)


def test_marked_rows_are_deleted_together_each_on_record_and_what_changed_stays(
    operator: Operator, agents: Source
) -> None:
    for number in range(4):
        agents.memories.add_memory(("genie", "ann"), f"fact {number}", [])

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await reads(keys, "fact 0", "fact 3")
        await keys.press("g", "space", "j", "space", "j", "space")
        marked = keys.view.table.marked
        assert len(marked) == 3
        await keys.press("delete")
        await asked(keys, "Delete 3 memories (3 rows)?", marked[0][-1][:8])
        changed = next(record for record in keys.view.window.records if record.key == marked[1])
        agents.memories.update_memory(changed.key, "changed meanwhile", [])
        await keys.press("y")
        await reads(keys, "delete memories: 2 of 3 done", "Z puts the last back")
        assert keys.view.table.marked == ()
        await keys.press("J")
        await reads(keys, "no longer as it was shown")
        await keys.press("escape", "Z")
        await reads(keys, "undone: delete memory (1 back)")

    operator.run(steps)
    assert len(agents.memories.list()) == 3
    assert [act.entry.verb for act in operator.acts()] == ["delete"] * 3 + ["undo"]
    assert sorted(act.result for act in operator.acts()) == ["deleted", "deleted", "failed", "undone"]


def without_frame(keys: Keys) -> str:
    """The screen without its first lines, which are others' to test."""
    return "\n".join(keys.text.splitlines()[2:])


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_question_about_many_that_has_only_just_come_is_not_answered(
    operator: Operator, agents: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents.memories.add_memory(("genie", "ann"), "likes tea", [])
    monkeypatch.setattr("workbench.tui.noun_many.monotonic", lambda: 1.0)

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await reads(keys, "likes tea")
        await keys.press("space", "delete")
        await reads(keys, "Delete 1 memories (1 row)?")
        await keys.press("y")
        await reads(keys, "This has only just come on screen", "Delete 1 memories (1 row)?")
        await keys.press("n")

    operator.run(steps)
    assert len(agents.memories.list()) == 1 and operator.acts() == []


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_of_many_none_is_tried_after_the_source_went_away(
    operator: Operator, agents: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        agents.memories.add_memory(("genie", "ann"), f"fact {number}", [])
    tried = []

    def away(*found: Any, **more: Any) -> Any:
        tried.append(found)
        raise Unavailable("the source went away")

    monkeypatch.setattr("workbench.tui.deed_jobs.do_one", away)

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await reads(keys, "fact 0", "fact 2")
        await keys.press("g", "space", "j", "space", "j", "space", "delete")
        await asked(keys, "Delete 3 memories (3 rows)?")
        await keys.press("y")
        await reads(keys, "delete memories: 0 of 3 done")
        await keys.press("J")
        await reads(keys, "stopped", "the source went away", "not tried")

    operator.run(steps)
    assert len(tried) == 1
