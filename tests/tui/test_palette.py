"""The palette: all that can be done now, found by typing, done as by its key; what cannot be done says why."""

from pathlib import Path

import pytest
from support.inboxes import Keys, Operator, ask
from support.screens import NARROW, WIDE, Screen
from textual.events import Key

from workbench.data import Source
from workbench.desk.places import Place
from workbench.desk.safe import plain
from workbench.tui.choices import Choices
from workbench.tui.doable import Doable, everything, matching
from workbench.tui.keymap import Keymap
from workbench.tui.palette import PaletteScreen

COLOURFUL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
ONE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # where the engine does not matter
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])


async def look_for(keys: Keys, text: str) -> None:
    """Open the palette, and write."""
    await keys.press("ctrl+p")
    await keys.until(lambda: isinstance(keys.app.screen, PaletteScreen))
    await keys.rush(text)


def titles(keys: Keys) -> list[str]:
    """What is listed."""
    assert isinstance(keys.app.screen, PaletteScreen)
    return [row.cells[0] for row in keys.app.screen.table.rows]


def test_a_verb_is_found_and_begun_as_by_its_key(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await look_for(keys, "app")
        await keys.until(lambda: titles(keys)[0] == "Approve")
        assert "Let the agent run the call" in keys.text
        await keys.press("enter")
        await keys.sees("Approve deploy", "y yes   n no")
        assert agents.approvals.get(call.id).status == "pending"
        await keys.press("y")
        await keys.sees("Nothing waits.")

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "approved"


def test_what_has_changed_behind_the_palette_is_not_acted_on(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await look_for(keys, "dismiss")
        inbox = keys.inbox
        agents.approvals.resolve(call.id, "rejected", resolved_by="ops2", feedback="no")
        ask(agents, "restart")
        await keys.until(lambda: inbox.detail is not None and inbox.detail.record.tool_name == "restart")
        await keys.press("enter")
        await keys.until(lambda: "This has changed since the palette was opened" in keys.flat)
        assert not keys.inbox.asking

    operator.run(steps)
    assert operator.acts() == []


@ONE
def test_what_cannot_be_done_is_greyed_with_its_reason_and_not_chosen(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy")
    agents.sessions.create_session(("genie", "ann", "first"))
    operator.read_only, operator.choices = True, Choices(environment=COLOURFUL)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await look_for(keys, "approve")
        await keys.sees("(read-only)")
        assert keys.app.screen.table.rows[0].tone == "muted"
        await keys.press("enter")
        await keys.sees("Approve: read-only")
        await keys.press("escape", "2")
        await keys.until(lambda: keys.view.detail is not None)
        await look_for(keys, "delete")
        await keys.sees("(read-only)")
        await keys.press("ctrl+u")
        await keys.rush("set value")
        await keys.sees("(on the command line: `workbench session set`)")
        await keys.press("ctrl+u")
        await keys.rush("sessions")
        await keys.sees("(you are here)")
        await keys.press("ctrl+u")
        await keys.rush("workbench-dark")
        await keys.sees("(it is shown)")
        await keys.press("ctrl+u")
        await keys.rush("no such thing")
        await keys.sees("Nothing that can be done here is called so.")
        await keys.press("enter", "escape")
        await keys.until(lambda: keys.app.screen is not None and not isinstance(keys.app.screen, PaletteScreen))

    operator.run(steps)


@ONE
def test_views_themes_and_keys_are_there_with_the_keys_that_the_operator_chose(
    operator: Operator, agents: Source
) -> None:
    ask(agents, "deploy")
    operator.choices = Choices(
        environment=COLOURFUL, keymap=Keymap({"view.pause": ("f6",), "app.palette": ("f2",), "app.command": ("f3",)})
    )

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("ctrl+p", "colon")
        assert keys.app.screen is keys.inbox and "⟩" not in keys.text
        await keys.press("f2")
        await keys.rush("short mem")
        await keys.until(lambda: titles(keys) == ["Short memory"])
        await keys.press("enter")
        await keys.sees("No short memory.")
        await keys.press("f2")
        await keys.rush("pause")
        await keys.sees("f6")
        await keys.press("enter")
        await keys.sees("paused")
        await keys.press("f2")
        await keys.rush("theme high")
        await keys.press("enter")
        await keys.until(lambda: keys.app.theme == "high-contrast")
        await keys.press("f3")
        await keys.rush("memory")
        await keys.press("enter")
        await keys.sees("No memories.")

    operator.run(steps)


@ONE
def test_everything_that_is_live_is_listed_once(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        found = everything(keys.app, keys.inbox, [])
        assert len({each.id for each in found}) == len(found)
        live = {each.binding.id for each in keys.inbox.active_bindings.values() if each.binding.description}
        views = {"view.inbox", "view.sessions", "view.memory"}
        missing = live - {each.id for each in found} - views - {None, "app.palette"}
        assert {id for id in missing if not id.startswith("view.")} == set()  # those are listed as views
        assert [each.title for each in found[:4]] == ["Approve", "Reject", "Send back", "Dismiss"]
        assert {"Quit", "Copy", "Down", "Help"} <= {str(each.title) for each in found}

    operator.run(steps)


@ONE
def test_what_is_typed_at_once_behind_the_key_narrows_it_down_before_enter_chooses(
    operator: Operator, agents: Source
) -> None:
    ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        for name in ("ctrl+p", *"memories", "enter"):
            keys.app.post_message(Key(name, name if len(name) == 1 else None))
        await keys.sees("No memories.")

    operator.run(steps)
    assert operator.acts() == []


@ONE
def test_hostile_names_of_sources_are_shown_with_signs(operator: Operator, agents: Source, tmp_path: Path) -> None:
    ask(agents)
    name = "\x1b]0;x\x07 [red]\u202e"
    place = Place(name, f"/srv/{name}", lambda write: agents, production=True)
    operator.choices = Choices(places=lambda: [place])

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await look_for(keys, "@")
        await keys.sees("@␛]0;x␇ [red]⟨U+202E⟩", "· read-only · PRODUCTION")
        assert "\x1b" not in keys.text and "\u202e" not in keys.text
        await keys.press("escape")

    operator.run(steps)


def test_all_words_have_to_stand_in_it_and_what_begins_so_comes_first() -> None:
    def thing(title: str, words: str = "") -> Doable:
        return Doable(title, plain(title), plain(words), lambda: None)

    found = [
        thing("Refresh now"), thing("Another source", "of open ones"), thing("Reopen", "for writing"), thing("Open"),
        thing("Open it again"),
    ]  # fmt: skip

    def listed(text: str) -> list[str]:
        return [str(each.title) for each in matching(text, found)]

    assert listed("open") == ["Open", "Open it again", "Reopen", "Another source"]
    assert listed("open again") == ["Open it again"]
    assert listed("again open") == ["Open it again"]
    assert listed("OPEN writ") == ["Reopen"]
    assert listed("  ") == [str(each.title) for each in found]
    assert listed("zzz") == []


@ONE
@SIZES
def test_the_palette_reads_as_its_golden_does(operator: Operator, agents: Source, size: Screen) -> None:
    ask(agents, "deploy", '{"path": "/srv/app"}')
    operator.read_only, operator.choices = True, Choices(environment=COLOURFUL)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await look_for(keys, "")
        await keys.sees("WHAT")
        await keys.golden(f"palette_{size[0]}x{size[1]}")
        await keys.rush("me")
        await keys.until(lambda: titles(keys)[0] == "Memories")
        await keys.golden(f"palette_filtered_{size[0]}x{size[1]}")

    operator.run(steps, size)
