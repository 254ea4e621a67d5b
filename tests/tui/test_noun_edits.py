"""Texts changed on the screen, on both engines: compared with what was shown, on record, and never half seen."""

from time import monotonic

from support.inboxes import SECRET, Keys, Operator
from support.screens import NARROW

from workbench.data import Source
from workbench.tui.deciding import SETTLE
from workbench.tui.decision_bar import TextBar

KEY = ("genie", "ann", "s-1")


async def reads(keys: Keys, *texts: str) -> None:
    """Wait until all of these are read on the screen, however they are wrapped."""
    await keys.until(lambda: all(text in keys.flat for text in texts))


async def looked_at(keys: Keys, view: str, *texts: str) -> None:
    """Go to a view, and look at the first thing there for long enough."""
    await keys.press(view)
    await reads(keys, *texts)
    await keys.until(lambda: keys.view.detail is not None and monotonic() - keys.view.shown_at >= SETTLE)


def test_a_memory_is_edited(operator: Operator, agents: Source) -> None:
    agents.memories.add_memory(("genie", "ann"), "likes tea", ["taste"])

    async def steps(keys: Keys) -> None:
        await looked_at(keys, "5", "likes tea")
        await keys.press("e")
        await reads(keys, "Edit memory")
        await keys.press("enter")
        await reads(keys, "that is what it says already")
        await keys.type(" and\nquiet")
        await keys.press("enter")
        await reads(keys, "edited: memory", "likes tea and")

    operator.run(steps, NARROW)
    (memory,) = agents.memories.list()
    assert (memory.content, memory.topics) == ("likes tea and\nquiet", ("taste",))
    (act,) = operator.acts()
    assert (act.entry.verb, act.entry.noun, act.result, act.entry.via) == ("edit", "memory", "edited", "screen")


def test_what_is_changed_by_somebody_else_meanwhile_is_not_written_over(operator: Operator, agents: Source) -> None:
    agents.memories.add_memory(("genie", "ann"), "likes tea", [])

    async def steps(keys: Keys) -> None:
        await looked_at(keys, "5", "likes tea")
        await keys.press("e")
        await reads(keys, "Edit memory")
        assert keys.view.detail is not None
        agents.memories.update_memory(keys.view.detail.record.key, "likes coffee", [])
        await reads(keys, "This has changed or gone")
        await keys.type(" x")
        await keys.press("enter")
        await reads(keys, "nothing will be sent")
        await keys.press("escape")
        await reads(keys, "likes coffee")

    operator.run(steps)
    assert [memory.content for memory in agents.memories.list()] == ["likes coffee"] and operator.acts() == []


def test_a_value_of_a_sessions_state_is_chosen_and_set_if_it_still_is_as_it_was_read(
    operator: Operator, agents: Source
) -> None:
    agents.sessions.create_session(KEY, {"mood": b"calm", "turn": b"7", "app:theme": b"dark"})

    async def steps(keys: Keys) -> None:
        await looked_at(keys, "2", "s-1")
        await keys.press("e")
        await reads(keys, "go to State first")
        await keys.press("right")
        await reads(keys, "mood", "calm")
        await keys.press("e")
        await reads(keys, "Which value of the state? mood, turn")
        await keys.type("app:theme")
        await keys.press("enter")
        await reads(keys, "belongs to the application")
        await keys.press("ctrl+u")
        await keys.type("mood")
        await keys.press("enter")
        await reads(keys, "Set mood:", "sees this only after")
        await keys.type(" and wild")
        await keys.press("enter")
        await reads(keys, "set: mood", "calm and wild")
        await keys.press("e")
        await reads(keys, "Which value")
        await keys.type("turn")
        await keys.press("enter")
        await reads(keys, "Set turn:")
        agents.sessions.update_session_state(KEY, {"turn": b"8"})
        await keys.type("!")
        await keys.press("enter")
        await reads(keys, "has changed since it was read")
        await keys.press("e")
        await reads(keys, "Which value")
        await keys.type("turn")
        await keys.press("enter")
        await reads(keys, "these words of yours were not written; it now says: 8")
        assert keys.view.query_one(TextBar).words.text == "7!"
        await keys.press("escape")

    operator.run(steps)
    state = agents.sessions.get_session(KEY, events=False).state
    assert (state["mood"], state["turn"]) == (b"calm and wild", b"8")
    assert [act.result for act in operator.acts()] == ["set", "failed"]


def test_what_an_editor_would_hide_or_lose_is_not_opened_in_one(operator: Operator, agents: Source) -> None:
    for number, text in enumerate((f"token {SECRET}", "a\x1b[2J\u202eb", "x" * 20_001)):
        agents.memories.add_memory(("genie", f"u-{number}"), text, [])
    whys = {"u-0": "it holds secrets", "u-1": "cannot be seen", "u-2": "too many to edit here"}

    async def steps(keys: Keys) -> None:
        await looked_at(keys, "5", "u-0", "u-2")
        for _ in whys:
            detail = keys.view.detail
            assert detail is not None
            await keys.until(lambda: monotonic() - keys.view.shown_at >= SETTLE)
            await keys.press("e")
            await reads(keys, whys[detail.record.user_id], "workbench memory edit")
            assert not keys.view.asking and SECRET not in keys.packed
            await keys.press("j")
            await keys.until(
                lambda detail=detail: (
                    keys.view.detail is not None
                    and (keys.view.detail is not detail or keys.view.table.cursor == keys.view.table.rows[-1].key)
                )
            )

    operator.run(steps)
    assert operator.acts() == []


def test_a_value_is_not_asked_for_of_a_session_that_the_cursor_has_left(operator: Operator, agents: Source) -> None:
    agents.sessions.create_session(KEY, {"mood": b"calm"})
    agents.sessions.create_session(("genie", "ann", "s-2"), {"mood": b"wild"})

    async def steps(keys: Keys) -> None:
        await looked_at(keys, "2", "s-1", "s-2")
        await keys.press("right")
        await reads(keys, "mood")
        view, answered = keys.view, []
        choose = view._choose
        view._choose = lambda *found: (choose(*found), answered.append(found))  # type: ignore[method-assign,func-returns-value]
        view.action_edit()
        view.table.action_move(1)
        await keys.until(lambda: answered)
        assert not view.asking
        await keys.until(lambda: view.detail is not None and view.detail.key[2:] == view.table.cursor)
        await keys.press("e")
        await reads(keys, "Which value of the state? mood")
        await keys.press("escape")

    operator.run(steps)
    assert operator.acts() == []
