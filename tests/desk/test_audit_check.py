"""What `verify` finds: every way to change a log that its own chain can tell, and the one that it cannot."""

import json
from pathlib import Path

import pytest

from workbench.data.errors import Invalid
from workbench.desk.audit import Audit, verify
from workbench.desk.audit_chain import Head, seal

Lines = list[bytes]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """A log of eight records."""
    audit = Audit(tmp_path, "me")
    act_on(audit, "a", "b", "c", "d")
    return audit


def act_on(audit: Audit, *keys: str) -> None:
    for key in keys:
        with audit.intent(source="s", verb="approve", noun="approval", keys=[key], reason=f"because {key}") as act:
            act.outcome("approved")


def lines_of(audit: Audit) -> Lines:
    return audit.path.read_bytes().splitlines(keepends=True)


def said(audit: Audit, head: Head | str | None = None) -> list[str]:
    found = verify(audit.path, head)
    assert found.ok == (found.problems == ()) and found.count == len(found.problems)
    return [str(problem) for problem in found.problems]


def rewritten(line: bytes, prev: str | None = None, **fields: object) -> bytes:
    """A record changed by somebody who also computes its hash anew."""
    record = {**json.loads(line), **fields}
    del record["hash"]
    return seal(record, prev or record["prev"]) + b"\n"


def test_a_log_as_it_was_written_is_whole_and_no_log_is_too(audit: Audit, tmp_path: Path) -> None:
    found = verify(audit.path)
    assert (found.ok, found.records, found.torn) == (True, 8, ())
    assert found.head == audit.head() and found.head is not None and found.head.seq == 8
    assert Head.parse(str(found.head)) == found.head
    nothing = verify(tmp_path / "none.jsonl")
    assert (nothing.ok, nothing.records, nothing.head) == (True, 0, None)
    assert not (tmp_path / "none.jsonl").exists()


def test_every_changed_byte_is_found(audit: Audit) -> None:
    """Each byte of one record in turn, whatever the change makes of it."""
    first, line, third = lines_of(audit)[:3]
    for at in range(len(line)):
        for new in (line[at] ^ 1, 0xFF):
            audit.path.write_bytes(first + line[:at] + bytes([new]) + line[at + 1 :] + third)
            found = verify(audit.path)
            assert not found.ok, (at, new)
            assert found.first_problem is not None and found.first_problem.line in (2, 3)


def test_every_removed_byte_is_found(audit: Audit) -> None:
    whole = b"".join(lines_of(audit)[:2])
    for at in range(len(whole)):
        audit.path.write_bytes(whole[:at] + whole[at + 1 :])
        assert not verify(audit.path).ok, at


@pytest.mark.parametrize(
    ("edit", "problems"),
    [
        (lambda b: b.replace(b"because b", b"because x"), ["line 3: record 3 was changed after it was written"]),
        (lambda b: b.replace(b'"v":1', b'"v": 1'), ["line 3: record 3 was changed after it was written"]),
        (lambda b: b.replace(b'"v":1', b'"v":9,"v":1'), ["line 3: record 3 was changed after it was written"]),
        (lambda b: b[:-1] + b"\r\n", ["line 3: record 3 was changed after it was written"]),
        (lambda b: b[:-1] + b" \n", ["line 3: record 3 was changed after it was written"]),
        (lambda b: rewritten(b, reason="x"), [
            "line 4: record 4 does not follow from record 3: one of them was changed",
        ]),
        (lambda b: b"", ["line 3: record 3 is missing before record 4"]),
        (lambda b: b + b, ["line 4: record 3 stands in the log twice"]),
        (lambda b: b + b"\n", ["line 4: this is no record of the audit log: it is not an object in JSON"]),
        (lambda b: b + b"{}\n", ["line 4: this is no record of the audit log: it has no number and hashes"]),
        (lambda b: b[: len(b) // 2] + b"\n", [
            "line 3: this is no record of the audit log: it is not an object in JSON",
            "line 4: record 3 is missing before record 4",
        ]),
        (lambda b: b[:-1], [
            "line 3: this is no record of the audit log: it is not an object in JSON",
            "line 4: records 3 to 4 are missing before record 5",
        ]),
        (lambda b: rewritten(b, seq=9), [
            "line 3: records 3 to 8 are missing before record 9",
            *(f"line {seq}: record {seq} stands behind record 9" for seq in range(4, 9)),
        ]),
    ],
)  # fmt: skip
def test_what_was_done_to_a_record_is_said(audit: Audit, edit, problems: list[str]) -> None:
    lines = lines_of(audit)
    audit.path.write_bytes(b"".join([*lines[:2], edit(lines[2]), *lines[3:]]))
    assert said(audit) == problems


@pytest.mark.parametrize(
    ("move", "problems"),
    [
        ([0, 2, 1, 3, 4, 5, 6, 7], [
            "line 2: record 2 is missing before record 3",
            "line 3: record 2 stands behind record 3",
        ]),
        ([0, 1, 5, 6, 7], ["line 3: records 3 to 5 are missing before record 6"]),
        ([2, 3, 4, 5, 6, 7], ["line 1: records 1 to 2 are missing before record 3"]),
        ([0, 1, 2, 3, 4, 5, 6, 7, 1], ["line 9: record 2 stands in the log twice"]),
    ],
)  # fmt: skip
def test_what_was_moved_taken_out_or_doubled_is_said(audit: Audit, move: list[int], problems: list[str]) -> None:
    lines = lines_of(audit)
    audit.path.write_bytes(b"".join(lines[index] for index in move))
    assert said(audit) == problems


