"""Going from one source to another on the screen: each opened to see that it answers, each left as it was."""

import sqlite3
from pathlib import Path

from support.inboxes import Keys, Operator, ask

from workbench.data import Source, open_source
from workbench.desk.places import Place
from workbench.tui.choices import Choices


def others(folder: Path) -> list[Place]:
    """A second database with a call, one of nobody's kind, and one that is not there."""
    second = folder / "second.db"
    with open_source(second, create=True) as source:
        ask(source, "restart")
    strange = folder / "strange.db"
    with sqlite3.connect(strange) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()

    def place(path: Path) -> Place:
        def open_place(write: bool) -> Source:
            return open_source(path, read_only=not write, name=path.stem)

        return Place(path.stem, str(path), open_place, writable=True)

    return [place(second), place(strange), place(folder / "gone.db")]


def knowing(operator: Operator, places: list[Place]) -> None:
    """Give the operator's app these sources to go to."""
    operator.choices = Choices(places=lambda: places)


def test_one_goes_to_another_source_and_decides_there(operator: Operator, agents: Source, tmp_path: Path) -> None:
    call = ask(agents, "deploy")
    knowing(operator, others(tmp_path))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("s")
        await keys.sees("SOURCE", "second", "strange", "gone", "prod-genie")
        await keys.press("G", "enter")
        await keys.sees("there is no file or directory")
        await keys.press("k", "enter")
        await keys.until(lambda: "nothing that workbench knows" in keys.flat)
        await keys.press("escape")
        await keys.sees("deploy")
        await keys.press("s", "j", "enter")
        await keys.sees("second ●", "restart")
        await keys.settled()
        await keys.press("a")
        await keys.sees("Approve restart")
        await keys.press("s")
        assert keys.inbox.asking
        await keys.press("y")
        await keys.sees("Nothing waits.")
        await keys.press("2")
        await keys.sees("No sessions.")
        await keys.press("s", "g", "j", "enter")
        await keys.sees("prod-genie ●", "deploy")
        assert "sources" not in keys.text.splitlines()[0]

    operator.run(steps)
    assert agents.approvals.get(call.id).status == "pending"
    with open_source(tmp_path / "second.db", read_only=True) as second:
        assert [row.status for row in second.approvals.list()] == ["approved"]
    (act,) = operator.acts()
    assert (act.entry.source, act.result) == ("second", "approved")


def test_what_is_said_in_the_other_source_appears(operator: Operator, agents: Source, tmp_path: Path) -> None:
    ask(agents, "deploy")
    knowing(operator, others(tmp_path))

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("s", "j", "enter")
        await keys.sees("restart")
        with open_source(tmp_path / "second.db") as second:
            ask(second, "later")
        await keys.sees("later", "inbox 2")

    operator.run(steps)


def test_a_view_that_is_asked_for_before_the_one_ahead_is_laid_out_comes_after_it(
    operator: Operator, agents: Source, tmp_path: Path
) -> None:
    """Keys that were typed ahead, faster than screens are made."""
    ask(agents, "deploy")
    second = others(tmp_path)[0]

    async def steps(keys: Keys) -> None:
        await keys.settled()
        keys.app.go_to(second)
        keys.app.action_noun("session")
        await keys.sees("second ●", "No sessions.")
        await keys.press("1")
        await keys.sees("second ●", "restart")

    operator.run(steps)
