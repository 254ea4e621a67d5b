"""Eighty-four damages, each in a row of its own: every one is found, and no other row suffers (rule 12)."""

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.events import ALL
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.agents.events import read_events
from workbench.data.agents.examine import Finding, examine
from workbench.data.agents.records import ROWS, damaged_fields
from workbench.data.engine.page import Damage, Damaged, Page
from workbench.data.engine.statement import Row, Statement

# The columns in which each damage shows. A star: both programs live with it, so it is only a note.
COLUMNS = """
A01 created_at | A02 created_at | A03 created_at expires_at | A04 expires_at | A05 expires_at | A06 created_at
A07 resolved_at | A08 status | A09 status | A10 *id | A11 *id
A12 question sender_context created_by feedback resolved_by tenant_id | A13 args | A14 *args | A15 tool_name | A16 id
A17 created_at | A18 expires_at | A19 status | A20 resolved_at | A21 created_at expires_at
C01 created_at | C02 id | C03 id | C04 status | C05 answered_at | C06 answer context sender_context | C07 id
K01 next_run_at | K02 next_run_at | K03 next_run_at | K04 enabled | K05 enabled | K06 enabled | K07 id | K08 id
K09 expression | K10 id | K11 created_at | K12 source last_triggered_at | K13 id | K14 id | K15 enabled
H01 started_at | H02 status | H03 finished_at | H04 task_id | H05 error
S01 expires_at | S02 expires_at | S03 expires_at | S04 value | S05 created_at | S06 expires_at | S07 key
M01 topics | M02 topics | M03 topics | M04 updated_at | M05 id | M06 content | M07 id | M08 topics | M09 app_name
E01 event_data | E02 event_data | E03 event_data | E04 event_data | E05 created_at | E06 event_data | E07 session_id
E08 event_data | N01 created_at | N02 updated_at | N03 *value | N04 value | N05 updated_at | N06 topics | N07 value
P01 checkpoint_json | P02 metadata_json | P03 ts | P04 parent_checkpoint_id | P05 value_json
"""
EXPECTED = {words.split()[0]: words.split()[1:] for words in COLUMNS.replace("\n", "|").split("|") if words.strip()}
# Both programs read these, and only the other one (or its queries) stumbles.
THEIRS = set("A03 A06 A17 A21 C02 C03 C07 K03 K04 K07 K08 K13 K15 H04 S03 S06 M05 M07".split())  # noqa: SIM905
TABLES = [row.table for row in ROWS if row.table is not None]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied("agents/genie_damaged.db", tmp_path_factory.mktemp("damaged"))


@pytest.fixture(scope="module")
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def source(path: Path) -> Iterator[Source]:
    with open_source(path, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def findings(source: Source) -> tuple[Finding, ...]:
    return tuple(examine(source, notes=True))


@pytest.fixture(scope="module")
def damages(raw: sqlite3.Connection) -> dict[str, tuple[str, tuple[Any, ...] | None]]:
    """Of each damage: the table and the key of its row, None where that is not to be read."""
    listed = json.loads(fixture("agents/genie_damaged.json").read_text())["damage"]
    return {each["code"]: (each["table"], key_of(each, raw)) for each in listed}


def key_of(damage: dict[str, Any], raw: sqlite3.Connection) -> tuple[Any, ...] | None:
    table, key, code = damage["table"], damage["key"], damage["code"]
    if code in ("A16", "K10", "K14", "S07"):
        return None
    if code == "E07":
        return tuple(raw.execute("SELECT id FROM session_events WHERE user_id = 'ghost'").fetchone())
    if table == "cron_tasks":
        return tuple(raw.execute("SELECT id FROM cron_tasks WHERE name = ?", (key,)).fetchone())
    if table == "session_events":
        return (int(key.split()[0]),)
    if table == "short_memories":
        return tuple(reversed(key.split(" / ")))
    if table in ("checkpoints", "checkpoint_writes"):
        checkpoint, lineage = key.split(" of ")
        where = "lineage_id = ? AND checkpoint_id = ?"
        columns = "lineage_id, checkpoint_ns, checkpoint_id" + (", task_id, idx" * (table == "checkpoint_writes"))
        return tuple(raw.execute(f"SELECT {columns} FROM {table} WHERE {where}", (lineage, checkpoint)).fetchone())
    return tuple(key.split(" / "))


def test_all_eighty_four_are_listed_here(damages: dict[str, Any]) -> None:
    assert set(damages) == set(EXPECTED) and len(damages) == 84


@pytest.mark.parametrize("code", EXPECTED)
def test_each_damage_is_found(code: str, damages: dict[str, Any], findings: tuple[Finding, ...]) -> None:
    table, key = damages[code]
    for column in EXPECTED[code]:
        name = column.lstrip("*")
        here = [each for each in findings if (each.table, each.key, each.column) == (table, key, name)]
        if key is None and code.startswith("K"):  # two tasks have an id that cannot be read
            here = [each for each in here if (each.stored is None) == (code == "K10")]
        assert here, f"{code}: nothing was found in {column}"
        for finding in here:
            assert finding.note == column.startswith("*") and len(finding.why) > 10
            assert finding.theirs == (code in THEIRS), finding


def test_nothing_else_is_found(damages: dict[str, Any], findings: tuple[Finding, ...]) -> None:
    known = {(*damages[code], column.lstrip("*")) for code, columns in EXPECTED.items() for column in columns}
    others = [each for each in findings if (each.table, each.key, each.column) not in known]
    assert [each for each in others if not each.note] == []
    # What that program writes itself, and arguments that were cut when the file was made smaller.
    harmless = {"approvals": "args", "memories": "created_at", "session_states": "value", "app_states": "value"}
    assert {each.table: each.column for each in others} == harmless


# -- lists -----------------------------------------------------------------------------------------------------


def listed(source: Source, row: Row[Any], limit: int = 7) -> tuple[list[Any], list[Damage]]:
    """Every row of a table by its key, in small pages, and what the pages say is damaged."""
    assert row.table is not None
    statement = Statement(
        f"SELECT {{columns}} FROM {row.table.name} WHERE {{after}} ORDER BY {{order}} LIMIT :limit",
        row=row,
        order=row.table.key,
    )
    rows: list[Any] = []
    damage: list[Damage] = []
    page: Page[Any] | None = None
    while page is None or page.next is not None:
        page = source.database.page(statement, limit=limit, after=page.next if page else None)
        rows += page
        damage += page.damage
    return rows, damage


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.table.name)
def test_every_row_is_shown_or_named(row: Row[Any], source: Source, raw: sqlite3.Connection) -> None:
    assert row.table is not None
    rows, damage = listed(source, row)
    (count,) = raw.execute(f"SELECT count(*) FROM {row.table.name}").fetchone()
    nameless = [each for each in damage if each.key is None and each.column in row.table.key]
    assert len(rows) + len(nameless) == count
    assert len(nameless) == {"approvals": 1, "cron_tasks": 2, "short_memories": 1}.get(row.table.name, 0)
    by_key = {tuple(getattr(each, name) for name in row.table.key): each for each in rows}
    assert len(by_key) == len(rows)
    for each in damage:
        if each.key is not None:
            assert getattr(by_key[each.key], each.column) == each.field
    named = {(each.key, each.column) for each in damage}
    for key, each in by_key.items():
        assert {(key, name) for name in damaged_fields(each)} <= named


