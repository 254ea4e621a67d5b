"""Lists are sorted, their columns chosen and their share changed by keys; all of it is there again the next time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.agents import Place as Where
from support.fixtures import copied
from support.inboxes import SECRET, Keys, Operator, ask, wonder
from support.screens import NARROW, WIDE, Screen

from workbench.data import Source
from workbench.desk.places import Place
from workbench.desk.remembered import FILE, read, save
from workbench.tui.choices import Choices

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])


def comes_back(operator: Operator) -> None:
    """The next start, with what is remembered by then."""
    here = Place(operator.source_name, "here", lambda write: operator.where.open())
    operator.choices = Choices(
        environment={"TERM": "xterm-256color"},
        remembered=read(operator.home), theme_setting=operator.theme, places=lambda: [here],
    )  # fmt: skip


def head(keys: Keys) -> str:
    return next(line for line in keys.text.splitlines() if "APP" in line or "WAIT" in line)


def ids(keys: Keys) -> list[str]:
    return [row.key[-1] for row in keys.app.screen.query_one("LiveTable").rows]  # type: ignore[attr-defined]


def sessions(source: Source, count: int = 3) -> None:
    for number in range(count):
        source.sessions.create_session(("genie", f"user-{number % 2}", f"s-{number:04}"))


def test_a_list_is_read_from_its_other_end_and_says_so(operator: Operator, agents: Source) -> None:
    sessions(agents, 350)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.sees("sessions ≥ 100", "ACTIVE▲")
        await keys.press("S")
        await keys.sees("Sort the whole list", "longest unchanged first", "last changed first (as it is)")
        await keys.press("j", "enter")
        await keys.sees("s-0000", "ACTIVE▼", "longest unchanged first")
        await keys.until(lambda: keys.view.table.cursor == ("genie", "user-0", "s-0000"))
        assert ids(keys) == sorted(ids(keys))
        for _ in range(60):
            if keys.view.window.at_end:
                break
            await keys.press("pagedown", "pagedown")
        await keys.until(lambda: len(ids(keys)) == 350)
        assert ids(keys) == [f"s-{number:04}" for number in range(350)]
        await keys.press("g", "G")
        await keys.until(lambda: keys.view.table.cursor == ("genie", "user-1", "s-0349"))
        # Words are looked for from that end too, and from both ends of it, over more than one step of reading.
        fives = [f"s-{number:04}" for number in range(350) if "5" in str(number)]
        await keys.press("slash", "5", "enter")
        await keys.until(lambda: keys.view.window.at_end and keys.view.window.at_start)
        assert ids(keys) == fives
        await keys.press("G")
        await keys.until(lambda: keys.view.table.cursor == ("genie", "user-1", "s-0345"))
        keys.view.read_rows(keys.view.window.last())
        await keys.until(lambda: keys.view.window._backwards and keys.view.answered and not keys.view.lane.asking)
        assert ids(keys) == fives

    operator.run(steps)


@pytest.mark.parametrize(
    ("views", "words", "column"),
    [("22", "oldest first", "WHEN"), ("h", "oldest first", "ASKED"), ("11", "oldest first", "ASKED"),
     ("5", "longest unchanged first", "UPDATED"), ("55", "first to expire first", "LEFT")],
)  # fmt: skip
def test_every_list_can_be_had_the_other_way_round(tmp_path: Path, views: str, words: str, column: str) -> None:
    path = str(copied("agents/genie_fleet.db", tmp_path))
    fleet = Operator(Where("sqlite", path, path), tmp_path / "home", read_only=True)

    async def steps(keys: Keys) -> None:
        if views == "11":
            await keys.press("h", "1")
        else:
            await keys.press(*views)
        await keys.until(lambda: keys.view.answered and keys.view.detail is not None)
        await keys.press("G")
        await keys.until(lambda: keys.view.window.at_end and not keys.view.table._window.seeking)
        last = keys.view.table.cursor
        await keys.press("S", "j", "enter")
        await keys.until(lambda: keys.view.answered and keys.view.table.cursor == last)
        assert words in keys.text.splitlines()[0] and any(f"{column}{mark}" in keys.text for mark in "▲▼")

    fleet.run(steps)


def test_the_inbox_is_sorted_by_its_columns_and_the_cursor_stays_on_its_item(
    operator: Operator, agents: Source
) -> None:
    for tool, minutes in (("zip", 2), ("deploy", 7), ("mail", 5)):
        ask(agents, tool, minutes=minutes)
    wonder(agents, "Which?", minutes=9)

    def whats(keys: Keys) -> list[str]:
        return [str(row.cells[-2]) for row in keys.inbox.table.rows]

    async def steps(keys: Keys) -> None:
        await keys.settled()
        assert whats(keys) == ["✎ Which?", "deploy", "mail", "zip"] and "first" not in keys.text.splitlines()[0]
        on = keys.inbox.table.cursor
        await keys.press("S", "G", "enter")
        await keys.until(lambda: whats(keys) == ["zip", "✎ Which?", "mail", "deploy"] or "A to Z" in keys.text)
        await keys.press("S", "g", "j", "j", "enter")
        await keys.until(lambda: whats(keys) == ["zip", "mail", "deploy", "✎ Which?"])
        assert keys.inbox.table.cursor == on and "WAIT▲" in head(keys) and "newest first" in keys.text.splitlines()[0]
        ask(agents, "later", minutes=1)
        await keys.until(lambda: whats(keys)[0] == "later")
        assert keys.inbox.table.cursor == on

    operator.run(steps)
    assert read(operator.home).look("inbox").sort == "wait up"


def test_columns_are_hidden_shown_and_moved(operator: Operator, agents: Source) -> None:
    sessions(agents)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.sees("s-0002", "CREATED")
        await keys.press("c")
        await keys.sees("Columns, from left to right")
        # ACTIVE goes, ID moves to the front, and nothing holds before it is taken.
        await keys.press("space", "j", "j", "j", "left", "left", "left")
        assert "CREATED" in keys.text
        await keys.press("escape")
        assert head(keys).split()[0] == "ACTIVE▲"
        await keys.press("c", "space", "j", "j", "j", "left", "left", "left", "enter")
        await keys.until(lambda: head(keys).split()[:3] == ["ID", "APP", "USER"])
        assert "ACTIVE" not in head(keys)
        await keys.press("c", "space", "j", "space", "j", "space", "j", "space")
        await keys.sees("A list needs one column at least.")
        await keys.press("u", "enter")
        await keys.until(lambda: head(keys).split()[:2] == ["ACTIVE▲", "APP"])

    operator.run(steps)
    assert read(operator.home).looks == {}


def test_a_column_that_is_usually_hidden_can_be_shown(operator: Operator, agents: Source) -> None:
    memory = agents.memories.add_memory(("genie", "ann"), "likes tea")

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await keys.sees("likes tea")
        await keys.press("c", "G", "space", "K", "K", "K", "K", "K", "enter")
        await keys.until(lambda: "ID" in head(keys).split()[:1])
        await keys.until(lambda: memory.id[:8] in keys.text)

    operator.run(steps)


def test_the_list_gets_more_or_less_of_the_screen(operator: Operator, agents: Source) -> None:
    sessions(agents)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.until(lambda: keys.view.detail is not None)
        for key, width in ((">", 72), (">", 84), (">", 96)):
            await keys.press("greater_than_sign" if key == ">" else "less_than_sign")
            await keys.until(lambda width=width: keys.view.table.size.width == width)
        await keys.press("greater_than_sign")
        await keys.sees("The list is as large as it can be.")
        await keys.press("enter")
        await keys.until(lambda: keys.view.pane.size.width > 100)
        await keys.press("escape")
        await keys.until(lambda: keys.view.table.size.width == 96)
        await keys.pilot.resize_terminal(80, 24)
        await keys.until(lambda: keys.view.pane.size.height == 3 and keys.view.table.size.width == 80)
        await keys.press("enter")
        await keys.until(lambda: keys.view.pane.size.height > 15)

    operator.run(steps)
    assert read(operator.home).look("session").size == 3


def test_all_of_it_is_there_again_the_next_time(operator: Operator, agents: Source) -> None:
    sessions(agents, 4)

    async def first(keys: Keys) -> None:
        await keys.press("2")
        await keys.sees("s-0003")
        await keys.press("S", "j", "enter", "c", "space", "enter", "less_than_sign", "slash", *"user=user-1", "enter")
        await keys.until(lambda: ids(keys) == ["s-0001", "s-0003"])
        await keys.press("T")
        await keys.sees("(it is remembered)")
        operator.theme_after = keys.app.theme  # type: ignore[attr-defined]

    comes_back(operator)
    operator.run(first)
    kept = json.loads((operator.home / FILE).read_text())
    assert kept["view"] == "session" and kept["source"] == "prod-genie"
    comes_back(operator)
    assert operator.choices.remembered.theme_for(operator.theme) == operator.theme_after  # type: ignore[attr-defined]

    async def second(keys: Keys) -> None:
        await keys.until(lambda: ids(keys) == ["s-0001", "s-0003"])
        assert keys.view.has_class("-small") and head(keys).split()[0] == "APP"
        assert "longest unchanged first · filter: user=user-1" in keys.text.splitlines()[0]
        await keys.press("escape")
        await keys.until(lambda: len(ids(keys)) == 4)

    operator.run(second)
    assert read(operator.home).look("session").filters == {}


def test_a_filter_with_a_secret_holds_and_is_not_remembered(operator: Operator, agents: Source) -> None:
    sessions(agents)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.sees("s-0002")
        await keys.press("slash", *"user-1", "enter")
        await keys.until(lambda: ids(keys) == ["s-0001"])
        await keys.press("slash", *["backspace"] * 6)
        await keys.press(*("underscore" if character == "_" else character for character in SECRET), "enter")
        await keys.sees("No sessions match.")

    operator.run(steps)
    assert SECRET not in (operator.home / FILE).read_text() and read(operator.home).look("session").filters == {}


def test_what_is_remembered_of_a_list_that_has_changed_is_passed_over(operator: Operator, agents: Source) -> None:
    sessions(agents)
    save(operator.home, {
        ("view",): "session", ("nouns", "session", "sort"): "gone down",
        ("nouns", "session", "columns"): ["gone", "id"],
        ("nouns", "session", "filters", "prod-genie"): 'app="', ("nouns", "inbox", "columns"): ["\x1b[2J", "nothing"],
    })  # fmt: skip
    comes_back(operator)

    async def steps(keys: Keys) -> None:
        await keys.sees("s-0002")
        assert len(ids(keys)) == 3 and "filter" not in keys.text.splitlines()[0]
        line = next(line for line in keys.text.splitlines() if " ID" in line)
        assert line.split()[0] == "ID" and "APP" not in line
        await keys.press("1")
        await keys.sees("Nothing waits.", "WAIT", "FROM")

    operator.run(steps)


@pytest.mark.parametrize(("text", "words"), [("{", "is damaged"), ('{"version": 9}', "of a newer workbench")])
def test_a_file_that_is_none_is_told_of_once(operator: Operator, agents: Source, text: str, words: str) -> None:
    ask(agents)
    operator.home.mkdir()
    (operator.home / FILE).write_text(text)
    comes_back(operator)

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: words in keys.notice)
        assert (operator.home / FILE).read_text() == text
        await keys.press("greater_than_sign")
        await keys.until(lambda: read(operator.home).look("inbox").size == 1)

    operator.run(steps)
    assert text in [each.read_text() for each in operator.home.iterdir()]


def test_a_home_that_cannot_be_written_is_said_once_and_all_goes_on(operator: Operator, agents: Source) -> None:
    sessions(agents)
    operator.home.write_text("a file is in the way")

    async def steps(keys: Keys) -> None:
        await keys.press("greater_than_sign")
        await keys.until(lambda: "cannot be remembered in" in keys.flat)
        keys.inbox.notice.clear()
        await keys.press("greater_than_sign", "2")
        await keys.sees("s-0002")
        await keys.press("S", "j", "enter")
        await keys.until(lambda: ids(keys)[0] == "s-0000")
        assert "cannot be remembered" not in keys.flat

    operator.run(steps)
    assert operator.home.read_text() == "a file is in the way"


@SIZES
@pytest.mark.parametrize(("key", "name"), [("S", "sort"), ("c", "columns")])
def test_the_questions_read_as_their_goldens_do(tmp_path: Path, size: Screen, key: str, name: str) -> None:
    path = str(copied("agents/genie_fleet.db", tmp_path))
    fleet = Operator(Where("sqlite", path, path), tmp_path / "home", read_only=True)

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await keys.until(lambda: keys.view.detail is not None)
        await keys.press(key)
        await keys.sees("Sort the whole list" if key == "S" else "Columns, from left to right")
        await keys.golden(f"{name}_{size[0]}x{size[1]}")

    fleet.run(steps, size)
