"""`source export` and `source import` by the real program, on both engines."""

from __future__ import annotations

import resource
import sqlite3
import sys
from typing import Any

import pytest
from support.filling import fill
from support.fixtures import copied
from support.running import AT_ONCE
from support.screens import Pty

SERVER = pytest.mark.parametrize("agents", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
FILE = pytest.mark.parametrize("agents", ["sqlite"], indirect=True)  # where the engine plays no part
HOSTILE = "\x1b]0;pwn\x07\x1b[2J\r\n\x9b31m\u202e\u200b\U000e0041\x7f[red]x"


def rows(agents: Any) -> list[Any]:
    return sorted(agents.place.rows("SELECT id, content, topics FROM memories"))


@pytest.mark.parametrize("form", ["--jsonl", "--csv"])
def test_a_table_goes_to_a_file_and_back(workbench, agents, form: str) -> None:
    fill(agents.place, "memories", {"id": "a", "content": HOSTILE}, {"id": "b", "content": ""}, {"id": "c"})
    before = rows(agents)
    file = workbench.here / "memories"
    printed = workbench("source", "export", "prod", "memories", form)
    run = workbench.unwatched("source", "export", "prod", "memories", form, "--output", "memories")
    assert (run.code, run.out, run.err) == (0, "", "note: memories: 3 rows of memories\n")
    assert file.read_text() == printed.out and file.stat().st_mode & 0o777 == 0o600
    assert (
        workbench("source", "export", "prod", "memories", "--output", "memories")
        .failed(2)
        .startswith("memories is there already")
    )
    agents.place.run("DELETE FROM memories WHERE id <> 'c'")
    agents.place.run("UPDATE memories SET content = 'by hand'")
    run = workbench("source", "import", "prod", "memories", "memories", "--dry-run")
    assert (run.code, run.out) == (
        0, "memories: 2 rows would be added, 1 there already (1 of them differ, and stay as they are)\n",
    )  # fmt: skip
    assert len(rows(agents)) == 1
    run = workbench.deciding("source", "import", "prod", "memories", "memories", "--json", changing=agents.file)
    (told,) = run.rows
    counts = {"rows": 3, "added": 2, "there": 1, "differing": 1, "refused": 0}
    assert run.code == 0 and {name: told[name] for name in counts} == counts
    assert rows(agents) == [*before[:2], ("c", "by hand", before[2][2])]
    (act,) = workbench.acts
    assert (act["verb"], act["noun"], act["keys"], act["counts"]) == ("import", "table", ["memories"], {"rows": 3})
    assert (act["result"], act["result_counts"], act["more"]) == ("imported", counts, {"file": str(file)})


def test_a_row_that_is_refused_is_told_by_its_line(workbench, agents) -> None:
    file = workbench.here / "tasks.csv"
    fill(agents.place, "cron_tasks", {"id": "a", "name": "one"}, {"id": "b", "name": "two"})
    file.write_text(workbench("source", "export", "prod", "cron_tasks", "--csv").out)
    agents.place.run("DELETE FROM cron_tasks")
    fill(agents.place, "cron_tasks", {"id": HOSTILE, "name": "two"})
    run = workbench.deciding("source", "import", "prod", "cron_tasks", str(file), changing=agents.file)
    assert (run.code, run.out) == (1, "cron_tasks: 1 row added, 1 refused\n")
    assert run.err == (
        f"workbench: {file}, line 3: another row of cron_tasks has a value of it that may stand there only once\n"
    )


@FILE
def test_what_cannot_be_is_refused_in_one_sentence_and_nothing_is_written(workbench, agents) -> None:
    fill(agents.place, "memories", {"id": "a"})
    file = workbench.here / "file"
    file.write_text(workbench("source", "export", "prod", "memories").out)
    bad = workbench.here / "bad"
    bad.write_text(f"id,{HOSTILE}".replace("\r\n", "") + "\n")
    known = "app_states, approvals, "
    assert known in workbench("source", "export", "prod", HOSTILE).failed(3)
    assert known in workbench("source", "export", "prod", "nosuch", "--output", "new").failed(3)
    assert known in workbench("source", "import", "prod", "nosuch", "file").failed(3)
    assert "has no column" in workbench("source", "import", "prod", "memories", "bad").failed(2)
    assert "holds the table 'memories', not" in workbench("source", "import", "prod", "approvals", "file").failed(2)
    assert "there is no file" in workbench("source", "import", "prod", "memories", "nowhere").failed(3)
    assert workbench("source", "import", "prod", "memories", "file", "--read-only").failed(5).startswith("prod is open")
    assert workbench("source", "export", "nosuch", "memories").failed(3).startswith('"nosuch" is no command')
    assert not workbench.own.exists()


@SERVER
def test_nothing_is_imported_that_could_not_be_recorded(workbench, agents) -> None:
    fill(agents.place, "memories", {"id": "a"})
    (workbench.here / "file").write_text(workbench("source", "export", "prod", "memories").out)
    agents.place.run("DELETE FROM memories")

    def fill_up() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    run = workbench.unwatched("source", "import", "prod", "memories", "file", preexec_fn=fill_up)
    assert run.code == 6 and "audit.jsonl cannot be written" in run.err and rows(agents) == []


@FILE
def test_a_file_on_a_full_disk_is_not_there_by_half(workbench, agents) -> None:
    fill(agents.place, "memories", *({"id": f"{number}", "content": "x" * 500} for number in range(100)))

    def fill_up() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    run = workbench.unwatched("source", "export", "prod", "memories", "--output", "new", preexec_fn=fill_up)
    assert run.code == 6 and "new cannot be written: File too large" in run.err
    assert list(workbench.here.iterdir()) == []


def test_odd_rows_of_another_program_come_out_without_acting_on_the_terminal(workbench, theirs) -> None:
    file = copied("agents/genie_fleet.db", workbench.root)
    connection = sqlite3.connect(file)
    (count,) = connection.execute("SELECT count(*) FROM approvals").fetchone()
    connection.close()
    for form in ("--csv", "--jsonl"):
        run = workbench("source", "export", str(file), "approvals", form)  # fails on a character that acts
        assert run.code == 0 and len(run.out.splitlines()) == count + 1
    assert workbench("source", "export", str(file), "approvals").rows[0]["table"] == "approvals"


@FILE
def test_a_long_import_shows_how_far_it_is_on_a_terminal_alone(workbench, agents) -> None:
    fill(agents.place, "memories", *({"id": f"{number:05}"} for number in range(2_500)))
    (workbench.here / "file").write_text(workbench("source", "export", "prod", "memories").out)
    agents.place.run("DELETE FROM memories")
    command = [sys.executable, "-c", AT_ONCE, "source", "import", "prod", "memories", "file"]
    with Pty(command, environment=workbench.variables(), cwd=workbench.here) as pty:
        assert pty.until_closed() == 0
        shown = pty.received.decode()
    assert "\rmemories: 500 of 2,500 [#####...................] 20 %" in shown
    assert shown.endswith(" \r\x1b[32mmemories: 2,500 rows added\x1b[0m\r\n")  # and nothing of it is left
    run = workbench.deciding("source", "import", "prod", "memories", "file", changing=agents.file)
    assert (run.out, run.err) == ("memories: 0 rows added, 2,500 there already\n", "")
