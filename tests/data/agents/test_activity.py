"""What an operator is told of an agents database: the evidence for waiting, and that looking changes nothing."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.agents import Place
from support.filling import T, ago, fill
from support.fixtures import copied
from support.processes import tree_hash

from workbench.data import Source, open_source
from workbench.data.agents.activity import Evidence
from workbench.data.agents.records import Approval, Clarification
from workbench.data.engine.page import Damaged
from workbench.data.errors import Invalid

PENDING = Approval(
    id="a", thread_id="", run_id="", tenant_id="", tool_name="run_shell", args="{}", status="pending",
    created_at=ago(minutes=4), expires_at=T + timedelta(minutes=26), resolved_at=None, resolved_by="",
    created_by="", feedback="", sender_context="", question="",
)  # fmt: skip
QUESTION = Clarification("q", "Where?", "", "", "pending", "", ago(minutes=4), None)


# -- pending is not waiting ------------------------------------------------------------------------------------------


def test_a_young_approval_is_probably_waited_for(source: Source) -> None:
    assert source.activity.waiting(PENDING, at=T) == Evidence(timedelta(minutes=4), False, "waiting", None)


@pytest.mark.parametrize(
    ("age", "left", "probably"),
    [
        (timedelta(minutes=10), timedelta(minutes=20), "waiting"),
        (timedelta(minutes=10, microseconds=1), timedelta(minutes=20), "abandoned"),
        (timedelta(minutes=1), timedelta(microseconds=1), "waiting"),
        (timedelta(minutes=1), timedelta(0), "abandoned"),
        (timedelta(minutes=1), timedelta(seconds=-1), "abandoned"),
        (timedelta(minutes=9), None, "waiting"),
        (timedelta(days=9), None, "abandoned"),
        (timedelta(minutes=-1), None, "waiting"),  # the agent's clock is ahead of ours
    ],
)
def test_past_its_expiry_or_old_it_is_probably_abandoned(
    source: Source, age: timedelta, left: timedelta | None, probably: str
) -> None:
    approval = replace(PENDING, created_at=T - age, expires_at=None if left is None else T + left)
    found = source.activity.waiting(approval, at=T)
    assert (found.age, found.probably) == (age, probably)
    assert found.expired == (left is not None and left <= timedelta(0))


@pytest.mark.parametrize("limit", [timedelta(minutes=3), 180, 180.0])
def test_the_limit_is_the_operators(source: Source, limit: timedelta | float) -> None:
    assert source.activity.waiting(PENDING, at=T, abandoned_after=limit).probably == "abandoned"
    assert source.activity.waiting(PENDING, at=T, abandoned_after=timedelta(minutes=4)).probably == "waiting"


def test_a_question_is_judged_by_its_age(source: Source) -> None:
    assert source.activity.waiting(QUESTION, at=T) == Evidence(timedelta(minutes=4), False, "waiting", None)
    older = replace(QUESTION, created_at=ago(minutes=11))
    assert source.activity.waiting(older, at=T).probably == "abandoned"


def test_times_that_cannot_be_read_are_no_evidence(source: Source) -> None:
    unread = Damaged("soon", "not a time in any form that is known")
    when = replace(PENDING, created_at=unread)  # type: ignore[arg-type]
    assert source.activity.waiting(when, at=T) == Evidence(None, False, "waiting", None)
    until = replace(PENDING, expires_at=unread)  # type: ignore[arg-type]
    assert source.activity.waiting(until, at=T) == Evidence(timedelta(minutes=4), None, "waiting", None)


def test_what_the_agent_wrote_last_is_part_of_the_evidence(source: Source, place: Place) -> None:
    fill(place, "session_events", {"created_at": ago(seconds=20)})
    decided = {"created_at": ago(hours=1), "status": "rejected", "resolved_at": ago(seconds=5), "resolved_by": "ops"}
    fill(place, "approvals", decided)
    assert source.activity.waiting(PENDING, at=T).last_agent_write == ago(seconds=5)
    assert source.activity.waiting(PENDING, at=T, by_others_than="ops").last_agent_write == ago(seconds=20)
    known = source.activity.waiting(PENDING, at=T, last_agent_write=ago(minutes=9))
    assert known.last_agent_write == ago(minutes=9)


@pytest.mark.parametrize("status", ["approved", "rejected", "expired", "PENDING", ""])
def test_nobody_waits_for_what_is_not_pending(source: Source, status: str) -> None:
    with pytest.raises(Invalid, match="is not pending"):
        source.activity.waiting(replace(PENDING, status=status), at=T)


def test_a_limit_that_is_none_is_refused(source: Source) -> None:
    with pytest.raises(Invalid, match="abandoned_after"):
        source.activity.waiting(PENDING, abandoned_after="10 min")  # type: ignore[arg-type]


# -- looking ---------------------------------------------------------------------------------------------------------


def test_looking_changes_nothing_on_disk(tmp_path: Path) -> None:
    copied("agents/genie_fleet.db", tmp_path)
    before = tree_hash(tmp_path)
    with open_source(tmp_path / "genie_fleet.db", read_only=True) as source:
        source.activity.counts(T)
        source.activity.decisions_for("run_shell")
        source.activity.oldest_pending()
        source.activity.written_since(T)
        source.activity.last_writes()
        assert tree_hash(tmp_path) == before
    assert tree_hash(tmp_path) == before


def test_an_unborn_home_tells_that_there_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    with open_source() as source:
        assert set(source.activity.counts().rows.values()) == {source.activity.counts().pending_fresh}
        assert source.activity.oldest_pending() is None
        assert not source.activity.written_since(T)
    assert not (tmp_path / "home").exists()


def test_a_database_of_checkpoints_alone_is_told_too(tmp_path: Path) -> None:
    with open_source(copied("agents/small/ckpt.db", tmp_path), read_only=True) as source:
        assert source.activity.counts().rows["checkpoints"].n > 0
        assert source.activity.last_write("checkpoints").at is not None
        assert source.activity.decisions() == {}


def test_it_loads_nothing_heavy(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    open_source(path, create=True).close()
    code = (
        "import sys\nfrom workbench.data import open_source\n"
        f"with open_source({str(path)!r}, read_only=True) as source:\n"
        "    source.activity.counts()\n"
        "    source.activity.last_writes()\n"
        "print({'psycopg', 'asyncio', 'textual', 'click', 'pydantic', 'sqlite_utils'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
