"""The doctor looks at every row, says what is wrong and which command mends it, and changes nothing."""

import shutil
import socket
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from support.fixtures import fixture

from workbench.data import open_source
from workbench.data.source import open_home
from workbench.desk.audit import Audit

LONG_AGO = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def test_damaged_rows_are_told_and_the_others_are_counted(workbench: Any) -> None:
    shutil.copyfile(fixture("agents/genie_damaged.db"), workbench.here / "damaged.db")
    run = workbench("doctor", "./damaged.db")
    lines = run.out.splitlines()
    assert run.code == 1
    assert any("1bfad0cd-2da3-43e0-9634-085e6de53158: created_at: not a time" in line for line in lines)
    assert any("only its own program stumbles over it" in line for line in lines)
    assert lines[-2].endswith("more rows are damaged")
    (without,) = workbench("doctor", "./damaged.db", "--wait", "0", "--json").rows
    assert without["findings"] and not any(": created_at: " in each["what"] for each in without["findings"])
    assert lines[-1] == f"1 source, {21 + len(without['findings'])} findings"


def test_what_lies_about_is_told_with_the_command_for_it(workbench: Any) -> None:
    shutil.copyfile(fixture("agents/genie_fleet.db"), workbench.here / "fleet.db")
    run = workbench("doctor", "./fleet.db")
    assert run.code == 1
    assert "are past their expiry, the oldest asked " in run.out
    assert "; run `workbench inbox --filter state=overdue --source ./fleet.db`\n" in run.out
    (row,) = workbench("doctor", "./fleet.db", "--json").rows
    wheres = [each["where"] for each in row["findings"]]
    assert set(wheres) == {"approvals", "clarifications", "short_memories", "cron_history"}
    for finding in row["findings"]:
        assert set(finding) == {"level", "what", "where", "command"} and finding["level"] == "doubtful"
    assert run.out.splitlines()[-1] == f"1 source, {len(wheres)} findings"


def test_a_command_that_is_named_is_one_that_there_is(workbench: Any) -> None:
    """Whatever is found, its command is understood by the program itself."""
    shutil.copyfile(fixture("agents/genie_fleet.db"), workbench.here / "fleet.db")
    with open_source(workbench.here / "fleet.db") as source:
        source.database.run(_sql("DROP TABLE clarifications"))
    (row,) = workbench("doctor", "./fleet.db", "--json").rows
    commands = {each["command"] for each in row["findings"]} - {None}
    assert "workbench source migrate ./fleet.db" in commands
    for command in commands:
        assert workbench(*command.split()[1:], "--help").code == 0


def _sql(text: str) -> Any:
    from workbench.data.engine.statement import Statement

    return Statement(text)


def test_a_healthy_database_has_no_findings(workbench: Any) -> None:
    with open_source(workbench.here / "fine.db", create=True) as source:
        source.approvals.create(tool_name="deploy")
    run = workbench("doctor", "./fine.db")
    assert (run.code, run.out) == (0, "1 source, nothing wrong\n")
    assert workbench("doctor", "./fine.db", "--json").rows == [{"source": "./fine.db", "findings": [], "notes": []}]


@pytest.mark.postgres
def test_a_server_is_looked_at_in_the_same_way(workbench: Any, postgres_dsn: str) -> None:
    workbench.user('[sources.prod]\ntarget = "${PROD}"\n')
    workbench.environ["PROD"] = postgres_dsn
    with open_source(postgres_dsn, create=True) as source:
        assert workbench("doctor", "prod").out == "1 source, nothing wrong\n"
        call = source.approvals.create(tool_name="old", ttl=None, at=LONG_AGO)
    run = workbench("doctor", "prod")
    assert run.code == 1
    assert f"; run `workbench dismiss {call.id} --source prod`" in run.out
    workbench.environ["WORKBENCH_HOME"] = str(workbench.root / "own")
    done = workbench.deciding("dismiss", call.id, "--source", "prod", "--write")
    assert done.code == 0, done
    assert workbench("doctor", "prod").code == 0


def test_an_audit_log_that_was_changed_is_found(workbench: Any) -> None:
    workbench.environ["WORKBENCH_HOME"] = str(workbench.root / "own")
    own = workbench.root / "own"
    with open_home(own) as source:
        source.approvals.create(tool_name="deploy")
    audit = Audit(own, "ops")
    for _ in range(3):
        with audit.intent(source="prod", verb="approve", noun="approval"):
            pass
    assert workbench("doctor").out == "1 source, nothing wrong\n"
    log = own / "audit.jsonl"
    log.write_text(log.read_text().replace('"approve"', '"reject"', 1))
    run = workbench("doctor")
    assert run.code == 1 and "home: the audit log is damaged: " in run.out
    assert "; run `workbench audit verify`" in run.out
    assert workbench("doctor", "--wait", "0").code == 0


def test_a_server_that_says_nothing_does_not_hold_it_up(workbench: Any) -> None:
    with open_source(workbench.root / "fine.db", create=True) as source:
        source.approvals.create(tool_name="old", ttl=None, at=LONG_AGO)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        workbench.user(
            "[timeouts]\nconnect = 0.5\nstatement = 0.5\n"
            f'[sources.dead]\ntarget = "postgresql://u@127.0.0.1:{port}/db"\n'
            f'[sources.fine]\ntarget = "{workbench.root}/fine.db"\n'
        )
        begin = time.monotonic()
        run = workbench("doctor", "--wait", "2")
        assert time.monotonic() - begin < 15  # what it waits for at most is 5 s, and a start is one
    assert run.code == 1 and "fine: 1 approval is probably abandoned" in run.out and "\ndead: " in f"\n{run.out}"


def test_hostile_text_does_nothing_to_the_terminal(workbench: Any) -> None:
    shutil.copyfile(fixture("agents/genie_fleet.db"), workbench.here / "fleet.db")
    with open_source(workbench.here / "fleet.db") as source:
        source.database.run(_sql("UPDATE cron_history SET task_name = char(27) || '[2J' || char(8238) || char(10)"))
        source.database.run(_sql("UPDATE approvals SET id = char(27) || id, created_at = char(7)"))
    run = workbench("doctor", "./fleet.db")  # the run itself looks for control characters
    assert run.code == 1 and "the oldest: ␛[2J⟨U+202E⟩" in run.out
    assert workbench("doctor", "./fleet.db", "--json").rows
