"""The examination of rows: nothing is said of healthy ones, and one row is told from the other."""

import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from support.agents import Place
from support.events import NOON, put, written
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.agents import tables
from workbench.data.agents.clock import Clock
from workbench.data.agents.examine import Finding, examine
from workbench.data.agents.oddities import of_row
from workbench.data.engine.statement import Statement
from workbench.data.errors import Invalid


def test_the_fleet_is_healthy(tmp_path: Path) -> None:
    path = copied("agents/genie_fleet.db", tmp_path)
    with open_source(path, read_only=True) as source:
        start = perf_counter()
        assert list(examine(source)) == []
        assert perf_counter() - start < 20 * 0.5
        notes = list(examine(source, notes=True))
    assert {(note.table, note.column) for note in notes} == {
        ("approvals", "args"),  # a model's truncated JSON, and one with raw control characters
        ("memories", "created_at"),  # added twice, which takes that program to the year 1
        ("session_states", "value"),
        ("app_states", "value"),
    }
    odd = json.loads(fixture("expected/genie_fleet.json").read_text())["odd_rows"]
    by_id = {row_id: what for what, row_id in odd.items()} | odd
    assert {by_id[note.key[0]] for note in notes if note.table == "approvals" and note.key} == {
        "truncated JSON",
        "raw ANSI escapes",
    }
    counted = [sum(note.table == table for note in notes) for table in ("memories", "session_states", "app_states")]
    assert counted == [6, 20, 1]


@pytest.mark.postgres
def test_the_fleet_on_a_server_is_healthy(restored: Callable[[Path], str]) -> None:
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz")), read_only=True) as source:
        assert list(examine(source)) == []
        assert {note.table for note in examine(source, notes=True)} <= {
            "approvals",
            "memories",
            "session_states",
            "app_states",
        }


@pytest.mark.parametrize("name", ["genie_UTC.db", "genie_America_New_York.db", "ckpt.db"])
def test_the_small_files_are_healthy(name: str, tmp_path: Path) -> None:
    with open_source(copied(f"agents/small/{name}", tmp_path), read_only=True) as source:
        assert list(examine(source, notes=True)) == []


def test_an_empty_database_of_ours_is_healthy(source: Source) -> None:
    assert list(examine(source, notes=True)) == []


def insert(table: Any, **values: Any) -> Statement[None]:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    return Statement(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", table=table)


def add(source: Source, table: Any, **values: Any) -> None:
    """Write a row through our own codecs, which both engines hold."""
    source.database.run(insert(table, **values), values)


UUID = "41696e74-1b1e-4786-a509-e5533c93b964"


def test_what_any_engine_can_hold_is_found_on_it(source: Source, place: Place) -> None:
    common = {"thread_id": "", "run_id": "", "tool_name": "t", "created_at": NOON}
    add(source, tables.APPROVALS, id=UUID, args='{"a":', status="Approved", **common)
    add(source, tables.APPROVALS, id="other", args="", status="rejected", **common)
    add(source, tables.APPROVALS, id=UUID[:-1] + "a", args="", status="pending", resolved_at=NOON, **common)
    add(source, tables.CLARIFICATIONS, id="short", question="?", status="answered", created_at=NOON)
    add(source, tables.CHECKPOINTS, lineage_id="l", checkpoint_ns="", checkpoint_id="c", parent_checkpoint_id="gone",
        ts=1, checkpoint_json=b"[]", metadata_json=b"null")  # fmt: skip
    put(source, written(author=5), session="nowhere")
    put(source, "null", session="nowhere")
    assert [(each.table, each.key, each.column, each.theirs, each.note) for each in examine(source, notes=True)] == [
        ("approvals", (UUID,), "status", False, False),
        ("approvals", (UUID,), "args", False, True),
        ("approvals", (UUID[:-1] + "a",), "resolved_at", False, False),
        ("approvals", ("other",), "id", False, True),
        ("approvals", ("other",), "resolved_at", False, False),
        ("clarifications", ("short",), "id", True, False),
        ("clarifications", ("short",), "answered_at", False, False),
        ("session_events", (1,), "event_data", False, False),
        ("session_events", (1,), "session_id", False, False),
        ("session_events", (2,), "event_data", False, False),
        ("checkpoints", ("l", "", "c"), "checkpoint_json", False, False),
        ("checkpoints", ("l", "", "c"), "parent_checkpoint_id", False, False),
    ]
    place.run("UPDATE clarifications SET answer = NULL")
    assert ("answer", None) in [(each.column, each.stored) for each in examine(source, tables=["clarifications"])]


def test_every_row_is_looked_at_however_many_pages_there_are(source: Source) -> None:
    empty, moment = (0, 199, 200, 201, 449), Clock(source).local(NOON)
    values = [
        {"key": f"k{number:04}", "app_name": "a", "value": None if number in empty else b"1", "updated_at": moment}
        for number in range(450)
    ]
    source.database.run_many(insert(tables.APP_STATES, **values[0]), values)
    keys = [each.key for each in examine(source, tables=["app_states"], notes=True)]
    assert keys == [("a", f"k{number:04}") for number in empty]


def test_findings_come_while_they_are_asked_for_and_leave_nothing_open(source: Source) -> None:
    for number in range(3):
        put(source, "null", session=f"s{number}")
    findings = examine(source, tables=["session_events"])
    assert next(findings).key == (1,)
    assert not source.database.in_transaction
    put(source, "null", session="s0")
    findings.close()  # type: ignore[attr-defined]


def test_only_the_tables_asked_for(source: Source) -> None:
    put(source, "null")
    assert list(examine(source, tables=["approvals", "memories"])) == []
    assert {each.table for each in examine(source, tables=["session_events"])} == {"session_events"}
    with pytest.raises(Invalid, match="no table 'entries'"):
        examine(source, tables=["entries"])


def test_a_long_value_is_shown_cut(source: Source) -> None:
    put(source, '{"a":"' + "x" * 1000, session="s")
    (finding,) = [each for each in examine(source) if each.column == "event_data"]
    assert isinstance(finding.stored, str) and len(finding.stored) == 81 and finding.stored.endswith("…")


def test_events_of_a_missing_session_are_one_finding(source: Source) -> None:
    for _ in range(3):
        put(source, written(), session="nowhere")
    (finding,) = examine(source)
    assert (finding.table, finding.key, finding.column) == ("session_events", (1,), "session_id")
    assert finding.stored == "nowhere"
    moment = Clock(source).local(NOON)
    key = {"app_name": "genie", "user_id": "root", "session_id": "nowhere"}
    add(source, tables.SESSIONS, **key, created_at=moment, updated_at=moment)
    assert list(examine(source)) == []


@pytest.mark.parametrize(
    ("column", "text", "why"),
    [
        ("created_at", "2026-11-20 12:00:00.5 -0500 EST", "on the clock -0500 where UTC belongs"),
        ("created_at", "2026-11-20T12:00:00Z", "with a T"),
        ("created_at", "2026-11-20 12:00:00", "without a zone"),
        ("created_at", "2026-11-20 12:00", "without its seconds"),
        ("created_at", "2026-11-20 12:00:00+00:00", "not in the form that it writes"),
        ("created_at", "2026-11-20 12:00:00 UTC", "that program cannot read UTC without a numeric offset"),
        ("created_at", "infinity", "a time outside the years 1 to 9999"),
        ("expires_at", "2026-11-20 12:00:00 +0530 +0530", "that program cannot read the zone"),
    ],
)
def test_times_that_sort_wrongly_as_texts(theirs: Place, column: str, text: str, why: str) -> None:
    theirs.run(f"UPDATE approvals SET {column} = '{text}' WHERE status = 'pending'")
    with theirs.open() as source:
        (finding,) = examine(source)
    assert (finding.column, finding.stored) == (column, text) and finding.why.startswith(why)
    assert finding.theirs == (text != "infinity")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20 12:00:00 +0000 UTC",  # ours
        "2026-11-20 07:00:00.5 -0500 EST",
        "2026-07-20 08:00:00.123456789 -0400 EDT m=+1.000000001",
        "2026-11-20 09:00:00 -0300 -03",
    ],
)
def test_a_local_time_may_stand_on_any_clock(theirs: Place, text: str) -> None:
    theirs.run(f"UPDATE sessions SET updated_at = '{text}'")
    theirs.run(f"UPDATE short_memories SET expires_at = '{text}'")
    with theirs.open() as source:
        assert list(examine(source, notes=True)) == []


