"""Every verb on a copy of what the other program wrote: looked at first, done, on record, readable to it, undone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.agents import Place
from support.fixtures import copied, fixture

from workbench.data import Source
from workbench.data.agents.examine import examine
from workbench.data.errors import Conflict
from workbench.desk.acting import perform
from workbench.desk.audit import Audit
from workbench.desk.doing import carry_out
from workbench.desk.kinds import APPROVAL
from workbench.desk.noun import Ask
from workbench.desk.nouns import deeds, nouns
from workbench.desk.trash import Trash
from workbench.desk.trash_undo import undo
from workbench.desk.verb import NEVER, Doing, Verb
from workbench.desk.verbs import VERBS

TABLES = (
    "approvals", "clarifications", "sessions", "session_events", "session_states", "session_summaries", "app_states",
    "user_states", "memories", "short_memories", "cron_tasks", "cron_history",
)  # fmt: skip
# What each deed is told, beside the record that it is done to.
OPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("session", "set"): {"key": "mood", "value": "wild"},
    ("session", "unset"): {},  # a key that the session has
    ("event", "purge"): {"older_than": "1d", "app": "genie"},
    ("memory", "edit"): {"content": "likes coffee"},
    ("memory", "forget"): {},  # the user of the first memory
    ("short-memory", "purge"): {"expired": True},
}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The database of a fleet, as its program left it."""
    if request.param == "sqlite":
        path = str(copied("agents/genie_fleet.db", tmp_path))
        return Place("sqlite", path, path)
    target = request.getfixturevalue("restored")(fixture("agents/genie_fleet_pg.sql.gz"))
    return Place("postgres", target, target)


def everything(place: Place) -> dict[str, list[Any]]:
    return {table: sorted(place.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def bytes_of(place: Place) -> bytes:
    """The database itself, where it is a file."""
    return Path(place.target).read_bytes() if place.engine == "sqlite" else b""


def used(verb: Verb, source: Source, place: Place, home: Path) -> tuple[tuple[str, ...] | None, Doing]:
    """On what a deed is done here, and how."""
    options = {**OPTIONS.get((verb.noun, verb.id), {}), "deed": verb.id}
    record: Any = None
    noun = nouns()[verb.noun]
    if (verb.noun, verb.id) == ("session", "unset"):
        *session, options["key"] = place.rows("SELECT app_name, user_id, session_id, key FROM session_states")[0]
        record = noun.get(source, tuple(session))
    elif not verb.sweep:
        record = noun.page(source, Ask(limit=1)).rows[0]
    elif verb.id == "forget":
        first = nouns()["memory"].page(source, Ask(limit=1)).rows[0]
        options |= {"app": first.app_name, "user": first.user_id}
    doing = Doing(record, options, "ops@bastion", Trash(home))
    doing = replace(doing, shown=verb.look(source, doing)) if verb.look else doing
    return None if record is None else noun.key(record), doing


@pytest.mark.parametrize("which", deeds(), ids=" ".join)
def test_a_deed_does_what_it_says_to_what_another_program_wrote(
    fleet: Place, tmp_path: Path, which: tuple[str, str]
) -> None:
    verb, home = deeds()[which], tmp_path / "home"
    audit, before, stored = Audit(home, "ops@bastion"), everything(fleet), bytes_of(fleet)
    with fleet.open(name="prod") as source:
        key, doing = used(verb, source, fleet, home)
        counts = verb.preview(source, doing)
        assert sum(counts.values()) > 0
        assert everything(fleet) == before and bytes_of(fleet) == stored and not audit.list()
        done, unrecorded = carry_out(verb, source, doing, audit=audit, key=key, counts=counts)
        after = everything(fleet)
        assert unrecorded is None and after != before
        (act,) = audit.list()
        assert (act.entry.verb, act.result, act.entry.counts) == (verb.id, verb.done, dict(counts))
        assert list(examine(source)) == []  # nothing that the other program would stumble over
        if done.entry is None:
            assert "can be put back" not in verb.told and "can be put back" not in verb.words
        else:
            undo(source, doing.trash.get(done.entry), doing.trash, audit)  # type: ignore[union-attr]
            assert everything(fleet) == before and len(audit.list()) == 2


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.id)
def test_a_decision_is_what_the_other_program_would_have_written(fleet: Place, tmp_path: Path, verb: Verb) -> None:
    audit, before = Audit(tmp_path / "home", "ops@bastion"), everything(fleet)
    kind = "approvals" if verb.noun == APPROVAL else "clarifications"
    text = "" if verb.text == NEVER else "because"
    with fleet.open(name="prod") as source:
        store = source.approvals if kind == "approvals" else source.clarifications
        record = store.list_pending(limit=1).rows[0]
        report = perform(verb, source, record, text, audit=audit)
        assert report.error is None and report.unrecorded is None
        after = everything(fleet)
        changed = [row for row in after[kind] if row not in before[kind]]
        assert len(changed) == 1 and changed[0][0] == record.id
        more = {table: len(rows) - len(before[table]) for table, rows in after.items() if rows != before[table]}
        # An answer takes away the mark that this was asked, if there is one: it may be asked again.
        assert more in ({kind: 0}, {kind: 0, "short_memories": -1} if verb.id == "answer" else {})
        assert list(examine(source)) == []
        again = perform(verb, source, record, text, audit=audit)
        assert isinstance(again.error, Conflict) and everything(fleet) == after
    assert [act.result for act in audit.list()] == ["failed", verb.done]
