"""Finding in the inbox: words that must stand in an item, and what waits next; by keys, on both engines."""

import pytest
from support.inboxes import NOON, Keys, Operator, ask, wonder
from textual.events import Key

from workbench.data import Source
from workbench.data.errors import Invalid
from workbench.desk.inbox import of_approval
from workbench.desk.nouns.waiting import asked, asked_for


async def filter_by(keys: Keys, text: str) -> None:
    await keys.press("slash")
    await keys.until(lambda: keys.app.focused is not keys.inbox.table)
    await keys.press("ctrl+u")
    await keys.rush(text)
    await keys.press("enter")


def shown(keys: Keys) -> list[str]:
    """What is listed."""
    return [keys.inbox.items[row.key].what for row in keys.inbox.table.rows if isinstance(row.key, tuple)]


def test_words_are_looked_for_in_what_is_asked_who_asks_and_where(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy", sender_context="agui:web-1"), ask(agents, "restart", sender_context="slack:U1:ops")
    wonder(agents, "Deploy to which region?", sender_context="agui:web-2")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await filter_by(keys, "deploy")
        await keys.sees("inbox 3 · filter: deploy (2)")
        assert sorted(shown(keys)) == ["Deploy to which region?", "deploy"]
        await filter_by(keys, "DEPLOY which")
        await keys.until(lambda: shown(keys) == ["Deploy to which region?"])
        await filter_by(keys, "slack")
        await keys.until(lambda: shown(keys) == ["restart"])
        await filter_by(keys, "question prod-genie")
        await keys.until(lambda: shown(keys) == ["Deploy to which region?"])
        await keys.until(lambda: keys.inbox.detail is not None and keys.inbox.detail.kind == "question")
        await filter_by(keys, '"no')
        await keys.until(lambda: "a quote that is not closed" in keys.flat)
        await filter_by(keys, "[/red]\u00e9")
        await keys.sees("Nothing that waits matches.", "inbox 3 · filter: [/red]é (0)")
        assert keys.inbox.detail is None
        ask(agents, "[/red]é")
        await keys.sees("inbox 4", "(1)")
        await keys.press("escape")
        await keys.until(lambda: len(shown(keys)) == 4)
        assert "filter" not in keys.text

    operator.run(steps)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_is_typed_at_once_behind_the_slash_is_never_read_as_keys(operator: Operator, agents: Source) -> None:
    """A slow line brings many keys in one piece: `x`, `a` and `y` among them must not decide anything."""
    call = ask(agents, "fix"), ask(agents, "apply")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        for words, mode in (("fix", "1"), ("apply", "1"), ("x/y", "2")):  # the second time, the line was there before
            await keys.press(mode) if mode != "1" else None
            for name in ("slash", *words, "enter"):
                letter = {"slash": "/", "enter": "\r", "/": "/"}.get(name, name)
                keys.app.post_message(Key("slash" if name == "/" else name, letter))
            await keys.until(lambda wanted=words: getattr(keys.app.screen, "filter", "") == wanted)
            assert keys.app.focused is keys.app.screen.query_one("#list")
            if mode == "1":
                await keys.press("escape")
                await keys.until(lambda: not keys.inbox.filter)

    operator.run(steps)
    assert {agents.approvals.get(each.id).status for each in call} == {"pending"} and operator.acts() == []


def test_what_the_filter_shows_is_decided_as_ever(operator: Operator, agents: Source) -> None:
    other, call = ask(agents, "deploy", minutes=5), ask(agents, "restart", minutes=3)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.rush(":inbox restart")
        await keys.press("enter")
        await keys.until(lambda: keys.cursor == call.id)
        await keys.settled()
        await keys.press("a")
        await keys.sees("Approve restart")
        await keys.press("y")
        await keys.sees("Nothing that waits matches.")

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "approved" and agents.approvals.get(other.id).status == "pending"


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_the_next_that_waits_is_found_past_those_that_were_given_up(operator: Operator, agents: Source) -> None:
    first, second = ask(agents, "first", minutes=9, ttl=None), ask(agents, "second", minutes=8, ttl=None)
    gone = ask(agents, "gone", minutes=600, ttl=None)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        assert shown(keys) == ["first", "second", "gone"]
        for key, id in (("]", second.id), ("]", first.id), ("[", second.id), ("[", first.id)):
            await keys.press({"]": "right_square_bracket", "[": "left_square_bracket"}[key])
            await keys.until(lambda id=id: keys.cursor == id)
        await keys.press("G", "right_square_bracket")
        await keys.until(lambda: keys.cursor == first.id)
        await keys.press("G", "left_square_bracket")
        await keys.until(lambda: keys.cursor == second.id)
        await keys.press("2")
        await keys.sees("No sessions.")
        await keys.press("left_square_bracket")
        await keys.until(lambda: keys.inbox is keys.app.screen and keys.cursor == second.id)  # as it was left
        await keys.press("2", "right_square_bracket")
        await keys.until(lambda: keys.inbox is keys.app.screen and keys.cursor == first.id)
        await filter_by(keys, "gone")
        await keys.until(lambda: keys.cursor == gone.id)
        await keys.press("right_square_bracket")
        await keys.sees("Nothing here probably waits.")
        await filter_by(keys, "second")
        await keys.until(lambda: keys.cursor == second.id)
        await keys.press("right_square_bracket")
        await keys.sees("Nothing else here probably waits.")

    operator.run(steps)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_all_words_have_to_stand_in_one_item(agents: Source) -> None:
    items = [of_approval("prod", ask(agents, tool)) for tool in ("save_file", "save\x1b[2J", "run")]

    def found(text: str) -> list[str]:
        return [item.what for item in asked_for(items, asked(text), NOON)]

    assert found("save FILE") == ["save_file"]
    assert found("PROD approval") == ["save_file", "save\x1b[2J", "run"]
    assert found('"\x1b[2j"') == ["save\x1b[2J"]
    assert found("tool=run state=waiting") == ["run"]
    with pytest.raises(Invalid, match="state=waiting or state=abandoned"):
        asked("state=gone")
