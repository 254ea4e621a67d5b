"""The audit log as an operator's acts write it: what a record holds, what it never holds, what a list makes of it."""

import json
import os
import re
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from workbench.data.engine.page import every
from workbench.data.errors import Conflict, Invalid, Unavailable
from workbench.desk.audit import Audit, verify
from workbench.desk.audit_chain import NOTHING

APPROVE: dict[str, Any] = {"source": "prod", "verb": "approve", "noun": "approval", "keys": ["4f1c"]}


def records(audit: Audit) -> list[dict[str, Any]]:
    return [json.loads(line) for line in audit.path.read_bytes().splitlines()]


def done(audit: Audit, key: str, result: str = "approved") -> None:
    with audit.intent(**APPROVE | {"keys": [key]}) as act:
        act.outcome(result)


def test_an_act_is_one_record_before_and_one_after(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "203.0.113.9 51022 10.0.0.1 22")
    begin = datetime.now(UTC)
    with audit.intent(
        source="prod", where="postgresql://u:sekret@h/db", verb="purge", noun="memory", keys=["a", 7, ("b", None)],
        reason="too old", counts={"rows": 12}, unseen=3, via="screen", more={"before": begin, "raw": b"\xff"},
    ) as act:  # fmt: skip
        (before,) = records(audit)
        assert (before["phase"], before["result"], before["error"]) == ("intent", None, None)
        act.outcome("purged", counts={"rows": 11}, more={"skipped": 1})
    first, second = records(audit)
    assert list(first) == [
        "v", "seq", "time", "id", "phase", "operator", "host", "ssh", "pid", "source", "where", "via", "verb", "noun",
        "keys", "counts", "unseen", "reason", "more", "result", "error", "prev", "hash",
    ]  # fmt: skip
    assert list(second) == list(first)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first["time"])
    assert begin <= datetime.fromisoformat(first["time"]) <= datetime.fromisoformat(second["time"])
    assert datetime.fromisoformat(second["time"]) - begin < timedelta(minutes=1)
    same = {
        "v": 1, "operator": "ops@bastion", "host": os.uname().nodename, "ssh": "203.0.113.9 51022", "pid": os.getpid(),
        "source": "prod", "where": "postgresql://u:***@h/db", "via": "screen", "verb": "purge", "noun": "memory",
        "keys": ["a", 7, ["b", None]], "unseen": 3, "reason": "too old", "id": first["id"],
    }  # fmt: skip
    for record in (first, second):
        assert {name: record[name] for name in same} == same
    assert first["counts"] == {"rows": 12} and second["counts"] == {"rows": 11}
    assert first["more"]["raw"] == "\\xff" and second["more"] == {"skipped": 1}
    assert (second["phase"], second["result"], second["error"]) == ("outcome", "purged", None)
    assert (first["seq"], first["prev"], second["seq"], second["prev"]) == (1, NOTHING, 2, first["hash"])
    assert audit.path.read_bytes().isascii()
    assert stat.S_IMODE(audit.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(audit.path.parent.stat().st_mode) == 0o700
    assert verify(audit.path).ok


def test_the_intent_is_on_disk_before_anything_is_done_and_none_is_written_for_what_is_not_begun(
    tmp_path: Path,
) -> None:
    audit = Audit(tmp_path / "home", "me")
    audit.intent(**APPROVE)
    assert not audit.path.parent.exists()
    (tmp_path / "file").touch()
    ran = []
    with pytest.raises(Unavailable, match=r"audit\.jsonl cannot be"), Audit(tmp_path / "file", "me").intent(**APPROVE):
        ran.append(1)
    assert ran == []


def test_the_hash_is_what_the_documentation_says(audit: Audit) -> None:
    """Computed here once more from the words alone: SHA-256, the record without its hash, keys sorted, compact."""
    import hashlib

    with audit.intent(**APPROVE, reason="é☃\x7f\x1b\ud800") as act:
        act.outcome("approved")
    prev = "0" * 64
    for line in audit.path.read_text(encoding="ascii").splitlines():
        record = json.loads(line)
        said = record.pop("hash")
        text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True).replace("\x7f", "\\u007f")
        assert hashlib.sha256(text.encode()).hexdigest() == said
        assert record["prev"] == prev
        assert line.isprintable()
        prev = said


def test_an_exception_is_recorded_as_the_failure_it_is(audit: Audit) -> None:
    for error in (Conflict("ops2 was faster"), ValueError("at password=hunter2"), KeyboardInterrupt()):
        with pytest.raises(type(error)), audit.intent(**APPROVE):
            raise error
    with audit.intent(**APPROVE):
        pass
    assert [(act.result, act.error) for act in audit.list()] == [
        ("done", None),
        ("interrupted", "KeyboardInterrupt"),
        ("failed", "ValueError: at password=***"),
        ("failed", "ops2 was faster"),
    ]


