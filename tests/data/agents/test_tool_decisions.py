"""What became of a tool's calls lately."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.agents import Place
from support.filling import T, ago, fill, fill_many, plan_of
from support.fixtures import copied, fixture

from workbench.data import Source, open_source
from workbench.data.agents import tool_decisions
from workbench.data.agents.activity import Decided, Decisions
from workbench.data.errors import Invalid


def counted(found: Decisions) -> dict[str, int]:
    names = ("approved", "approved_with_feedback", "rejected", "sent_back", "expired", "pending", "other")
    return {name: n for name in names if (n := getattr(found, name))}


def call(status: str, feedback: str = "", **changes: object) -> dict[str, object]:
    decided = {} if status == "pending" else {"resolved_at": T, "resolved_by": "ops"}
    return {"tool_name": "run_shell", "status": status, "feedback": feedback, "expires_at": T, **decided, **changes}


def test_every_call_is_counted_once_by_what_became_of_it(source: Source, place: Place) -> None:
    fill(
        place,
        "approvals",
        *(call("approved") for _ in range(4)),
        *(call("approved", "but gently") for _ in range(2)),
        call("rejected"),
        *(call("rejected", "use save_file") for _ in range(3)),
        call("expired", "Expired: approval TTL exceeded"),
        call("expired"),
        call("pending"),
        call("cancelled"),
        call("approved", tool_name="save_file"),
    )
    found = source.activity.decisions_for("run_shell")
    assert counted(found) == {
        "approved": 4, "approved_with_feedback": 2, "rejected": 1, "sent_back": 3, "expired": 2, "pending": 1,
        "other": 1,
    }  # fmt: skip
    assert (found.looked_at, found.more) == (15, False)
    assert counted(source.activity.decisions_for("save_file")) == {"approved": 1}


def test_a_feedback_that_is_null_is_none(source: Source, place: Place) -> None:
    fill(place, "approvals", call("approved", None), call("rejected", None))  # type: ignore[arg-type]
    assert counted(source.activity.decisions_for("run_shell")) == {"approved": 1, "rejected": 1}


def test_a_tool_that_was_never_called_has_no_decisions(source: Source, place: Place) -> None:
    assert source.activity.decisions_for("run_shell") == Decisions()
    fill(place, "approvals", call("approved"))
    for name in ("", "RUN_SHELL", "run_shel%", "nobody"):
        assert source.activity.decisions_for(name) == Decisions(looked_at=1)


def test_the_name_of_a_tool_is_a_text(source: Source) -> None:
    with pytest.raises(Invalid, match="is a text"):
        source.activity.decisions_for(None)


def test_only_the_newest_calls_count(source: Source, place: Place) -> None:
    fill_many(place, "approvals", (call("rejected", created_at=ago(days=2), expires_at=ago(days=1)) for _ in range(30)))
    fill_many(place, "approvals", (call("approved", id=f"n{n}", created_at=ago(minutes=1)) for n in range(10)))
    found = source.activity.configured(look_at=12).decisions_for("run_shell")
    assert counted(found) == {"approved": 10, "rejected": 2}
    assert (found.looked_at, found.more) == (12, True)
    exactly = source.activity.configured(look_at=40).decisions_for("run_shell")
    assert (exactly.looked_at, exactly.more) == (40, False)


def test_calls_without_an_expiry_are_among_the_newest(source: Source, place: Place) -> None:
    fill_many(place, "approvals", (call("rejected", created_at=ago(days=n), expires_at=None) for n in range(30, 9, -1)))
    newer = (call("approved", id=f"n{n}", created_at=ago(hours=n), expires_at=T) for n in range(8, 3, -1))
    fill_many(place, "approvals", newer)
    newest = (call("expired", id=f"e{n}", created_at=ago(minutes=n), expires_at=None) for n in range(5, 0, -1))
    fill_many(place, "approvals", newest)
    assert counted(source.activity.configured(look_at=11).decisions_for("run_shell")) == {
        "approved": 5,
        "expired": 5,
        "rejected": 1,
    }


def test_the_latest_decisions_are_named_newest_first(source: Source, place: Place) -> None:
    def at(minutes: int, status: str, feedback: str = "") -> dict[str, object]:
        return call(status, feedback, id=f"m{minutes}", resolved_at=ago(minutes=minutes), resolved_by=f"op{minutes}")

    words = [
        ("rejected", "no"),
        ("approved", ""),
        ("expired", "late"),
        ("approved", "hm"),
        ("rejected", ""),
        ("odd", ""),
    ]
    fill(place, "approvals", *(at(n, *word) for n, word in enumerate(words, 1)), call("pending", id="p"))
    latest = source.activity.decisions_for("run_shell").latest
    assert [(found.id, found.decision) for found in latest] == [
        ("m1", "sent back"),
        ("m2", "approved"),
        ("m3", "expired"),
        ("m4", "approved with feedback"),
        ("m5", "rejected"),
    ]
    assert latest[0] == Decided("m1", "sent back", "op1", ago(minutes=1))


def test_all_tools_are_told_at_once(source: Source, place: Place) -> None:
    fill(place, "approvals", call("approved"), call("rejected", tool_name="a"), call("pending", tool_name="[red]b"))
    found = source.activity.decisions()
    assert {tool: counted(each) for tool, each in found.items()} == {
        "run_shell": {"approved": 1},
        "a": {"rejected": 1},
        "[red]b": {"pending": 1},
    }
    assert found["a"] == source.activity.decisions_for("a")


def test_an_older_database_without_created_by_is_told_too(place: Place, again: Callable[..., Source]) -> None:
    place.run("ALTER TABLE approvals DROP COLUMN created_by")
    fill(place, "approvals", call("approved"))
    assert counted(again().activity.decisions_for("run_shell")) == {"approved": 1}


def test_a_table_whose_rows_are_not_numbered_is_told_by_expiry(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    open_source(path, create=True).close()
    place = Place("sqlite", path, path)
    ddl = place.rows("SELECT sql FROM sqlite_master WHERE name = 'approvals'")[0][0]
    place.run("DROP TABLE approvals")
    place.run(f"{ddl} WITHOUT ROWID")
    with pytest.raises(sqlite3.OperationalError, match="rowid"):
        place.rows("SELECT rowid FROM approvals")
    old = (call("rejected", id=f"z{n}", created_at=ago(days=n), expires_at=ago(days=n)) for n in range(1, 20))
    fill_many(place, "approvals", old)
    fill_many(place, "approvals", (call("approved", id=f"a{n}") for n in range(5)))
    with place.open() as source:
        assert counted(source.activity.configured(look_at=6).decisions_for("run_shell")) == {
            "approved": 5,
            "rejected": 1,
        }
        assert source.activity.last_write("approvals", at=T).at == T


def test_the_newest_calls_are_found_without_walking_through_all(place: Place) -> None:
    statement = tool_decisions._ANYWAY if place.engine != "sqlite" else tool_decisions._NEWEST
    plan = plan_of(place, statement, most=2_001)
    if place.engine == "sqlite":
        assert "ORDER BY" not in plan, plan  # the order of the rows themselves
    else:
        assert plan.count("idx_approvals_expires") == 2, plan
        assert "Seq Scan" not in plan, plan


def check_fleet(source: Source, expected: dict[str, object]) -> None:
    everything: Counter[str] = Counter()
    for found in source.activity.decisions().values():
        everything.update(counted(found))
        assert (found.looked_at, found.more) == (200, False)
        assert len(found.latest) == min(5, sum(counted(found).values()) - found.pending)
        assert [each.at for each in found.latest] == sorted((each.at for each in found.latest), reverse=True)
    by_status = expected["approvals_by_status"]
    assert everything["approved"] + everything["approved_with_feedback"] == by_status["approved"]
    assert everything["rejected"] + everything["sent_back"] == by_status["rejected"]
    assert (everything["expired"], everything["pending"]) == (by_status["expired"], by_status["pending"])
    if with_feedback := expected.get("approved_with_feedback"):
        assert everything["approved_with_feedback"] == with_feedback


def test_the_fleet_in_sqlite_is_told_as_expected(tmp_path: Path) -> None:
    with open_source(copied("agents/genie_fleet.db", tmp_path), read_only=True) as source:
        check_fleet(source, json.loads(fixture("expected/genie_fleet.json").read_text()))


@pytest.mark.postgres
def test_the_fleet_in_postgres_is_told_as_expected(restored: Callable[[Path], str]) -> None:
    with open_source(restored(fixture("agents/genie_fleet_pg.sql.gz")), read_only=True) as source:
        check_fleet(source, json.loads(fixture("expected/genie_fleet_pg.json").read_text()))


def test_damage_breaks_nothing(tmp_path: Path) -> None:
    path = copied("agents/genie_damaged.db", tmp_path)
    with open_source(path, read_only=True) as source:
        found = source.activity.decisions()
        assert sum(sum(counted(each).values()) for each in found.values()) == 90
        # A08, A09 and A19: a word that nobody knows, upper case, and none
        assert sum(each.other for each in found.values()) == 3
        # A15: a tool whose name is stored as bytes is that tool
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as raw:
            named = raw.execute("SELECT count(*) FROM approvals WHERE CAST(tool_name AS TEXT) = 'run_shell'").fetchone()
        raw.close()
        assert sum(counted(found["run_shell"]).values()) == named[0]


def test_a_decision_whose_time_cannot_be_read_comes_last(theirs: Place) -> None:
    for key, resolved in (("x1", "'yesterday'"), ("x2", "'2026-11-20 11:00:00 +0000 UTC'"), ("x3", "5")):
        theirs.run(
            "INSERT INTO approvals (id, thread_id, run_id, tool_name, status, created_at, resolved_at) "
            f"VALUES ('{key}', '', '', 'odd_tool', 'approved', '2026-11-20 10:00:00 +0000 UTC', {resolved})"
        )
    with theirs.open(read_only=True) as source:
        latest = source.activity.decisions_for("odd_tool").latest
    assert (latest[0].id, latest[0].at) == ("x2", T - timedelta(hours=1))
    assert {(each.id, each.at) for each in latest[1:]} == {("x1", None), ("x3", None)}
