"""Every list of every noun takes the same options, and each of them does what it says; no noun is left out."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import click
import pytest
from support.commands import Commands, commands_below
from support.hostile import EVERY

from workbench.cli.app import root
from workbench.cli.nouns import EACH
from workbench.data import Source, open_source
from workbench.data.agents.writing import user_message
from workbench.desk import moments
from workbench.desk.audit import Audit
from workbench.desk.noun import HOUSE, Noun
from workbench.desk.nouns import nouns
from workbench.desk.nouns.audit import AUDIT

ALL = pytest.mark.parametrize("noun", nouns().values(), ids=list(nouns()))
OPTIONS = {"--source", "--filter", "--limit", "--columns", "--csv", "--utc", "--strict"}
WORST = "\x1b[2J\u202eworst\u200b"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """Two sources with something of each noun in each, and acts on record."""
    monkeypatch.setattr(moments, "_zone", None)  # --utc is for the whole run of a program, and this is one of many
    commands = commands_below(tmp_path, monkeypatch, capsys)
    text = ""
    for name in ("one", "two"):
        with open_source(tmp_path / f"{name}.db", create=True) as source:
            fill(source, name)
        text += f'[sources.{name}]\ntarget = "{tmp_path}/{name}.db"\n'
    commands.settings(text)
    for name in ("one", "two"):
        with Audit(commands.own, "ops@bastion").intent(source=name, verb="approve", noun="approval", keys=[WORST]):
            pass
    return commands


def fill(source: Source, name: str) -> None:
    for number in range(2):
        key = (f"app-{name}", "ann", f"session-{number}")
        source.sessions.create_session(key)
        source.sessions.append_event(key, user_message(f"{name} says {number} {WORST}"))
        source.memories.add_memory((f"app-{name}", "ann"), f"{name} likes {number} {WORST}", ["taste"])
        source.short_memory.set("seen", f"{name}-{number}", WORST, 3600)
        source.approvals.create(tool_name=f"tool-{name}", args=json.dumps({"command": WORST}))
        source.clarifications.ask(f"{name} may do {number}? {WORST}")


def commands_of(noun: Noun) -> dict[str, click.Command]:
    group = root.commands[noun.id]
    assert isinstance(group, click.Group)
    return dict(group.commands)


@ALL
def test_every_noun_has_every_command_and_every_list_the_same_options(noun: Noun) -> None:
    commands = commands_of(noun)
    assert {*EACH} <= {*commands} | noun.lacks
    for name in ("list", "search"):
        has = {option for parameter in commands[name].params for option in parameter.opts}
        assert has >= OPTIONS, (name, OPTIONS - has)
    others = {"show": {"--source", "--utc"}, "export": {"--source", "--filter", "--csv", "--output"}}
    others["watch"] = {"--source", "--filter", "--columns", "--utc"}
    for name, wanted in others.items():
        if name not in noun.lacks and noun.id != "source":  # to show a source is to ask it
            has = {option for parameter in commands[name].params for option in parameter.opts}
            assert has >= wanted - ({"--source"} if name == "show" and noun.where == HOUSE else set())


@ALL
def test_each_option_of_a_list_does_what_it_says(run: Commands, noun: Noun) -> None:
    both = ["--source", "one", "--source", "two"]
    whole = run(noun.id, "list", *both, "--json")
    assert whole.code == 0 and len(whole.rows) >= 2 and whole.err == ""
    names = {row["name" if noun.id == "source" else "source"] for row in whole.rows}
    assert names == {"one", "two"}
    one = run(noun.id, "list", "--source", "one", "--json").rows
    assert 0 < len(one) < len(whole.rows)
    first = run(noun.id, "list", *both, "--limit", "1", "--json")
    assert 0 < len(first.rows) < len(whole.rows) and "--limit shows more" in first.err
    assert not run(noun.id, "list", *both, "--filter", "nobody-says-this", "--json").rows
    assert run(noun.id, "list", *both, "--filter", "nobody-says-this").err.startswith("note: no")
    for term in noun.terms:
        wrong = run(noun.id, "list", "--source", "one", "--filter", f"{term}=nobody", "--json")
        assert wrong.code in (0, 2, 3) and wrong.rows == []  # of some it is known what they may be
    field = next(iter(whole.rows[0]))
    table = run(noun.id, "list", *both, "--csv", "--columns", field).out
    assert next(iter(csv.reader(io.StringIO(table)))) == [field]
    columns = [column.id for column in noun.columns][:2]
    people = run(noun.id, "list", *both, "--columns", ",".join(columns), "--utc", "--no-color", "--strict")
    head = people.out.splitlines()[0].split()
    titles = [word for id in columns for word in id.upper().replace("_", " ").split()]
    assert people.code == 0 and head[-len(titles) :] == titles
    wrong = run(noun.id, "list", "--columns", "nonsense", *both).refused(2)
    assert 'have no column "nonsense"' in wrong


@ALL
def test_what_is_searched_shown_and_exported_is_what_was_listed(run: Commands, noun: Noun, tmp_path: Path) -> None:
    word = {"session": "session-1", "source": "two", "audit": "two", "approval": "tool-two"}.get(noun.id, "two")
    if noun.id == "short-memory":
        word = "two-1"
    found = run(noun.id, "search", word, "--source", "two", "--json")
    assert found.code == 0 and found.rows
    if "export" not in noun.lacks:
        file = tmp_path / "exported"
        assert run(noun.id, "export", "--source", "two", "--output", str(file)).code == 0
        exported = [json.loads(line) for line in file.read_text().splitlines()]
        assert all(row in exported for row in found.rows)
        lines = run(noun.id, "export", "--source", "two", "--csv").out
        assert len(list(csv.reader(io.StringIO(lines)))) == len(exported) + 1
    id = {"session": "session_id", "source": "name", "short-memory": "key"}.get(noun.id, "id")
    shown = run(noun.id, "show", str(found.rows[0][id]), *(["--source", "two"] if noun.where != HOUSE else []))
    assert (shown.code == 0 and "␛[2J" in shown.out) or noun.id in ("session", "source", "inbox")
    assert run(noun.id, "show", "no-such-id", *(["--source", "two"] if noun.where != HOUSE else [])).code in (2, 3)


def same(row: dict[str, object], noun: Noun) -> dict[str, object]:
    """What a row says that does not depend on when it was read, or on whether its source was asked."""
    return {"name": row["name"]} if noun.id == "source" else row


def test_the_inbox_takes_its_options_before_an_id_and_before_a_command(run: Commands) -> None:
    id = run("inbox", "--source", "one", "--json", "--filter", "kind=approval").rows[0]["id"]
    for words in (["inbox", "--source", "one", id], ["inbox", id, "--source", "one"]):
        assert run(*words, "--json").rows[0]["id"] == id
        assert "tool-one" in run(*words).out
    whole = run("inbox", "--source", "one", "--json").rows
    assert run("inbox", "--source", "one", "list", "--json").rows == whole
    assert run("inbox", "list", "--source", "one", "--json").rows == whole
    assert run("inbox", "--source", "one", "search", "may do 1", "--json").rows == [
        row for row in whole if "may do 1" in row["what"]
    ]
    assert run("inbox", "--source", "one", "nobody").refused(3).startswith("nothing in one has an id")


def test_the_inbox_is_filtered_and_cut_after_it_is_sorted(run: Commands) -> None:
    both = ["--source", "one", "--source", "two"]
    whole = run("inbox", *both, "--json").rows
    for filter, fits in (
        ("kind=question", lambda row: row["kind"] == "question"),
        ("tool=tool-two", lambda row: row["what"] == "tool-two"),
        ("state=waiting tool-one", lambda row: row["what"] == "tool-one"),
        ("state=overdue", lambda row: False),
    ):
        assert run("inbox", *both, "--filter", filter, "--json").rows == [row for row in whole if fits(row)]
    cut = run("inbox", *both, "--limit", "3", "--json")
    assert cut.rows == whole[:3] and cut.err == f"note: {len(whole) - 3} more wait; --limit shows more of them\n"
    assert run("inbox", *both, "--filter", "state=overdue").err == "note: nothing that waits matches\n"
    assert "kind=approval or kind=question" in run("inbox", *both, "--filter", "kind=x").refused(2)
    assert "state=waiting or state=abandoned or state=overdue" in run("inbox", "--filter", "state=x").refused(2)


def test_the_audit_is_filtered_by_who_where_and_what(run: Commands) -> None:
    with Audit(run.own, "eve@desk").intent(source="one", verb="reject", noun="approval", keys=["a"], reason="late"):
        pass
    rows = run("audit", "list", "--json").rows
    assert [row["operator"] for row in rows] == ["eve@desk", "ops@bastion", "ops@bastion"]
    for filter, count in (("operator=eve@desk", 1), ("source=one", 2), ("verb=approve source=one", 1), ("late", 1)):
        assert len(run("audit", "list", "--filter", filter, "--json").rows) == count
    id = rows[0]["id"]
    shown = run("audit", "show", id[:8])
    assert shown.code == 0 and "eve@desk" in shown.out and "reject approval" in shown.out
    assert run("audit", "show", "1").out == run("audit", "show", rows[-1]["id"]).out  # by the number of its record
    assert "too little of an id" in run("audit", "show", "ab").refused(2)
    assert run("audit", "show", "ffffffffffff").code == 3


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]], ids=["table", "json", "csv"])
def test_no_text_of_the_audit_log_acts_or_hides(run: Commands, form: list[str]) -> None:
    """Each run fails on a character that is not printable; whoever can write the log can write anything into it."""
    audit = Audit(run.own, "ops")
    for text in EVERY:
        told = dict.fromkeys(("source", "verb", "noun", "reason", "where", "via"), text)
        with audit.intent(**told, keys=[text], more={text: text}) as act:
            act.outcome(text, error=text, counts={text: 1})
    every = ",".join(column.id for column in AUDIT.columns)
    limit = ["--limit", str(len(EVERY))]
    columns = ["--columns", every] if form != ["--json"] and form != ["--csv"] else []
    found = run("audit", "list", *limit, *form, *columns)
    assert found.code == 0 and len(found.out.splitlines()) >= len(EVERY)
    assert run("audit", "search", "no-such-text", *form).code == 0
    assert run("audit", "export", *[one for one in form if one != "--json"]).code == 0
    id = run("audit", "list", "--json").rows[0]["id"]
    assert run("audit", "show", id, *[one for one in form if one != "--csv"]).code == 0


def test_sources_are_listed_without_opening_them(run: Commands, tmp_path: Path) -> None:
    (tmp_path / "two.db").unlink()
    (tmp_path / "two.db").mkdir()  # opening it would fail
    rows = run("source", "list", "--unasked", "--json").rows
    assert [(row["name"], row["state"], row["engine"]) for row in rows] == [
        (name, "not asked", "sqlite") for name in ("one", "two", "home")
    ]
    states = {row["name"]: row["state"] for row in run("source", "list", "--json").rows}
    assert states["one"] == "ok" and states["two"] != "ok"
    assert [row["name"] for row in run("source", "list", "--json", "--filter", "state=ok one").rows] == ["one"]
    assert [row["name"] for row in run("source", "search", "two", "--json").rows] == ["two"]
    assert run("source", "list", "--source", "tow").refused(3).endswith('did you mean "two"?')
