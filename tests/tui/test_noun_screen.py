"""The views of sessions, events, memories and the history of the inbox: by keys, on both engines, at both sizes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.agents import Place
from support.fixtures import copied
from support.inboxes import NOON, SECRET, Keys, Operator, ask
from support.screens import NARROW, WIDE, Screen

from workbench.data import Source
from workbench.data.agents.writing import assistant_message, tool_call, tool_result, user_message

KEY = ("genie", "root", "s-main")
FLEET = datetime(2026, 11, 20, 12, tzinfo=UTC)  # the moment for which the fixtures are described


def talk(source: Source) -> None:
    """Two sessions, one of them with a call and its result."""
    source.sessions.create_session(("genie", "ann", "s-other"), {"mood": b"calm"})
    source.sessions.create_session(KEY, {"turn": b"7"})
    call = tool_call("c1", "run_shell", {"command": "make deploy", "token": SECRET})
    source.sessions.append_event(KEY, user_message("please deploy\nthe api"))
    source.sessions.append_event(KEY, assistant_message("I shall.", tool_calls=[call]))
    source.sessions.append_event(KEY, tool_result("c1", "run_shell", "done in 3 s"))


def at_noon(operator: Operator, source: Source) -> None:
    """Let the operator's clock stand a little after everything was written, which is now."""
    newest = source.activity.written_since(NOON).at
    operator.moment = (newest or NOON) + timedelta(seconds=5)


SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])


@SIZES
def test_sessions_are_listed_and_read_as_conversations(operator: Operator, agents: Source, size: Screen) -> None:
    talk(agents)
    at_noon(operator, agents)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.sees("s-main", "s-other", "please deploy")
        assert "sessions 2" in keys.text.splitlines()[0]
        assert "2 Sessions" in keys.text.splitlines()[1]
        assert keys.view.table.cursor == KEY
        await keys.press("enter")
        await keys.sees("→ run_shell", "← done in 3 s", "esc Back")
        assert SECRET not in keys.packed and "⟨secret" in keys.packed
        await keys.press("u")
        await keys.sees('"command": "make deploy"')
        await keys.press("right")
        await keys.sees("turn", "7")
        await keys.press("right")
        await keys.sees("no summaries")
        await keys.press("right")
        await keys.until(lambda: "invocationId" in str(keys.view.detail and keys.view.detail.lines))
        await keys.press("escape", "j")
        await keys.until(lambda: keys.view.table.cursor == ("genie", "ann", "s-other"))

    operator.run(steps, size)


@SIZES
def test_memories_are_listed_and_read(operator: Operator, agents: Source, size: Screen) -> None:
    for number, text in enumerate(("likes tea", "asks for short answers", "[b]bold[/b] \x1b[2J")):
        agents.memories.add_memory(("genie", f"user-{number}"), text, ["taste", f"topic {number}"])
    at_noon(operator, agents)

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await keys.sees("likes tea", "user-2", "bold")
        await keys.press("G")
        await keys.sees("of       user-0 in genie")
        text = keys.text
        assert "memories 3" in text.splitlines()[0] and "CONTENT" in text and "[b]bold[/b] ␛[2J" in text

    operator.run(steps, size)


def test_a_filter_asks_the_store_and_escape_takes_it_away(operator: Operator, agents: Source) -> None:
    talk(agents)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.sees("s-main", "s-other")
        await keys.press("slash")
        await keys.type("user=ann")
        await keys.press("enter")
        await keys.sees("filter: user=ann")
        await keys.until(lambda: [row.key[-1] for row in keys.view.table.rows] == ["s-other"])
        await keys.press("slash")
        await keys.type(" nobody-says-this")
        await keys.press("enter")
        await keys.sees("No sessions match.")
        await keys.press("slash", "ctrl+u")
        await keys.type("ap=x")
        await keys.press("enter")
        await keys.sees('sessions are not filtered by "ap"')
        await keys.press("escape")
        await keys.until(lambda: len(keys.view.table.rows) == 2)
        await keys.press("slash")
        await keys.type("x")
        await keys.press("escape")
        assert keys.view.filter == ""

    operator.run(steps)


