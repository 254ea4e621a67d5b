"""The inbox as it stands on the screen, against golden files, in both sizes and on both engines."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.agents import Place
from support.filling import fill_many
from support.fixtures import copied
from support.inboxes import NOON, Keys, Operator, ago, ask, wonder
from support.screens import NARROW, WIDE, Screen, screen_styles

from workbench.data import Source


def fill(source: Source) -> None:
    """An inbox of every kind: expiring soon, waiting, asked by a messenger, a question, overdue, and some history."""
    for number in range(3):
        old = ask(source, args='{"path": "/srv/app/config.yaml", "content": "replicas: 2\\n"}', minutes=90 - number)
        source.approvals.resolve(old.id, "approved", resolved_by="ops2@bastion", at=NOON.replace(hour=11, minute=20))
    ask(source, minutes=8, ttl=600.0, question='user asked: "scale the api to three"')
    ask(source, "run_shell", '{"command": "systemctl restart api"}', minutes=2, sender_context="slack:U02:C1")
    wonder(source, "Use OAuth or an API key for the new connector?", minutes=65, context="the vendor has both")
    ask(
        source,
        "http_request",
        '{"url": "https://example.test"}',
        minutes=42,
        created_by="cron:nightly",
        sender_context="",
    )


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_the_inbox_reads_as_its_golden_does(operator: Operator, agents: Source, size: Screen) -> None:
    fill(agents)

    async def steps(keys: Keys) -> None:
        await keys.sees("12:02 (in 2m)")
        text = keys.text
        assert "prod-genie ● live   inbox 4 (1 overdue)" in text.splitlines()[0]
        assert text.splitlines()[3].startswith(" ▸   8m       2m  save_file")
        assert text.splitlines()[-1].startswith(" a Approve  x Reject  b Send back  d Dismiss")
        await keys.golden(f"inbox_{size[0]}x{size[1]}")

    operator.run(steps, size)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_a_question_being_answered_reads_as_its_golden_does(operator: Operator, agents: Source, size: Screen) -> None:
    fill(agents)

    async def steps(keys: Keys) -> None:
        await keys.press("G")
        await keys.sees("the vendor has both")
        await keys.settled()
        await keys.press("enter")
        await keys.type("OAuth\nwith PKCE")
        text = keys.text
        assert "Answer Use OAuth or an API key for the new connector?" in text
        assert re.search(r"^ ?(.*[│┃])? ?with PKCE", text, re.MULTILINE)
        assert "⏎ send   ctrl+j new line   esc cancel" in text
        await keys.golden(f"inbox_answer_{size[0]}x{size[1]}")

    operator.run(steps, size)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_an_open_decision_reads_as_its_golden_does(operator: Operator, agents: Source, size: Screen) -> None:
    ask(agents, "deploy", '{"env": "prod"}', minutes=1, sender_context="slack:U02:C1")

    async def steps(keys: Keys) -> None:
        await keys.sees("probably waits")
        await keys.settled()
        await keys.press("x", "escape", "a")
        text, shown = keys.text, agents.approvals.list_heads()[0].id[:8]
        assert f"Approve deploy {shown}?" in text
        assert "⚠ came by a messenger" in text and "better answer in the channel" in keys.flat
        assert "y yes   n no" in text
        await keys.golden(f"inbox_deciding_{size[0]}x{size[1]}", (shown, "4f1c2d3e"))

    operator.run(steps, size)


def test_an_empty_inbox_says_so_and_keeps_its_keys(operator: Operator) -> None:
    async def steps(keys: Keys) -> None:
        await keys.sees("Nothing waits.")
        assert "inbox 0 " in keys.text.splitlines()[0]
        await keys.press("a", "x", "b", "d", "enter", "A", "v")
        assert not keys.inbox.asking and keys.notice == ""
        assert keys.text.splitlines()[-1] == " ? Help  q Quit"

    operator.run(steps)


def test_of_more_than_two_thousand_it_says_that_there_are_more(operator: Operator, place: Place) -> None:
    rows = [{"status": "pending", "expires_at": None, "created_at": ago(1 + n / 600)} for n in range(2_001)]
    fill_many(place, "approvals", rows)

    async def steps(keys: Keys) -> None:
        await keys.sees("inbox ≥ 2,000")
        assert len(keys.inbox.table.rows) == 2_000
        await keys.press("G")
        await keys.until(lambda: keys.inbox.table.cursor == keys.inbox.table.rows[-1].key)
        await keys.settled()
        assert "tool_name" in keys.text

    operator.run(steps)


def test_production_is_worded_and_coloured_in_every_width(operator: Operator, agents: Source) -> None:
    ask(agents)
    operator.production = True
    operator.name = "somebody-with-a-long-name@a-very-long-host-name.example"

    async def steps(keys: Keys) -> None:
        await keys.sees("inbox 1")
        top = keys.text.splitlines()[0]
        assert top.startswith(" prod-genie PRODUCTION ● live") and "somebody" not in top and "read-write" in top
        filled = dict(screen_styles(keys.app, 0))
        assert re.search("on #e.7878", filled["prod-genie"]) and "reverse" in filled["PRODUCTION"]

    operator.run(steps, (60, 20))


def test_what_is_damaged_is_shown_and_cannot_be_decided(tmp_path: Path) -> None:
    path = copied("agents/genie_damaged.db", tmp_path)
    operator = Operator(
        Place("sqlite", str(path), str(path)), tmp_path / "home", moment=datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    )

    async def steps(keys: Keys) -> None:
        await keys.sees("damaged")
        assert re.search(r"inbox \d+ \(\d+ overdue\), \d+ damaged", keys.text.splitlines()[0])
        with operator.where.open(read_only=True) as source:
            found = source.approvals.list_heads(limit=100).damage
        (id,) = next(damage.key for damage in found if damage.column == "expires_at" and damage.key)
        await keys.go_to(str(id))
        await keys.sees("damaged  expires_at: ")
        assert "(its expires_at cannot be read)" in keys.text.splitlines()[-1]
        await keys.press("a")
        assert not keys.inbox.asking and keys.notice.startswith("Approve: its expires_at cannot be read")

    operator.run(steps)


def test_another_size_is_laid_out_anew(operator: Operator, agents: Source) -> None:
    fill(agents)

    async def steps(keys: Keys) -> None:
        await keys.sees("12:02 (in 2m)")
        wide = keys.text
        for width, height in ((80, 24), (40, 10), (20, 5), (200, 60), WIDE):
            await keys.pilot.resize_terminal(width, height)
            await keys.until(lambda w=width, h=height: keys.app.size == (w, h) and len(keys.text.splitlines()) <= h)
        await keys.until(lambda: keys.text == wide)

    operator.run(steps)


def test_the_list_fits_a_width_that_came_while_it_was_hidden(operator: Operator, agents: Source) -> None:
    fill(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.pilot.resize_terminal(80, 24)
        await keys.golden("inbox_80x24")
        await keys.pilot.resize_terminal(*WIDE)
        await keys.until(lambda: keys.app.size == WIDE)
        await keys.press("enter")
        await keys.sees("esc Back")
        await keys.pilot.resize_terminal(80, 24)
        await keys.until(lambda: keys.app.size == (80, 24))
        await keys.press("escape")
        await keys.golden("inbox_80x24")

    operator.run(steps)
