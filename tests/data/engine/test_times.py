"""Times in every form that the five programs write or read, against what those programs themselves answered."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fixtures import fixture, open_fixture

from workbench.data.engine import times
from workbench.data.engine.times import Unreadable
from workbench.data.errors import Invalid

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SHOWN = datetime(2026, 11, 20, 6, 31, 31, 180532, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stored", "moment"),
    [
        ("2026-11-20 06:31:31.180532368 +0000 UTC", SHOWN),
        ("2026-11-20 06:31:31 +0000 UTC", SHOWN.replace(microsecond=0)),
        ("2026-11-20 06:31:31.1 +0000 UTC", SHOWN.replace(microsecond=100_000)),
        ("2026-11-20 01:31:31.180532368 -0500 EST m=+600.043736097", SHOWN),
        ("2026-11-20 01:31:31.180532368 -0500 EST m=-0.000000001", SHOWN),
        ("2026-11-20 06:31:31.180532 +0000 UTC m=+0.043736097", SHOWN),
        ("2026-11-20 03:31:31.180532 -0300 -03", SHOWN),
        ("2026-11-20 06:31:31.180532 +0000 +0000", SHOWN),
        ("2026-11-20 12:01:31.180532 +0530 IST", SHOWN),
        ("2026-11-20 06:31:31.180532+00:00", SHOWN),
        ("2026-11-20T12:01:31.180532+05:30", SHOWN),
        ("2026-11-20T06:31:31.180532368Z", SHOWN),
        ("2026-11-20 06:31:31.180532Z", SHOWN),
        ("2026-11-20 06:31:31,180532", SHOWN),
        ("2026-11-20T06:31:31.180532", SHOWN),
        ("2026-11-20 06:31", SHOWN.replace(second=0, microsecond=0)),
        ("2026-11-20T06:31", SHOWN.replace(second=0, microsecond=0)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("0001-01-01 00:00:00 +0000 UTC", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31 23:59:59.999999999 +0000 UTC", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_what_the_other_program_reads_we_read(stored: str, moment: datetime) -> None:
    assert times.parse_instant(stored) == moment
    assert times.parse_instant(stored).utcoffset() == timedelta()
    assert times.genie_cannot_read(stored) is None


@pytest.mark.parametrize(
    ("stored", "moment", "words"),
    [
        ("2026-11-20 17:25:00.5 +0530 +0530", datetime(2026, 11, 20, 11, 55, 0, 500_000, tzinfo=UTC), r"\+0530"),
        ("2026-11-20 06:31:31 UTC", SHOWN.replace(microsecond=0), "UTC without"),
        ("2026-11-20 06:31:31+00", SHOWN.replace(microsecond=0), r"\+00"),
        ("2026-11-20 06:31:31 +0000", SHOWN.replace(microsecond=0), r"\+0000"),
        ("2026-11-20 01:31:31 -0500 est", SHOWN.replace(microsecond=0), "est"),
        (b"2026-11-20 06:31:31 +0000 UTC", SHOWN.replace(microsecond=0), "bytes"),
    ],
)
def test_what_only_the_other_program_cannot_read_is_shown_with_a_note(
    stored: object, moment: datetime, words: str
) -> None:
    assert times.parse_instant(stored) == moment
    note = times.genie_cannot_read(stored)
    assert note is not None and re.search(words, note)


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("not a time", "not a time in any form"),
        ("", "empty text"),
        (None, "NULL"),
        (1_795_175_900, "number .*as unix s: 2026-11-20 11:58:20 UTC"),
        (1_795_177_680_000, "number .*as unix ms: 2026-11-20 12:28:00 UTC"),
        (1e300, "number"),
        (b"\xff", "bytes"),
        ("2026-02-30 00:00:00 +0000 UTC", "no such moment"),
        ("2026-11-20 25:00:00 +0000 UTC", "no such moment"),
        ("10000-01-01 00:00:00 +0000 UTC", "outside the years"),
        ("9999-12-31 23:00:00 -0500 EST", "outside the years"),
        ("0001-01-01 00:00:00 +0100 CET", "outside the years"),
        ("infinity", "outside the years"),
        ("2026-W47-5", "not a time"),
        ("20261120T063131Z", "not a time"),
        ("2026-11-20 06:31:31 +0000 UTC; DROP TABLE x", "not a time"),
        ("２０２６-11-20 06:31:31 +0000 UTC", "not a time"),
    ],
)
def test_what_is_no_time_says_why(stored: object, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        times.parse_instant(stored)


FIRST, LAST = datetime.min + timedelta(days=1), datetime.max - timedelta(days=1)  # noqa: DTZ901
AWARE = st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC))


@given(AWARE)
def test_what_we_write_reads_back_to_the_microsecond(moment: datetime) -> None:
    for text in (times.go_utc(moment), times.iso_utc(moment)):
        assert times.parse_instant(text) == moment
        assert times.genie_cannot_read(text) is None
    assert times.parse_unix_ms(times.unix_ms(moment)) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert times.parse_rfc3339_seconds(times.rfc3339_seconds(moment)) == moment.replace(microsecond=0)


@given(AWARE, st.sampled_from(["-0500 EST", "+0530 IST", "+0000 UTC", "-0300 -03", "+1345 +1345"]))
def test_a_local_time_is_written_on_the_other_programs_clock(moment: datetime, zone: str) -> None:
    like = f"2026-11-20 01:31:31.5 {zone} m=+600.043736097"
    text = times.go_local(moment, like)
    assert text.endswith(f" {zone}") and "m=" not in text
    assert times.parse_instant(text) == moment


def test_the_written_forms() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 11, 20, 17, 30, 0, 120_000, tzinfo=east)
    assert times.go_utc(moment) == "2026-11-20 12:00:00.12 +0000 UTC"
    assert times.go_utc(NOON) == "2026-11-20 12:00:00 +0000 UTC"
    assert times.go_utc(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01 00:00:00 +0000 UTC"
    assert times.go_local(moment, "2026-11-01 00:00:00 -0500 EST") == "2026-11-20 07:00:00.12 -0500 EST"
    assert times.iso_utc(moment) == "2026-11-20 12:00:00.120000+00:00"
    assert times.unix_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1
    assert times.rfc3339_seconds(moment.replace(microsecond=999_999)) == "2026-11-20T12:00:00Z"


def test_a_time_that_utc_does_not_have_is_refused() -> None:
    east, west = timezone(timedelta(hours=5)), timezone(timedelta(hours=-5))
    for moment in (datetime.min.replace(tzinfo=east), datetime.max.replace(tzinfo=west)):
        with pytest.raises(Invalid, match="outside the years"):
            times.in_utc(moment)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="time zone"):
        times.go_utc(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(Invalid, match="clock"):
        times.go_local(NOON, "2026-11-20T12:00:00Z")


@pytest.mark.parametrize(
    "stored", ["2026-11-20 12:00:00", "2026-11-20T12:00:00.5Z", "2026-11-20T14:00:00+02:00", "", 5]
)
def test_rfc3339_seconds_takes_one_form_only(stored: object) -> None:
    with pytest.raises(Unreadable):
        times.parse_rfc3339_seconds(stored)


@pytest.mark.parametrize("stored", [1.5, "1795175900000", None, True, 2**63 - 1])
def test_unix_milliseconds_are_whole_and_of_this_age(stored: object) -> None:
    with pytest.raises(Unreadable):
        times.parse_unix_ms(stored)


def test_every_time_in_the_fleet_database_is_read_as_its_program_read_it(tmp_path: Path) -> None:
    expected = json.loads(fixture("expected/genie_fleet.json").read_text())["pending_list_newest_first"]
    connection = open_fixture("agents/genie_fleet.db", tmp_path)
    for row in expected:
        stored = connection.execute("SELECT created_at FROM approvals WHERE id = ?", (row["id"],)).fetchone()[0]
        assert times.parse_instant(stored) == times.parse_instant(row["created_at"])
    columns = {
        "approvals": ["created_at", "expires_at", "resolved_at"],
        "session_events": ["created_at"],
        "cron_tasks": ["next_run_at", "last_triggered_at", "created_at", "updated_at"],
        "cron_history": ["started_at", "finished_at"],
        "short_memories": ["expires_at", "created_at"],
        "memories": ["created_at", "updated_at"],
    }
    seen = 0
    for table, names in columns.items():
        for name in names:
            for (stored,) in connection.execute(f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL"):
                times.parse_instant(stored)
                assert times.genie_cannot_read(stored) is None
                seen += 1
    assert seen > 5000
    connection.close()


def test_damaged_times_are_judged_as_the_program_judged_them(tmp_path: Path) -> None:
    """For each damaged time: the program's query failed exactly where we say that it cannot read the value."""
    cases = json.loads(fixture("agents/genie_damaged.json").read_text())["damage"]
    connection = open_fixture("agents/genie_damaged.db", tmp_path)
    keys = {"approvals": "id", "clarifications": "id", "cron_tasks": "name", "memories": "id"}
    judged = 0
    for case in cases:
        if case["table"] not in keys or "NULL" in case["what"]:
            continue
        for column in re.findall(
            r"\b((?:created|expires|resolved|answered|next_run|updated|last_triggered)_at)\b", case["what"]
        ):
            row = connection.execute(
                f"SELECT {column} FROM {case['table']} WHERE {keys[case['table']]} = ?", (case["key"],)
            ).fetchone()
            program_failed = f'name \\"{column}\\"' in json.dumps(case["program"]).replace('\\\\\\"', '\\"')
            try:
                times.parse_instant(row[0])
                readable = times.genie_cannot_read(row[0]) is None
            except Unreadable:
                readable = False
            assert readable == (not program_failed), (case["code"], column, row[0])
            judged += 1
    assert judged >= 14
    connection.close()
