"""What the workbench remembers of its screen: a file that two may write, that may be damaged, and holds no secret."""

from __future__ import annotations

import json
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run

import pytest
from support.inboxes import SECRET

from workbench.data.errors import Unavailable
from workbench.desk.remembered import FILE, Look, Remembered, may_be_kept, read, save


def test_what_is_saved_is_read_again_and_none_takes_it_out(tmp_path: Path) -> None:
    home = tmp_path / "not made yet" / "home"
    assert read(home) == Remembered() and not home.exists()
    save(
        home,
        {
            ("theme",): "ansi",
            ("theme_over",): "workbench-dark",
            ("view",): "session",
            ("source",): "prod",
            ("nouns", "session", "sort"): "active down",
            ("nouns", "session", "columns"): ["id", "app"],
            ("nouns", "session", "size"): -2,
            ("nouns", "session", "filters", "prod"): "app=genie",
        },
    )
    look = Look("active down", ("id", "app"), -2, {"prod": "app=genie"})
    assert read(home) == Remembered("ansi", "workbench-dark", "session", "prod", {"session": look})
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600 and [each.name for each in home.iterdir()] == [FILE]
    save(home, {("theme",): None, ("theme_over",): None, ("nouns", "session", "filters", "prod"): None})
    assert read(home) == Remembered(
        view="session", source="prod", looks={"session": Look("active down", ("id", "app"), -2)}
    )
    save(home, {("nouns", "session", name): None for name in ("sort", "columns", "size")})
    assert read(home).looks == {} and "nouns" not in json.loads((home / FILE).read_text())


def test_a_file_that_says_the_same_already_is_not_written(tmp_path: Path) -> None:
    save(tmp_path, {("view",): "memory"})
    before = (tmp_path / FILE).stat()
    save(tmp_path, {("view",): "memory", ("theme",): None})
    assert (tmp_path / FILE).stat().st_ino == before.st_ino


def test_each_of_two_workbenches_writes_only_what_it_changed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from workbench.desk.remembered import save\n"
        "for n in range(40): save(Path(sys.argv[1]), {('nouns', f'{sys.argv[2]}-{n}', 'size'): 1 + n % 3})"
    )
    with ThreadPoolExecutor() as both:
        done = list(both.map(lambda who: run([sys.executable, "-c", code, str(tmp_path), who]).returncode, "ab"))
    assert done == [0, 0]
    looks = read(tmp_path).looks
    assert len(looks) == 80 and all(looks[f"{who}-{n}"].size == 1 + n % 3 for who in "ab" for n in range(40))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00",
        b"{",
        b"[1]",
        b"null",
        b'{"version": "1"}',
        b'{"version": true}',
        b"[" * 100_000,
        b" " * 300_000,
    ],
)
def test_a_damaged_file_is_told_of_kept_aside_and_written_anew(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / FILE).write_bytes(raw)
    found = read(tmp_path)
    assert found == Remembered(notice=found.notice) and "is damaged" in found.notice
    assert (tmp_path / FILE).read_bytes() == raw  # looking changes nothing
    save(tmp_path, {("view",): "memory"})
    assert (tmp_path / f"{FILE}.damaged").read_bytes() == raw
    assert read(tmp_path) == Remembered(view="memory")


def test_a_file_of_a_newer_workbench_is_not_used_and_not_lost(tmp_path: Path) -> None:
    text = '{"version": 2, "view": "something new"}'
    (tmp_path / FILE).write_text(text)
    assert "of a newer workbench" in read(tmp_path).notice and read(tmp_path).view == ""
    save(tmp_path, {("view",): "memory"})
    assert (tmp_path / f"{FILE}.newer").read_text() == text and read(tmp_path).view == "memory"


def test_what_makes_no_sense_in_the_file_is_left_out_and_what_is_not_known_stays(tmp_path: Path) -> None:
    entry = {
        "sort": 5,
        "columns": ["id", 7, None, "app"],
        "size": 99,
        "filters": {"prod": 1, "b": "words", "c": "\x1b[2J"},
        "later": [1],
    }
    table = {
        "version": 1, "theme": ["x"], "view": {"a": 1}, "source": "x" * 5_000, "shade": "blue",
        "nouns": {"session": entry, "memory": "?", "event": {"columns": "id"}},
    }  # fmt: skip
    (tmp_path / FILE).write_text(json.dumps(table))
    looks = {"session": Look("", ("id", "app"), 0, {"b": "words"}), "event": Look()}
    assert read(tmp_path) == Remembered(looks=looks)
    save(tmp_path, {("nouns", "memory", "size"): 2, ("nouns", "session", "filters", "prod"): "new"})
    kept = json.loads((tmp_path / FILE).read_text())
    assert kept["shade"] == "blue" and kept["nouns"]["session"]["later"] == [1]
    assert kept["nouns"]["memory"] == {"size": 2}
    assert kept["nouns"]["session"]["filters"] == {"prod": "new", "b": "words", "c": "\x1b[2J"}


def test_the_file_does_not_grow_without_limit(tmp_path: Path) -> None:
    save(tmp_path, {("nouns", "session", "filters", f"source-{number}"): "words" for number in range(500)})
    filters = read(tmp_path).look("session").filters
    assert len(filters) == 200 and "source-499" in filters and "source-0" not in filters


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_home_that_may_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(Unavailable, match=r"cannot be remembered in .*state\.json: Permission denied; it holds"):
            save(tmp_path, {("view",): "memory"})
    finally:
        tmp_path.chmod(0o700)


def test_a_home_that_is_no_directory_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert read(tmp_path / "home") == Remembered()
    with pytest.raises(Unavailable, match=r"cannot be remembered in .*it holds until you leave"):
        save(tmp_path / "home", {("view",): "memory"})


def test_a_file_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    assert "is damaged" in read(tmp_path).notice
    save(tmp_path, {("view",): "memory"})
    assert read(tmp_path).view == "memory"


def test_a_theme_holds_as_long_as_the_settings_say_what_they_said() -> None:
    chosen = Remembered(theme="ansi", theme_over="workbench-dark")
    assert chosen.theme_for("workbench-dark") == "ansi"
    assert chosen.theme_for("workbench-light") == "workbench-light"
    assert Remembered().theme_for("workbench-dark") == "workbench-dark"


def test_no_filter_with_a_secret_in_it_may_be_kept() -> None:
    assert may_be_kept("app=genie user=ann words")
    assert not may_be_kept(f"token {SECRET}") and not may_be_kept("password=hunter2hunter2")
    assert not may_be_kept("user=ann zzqq", ("zzqq",)) and not may_be_kept("x" * 2_000)
