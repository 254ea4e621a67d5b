"""A database of each engine, with the table that the shared suite works on."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.things import Place, empty_file, make_things

from workbench.data.engine.database import Database, Timeouts


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty database of each engine in turn."""
    if request.param == "sqlite":
        return Place("sqlite", empty_file(tmp_path / "things.db"))
    return Place("postgres", request.getfixturevalue("postgres_dsn"))


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    """An open database of each engine, with the table `things`."""
    opened = place.open(timeouts=Timeouts(lock=30.0))
    make_things(opened)
    yield opened
    opened.close()


@pytest.fixture
def again(place: Place, database: Database) -> Iterator[Callable[..., Database]]:
    """Open the same database once more."""
    opened: list[Database] = []

    def open_again(**options: Any) -> Database:
        opened.append(place.open(**options))
        return opened[-1]

    yield open_again
    for each in opened:
        each.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte."""
    mount = tmp_path / "small"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    yield mount
    subprocess.run(["umount", mount], check=True)
