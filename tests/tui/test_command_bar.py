"""The line behind `:`: to a noun, a filter and a source at once, or something begun; by keys, on both engines."""

from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from support.hostile import EVERY, MARKUP
from support.inboxes import SECRET, Keys, Operator, ask, wonder
from support.screens import NARROW, WIDE, Screen
from textual.events import Key, Paste
from textual.widgets import Input

from workbench.data import Source, open_source
from workbench.desk.history import History
from workbench.desk.places import Place
from workbench.desk.remembered import read
from workbench.tui.choices import Choices
from workbench.tui.command_bar import CommandBar, CommandWords
from workbench.tui.deciding import SETTLE

ONE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # where the engine does not matter
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])


def talk(source: Source, *sessions: str) -> None:
    for user, session in (name.split("/") for name in sessions):
        source.sessions.create_session(("genie", user, session))


def bar(keys: Keys) -> CommandBar:
    return keys.app.screen.query_one(CommandBar)


def line(keys: Keys) -> str:
    return keys.app.screen.query_one(CommandWords).value


async def say(keys: Keys, text: str) -> None:
    """Open the line and write, all at once."""
    await keys.rush(f":{text}")
    await keys.until(lambda: isinstance(keys.app.focused, CommandWords) and line(keys) == text)


def another(folder: Path, name: str, *, production: bool = False) -> Place:
    """Another database with a call and a session, as a source of that name."""
    path = folder / "another.db"
    with open_source(path, create=True) as source:
        ask(source, "restart")
        talk(source, "bob/there")

    def open_place(write: bool) -> Source:
        return open_source(path, read_only=not write, name=name)

    return Place(name, str(path), open_place, production=production)


def test_a_noun_with_its_filter_and_without(operator: Operator, agents: Source) -> None:
    ask(agents, "deploy")
    talk(agents, "ann/first", "bob/second")
    agents.memories.add_memory(("genie", "ann"), "likes tea", ["taste"])

    async def steps(keys: Keys) -> None:
        await say(keys, "ses user=bob")
        await keys.press("enter")
        await keys.sees("2 Sessions", "filter: user=bob", "second")
        assert "first" not in keys.text and keys.app.focused is keys.view.table
        await say(keys, "memory")
        await keys.press("enter")
        await keys.sees("likes tea")
        await say(keys, "session")
        await keys.press("enter")
        await keys.sees("filter: user=bob")  # as it was left
        await say(keys, "user=ann")
        await keys.press("enter")
        await keys.sees("filter: user=ann", "first")
        await say(keys, "inbox")
        await keys.press("enter")
        await keys.sees("deploy", "inbox 1")

    operator.run(steps)


@ONE
def test_what_is_wrong_stands_in_the_bar_and_the_text_stays(operator: Operator, agents: Source) -> None:
    ask(agents)

    async def steps(keys: Keys) -> None:
        await say(keys, "sesion app=x")
        await keys.press("enter")
        await keys.until(lambda: 'did you mean "session"?' in keys.flat)
        assert line(keys) == "sesion app=x"
        await keys.press("home", "delete", "s", "enter")
        assert "did you mean" in keys.flat
        await keys.press("ctrl+e", "ctrl+u")
        await keys.rush("session who=x")
        await keys.press("enter")
        await keys.until(lambda: 'sessions are not filtered by "who": use app, user' in keys.flat)
        await keys.press("escape")
        await keys.until(lambda: keys.app.focused is keys.inbox.table)
        assert not bar(keys).display and keys.app.screen is keys.inbox

    operator.run(steps)


@ONE
def test_it_is_completed_and_gone_round_by_tab(operator: Operator, agents: Source) -> None:
    ask(agents)

    async def steps(keys: Keys) -> None:
        await say(keys, "mem")
        await keys.sees("memory  · What agents keep about a user.")
        await keys.press("tab")
        assert line(keys) == "memory "
        await keys.press("ctrl+u")
        await keys.rush("s")
        await keys.press("tab")
        assert line(keys) == "session "
        await keys.press("tab")
        assert line(keys) == "short-memory "
        await keys.press("shift+tab")
        assert line(keys) == "session "
        await keys.rush("u")
        await keys.press("tab")
        assert line(keys) == "session user="
        await keys.rush("x @")
        await keys.sees("@prod-genie")
        await keys.press("tab", "enter")
        await keys.sees("filter: user=x")

    # What this source is called is offered too, where it is known.
    operator.choices = Choices(places=list)
    operator.run(steps)


