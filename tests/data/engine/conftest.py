"""A database of each engine, with the table that the shared suite works on."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.things import Place, empty_file, make_things

from workbench.data.engine.database import Database, Timeouts

SERVERS = ("postgres", "postgres15", "pooled")


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=pytest.mark.postgres) for name in SERVERS)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty database of each engine in turn: PostgreSQL as new as we have it, Debian's, and behind a pooler."""
    if request.param == "sqlite":
        yield Place("sqlite", empty_file(tmp_path / "things.db"))
        return
    server = request.getfixturevalue("postgres_server" if request.param == "postgres" else "postgres15_server")
    with server.database() as name:
        pooled = request.param == "pooled"
        yield Place("postgres", request.getfixturevalue("pooler").dsn(name) if pooled else server.dsn(name))


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
