"""Deciding: one guarded write, bound to what was shown, and a sentence about whoever was faster."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.agents import Place
from support.resolvers import Resolvers, one_winner_each

from workbench.data import Conflict, Corrupt, Damaged, Invalid, NotFound, ReadOnly, Source
from workbench.data.agents.records import Approval

NOON = datetime(2026, 11, 20, 12, 0, 0, 500000, tzinfo=UTC)
OTHER = {"created_at": "2026-01-01 00:00:00 +0000 UTC", "expires_at": "2026-01-01 00:00:00 +0000 UTC"}


@pytest.fixture
def held(source: Source) -> Approval:
    return source.approvals.create(tool_name="run_shell", args='{"command":"make clean"}', created_by="ada", at=NOON)


def decision(place: Place) -> tuple[Any, ...]:
    ((status, resolved_at, resolved_by, feedback),) = place.rows(
        "SELECT status, resolved_at, resolved_by, feedback FROM approvals"
    )
    return status, resolved_at, resolved_by, feedback


# -- resolve -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["approved", "rejected"])
@pytest.mark.parametrize("feedback", ["", "use the staging host"])
def test_a_decision_is_written_and_returned(source: Source, held: Approval, word: str, feedback: str) -> None:
    done = source.approvals.resolve(held.id, word, resolved_by="ops@bastion", feedback=feedback, at=NOON)
    expected = replace(held, status=word, resolved_at=NOON, resolved_by="ops@bastion", feedback=feedback)
    assert done == expected == source.approvals.get(held.id)
    assert source.approvals.still_ours(done)


def test_a_decision_is_written_as_its_program_writes_it(theirs: Place) -> None:
    with theirs.open() as source:
        held = source.approvals.create(tool_name="t")
        source.approvals.resolve(held.id, "rejected", resolved_by="ops", at=NOON)
        columns = "status, resolved_at, resolved_by, feedback"
        kinds = ", ".join(f"typeof({name})" for name in columns.split(", "))
        rows = theirs.rows(f"SELECT {columns}, {kinds} FROM approvals WHERE id = '{held.id}'")
    assert rows == [("rejected", "2026-11-20 12:00:00.5 +0000 UTC", "ops", "", *("text",) * 4)]


def test_what_is_past_its_expiry_can_still_be_resolved(source: Source, held: Approval) -> None:
    assert source.approvals.resolve(held.id, "approved", at=NOON + timedelta(days=1)).status == "approved"


def test_the_slower_one_is_told_who_was_faster(place: Place, source: Source, held: Approval) -> None:
    source.approvals.resolve(held.id, "rejected", resolved_by="eve\x1b[2J", feedback="not today", at=NOON)
    before = decision(place)
    with pytest.raises(Conflict) as told:
        source.approvals.resolve(held.id, "approved", resolved_by="ops")
    sentence = str(told.value)
    assert sentence == (
        f"approval '{held.id}' was already rejected by 'eve\\x1b[2J' at 2026-11-20 12:00:00 UTC, "
        "with feedback 'not today': nothing was changed"
    )
    with pytest.raises(Conflict, match="was already rejected by"):
        source.approvals.decide(held.id, "approved", shown=held, resolved_by="ops")
    assert decision(place) == before


def test_a_status_that_nobody_knows_is_no_pending_one(place: Place, source: Source, held: Approval) -> None:
    place.run("UPDATE approvals SET status = 'cancelled', resolved_by = NULL")
    for decide in (
        lambda: source.approvals.resolve(held.id, "approved"),
        lambda: source.approvals.decide(held.id, "rejected", shown=held, resolved_by="ops"),
        lambda: source.approvals.decide(held.id, "rejected", shown=source.approvals.get(held.id), resolved_by="ops"),
    ):
        with pytest.raises(Conflict, match=r"has the status 'cancelled', which is not pending; .* left no name"):
            decide()


BAD: list[dict[str, Any]] = [
    {"decision": "yes"},
    {"decision": "pending"},
    {"decision": None},
    {"id": 7},
    {"id": "a\0"},
    {"resolved_by": None},
    {"resolved_by": "a\0b"},
    {"feedback": 5},
    {"feedback": "\udc80"},
    {"feedback": "x" * 10_000_000},
    {"at": datetime(2026, 1, 1)},  # noqa: DTZ001
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: str(bad)[:40])
def test_a_decision_that_makes_no_sense_writes_nothing(place: Place, source: Source, held: Approval, bad: Any) -> None:
    given = {"id": held.id, "decision": "rejected", "resolved_by": "ops", **bad}
    for decide in (source.approvals.resolve, source.approvals.decide):
        shown = {"shown": held} if decide == source.approvals.decide else {}
        with pytest.raises(Invalid) as refused:
            decide(
                given["id"],
                given["decision"],
                **{k: v for k, v in given.items() if k not in ("id", "decision")},
                **shown,
            )
        assert "\n" not in str(refused.value) and len(str(refused.value)) < 250
    assert decision(place) == ("pending", None, "", "")


def test_expired_is_no_decision_of_resolve(source: Source, held: Approval) -> None:
    with pytest.raises(Invalid, match="approved"):
        source.approvals.resolve(held.id, "expired")


def test_an_unknown_id_is_not_found(place: Place, source: Source, held: Approval) -> None:
    with pytest.raises(NotFound):
        source.approvals.resolve("nobody", "approved")
    place.run("DELETE FROM approvals")
    with pytest.raises(NotFound):
        source.approvals.decide(held.id, "approved", shown=held, resolved_by="ops")


def test_a_source_that_is_read_only_decides_nothing(place: Place, source: Source, held: Approval) -> None:
    with place.open(read_only=True) as other:
        for decide in (
            lambda: other.approvals.resolve(held.id, "approved"),
            lambda: other.approvals.decide(held.id, "approved", shown=held, resolved_by="ops"),
        ):
            with pytest.raises(ReadOnly):
                decide()


# -- decide ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "given", "written"),
    [
        ("approved", "", ""),
        ("rejected", "", ""),
        ("rejected", "try --dry-run", "try --dry-run"),
        ("expired", "", "Dismissed: nobody was waiting"),
        ("expired", " \n", "Dismissed: nobody was waiting"),
        ("expired", "the agent is gone", "the agent is gone"),
    ],
)
def test_operators_decide_what_they_were_shown(
    source: Source, held: Approval, word: str, given: str, written: str
) -> None:
    done = source.approvals.decide(held.id, word, shown=held, resolved_by="ops", feedback=given, at=NOON)
    assert done == replace(held, status=word, resolved_at=NOON, resolved_by="ops", feedback=written)


def test_an_approval_with_feedback_is_refused_because_it_would_not_run(source: Source, held: Approval) -> None:
    with pytest.raises(Invalid, match="is not run by its program"):
        source.approvals.decide(held.id, "approved", shown=held, resolved_by="ops", feedback="fine")
    assert source.approvals.get(held.id) == held


@pytest.mark.parametrize("name", [f.name for f in fields(Approval) if f.name not in ("id", "status", "stored")])
def test_a_row_that_changed_in_any_column_is_not_decided(
    place: Place, source: Source, held: Approval, name: str
) -> None:
    value = OTHER.get(name, "2026-01-01 00:00:00 +0000 UTC" if name == "resolved_at" else "other")
    value = value if place.engine == "sqlite" else value.removesuffix(" UTC")
    place.run(f"UPDATE approvals SET {name} = '{value}'")
    for word in ("approved", "rejected", "expired"):
        with pytest.raises(Conflict, match=rf"not as it was shown \({name} was .*, is .*\): look at it again"):
            source.approvals.decide(held.id, word, shown=held, resolved_by="ops")
    assert place.rows("SELECT status FROM approvals") == [("pending",)]
    again = source.approvals.get(held.id)
    assert source.approvals.decide(held.id, "approved", shown=again, resolved_by="ops").resolved_by == "ops"


def test_an_expiry_that_came_or_went_is_a_change(place: Place, source: Source, held: Approval) -> None:
    place.run("UPDATE approvals SET expires_at = NULL")
    with pytest.raises(Conflict, match=r"expires_at was '2026-11-20 12:30.*, is nothing"):
        source.approvals.decide(held.id, "approved", shown=held, resolved_by="ops")
    endless = source.approvals.get(held.id)
    assert source.approvals.decide(held.id, "approved", shown=endless, resolved_by="ops").expires_at is None


def test_the_difference_of_long_arguments_is_shown_where_it_is(place: Place, source: Source) -> None:
    held = source.approvals.create(tool_name="t", args="a" * 5000 + "rm -r build" + "z" * 5000)
    place.run("UPDATE approvals SET args = replace(args, 'rm -r build', 'rm -r /')")
    with pytest.raises(Conflict) as told:
        source.approvals.decide(held.id, "approved", shown=held, resolved_by="ops")
    assert "rm -r build" in str(told.value) and "rm -r /" in str(told.value) and len(str(told.value)) < 400


def test_a_decision_is_signed(source: Source, held: Approval) -> None:
    with pytest.raises(Invalid, match="resolved_by is required"):
        source.approvals.decide(held.id, "approved", shown=held, resolved_by="")


def test_a_record_that_was_not_read_or_is_another_one_is_refused(source: Source, held: Approval) -> None:
    other = source.approvals.create(tool_name="t")
    for shown in (None, "run_shell", other, replace(held, stored={}), replace(held, args=None)):
        with pytest.raises(Invalid):
            source.approvals.decide(held.id, "approved", shown=shown, resolved_by="ops")
    assert source.approvals.get(held.id) == held


def test_a_row_without_its_empty_texts_can_be_decided(place: Place, source: Source, held: Approval) -> None:
    nulls = ("question", "sender_context", "created_by", "feedback", "resolved_by", "tenant_id")
    place.run(f"UPDATE approvals SET {', '.join(f'{name} = NULL' for name in nulls)}")
    shown = source.approvals.get(held.id)
    assert source.approvals.decide(held.id, "approved", shown=shown, resolved_by="ops").status == "approved"


def test_a_row_of_an_older_database_can_be_decided(place: Place) -> None:
    place.run("ALTER TABLE approvals DROP COLUMN created_by")
    with place.open() as source:
        held = source.approvals.create(tool_name="t", created_by="ada")
        place.run("UPDATE approvals SET args = 'changed'")
        with pytest.raises(Conflict, match="args was '', is 'changed'"):
            source.approvals.decide(held.id, "approved", shown=held, resolved_by="ops")
        shown = source.approvals.get(held.id)
        assert source.approvals.decide(held.id, "approved", shown=shown, resolved_by="ops").status == "approved"


@pytest.mark.parametrize(
    ("column", "value", "changed"),
    [
        ("tool_name", "x'72756e5f7368656c6c'", "x'72756e5f7368656c6d'"),  # bytes that are text
        ("args", "CAST(x'7b00227d' AS TEXT)", "CAST(x'7b00227e' AS TEXT)"),  # a text that holds NUL
        ("args", "CAST(x'7bff7d' AS TEXT)", "CAST(x'7bfe7d' AS TEXT)"),  # a text that is no UTF-8
        ("question", "x'fffe'", "x'fffd'"),  # unreadable, but nothing that is decided
        ("created_at", "1795175900", "1795175901"),
        ("created_at", "1795175900.5", "1795175900.25"),
        ("created_at", "'not a time'", "'no time'"),
        ("created_at", "CAST('2026-11-20 12:00:00 +0000 UTC' AS BLOB)", "'2026-11-20 12:00:00 +0000 UTC'"),
    ],
)
def test_odd_values_that_sqlite_holds_can_be_decided(theirs: Place, column: str, value: str, changed: str) -> None:
    with theirs.open() as source:
        held = source.approvals.create(tool_name="run_shell")
        where = f"WHERE id = '{held.id}'"
        theirs.run(f"UPDATE approvals SET {column} = {value} {where}")
        shown = source.approvals.get(held.id)
        theirs.run(f"UPDATE approvals SET {column} = {changed} {where}")
        with pytest.raises(Conflict, match=f"{column} was "):
            source.approvals.decide(held.id, "approved", shown=shown, resolved_by="ops")
        theirs.run(f"UPDATE approvals SET {column} = {value} {where}")
        assert source.approvals.decide(held.id, "approved", shown=shown, resolved_by="ops").status == "approved"


@pytest.mark.parametrize(
    ("column", "value"),
    [("args", "x'7bff7d'"), ("tool_name", "x'ff'"), ("expires_at", "'soon'"), ("expires_at", "1795177680000")],
)
def test_nothing_is_decided_while_it_cannot_be_read(theirs: Place, column: str, value: str) -> None:
    with theirs.open() as source:
        held = source.approvals.create(tool_name="run_shell")
        theirs.run(f"UPDATE approvals SET {column} = {value} WHERE id = '{held.id}'")
        shown = source.approvals.get(held.id)
        assert isinstance(getattr(shown, column), Damaged)
        for word in ("approved", "rejected", "expired"):
            with pytest.raises(Corrupt, match=f"cannot be decided while its {column} cannot be read"):
                source.approvals.decide(held.id, word, shown=shown, resolved_by="ops")
        assert theirs.rows(f"SELECT status FROM approvals WHERE id = '{held.id}'") == [("pending",)]


# -- others ------------------------------------------------------------------------------------------------------


def test_a_decision_that_another_program_overwrites_is_told(place: Place, source: Source, held: Approval) -> None:
    done = source.approvals.decide(held.id, "rejected", shown=held, resolved_by="ops")
    assert source.approvals.still_ours(done)
    place.run("UPDATE approvals SET status = 'approved', resolved_by = 'demo-user'")
    assert not source.approvals.still_ours(done)
    place.run("DELETE FROM approvals")
    assert not source.approvals.still_ours(done)


@pytest.mark.parametrize("after", ["approved", "pending", None])
def test_a_decision_that_is_overwritten_at_once_is_no_success(place: Place, source: Source, after: str | None) -> None:
    """A trigger plays the program that overwrites us between our write and our second look."""
    held = source.approvals.create(tool_name="t")
    change = (
        "DELETE FROM approvals" if after is None else f"UPDATE approvals SET status = '{after}', resolved_by = 'bob'"
    )
    if place.engine == "sqlite":
        place.run(f"CREATE TRIGGER t AFTER UPDATE OF feedback ON approvals BEGIN {change}; END")
    else:
        body = f"BEGIN IF pg_trigger_depth() = 1 THEN {change}; END IF; RETURN NULL; END"
        place.run(f"CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        place.run("CREATE TRIGGER t AFTER UPDATE ON approvals FOR EACH ROW EXECUTE FUNCTION t()")
    words = {"approved": "already approved by 'bob' .* theirs stands", "pending": "pending again", None: "was removed"}
    with pytest.raises(Conflict, match=words[after]):
        source.approvals.decide(held.id, "rejected", shown=held, resolved_by="ops")


def test_of_several_operators_one_decides_and_the_others_are_told(place: Place, source: Source) -> None:
    ids = [source.approvals.create(tool_name="t").id for _ in range(20)]
    with Resolvers(place.target, [ids, ids, ids[::-1], ids[::-1]]) as operators:
        operators.go()
        winners = one_winner_each(ids, operators.results())
    decided = {row.id: (row.status, row.resolved_by) for row in source.approvals.list()}
    assert decided == {id: ("approved", f"operator-{number}") for id, number in winners.items()}


def test_a_change_that_is_made_meanwhile_is_never_decided(place: Place, source: Source) -> None:
    """Another program changes the arguments of every row while an operator decides them: first come, first served."""
    ids = [source.approvals.create(tool_name="t", args="shown").id for _ in range(30)]
    with Resolvers(place.target, [ids], bound=True) as operators:
        operators.go()
        for id in ids[::-1]:
            place.run(f"UPDATE approvals SET args = 'changed' WHERE id = '{id}' AND status = 'pending'")
        ((won, lost, failed),) = operators.results()
    assert failed == [] and len(won) + len(lost) == len(ids)
    rows = {row.id: (row.args, row.status) for row in source.approvals.list()}
    for id in ids:
        assert rows[id] == (("shown", "rejected") if id in won else ("changed", "pending"))
    assert all("args was 'shown', is 'changed'" in sentence for sentence in lost)