@ONE
def test_what_was_written_comes_back_also_in_the_next_run_and_no_secret_does(
    operator: Operator, agents: Source
) -> None:
    ask(agents)
    talk(agents, "ann/first")

    async def steps(keys: Keys) -> None:
        for text in ("session user=ann", f"session {SECRET}", "memory"):
            await say(keys, text)
            await keys.press("enter")
            await keys.until(lambda: not keys.app.screen.query(CommandBar) or not bar(keys).display)
        await keys.until(lambda: History(operator.home).read() == ("session user=ann", "memory"))
        await say(keys, "half")
        await keys.press("up")
        assert line(keys) == "memory"
        await keys.press("up", "up")
        assert line(keys) == "session user=ann"
        await keys.press("down", "down", "down")
        assert line(keys) == "half"

    async def later(keys: Keys) -> None:
        await say(keys, "")
        await keys.until(lambda: keys.app._history)
        await keys.press("up", "up", "enter")
        await keys.sees("filter: user=ann", "first")

    operator.run(steps)
    operator.run(later)
    assert SECRET not in "".join(file.read_text() for file in operator.home.rglob("*history*"))


@ONE
def test_a_home_that_cannot_be_written_changes_nothing(operator: Operator, agents: Source) -> None:
    ask(agents)
    operator.home.write_text("a file where a directory should be")

    async def steps(keys: Keys) -> None:
        for text in ("memory", "session"):
            await say(keys, text)
            await keys.press("enter")
        await keys.sees("No sessions.")
        await say(keys, "")
        await keys.press("up")
        assert line(keys) == "session"

    operator.run(steps)


def test_what_a_key_begins_is_begun_and_nothing_more(operator: Operator, agents: Source) -> None:
    call = ask(agents, "deploy")
    talk(agents, "ann/first")
    operator.choices = Choices(environment={"TERM": "xterm-256color"})

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await say(keys, "approve")
        await keys.press("enter")
        await keys.sees("Approve deploy", "y yes   n no")
        assert keys.inbox.asking and agents.approvals.get(call.id).status == "pending"
        await keys.press("colon", "ctrl+p")
        assert keys.app.screen is keys.inbox and keys.inbox.asking  # while it asks there is no other line
        await keys.press("n")
        await say(keys, "session")
        await keys.press("enter")
        await keys.sees("first")
        await keys.until(lambda: keys.view.detail is not None)
        await say(keys, "delete")
        await keys.until(lambda: monotonic() - keys.view.shown_at >= SETTLE)
        await keys.press("enter")
        await keys.sees("Delete session first")
        await keys.press("n")
        await say(keys, "unset")
        await keys.press("enter")
        await keys.until(lambda: "unset: on the command line: `workbench session unset`" in keys.flat)
        await keys.press("ctrl+u")
        await keys.rush("pause")
        await keys.press("enter")
        await keys.sees("paused")
        await say(keys, "theme workbench-l")
        await keys.press("enter")
        await keys.until(lambda: keys.app.theme == "workbench-light")
        await say(keys, "q")
        await keys.press("enter")

    operator.run(steps)
    assert [row.session_id for row in agents.sessions.list_sessions()] == ["first"]
    assert operator.acts() == []


@ONE
def test_what_is_typed_at_once_behind_the_colon_is_never_read_as_keys(operator: Operator, agents: Source) -> None:
    """A slow line brings many keys in one piece: `d` and `y` among them must not dismiss anything."""
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.rush(":dayq")
        keys.app.post_message(Key("enter", "\r"))
        await keys.until(lambda: '"dayq" is no noun' in keys.flat)
        assert line(keys) == "dayq"

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "pending" and operator.acts() == []


@ONE
@pytest.mark.parametrize("name", ["there", "\x1b]0;x\x07 [red] \u202ename"], ids=["plain", "hostile"])
def test_it_goes_to_another_source_which_shows_its_own_frame(
    operator: Operator, agents: Source, tmp_path: Path, name: str
) -> None:
    ask(agents, "deploy")
    talk(agents, "ann/here")
    place = another(tmp_path, name, production=True)
    operator.choices = Choices(places=lambda: [place])

    async def steps(keys: Keys) -> None:
        assert not keys.inbox.has_class("-production")
        await say(keys, "session @")
        await keys.press("tab", "tab")  # behind the one that is shown
        assert "\x1b" not in line(keys) and "\u202e" not in line(keys)
        await keys.press("enter")
        await keys.sees("bob", "PRODUCTION", "2 Sessions")
        assert keys.app.place.name == name
        for view in ("5", "1", "h", "2"):
            await keys.press(view)
            await keys.until(lambda: keys.app.screen.answered)
            assert keys.app.screen.has_class("-production") and "PRODUCTION" in keys.text
        await say(keys, "memory @prod-genie")
        await keys.press("enter")
        await keys.until(lambda: "PRODUCTION" not in keys.text and "No memories." in keys.text)

    operator.run(steps)


