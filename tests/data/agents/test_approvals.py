"""Approvals: what is written when a call is held, and how they are listed (contract agents 1, 2 and 3.2)."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.agents import Place

from workbench.data import Damaged, Invalid, NotFound, ReadOnly, Source
from workbench.data.agents.approvals import Policy
from workbench.data.engine.page import Page, every

ENGINES = ["sqlite", *(pytest.param(n, marks=pytest.mark.postgres) for n in ("postgres", "postgres15", "pooled"))]
NOON = datetime(2026, 11, 20, 12, 0, 0, 500000, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
WORDS = {
    "tool_name": "run_shell",
    "args": '{"command":"echo \\"ü\\""}',
    "thread_id": "t-1",
    "run_id": "r-1",
    "created_by": "ada@example.com",
    "sender_context": "slack:U1:C1",
    "question": "please\nclean up",
}
SQLITE_FORM = {
    **{name: ("text", text) for name, text in WORDS.items()},
    "status": ("text", "pending"),
    "created_at": ("text", "2026-11-20 12:00:00.5 +0000 UTC"),
    "expires_at": ("text", "2026-11-20 12:30:00.5 +0000 UTC"),
    "resolved_at": ("null", None),
    "tenant_id": ("text", ""),
    "resolved_by": ("text", ""),
    "feedback": ("text", ""),
}


def stored(place: Place, id: str) -> dict[str, tuple[str, Any]]:
    """The row as SQLite has it: each column's storage class and value."""
    names = [row[1] for row in place.rows("PRAGMA table_info(approvals)")]
    columns = ", ".join(f"typeof({name}), {name}" for name in names)
    (row,) = place.rows(f"SELECT {columns} FROM approvals WHERE id = '{id}'")
    return dict(zip(names, zip(row[::2], row[1::2], strict=True), strict=True))


# -- holding a call ----------------------------------------------------------------------------------------------


def test_a_held_call_reads_back_as_it_was_given(source: Source) -> None:
    made = source.approvals.create(**WORDS, at=NOON)
    assert source.approvals.get(made.id) == made
    assert {name: getattr(made, name) for name in WORDS} == WORDS
    assert (made.status, made.created_at, made.expires_at) == ("pending", NOON, NOON + HALF_AN_HOUR)
    assert (made.resolved_at, made.resolved_by, made.feedback, made.tenant_id) == (None, "", "", "")
    assert str(uuid.UUID(made.id)) == made.id and uuid.UUID(made.id).version == 4


def test_a_held_call_is_written_as_its_program_writes_it(theirs: Place) -> None:
    with theirs.open() as source:
        made = source.approvals.create(**WORDS, at=NOON)
    assert stored(theirs, made.id) == SQLITE_FORM | {"id": ("text", made.id)}


def test_empty_texts_are_empty_and_not_null(place: Place, source: Source) -> None:
    made = source.approvals.create(tool_name="t", ttl=None)
    texts = "thread_id, run_id, tenant_id, args, resolved_by, created_by, feedback, sender_context, question"
    assert place.rows(f"SELECT {texts} FROM approvals") == [("",) * 9]
    assert place.rows("SELECT expires_at, resolved_at FROM approvals") == [(None, None)]
    assert made.expires_at is None


@pytest.mark.parametrize(
    ("ttl", "span"),
    [(None, None), (0, None), (timedelta(), None), (60, timedelta(minutes=1)), (timedelta(days=9), timedelta(days=9))],
)
def test_the_time_for_an_answer(source: Source, ttl: Any, span: timedelta | None) -> None:
    made = source.approvals.create(tool_name="t", ttl=ttl, at=NOON)
    assert made.expires_at == (None if span is None else NOON + span)


def test_the_policy_says_how_long_there_is_for_an_answer(source: Source) -> None:
    approvals = source.approvals.configured(policy=Policy(ttl=timedelta(minutes=5)))
    assert approvals.create(tool_name="t", at=NOON).expires_at == NOON + timedelta(minutes=5)
    assert approvals.create(tool_name="t", at=NOON, ttl=None).expires_at is None
    assert source.approvals.create(tool_name="t", at=NOON).expires_at == NOON + HALF_AN_HOUR


