"""`workbench inbox`, and `workbench [TARGET]` without a terminal: what waits, printed once, on both engines."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from servers import PASSWORD, Server
from support.fixtures import copied

from workbench.desk.nouns.waiting import INBOX

FILE = pytest.mark.parametrize("agents", ["sqlite"], indirect=True)  # where the engine plays no part


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def test_what_waits_is_listed_the_most_urgent_first(workbench, agents) -> None:
    gone = agents.held("given_up", at=ago(hours=2))
    fresh = agents.held("fresh", sender_context="agui:web-1")
    asked = agents.asked("Which\nregion?", at=ago(minutes=8), sender_context="slack:U1:C1")
    soon = agents.held("soon", at=ago(minutes=1), ttl=timedelta(minutes=4), created_by="ada")
    run = workbench("inbox")
    assert (run.code, run.err) == (0, "")
    head, *lines = [re.split(r"  +", line.strip()) for line in run.out.splitlines()]
    assert head == ["WAIT", "EXPIRES", "SOURCE", "KIND", "ID", "WHAT", "FROM"]
    assert lines == [
        ["1m", "2m", "prod", "approval", soon, "soon", "ada"],
        ["8m", "—", "prod", "question", asked, "✎ Which␊region?", "slack:U1:C1"],
        ["<1m", "29m", "prod", "approval", fresh, "fresh", "agui:web-1"],
        ["2h", "overdue", "prod", "approval", gone, "given_up", "—"],
    ]
    rows = workbench("inbox", "--json").rows
    assert [row["id"] for row in rows] == [soon, asked, fresh, gone]
    assert [row["probably"] for row in rows] == ["waiting", "waiting", "waiting", "abandoned"]
    assert [row["overdue"] for row in rows] == [False, False, False, True]
    assert (rows[1]["kind"], rows[1]["what"], rows[1]["expires"]) == ("question", "Which\nregion?", None)
    assert datetime.fromisoformat(rows[0]["expires"]) - datetime.fromisoformat(rows[0]["asked"]) == timedelta(minutes=4)
    # Without a terminal the bare command prints the same, by name, by address, and for the only source there is.
    for arguments in ([], ["prod"], [agents.place.target]):
        assert [row["id"] for row in workbench(*arguments, "--json").rows] == [soon, asked, fresh, gone]
        assert workbench(*arguments).out.splitlines()[0].startswith("WAIT")


def test_one_item_in_full(workbench, agents) -> None:
    id = agents.held("run_shell", '{"command": "make clean\\nmake"}', question="user asked", created_by="ada")
    asked = agents.asked("Which region?", context="eu or us")
    run = workbench("inbox", id[:9])
    assert (run.code, run.err) == (0, "")
    for words in ("asked", "tool     run_shell", '"make clean\\n"', "why      user asked", "by ada"):
        assert words in run.out
    (row,) = workbench("inbox", id, "--json").rows
    assert (row["kind"], row["source"], row["id"], row["status"]) == ("approval", "prod", id, "pending")
    assert (row["args"], row["messenger"]) == ('{"command": "make clean\\nmake"}', False)
    run = workbench("inbox", asked)
    assert "asks     Which region?" in run.out and "context  eu or us" in run.out
    assert workbench("inbox", asked, "--json").rows[0]["context"] == "eu or us"
    with agents.open() as source:
        source.approvals.resolve(id, "rejected", resolved_by="eve", feedback="no")
    assert re.search(r"^status +rejected by eve .*no$", workbench("inbox", id).out, re.MULTILINE)
    assert (
        workbench("inbox", "nobody").failed(3).startswith("nothing in prod has an id that is or begins with 'nobody'")
    )
    workbench("inbox", id, "--source", "prod", "--source", "home").failed(2)


def test_nothing_waits(workbench, agents) -> None:
    run = workbench("inbox")
    assert (run.code, run.out, run.err) == (0, "", "note: nothing waits\n")
    assert (workbench("inbox", "--json").out, workbench("inbox", "--json").err) == ("", "")


def test_a_home_that_nobody_has_made_is_empty_and_stays_unmade(workbench) -> None:
    for arguments in ([], ["inbox"], ["inbox", "--write"], ["inbox", "--source", "home"]):
        run = workbench(*arguments)  # the run itself looks for anything that was made
        assert (run.code, run.out, run.err) == (0, "", "note: nothing waits\n")
    assert workbench("inbox", "4f").failed(3).startswith("nothing in home has an id")


@FILE
def test_several_sources_are_one_list_and_a_dead_one_is_its_line(workbench, agents) -> None:
    fleet = copied("agents/genie_fleet.db", workbench.root)
    with closing(sqlite3.connect(workbench.root / "state.db")) as state:
        state.execute("CREATE TABLE operational_state (namespace TEXT, key TEXT, value TEXT, updated_at TEXT)")
    text = workbench.user_file.read_text()
    workbench.user(
        f'{text}[sources.fleet]\ntarget = "{fleet}"\n[sources.gone]\ntarget = "gone.db"\n'
        '[sources.unset]\ntarget = "postgresql://u:${NOT_SET}@h/db"\n'
        f'[sources.state]\ntarget = "{workbench.root}/state.db"\n'
    )
    id = agents.held()
    both = ["inbox", "--source", "fleet", "--source", "prod"]
    run = workbench(*both, "--json")
    assert (run.code, run.err) == (0, "")
    assert {row["source"] for row in run.rows} == {"fleet", "prod"} and len(run.rows) == 40
    assert run.rows[0]["id"] == id
    dead = ["--source", "gone", "--source", "unset", "--source", "state"]
    run = workbench(*both, *dead, "--json")
    assert (run.code, len(run.rows)) == (0, 40)
    gone, unset, state_line = run.err.splitlines()
    assert gone.startswith("workbench: gone: there is no file") and "NOT_SET" in unset
    assert state_line.startswith("note: ") and "has no inbox: it holds opstate" in state_line
    assert workbench(*both, *dead, "--json", "--strict").code == 6
    assert workbench(*both, "--source", "state", "--json", "--strict").code == 0
    run = workbench("inbox", *dead)
    assert (run.code, run.out) == (6, "") and "note: nothing waits in what answered" in run.err
    # A word that means no source is a mistake, however many others there are.
    assert workbench(*both, "--source", "flet").failed(3).endswith('did you mean "fleet"?')
    assert "gone.db" in workbench("inbox", "--source", "gone").failed(3)
    assert workbench("inbox", "--source", "state").failed(1).endswith("are in agents databases")


@FILE
def test_which_source_is_meant(workbench, agents) -> None:
    id = agents.held()
    one = workbench.user_file.read_text()
    workbench.user(f'{one}[sources.other]\ntarget = "other.db"\n')
    assert workbench("inbox").err == "note: nothing waits\n"  # of two, neither: that is the home
    workbench.environ["WORKBENCH_DEFAULT_SOURCE"] = "prod"
    assert [row["id"] for row in workbench("inbox", "--json").rows] == [id]
    assert [row["id"] for row in workbench("--json").rows] == [id]
    workbench.environ["WORKBENCH_DEFAULT_SOURCE"] = "other"
    assert "other.db" in workbench().failed(3) and "other.db" in workbench("inbox").failed(3)
    # A file of the name of a command needs its path.
    os.link(workbench.root / "prod.db", workbench.here / "inbox")
    assert [row["id"] for row in workbench("./inbox", "--json").rows] == [id]


@FILE
def test_the_columns_are_a_setting(workbench, agents) -> None:
    agents.held("deploy")
    for columns, head in (('["what", "id"]', "WHAT"), ('["from"]', "FROM")):
        workbench.environ["WORKBENCH_COLUMNS__INBOX"] = columns
        assert workbench("inbox").out.split()[0] == head
    workbench.environ["WORKBENCH_COLUMNS__INBOX"] = '["wat"]'
    assert workbench("inbox").failed(2).endswith('columns.inbox names "wat", which is no column; did you mean "what"?')
    columns = [column.id for column in INBOX.columns]
    workbench.environ["WORKBENCH_COLUMNS__INBOX"] = json.dumps(columns)
    assert workbench("inbox").out.splitlines()[0].split() == [column.upper() for column in columns]


@FILE
def test_secrets_are_masked_in_the_list_and_long_texts_are_cut(workbench, agents) -> None:
    token = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"
    id = agents.asked(f"May I use {token}? {'and so on ' * 500}")
    out = workbench("inbox").out
    assert token not in out and "⟨secret" in out and max(map(len, out.splitlines())) < 300
    assert token not in workbench("inbox", id).out
    assert token in workbench("inbox", id, "--json").rows[0]["question"]  # for programs everything is as it is


def test_the_fleet_of_another_program_is_listed_whole(workbench) -> None:
    """Markup, controls and huge texts are among its odd rows; each run fails on a character that is not printable."""
    fleet = copied("agents/genie_fleet.db", workbench.root)
    rows = workbench("inbox", "--source", str(fleet), "--json").rows
    assert len(rows) == 39 and {row["kind"] for row in rows} == {"approval", "question"}
    run = workbench(str(fleet))
    assert len(run.out.splitlines()) == 40 and "[red]run_shell[/red]" in run.out
    for row in rows:
        if "run_shell" in row["what"] and "[" in row["what"]:
            assert "[red]run_shell[/red]" in workbench("inbox", row["id"], "--source", str(fleet)).out


def test_damaged_rows_are_shown_and_counted(workbench) -> None:
    damaged = copied("agents/genie_damaged.db", workbench.root)
    run = workbench("inbox", "--source", str(damaged))
    assert run.code == 0 and len(run.out.splitlines()) > 30
    (note,) = run.err.splitlines()
    assert re.search(r"note: .*genie_damaged\.db: \d+ rows are damaged; `workbench doctor .*` says more", note)
    assert len(re.findall(r"^\? ", run.out, re.MULTILINE)) == 3  # since when these wait cannot be read


@FILE
def test_more_than_can_be_sorted_is_said(workbench, agents) -> None:
    old = agents.asked("the oldest", at=ago(days=2))
    new = agents.asked("the newest")
    with closing(sqlite3.connect(agents.file)) as connection, connection:
        values = ((f"{n:08}", f"{ago(hours=1):%Y-%m-%d %H:%M:%S} +0000 UTC") for n in range(2_010))
        connection.executemany(
            "INSERT INTO approvals (id, tool_name, args, status, created_at, thread_id, run_id, tenant_id) "
            "VALUES (?, 't', '', 'pending', ?, '', '', '')",
            values,
        )
    run = workbench("inbox", "--json")
    assert run.err == "note: prod: more than 2,000 wait; these are the newest\n"
    ids = [row["id"] for row in run.rows]
    assert len(ids) == 2_000 and new in ids and old not in ids
    assert workbench("inbox", old, "--json").rows[0]["id"] == old
    assert workbench("inbox", "000000").failed(2).count("'0000") == 6


@FILE
def test_looking_changes_nothing_beside_a_live_writer(workbench, agents) -> None:
    """The source is configured writable; each run compares every file before and after."""
    id = agents.held()
    with closing(sqlite3.connect(agents.file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE approvals SET status = 'approved'")
        for arguments in (["inbox"], ["inbox", id], ["prod", "--write"], []):
            run = workbench(*arguments)
            assert run.code == 0 and "run_shell" in run.out
        writer.execute("ROLLBACK")


def test_a_hung_server_is_given_up_and_holds_nobody_up(workbench, own_server: Server) -> None:
    from workbench.data import open_source

    address = own_server.dsn(own_server.new_database())
    open_source(address, create=True).close()
    fleet = copied("agents/genie_fleet.db", workbench.root)
    hung = "".join(f'[sources.hung{n}]\ntarget = "{address}"\n' for n in range(3))
    workbench.user(f'timeouts.connect = 0.5\ntimeouts.statement = 0.5\n{hung}[sources.fleet]\ntarget = "{fleet}"\n')
    names = [word for n in range(3) for word in ("--source", f"hung{n}")]
    os.kill(own_server.postmaster, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        run = workbench("inbox", "--json", *names, "--source", "fleet")
        took = time.monotonic() - begin
        assert workbench("inbox", "--source", "hung0").failed(6)
    finally:
        os.kill(own_server.postmaster, signal.SIGCONT)
    assert (run.code, len(run.rows), len(run.err.splitlines())) == (0, 39, 3)
    assert PASSWORD not in run.err
    assert took < 20 * 2.5  # side by side: as long as one of them is given
