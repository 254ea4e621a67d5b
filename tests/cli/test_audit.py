"""`workbench audit list`, `verify` and `head`, on a log that was written as the desk writes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.desk.audit import Audit


@pytest.fixture
def audit(workbench) -> Audit:
    """The log of the home that the program is told of."""
    workbench.environ["WORKBENCH_HOME"] = str(workbench.root / "own")
    return Audit(workbench.root / "own", "ops@bastion")


def act(audit: Audit, key: str, result: str | None = "approved", **fields: object) -> None:
    given = {"source": "prod", "verb": "approve", "noun": "approval", "keys": [key], **fields}
    acting = audit.intent(**given).__enter__()
    if result:
        acting.outcome(result, error="it was full" if result == "failed" else None, counts={"rows": 1})


def test_without_a_log_each_command_says_so_and_makes_nothing(workbench) -> None:
    for command in ("list", "verify", "head"):
        run = workbench("audit", command)
        assert (run.code, run.out) == (0, "")
        assert run.err == "note: nothing has been recorded yet; the first act makes the log\n"
    assert workbench("audit", "list", "--json").rows == []
    assert workbench("audit", "head", "--json").rows == [{"head": None}]
    (found,) = workbench("audit", "verify", "--json").rows
    assert (found["ok"], found["records"], found["problems"]) == (True, 0, [])
    assert found["path"] == str(workbench.home / ".local" / "share" / "workbench" / "audit.jsonl")


def test_a_list_for_people_and_for_programs(workbench, audit: Audit) -> None:
    act(audit, "4f1c", reason="fine", where="postgresql://u:sekret@h/db", counts={"rows": 2}, unseen=3, via="screen")
    act(audit, "4f1d", "failed")
    act(audit, "4f1e", None, keys=["4f1e", "4f1f", "4f20"])
    run = workbench("audit", "list")
    assert (run.code, run.err) == (0, "")
    head, *lines = run.out.splitlines()
    assert head.split() == ["TIME", "OPERATOR", "SOURCE", "VERB", "NOUN", "RESULT", "REASON", "KEYS"]
    words = [line.split()[2:] for line in lines]
    assert words == [
        ["ops@bastion", "prod", "approve", "approval", "unknown", "—", "4f1e", "+2"],
        ["ops@bastion", "prod", "approve", "approval", "failed", "it", "was", "full", "4f1d"],
        ["ops@bastion", "prod", "approve", "approval", "approved", "fine", "4f1c"],
    ]
    last, failed, first = workbench("audit", "list", "--json").rows
    assert (last["result"], last["ended"], last["keys"]) == ("unknown", None, ["4f1e", "4f1f", "4f20"])
    assert (failed["result"], failed["error"]) == ("failed", "it was full")
    assert first["where"] == "postgresql://u:***@h/db"
    assert (first["seq"], first["unseen"], first["via"], first["reason"]) == (1, 3, "screen", "fine")
    assert (first["counts"], first["result_counts"]) == ({"rows": 2}, {"rows": 1})
    assert first["time"] < first["ended"]


def test_a_limit_shows_the_newest_and_says_that_there_are_more(workbench, audit: Audit) -> None:
    for key in "abc":
        act(audit, key)
    run = workbench("audit", "list", "--limit", "2", "--json")
    assert [row["keys"] for row in run.rows] == [["c"], ["b"]]
    assert run.err == "note: there are older acts; --limit shows more of them\n"
    run = workbench("audit", "list", "--limit", "3", "--json")
    assert (len(run.rows), run.err) == (3, "")
    assert "Invalid value for '--limit'" in workbench("audit", "list", "--limit", "0").failed(2)


def test_the_columns_are_a_setting(workbench, audit: Audit) -> None:
    act(audit, "a", counts={"rows": 2, "events": 30})
    workbench.environ["WORKBENCH_COLUMNS__AUDIT"] = '["seq", "counts", "ended", "ssh", "unseen"]'
    head, line = workbench("audit", "list").out.splitlines()
    assert head.split() == ["SEQ", "COUNTS", "ENDED", "SSH", "UNSEEN"]
    assert line.startswith("1    rows 2, events 30  20") and line.endswith("Z  —    0")
    workbench.environ["WORKBENCH_COLUMNS__AUDIT"] = '["opertor"]'
    assert 'names "opertor", which is no column; did you mean "operator"?' in workbench("audit", "list").failed(2)


def test_the_home_is_the_one_of_the_settings(workbench, audit: Audit) -> None:
    act(audit, "a")
    assert len(workbench("audit", "list", "--json").rows) == 1
    assert workbench("audit", "list", "--json", "--home", "elsewhere").rows == []
    del workbench.environ["WORKBENCH_HOME"]
    workbench.user(f'home = "{workbench.root / "own"}"\n')
    assert len(workbench("audit", "list", "--json").rows) == 1


def test_a_head_that_was_noted_shows_that_the_tail_was_cut(workbench, audit: Audit) -> None:
    act(audit, "a")
    act(audit, "b")
    run = workbench("audit", "head")
    noted = run.out.removesuffix("\n")
    assert run.err == "" and noted == str(audit.head())
    assert workbench("audit", "head", "--json").rows == [{"head": noted}]
    assert workbench("audit", "verify", "--head", noted).out == f"4 records, nothing wrong; head {noted}\n"
    audit.path.write_bytes(b"".join(audit.path.read_bytes().splitlines(keepends=True)[:3]))
    assert workbench("audit", "verify").code == 0
    run = workbench("audit", "verify", "--head", noted)
    assert run.code == 1
    cut = "the log ends with record 3, but the head of record 4 was noted: its tail was cut off"
    assert run.out == f"{cut}\n"
    assert run.err == (
        f"workbench: {audit.path} is damaged: {cut}; keep the file as it is, and compare it with a backup of the home\n"
    )
    assert "give SEQ:HASH as `workbench audit head` printed it" in workbench("audit", "verify", "--head", "4").failed(2)
    audit.path.unlink()
    assert workbench("audit", "verify", "--head", noted).code == 1


def test_damage_is_told_by_line_and_the_exit_code_is_1(workbench, audit: Audit) -> None:
    for key in "abc":
        act(audit, key)
    audit.path.write_bytes(audit.path.read_bytes().replace(b'"b"', b'"x"'))
    run = workbench("audit", "verify")
    assert run.code == 1
    assert run.out.splitlines() == [f"line {n}: record {n} was changed after it was written" for n in (3, 4)]
    assert f"{audit.path} is damaged: line 3: record 3 was changed" in run.err
    run = workbench("audit", "verify", "--json")
    (found,) = run.rows
    assert (run.code, found["ok"], found["records"], found["count"]) == (1, False, 6, 2)
    assert found["problems"][0] == {"line": 3, "seq": 3, "what": "record 3 was changed after it was written"}
    with audit.path.open("ab") as file:
        file.write(b"x\n" * 20)
    run = workbench("audit", "verify")
    assert len(run.out.splitlines()) == 11 and run.out.splitlines()[-1] == "and 12 more"
    run = workbench("audit", "list")
    assert run.code == 0 and len(run.out.splitlines()) == 4
    assert run.err == "note: 20 lines are no records of the audit log; `workbench audit verify` says which\n"


def test_a_torn_line_that_the_next_record_tells_of_is_a_note(workbench, audit: Audit) -> None:
    act(audit, "a")
    with audit.path.open("ab") as file:
        file.write(b'{"v":1,"se')
    assert workbench("audit", "verify").code == 1
    act(audit, "b")
    run = workbench("audit", "verify")
    assert run.code == 0 and run.out.startswith("4 records, nothing wrong; head 4:")
    assert run.err == "note: line 3 was left unfinished by a crash, and the next record tells of it\n"


HOSTILE = "\x1b]52;c;aGk=\x07\x1b[2J\r\x9b31m\u202e\u200b\U000e0041\x7f\ud800[red]x"


def test_hostile_text_in_the_log_is_shown_and_never_obeyed(workbench, audit: Audit) -> None:
    """Each run of `workbench` fails on a character that is not printable; here in every field, also by an edit."""
    fields = dict.fromkeys(("source", "verb", "noun", "reason", "where", "via"), HOSTILE)
    act(audit, HOSTILE, HOSTILE, **fields, counts={HOSTILE: 1}, more={HOSTILE: HOSTILE})
    with audit.path.open("ab") as file:
        for line in audit.path.read_bytes().splitlines():
            record = json.loads(line)
            edited = {name: HOSTILE if value.__class__ is str else value for name, value in record.items()}
            kept = {name: record[name] for name in ("time", "phase", "prev", "hash")}
            file.write(json.dumps(edited | kept).encode() + b"\n")
        file.write(HOSTILE.encode("utf-8", "surrogatepass") + b"\n")
    columns = [
        "operator",
        "host",
        "ssh",
        "source",
        "where",
        "via",
        "verb",
        "noun",
        "keys",
        "counts",
        "result",
        "reason",
    ]
    workbench.environ["WORKBENCH_COLUMNS__AUDIT"] = json.dumps([*columns, "error", "id"])
    run = workbench("audit", "list")
    assert run.code == 0 and len(run.out.splitlines()) == 3
    assert "␛]52;c;aGk=␇␛[2J␍⟨U+009B⟩31m⟨U+202E⟩⟨U+200B⟩⟨U+E0041⟩␡\\ud800[red]x" in run.out
    assert [row["verb"] for row in workbench("audit", "list", "--json").rows] == [HOSTILE, HOSTILE]
    for arguments in (["verify"], ["verify", "--json"], ["head"], ["head", "--json"]):
        assert workbench("audit", *arguments).code == (1 if "verify" in arguments else 0)


def test_a_log_that_cannot_be_read_is_one_sentence(workbench, audit: Audit) -> None:
    audit.path.mkdir(parents=True)
    for command in ("list", "verify", "head"):
        assert workbench("audit", command).failed(2) == (
            f"{audit.path} is no plain file, so it cannot be a log: move it away"
        )


def test_a_log_of_somebody_else_is_one_sentence(public_workbench) -> None:
    own = public_workbench.root / "own"
    public_workbench.environ["WORKBENCH_HOME"] = str(own)
    act(Audit(own, "me"), "a")
    for command in ("list", "verify", "head"):
        assert public_workbench.as_nobody("audit", command).failed(6) == (
            f"{own / 'audit.jsonl'} cannot be read: Permission denied; check the disk, and who may read it"
        )


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["home"], ["audit", "--help"], ["config", "path"]])
def test_no_command_that_does_without_it_imports_the_audit(arguments: list[str], tmp_path: Path) -> None:
    code = (
        f"import sys; sys.argv = ['workbench', *{arguments!r}]\n"
        "from workbench.__main__ import main\ncode = main()\n"
        "print(code, *sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    code, *modules = done.stderr.split()
    assert code == "0"
    assert not [module for module in modules if module.startswith(("workbench.desk.audit", "workbench.data.engine"))]
