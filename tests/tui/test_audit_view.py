"""View 9: what operators did, by keys: listed, filtered, read in full, verified, undone."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.inboxes import NOON, Keys, Operator, ask, place_at
from support.screens import NARROW, WIDE, Screen

from workbench.data import Source
from workbench.desk.audit import Audit, audit_log
from workbench.desk.audit_chain import NOTHING, moment, seal
from workbench.tui.choices import Choices

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
FILE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # the log is a file, whatever the sources are
HOSTILE = "\x1b]52;c;aGk=\x07\x1b[2J\u202e\u200b[red]x"


def log(home: Path, *acts: dict[str, Any]) -> Path:
    """A whole audit log as it was written on another day and machine: what stands in it depends on nothing here."""
    path, prev, lines = audit_log(home), NOTHING, []
    for number, given in enumerate(acts):
        told = {
            "operator": "ops@bastion", "host": "bastion", "ssh": None, "pid": 4242, "source": "prod-genie",
            "where": "/srv/genie.db", "via": "screen", "verb": "approve", "noun": "approval",
            "keys": [f"4f1c{number:04}"], "counts": {}, "unseen": 0, "reason": "", "more": {}, **given,
        }  # fmt: skip
        begun = NOON - timedelta(minutes=30 - number)
        for phase in ("intent", "outcome"):
            result = {"result": told.get("result", "approved"), "error": told.get("error")}
            line = seal(
                {
                    "v": 1, "seq": len(lines) + 1, "time": moment(begun + timedelta(seconds=phase == "outcome")),
                    "id": f"{number:032x}", "phase": phase, **told,
                    **(result if phase == "outcome" else {"result": None, "error": None}),
                },
                prev,
            )  # fmt: skip
            prev = json.loads(line)["hash"]
            lines.append(line)
    home.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for line in lines))
    path.chmod(0o600)
    return path


@FILE
@SIZES
def test_what_operators_did_is_listed_and_shown_in_full(operator: Operator, agents: Source, size: Screen) -> None:
    log(
        operator.home,
        {"counts": {"items": 1}, "unseen": 3, "reason": "the window is open"},
        {"verb": "reject", "source": "other", "result": "failed", "error": "it was locked", "via": "command line"},
        {"verb": "delete", "noun": "memory", "result": "deleted", "reason": HOSTILE, "more": {"note": HOSTILE}},
    )

    async def steps(keys: Keys) -> None:
        await keys.press("9")
        await keys.sees("acts 3", "delete", "failed", "approved")
        assert "9 Audit" in keys.text.splitlines()[1] and "RESULT" in keys.text
        await keys.sees("did      delete memory")
        await keys.golden(f"audit_{size[0]}x{size[1]}")
        await keys.press("enter")
        await keys.sees("␛]52;c;aGk=␇", "⚠", "esc Back")
        await keys.press("escape", "G", "enter")
        await keys.sees("3 lines were never on screen", "the window is open", "ops@bastion on bastion")

    operator.run(steps, size)


@FILE
def test_a_filter_asks_the_log_and_a_new_act_appears(operator: Operator, agents: Source) -> None:
    log(operator.home, *({"verb": "reject" if number % 10 else "approve"} for number in range(130)))
    call = ask(agents, "deploy")

    async def steps(keys: Keys) -> None:
        await keys.press("9")
        await keys.sees("acts ≥ 100")
        await keys.press("slash")
        await keys.type("verb=approve")
        await keys.press("enter")
        await keys.until(lambda: len(keys.view.table.rows) == 13 and keys.view.window.at_end)
        audit = Audit(operator.home, "ops2@bastion")
        with audit.intent(source="prod-genie", verb="approve", noun="approval", keys=[call.id], via="screen"):
            pass
        await keys.until(lambda: len(keys.view.table.rows) == 14)
        await keys.press("g")
        await keys.sees("ops2@bastion")
        await keys.press("slash", "ctrl+u")
        await keys.type("who=me")
        await keys.press("enter")
        await keys.sees('acts are not filtered by "who"')

    operator.run(steps)


@FILE
def test_a_log_that_was_changed_is_said_in_the_frame(operator: Operator, agents: Source) -> None:
    path = log(operator.home, {}, {"reason": "as it was"}, {})

    async def steps(keys: Keys) -> None:
        await keys.press("9")
        await keys.sees("acts 3")
        assert "DAMAGED" not in keys.text
        path.write_bytes(path.read_bytes().replace(b"as it was", b"as it is."))
        await keys.press("r")
        await keys.sees("DAMAGED", "the audit log is damaged: line 3", "workbench audit verify")

    operator.run(steps)


@FILE
def test_without_a_log_nothing_is_there_and_nothing_is_made(operator: Operator, agents: Source) -> None:
    async def steps(keys: Keys) -> None:
        await keys.press("9")
        await keys.sees("No acts.")
        await keys.press("Z")
        await keys.sees("nothing to put back")

    operator.run(steps)
    assert not audit_log(operator.home).exists()


def test_what_was_deleted_is_put_back_from_the_act_that_did_it(operator: Operator, agents: Source) -> None:
    agents.memories.add_memory(("genie", "ann"), "likes tea")

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await keys.sees("likes tea")
        await keys.until(lambda: keys.view.detail is not None)
        await keys.press("delete")
        while not keys.view.asking:
            await keys.press("delete")
        await keys.press("y")
        await keys.sees("No memories.")
        await keys.press("9")
        await keys.sees("acts 1", "Z Undo", "puts it back")
        await keys.until(lambda: not agents.memories.list())
        while not agents.memories.list():
            await keys.press("Z")
        await keys.sees("acts 2", "undo")

    operator.run(steps)
    assert [act.entry.verb for act in operator.acts()] == ["delete", "undo"]
    assert [memory.content for memory in agents.memories.list()] == ["likes tea"]


@FILE
def test_what_was_deleted_in_another_source_is_put_back_where_that_was_opened_for_writing(
    operator: Operator, agents: Source, tmp_path: Path
) -> None:
    agents.memories.add_memory(("genie", "ann"), "likes tea")
    operator.read_only = True
    first = operator.app().place
    other = place_at(tmp_path / "other.db", writable=False)
    operator.choices = Choices(places=lambda: [first, other])

    async def steps(keys: Keys) -> None:
        await keys.press("5")
        await keys.sees("likes tea")
        await keys.press("W")
        await keys.sees("for writing?")
        await keys.press("y")
        await keys.sees("Opened for writing.")
        while not keys.view.asking:
            await keys.press("delete")
        await keys.press("y")
        await keys.sees("No memories.")
        keys.app.show_noun("audit", other)
        await keys.sees("acts 1", "Z Undo")
        assert "Undo (read-only)" not in keys.text
        while not agents.memories.list():
            await keys.press("Z")

    operator.run(steps)
    assert [act.entry.verb for act in operator.acts()] == ["delete", "undo"]