def test_pages_and_examination_together_cover_everything(
    source: Source, damages: dict[str, Any], findings: tuple[Finding, ...]
) -> None:
    found = {(each.table, each.key, each.column) for each in findings}
    for row in ROWS:
        assert row.table is not None
        for each in listed(source, row, 100)[1]:
            found_here = (row.table.name, each.key, each.column)
            assert found_here in found, "a list names a damage that the examination does not"
    for code, columns in EXPECTED.items():
        for column in columns:
            assert (*damages[code], column.lstrip("*")) in found


GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d+))? ([+-])(\d\d)(\d\d) \S+(?: m=\S+)?")


def plainly(stored: object) -> datetime | None:
    """A time as that program writes it, read by itself."""
    if stored is None:
        return None
    match = GO_TIME.fullmatch(str(stored))
    assert match is not None, stored
    moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    offset = timedelta(hours=int(match[4]), minutes=int(match[5])) * (-1 if match[3] == "-" else 1)
    return moment - offset + timedelta(microseconds=int((match[2] or "0").ljust(6, "0")[:6]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.table.name)
def test_no_other_row_suffers(
    row: Row[Any], source: Source, raw: sqlite3.Connection, damages: dict[str, tuple[str, Any]]
) -> None:
    table = row.table
    assert table is not None
    touched = {key for name, key in damages.values() if name == table.name}
    whole = {tuple(getattr(each, name) for name in table.key): each for each in listed(source, row)[0]}
    compared = 0
    for stored in raw.execute(f"SELECT * FROM {table.name}"):
        key = tuple(stored[name] for name in table.key)
        if key in touched or None in key or any(isinstance(part, bytes) for part in key):
            continue
        record = whole[key]
        for column in table.columns:
            value = stored[column.name]
            if column.codec.instant:
                value = plainly(value)
            elif column.codec.name == "bool":
                assert value in (0, 1)
                value = bool(value)
            assert getattr(record, column.name) == value
        compared += 1
    assert compared + len(touched) >= len(whole) and (compared > 0 or not whole)


def test_every_event_row_is_an_event(source: Source, raw: sqlite3.Connection) -> None:
    events = {event.id: event for event in read_events(source.database.all(ALL))}
    (count,) = raw.execute("SELECT count(*) FROM session_events").fetchone()
    assert len(events) == count
    assert [number for number, event in events.items() if not event.readable] == [40, 2417, 3635, 3825]
    assert [number for number, event in events.items() if event.damage] == [40, 1563, 2417, 3635, 3825]
    odd = events[1563]
    assert isinstance(odd.author, Damaged) and isinstance(odd.at, Damaged) and odd.event_id == "x"
    assert isinstance(events[32].created_at, Damaged) and events[32].tool_calls
    assert "größer als erlaubt" in events[2848].tool_results[0].content  # stored as bytes
