"""Deleting and undoing on the screen, by keys, on both engines: asked about, bound to what was shown, on record."""

from time import monotonic

from support.inboxes import Keys, Operator
from support.screens import NARROW

from workbench.data import Source
from workbench.tui.deciding import SETTLE


def remember(source: Source) -> None:
    for text in ("likes tea", "likes short answers"):
        source.memories.add_memory(("genie", "ann"), text, ["taste"])


async def reads(keys: Keys, *texts: str) -> None:
    """Wait until all of these are read on the screen, however they are wrapped."""
    await keys.until(lambda: all(text in keys.flat for text in texts))


async def looked_at(keys: Keys, *texts: str) -> None:
    """Go to the memories, and look at the first for long enough."""
    await keys.press("5")
    await keys.sees(*texts)
    await keys.until(lambda: keys.view.detail is not None and monotonic() - keys.view.shown_at >= SETTLE)


def test_a_memory_is_deleted_and_put_back(operator: Operator, agents: Source) -> None:
    remember(agents)

    async def steps(keys: Keys) -> None:
        await looked_at(keys, "likes tea", "del Delete")
        first = keys.view.table.cursor
        await keys.press("delete")
        await reads(keys, "Delete memory", "(1 row)?", "y yes n no")
        await keys.press("n")
        assert len(keys.view.table.rows) == 2 and not keys.view.asking
        await keys.press("delete")
        await keys.until(lambda: keys.view.asking)
        await keys.press("j", "5", "enter", "delete")
        assert keys.view.asking
        await keys.press("y")
        await reads(keys, "deleted: memory", "Z puts it back")
        await keys.until(lambda: len(keys.view.table.rows) == 1)
        assert keys.view.table.cursor != first
        await keys.press("Z")
        await reads(keys, "undone: delete memory (1 back)")
        await keys.until(lambda: len(keys.view.table.rows) == 2)
        await keys.press("Z")
        await reads(keys, "nothing of yours is in the trash")

    operator.run(steps)
    assert sorted(memory.content for memory in agents.memories.list()) == ["likes short answers", "likes tea"]
    deleted, undone = operator.acts()
    assert (deleted.entry.verb, deleted.entry.noun, deleted.result, deleted.entry.via) == (
        "delete", "memory", "deleted", "screen",
    )  # fmt: skip
    assert (undone.entry.verb, undone.result) == ("undo", "undone")


def test_what_changes_while_it_is_asked_about_is_not_deleted(operator: Operator, agents: Source) -> None:
    remember(agents)

    async def steps(keys: Keys) -> None:
        await looked_at(keys, "likes tea")
        await keys.press("delete")
        await keys.until(lambda: keys.view.asking)
        assert keys.view.detail is not None
        agents.memories.update_memory(keys.view.detail.record.key, "likes coffee", [])
        await keys.until(lambda: not keys.view.asking)
        await keys.press("y")
        await reads(keys, "likes coffee")

    operator.run(steps, NARROW)
    assert len(agents.memories.list()) == 2


def test_a_source_to_look_at_says_why_nothing_is_deleted(operator: Operator, agents: Source) -> None:
    remember(agents)
    operator.read_only = True

    async def steps(keys: Keys) -> None:
        await looked_at(keys, "likes tea", "del Delete (read-only)")
        await keys.press("delete")
        await reads(keys, "Delete: read-only")
        await keys.press("Z")
        await reads(keys, "Undo: read-only")
        assert len(agents.memories.list()) == 2 and operator.acts() == []
        await keys.press("W")
        await reads(keys, "for writing?")
        await keys.press("y")
        await reads(keys, "Opened for writing.", "read-write")
        await keys.press("1")
        await reads(keys, "Nothing waits.", "read-write")
        await keys.press("5")
        await keys.until(lambda: monotonic() - keys.view.shown_at >= SETTLE)
        await keys.press("delete")
        await keys.until(lambda: keys.view.asking)
        await keys.press("y")
        await reads(keys, "deleted: memory")

    operator.run(steps)
    assert len(agents.memories.list()) == 1


def test_on_a_production_source_its_name_is_typed(operator: Operator, agents: Source) -> None:
    agents.sessions.create_session(("genie", "ann", "s-1"), {"mood": b"calm"})
    operator.production = True

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await reads(keys, "s-1", "PRODUCTION")
        await keys.until(lambda: keys.view.detail is not None and monotonic() - keys.view.shown_at >= SETTLE)
        await keys.press("delete")
        await reads(keys, "type prod-genie", "holds its sessions in memory")
        await keys.type("prod")
        await keys.press("enter")
        await reads(keys, "that is not prod-genie")
        await keys.type("-genie")
        await keys.press("enter")
        await reads(keys, "deleted: session s-1", "No sessions.")

    operator.run(steps)
    assert not agents.sessions.list_sessions()


def test_nothing_is_asked_in_a_view_that_was_left(operator: Operator, agents: Source) -> None:
    remember(agents)

    async def steps(keys: Keys) -> None:
        await looked_at(keys, "likes tea")
        view, answered = keys.view, []
        ask = view._ask_to_delete
        view._ask_to_delete = lambda *found: (ask(*found), answered.append(found))  # type: ignore[method-assign,func-returns-value]
        view.action_delete()
        keys.app.action_noun("inbox")
        await keys.until(lambda: answered)
        assert keys.app.screen is not view and not view.asking

    operator.run(steps)
    assert operator.acts() == []
