"""`workbench approval decided`: who decided a tool lately, and how."""

from __future__ import annotations

from datetime import UTC, datetime


def test_the_decisions_of_a_tool_are_shown_with_what_differs(workbench, agents) -> None:
    first, second = agents.held("deploy", '{"env": "qa"}'), agents.held("deploy", '{"env": "prod"}')
    agents.held("other")
    call = agents.held("deploy", '{"env": "prod"}')
    with agents.open() as source:
        at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
        source.approvals.resolve(first, "rejected", resolved_by="eve\x1b[2J", feedback="not\x07 now", at=at)
        source.approvals.resolve(second, "approved", resolved_by="ops2")
    run = workbench("approval", "decided", call[:8], "--utc")  # which fails on any trace, and on a control character
    assert run.code == 0 and run.err == ""
    for text in (
        "1 approved, 1 sent back in the newest 4 calls",
        "approved by ops2",
        "sent back by eve␛[2J",
        "not␇ now",
    ):
        assert text in run.out, text
    assert "differs  env\n" in run.out and "differs  in nothing\n" in run.out
    rows = workbench("approval", "decided", call, "--json").rows
    assert [(row["id"], row["decision"], row["differs"]) for row in rows] == [
        (second, "approved", []), (first, "sent back", ["env"]),
    ]  # fmt: skip
    assert rows[1]["resolved_by"] == "eve\x1b[2J" and rows[1]["source"] == "prod"
    run = workbench("approval", "decided", "--tool", "deploy", "--limit", "1")
    assert "approved by ops2" in run.out and "eve" not in run.out and "differs" not in run.out
    assert "decided  none in the newest 4 calls of all tools" in workbench("approval", "decided", "--tool", "x").out


def test_which_tool_has_to_be_said(workbench, agents) -> None:
    asked, call = agents.asked(), agents.held()
    for arguments in ((), (call, "--tool", "x")):
        said = workbench("approval", "decided", *arguments).failed(2)
        assert said == "say which tool: give the ID of a call, or --tool NAME"
    assert "is a question" in workbench("approval", "decided", asked).failed(2)
    assert "nothing in prod has an id" in workbench("approval", "decided", "nobody").failed(3)
