"""The themes: found in a checkout, in a wheel, and never as a stale copy of an editable install."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

from workbench import themes
from workbench.data.errors import Invalid

ROOT = Path(__file__).resolve().parent.parent
NAMES = tuple(sorted(file.stem for file in (ROOT / "themes").glob("*.toml")))
SAY = "from workbench import themes; print(themes.theme_names(), themes.theme_dirs()[0])"


def build(hook: str, folder: Path) -> zipfile.ZipFile:
    """Call a hook of the build backend as an installer does, and open the wheel that it makes."""
    code = f"import hatchling.build as b; print(b.{hook}({os.fspath(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(folder / done.stdout.split()[-1])


def themes_seen_by(path: Path) -> str:
    """What a fresh interpreter sees that has only `path` before its own packages."""
    environ = {**os.environ, "PYTHONPATH": os.fspath(path)}
    done = subprocess.run(
        [sys.executable, "-c", SAY], cwd=path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_checkout_has_its_own_themes() -> None:
    assert themes_seen_by(ROOT) == f"{NAMES} {ROOT / 'themes'}"
    assert "workbench-dark" in NAMES


def test_a_theme_is_found_by_its_name() -> None:
    assert themes.theme_names() == NAMES
    assert themes.theme_file("workbench-dark") == themes.theme_dirs()[0] / "workbench-dark.toml"


@pytest.mark.parametrize("name", ["nope", "../themes/workbench-dark", "/etc/passwd", ""])
def test_an_unknown_theme_is_refused_with_what_there_is(name: str) -> None:
    with pytest.raises(Invalid, match=r"is no theme; (there is: .*workbench-dark|did you mean)"):
        themes.theme_file(name)


def test_the_nearest_theme_is_named() -> None:
    with pytest.raises(Invalid, match=r'^"workbench-drak" is no theme; did you mean "workbench-dark"\?$'):
        themes.theme_file("workbench-drak")


@pytest.mark.parametrize("name", NAMES)
def test_each_theme_is_data_that_the_screen_can_draw(name: str) -> None:
    with (ROOT / "themes" / f"{name}.toml").open("rb") as file:
        table = tomllib.load(file)
    assert {"name", "dark", "colours"} <= set(table) <= {"name", "dark", "colours", "ansi", "variables"}
    assert table["name"] == name
    for colour in table["colours"].values():
        Color.parse(colour)
    theme = Theme(name=name, dark=table["dark"], **table["colours"])
    assert theme.primary == table["colours"]["primary"]
    assert set(table["colours"]) == {
        "primary", "secondary", "accent", "foreground", "background", "success", "warning", "error", "surface", "panel",
    }  # fmt: skip


def test_the_wheel_carries_the_themes_and_finds_them(tmp_path: Path) -> None:
    with build("build_wheel", tmp_path) as wheel:
        assert "workbench/_themes/workbench-dark.toml" in wheel.namelist()
        assert "workbench/py.typed" in wheel.namelist()
        site = tmp_path / "site"
        wheel.extractall(site)
    assert themes_seen_by(site) == f"{NAMES} {site / 'workbench' / '_themes'}"


def test_a_checkout_never_reads_a_copy(tmp_path: Path) -> None:
    """As in an editable install that a wheel's leftovers surround."""
    checkout = tmp_path / "checkout"
    for name in ("workbench/data", "themes", "workbench/_themes"):
        (checkout / name).mkdir(parents=True)
    for name in ("pyproject.toml", "workbench/__init__.py", "workbench/themes.py", "workbench/data/errors.py"):
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    (checkout / "workbench/_themes/stale.toml").write_text('name = "stale"\n')
    (checkout / "themes/fresh.toml").write_text('name = "fresh"\n')
    assert themes_seen_by(checkout) == f"('fresh',) {checkout / 'themes'}"


def test_an_editable_install_has_no_copy_of_anything(tmp_path: Path) -> None:
    with build("build_editable", tmp_path) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name]
        assert [Path(name).suffix for name in names] == [".pth"]
        assert wheel.read(names[0]).decode().strip() == os.fspath(ROOT)
