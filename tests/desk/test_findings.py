"""What there is to mend, on both engines: each thing a sentence with its command, bounded, and nothing is changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.agents import Place
from support.events import said, written
from support.fixtures import copied
from support.processes import tree_hash

from workbench.data import Health, Source, health, open_source, upkeep
from workbench.data.engine.statement import Statement
from workbench.data.source import open_home
from workbench.desk import findings
from workbench.desk.findings import BAD, DOUBTFUL, NOTE, look, of_damage, of_health

LONG_AGO = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def test_a_healthy_source_has_no_findings(source: Source) -> None:
    source.approvals.create(tool_name="deploy")
    source.clarifications.ask("Which region?")
    source.short_memory.set("note", "k", "v", timedelta(hours=1))
    assert look(source, source.health(), patience=30) == () and list(of_health(source.health())) == []


def test_what_nobody_waits_for_is_named_with_the_command_that_puts_it_away(source: Source) -> None:
    late = source.approvals.create(tool_name="late", ttl=timedelta(hours=1), at=LONG_AGO)
    old = [source.approvals.create(tool_name="old", ttl=None, at=LONG_AGO) for _ in range(2)]
    source.clarifications.ask("Which region?", at=LONG_AGO)
    found = {(each.where, each.what.split(",")[0]): each for each in look(source, source.health(), patience=30)}
    assert set(found) == {
        ("approvals", "1 approval is past its expiry"),
        ("approvals", "2 approvals are probably abandoned"),
        ("clarifications", "1 question is probably abandoned"),
    }
    one = found["approvals", "1 approval is past its expiry"]
    assert one.typed == f"workbench dismiss {late.id} --source prod" and one.level == DOUBTFUL
    assert "the oldest asked " in one.words and one.words.endswith(f"; run `{one.typed}`")
    assert set(found["approvals", "2 approvals are probably abandoned"].command) == {
        "dismiss", "--source", "prod", *(each.id for each in old),
    }  # fmt: skip


def test_too_many_to_name_are_left_to_the_list(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(7):
        source.approvals.create(tool_name="old", at=LONG_AGO)
    (found,) = look(source, source.health(), patience=30)
    assert found.what.startswith("7 approvals")
    assert found.typed == "workbench inbox --filter state=overdue --source prod"


def test_an_id_that_is_no_word_is_never_typed(place: Place, source: Source) -> None:
    call = source.approvals.create(tool_name="old", at=LONG_AGO)
    for id in ("--yes", "$(rm x)", "\x1b[2J"):
        escaped = "char(27) || '[2J'" if place.engine == "sqlite" else "chr(27) || '[2J'"
        place.run(f"UPDATE approvals SET id = {escaped if id[0] < ' ' else repr(id)}")
        (found,) = look(source, source.health(), patience=30)
        assert found.typed == "workbench inbox --filter state=overdue --source prod", call
        assert found.words.isprintable()


def test_what_was_asked_later_than_now_speaks_of_a_clock(source: Source) -> None:
    source.approvals.create(tool_name="deploy", at=datetime.now(UTC) + timedelta(hours=3))
    (found,) = look(source, source.health(), patience=30)
    assert (found.level, found.where, found.typed) == (DOUBTFUL, "clock", "workbench inbox --source prod")
    assert found.what.startswith("something that waits was asked in ") and "set the clocks" in found.what


@pytest.mark.postgres
def test_the_clock_of_a_server_that_goes_wrong_is_a_finding(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TOLERATED_CLOCK", -1.0)  # no difference is small enough now
    with open_source(postgres_dsn, create=True, name="prod") as source:
        (found,) = of_health(source.health())
    assert found.level == DOUBTFUL and "the clock of " in found.what and "set both clocks" in found.what


def test_expired_short_memories_wait_for_a_purge(source: Source, place: Place) -> None:
    for number in range(3):
        source.short_memory.set("note", f"k{number}", "v", timedelta(hours=1))
    place.run("UPDATE short_memories SET expires_at = '2026-01-02 12:00:00+00:00' WHERE key <> 'k0'")
    (found,) = look(source, source.health(), patience=30)
    assert found.what == "2 short memories have expired and still lie there"
    assert found.typed == "workbench short-memory purge --expired --source prod"


def run_of(place: Place, id: int, began: datetime, status: str = "running") -> None:
    uuid = f"00000000-0000-4000-8000-{id:012}"
    place.run(
        "INSERT INTO cron_history (id, task_id, task_name, started_at, status, error, run_id) "
        f"VALUES ('{uuid}', '{uuid}', 'sync', '{began:%Y-%m-%d %H:%M:%S+00:00}', '{status}', '', '')"
    )


def test_runs_that_never_ended_are_counted(source: Source, place: Place) -> None:
    now = datetime.now(UTC)
    run_of(place, 1, now - timedelta(minutes=5))
    run_of(place, 2, now - timedelta(days=3), "success")
    assert look(source, source.health(), patience=30) == ()
    run_of(place, 3, now - timedelta(days=3, hours=1))
    (found,) = look(source, source.health(), patience=30)
    assert found.what == "1 run of a scheduled task is still called running (sync, since 3d): a crash left it" + (
        "" if source.ours else "; its program forgets such rows after 30 days"
    )
    run_of(place, 4, now - timedelta(days=2))
    (found,) = look(source, source.health(), patience=30)
    assert (
        "2 runs of scheduled tasks are still called running (the oldest: sync, since 3d): a crash left them"
        in found.what
    )


def test_a_table_that_only_grows_is_a_note_with_its_age(source: Source) -> None:
    key = source.sessions.create_session(("app", "ann", "s1")).key
    for number in range(12):
        source.sessions.append_event(key, written(choices=said({"role": "user", "content": f"word {number}"})))
    (found,) = look(source, source.health(), patience=30, large=10)
    assert found.level == NOTE and found.where == "session_events"
    assert found.what == "session_events has ≥ 10 rows, the oldest about <1m old, and nothing takes old ones away"
    assert found.typed == "workbench event purge --older-than 90d --source prod"


def test_what_a_migration_mends_says_so(source: Source, place: Place) -> None:
    place.run("DROP INDEX idx_sessions_updated")
    place.run("DROP TABLE clarifications")
    found = look(source, source.health(), patience=30)
    assert {each.what for each in found} == {
        "table clarifications is missing",
        "table sessions lacks the index idx_sessions_updated: its lists are slow",
    }
    assert {each.typed for each in found} == {"workbench source migrate prod"}
    place.run("ALTER TABLE approvals DROP COLUMN run_id")  # no old row could fill it
    found = look(source, source.health(), patience=30)
    assert len(found) == 3 and all(each.typed is None and "newer workbench" in each.what for each in found)


def test_a_password_in_the_name_of_a_source_makes_no_command(place: Place) -> None:
    with place.open(name="postgresql://u:***@h/db") as source:
        source.approvals.create(tool_name="old", at=LONG_AGO)
        (found,) = look(source, source.health(), patience=30)
    assert found.typed is None


def test_no_check_begins_when_the_time_is_over(source: Source) -> None:
    source.approvals.create(tool_name="old", at=LONG_AGO)
    found = look(source, source.health(), patience=-1)
    assert [each.level for each in found] == [NOTE] and "checks were left out" in found[0].what


def test_looking_at_another_programs_file_changes_nothing_and_a_damaged_one_is_told_once(tmp_path: Path) -> None:
    path = copied("agents/genie_damaged.db", tmp_path)
    before = tree_hash(tmp_path)
    with open_source(path, read_only=True, name="prod") as source:
        found = look(source, source.health(), patience=30)
    assert {each.where for each in found} == {"approvals", "clarifications", "short_memories", "cron_history"}
    assert any(each.what.endswith("; its program forgets such rows after 30 days") for each in found)
    assert tree_hash(tmp_path) == before
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_master WHERE tbl_name IN ('approvals', 'cron_history', 'short_memories')"
        pages = [page for (page,) in connection.execute(sql)]
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\xa5" * size)
    with open_source(path, read_only=True, name="prod") as source:
        (found,) = look(source, source.health(), patience=30)
    assert found.what.startswith("it could not be looked at whole: ") and "is damaged" in found.what


def test_the_own_home_says_when_it_could_be_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "LARGE_FREE", 10_000)
    monkeypatch.setattr(findings, "LARGE_LOG", 1)
    with open_home(tmp_path / "home") as source:
        assert look(source, source.health(), patience=30) == ()
        for _ in range(30):
            source.approvals.create(tool_name="t", args='{"x": "%s"}' % ("y" * 2000))
        with source.database.transaction():
            source.database.run(Statement("DELETE FROM approvals"))
        (log,) = of_health(source.health())
        assert (log.level, log.typed) == (DOUBTFUL, "workbench home checkpoint")
        upkeep.checkpoint(source)
        (found,) = look(source, source.health(), patience=30)
        assert found.typed == "workbench home vacuum" and "room that deleted rows left" in found.what


def test_what_the_health_and_the_slow_check_tell_becomes_findings() -> None:
    told = Health("prod", "/x.db", reachable=True, engine="sqlite", kinds=("agents",), read_only=True)
    network = replace(told, problems=("/x.db is in WAL mode on a network file system (nfs)",), wal_size=1 << 30)
    bad, log = of_health(network)
    assert (bad.level, log.level, log.typed) == (BAD, NOTE, None) and "1,074 MB" in log.what
    found = list(of_damage(["page 3 is torn"], [f"approvals a{n}: args: no JSON" for n in range(5)], told=2))
    assert [each.level for each in found] == [BAD, DOUBTFUL, DOUBTFUL, DOUBTFUL]
    assert found[0].what.endswith("restore a backup") and found[1].where == "approvals"
    assert found[-1].what == "and 3 more rows are damaged"
