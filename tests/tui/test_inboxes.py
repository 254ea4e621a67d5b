"""One inbox over several sources: in one order, each item decided in its own source, each source read by itself."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.inboxes import NOON, Keys, Operator, ask, place_at, wonder
from support.screens import NARROW, WIDE, Screen

from workbench.data import Source, open_source
from workbench.data.agents.writing import user_message
from workbench.desk import clocks, inbox
from workbench.desk.places import Place
from workbench.tui.choices import Choices
from workbench.tui.notices_out import Wanted


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Source]:
    """A second agents database, as its agents have it open."""
    with open_source(tmp_path / "staging.db", create=True) as source:
        yield source


@pytest.fixture
def specs(tmp_path: Path) -> Iterator[Source]:
    """A third one."""
    with open_source(tmp_path / "specs.db", create=True) as source:
        yield source


@pytest.fixture
def three(operator: Operator, staging: Source, specs: Source, tmp_path: Path) -> Operator:
    """An operator before three sources: on each engine in turn `prod-genie`, and two files."""
    operator.others = [place_at(tmp_path / "staging.db"), place_at(tmp_path / "specs.db")]
    return operator


def rows(keys: Keys) -> list[list[str]]:
    """The rows of the list, cell by cell, without the detail and the cursor."""
    lines = [line.split("│")[0].split("┃")[0] for line in keys.text.splitlines()[3:]]
    return [line.replace("▸", " ").replace("•", " ").split() for line in lines[: len(keys.inbox.table.rows)]]


def status(source: Source, id: str) -> Any:
    return source.approvals.get(id).status


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_several_sources_are_one_list_the_most_urgent_first(
    three: Operator, agents: Source, staging: Source, specs: Source, size: Screen
) -> None:
    ask(agents, minutes=8, ttl=600.0)
    ask(agents, "run_shell", minutes=1)
    wonder(specs, "Use OAuth or an API key?", minutes=65, sender_context="planner-01K")
    wonder(agents, "Which region?", minutes=4)
    ask(staging, "http_request", minutes=42, created_by="cron:nightly", sender_context="")

    async def steps(keys: Keys) -> None:
        await keys.sees("3 sources", "http_request", "OAuth", "Which region?")
        await keys.press("g")
        await keys.sees("prod-genie ● live   inbox 5 (1 overdue)   3 sources", "12:02 (in 2m)")
        await keys.golden(f"inboxes_{size[0]}x{size[1]}")

    three.run(steps, size)


def test_each_item_is_decided_in_its_own_source_and_the_audit_names_it(
    three: Operator, agents: Source, staging: Source, specs: Source
) -> None:
    held = ask(agents, "deploy", minutes=5)
    other = ask(staging, "restart", minutes=4)
    asked = wonder(specs, "Which region?", minutes=3)

    async def steps(keys: Keys) -> None:
        await keys.sees("deploy", "restart", "Which region?")
        await keys.go_to(other.id)
        await keys.sees("staging ● live")
        await keys.press("a")
        await keys.sees("Approve restart", "in staging?")
        await keys.press("y")
        await keys.until(lambda: status(staging, other.id) == "approved")
        await keys.until(lambda: len(keys.inbox.table.rows) == 2)
        await keys.go_to(asked.id)
        await keys.press("enter")
        await keys.sees("in specs · An answer:")
        await keys.type("eu")
        await keys.press("enter")
        await keys.until(lambda: specs.clarifications.get(asked.id).answer == "eu")
        await keys.until(lambda: len(keys.inbox.table.rows) == 1)
        await keys.sees("prod-genie ● live")

    three.run(steps)
    assert status(agents, held.id) == "pending"
    acts = [(act.entry.source, act.entry.verb, tuple(act.entry.keys), act.result) for act in three.acts()]
    assert acts == [("staging", "approve", (other.id,), "approved"), ("specs", "answer", (asked.id,), "answered")]


def test_one_source_is_read_only_while_another_is_not_and_can_be_opened(
    three: Operator, agents: Source, staging: Source
) -> None:
    three.others[0] = place_at(Path(three.others[0].display), writable=False, production=True)
    mine, theirs = ask(agents, "mine", minutes=5), ask(staging, "theirs", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.sees("mine", "theirs")
        await keys.go_to(mine.id)
        await keys.sees("prod-genie ● live", "read-write")
        assert "W Write" not in keys.text and "(read-only)" not in keys.text and not keys.inbox.has_class("-production")
        await keys.go_to(theirs.id)
        await keys.sees("staging PRODUCTION ● live", "read-only", "Dismiss (read-only)", "W Write")
        assert keys.inbox.has_class("-production")
        await keys.press("a")
        await keys.until(lambda: keys.notice == "Approve: read-only; W opens the source for writing")
        await keys.press("W")
        await keys.sees("Open staging for writing?")
        await keys.press("y")
        await keys.sees("staging PRODUCTION ● live", "read-write")
        await keys.settled()
        await keys.press("x")
        await keys.sees("Reject theirs")
        await keys.press("enter")
        await keys.until(lambda: status(staging, theirs.id) == "rejected")
        assert status(agents, mine.id) == "pending"
        assert not keys.app.gateway.lanes["prod-genie"].source.read_only  # nobody has touched it

    three.run(steps)


def test_rows_of_other_sources_come_and_go_beside_the_cursor(
    three: Operator, agents: Source, staging: Source, specs: Source
) -> None:
    first, second = ask(agents, "first", minutes=5), ask(staging, "second", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.sees("first", "second")
        await keys.go_to(second.id)
        shown = keys.inbox.shown_at
        urgent = ask(specs, "urgent", minutes=1, ttl=120.0)
        late = ask(agents, "late", minutes=0)
        await keys.until(lambda: len(keys.inbox.table.rows) == 4)
        assert [row.key[2] for row in keys.inbox.table.rows] == [urgent.id, first.id, second.id, late.id]
        assert keys.cursor == second.id and keys.inbox.shown_at == shown
        staging.approvals.resolve(second.id, "rejected", resolved_by="ops2", feedback="no", at=NOON)
        await keys.until(lambda: keys.cursor == late.id)
        await keys.until(lambda: keys.notice == f"second {second.id[:8]}: rejected by ops2 at 12:00: no")
        await keys.sees("prod-genie ● live")
        assert keys.inbox.shown_at > shown

    three.run(steps)


def test_a_change_in_one_source_has_that_one_read_and_no_other(
    three: Operator, agents: Source, staging: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(agents, "first")
    read: list[str] = []
    really = inbox.read_inbox

    def noted(source: Source, name: str) -> inbox.Inbox:
        read.append(name)
        return really(source, name)

    monkeypatch.setattr(inbox, "read_inbox", noted)

    async def steps(keys: Keys) -> None:
        await keys.sees("first", "inbox 1")
        await keys.until(lambda: [eye for eye in keys.app._eyes.values() if eye.sees][2:])
        await keys.until(lambda: not any(lane.asking for lane in keys.inbox.lanes))
        read.clear()
        ask(staging, "second")
        await keys.sees("second", "inbox 2")
        assert set(read) == {"staging"}

    three.run(steps)


def test_what_is_new_is_told_with_its_source_and_what_waited_when_a_source_answered_is_not(
    three: Operator, agents: Source, staging: Source
) -> None:
    three.choices = Choices(wanted=Wanted(bell=True, osc9=True), environment={"TERM": "xterm-256color"})
    ask(agents, "first")
    ask(staging, "second")
    sent: list[bytes] = []

    async def steps(keys: Keys) -> None:
        keys.app.tell_terminal = sent.append  # type: ignore[method-assign]
        await keys.sees("first", "second", "3 sources")
        await keys.until(lambda: keys.inbox.inboxes.settled and not any(lane.asking for lane in keys.inbox.lanes))
        assert b"\x1b]9;" not in b"".join(sent)
        ask(staging, "third")
        await keys.until(lambda: b"\x07\x1b]9;New in staging: third\x07" in b"".join(sent))
        assert b"(3) 3 sources" in b"".join(sent)

    three.run(steps)


def test_other_views_are_of_the_source_under_the_cursor_and_one_comes_back_to_all(
    three: Operator, agents: Source, staging: Source, tmp_path: Path
) -> None:
    added: list[Place] = []
    three.choices = Choices(places=lambda: [*three.others, *added])
    staging.sessions.create_session(("genie", "ann", "s-staging"), {})
    staging.sessions.append_event(("genie", "ann", "s-staging"), user_message("hello"))
    ask(agents, "first", minutes=5)
    second = ask(staging, "second", minutes=4)

    async def steps(keys: Keys) -> None:
        await keys.sees("first", "second")
        await keys.go_to(second.id)
        await keys.press("h")
        await keys.sees("staging ●", "approvals 1", "second")
        await keys.press("2")
        await keys.sees("staging ●", "s-staging")
        await keys.press("1")
        await keys.sees("approvals 1")
        await keys.press("1")
        await keys.sees("No questions.")
        await keys.press("1")
        await keys.sees("3 sources", "first", "second")
        assert keys.cursor == second.id
        await keys.press("s")
        await keys.sees("all sources", "the inbox of these 3")
        await keys.press("G", "enter")
        await keys.sees("specs ●", "Nothing waits.")
        assert "sources" not in keys.text.splitlines()[0]
        ask(agents, "meanwhile")
        with open_source(tmp_path / "later.db", create=True) as later:
            ask(later, "configured later")
        added.append(place_at(tmp_path / "later.db"))
        await keys.press("s", "g", "enter")
        await keys.sees("4 sources", "first", "second", "meanwhile", "configured later")
        keys.app.go_to(three.others[0], "session")
        await keys.sees("staging ●", "s-staging")
        await keys.press("1")
        await keys.sees("staging ● live   inbox 1  ", "second")

    three.run(steps)


def test_each_age_is_told_by_the_clock_of_its_source(
    three: Operator, agents: Source, staging: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = ask(agents, "mine", minutes=5), ask(staging, "theirs", minutes=4)
    # Files have our clock: one of them is given another.
    monkeypatch.setattr(clocks, "ahead", lambda source: 185.0 if source.name == "staging" else 0.0)

    async def steps(keys: Keys) -> None:
        await keys.sees("mine", "theirs")
        await keys.until(lambda: [row[:2] for row in rows(keys)] == [["7m", "22m"], ["5m", "25m"]])
        assert "The clock of staging is 185 s ahead of this machine's" in keys.notice
        await keys.go_to(theirs.id)
        await keys.sees("(7m) by agui:web-1", "clock +185 s", "12:03")
        await keys.go_to(mine.id)
        await keys.until(lambda: "clock +" not in keys.text and "(5m) by agui:web-1" in keys.text)

    three.run(steps)


def test_sources_of_other_kinds_are_left_out_quietly_and_with_one_left_none_is_named(
    operator: Operator, agents: Source, tmp_path: Path
) -> None:
    ask(agents, "first")
    with sqlite3.connect(tmp_path / "state.db") as state:
        state.execute("CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT)")
    state.close()
    operator.others = [place_at(tmp_path / "state.db")]

    async def steps(keys: Keys) -> None:
        await keys.sees("prod-genie ● live   inbox 1  ", "first")
        await keys.until(lambda: not keys.inbox.inboxes.several and "SOURCE" not in keys.text)
        assert rows(keys)[0][2] == "first" and keys.notice == "" and keys.cursor is not None

    operator.run(steps)
