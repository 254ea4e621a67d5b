"""The settings file is edited line by line: whole or not at all, one editor at a time, every other byte as it was."""

from __future__ import annotations

import contextlib
import resource
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from servers import until

from workbench.data.errors import Conflict, Invalid, NotFound, Unavailable
from workbench.settings import load
from workbench.settings.editing import add_source, make_file, opening_of, remove_source

COMMENTED = """\
# The settings of the night shift.
operator = "ann"   # who
theme  =  'workbench-dark'

[timeouts]  # patience
connect = 2.5
# between two tables

[sources.old]   # the first one
# about its target
target = '''/srv/
old.db'''
read_only = false
# behind old

[ sources . "last" ]
target = "/srv/last.db"  # the end
# the very end"""


@pytest.fixture
def file(place) -> Path:
    place.user_file.parent.mkdir(parents=True)
    return place.user_file


def sources_in(file: Path) -> dict[str, object]:
    return tomllib.loads(file.read_text("utf-8-sig")).get("sources", {})


def test_a_source_is_put_behind_everything_and_no_other_byte_changes(file: Path) -> None:
    file.write_text(COMMENTED)
    add_source(file, "new", {"target": 'a "b" \\ é', "read_only": False})
    text = file.read_text()
    assert text.startswith(COMMENTED)
    assert text.removeprefix(COMMENTED) == '\n\n[sources.new]\ntarget = "a \\"b\\" \\\\ é"\nread_only = false\n'
    assert list(sources_in(file)) == ["old", "last", "new"]


def test_a_source_goes_with_its_own_lines_and_the_comments_around_them_stay(file: Path) -> None:
    file.write_text(COMMENTED)
    remove_source(file, "old")
    lines = COMMENTED.split("\n")
    kept = [*lines[:8], "# about its target", *lines[13:]]
    assert file.read_text().split("\n") == kept
    remove_source(file, "last")
    assert sources_in(file) == {} and "# the very end" in file.read_text()


def test_what_was_added_can_be_taken_out_again_without_a_trace(file: Path) -> None:
    file.write_text(COMMENTED + "\n")
    add_source(file, "new", {"target": "/x"})
    remove_source(file, "new")
    assert file.read_text() == COMMENTED + "\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "# only words",
        "sources = {}\n",
        'sources = { a = { target = "/a" } } # one line\n',
        'sources.a.target = "/a"\n',
        '[sources]\na.target = "/a"\na.read_only = true\n[timeouts]\nlock = 1\n',
        '[sources]\na = { target = "/a" }\n\n# words\n',
        '[sources.a]\ntarget = "/a"\n[timeouts]\nlock = 1\n[sources.b]\ntarget = "/b"\n',
        '[sources.a]\r\ntarget = "/a"\r\n# words\r\n',
        "\ufeff# marked\n",
        '"sources".\'a\'.target = """\n/a"""\n',
    ],
)
def test_every_way_of_writing_sources_can_be_added_to_and_taken_from(file: Path, text: str) -> None:
    file.write_bytes(text.encode())
    before = sources_in(file)
    comments = [line for line in text.splitlines() if line.startswith("#")]
    add_source(file, "n.e-w", {"target": "/new", "production": True})
    assert sources_in(file) == {**before, "n.e-w": {"target": "/new", "production": True}}
    for name in ["n.e-w", *before]:
        remove_source(file, name)
    assert sources_in(file) == {}
    raw = file.read_bytes().decode()
    assert [line for line in raw.splitlines() if line.startswith("#")] == comments
    assert raw.startswith("\ufeff") == text.startswith("\ufeff")
    assert raw.count("\n") == raw.count("\r\n") or "\r\n" not in text


def test_a_file_that_is_not_there_is_made_for_its_owner_alone(place) -> None:
    add_source(place.user_file, "new", {"target": "/x"})
    assert place.user_file.stat().st_mode & 0o777 == 0o600
    assert place.user_file.parent.stat().st_mode & 0o777 == 0o700
    assert place.load().settings.sources["new"].target == "/x"


def test_mode_and_links_are_kept_and_nothing_lies_beside(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "w.toml"
    real.parent.mkdir()
    real.write_text("# mine\n")
    real.chmod(0o640)
    file.symlink_to(real)
    add_source(file, "new", {"target": "/x"})
    assert file.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (*file.parent.iterdir(), *real.parent.iterdir())] == ["workbench.toml", "w.toml"]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("x = \n", Invalid, "this is not TOML, correct it first"),
        ('operater = "x"\n', Invalid, 'workbench.toml:1: unknown setting "operater"'),
        ('[sources.new]\ntarget = "/x"\n', Conflict, '"new" is there already'),
        ('sources = "x"\n', Invalid, "~/.config/workbench/workbench.toml: sources must be a table"),
    ],
)
def test_a_file_that_is_wrong_is_refused_and_left_alone(file: Path, text: str, error: type, words: str) -> None:
    file.write_text(text)
    with pytest.raises(error, match=words):
        add_source(file, "new", {"target": "/y"})
    assert file.read_text() == text and len(list(file.parent.iterdir())) == 1


