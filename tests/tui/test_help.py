"""The help: every key that does something now, made from the live bindings, in words that people read."""

import pytest
from support.inboxes import Keys, Operator, ask, wonder
from support.screens import NARROW, WIDE, Screen

from workbench.data import Source
from workbench.desk.verbs import VERBS
from workbench.tui.help_screen import HelpLines, key_words, live_keys


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x34", "80x24"])
def test_the_help_reads_as_its_golden_does(operator: Operator, agents: Source, size: Screen) -> None:
    ask(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("question_mark")
        await keys.sees("Keys: esc, q or ? closes")
        assert "a  Approve. Let the agent run the call, exactly as it is" in keys.text
        assert "v  Show or mask secrets. That you looked is on record." in keys.text
        assert "↓ j  Down" in keys.text or size == NARROW  # where it has to be scrolled to
        await keys.golden(f"help_{size[0]}x{size[1]}")
        await keys.press("escape")
        await keys.sees("WAIT")

    operator.run(steps, size)


def test_every_verb_of_the_item_is_there_and_no_other(operator: Operator, agents: Source) -> None:
    ask(agents, minutes=5), wonder(agents, minutes=4)

    async def steps(keys: Keys) -> None:
        for move, kind in (("g", "approval"), ("G", "question")):
            await keys.press(move)
            await keys.settled()
            assert keys.inbox.detail is not None and keys.inbox.detail.kind == kind
            shown = dict(live_keys(keys.inbox, {}))
            words = " ".join(shown.values())
            for verb in VERBS:
                if verb.key != "enter":
                    assert (f"{verb.title}. {verb.words}" in words) == (kind in verb.applies)
            assert "tab" in shown and "?" in shown and any(name.endswith("q") or " q" in name for name in shown)

    operator.run(steps)


def test_a_verb_that_is_refused_says_why_and_an_open_question_has_keys_of_its_own(
    operator: Operator, agents: Source
) -> None:
    ask(agents)
    operator.read_only = True

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("question_mark")
        await keys.sees("Approve (read-only).")
        await keys.press("q")
        await keys.sees("WAIT")
        await keys.press("W", "question_mark")
        await keys.sees("y  Yes", "n esc  No", "Scroll the detail down")
        assert "Approve" not in keys.text
        await keys.press("escape")
        assert keys.inbox.asking  # the help went, the question stayed
        await keys.press("n")

    operator.run(steps)


def test_the_detail_has_its_own_keys_in_it(operator: Operator, agents: Source) -> None:
    ask(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("tab")
        words = {what: key for key, what in live_keys(keys.inbox, {})}
        assert words["Page down"] == "page down ctrl+d" and words["Bottom"] == "end G" and "First" not in words

    operator.run(steps)


def test_a_help_that_is_longer_than_the_screen_scrolls(operator: Operator, agents: Source) -> None:
    ask(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("question_mark")
        await keys.sees("Keys:")
        for _ in range(40):
            await keys.press("j")
        await keys.sees("Quit")
        assert "Keys:" not in keys.text
        await keys.press("pageup", "pageup", "pageup", "pageup")
        await keys.sees("Keys:")
        assert keys.app.screen.query_one(HelpLines).has_focus
        await keys.press("question_mark")
        await keys.sees("WAIT")

    operator.run(steps, (80, 16))


@pytest.mark.parametrize(
    ("key", "words"),
    [("enter", "⏎"), ("escape", "esc"), ("ctrl+d", "ctrl+d"), ("ctrl+backslash", "ctrl+\\"), ("G", "G")],
)
def test_keys_are_written_as_people_read_them(key: str, words: str) -> None:
    assert key_words(key) == words
