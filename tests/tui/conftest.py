"""What all screen tests share: the same terminal and zone for each, whatever stands in the environment of who runs
them; an empty agents database on both engines; an operator before it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agents import Place
from support.inboxes import Operator

from workbench.data import Source, open_source


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TABLE_THEME"):
        monkeypatch.delenv(name, raising=False)
    with monkeypatch.context() as here:
        here.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    path = str(tmp_path / "agents.db")
    open_source(path, create=True).close()
    return Place("sqlite", path, path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest) -> Place:
    """An empty agents database of ours, on each engine in turn."""
    if request.param == "sqlite":
        found: Place = request.getfixturevalue("sqlite_place")
        return found
    dsn = request.getfixturevalue("postgres_dsn")
    open_source(dsn, create=True).close()
    return Place("postgres", dsn, dsn)


@pytest.fixture
def agents(place: Place) -> Iterator[Source]:
    """That database as its agents have it open."""
    with place.open() as source:
        yield source


@pytest.fixture
def operator(place: Place, tmp_path: Path) -> Operator:
    return Operator(place, tmp_path / "home")
