"""The README's tables against the declarations, both ways: nothing undocumented, nothing that does not exist.

A table belongs here by the head of its first column: `command`, `setting` or `variable`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workbench.cli.app import command_paths
from workbench.cli.options import common_options
from workbench.settings import leaves, variables

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
    assert {command for command in written if command} == {path for path, _ in command_paths()}
    assert len([command for command in written if command]) == len(set(written) - {""})


def test_every_setting_is_in_the_table_and_every_setting_there_exists() -> None:
    assert sorted(named("setting")) == sorted(leaf.dotted for leaf in leaves())


def test_every_default_in_the_table_is_the_default() -> None:
    documented = {CODE.findall(cells[0])[0]: " ".join(cells[1:]) for cells in tables("setting")}
    for leaf in leaves():
        if (leaf.is_scalar and leaf.kind in (bool, float)) or leaf.dotted == "theme":
            assert f"`{str(leaf.default).lower()}`" in documented[leaf.dotted], leaf.dotted


@pytest.mark.parametrize("head", ["variable", "setting", "command"])
def test_every_row_says_something(head: str) -> None:
    for cells in tables(head):
        assert all(cells[1:]), cells


def test_every_variable_that_the_readme_names_exists_and_each_is_named() -> None:
    known = set(variables())
    # Free parts are written in capitals in both; a README may also show one filled in.
    patterns = [re.sub("NAME|NOUN", "[A-Z_]+", variable) for variable in known]
    for found in re.findall(r"\bWORKBENCH_[A-Z_]+[A-Z]", README):
        assert any(re.fullmatch(pattern, found) for pattern in patterns), found
    assert {variable for variable in known if variable not in README} == set()


def test_every_option_that_the_readme_names_exists() -> None:
    known = {name for option in common_options() for name in option.opts}
    known |= {"--version", "--help", "--strict", "--origin", "--wait"}
    foreign = {"--upgrade", "--extra", "--no-deps"}
    for text in CODE.findall(README):
        if text.startswith(("workbench ", "--")):
            assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= known | foreign, text
