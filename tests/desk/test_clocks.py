"""The clock of a source beside ours: files have ours, a server has its own, and small differences are no matter."""

from pathlib import Path

import pytest

from workbench.data import open_source
from workbench.data.health import TOLERATED_CLOCK
from workbench.desk import clocks


def test_a_file_has_the_clock_of_this_machine(tmp_path: Path) -> None:
    with open_source(tmp_path / "agents.db", create=True) as source:
        assert clocks.ahead(source) == 0.0


@pytest.mark.postgres
@pytest.mark.parametrize(("really", "told"), [(0.4, 0.0), (-0.4, 0.0), (65.0, 65.0), (-65.0, -65.0)])
def test_of_a_server_only_a_difference_that_matters_is_told(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, really: float, told: float
) -> None:
    with open_source(postgres_dsn, create=True) as source:
        assert clocks.ahead(source) == 0.0
        # Our own clock is the one that is moved: the server's cannot be.
        from time import time

        monkeypatch.setattr("workbench.data.engine.postgres.time", lambda: time() - really)
        assert clocks.ahead(source) == pytest.approx(told, abs=TOLERATED_CLOCK / 2)


def test_the_sentence_says_which_way() -> None:
    assert "is 65 s ahead of this machine's" in clocks.told("prod", 65.2)
    assert "is 3,600 s behind this machine's" in clocks.told("prod", -3600.0)