def test_an_outcome_is_recorded_once_and_what_comes_after_it_changes_nothing(audit: Audit) -> None:
    with audit.intent(**APPROVE) as act:
        act.outcome("approved")
        with pytest.raises(Invalid, match="recorded already"):
            act.outcome("rejected")
    with pytest.raises(ZeroDivisionError), audit.intent(**APPROVE) as act:
        act.outcome("approved")
        raise ZeroDivisionError
    assert [act.result for act in audit.list()] == ["approved", "approved"]
    assert len(records(audit)) == 4


def test_when_the_outcome_cannot_be_recorded_the_error_says_both_and_the_act_stays_unknown(audit: Audit) -> None:
    aside = audit.path.with_name("aside")

    def take_away() -> None:
        audit.path.rename(aside)
        audit.path.mkdir()

    def give_back() -> None:
        audit.path.rmdir()
        aside.rename(audit.path)

    with pytest.raises(Conflict) as caught, audit.intent(**APPROVE):
        take_away()
        raise Conflict("ops2 was faster")
    assert "its outcome could not be recorded" in caught.value.__notes__[0]
    give_back()
    with pytest.raises(Unavailable, match="cannot be written"), audit.intent(**APPROVE) as act:
        take_away()
        act.outcome("approved")
    give_back()
    assert [act.result for act in audit.list()] == ["unknown", "unknown"]  # and never "failed": it was done


SECRETS = [
    ("postgresql://u:sekret@h/db", "postgresql://u:***@h/db"),
    ("1postgres://u:se/kr@et@h/db and on", "1postgres://u:***@h/db and on"),
    ("https://u:sekret@h/x@y", "https://u:***@h/x@y"),
    ("https://h:8080/a@b", "https://h:8080/a@b"),
    ("host=h password=sekret user=u", "host=h password=*** user=u"),
    ("sslpassword = 'sek ret' x", "sslpassword = *** x"),
    ('{"password": "sekret"}', '{"password": ***}'),
    ("the token is sesame123, keep it", "the token is ***, keep it"),
]


@pytest.mark.parametrize(("text", "told"), SECRETS)
def test_no_password_reaches_the_log_wherever_it_stands(tmp_path: Path, text: str, told: str) -> None:
    audit = Audit(tmp_path, text, secrets=["sesame123", "x"])
    fields = {"source": text, "verb": text, "noun": text, "reason": text, "via": text}
    with audit.intent(**fields, where=text, keys=[text, [text]], counts={text: 1}, more={text: {"a": [text]}}) as act:
        act.outcome(text, error=text, more={"a": text})
    written = audit.path.read_text()
    for secret in ("sekret", "sek ret", "se/kr", "et@h", "sesame123"):
        assert secret not in written
    intent, outcome = records(audit)
    assert [intent[name] for name in ("operator", *fields)] == [told] * 6
    assert intent["keys"] == [told, [told]] and intent["more"] == {told: {"a": [told]}}
    assert (outcome["result"], outcome["error"], outcome["more"]) == (told, told, {"a": told})


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("/srv/genie.db", "/srv/genie.db"),
        ("host=h password=sekret dbname=x", "host=h password=*** dbname=x"),
        ("postgresql://u:sekret@h/db?sslpassword=other", "postgresql://u:***@h/db?sslpassword=***"),
        ("postgresql://u:sek@ret@h/db", "postgresql://…"),
        ("", ""),
    ],
)
def test_the_address_is_recorded_as_it_is_shown(audit: Audit, where: str, told: str) -> None:
    with audit.intent(**APPROVE, where=where):
        pass
    assert records(audit)[0]["where"] == told


def test_hostile_text_is_one_ascii_line_and_comes_back_unchanged(audit: Audit) -> None:
    hostile = "\x1b]0;x\x07\n\r\0\u202e\u2028\ud800\x7f\x85 [bold] é"
    with audit.intent(**APPROVE | {"keys": [hostile], "verb": hostile}, reason=hostile):
        pass
    for line in audit.path.read_bytes().split(b"\n")[:-1]:
        assert line.isascii() and line.decode().isprintable()
    (act,) = audit.list()
    assert (act.entry.keys, act.entry.verb, act.entry.reason) == ((hostile,), hostile, hostile)


def test_a_key_that_is_given_alone_is_one_key(audit: Audit) -> None:
    with audit.intent(**APPROVE | {"keys": "4f1c"}):
        pass
    assert records(audit)[0]["keys"] == ["4f1c"]


# -- lists -------------------------------------------------------------------------------------------------------


