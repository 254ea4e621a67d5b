"""Searching inside a session on the screen: what is folded opens, matches are counted, nothing is claimed unread."""

import pytest
from support.inboxes import SECRET, Keys, Operator
from support.screens import NARROW, WIDE, Screen, golden, screen_styles

from workbench.data import Source
from workbench.data.agents.writing import assistant_message, tool_call, tool_result, user_message
from workbench.desk.lines import DetailLine
from workbench.desk.safe import plain, safe
from workbench.tui.finding import FOUND, HERE, Finding
from workbench.tui.wrapping import wrapped

KEY = ("genie", "ann", "s-1")
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
ONE_ENGINE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


def talk(source: Source) -> None:
    """A call whose arguments and result are only there in full when it is unfolded."""
    source.sessions.create_session(KEY, {"region": b'"Needle-on-Sea"', "turn": b"7"})
    source.sessions.append_event(KEY, user_message("Please look for the needle."))
    content = "x" * 300 + " here is the NEEDLE\n" + "y" * 300
    call = tool_call("c1", "search_hay", {"where": "barn", "what": "needle", "token": SECRET})
    source.sessions.append_event(KEY, assistant_message("I shall.", tool_calls=[call]))
    source.sessions.append_event(KEY, tool_result("c1", "search_hay", content))
    other = tool_call("c2", "rest", {"minutes": 5})
    source.sessions.append_event(KEY, assistant_message("\x1b[2J found it: [b]needle[/b] \u202e", tool_calls=[other]))
    source.sessions.append_event(KEY, tool_result("c2", "rest", "rested"))


async def search(keys: Keys, text: str) -> None:
    await keys.press("slash")
    await keys.until(lambda: keys.app.focused is not None and keys.app.focused.id == "filter-words")
    await keys.press("ctrl+u")
    await keys.type(text)
    await keys.press("enter")


@SIZES
@ONE_ENGINE
def test_what_is_folded_and_matches_opens_and_matches_are_counted(
    operator: Operator, agents: Source, size: Screen
) -> None:
    talk(agents)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.until(lambda: keys.view.detail is not None)
        await keys.press("enter")
        await keys.sees("/ Search")
        await search(keys, "needle")
        await keys.sees("1 of 4: “needle”", "n next, N before", '"what": "needle"')
        lines = keys.view.detail.lines if keys.view.detail else ()
        folded = ["".join(text for text, _ in line.pieces) for line in lines if line.folded]
        assert folded == ['→ rest {"minutes":5}', "← rested"]  # what does not match stays so
        where = next(number for number, line in enumerate(keys.text.splitlines()) if "look for the needle" in line)
        marked = [style for text, style in screen_styles(keys.app, where) if text == "needle"]
        assert len(marked) == 1 and "reverse" in marked[0] and "underline" in marked[0]
        await keys.press("n")
        await keys.sees("2 of 4")
        await keys.press("n")
        await keys.sees("3 of 4", "here is the NEEDLE")
        await keys.press("n")
        await keys.sees("4 of 4", "␛[2J found it: [b]needle[/b] ⟨U+202E⟩")
        await keys.press("n")
        await keys.sees("1 of 4")
        await keys.press("N")
        await keys.sees("4 of 4")
        await keys.press("right")
        await keys.sees("1 of 1", "Needle-on-Sea")
        await keys.press("right")
        await keys.sees("no “needle” in what is shown")
        await keys.press("right")
        await keys.sees("1 of 4", '"role"')
        assert SECRET not in keys.packed
        await search(keys, SECRET[:12])
        await keys.sees("no “")
        await keys.press("escape")
        await keys.until(lambda: keys.view.pane.finding is None)
        await keys.sees("esc Back")
        await keys.press("n", "escape")
        await keys.sees("/ Filter")
        await search(keys, "nobody-says-this")
        await keys.sees("No sessions match.")

    operator.run(steps, size)


def test_older_events_are_read_when_asked_for_and_never_said_to_hold_nothing(
    operator: Operator, agents: Source
) -> None:
    agents.sessions.create_session(KEY)
    with agents.database.transaction():
        for number in range(1_210):
            word = "needle" if number in (5, 1_205) else "hay"
            agents.sessions.append_event(KEY, user_message(f"{word} {number}"))

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.sees("hay 1011")
        await keys.press("tab")
        await search(keys, "needle")
        await keys.sees("1 of 1: “needle” in the newest 1,000 events", "N at the first looks further back")
        assert "needle 1205" in keys.text
        await search(keys, "needle 5")
        await keys.sees("no “needle 5” in the newest 1,000 events", "N looks further back")
        await keys.press("N")
        await keys.sees("1 of 1: “needle 5” ·", "needle 5")
        await search(keys, "needle")
        await keys.sees("1 of 2: “needle” ·")

    operator.run(steps)


@SIZES
@ONE_ENGINE
def test_a_search_reads_as_its_golden_does(operator: Operator, agents: Source, size: Screen) -> None:
    talk(agents)

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.until(lambda: keys.view.detail is not None)
        await keys.press("enter", "right")
        await keys.sees("region")
        await search(keys, "e")
        await keys.sees("1 of ", "n Next match")
        told = [line for line in keys.text.splitlines()[2:] if "ago)" not in line]  # the frame is others' to test
        golden(f"search_{size[0]}x{size[1]}", "\n".join(told))

    operator.run(steps, size)


def test_a_match_goes_over_the_end_of_a_row() -> None:
    lines = [DetailLine(plain("text"), ((safe("the quick brown fox "), ""), (safe("jumps over"), "key")), prose=True)]
    rows = list(wrapped(0, lines[0], 24))
    assert len(rows) > 1
    finding = Finding("BROWN FOX jumps")
    finding.place(lines, rows)
    finding.begin_at(0)
    assert finding.count == 1 and finding.row is not None
    shown = [
        (str(text), mark) for number, row in enumerate(rows) for text, _, mark in finding.marked(number, row.pieces)
    ]
    assert "".join(text for text, mark in shown if mark == HERE).replace(" ", "") == "brownfoxjumps"
    assert "".join(text for text, _ in shown) == "".join(str(text) for row in rows for text, _ in row.pieces)
    other = Finding("o")
    other.place(lines, rows)
    other.begin_at(0)
    marks = [mark for number, row in enumerate(rows) for *_, mark in other.marked(number, row.pieces) if mark]
    assert marks == [HERE, FOUND, FOUND] and other.count == 3
