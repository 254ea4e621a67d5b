"""The README's tables against the declarations, both ways: nothing undocumented, nothing that does not exist.

A table belongs here by the head of its first column: `command`, `setting`, `variable`, `key` or `store`. What it shows
of Python is run, with an operator who decides beside it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from servers import until
from support import screens
from support.reference import deed_rows, noun_rows

from workbench.cli.app import command_paths, root
from workbench.cli.options import common_options
from workbench.data import open_source
from workbench.data.source import open_home
from workbench.desk.nouns import nouns, verbs, verbs_of
from workbench.desk.places import Place, Rules
from workbench.settings import leaves, variables
from workbench.tui.app import WorkbenchApp
from workbench.tui.help_screen import live_keys

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")


def tables(head: str) -> list[list[str]]:
    """The rows of every table whose first column has this head, cell by cell."""
    rows: list[list[str]] = []
    inside = False
    for line in README.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if inside and not set(cells[0]) <= set("-: "):
            rows.append(cells)
        inside = inside or cells[0].lower() == head
    return rows


def named(head: str) -> list[str]:
    """What the first column names, as code."""
    rows = tables(head)
    assert rows, f"the README has no table of {head}s"
    return [CODE.findall(cells[0])[0] for cells in rows]


def command_in(text: str) -> str:
    """`workbench source test [NAME…]` → `source test`."""
    words = text.removeprefix("workbench").split()
    plain = (index for index, word in enumerate(words) if not re.fullmatch("[a-z][a-z-]*", word))
    return " ".join(words[: next(plain, len(words))])


def test_every_command_is_in_the_table_and_every_command_there_exists() -> None:
    written = [command_in(text) for text in named("command")]
    every_noun_has = {f"{noun} {each}" for noun in nouns() for each in ("list", "show", "search", "export", "watch")}
    # The short forms of the verbs are there.
    every_noun_has |= {f"{noun} {verb.id}" for noun in nouns() for verb in verbs_of(noun) if verb.decides}
    assert {verb.id if verb.decides else f"{verb.noun} {verb.id}" for verb in verbs()} <= {*written}
    there = {path for path, _ in command_paths()}
    # Those that a noun has in a way of its own have rows of their own as well.
    assert {*written} - {""} <= there and there - {*written} <= every_noun_has
    assert len([command for command in written if command]) == len(set(written) - {""})


def test_the_table_of_nouns_is_what_the_nouns_declare() -> None:
    written = [line for line in README.splitlines() if line.startswith("| `") and CODE.findall(line)[0] in nouns()]
    assert written == noun_rows()
    done = [line for line in README.splitlines() if any(line.startswith(row.split(" | ")[0]) for row in deed_rows())]
    assert done == deed_rows()
    for each in ("list", "show", "search", "export", "watch"):
        assert f"`workbench NOUN {each}" in README


def test_the_words_of_a_verb_are_those_of_its_help() -> None:
    written = {command_in(CODE.findall(cells[0])[0]): cells[1] for cells in tables("command")}
    for verb, words in {"approve": "exactly as", "dismiss": "the call is not run"}.items():
        assert words in written[verb] and words in (root.commands[verb].help or "")


def test_every_setting_is_in_the_table_and_every_setting_there_exists() -> None:
    assert sorted(named("setting")) == sorted(leaf.dotted for leaf in leaves())


def test_every_default_in_the_table_is_the_default() -> None:
    documented = {CODE.findall(cells[0])[0]: " ".join(cells[1:]) for cells in tables("setting")}
    for leaf in leaves():
        if (leaf.is_scalar and leaf.kind in (bool, float)) or leaf.dotted == "theme":
            assert f"`{str(leaf.default).lower()}`" in documented[leaf.dotted], leaf.dotted


@pytest.mark.parametrize("head", ["variable", "setting", "command", "key", "store"])
def test_every_row_says_something(head: str) -> None:
    for cells in tables(head):
        assert all(cells[1:]), cells


def test_every_variable_that_the_readme_names_exists_and_each_is_named() -> None:
    known = set(variables())
    # Free parts are written in capitals in both; a README may also show one filled in.
    patterns = [re.sub("NAME|NOUN", "[A-Z_]+", variable) for variable in known]
    for found in re.findall(r"\bWORKBENCH_[A-Z0-9_]+[A-Z0-9]", README):
        assert any(re.fullmatch(pattern, found) for pattern in patterns), found
    assert {variable for variable in known if variable not in README} == set()


def options_of(group: click.Group = root) -> Iterator[str]:
    for command in group.commands.values():
        yield from (name for parameter in command.params for name in parameter.opts)
        if isinstance(command, click.Group):
            yield from options_of(command)


def test_every_option_that_the_readme_names_exists() -> None:
    known = {name for option in common_options() for name in option.opts} | {"--version", "--help", *options_of()}
    foreign = {"--upgrade", "--extra", "--no-deps"}
    shown = [line for line in README.splitlines() if line.startswith(".venv/bin/workbench")]
    for text in [*CODE.findall(README), *shown]:
        if text.startswith(("workbench ", "--", ".venv/bin/workbench")):
            assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= known | foreign, text


def test_every_command_of_an_example_exists() -> None:
    known = {path.split()[0] for path, _ in command_paths()}
    lines = re.findall(r"^\.venv/bin/workbench (\S+)", README, re.MULTILINE)
    assert lines
    for word in lines:
        assert word in known or "/" in word, word


def test_the_stores_of_the_table_are_those_of_a_fresh_home(tmp_path: Path) -> None:
    stores = {f"source.{name}" for name in open_home(tmp_path / "unmade").capabilities}
    assert set(named("store")) == stores and not (tmp_path / "unmade").exists()
    with open_home(tmp_path) as source:
        source.approvals.create(tool_name="t")
        assert {f"source.{name}" for name in source.capabilities} == stores


def test_the_keys_of_the_table_are_those_of_the_screen(tmp_path: Path) -> None:
    """With an approval and with a session under the cursor; what the library can do besides is nobody's key here."""
    with open_home(tmp_path) as source:
        source.approvals.create(tool_name="deploy")
        source.sessions.create_session(("genie", "ops", "s-1"))
    place = Place("home", str(tmp_path), lambda write: open_home(tmp_path, read_only=not write), writable=True)
    app = WorkbenchApp(place, Rules("ops", tmp_path), "workbench-dark")

    async def steps(pilot: Any) -> list[tuple[str, str]]:
        await screens.until(pilot, lambda: pilot.app.screen.detail is not None)
        found = live_keys(pilot.app.screen, {})
        await pilot.press("2")
        await screens.until(pilot, lambda: pilot.app.screen.query("#filter") and pilot.app.screen.detail is not None)
        found += live_keys(pilot.app.screen, {})
        await pilot.press("tab", "/", "s", "enter")  # what was found is gone through by keys of its own
        await screens.until(pilot, lambda: {"n", "N"} <= {keys for keys, _ in live_keys(pilot.app.screen, {})})
        return found + live_keys(pilot.app.screen, {})

    live = {key for keys, _ in screens.run(app, steps) for key in spelled(keys)}
    written = {key for cells in tables("key") for key in CODE.findall(cells[0])}
    assert written == live


