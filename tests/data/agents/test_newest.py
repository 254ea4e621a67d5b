"""When the rows of an agents database were last written, and whether others have written since a moment."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.agents import Place
from support.filling import T, ago, fill, fill_many, plan_of
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.agents import newest
from workbench.data.agents.activity import LastWrite, Written
from workbench.data.agents.tables import TABLES
from workbench.data.engine import times
from workbench.data.errors import Invalid

NANOSECONDS = 1_795_176_000_123_456_789  # T and a fraction
TELL_BY = {
    "approvals": ("created_at", "resolved_at"),
    "memories": ("updated_at",),
    "cron_tasks": ("updated_at",),
    "cron_history": ("started_at", "finished_at"),
    "short_memories": ("created_at",),
    "clarifications": ("created_at", "answered_at"),
    "sessions": ("updated_at",),
    "session_events": ("created_at",),
    "session_states": ("updated_at",),
    "app_states": ("updated_at",),
    "user_states": ("updated_at",),
    "session_summaries": ("updated_at",),
    "checkpoints": ("ts",),
}


def old(table: str, at: datetime = T) -> dict[str, object]:
    """A row of a table with all its times so."""
    columns = next(each for each in TABLES if each.name == table).columns
    row: dict[str, object] = {c.name: at for c in columns if c.codec.name in ("utc_text", "local_text") and not c.null}
    return row | ({"ts": (at - times.EPOCH) // timedelta(microseconds=1) * 1000} if table == "checkpoints" else {})


# -- the last write --------------------------------------------------------------------------------------------------


def test_every_table_tells_by_its_own_columns(source: Source, place: Place) -> None:
    for table, columns in TELL_BY.items():
        assert source.activity.last_write(table, at=T) == LastWrite(None, exact=True)
        fill(place, table, *(old(table, ago(days=n)) for n in (5, 3, 4)))
        assert source.activity.last_write(table, at=T) == LastWrite(ago(days=3), exact=True), table
        for number, column in enumerate(columns):
            told = ago(hours=2 - number)
            value = (told - times.EPOCH) // timedelta(microseconds=1) * 1000 if column == "ts" else told
            fill(place, table, old(table, ago(days=9)) | {column: value} | _other_keys(table))
            assert source.activity.last_write(table, at=T).at == told, (table, column)
            place.run(f"DELETE FROM {table} WHERE {column} = (SELECT max({column}) FROM {table})")


def _other_keys(table: str) -> dict[str, object]:
    """Values for what must be unique that no other row has."""
    if table == "session_events":
        return {"id": 99}
    declared = next(each for each in TABLES if each.name == table)
    unique = {name for index in declared.indexes if index.unique for name in index.columns}
    return dict.fromkeys({*declared.key, *unique}, "another")


def test_pending_writes_of_checkpoints_tell_nothing(source: Source, place: Place) -> None:
    fill(place, "checkpoint_writes", {})
    assert source.activity.last_write("checkpoint_writes") == LastWrite(None, exact=False)


def test_nanoseconds_are_cut(source: Source, place: Place) -> None:
    fill(place, "checkpoints", {"ts": NANOSECONDS})
    assert source.activity.last_write("checkpoints", at=T).at == T + timedelta(microseconds=123_456)


def test_all_tables_that_are_there_are_told(place: Place, again: Callable[..., Source]) -> None:
    place.run("DROP TABLE memories")
    fill(place, "session_events", old("session_events", ago(minutes=1)))
    with again(read_only=True) as source:
        found = source.activity.last_writes(at=T)
        assert list(found) == [table.name for table in TABLES if table.name != "memories"]
        assert list(source.activity.last_writes(at=datetime.max.replace(tzinfo=UTC))) == list(found)
        assert found["session_events"] == LastWrite(ago(minutes=1), exact=True)
        assert source.activity.last_write("memories") == LastWrite(None, exact=True)
        with pytest.raises(Invalid, match="name one of approvals"):
            source.activity.last_write("sqlite_master")


def test_an_older_table_without_the_column_is_unknown_and_no_error(place: Place, again: Callable[..., Source]) -> None:
    place.run("ALTER TABLE app_states DROP COLUMN updated_at")
    place.run("ALTER TABLE approvals DROP COLUMN created_by")
    fill(place, "approvals", old("approvals"))
    found = again().activity.last_writes(at=T)
    assert found["app_states"] == LastWrite(None, exact=False)
    assert found["approvals"] == LastWrite(T, exact=True)


def test_the_newest_row_of_a_large_table_is_found_and_no_certainty_is_claimed(source: Source, place: Place) -> None:
    rows = (old("cron_history", ago(minutes=n)) | {"id": str(n)} for n in range(300, 0, -1))
    fill_many(place, "cron_history", rows)
    assert source.activity.last_write("cron_history", at=T) == LastWrite(ago(minutes=1), exact=False)


def test_events_only_grow_so_the_newest_is_the_last(source: Source, place: Place) -> None:
    fill_many(place, "session_events", (old("session_events", ago(minutes=n)) for n in range(300, 0, -1)))
    assert source.activity.last_write("session_events", at=T) == LastWrite(ago(minutes=1), exact=True)


def test_sessions_tell_in_the_order_of_their_index(source: Source, place: Place) -> None:
    # The one that was written last was made first.
    fill_many(place, "sessions", (old("sessions", ago(minutes=n)) for n in range(1, newest.MOST_REWRITTEN + 100)))
    assert source.activity.last_write("sessions", at=T) == LastWrite(ago(minutes=1), exact=True)


def test_texts_of_other_zones_are_compared_as_instants(theirs: Place) -> None:
    for table in ("sessions", "session_events", "session_states"):
        theirs.run(f"DELETE FROM {table}")
    rows = ("2026-11-01 01:59:00 -0400 EDT", "2026-11-01 01:01:00.5 -0500 EST m=+3.000000001")
    for number, text in enumerate(rows):
        key = {"app_name": "a", "user_id": "u", "session_id": str(number), "created_at": text}
        fill(theirs, "sessions", key | {"updated_at": text})
        fill(theirs, "session_events", key | {"event_data": "{}"})
    later = datetime(2026, 11, 1, 6, 1, 0, 500_000, tzinfo=UTC)  # half an hour of text earlier, two minutes later
    with theirs.open() as source:
        assert source.activity.last_write("sessions", at=T) == LastWrite(later, exact=True)
        assert source.activity.last_write("session_events", at=T) == LastWrite(later, exact=True)


def test_in_a_large_file_of_mixed_zones_an_order_of_texts_proves_nothing(theirs: Place) -> None:
    def session(number: int, at: datetime) -> dict[str, object]:
        return {"session_id": f"s{number}", "updated_at": at}

    fill_many(theirs, "sessions", (session(n, ago(minutes=n)) for n in range(newest.MOST_REWRITTEN + 50)))
    with theirs.open() as source:
        assert source.activity.last_write("sessions", at=T) == LastWrite(T, exact=False)
        # With the rest more than two days behind, no zone could make it the newer.
        fill(theirs, "sessions", session(-1, T + timedelta(hours=1)))
        theirs.run("UPDATE sessions SET updated_at = '2026-11-01 00:00:00 +0000 UTC' WHERE session_id <> 's-1'")
        assert source.activity.last_write("sessions", at=T) == LastWrite(T + timedelta(hours=1), exact=True)


def test_what_cannot_be_read_or_believed_is_skipped(theirs: Place) -> None:
    theirs.run("DELETE FROM app_states")
    values = ("'x'", "''", "5", "x'00ff'", "'2099-01-01 00:00:00 +0000 UTC'", "'2026-11-20 06:00:00 -0500 EST'")
    for number, value in enumerate(values):
        theirs.run(f"INSERT INTO app_states (app_name, key, updated_at) VALUES ('a', 'k{number}', {value})")
    with theirs.open(read_only=True) as source:
        assert source.activity.last_write("app_states", at=T).at == ago(hours=1)


def test_rows_whose_key_cannot_be_read_tell_their_time_all_the_same(theirs: Place) -> None:
    theirs.run("DELETE FROM memories")
    theirs.run(
        "INSERT INTO memories (id, app_name, user_id, content, created_at, updated_at) "
        "VALUES (NULL, x'ff', 'u', x'ff00', 1, '2026-11-20 06:00:00 -0500 EST')"
    )
    with theirs.open(read_only=True) as source:
        assert source.activity.last_write("memories", at=T).at == ago(hours=1)


def test_no_table_is_walked_through(place: Place) -> None:
    for table in TELL_BY:
        fill(place, table, old(table))
        plan = plan_of(place, newest._TOLD[table].statement, most=200)
        if place.engine == "sqlite":
            assert "ORDER BY" not in plan, (table, plan)
        elif table == "approvals":
            assert plan.count("idx_approvals_expires") == 2, plan
        elif table not in ("sessions", "session_events"):
            assert "Tid Range Scan" in plan, (table, plan)


@pytest.mark.postgres
def test_empty_blocks_at_the_end_of_a_table_hide_nothing(postgres_dsn: str) -> None:
    open_source(postgres_dsn, create=True).close()
    place = Place("postgres", postgres_dsn, postgres_dsn)
    wide = {"content": "x" * 3_000}
    fill_many(place, "memories", (old("memories", ago(minutes=200 - n)) | wide for n in range(150)))
    place.run("DELETE FROM memories WHERE updated_at > '2026-11-20 09:30:00+00'")
    with place.open(read_only=True) as source:
        assert source.activity.last_write("memories", at=T) == LastWrite(ago(minutes=150), exact=True)


def test_sessions_and_events_go_by_their_indexes(place: Place) -> None:
    sessions = plan_of(place, newest._TOLD["sessions"].statement, most=1_000)
    events = plan_of(place, newest._TOLD["session_events"].statement, most=200)
    assert "idx_sessions_updated" in sessions
    assert "session_events_pkey" in events or "ORDER BY" not in events


# -- whether others have written -------------------------------------------------------------------------------------


@pytest.fixture
def quiet(place: Place) -> Iterator[Place]:
    """A database in which the agent has written long ago, and we have decided two approvals just now."""
    fill(place, "session_events", old("session_events", ago(hours=3)))
    for key in ("ours", "ours too"):
        resolved = {"id": key, "status": "approved", "resolved_at": T, "resolved_by": "ops@bastion"}
        fill(place, "approvals", old("approvals", ago(minutes=2)) | resolved)
    yield place


def test_our_own_decision_is_nobody_elses_write(source: Source, quiet: Place) -> None:
    seen = source.activity.written_since(ago(seconds=1), at=T)
    assert (seen.at, dict(seen.tables)) == (T, {"approvals": T})
    by_name = source.activity.written_since(ago(seconds=1), by_others_than="ops@bastion", at=T)
    assert by_name == Written(ago(seconds=1), None, {}, exact=by_name.exact)
    assert not by_name
    rows = {("approvals", "ours"), ("approvals", "ours too")}
    assert not source.activity.written_since(ago(seconds=1), ignoring=rows, at=T)
    assert source.activity.written_since(ago(seconds=1), ignoring={("approvals", "ours")}, at=T).at == T


def test_that_nobody_wrote_is_certain_only_where_every_row_was_seen(source: Source, quiet: Place) -> None:
    assert source.activity.written_since(T, at=T).exact
    fill_many(quiet, "cron_history", (old("cron_history", ago(days=1)) for _ in range(300)))
    seen = source.activity.written_since(T, at=T)
    assert (seen.at, seen.exact) == (None, False)


def test_what_the_agent_wrote_is_told_with_its_tables(source: Source, quiet: Place) -> None:
    fill(quiet, "session_events", old("session_events", T + timedelta(seconds=2)))
    fill(quiet, "cron_history", old("cron_history", T + timedelta(seconds=1)))
    seen = source.activity.written_since(T, by_others_than="ops@bastion", at=T)
    assert seen
    assert seen.at == T + timedelta(seconds=2)
    assert dict(seen.tables) == {
        "session_events": T + timedelta(seconds=2),
        "cron_history": T + timedelta(seconds=1),
    }


def test_a_write_at_the_very_moment_is_not_since(source: Source, quiet: Place) -> None:
    assert not source.activity.written_since(T, at=T)
    assert source.activity.written_since(T - timedelta(microseconds=1), at=T).at == T


def test_a_decision_that_another_overwrote_is_somebody_elses(source: Source, quiet: Place) -> None:
    quiet.run("UPDATE approvals SET resolved_by = 'maria', status = 'rejected' WHERE id = 'ours'")
    assert source.activity.written_since(ago(seconds=1), by_others_than="ops@bastion", at=T).at == T


def test_that_an_ignored_row_was_made_counts(source: Source, quiet: Place) -> None:
    seen = source.activity.written_since(ago(minutes=5), ignoring=[("approvals", "ours")], by_others_than="x", at=T)
    assert seen.at == T  # the other decision
    both = [("approvals", "ours"), ("approvals", "ours too")]
    assert source.activity.written_since(ago(minutes=5), ignoring=both, at=T).at == ago(minutes=2)


def test_rows_of_other_tables_are_ignored_by_their_keys(source: Source, place: Place) -> None:
    fill(place, "clarifications", {"id": "q", "created_at": ago(hours=1), "answered_at": T})
    state = {"app_name": "a", "user_id": "u", "session_id": "s", "key": "k", "updated_at": T}
    fill(place, "session_states", state)
    since = ago(seconds=1)
    assert set(source.activity.written_since(since, at=T).tables) == {"clarifications", "session_states"}
    ours = [("clarifications", "q"), ("session_states", ("a", "u", "s", "k"))]
    assert not source.activity.written_since(since, ignoring=ours, at=T)


def test_a_table_that_there_cannot_be_is_refused(source: Source) -> None:
    with pytest.raises(Invalid, match="no table of an agents database"):
        source.activity.written_since(T, ignoring=[("approval", "x")])
    with pytest.raises(Invalid, match="no time zone"):
        source.activity.written_since(T.replace(tzinfo=None))


# -- what real programs wrote ----------------------------------------------------------------------------------------


def by_hand(path: Path) -> dict[str, datetime]:
    """The newest instant of every table, from every row."""
    found: dict[str, datetime] = {}
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as raw:
        for table, columns in TELL_BY.items():
            moments = []
            for (value,) in raw.execute(" UNION ALL ".join(f"SELECT {c} FROM {table}" for c in columns)):
                try:
                    number = table == "checkpoints" and isinstance(value, int)
                    told = times.EPOCH + timedelta(microseconds=value // 1000) if number else times.parse_instant(value)
                    moments.append(told)
                except times.Unreadable:
                    continue
            found[table] = max(moments)
    raw.close()
    return found


@pytest.mark.parametrize("name", ["genie_fleet.db", "genie_damaged.db"])
def test_the_last_writes_are_those_of_all_rows(name: str, tmp_path: Path) -> None:
    path = copied(f"agents/{name}", tmp_path)
    expected = by_hand(path)
    with open_source(path, read_only=True) as source:
        found = source.activity.last_writes(at=T)
        assert set(found) == {table.name for table in TABLES}
        assert {table: found[table].at for table in expected} == expected
        seen = source.activity.written_since(T - timedelta(minutes=1), at=T)
        assert seen.at == max(expected.values())


@pytest.mark.postgres
def test_the_last_writes_of_the_fleet_in_postgres(restored: Callable[[Path], str]) -> None:
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz")), read_only=True) as source:
        found = source.activity.last_writes(at=T)
        for table, columns in TELL_BY.items():
            told = found[table].at
            assert told is not None, table
            assert told <= T + timedelta(minutes=1), (table, columns)
        assert max(write.at for write in found.values() if write.at) > T - timedelta(minutes=5)
