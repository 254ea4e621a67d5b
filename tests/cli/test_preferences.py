"""`workbench config keys`, `workbench config themes`, and a terminal that cannot show the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.running import agents_database, start

from workbench.cli.screen import refuse_dumb_terminal
from workbench.data.errors import Invalid

USER = "~/.config/workbench/workbench.toml"


def test_every_key_is_listed_with_what_it_does_and_where_it_was_changed(workbench) -> None:
    workbench.user('[keys]\ninbox.approve = ["f5", "!"]\n')
    workbench.environ["WORKBENCH_KEYS__INBOX__APPROVE_UNSEEN"] = "U"
    rows = {row["id"]: row for row in workbench("config", "keys", "--json").rows}
    assert rows["inbox.approve"] == {
        "id": "inbox.approve", "keys": ["f5", "!"], "default": ["a"], "words": "Approve", "origin": f"{USER}:2",
    }  # fmt: skip
    assert rows["inbox.approve-unseen"]["origin"] == "WORKBENCH_KEYS__INBOX__APPROVE_UNSEEN"
    assert rows["app.help"]["keys"] == ["?"] and rows["app.help"]["origin"] == "default"
    table = workbench("config", "keys").out
    assert re.search(r"^inbox\.approve +f5 !  ", table, re.MULTILINE) and f"{USER}:2" in table


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('inbox.aprove = "f5"', 'keys."inbox.aprove" is nothing that a key does; did you mean "inbox.approve"?'),
        ('inbox.approve = "y"', 'keys."inbox.approve" cannot be "y": one key must not both ask'),
    ],
)
def test_a_map_that_cannot_be_is_refused_with_its_line(workbench, line: str, sentence: str) -> None:
    workbench.user(f"[keys]\n{line}\n")
    assert workbench("config", "keys").failed(2).startswith(f"{USER}:2: {sentence}")


def test_the_screen_does_not_start_with_such_a_map(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file")
    settings = tmp_path / "settings.toml"
    settings.write_text('[keys]\nview.pause = "ctrl+m"\n')
    with start(tmp_path, str(database), WORKBENCH_CONFIG=str(settings)) as pty:
        assert pty.until_closed() == 2
        assert (
            b'settings.toml:2: keys."view.pause" cannot be "ctrl+m": terminals send the same for enter' in pty.received
        )
        assert b"\x1b" not in pty.received


def test_the_themes_are_listed_with_all_faults_of_each(workbench) -> None:
    folder = workbench.user_file.parent / "themes"
    workbench.user('theme = "mine"\n')
    folder.mkdir()
    (folder / "mine.toml").write_text('[colours]\nprimary = "#ff8800"\n')
    (folder / "bad.toml").write_text('font = "x"\n[colours]\nerror = "\\u001b[2J"\n')
    rows = {row["name"]: row for row in workbench("config", "themes", "--json").rows}
    assert set(rows) >= {"mine", "bad", "ansi", "workbench-dark"}
    assert rows["mine"] == {
        "name": "mine", "used": True, "from": "yours", "file": str(folder / "mine.toml"), "fault": None,
    }  # fmt: skip
    assert "has 3 faults: font is nothing that a theme has" in rows["bad"]["fault"]
    assert rows["ansi"]["from"] == "ours" and not rows["ansi"]["used"]
    assert "bad.toml has 3 faults" in workbench("config", "themes").out


@pytest.mark.parametrize("term", [None, "", "dumb", "unknown"])
def test_a_terminal_that_obeys_nothing_is_refused_in_words(term: str | None) -> None:
    with pytest.raises(Invalid, match=r"TERM is .*: set TERM to .* or use `workbench inbox`"):
        refuse_dumb_terminal(term)


@pytest.mark.parametrize("term", ["xterm-256color", "linux", "screen", "vt100", "xterm-kitty"])
def test_any_other_terminal_is_tried(term: str) -> None:
    refuse_dumb_terminal(term)


def test_the_screen_ends_with_2_on_a_dumb_terminal_and_sends_it_nothing(tmp_path: Path) -> None:
    database = agents_database(tmp_path, "save_file")
    with start(tmp_path, str(database), TERM="dumb") as pty:
        assert pty.until_closed() == 2
        said = pty.received.decode()
    assert said.startswith('workbench: this terminal cannot show the screen (TERM is "dumb"): set TERM to ')
    assert "`workbench inbox`" in said and "\x1b" not in said and len(said.splitlines()) == 1