def test_a_database_without_creators_takes_calls_all_the_same(place: Place) -> None:
    place.run("ALTER TABLE approvals DROP COLUMN created_by")
    with place.open() as source:
        made = source.approvals.create(**WORDS, at=NOON)
        assert made.created_by == "" and made.args == WORDS["args"]
        if place.engine == "sqlite":
            without = {name: form for name, form in SQLITE_FORM.items() if name != "created_by"}
            assert stored(place, made.id) == without | {"id": ("text", made.id)}
        assert [row.id for row in source.approvals.list_pending(at=NOON)] == [made.id]
        # Its program may be brought up to date while we have it open.
        place.run("ALTER TABLE approvals ADD COLUMN created_by text DEFAULT ''")
        assert source.approvals.create(**WORDS).created_by == "ada@example.com"
        assert source.approvals.get(made.id).created_by == ""


BAD: list[dict[str, Any]] = [
    {"args": {"a": 1}},
    {"args": b"{}"},
    {"args": "x" * 10_000_000},
    {"args": "ü" * (2 * 2**20 + 1)},
    {"args": "a\0b"},
    {"question": "a\0b"},
    {"args": "\ud800"},
    {"tool_name": ""},
    {"tool_name": None},
    {"thread_id": 7},
    {"ttl": -1},
    {"ttl": "30m"},
    {"ttl": float("nan")},
    {"ttl": 9e10, "at": datetime(9000, 1, 1, tzinfo=UTC)},
    {"at": datetime(2026, 1, 1)},  # noqa: DTZ001
    {"at": "now"},
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: str(bad)[:25])
def test_what_cannot_be_held_is_refused_and_nothing_is_written(place: Place, source: Source, bad: Any) -> None:
    with pytest.raises(Invalid) as refused:
        source.approvals.create(**{"tool_name": "t", **bad})
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 200
    assert place.rows("SELECT count(*) FROM approvals") == [(0,)]


def test_four_mebibytes_of_arguments_can_be_held(source: Source) -> None:
    args = "x" * (4 * 2**20)
    assert source.approvals.get(source.approvals.create(tool_name="t", args=args).id).args == args


def test_a_source_that_is_read_only_holds_nothing(place: Place) -> None:
    with place.open(read_only=True) as source, pytest.raises(ReadOnly):
        source.approvals.create(tool_name="t")


def test_an_unknown_id_is_not_found(source: Source) -> None:
    with pytest.raises(NotFound, match=r"no approval 'nobody\\x1b\[0m' in "):
        source.approvals.get("nobody\x1b[0m")