def test_an_older_database_and_one_that_lacks_tables_are_examined_as_they_are(theirs: Place) -> None:
    theirs.run("ALTER TABLE approvals DROP COLUMN created_by")
    theirs.run("DROP TABLE sessions")
    theirs.run("DROP TABLE checkpoint_writes")
    with theirs.open() as source:
        assert list(examine(source)) == []
    theirs.run("ALTER TABLE memories DROP COLUMN topics")
    with theirs.open() as source:
        (finding,) = examine(source)
    assert (finding.table, finding.key, finding.column) == ("memories", None, "topics")
    assert "lacks this column" in finding.why


def test_texts_in_keys_that_no_query_can_ask_for_are_found(theirs: Place) -> None:
    theirs.run("UPDATE session_events SET session_id = CAST(x'ff41' AS TEXT) WHERE id = 1")
    theirs.run("UPDATE session_events SET app_name = x'41' WHERE id = 2")
    theirs.run("UPDATE checkpoints SET lineage_id = CAST(x'fe' AS TEXT)")
    with theirs.open() as source:
        found = [(each.table, each.column, each.why) for each in examine(source)]
    not_utf8, as_bytes = (
        "a text that is not UTF-8",
        "bytes where text belongs: it is read as text, but it equals no text",
    )
    assert ("session_events", "session_id", not_utf8) in found
    assert ("session_events", "app_name", as_bytes) in found
    assert found.count(("checkpoints", "lineage_id", not_utf8)) == 2


def test_no_expression_of_which_that_program_says_it_is_valid_is_doubted() -> None:
    cases = json.loads(fixture("agents/cron.json").read_text())
    doubted = {case["expression"]: list(of_row("cron_tasks", {"expression": case["expression"]})) for case in cases}
    valid = {case["expression"] for case in cases if case["valid"]}
    assert [expression for expression in valid if doubted[expression]] == []
    missed = [case["expression"] for case in cases if not case["valid"] and not doubted[case["expression"]]]
    assert len(valid) > 100 and len(missed) < len(cases) - len(valid)
    for expression in (
        "@every 5m",
        "@reboot",
        "0 9 * *",
        "",
        "H * * * *",
        "1..5 * * * *",
        "every full moon",
        "0 0 * * MONDAY",
    ):
        assert doubted.get(expression) or list(of_row("cron_tasks", {"expression": expression})), expression


def test_findings_are_told_apart_by_equality() -> None:
    one = Finding("approvals", ("a",), "args", "", "why")
    assert one == Finding("approvals", ("a",), "args", "", "why") != Finding("approvals", ("b",), "args", "", "why")
