"""Started without a source, the screen comes back to what was shown last; what is named or set goes before that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.running import agents_database, environment, start
from support.screens import Pty

from workbench.cli.resuming import last_source, remembered, theme_of
from workbench.cli.screen import _open_screen
from workbench.cli.session import HOME, Session
from workbench.data import open_source
from workbench.desk.places import Place, Rules
from workbench.desk.remembered import FILE, Remembered, may_be_kept, read, save

SETTINGS = """
theme = "workbench-light"
[sources.prod]
target = "agents.db"
[sources.broken]
target = "${NOT_SET_ANYWHERE}"
"""


def session(tmp_path: Path, text: str = SETTINGS, **given: object) -> Session:
    file = tmp_path / "workbench.toml"
    file.write_text(text)
    return Session({"config": str(file), "home": str(tmp_path / "home"), **given}, [], {})


@pytest.mark.parametrize(
    ("source", "found"),
    [("prod", "prod"), (HOME, HOME), ("gone", None), ("broken", None), ("", None), ("./x.db", None)],
)
def test_only_a_source_that_can_be_found_by_its_name_is_come_back_to(
    tmp_path: Path, source: str, found: str | None
) -> None:
    assert last_source(session(tmp_path), Remembered(source=source)) == found


def test_what_is_named_or_set_goes_before_what_is_remembered(tmp_path: Path) -> None:
    save(tmp_path / "home", {("view",): "memory", ("source",): "prod", ("nouns", "memory", "size"): 1})
    kept = remembered(session(tmp_path), named=False)
    assert (kept.view, kept.source, kept.look("memory").size) == ("memory", "prod", 1)
    for other in (
        remembered(session(tmp_path), named=True),
        remembered(session(tmp_path, "resume = false"), named=False),
    ):
        assert (other.view, other.source, other.look("memory").size) == ("", "", 1)


def test_a_theme_of_the_screen_stands_in_for_the_file_and_for_no_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = Remembered(theme="ansi", theme_over="workbench-light")
    assert theme_of(session(tmp_path), chosen) == "ansi"
    assert theme_of(session(tmp_path, 'theme = "high-contrast"'), chosen) == "high-contrast"
    assert theme_of(session(tmp_path, theme="workbench-light"), chosen) == "workbench-light"
    monkeypatch.setenv("WORKBENCH_THEME", "workbench-light")
    assert theme_of(session(tmp_path), chosen) == "workbench-light"


def test_the_program_begins_where_it_was_left(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file")
    with open_source(database) as source:
        source.sessions.create_session(("genie", "ann", "s-main"))
    config = tmp_path / "workbench.toml"
    config.write_text(f'[sources.prod]\ntarget = "{database}"\n[sources.other]\ntarget = "gone.db"\n')
    home = Path(environment(tmp_path)["XDG_DATA_HOME"]) / "workbench"
    variables = {"WORKBENCH_CONFIG": str(config), "TERM": "xterm-256color"}

    def begun(*arguments: str) -> Pty:
        return start(tmp_path, *arguments, **variables)

    with begun("prod") as pty:
        pty.until("save_file")
        assert not (home / FILE).exists()  # nothing was chosen: nothing is written
        pty.send("2")
        pty.until("s-main")
        pty.send("S")
        pty.until("longest unchanged first")
        pty.send("j\r")
        pty.until("ACTIVE▼")
        pty.send("q")
        assert pty.until_closed() == 0
    assert (read(home).view, read(home).source, read(home).look("session").sort) == ("session", "prod", "active down")
    with begun() as pty:
        pty.until("s-main")
        assert b"save_file" not in pty.received and "ACTIVE▼".encode() in pty.received
        pty.send("q")
        assert pty.until_closed() == 0
    with begun("prod") as pty:
        pty.until("save_file")
        pty.send("q")
        assert pty.until_closed() == 0
    assert json.loads((home / FILE).read_text())["version"] == 1


def test_a_password_that_is_met_while_the_screen_is_shown_is_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.cli.failures._secrets", set())
    monkeypatch.setenv("LATER_PASSWORD", "hush-sesame")
    shown = session(tmp_path, '[sources.later]\ntarget = "postgresql://ops:${LATER_PASSWORD}@db/x"\n')
    rules: list[Rules] = []

    def run(place: Place, given: Rules, *rest: object) -> int:
        rules.append(given)
        return 0

    monkeypatch.setattr("workbench.tui.app.run", run)
    assert _open_screen(shown, [HOME], Remembered()) == 0
    assert may_be_kept("about hush-sesame", rules[0].secrets)
    shown.configured()  # as the list of sources does
    assert not may_be_kept("about hush-sesame", rules[0].secrets)
