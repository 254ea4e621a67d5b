"""The doctor looks at every row, and says which ones are damaged."""

import shutil
from typing import Any

from support.fixtures import fixture


def test_damaged_rows_are_told_and_the_others_are_counted(workbench: Any) -> None:
    shutil.copyfile(fixture("agents/genie_damaged.db"), workbench.here / "damaged.db")
    run = workbench("doctor", "./damaged.db")
    lines = run.out.splitlines()
    assert run.code == 1
    assert any("1bfad0cd-2da3-43e0-9634-085e6de53158: created_at: not a time" in line for line in lines)
    assert any("only its own program stumbles over it" in line for line in lines)
    assert lines[-2].endswith("more rows are damaged") and lines[-1] == "1 source, 21 findings"


def test_a_healthy_database_has_no_findings(workbench: Any) -> None:
    shutil.copyfile(fixture("agents/genie_fleet.db"), workbench.here / "fleet.db")
    run = workbench("doctor", "./fleet.db")
    assert (run.code, run.out) == (0, "1 source, nothing wrong\n")


def test_without_time_the_rows_are_not_looked_at(workbench: Any) -> None:
    shutil.copyfile(fixture("agents/genie_damaged.db"), workbench.here / "damaged.db")
    assert workbench("doctor", "./damaged.db", "--wait", "0").code == 0