@ONE
def test_all_is_the_inbox_of_all_sources_and_a_name_that_of_one(
    operator: Operator, agents: Source, tmp_path: Path
) -> None:
    ask(agents, "deploy")
    place = another(tmp_path, "there")
    operator.choices = Choices(places=lambda: [place])

    async def steps(keys: Keys) -> None:
        await say(keys, "session errors @all")
        await keys.press("enter")
        await keys.sees("name one source for session")
        assert keys.app.together == () and not keys.inbox.filter
        await say(keys, "@all")
        await keys.press("enter")
        await keys.sees("2 sources", "SOURCE")
        await say(keys, "@prod-genie")
        await keys.press("enter")
        await keys.until(lambda: keys.app.together == () and "2 sources" not in keys.text)

    operator.run(steps)


@ONE
def test_who_goes_elsewhere_is_not_taken_to_a_source_that_answers_late(
    operator: Operator, agents: Source, tmp_path: Path
) -> None:
    ask(agents, "deploy")
    there, answers = another(tmp_path, "there"), Event()

    def open_late(write: bool) -> Source:
        answers.wait(30)
        return there.opener()()

    operator.choices = Choices(places=lambda: [Place("there", "its place", open_late)])

    async def steps(keys: Keys) -> None:
        await say(keys, "session @there")
        await keys.press("enter")
        await keys.sees("Opening there")
        await say(keys, "@all")
        await keys.press("enter")
        await keys.sees("2 sources")
        answers.set()
        await keys.sees("inbox 2", "restart")
        assert keys.app.current_mode == "inbox"

    operator.run(steps)


def test_a_filter_of_a_view_that_was_only_just_gone_to_is_remembered(operator: Operator, agents: Source) -> None:
    talk(agents, "ann/first", "bob/second")

    async def steps(keys: Keys) -> None:
        await say(keys, "session user=bob")
        await keys.press("enter")
        await keys.sees("filter: user=bob", "second")

    operator.run(steps)
    assert read(operator.home).look("session").filters == {"prod-genie": "user=bob"}


@ONE
def test_a_source_that_does_not_answer_is_said_and_everything_stays(
    operator: Operator, agents: Source, tmp_path: Path
) -> None:
    ask(agents, "deploy")
    gone = Place("gone", "its place", lambda write: open_source(tmp_path / "gone.db", read_only=True))
    operator.choices = Choices(places=lambda: [gone])

    async def steps(keys: Keys) -> None:
        await say(keys, "session @gone")
        await keys.press("enter")
        await keys.sees("there is no file or directory")
        assert keys.app.screen is keys.inbox and keys.app.place.name == "prod-genie"

    operator.run(steps)


@ONE
@pytest.mark.parametrize("opens", ["colon", "ctrl+p"])
def test_what_is_pasted_is_one_line_of_characters_that_can_be_seen(
    operator: Operator, agents: Source, opens: str
) -> None:
    async def steps(keys: Keys) -> None:
        await keys.press(opens)
        await keys.until(lambda: isinstance(keys.app.focused, Input))
        words = keys.app.focused
        assert isinstance(words, Input)
        for text in (*EVERY[::8], *MARKUP):
            words.value = ""
            keys.app.post_message(Paste(f"a{text}b"))
            await keys.until(lambda: words.value)
            assert words.value.isprintable() and words.value.startswith("a")
            assert not set(keys.text) - {"\n"} & set(map(chr, (*range(32), *range(127, 160), 0x202E, 0x200B)))

    operator.run(steps)


@ONE
@SIZES
def test_the_bar_reads_as_its_golden_does(operator: Operator, agents: Source, size: Screen) -> None:
    ask(agents, "deploy", '{"path": "/srv/app"}')
    wonder(agents, minutes=3)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await say(keys, "s")
        await keys.press("tab")
        await keys.golden(f"command_bar_{size[0]}x{size[1]}")
        await keys.rush("nobody=x")
        await keys.press("enter")
        await keys.until(lambda: "use app, user" in keys.flat)
        await keys.golden(f"command_bar_refused_{size[0]}x{size[1]}")

    operator.run(steps, size)
