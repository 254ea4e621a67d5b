"""The screen keeps to what the operator chose: keys, themes, and what is copied of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from support.agents import Place
from support.inboxes import SECRET, Keys, Operator, ask, wonder

from workbench.data.agents.writing import user_message
from workbench.tui.choices import Choices
from workbench.tui.copying import FILE, OSC52
from workbench.tui.keymap import read_keymap

COLOURFUL = {"TERM": "xterm-256color"}


@pytest.fixture
def operator(sqlite_place: Place, tmp_path: Path) -> Operator:
    return Operator(sqlite_place, tmp_path / "home", choices=Choices(clipboard=FILE, environment=COLOURFUL))


def refuse(id: str, what: str) -> NoReturn:
    raise AssertionError(f"{id} {what}")


def mapped(operator: Operator, **given: str) -> None:
    keymap = read_keymap({id.replace("__", "."): keys.split() for id, keys in given.items()}, refuse)
    operator.choices = replace(operator.choices, keymap=keymap)


def copied(operator: Operator) -> str:
    return (operator.home / "copied.txt").read_text(encoding="utf-8")


# -- keys --------------------------------------------------------------------------------------------------------


def test_changed_keys_act_and_the_old_ones_do_not(operator: Operator) -> None:
    with operator.where.open() as agents:
        held = ask(agents)
    mapped(operator, inbox__approve="f5", bar__yes="z", move__down="f6", words__send="ctrl+s")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("a")
        assert not keys.inbox.asking
        await keys.press("f5")
        await keys.until(lambda: keys.inbox.asking)
        await keys.sees("z yes   n no")
        await keys.press("y")
        assert keys.inbox.asking
        await keys.press("z")
        await keys.until(lambda: "approved" in keys.notice)

    operator.run(steps)
    with operator.where.open() as agents:
        assert agents.approvals.get(held.id).status == "approved"


def test_the_footer_the_help_and_the_sentences_name_the_changed_keys(operator: Operator) -> None:
    operator.read_only = True
    with operator.where.open() as agents:
        ask(agents)
    mapped(
        operator, help__close="f9 f12", help__up="f8", inbox__approve="f5",
        inbox__reject="!", app__help="f1", source__write="ctrl+w", view__open="f7",
        row__open="f7",
    )  # fmt: skip

    async def steps(keys: Keys) -> None:
        await keys.settled()
        footer = keys.text.splitlines()[-1]
        for word in ("f5 Approve", "! Reject", "f1 Help", "ctrl+w Write", "f7 Open"):
            assert word in footer, footer
        for word in (" a Approve", " x Reject", "? Help", "W Write"):
            assert word not in footer, footer
        await keys.press("f5")
        await keys.until(lambda: "ctrl+w opens the source for writing" in keys.notice)
        await keys.press("f1")
        await keys.sees("f5", "ctrl+w")
        await keys.sees("!  Reject", "Keys: f9 or f12 closes, j and f8 scroll")
        await keys.press("f12")
        await keys.until(lambda: keys.app.screen is keys.inbox)

    operator.run(steps)


def test_the_bar_for_words_names_and_obeys_changed_keys(operator: Operator) -> None:
    with operator.where.open() as agents:
        question = wonder(agents)
    mapped(operator, words__send="ctrl+s", words__cancel="f9", **{"words__new-line": "enter"})

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("enter")
        await keys.sees("ctrl+s send   ⏎ new line   f9 cancel")
        await keys.press("e", "u", "enter", "1")
        assert keys.inbox.asking
        await keys.press("ctrl+s")
        await keys.until(lambda: "answered" in keys.notice)

    operator.run(steps)
    with operator.where.open() as agents:
        assert agents.clarifications.get(question.id).answer == "eu\n1"


def test_unseen_lines_are_told_of_with_the_changed_keys(operator: Operator) -> None:
    lines = ", ".join(f'"key{number}": "value {number}"' for number in range(60))
    with operator.where.open() as agents:
        ask(agents, args=f"{{{lines}}}")
    mapped(operator, inbox__approve="f5", **{"inbox__approve-unseen": "f8"})

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("f5")
        await keys.until(lambda: "f5 shows the next, f8 approves all the same" in keys.notice)

    operator.run(steps)


def test_the_other_views_follow_the_map_too(operator: Operator) -> None:
    with operator.where.open() as agents:
        agents.sessions.create_session(("genie", "ann", "s-main"), {})
    mapped(operator, view__sessions="f2", view__filter="f3", view__open="f4", row__open="f4", app__quit="f10")

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        assert keys.app.screen is keys.inbox
        await keys.press("f2")
        await keys.sees("s-main", "f2 Sessions", "f3 Filter", "f4 Open", "f10 Quit")
        await keys.press("f4")
        await keys.until(lambda: keys.view.has_class("-detail"))

    operator.run(steps)


# -- themes ------------------------------------------------------------------------------------------------------


def test_the_key_for_themes_steps_through_all_of_them_and_tells_which(operator: Operator) -> None:
    async def steps(keys: Keys) -> None:
        seen = [keys.app.theme]
        for _ in range(5):
            before = keys.app.theme
            await keys.press("T")
            await keys.until(lambda before=before: keys.app.theme != before)
            assert keys.notice == f"Theme: {keys.app.theme} (it is remembered)."
            assert keys.app.native_ansi_color == (keys.app.theme == "ansi")
            seen.append(keys.app.theme)
        assert seen[0] == seen[-1] == "workbench-dark" and len(set(seen)) == 5

    operator.run(steps)


def test_a_theme_with_faults_is_told_of_and_passed_over(operator: Operator, tmp_path: Path) -> None:
    own = tmp_path / "themes"
    own.mkdir()
    (own / "workbench-e.toml").write_text('font = "x"\n')
    operator.choices = replace(operator.choices, themes=own)

    async def steps(keys: Keys) -> None:
        await keys.press("T")
        await keys.until(lambda: keys.app.theme == "workbench-light")
        assert "workbench-e.toml has 2 faults" in keys.notice

    operator.run(steps)


def test_a_chosen_theme_with_faults_is_told_of_once_the_screen_is_there(operator: Operator, tmp_path: Path) -> None:
    own = tmp_path / "themes"
    own.mkdir()
    (own / "mine.toml").write_text('font = "x"\n')
    operator.theme, operator.choices = "mine", replace(operator.choices, themes=own)

    async def steps(keys: Keys) -> None:
        await keys.until(lambda: "(workbench-dark is used instead)" in keys.notice)
        assert keys.app.theme == "workbench-dark" and "2 faults" in keys.notice

    operator.run(steps)


@pytest.mark.parametrize("environment", [{"TERM": "xterm"}, {"TERM": "xterm-256color", "NO_COLOR": "1"}])
def test_where_colours_are_few_or_unwanted_the_theme_stays(operator: Operator, environment: dict[str, str]) -> None:
    operator.theme, operator.choices = "ansi", replace(operator.choices, environment=environment)

    async def steps(keys: Keys) -> None:
        await keys.press("T")
        await keys.until(lambda: "the theme stays" in keys.notice)
        assert keys.app.theme == "ansi"

    operator.run(steps)


# -- copying -----------------------------------------------------------------------------------------------------


def test_on_the_list_the_id_is_copied_and_in_the_detail_its_text(operator: Operator) -> None:
    with operator.where.open() as agents:
        held = ask(agents, "run\x1b[2Jshell")

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("y")
        await keys.until(lambda: f"Wrote {len(held.id)} characters to" in keys.notice)
        assert copied(operator) == held.id
        await keys.press("tab", "y")
        await keys.until(lambda: "Wrote" in keys.notice and copied(operator) != held.id)
        text = copied(operator)
        assert "run␛[2Jshell" in text and "replicas: 3" in text
        assert all(character.isprintable() or character == "\n" for character in text)

    operator.run(steps)


def test_in_every_view_the_id_and_the_detail_are_copied(operator: Operator) -> None:
    with operator.where.open() as agents:
        agents.sessions.create_session(("genie", "ann", "s-main"), {})
        agents.sessions.append_event(("genie", "ann", "s-main"), user_message("please deploy"))

    async def steps(keys: Keys) -> None:
        await keys.press("2")
        await keys.until(lambda: keys.view.detail is not None)
        await keys.press("y")
        await keys.until(lambda: "Wrote 6 characters" in keys.text)
        assert copied(operator) == "s-main"
        await keys.press("enter", "y")
        await keys.until(lambda: "please deploy" in copied(operator))

    operator.run(steps)


def test_a_masked_secret_stays_masked_in_what_is_copied_until_it_is_revealed(operator: Operator) -> None:
    with operator.where.open() as agents:
        ask(agents, args=f'{{"token": "{SECRET}"}}')

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("enter", "y")
        await keys.until(lambda: "Wrote" in keys.notice)
        assert SECRET not in copied(operator) and f"⟨secret {len(SECRET)}⟩" in copied(operator)
        await keys.press("v")
        await keys.until(lambda: keys.inbox.detail.revealed)
        await keys.press("y")
        await keys.until(lambda: SECRET in copied(operator))

    operator.run(steps)
    assert [act.entry.verb for act in operator.acts()] == ["reveal"]


def test_where_there_is_nothing_to_copy_that_is_said(operator: Operator) -> None:
    async def steps(keys: Keys) -> None:
        await keys.press("y")
        await keys.until(lambda: keys.notice == "There is nothing here to copy.")

    operator.run(steps)


def test_what_is_sent_to_the_terminal_goes_through_the_driver_and_is_never_called_copied(operator: Operator) -> None:
    with operator.where.open() as agents:
        ask(agents)
    operator.choices = replace(operator.choices, clipboard=OSC52)
    sent: list[bytes] = []

    async def steps(keys: Keys) -> None:
        keys.app.tell_terminal = sent.append  # type: ignore[method-assign]
        await keys.settled()
        await keys.press("y")
        await keys.until(lambda: "to the terminal (OSC 52)" in keys.notice)
        assert any(data.startswith(b"\x1b]52;c;") for data in sent)
        assert "opied" not in keys.notice and not (operator.home / "copied.txt").exists()

    operator.run(steps)


def test_the_key_of_an_open_question_is_not_the_key_that_copies(operator: Operator) -> None:
    with operator.where.open() as agents:
        ask(agents)

    async def steps(keys: Keys) -> None:
        await keys.settled()
        await keys.press("a")
        await keys.until(lambda: keys.inbox.asking)
        await keys.press("T")
        assert keys.inbox.asking and keys.app.theme == "workbench-dark"
        await keys.press("y")
        await keys.until(lambda: "approved" in keys.notice)

    operator.run(steps)
    assert not (operator.home / "copied.txt").exists()