# -- lists -------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(source: Source) -> list[str]:
    """Forty calls, newest first: of two tools and three threads, every other one overdue at noon, some decided."""
    made = []
    for i in range(40):
        at = NOON - timedelta(minutes=i // 2)  # pairs of the same moment
        ttl = None if i % 8 == 1 else HALF_AN_HOUR if i % 2 else timedelta(seconds=1)
        tool, thread = ("run_shell", "save_file")[i % 5 == 0], f"t{i % 3}"
        made.append(source.approvals.create(tool_name=tool, thread_id=thread, ttl=ttl, at=at))
    for i in range(0, 40, 7):
        source.approvals.resolve(made[i].id, ("approved", "rejected")[i % 2], at=NOON)
    return [row.id for row in sorted(made, key=lambda row: (row.created_at, row.id), reverse=True)]


AT = NOON + timedelta(seconds=1)


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pending_is_listed_newest_first_without_what_is_overdue(source: Source, many: list[str], limit: int) -> None:
    everything = {row.id: row for row in every(lambda after: source.approvals.list(limit=9, after=after))}
    assert list(everything) == many

    def fresh(id: str) -> bool:
        row = everything[id]
        return row.status == "pending" and (row.expires_at is None or row.expires_at > AT)

    pages = []
    after = None
    while True:
        page = source.approvals.list_pending(limit=limit, after=after, at=AT)
        pages.append([row.id for row in page])
        if (after := page.next) is None:
            break
    assert all(len(page) == limit for page in pages[:-1])
    found = [id for page in pages for id in page]
    assert found == [id for id in many if fresh(id)] and len(found) > 14


def test_filters_of_a_list_combine(source: Source, many: list[str]) -> None:
    everything = [source.approvals.get(id) for id in many]
    for status in (None, "pending", "approved", "nothing"):
        for tool in (None, "run_shell", "RUN_SHELL"):
            for thread in (None, "t1"):
                expected = [
                    row.id
                    for row in everything
                    if status in (None, row.status)
                    and tool in (None, row.tool_name)
                    and thread in (None, row.thread_id)
                ]
                given = {"status": status, "tool": tool, "thread": thread}
                rows = every(lambda after, g=given: source.approvals.list(**g, limit=4, after=after))  # type: ignore[misc]
                assert [row.id for row in rows] == expected, given


def test_what_is_overdue_can_be_listed(source: Source, many: list[str]) -> None:
    rows = list(every(lambda after: source.approvals.list(overdue=True, at=AT, limit=2, after=after)))
    pending = source.approvals.list(status="pending")
    fresh = {row.id for row in source.approvals.list_pending(at=AT)}
    assert [row.id for row in rows] == [row.id for row in pending if row.id not in fresh] and len(rows) > 10
    assert source.approvals.list(overdue=True, at=NOON - timedelta(days=1)).rows == ()
    with pytest.raises(Invalid, match="only pending approvals are overdue"):
        source.approvals.list(overdue=True, status="approved")


@pytest.mark.parametrize(
    "bad", [{"limit": 0}, {"limit": -1}, {"limit": "5"}, {"limit": True}, {"after": "x"}, {"at": 5}]
)
def test_a_list_that_makes_no_sense_is_refused(source: Source, bad: Any) -> None:
    for call in (source.approvals.list_pending, source.approvals.list):
        with pytest.raises(Invalid):
            call(**bad)


# An expiry as it may stand in a file, and whether the row is listed at noon: if it is not over, or is unreadable.
EXPIRIES = [
    ("'2026-11-20 11:59:59.999999999 +0000 UTC'", False),
    ("'2026-11-20 12:00:00.5 +0000 UTC'", False),
    ("'2026-11-20 12:00:00.500000999 +0000 UTC'", False),  # instants are cut to microseconds
    ("'2026-11-20 12:00:00.500001 +0000 UTC'", True),
    ("'2026-11-20 11:59:59 +0000 UTC m=+5.000000001'", False),
    ("'2026-11-20 12:29:59 +0530 +0530'", False),
    ("'2026-11-20 06:59:59 -0500 EST'", False),
    ("'2026-11-20 07:30:01 -0500 EST'", True),
    ("'2026-11-20T12:29:59Z'", True),
    ("'2026-11-20T11:29:59Z'", False),
    ("'2026-11-19'", False),
    ("NULL", True),
    ("'soon'", True),
    ("''", True),
    ("1795177680000", True),
    ("1795177680.5", True),
    ("x'00ff'", True),
    ("'2026-02-30 10:00:00 +0000 UTC'", True),
    ("'2026-13-01 10:00:00 +0000 UTC'", True),
    ("'2026-11-19 24:00:01 +0000 UTC'", True),
    ("'2026-11-19 10:00:00.1.2 +0000 UTC'", True),
    ("'2026-11-19 10:00 +0000 UTC'", False),
    ("'0000-11-19 10:00:00 +0000 UTC'", True),
    ("'2026-11-19 10:00:00 nonsense +0000 UTC'", True),
]


def test_what_is_over_is_left_out_and_what_cannot_be_read_is_not(theirs: Place) -> None:
    with theirs.open() as source:
        theirs.run("DELETE FROM approvals")
        ids = {}
        for value, _ in EXPIRIES:
            ids[value] = source.approvals.create(tool_name="t", at=NOON - timedelta(hours=len(ids))).id
            theirs.run(f"UPDATE approvals SET expires_at = {value} WHERE id = '{ids[value]}'")
        expected = {ids[value]: value for value, listed in EXPIRIES if listed}
        page = source.approvals.list_pending(at=NOON, limit=1000)
        assert [row.id for row in page] == list(expected)
        damaged = {row.id for row in page if isinstance(row.expires_at, Damaged)}
        assert {(found.key, found.column) for found in page.damage} == {((id,), "expires_at") for id in damaged}
        assert len(damaged) == 11
        overdue = source.approvals.list(overdue=True, at=NOON, limit=1000)
        assert {row.id for row in page} | {row.id for row in overdue} == set(ids.values())
        assert len(page) + len(overdue) == len(ids)


@pytest.mark.parametrize("place", ENGINES[1:], indirect=True)
def test_times_that_only_a_server_knows_are_not_left_out(source: Source, place: Place) -> None:
    ids = [source.approvals.create(tool_name="t", at=NOON - timedelta(seconds=i)).id for i in range(5)]
    odd = ("infinity", "-infinity", "12345-01-01 00:00+00", "0044-03-15 12:00+00 BC", "2026-11-20 12:00:00.5+00")
    for id, text in zip(ids, odd, strict=True):
        place.run(f"UPDATE approvals SET expires_at = '{text}' WHERE id = '{id}'")
    assert [row.id for row in source.approvals.list_pending(at=NOON)] == ids[:4]


def test_the_few_that_wait_are_found_among_many_that_are_over(place: Place, source: Source) -> None:
    zone = " +0000 UTC" if place.engine == "sqlite" else "+00"
    waits = source.approvals.create(tool_name="t", at=NOON - timedelta(days=30), ttl=None)
    with source.database.transaction():
        for i in range(700):
            source.approvals.create(tool_name="t", at=NOON - timedelta(hours=1, seconds=i))
    newest = source.approvals.create(tool_name="t", at=NOON)
    page = source.approvals.list_pending(limit=1, at=NOON)
    assert page.rows == (newest,) and page.next is not None
    page = source.approvals.list_pending(limit=1, at=NOON, after=page.next)
    assert page.rows == (waits,)
    # Those that have to be read to be decided: over by less than the database is asked about.
    place.run(f"UPDATE approvals SET expires_at = '2026-11-20 12:00:00.5{zone}' WHERE expires_at IS NOT NULL")
    found = list(every(lambda after: source.approvals.list_pending(limit=1, after=after, at=NOON)))
    assert [row.id for row in found] == [waits.id]


def test_what_is_not_over_is_not_read_to_find_what_is(source: Source) -> None:
    from workbench.data.agents.approvals import OVERDUE
    from workbench.data.agents.stale import HELD_TOO_LONG

    about = {"thread_id": "t", "tool_name": "a"}
    over = source.approvals.create(**about, at=NOON - timedelta(hours=2), ttl=60)
    soon = source.approvals.create(**about, at=NOON, ttl=0.5)  # too near to leave it to the order of texts
    for ttl in (None, 2, timedelta(days=400)):
        source.approvals.create(**about, at=NOON, ttl=ttl)
    for statement in (HELD_TOO_LONG, *OVERDUE.values()):
        page: Page[Any] = source.database.page(statement, {**about, "at": NOON + timedelta(seconds=1)}, limit=10)
        assert {row.id for row in page} == {over.id, soon.id}
    assert source.approvals.list(overdue=True, at=NOON).rows == (over,)
    for filters in ({"thread": "t"}, {"tool": "a"}, {"thread": "t", "tool": "a"}):
        assert source.approvals.list(overdue=True, at=NOON, **filters).rows == (over,)
        assert source.approvals.list(overdue=True, at=NOON, **dict.fromkeys(filters, "z")).rows == ()
    assert source.approvals.list(overdue=True, at=datetime.max.replace(tzinfo=UTC), limit=9).next is None
    assert source.approvals.expire_stale(NOON) == 1
    assert source.approvals.expire_stale(datetime.max.replace(tzinfo=UTC)) == 3


def test_the_lists_go_by_index_and_never_by_offset(place: Place, source: Source) -> None:
    from workbench.data.agents.approvals import COUNTS, FRESH, LISTS, OVERDUE

    source.approvals.create(tool_name="t")
    if place.engine == "sqlite":
        for statement, index in (
            (FRESH, "idx_approvals_status"),
            (LISTS[True, False, False], "idx_approvals_status"),
            (LISTS[True, False, True], "idx_approvals_status"),
            (LISTS[False, True, False], "idx_approvals_thread"),
            (LISTS[True, True, True], "idx_approvals_thread"),
            (OVERDUE[False, False], "idx_approvals_status"),
            (OVERDUE[True, True], "idx_approvals_thread"),
            (COUNTS, "COVERING INDEX idx_approvals_status"),
        ):
            sql = statement.prepare("sqlite").sql
            plan = place.rows(f"EXPLAIN QUERY PLAN {re.sub(r'[?]', 'NULL', sql).replace('LIMIT NULL', 'LIMIT 5')}")
            assert index in str(plan), sql
    assert not any("offset" in str(s.sql).lower() for s in (FRESH, *LISTS.values(), *OVERDUE.values()))