def test_a_record_of_another_log_does_not_follow(audit: Audit, tmp_path: Path) -> None:
    other = Audit(tmp_path / "other", "me")
    act_on(other, "a", "b", "c", "d")
    mine, theirs = lines_of(audit), lines_of(other)
    audit.path.write_bytes(b"".join([*mine[:4], *theirs[4:]]))
    assert said(audit) == ["line 5: record 5 does not follow from record 4: one of them was changed"]
    audit.path.write_bytes(b"".join(mine + theirs))
    assert verify(audit.path).count == 8


def test_a_cut_tail_is_found_by_a_noted_head_and_by_nothing_else(audit: Audit) -> None:
    noted = audit.head()
    assert noted is not None
    lines = lines_of(audit)
    audit.path.write_bytes(b"".join(lines[:5]))
    assert said(audit) == []
    cut = "the log ends with record 5, but the head of record 8 was noted: its tail was cut off"
    assert said(audit, noted) == [cut]
    act_on(audit, "x")
    assert said(audit, str(noted)) == [cut.replace("record 5,", "record 7,")]
    act_on(audit, "y")
    assert said(audit, noted) == ["record 8 is not the one whose head was noted: the log was written anew"]
    audit.path.unlink()
    assert said(audit, noted) == ["the log has no records, but the head of record 8 was noted: its tail was cut off"]


def test_a_head_that_was_noted_earlier_is_still_met(audit: Audit) -> None:
    noted = audit.head()
    act_on(audit, "x", "y")
    assert said(audit, noted) == []


def test_a_log_that_was_written_anew_is_found_by_a_noted_head(audit: Audit) -> None:
    noted, prev, forged = audit.head(), None, []
    for line in lines_of(audit):
        forged.append(rewritten(line, prev, operator="somebody else"))
        prev = json.loads(forged[-1])["hash"]
    audit.path.write_bytes(b"".join(forged))
    assert said(audit) == []
    assert said(audit, noted) == ["record 8 is not the one whose head was noted: the log was written anew"]


@pytest.mark.parametrize("text", ["", "8", "8:", "0:" + "0" * 64, "8:" + "g" * 64, "x:" + "0" * 64, "8:" + "0" * 63])
def test_a_head_that_is_none_is_refused(audit: Audit, text: str) -> None:
    with pytest.raises(Invalid, match="give SEQ:HASH"):
        verify(audit.path, text)


# -- torn tails --------------------------------------------------------------------------------------------------


def test_a_torn_tail_is_found_and_the_next_record_tells_of_it(audit: Audit) -> None:
    whole = audit.path.read_bytes()
    half = lines_of(audit)[7][:200]
    audit.path.write_bytes(whole + half)
    found = verify(audit.path)
    assert [str(problem) for problem in found.problems] == ["line 9: the last line is torn"]
    assert [act.entry.keys for act in audit.list()] == [("d",), ("c",), ("b",), ("a",)]
    act_on(audit, "x")
    assert audit.path.read_bytes().startswith(whole + half + b"\n{")  # kept, and out of the way
    found = verify(audit.path)
    assert (found.ok, found.torn, found.records) == (True, (9,), 10)
    assert json.loads(lines_of(audit)[9])["torn"]["bytes"] == 200
    lines = lines_of(audit)
    audit.path.write_bytes(b"".join([*lines[:8], half[:-1] + b"\n", *lines[9:]]))
    assert said(audit) == ["line 9: this is no record of the audit log: it is not an object in JSON"]
    audit.path.write_bytes(b"".join([*lines[:8], *lines[8:9], *lines[8:]]))
    assert said(audit) == ["line 9: this is no record of the audit log: it is not an object in JSON"]


def test_a_record_that_lacks_only_its_end_of_line_counts(audit: Audit) -> None:
    audit.path.write_bytes(audit.path.read_bytes()[:-1])
    assert said(audit) == ["line 8: the last line is torn: its end is missing"]
    head = audit.head()
    assert head is not None and head.seq == 8
    act_on(audit, "x")
    assert said(audit) == [] and verify(audit.path).records == 10


def test_zeros_after_a_power_cut_are_a_torn_tail_too(audit: Audit) -> None:
    with audit.path.open("ab") as file:
        file.write(b"\0" * 4096)
    assert said(audit) == ["line 9: the last line is torn"]
    act_on(audit, "x")
    assert verify(audit.path).torn == (9,)


def test_acts_go_on_after_damage_and_the_damage_stays_to_be_seen(audit: Audit) -> None:
    with audit.path.open("ab") as file:
        file.write(b"foreign\n" * 3)
    act_on(audit, "x")
    foreign = "this is no record of the audit log: it is not an object in JSON"
    assert said(audit) == [f"line {line}: {foreign}" for line in (9, 10, 11)]
    assert [act.entry.keys for act in audit.list(1)] == [("x",)]


def test_a_log_that_is_no_log_at_all_is_told_in_a_hundred_problems(audit: Audit) -> None:
    audit.path.write_bytes(b"x\n" * 5000)
    found = verify(audit.path)
    assert (found.count, len(found.problems), found.records) == (5000, 100, 0)
    assert str(found.first_problem).startswith("line 1: ")
