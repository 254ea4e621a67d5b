"""An agents database on every engine: the one suite of its stores runs over all of them."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from servers import Server
from support.agents import Place
from support.fixtures import copied

from workbench.data import Source, open_source

ENGINES = [
    "sqlite",
    *(pytest.param(name, marks=pytest.mark.postgres) for name in ("postgres", "postgres15", "pooled")),
]


@cache
def _template(server: Server) -> str:
    """A database with every table, from which the tests' own are copied."""
    name = server.new_database()
    open_source(server.dsn(name), create=True).close()
    return name


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty agents database of ours, on each engine in turn."""
    engine = request.param
    if engine == "sqlite":
        path = str(tmp_path / "agents.db")
        open_source(path, create=True).close()
        yield Place(engine, path, path)
        return
    server = request.getfixturevalue("postgres_server" if engine == "postgres" else "postgres15_server")
    with server.database(f"TEMPLATE {_template(server)}") as name:
        target = request.getfixturevalue("pooler").dsn(name) if engine == "pooled" else server.dsn(name)
        yield Place(engine, target, server.dsn(name))


@pytest.fixture
def source(place: Place) -> Iterator[Source]:
    """That database, open for writing."""
    with place.open() as opened:
        yield opened


@pytest.fixture
def again(place: Place) -> Iterator[Callable[..., Source]]:
    """Open the same database once more."""
    opened: list[Source] = []

    def open_again(**options: Any) -> Source:
        opened.append(place.open(**options))
        return opened[-1]

    yield open_again
    for each in opened:
        each.close()


@pytest.fixture
def theirs(tmp_path: Path) -> Place:
    """A SQLite database that the other program made, in the zone of New York."""
    path = str(copied("agents/small/genie_America_New_York.db", tmp_path))
    return Place("sqlite", path, path)
