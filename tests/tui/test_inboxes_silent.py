"""One inbox over several sources of which some are dead, hang or are locked: told in the frame, in nobody's way."""

import shutil
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from servers import until
from support.agents import Place as Where
from support.fixtures import copied
from support.inboxes import Keys, Operator, ask, place_at
from support.processes import SqlProcess
from support.running import ask as agent_asks
from support.running import start, status_of
from support.screens import NARROW, SYNCHRONISED, WIDE, Pty, Screen

from workbench.data import Source, open_source
from workbench.data.errors import Unavailable
from workbench.desk.places import Place


def made(path: Path, *tools: str) -> Path:
    """A SQLite agents database of ours in which these tools wait."""
    with open_source(path, create=True) as source:
        for tool in tools:
            agent_asks(source, tool)
    return path


def shut(path: Path) -> SqlProcess:
    """Another process that keeps everybody out of a database, readers too."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    process = SqlProcess(path)
    process.run("BEGIN EXCLUSIVE")
    return process


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_sources_that_do_not_answer_read_as_their_golden_does(
    sqlite_place: Where, tmp_path: Path, size: Screen
) -> None:
    def refuse(write: bool) -> Source:
        raise Unavailable("the server closed the connection: check that it runs")

    operator = Operator(sqlite_place, tmp_path / "home")
    operator.others = [place_at(made(tmp_path / "staging.db")), *(Place(n, n, refuse) for n in ("specs", "sandbox"))]
    with sqlite_place.open() as agents:
        ask(agents)

    async def steps(keys: Keys) -> None:
        told = "2 of 4 sources do not answer: specs, sandbox" if size is WIDE else "2 of 4 sources do not answer   "
        await keys.sees("prod-genie ● live   inbox 1", told, "read-write", "probably waits")
        await keys.sees(": the server closed")  # of whichever was asked first
        await keys.golden(f"inboxes_silent_{size[0]}x{size[1]}", ("sandbox: the", "specs: the"))

    operator.run(steps, size)


def test_a_dead_source_comes_back_by_itself(operator: Operator, agents: Source, tmp_path: Path) -> None:
    first = ask(agents, "first")
    operator.others = [place_at(tmp_path / f"{name}.db") for name in ("gone", "lost")]

    async def steps(keys: Keys) -> None:
        await keys.sees("first", "2 of 3 sources do not answer: gone, lost")
        await keys.until(lambda: keys.notice.startswith("gone: there is no file or directory"))
        await keys.press("s")
        await keys.sees("○ does not answer · ")
        await keys.press("escape")
        made(tmp_path / "gone.db", "back")
        await keys.sees("inbox 2", "1 of 3 sources does not answer: lost", "back")
        assert keys.cursor == first.id and "gone:" not in keys.notice

    operator.run(steps)


def test_what_was_read_of_a_source_stays_while_it_is_gone_and_its_successor_is_read_anew(
    operator: Operator, agents: Source, tmp_path: Path
) -> None:
    path = copied("agents/genie_fleet.db", tmp_path)
    operator.others = [place_at(path)]
    first = ask(agents, "first", minutes=5)

    async def steps(keys: Keys) -> None:
        await keys.sees("inbox 40", "2 sources")
        path.rename(tmp_path / "moved.db")
        await keys.sees("inbox 40", "1 of 2 sources does not answer: genie_fleet")
        other = made(tmp_path / "other.db")
        with open_source(other) as source:
            ask(source, "third", minutes=3)
        shutil.move(other, path)
        await keys.sees("inbox 2", "2 sources", "third")
        assert [row.key[0] for row in keys.inbox.table.rows] == ["prod-genie", "genie_fleet"]
        await keys.go_to(first.id)

    operator.run(steps)


def test_a_file_that_is_replaced_by_another_kind_ends_nothing_and_comes_back(tmp_path: Path) -> None:
    """Nothing that is left can have an inbox: the screen says so, and goes on once the right file lies there again."""
    path, kept, other = (tmp_path / f"{name}.db" for name in ("agents", "kept", "other"))
    made(path, "first")
    with sqlite3.connect(other) as state:
        state.execute("CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT)")
    state.close()
    operator = Operator(Where("sqlite", str(path), str(path)), tmp_path / "home")

    async def steps(keys: Keys) -> None:
        await keys.sees("inbox 1", "first")
        path.rename(kept)
        shutil.copy(other, path)
        await keys.sees("has no inbox", "○ down")
        kept.replace(path)
        await keys.sees("● live", "inbox 1")
        await keys.settled()

    operator.run(steps)


def test_a_source_that_keeps_everybody_out_and_one_that_says_nothing_hold_back_neither_keys_nor_decisions(
    operator: Operator, agents: Source, tmp_path: Path
) -> None:
    first = ask(agents, "first", minutes=5)
    second, kept = made(tmp_path / "second.db"), made(tmp_path / "kept.db")
    with open_source(second) as source:
        theirs = ask(source, "second", minutes=4)
    with open_source(kept) as source:
        late = ask(source, "late", minutes=3)
    keeper = shut(kept)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dsn = f"postgresql://u:p@127.0.0.1:{listener.getsockname()[1]}/d"
        mute = Place("mute", "its address", lambda write: open_source(dsn, read_only=not write), writable=True)
        operator.others = [place_at(kept), mute, place_at(second)]

        async def steps(keys: Keys) -> None:
            await keys.sees("2 of 4 sources do not answer: kept, mute", "first", "second")
            await keys.press("s", "G", "k", "enter")  # to the one that says nothing, without the patience for it
            await keys.sees("opening mute")
            await keys.press("escape")
            await keys.go_to(theirs.id)
            await keys.press("a")
            await keys.sees("Approve second", "in second?")
            await keys.press("?")
            await keys.sees("Keys: esc")
            await keys.press("q")
            assert keys.inbox.asking
            await keys.press("y")
            await keys.until(lambda: status_of(second, "second") == "approved")
            assert keys.app.gateway.lanes["kept"].silent_for and keys.app.gateway.lanes["mute"].silent_for
            keeper.run("COMMIT")
            await keys.sees("late", "1 of 4 sources does not answer: mute")
            # While a decision waits for a lock in one source, one in another is made.
            keeper.run("BEGIN IMMEDIATE")
            await keys.go_to(late.id)
            await keys.press("a")
            await keys.sees("in kept?")
            await keys.press("y")
            await keys.sees("kept ○ writing for")
            await keys.go_to(first.id)
            await keys.press("a", "y")
            await keys.until(lambda: agents.approvals.get(first.id).status == "approved")
            assert status_of(kept, "late") == "pending"
            keeper.run("COMMIT")
            keeper.quit()
            await keys.until(lambda: status_of(kept, "late") == "approved")
            await keys.until(lambda: [act.result for act in operator.acts()] == ["approved"] * 3)

        operator.run(steps)
    acts = {act.entry.keys[0]: act.entry.source for act in operator.acts()}
    assert acts == {theirs.id: "second", first.id: "prod-genie", late.id: "kept"}


def test_hostile_names_of_sources_act_nowhere(operator: Operator, agents: Source, tmp_path: Path) -> None:
    """In the column, in the frame, in a question, in the notice and in the list of sources."""
    name = "[red]\x1b]0;x\x07\u202e"

    def refuse(write: bool) -> Source:
        raise Unavailable(f"{name} said \x1b[2J")

    held = ask(agents, "first", minutes=5)
    with open_source(made(tmp_path / "second.db")) as source:
        other = ask(source, "second", minutes=4)
    operator.others = [place_at(tmp_path / "second.db", name), Place(f"{name}-dead", name, refuse)]

    async def steps(keys: Keys) -> None:
        await keys.sees("1 of 3 sources does not answer: [red]␛]0;x␇", "first", "second")
        await keys.go_to(other.id)
        await keys.press("a")
        await keys.sees("in [red]␛]0;x␇⟨U+202E⟩?", "[red]␛]0;x")
        await keys.press("n", "s")
        await keys.sees("all sources", "○ does not answer")
        assert all(character.isprintable() or character == "\n" for character in keys.text)
        await keys.press("escape")
        await keys.go_to(held.id)

    operator.run(steps)


def test_without_a_name_the_program_shows_all_configured_sources_and_is_quiet_when_nothing_changes(
    tmp_path: Path,
) -> None:
    """One of them is of another kind, one cannot be composed, and the home is among them."""
    for name in ("first", "second"):
        path = made(tmp_path / f"{name}.db")
        with open_source(path) as source:
            at = datetime.now(UTC) - timedelta(hours=5, minutes=20)  # its age reads the same for the next minutes
            source.approvals.create(tool_name=f"{name}_tool", args='{"a": 1}', ttl=None, at=at)
    with sqlite3.connect(tmp_path / "state.db") as state:
        state.execute("CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT)")
    state.close()
    folder = tmp_path / ".config" / "workbench"
    folder.mkdir(parents=True)
    targets = {"unset": "${NOT_SET}", "state": tmp_path / "state.db"}
    targets |= {name: tmp_path / f"{name}.db" for name in ("second", "first")}
    text = "".join(f'[sources.{name}]\ntarget = "{target}"\n' for name, target in targets.items())
    (folder / "workbench.toml").write_text(f'default_source = "first"\n{text}')
    with start(tmp_path, answers=SYNCHRONISED) as pty:
        for words in ("first_tool", "second_tool", "1 of 4 sources does not answer: unset", "NOT_SET"):
            pty.until(words)
        pty.until("● live")
        until(lambda: is_quiet(pty), 30, "a screen that is done")
        until(lambda: 5 <= datetime.now(UTC).second <= 50, 30, "a minute that lasts")
        mark = pty.mark()
        assert is_quiet(pty, 4), pty.since(mark)
        pty.send("q")
        assert pty.until_closed() == 0
    with start(tmp_path, "second", "first") as pty:  # these two together, in this order
        pty.until("2 sources")
        pty.until("first_tool")
        pty.send("q")
        assert pty.until_closed() == 0
    with start(tmp_path, "state") as pty:  # by itself it is described
        assert pty.until_closed() == 0
        assert b"opstate" in pty.received


def is_quiet(pty: Pty, seconds: float = 1.0) -> bool:
    """Whether nothing comes for so long."""
    mark, end = pty.mark(), monotonic() + seconds
    until(lambda: monotonic() > end or pty.mark() > mark)
    return pty.mark() == mark
