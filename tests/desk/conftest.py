"""What the tests of the desk share: an agents database of their own on each engine, and a home beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agents import Place

from workbench.data import Source, open_source
from workbench.desk.audit import Audit
from workbench.desk.trash import Trash


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    where = str(tmp_path / "agents.db") if request.param == "sqlite" else request.getfixturevalue("postgres_dsn")
    open_source(where, create=True).close()
    return Place(request.param, where, where)


@pytest.fixture
def source(place: Place) -> Iterator[Source]:
    with place.open(name="prod") as opened:
        yield opened


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path / "home", "ops@bastion")


@pytest.fixture
def trash(tmp_path: Path) -> Trash:
    return Trash(tmp_path / "home")