def spelled(keys: str) -> list[str]:
    """The keys of one line of the help; two of them have a space in their names."""
    return re.findall(r"page up|page down|\S+", keys)


# -- the examples ------------------------------------------------------------------------------------------------


def examples() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run_beside(example: str, home: Path, meanwhile: Callable[[subprocess.Popen[str]], None]) -> str:
    """Run an example in a process of its own; what it printed."""
    command = [sys.executable, "-u", "-W", "error", "-c", example]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(home)) as process:
        try:
            meanwhile(process)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    return out


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH")}
    return {**kept, "HOME": str(home), "WORKBENCH_HOME": str(home / "own")}


def decide(home: Path, *words: str) -> None:
    """Wait for a call in the home's inbox, and decide it by the beginning of its id, as the README says."""
    program = [sys.executable, "-m", "workbench"]

    def waiting() -> list[str]:
        if not (home / "own" / "workbench.db").exists():
            return []
        with open_home(home / "own", read_only=True) as source:
            return [row.id for row in source.approvals.list_pending()]

    (id,) = until(waiting, seconds=60, what="a call that waits")
    verb, *rest = words
    subprocess.run([*program, verb, id[:8], *rest], env=environment(home), check=True, capture_output=True, timeout=60)


def test_every_example_is_run() -> None:
    assert [sorted(set(re.findall(r"create|ask|watch", text))) for text in examples()] == [
        ["create"], ["ask"], ["watch"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "verb", "printed"),
    [
        (0, ["approve"], "approved \n"),
        (0, ["send-back", "--reason", "use the staging host"], "rejected use the staging host\n"),
        (1, ["approve"], "deploying\n"),
        (1, ["reject", "--reason", "not on a Friday"], "not deploying: not on a Friday\n"),
    ],
)
def test_an_agent_asks_and_is_told(tmp_path: Path, number: int, verb: list[str], printed: str) -> None:
    assert run_beside(examples()[number], tmp_path, lambda _: decide(tmp_path, *verb)) == printed


def test_a_watch_tells_of_a_change(tmp_path: Path) -> None:
    path = tmp_path / ".genie" / "genie.db"
    path.parent.mkdir()
    open_source(path, create=True).close()

    def change(process: subprocess.Popen[str]) -> None:
        def asked() -> bool:
            with open_source(path) as source:
                source.clarifications.ask("still there?")
            return process.poll() is not None

        until(asked, seconds=60, what="the end of the watch")

    assert "'agents')" in run_beside(examples()[2], tmp_path, change)