def test_what_is_said_meanwhile_appears_and_is_followed(operator: Operator, agents: Source) -> None:
    talk(agents)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.sees("please deploy")
        await keys.press("enter", "f")
        for number in range(60):
            agents.sessions.append_event(KEY, user_message(f"line {number}"))
        await keys.sees("line 59")
        await keys.press("f")
        agents.sessions.append_event(KEY, user_message("said later"))
        await keys.until(lambda: "said later" in str(keys.view.detail and keys.view.detail.lines[-1].pieces))
        await keys.press("escape", "p")
        agents.sessions.create_session(("genie", "bob", "s-new"))
        await keys.press("5")
        await keys.sees("No memories.")
        await keys.press("2")
        assert "s-new" not in keys.text and "paused" in keys.text
        await keys.press("p")
        await keys.sees("s-new")
        assert keys.view.table.cursor == KEY

    operator.run(steps)


def test_a_long_list_is_read_page_by_page_to_its_end(operator: Operator, agents: Source) -> None:
    with agents.database.transaction():
        for number in range(450):
            agents.sessions.create_session(("genie", "root", f"s-{number:04}"))

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.sees("sessions ≥ 100")
        newest = keys.view.table.rows[0].key
        await keys.press("G")
        await keys.until(lambda: keys.view.window.at_end)
        last = keys.view.table.rows[-1].key
        await keys.until(lambda: keys.view.table.cursor == last)
        for _ in range(200):
            if keys.view.window.at_start:
                break
            await keys.press("pageup")
        assert keys.view.window.at_start
        assert len({row.key for row in keys.view.table.rows}) == len(keys.view.table.rows) == 450
        await keys.press("g")
        await keys.until(lambda: keys.view.table.cursor == newest)
        await keys.sees("sessions 450")

    operator.run(steps)


def test_the_same_key_shows_the_next_noun_and_each_stays_as_it_was_left(operator: Operator, agents: Source) -> None:
    talk(agents)
    agents.short_memory.set("seen", "m-1", "kept", 3600)
    done = ask(agents, "deploy")
    agents.approvals.resolve(done.id, "rejected", resolved_by="ops2", feedback="not today")

    async def steps(keys: Keys) -> None:
        await keys.press("h")
        await keys.sees("rejected", "ops2", "not today")
        await keys.press("1")
        await keys.sees("No questions.")
        await keys.press("1")
        await keys.sees("Nothing waits.")
        await keys.press("2", "2")
        await keys.sees("events 3", "please")
        await keys.press("j", "5", "5")
        await keys.sees("short memory 1", "m-1", "kept")
        await keys.press("2")
        await keys.sees("events 3")
        assert keys.view.table.rows[1].key == keys.view.table.cursor
        await keys.press("question_mark")
        await keys.sees("Filter", "Open")

    operator.run(steps)


def test_no_other_view_is_shown_while_a_question_is_open(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("a")
        assert keys.inbox.asking
        await keys.press("2", "5", "h", "T")
        assert keys.inbox is keys.app.screen and keys.inbox.asking
        await keys.press("y")
        await keys.sees("Nothing waits.")

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "approved"


@SIZES
@pytest.mark.parametrize(
    ("keys_pressed", "name", "facts"),
    [
        ("2", "sessions", ("sessions 60", "00c0fa0", "active   11:14")),
        ("22", "events", ("events ≥ 100", "4254", "model    gpt-5")),
        ("5", "memories", ("memories ≥ 100", "OpsBot", "Zwei Fehler gefunden.")),
        ("55", "short_memory", ("short memory ≥ 100", "reaction", "expires")),
        ("h", "history", ("approvals ≥ 100", "pending", "run_shell")),
    ],
)
def test_each_view_of_a_fleet_reads_as_its_golden_does(
    tmp_path: Path, size: Screen, keys_pressed: str, name: str, facts: tuple[str, ...]
) -> None:
    path = str(copied("agents/genie_fleet.db", tmp_path))
    fleet = Operator(Place("sqlite", path, path), tmp_path / "home", read_only=True, moment=FLEET)

    async def steps(keys: Keys) -> None:
        await keys.press(*keys_pressed)
        await keys.sees(*facts)
        await keys.until(lambda: keys.view.detail is not None)
        await keys.golden(f"{name}_{size[0]}x{size[1]}")

    fleet.run(steps, size)