def test_what_the_program_could_not_read_never_takes_its_place(file: Path) -> None:
    file.write_text('default_source = "a"\n[sources.a]\ntarget = "/a"\n')
    before = file.read_text()
    with pytest.raises(Invalid, match=r'^~/\.config/workbench/workbench\.toml:1: default_source names "a"'):
        remove_source(file, "a")
    with pytest.raises(Invalid, match="holds a \\$\\{ that names no variable"):
        add_source(file, "b", {"target": "/${"})
    with pytest.raises(Invalid, match="is no name for a source"):
        add_source(file, "b\x1b c", {"target": "/b"})
    with pytest.raises(NotFound):
        remove_source(file, "b")
    assert file.read_text() == before and len(list(file.parent.iterdir())) == 1


def test_a_settings_file_beside_it_is_not_read_as_one_of_a_strange_directory(tmp_path: Path) -> None:
    """Another file may be named, and `workbench.toml` in its directory may say what only the operator's own may."""
    (tmp_path / "workbench.toml").write_text('operator = "somebody"\n')
    add_source(tmp_path / "mine.toml", "new", {"target": "/x"})
    assert load({"config": str(tmp_path / "mine.toml")}, cwd=Path("/")).settings.sources["new"].target == "/x"


def test_how_it_would_be_opened_is_known_before_it_stands_anywhere(file: Path, monkeypatch) -> None:
    monkeypatch.setenv("SECRET", "p w")
    opening = opening_of("new", {"target": "postgresql://u:${SECRET}@h/db", "read_only": False}, file)
    assert opening.display == "postgresql://u:${SECRET}@h/db" and not opening.read_only
    assert opening.secrets and not file.exists()


# -- many at once, and ends in between -----------------------------------------------------------------------

ADD = """
import sys
from pathlib import Path
from workbench.settings.editing import add_source
file, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    add_source(file, f"{name}{number}", {"target": "/x" * 500})
"""


def adding(file: Path, name: str, count: int, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload]
        [sys.executable, "-c", ADD, str(file), name, str(count)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def test_two_editors_at_once_keep_what_both_write(file: Path) -> None:
    file.write_text(COMMENTED)
    with contextlib.ExitStack() as stack:
        editors = [stack.enter_context(adding(file, name, 8)) for name in ("a", "b")]
        for editor in editors:
            assert editor.stdout is not None and editor.stdout.readline() == "ready\n"
        for editor in editors:
            assert editor.stdin is not None
            editor.stdin.write("\n")
            editor.stdin.flush()
        for editor in editors:
            _, said = editor.communicate(timeout=60)
            assert editor.returncode == 0, said
    text = file.read_text()
    assert text.startswith(COMMENTED)
    wanted = {f"{name}{number}" for name in "ab" for number in range(8)}
    assert set(sources_in(file)) == {"old", "last"} | wanted


def test_a_kill_in_the_middle_leaves_the_old_file_or_the_new_one(file: Path) -> None:
    file.write_text(COMMENTED)
    for round in range(4):
        with adding(file, f"r{round}n", 10_000) as editor:
            assert editor.stdout is not None and editor.stdout.readline() == "ready\n"
            assert editor.stdin is not None
            editor.stdin.write("\n")
            editor.stdin.flush()
            # As many different moments as there are rounds, each in the middle of an edit.
            until(lambda: f"r{round}n{round}" in file.read_text(), what="some edits")  # noqa: B023
            editor.send_signal(signal.SIGKILL)
            editor.wait(30)
        text = file.read_text()
        assert text.startswith(COMMENTED) and text.endswith('"\n')
        assert all(each["target"] == "/x" * 500 for name, each in sources_in(file).items() if name[0] == "r")  # type: ignore[index]
    add_source(file, "after", {"target": "/x"})
    assert [path.name for path in file.parent.iterdir()] == ["workbench.toml"]


def test_a_full_disk_leaves_the_old_file(file: Path) -> None:
    file.write_text(COMMENTED)

    def fill_up() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(COMMENTED), len(COMMENTED)))

    with adding(file, "a", 1, preexec_fn=fill_up) as editor:
        _, said = editor.communicate("\n", timeout=60)
    assert editor.returncode == 1 and "cannot be written: File too large; nothing was changed" in said
    assert file.read_text() == COMMENTED and len(list(file.parent.iterdir())) == 1


def test_a_directory_that_may_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(Unavailable, match="cannot be written"):
        add_source(tmp_path / "taken" / "workbench.toml", "a", {"target": "/x"})


def test_a_file_is_made_once(file: Path) -> None:
    make_file(file, "# words\n")
    assert file.read_text() == "# words\n" and file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict, match="is there already"):
        make_file(file, "")
    dangling = file.with_name("other.toml")
    dangling.symlink_to(file.with_name("nowhere"))
    with pytest.raises(Conflict):
        make_file(dangling, "")
    assert sorted(path.name for path in file.parent.iterdir()) == ["other.toml", "workbench.toml"]
