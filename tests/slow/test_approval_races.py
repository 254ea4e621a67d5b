"""A thousand approvals and eight processes that all decide all of them: one winner each, on every engine."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Server
from support.agents import Place
from support.resolvers import Resolvers, one_winner_each

from workbench.data import open_source

ROWS, PROCESSES = 1000, 8


@pytest.fixture(params=["sqlite", "theirs", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Our own file, a file that is kept as its program keeps it, and a server."""
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres_server")
        with server.database() as name:
            dsn = server.dsn(name)
            open_source(dsn, create=True).close()
            yield Place("postgres", dsn, dsn)
        return
    path = str(tmp_path / "agents.db")
    open_source(path, create=True).close()
    place = Place("sqlite", path, path)
    if request.param == "theirs":
        place.run("DROP TABLE workbench_meta")
        with place.open() as source:
            assert not source.ours
    yield place


@pytest.mark.parametrize("order", ["alike", "shuffled"])
def test_every_approval_has_one_winner_and_all_others_are_told(place: Place, order: str) -> None:
    with place.open() as source:
        with source.database.transaction():
            ids = [source.approvals.create(tool_name="run_shell", args=f"{i}").id for i in range(ROWS)]
        work = [list(ids) for _ in range(PROCESSES)]
        if order == "shuffled":
            for number, mine in enumerate(work):
                random.Random(number).shuffle(mine)
        with Resolvers(place.target, work) as operators:
            operators.go()
            winners = one_winner_each(ids, operators.results())
        assert source.approvals.counts() == {"approved": ROWS}
        rows = place.rows("SELECT id, resolved_by FROM approvals")
        assert dict(rows) == {id: f"operator-{number}" for id, number in winners.items()}
        if order == "shuffled":
            assert len(set(winners.values())) > 1, "the processes did not race"
