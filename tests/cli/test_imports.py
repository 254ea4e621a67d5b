"""What is imported when, by the list of modules: the cheap commands stay cheap, the data layer stays alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.running import agents_database, environment
from support.screens import WIDE, Pty

import workbench
from workbench.data import open_source

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
    return done.stderr.splitlines()[-1].split()  # above it stands what the command said


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


CONFIG = """
operator = "me"
theme = "ansi"
timeouts = { connect = 1, statement = 2.5 }
columns.source = ["name", "state"]
[sources.a]
target = "a.db"
[sources.b]
target = "b.db"
read_only = false
[sources.c]
target = "${FOLDER}/c.db"
production = true
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["inbox", "--source", "a"],
        ["source", "list"],
        ["config", "show"],
        ["audit", "list"],
        ["home"],
        ["--help"],
        ["inbox", "--source", "b", "--timeouts-lock", "2", "--operator", "you"],
        ["inbox", "--source", "c.db"],
    ],
)
def test_settings_that_are_in_order_are_judged_without_loading_the_judge(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with three sources, variables and options: pydantic is for what is odd, asyncio for the screen."""
    folder = tmp_path / ".config" / "workbench"
    folder.mkdir(parents=True)
    (folder / "workbench.toml").write_text(CONFIG)
    for name in "abc":
        open_source(folder / f"{name}.db", create=True).close()
    for name, value in {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / ".config"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "FOLDER": str(folder),
        "WORKBENCH_TIMEOUTS__CONNECT": "0.5",
        "WORKBENCH_SOURCES__A__READ_ONLY": "no",
    }.items():
        monkeypatch.setenv(name, value)
    code, *modules = modules_after(LIST.format(arguments=[a.replace("c.db", str(folder / "c.db")) for a in arguments]))
    assert code == "0"
    loaded = {module.partition(".")[0] for module in modules}
    assert not {"pydantic", "pydantic_settings", "pydantic_core", "asyncio", "textual"} & loaded
    if "inbox" in arguments:
        assert not {"psycopg", "hashlib", "difflib"} & loaded


def test_what_is_loaded_before_the_first_frame(tmp_path: Path) -> None:
    """The screen waits for none of what only a decision, a mistake or a server needs."""
    heavy = {"pydantic", "psycopg", "croniter", "sqlite_utils", "msgspec"}
    heavy |= {"workbench.desk.audit", "workbench.settings.judging"}
    heavy |= {f"workbench.tui.{name}" for name in ("command_bar", "palette", "doable", "filter_bar", "noun_screen")}
    heavy |= {"workbench.desk.command_line", "workbench.desk.history"}
    modules = modules_after(
        "import sys\nimport workbench.cli.app, workbench.desk.places, workbench.tui.app, workbench.tui.theme\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    assert "workbench.tui.inbox_screen" in modules
    assert heavy & set(modules) == set()
    assert not [module for module in modules if module.startswith(("textual.devtools", "tree_sitter", "markdown_it"))]


def test_what_the_screen_loaded_is_not_looked_through_for_garbage_and_the_rest_is(tmp_path: Path) -> None:
    agents_database(tmp_path, "save_file")
    told = tmp_path / "garbage"
    code = (
        "import atexit, gc, pathlib, sys\n"
        f"told = pathlib.Path({str(told)!r})\n"
        "atexit.register(lambda: told.write_text(f'{gc.isenabled()} {gc.get_freeze_count()}'))\n"
        "sys.argv = ['workbench', 'agents.db']\n"
        "from workbench.__main__ import main\n"
        "sys.exit(main())"
    )
    with Pty([sys.executable, "-c", code], environment=environment(tmp_path), cwd=tmp_path, size=WIDE) as pty:
        pty.until("save_file")
        pty.send("q")
        assert pty.until_closed() == 0
    enabled, frozen = told.read_text().split()
    assert enabled == "True"
    assert int(frozen) > 50_000


def test_the_data_layer_knows_no_settings_and_no_face() -> None:
    modules = modules_after("import workbench.data, sys; print(*sorted(sys.modules), file=sys.stderr)")
    assert not {"workbench.settings", "workbench.cli", "pydantic", "click"} & set(modules)
