"""A million decided approvals do not make the pending ones slow to find, on either engine."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest
from servers import Server
from support.agents import Place

from workbench.data import Source, open_source

COLUMNS = "id, thread_id, run_id, tool_name, args, status, created_at, expires_at"
NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) ",
    "postgres": "WITH n(i) AS (SELECT generate_series({first}, {last})) ",
}
ROW = {
    "sqlite": "SELECT printf('%08x-0000-4000-8000-%012d', i * 2654435761 % 4294967296, i), 't' || (i % 5000), '', "
    "'run_shell', '{\"command\":\"make target-' || i || '\"}', {status}, "
    "datetime(1767225600 + i, 'unixepoch') || '.5 +0000 UTC', '2099-01-01 00:00:00 +0000 UTC' FROM n",
    "postgres": "SELECT to_hex(i::bigint * 2654435761 % 4294967296) || '-' || i, 't' || (i % 5000), '', "
    "'run_shell', '{\"command\":\"make target-' || i || '\"}', {status}, "
    "to_timestamp(1767225600 + i), '2099-01-01 00:00:00+00' FROM n",
}
DECIDED = "CASE i % 3 WHEN 0 THEN 'rejected' WHEN 1 THEN 'expired' ELSE 'approved' END"


def fill(place: Place, first: int, last: int, status: str) -> None:
    sql = f"INSERT INTO approvals ({COLUMNS}) " + NUMBERS[place.engine] + ROW[place.engine].replace("{status}", status)
    place.run(sql.replace("{first}", str(first)).replace("{last}", str(last)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        path = str(tmp_path / "agents.db")
        open_source(path, create=True).close()
        yield Place("sqlite", path, path)
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database() as name:
        dsn = server.dsn(name)
        open_source(dsn, create=True).close()
        yield Place("postgres", dsn, dsn)


def typical(source: Source, what: str) -> float:
    """How long a page takes, in milliseconds, when the machine does little else: the quicker ones of many."""
    calls = {
        "pending": lambda: source.approvals.list_pending(limit=100),
        "status": lambda: source.approvals.list(status="pending", limit=100),
        "thread": lambda: source.approvals.list(status="approved", thread="t77", limit=100),
        "oldest": source.approvals.oldest_pending,
    }
    times = []
    for _ in range(41):
        begin = perf_counter()
        calls[what]()
        times.append((perf_counter() - begin) * 1000)
    return sorted(times)[len(times) // 4]


def test_the_pending_page_does_not_care_how_many_are_decided(place: Place) -> None:
    fill(place, 1, 1_000, DECIDED)
    fill(place, 2_000_001, 2_000_200, "'pending'")
    if place.engine == "postgres":
        place.run("ANALYZE approvals")
    with place.open() as source:
        small = {what: typical(source, what) for what in ("pending", "status", "oldest")}
    fill(place, 1_001, 1_000_000, DECIDED)
    with place.open() as source:
        unanalysed = typical(source, "pending")
    if place.engine == "postgres":
        place.run("ANALYZE approvals")
    with place.open() as source:
        large = {what: typical(source, what) for what in (*small, "thread")}
        assert source.approvals.counts()["pending"] == 200
        begin = perf_counter()
        first = source.approvals.list(limit=100)
        whole = perf_counter() - begin
        assert first.next is not None and first[0].status == "pending"
    print(f"{place.engine}: ms among a thousand {small}, among a million {large}, the whole list {whole * 1000:.0f}")
    for what, before in small.items():
        assert large[what] < 3 * before + 1, what
    assert unanalysed < 3 * small["pending"] + 1
    assert large["thread"] < 20