def test_a_list_has_the_newest_act_first_and_no_log_has_no_acts(audit: Audit) -> None:
    assert list(audit.list()) == [] and audit.head() is None
    token = audit.change_token()
    for key in "abc":
        done(audit, key)
    assert audit.change_token() != token
    page = audit.list()
    assert [act.entry.keys for act in page] == [("c",), ("b",), ("a",)]
    assert [act.entry.seq for act in page] == [5, 3, 1]
    assert page.next is None and page.damage == ()
    with pytest.raises(Invalid, match="ask for one or more"):
        audit.list(0)


@pytest.mark.parametrize("limit", range(1, 9))
def test_acts_that_overlap_find_their_outcomes_across_pages(audit: Audit, limit: int) -> None:
    acts = [audit.intent(**APPROVE | {"keys": [key]}) for key in "abcdefg"]
    for act in acts:
        act.__enter__()
    for act in acts[:2] + acts[4:]:  # c and d stay open
        act.outcome(f"done {act.id}")
    found = list(every(lambda before: audit.list(limit, before)))
    assert [act.entry.keys[0] for act in found] == list("gfedcba")
    results = [f"done {act.id}" for act in acts]
    results[2] = results[3] = "unknown"
    assert [act.result for act in found] == results[::-1]


def test_an_outcome_whose_intent_is_gone_is_still_an_act(audit: Audit) -> None:
    for key in "abc":
        done(audit, key)
    lines = audit.path.read_bytes().splitlines(keepends=True)
    audit.path.write_bytes(b"".join(lines[1::2]))  # outcomes alone
    for limit in (1, 2, 3, 9):
        found = list(every(lambda before, limit=limit: audit.list(limit, before)))
        assert sorted(act.entry.keys[0] for act in found) == ["a", "b", "c"]
        assert all(act.intent is None and act.result == "approved" for act in found)


def test_lines_that_are_no_records_hide_none_of_the_others(audit: Audit) -> None:
    done(audit, "a")
    good = audit.path.read_bytes().splitlines()[0]
    with audit.path.open("ab") as file:
        for bad in (
            b"", b"[]", b"\xff\x00", b"[" * 100_000, b'{"seq":NaN}', b"9" * 5000, b"null",
            good.replace(b'"keys":["a"]', b'"keys":"a"'), good.replace(b'"v":1', b'"v":2'),
            good.replace(b'"time":"2', b'"time":"x'), good.replace(b'"phase":"intent"', b'"phase":"other"'),
            good.replace(b'"seq":1', b'"seq":true'), good.replace(b'"unseen":0', b'"unseen":0.0'),
        ):  # fmt: skip
            file.write(bad + b"\n")
    done(audit, "b")
    page = audit.list()
    assert [act.entry.keys for act in page] == [("b",), ("a",)]
    assert len(page.damage) == 13
    assert {found.field.why for found in page.damage} >= {
        "it is not an object in JSON",
        'its field "keys" is missing, or not of its type',
        "it was written by a newer workbench",
        "its time cannot be read",
    }


# -- processes ---------------------------------------------------------------------------------------------------

ACTING = """
import sys, threading
from pathlib import Path
from workbench.desk.audit import Audit
audit = Audit(Path(sys.argv[1]), sys.argv[2])
def act(key):
    return audit.intent(source="s", verb="approve", noun="approval", keys=[key])
"""


def test_a_kill_between_the_two_records_leaves_an_act_whose_end_is_unknown(audit: Audit) -> None:
    body = "with act('killed'):\n    print('inside', flush=True)\n    threading.Event().wait()\n"
    process = subprocess.Popen(
        [sys.executable, "-c", ACTING + body, audit.path.parent, "other"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "inside\n"
    process.kill()
    process.communicate()
    done(audit, "later")
    later, killed = audit.list()
    assert (later.result, killed.result, killed.entry.operator) == ("approved", "unknown", "other")
    assert verify(audit.path).ok


def test_the_chain_holds_while_many_processes_and_threads_act_at_once(audit: Audit) -> None:
    body = "for n in range(12):\n    with act(f'{sys.argv[2]}-{n}') as now:\n        now.outcome('approved')\n"
    processes = [
        subprocess.Popen([sys.executable, "-c", ACTING + body, audit.path.parent, str(number)]) for number in range(3)
    ]
    threads = [
        threading.Thread(target=lambda name=name: [done(audit, f"{name}-{n}") for n in range(12)]) for name in "xyz"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    found = verify(audit.path)
    assert (found.ok, found.records) == (True, 144)
    acts = list(every(lambda before: audit.list(10, before)))
    assert sorted(act.entry.keys[0] for act in acts) == sorted(f"{who}-{n}" for who in "012xyz" for n in range(12))
    assert {act.result for act in acts} == {"approved"}
