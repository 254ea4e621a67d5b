"""An item in full, on both engines: its parts, what must be seen, what is masked, and what is only known."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.agents import Place
from support.fixtures import copied
from support.inboxes import ARGS, NOON, SECRET, ago, ask, wonder

from workbench.data import Source, open_source
from workbench.data.agents.records import Approval, Clarification
from workbench.desk.detail import Detail
from workbench.desk.inbox import of_approval, of_question, read_inbox
from workbench.desk.item_detail import changed_fields, read_detail


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import time

    with monkeypatch.context() as here:
        here.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def read(source: Source, record: Approval | Clarification, **options: object) -> Detail:
    """A record in full at noon."""
    item = of_approval("prod", record) if isinstance(record, Approval) else of_question("prod", record)
    found = read_detail(source, item, at=NOON, **options)  # type: ignore[arg-type]
    assert found is not None
    return found


def texts(detail: Detail) -> list[str]:
    """Its lines as they are read, without trailing blanks."""
    return [f"{line.label:9}{''.join(text for text, _ in line.pieces)}".rstrip() for line in detail.lines]


def test_an_approval_has_its_times_its_call_its_reason_and_its_history(source: Source) -> None:
    old = ask(source, args=ARGS.replace("3", "2"), minutes=90)
    source.approvals.resolve(old.id, "approved", resolved_by="ops2", at=ago(40))
    ask(source, args="{}", minutes=80, ttl=None)
    call = ask(source, minutes=8, ttl=600.0, question="scale it\nto three", sender_context="slack:U1:C1")
    detail = read(source, call)
    assert texts(detail) == [
        "asked    11:52 (8m) by slack:U1:C1",
        "expires  12:02 (in 2m)",
        "agent    probably waits · last write to this database 8m ago",
        "tool     save_file",
        "args     {",
        '           "path": "/srv/app/config.yaml",',
        '           "content": "replicas: 3\\n"',
        "         }",
        "why      scale it",
        "         to three",
        "before   1 approved in the newest 3, last 11:20 by ops2",
        "differs  from the last approved call: content",
    ]
    assert [str(line.pieces[0][0]) for line in detail.must_see][:2] == ["save_file", "{"] and len(detail.must_see) == 7
    assert detail.refusals == {} and detail.cautions == () and detail.secrets == 0


def test_the_same_call_again_differs_in_nothing(source: Source) -> None:
    source.approvals.resolve(ask(source, minutes=9).id, "approved", resolved_by="ops2", at=ago(9))
    source.approvals.resolve(ask(source, minutes=8).id, "rejected", resolved_by="ops3", feedback="no", at=ago(7))
    lines = texts(read(source, ask(source)))
    assert "before   1 approved, 1 sent back in the newest 3, last 11:53 by ops3" in lines
    assert "differs  in nothing from the last approved call" in lines


def test_a_question_has_its_words_and_its_context(source: Source) -> None:
    asked = wonder(source, "Which region?\nAnd when?", minutes=11, context="prod is frozen")
    detail = read(source, asked)
    assert texts(detail)[:1] == ["asked    11:49 (11m) by agui:web-1"]
    assert texts(detail)[1].startswith("agent    has probably given up (older than 10m)")
    assert texts(detail)[2:] == ["asks     Which region?", "         And when?", "context  prod is frozen"]
    assert len(detail.must_see) == 3


def test_an_overdue_call_has_probably_been_given_up_and_nothing_is_claimed(source: Source) -> None:
    lines = texts(read(source, ask(source, minutes=8, ttl=60.0)))
    assert "expires  11:53 (7m ago)" in lines
    assert any(line.startswith("agent    has probably given up (past its expiry)") for line in lines)


def test_at_another_moment_only_the_ages_are_others_and_nothing_is_read(source: Source, place: Place) -> None:
    detail = read(source, ask(source, minutes=4, ttl=659.0))
    place.run("DELETE FROM approvals")
    assert detail.at(NOON) is detail and detail.at(NOON + timedelta(seconds=30)) is detail
    later = detail.at(NOON + timedelta(minutes=8))
    assert texts(later)[:3] == [
        "asked    11:56 (12m) by agui:web-1",
        "expires  12:06 (1m ago)",
        "agent    has probably given up (past its expiry) · last write to this database 12m ago",
    ]
    assert later.lines[3:] == detail.lines[3:] and later.record == detail.record


def test_secrets_are_masked_everywhere_until_revealed_and_counted(source: Source) -> None:
    args = json.dumps({"token": SECRET, "env": "prod"})
    call = ask(source, args=args, question=f"with token={SECRET}")
    masked = read(source, call)
    assert SECRET not in "".join(texts(masked)) and "".join(texts(masked)).count("⟨secret 40⟩") == 2
    assert masked.secrets == 2 and not masked.revealed and masked.cautions == ("2 secrets are masked",)
    shown = read(source, call, reveal=call)
    assert "".join(texts(shown)).count(SECRET) == 2 and shown.revealed and shown.cautions == ("2 secrets are shown",)
    asked = wonder(source, f"token={SECRET} ?", context=f"or token={SECRET}")
    assert SECRET not in "".join(texts(read(source, asked))) and read(source, asked).secrets == 2


def test_only_what_was_shown_is_revealed(source: Source, place: Place) -> None:
    call = ask(source, args=json.dumps({"token": SECRET}))
    other = SECRET[::-1]
    place.run(f"UPDATE approvals SET args = '{json.dumps({'token': other})}'")
    detail = read(source, call, reveal=call)
    assert not detail.revealed and other not in "".join(texts(detail))
    assert detail.cautions == ("1 secret is masked",)


def test_signs_are_noted_wherever_they_stand(source: Source) -> None:
    call = ask(source, "de\u200bploy", '{"a": "\u202e"}', question="why\u2060", sender_context="agui:\u200dx")
    detail = read(source, call)
    assert [str(caution) for caution in detail.cautions] == [
        "3 invisible characters shown as ⟨U+200D⟩, ⟨U+200B⟩, ⟨U+2060⟩",
        "1 character that turns the direction of text shown as ⟨U+202E⟩",
    ]
    assert [line for line in texts(detail) if "⚠" in line] == [
        f"notes    ⚠ {detail.cautions[0]}",
        f"         ⚠ {detail.cautions[1]}",
    ]


def test_a_decided_item_says_how_and_has_no_verb_left(source: Source) -> None:
    call = ask(source)
    done = source.approvals.resolve(call.id, "rejected", resolved_by="ops2", feedback="no", at=NOON)
    detail = read(source, done)
    assert texts(detail)[1] == "status   rejected by ops2 at 12:00: no"
    assert set(detail.refusals.values()) == {"already rejected"}


def test_a_row_that_is_gone_has_no_detail(source: Source, place: Place) -> None:
    item = of_approval("prod", ask(source))
    place.run("DELETE FROM approvals")
    assert read_detail(source, item) is None


def test_damage_is_told_must_be_seen_and_keeps_from_deciding(tmp_path: Path) -> None:
    with open_source(copied("agents/genie_damaged.db", tmp_path), read_only=False) as source:
        found = 0
        for item in read_inbox(source, "damaged").items:
            detail = read_detail(source, item)
            assert detail is not None
            damaged = [line for line in detail.lines if line.label == "damaged"]
            found += bool(damaged)
            assert all(line.must_see for line in damaged)
            broken = {str(line.pieces[0][0]).split(":")[0] for line in damaged}
            if item.kind == "approval" and broken & {"tool_name", "args", "status", "expires_at"}:
                assert set(detail.refusals) >= {"approve", "reject", "dismiss"}
            elif item.kind == "approval":
                assert detail.refusals == {}
        assert found >= 3


def test_what_changed_is_named_down_to_the_arguments(source: Source, place: Place) -> None:
    before = ask(source)
    place.run("""UPDATE approvals SET args = '{"path": "/etc", "content": "replicas: 3\\n"}', question = 'because'""")
    after = source.approvals.get(before.id)
    assert changed_fields(before, after).startswith("args, question (") and "path" in changed_fields(before, after)
    assert changed_fields(before, before) == ""
