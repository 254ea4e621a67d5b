"""What is imported when, by the list of modules: the cheap commands stay cheap, the data layer stays alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import workbench

WHERE = Path(workbench.__file__).resolve().parents[1]
LIST = """
import sys
sys.argv = ["workbench", *{arguments!r}]
from workbench.__main__ import main
code = main()
print(code, *sorted(sys.modules), file=sys.stderr)
"""


def modules_after(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], cwd=WHERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.split()


def third_party(modules: list[str]) -> set[str]:
    """The top-level modules that are neither ours nor the standard library's."""
    tops = {module.partition(".")[0] for module in modules}
    startup = set(modules_after("import sys; print(*sorted(sys.modules), file=sys.stderr)"))
    return tops - set(sys.stdlib_module_names) - {"workbench", "__main__"} - startup


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["--version", "--json"], ["--json", "-V"]])
def test_the_version_needs_no_third_party_package(arguments: list[str]) -> None:
    code, *modules = modules_after(LIST.format(arguments=arguments))
    assert code == "0"
    assert third_party(modules) == set()
    assert [module for module in modules if module.startswith("workbench")] == ["workbench", "workbench.__main__"]


def test_the_list_would_notice() -> None:
    _, *modules = modules_after(LIST.format(arguments=["config", "path"]))
    assert {"click", "platformdirs"} <= third_party(modules)


@pytest.mark.parametrize("arguments", [["config", "show"], ["home"], ["source", "list"], ["doctor"], ["--help"]])
def test_commands_that_open_no_server_import_no_driver_and_no_screen(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    _, *modules = modules_after(LIST.format(arguments=arguments))
    assert not {"psycopg", "textual", "rich", "croniter", "sqlite_utils"} & set(modules)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["home"], ["inbox", "--help"], ["approve", "--help"], ["--help", "--json"]]
)
def test_the_verbs_cost_no_more_than_their_words(arguments: list[str]) -> None:
    """They are declared once, in the desk, and the help is made from that: no store and no engine is loaded for it."""
    _, *modules = modules_after(LIST.format(arguments=arguments))
    assert "workbench.desk.verbs" in modules
    heavy = ("workbench.data.agents", "workbench.data.engine", "workbench.data.source", "workbench.desk.inbox")
    assert not [module for module in modules if module.startswith((*heavy, "workbench.tui", "sqlite3"))]


@pytest.mark.parametrize("arguments", [[], ["inbox"]])
def test_printing_the_inbox_loads_no_screen_and_no_server_driver(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    modules = modules_after(LIST.format(arguments=arguments))
    assert not {"psycopg", "textual", "rich", "croniter", "sqlite_utils", "workbench.tui"} & set(modules)


def test_the_data_layer_knows_no_settings_and_no_face() -> None:
    modules = modules_after("import workbench.data, sys; print(*sorted(sys.modules), file=sys.stderr)")
    assert not {"workbench.settings", "workbench.cli", "pydantic", "click"} & set(modules)
