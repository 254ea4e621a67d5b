"""`undo` and `trash` by the real program, on both engines; what was deleted comes from the desk."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
from support.filling import fill
from support.screens import Pty

from workbench.desk.trash import Trash
from workbench.desk.trash_deleting import Doomed, about, deleting

SERVER = pytest.mark.parametrize("agents", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
FILE = pytest.mark.parametrize("agents", ["sqlite"], indirect=True)  # where the engine plays no part
HOSTILE = "\x1b]0;pwn\x07\x1b[2J\r\x9b31m\u202e\u200b\U000e0041\x7f[red]x"


def removed(workbench: Any, agents: Any, *ids: str, operator: str = "ops@bastion", **columns: Any) -> str:
    """Memories that were there and are in the trash; the id of their entry."""
    fill(agents.place, "memories", *({"id": id, **columns} for id in ids))
    with agents.place.open(name="prod") as source:
        act = about(source, operator, "delete", "memory", ids)
        doomed = [Doomed("memories", {"id": id}) for id in ids]
        found = deleting(source, doomed, Trash(workbench.own), act).entry
    assert found is not None
    return found


def changed(workbench: Any, *arguments: str, changing: Path | None = None, **options: Any) -> Any:
    """A run that may change the trash as well, and leaves nothing beside it."""
    run = workbench.unwatched(*arguments, **options)
    names = {file.name for file in workbench.own.iterdir()}
    assert names <= {"audit.jsonl", "trash"}, names
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in (workbench.own / "trash").iterdir())
    if changing is not None:
        assert not list(changing.parent.glob(f"{changing.name}-*"))
    return run


def ids(agents: Any) -> list[str]:
    return sorted(row[0] for row in agents.place.rows("SELECT id FROM memories"))


def test_what_was_deleted_last_comes_back_and_then_what_was_deleted_before(workbench, agents) -> None:
    first, second = removed(workbench, agents, "a"), removed(workbench, agents, "b", "c")
    removed(workbench, agents, "z", operator="eve")
    run = workbench("undo", "--dry-run")
    assert run.code == 0 and run.out.endswith(f"({second}): 2 rows would come back\n") and ids(agents) == []
    run = changed(workbench, "undo", changing=agents.file)
    assert (run.code, run.err) == (0, "") and run.out.startswith("delete memory of ")
    assert run.out.endswith(f"({second}): 2 rows put back\n") and ids(agents) == ["b", "c"]
    run = changed(workbench, "undo", "--json", changing=agents.file)
    assert run.rows == [
        {
            "entry": first,
            "source": "prod",
            "dry_run": False,
            "table": "memories",
            "key": ["a"],
            "result": "back",
            "why": "",
        }
    ]
    assert ids(agents) == ["a", "b", "c"]
    assert workbench("undo").failed(3).startswith("there is nothing to undo for ops@bastion: `workbench trash list`")
    assert workbench("undo", first).failed(4).startswith(f"the entry {first} was undone already, at ")
    assert [(act["verb"], act["via"], act["result"]) for act in workbench.acts] == [
        ("undo", "command line", "undone"), ("undo", "command line", "undone"),
    ]  # fmt: skip


def test_a_key_that_is_taken_is_told_by_its_row_and_is_a_conflict(workbench, agents) -> None:
    entry = removed(workbench, agents, "a", f"b{HOSTILE}", "c")
    fill(agents.place, "memories", {"id": f"b{HOSTILE}", "content": "by hand"})
    for dry in (["--dry-run"], []):
        run = changed(workbench, "undo", entry[:8], *dry, changing=agents.file)
        assert run.code == 4 and run.out.endswith(f": 2 rows {'would come' if dry else 'put'} back, 1 not\n")
        assert run.err.startswith("workbench: memories b␛]0;pwn␇")
        assert run.err.endswith(" is not put back: another row has its key\n")
    assert len(ids(agents)) == 3


def test_a_source_that_may_not_be_written_or_is_another_one_takes_nothing_back(workbench, agents) -> None:
    entry = removed(workbench, agents, "a")
    assert workbench("undo", "--read-only").failed(5) == (
        "prod is open read-only: --read-only was given, and it always wins; leave it out"
    )
    target = agents.place.target
    workbench.user(f'operator = "ops@bastion"\n[sources.other]\ntarget = "{target}"\n')
    if agents.file:  # a source without a name any more is where it was
        assert workbench("undo").failed(5).startswith(f"{target} is open read-only: add --write")
    else:
        sentence = workbench("undo").failed(2)
        assert (
            "whose password was not kept; name its source with --source" in sentence and "correct-horse" not in sentence
        )
    assert (
        workbench("undo", "--source", "other")
        .failed(5)
        .endswith("add --write, or set read_only = false for it in your settings")
    )
    with_home = workbench("undo", "--source", "home").failed(2)
    assert "name the source that they are from with --source" in with_home and "correct-horse" not in with_home
    assert ids(agents) == []
    assert changed(workbench, "undo", "--source", "other", "--write").code == 0 and ids(agents) == ["a"]
    assert workbench("trash", "list", "--json").rows[0]["id"] == entry


@FILE
def test_the_list_and_an_entry_are_shown_to_people_and_to_programs(workbench, agents) -> None:
    assert workbench("trash", "list").err == "note: the trash is empty\n"
    entry = removed(workbench, agents, HOSTILE, content=f"{HOSTILE} password=hunter2secret", topics="[]")
    run = workbench("trash", "list")
    head, line = run.out.splitlines()
    assert head.split() == ["ID", "TIME", "OPERATOR", "SOURCE", "VERB", "NOUN", "ROWS", "UNDONE", "KEYS"]
    assert line.startswith(entry) and "ops@bastion" in line
    (row,) = workbench("trash", "list", "--json").rows
    assert (row["id"], row["keys"], row["rows"], row["undone"]) == (entry, [HOSTILE], 1, None)
    assert row["where"] == str(agents.file) and row["engine"] == "sqlite"
    run = workbench("trash", "show", entry[:6])
    assert run.code == 0 and "hunter2secret" not in run.out and "content" in run.out and "⟨U+202E⟩" in run.out
    (row,) = workbench("trash", "show", entry, "--json").rows
    assert row["table"] == "memories" and row["row"]["content"] == f"{HOSTILE} password=hunter2secret"
    assert workbench("trash", "show", "zz").failed(3).startswith("the trash has no entry 'zz'")
    workbench.user('operator = "me"\n[columns]\ntrash = ["id", "size"]\n')
    assert workbench("trash", "list").out.splitlines()[0].split() == ["ID", "SIZE"]
    workbench.user('[columns]\ntrash = ["nosuch"]\n')
    assert "is no column" in workbench("trash", "list").failed(2)


@FILE
def test_emptying_asks_and_is_on_record(workbench, agents) -> None:
    assert workbench("trash", "empty").failed(2) == "this empties the trash: say --yes where nobody can be asked"
    entry = removed(workbench, agents, "a")
    assert workbench("trash", "empty", "--yes", "--read-only").failed(5).startswith("--read-only was given")
    run = changed(workbench, "trash", "empty", "--yes", "--older-than", "1")
    assert (run.code, run.out) == (0, "0 entries gone for good, 0 B\n")
    run = changed(workbench, "trash", "empty", "--yes", "--json")
    assert [row["entries"] for row in run.rows] == [1]
    assert workbench("undo", entry).failed(3).startswith("the trash has no entry")
    act, _ = workbench.acts
    assert (act["verb"], act["noun"], act["result"], act["result_counts"]["entries"]) == (
        "empty",
        "trash",
        "emptied",
        1,
    )


@FILE
def test_on_a_terminal_emptying_is_asked_about_and_no_is_no(workbench, agents) -> None:
    removed(workbench, agents, "a")
    for key, said, left in (("n", "the trash is left as it is", 1), ("y", "1 entry gone for good", 0)):
        command = [sys.executable, "-m", "workbench", "trash", "empty"]
        with Pty(command, environment=workbench.variables(), cwd=workbench.here) as pty:
            pty.until("It cannot be put back then. [y/N]:")
            pty.send(f"{key}\n")
            pty.until(said)
            assert pty.until_closed() == 0
        assert len(Trash(workbench.own).list()) == left


@SERVER
def test_an_entry_of_a_full_disk_is_undone_all_the_same_or_not_at_all(workbench, agents) -> None:
    """Nothing is put back that could not be recorded before."""
    removed(workbench, agents, "a")

    def fill_up() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    run = workbench.unwatched("undo", preexec_fn=fill_up)
    assert run.code == 6 and "audit.jsonl cannot be written: File too large" in run.err and ids(agents) == []
    assert changed(workbench, "undo").code == 0 and ids(agents) == ["a"]


@FILE
def test_a_damaged_entry_is_told_and_hides_no_other(workbench, agents) -> None:
    entry = removed(workbench, agents, "a")
    odd = workbench.own / "trash" / "20260101T000000000000-0123456789ab.jsonl"
    odd.write_text(json.dumps({"v": 9, "id": HOSTILE}) + "\n")
    run = workbench("trash", "list", "--json")
    assert [row["id"] for row in run.rows] == [entry] and "is no entry that this version can read" in run.err
    assert workbench("trash", "show", "0123").failed(1).endswith("leave it, or let it go by `trash empty`")
