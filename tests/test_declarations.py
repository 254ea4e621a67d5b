"""A walk over every noun and every verb: none lacks words, a command, a place on the screen, or its word on record.

Their rows in the README are compared in `test_readme.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from workbench.cli.app import root
from workbench.data import Source, open_source
from workbench.data.agents.writing import user_message
from workbench.desk.acting import perform
from workbench.desk.audit import Audit
from workbench.desk.doing import carry_out
from workbench.desk.kinds import APPROVAL, INBOX, QUESTION
from workbench.desk.noun import HOUSE, SOURCE, Noun
from workbench.desk.nouns import deeds, nouns, verbs, verbs_of
from workbench.desk.trash import Trash
from workbench.desk.verb import CHANGE, DESTROY, NEVER, Doing, Verb
from workbench.desk.verbs import BY_ID, VERBS
from workbench.tui.keymap import bound
from workbench.tui.view_screen import VIEWS

NOUNS = pytest.mark.parametrize("noun", nouns().values(), ids=list(nouns()))
EACH = pytest.mark.parametrize("verb", verbs(), ids=[f"{verb.noun} {verb.id}" for verb in verbs()])
KEY = ("genie", "ann", "s-1")


def is_sentence(words: str) -> bool:
    return words[:1].isupper() and words.endswith(".")


def commands_of(noun: str) -> dict[str, click.Command]:
    group = root.commands[noun]
    assert isinstance(group, click.Group)
    return dict(group.commands)


@NOUNS
def test_every_noun_says_what_it_is_and_has_its_commands_and_its_place_on_the_screen(noun: Noun) -> None:
    assert is_sentence(noun.words) and noun.plural and noun.where in (SOURCE, HOUSE)
    assert noun.columns and all(column.words and column.title for column in noun.columns)
    assert any(column.listed for column in noun.columns) and any(column.on_screen for column in noun.columns)
    assert all(noun.terms.values())
    assert commands_of(noun.id) and (root.commands[noun.id].help or "").strip()
    assert all(command.help for command in commands_of(noun.id).values())
    assert (noun.where == HOUSE) or noun.needs or noun.either
    in_a_view = any(noun.id in view.nouns for view in VIEWS)
    assert in_a_view or noun.binding in bound(), f"{noun.id} is nowhere on the screen"


def test_no_view_shows_what_is_no_noun_and_each_has_its_key() -> None:
    for view in VIEWS:
        assert {*view.nouns} <= {*nouns()} and bound()[view.id].keys == (view.key,)


@EACH
def test_every_verb_says_what_it_does_and_is_a_command_of_its_nouns(verb: Verb) -> None:
    assert is_sentence(verb.words) and verb.title and verb.done
    assert not verb.told or verb.told.endswith(".")
    assert verb.danger in (CHANGE, DESTROY) and (verb.text == NEVER) == (verb.asks == "")
    assert verb.applies <= {*nouns()} and verb in verbs_of(verb.noun)
    for noun in verb.applies:
        command = commands_of(noun)[verb.id]
        options = {name for parameter in command.params for name in parameter.opts}
        assert command.help == verb.words and {"--source", "--yes"} <= options
        assert {f"--{option.id}" for option in verb.options} <= options
        assert all(is_sentence(option.words) for option in verb.options)
        assert verb.sweep is ("ids" not in options)
        assert verb.command(noun).split() == ["workbench", noun, verb.id]


@EACH
def test_a_verb_with_a_key_is_bound_to_it(verb: Verb) -> None:
    assert bool(verb.key) is bool(verb.binding)
    if verb.key:
        assert verb.key in bound()[verb.binding].keys


def test_the_verbs_of_the_inbox_have_short_forms_and_no_others_do() -> None:
    decisions = {verb for verb in verbs() if verb.decides}
    assert decisions == {*VERBS} == {*BY_ID.values()} and len({verb.key for verb in VERBS}) == len(VERBS)
    assert {*deeds().values()} == {*verbs()} - decisions
    assert {verb.id for verb in decisions} <= {*root.commands}
    assert {*verbs_of(INBOX)} == decisions and {*verbs_of(APPROVAL)} | {*verbs_of(QUESTION)} == decisions


# -- what is on record ---------------------------------------------------------------------------------------------

# How each verb is used once: on which record, with which options. A new verb needs its line here.
USES: dict[tuple[str, str], tuple[tuple[str, ...], dict[str, Any]]] = {
    ("session", "delete"): (KEY, {}),
    ("session", "set"): (KEY, {"key": "mood", "value": "wild"}),
    ("session", "unset"): (KEY, {"key": "mood"}),
    ("event", "purge"): ((), {"older_than": "1d"}),
    ("memory", "delete"): (("genie", "ann", ""), {}),
    ("memory", "edit"): (("genie", "ann", ""), {"content": "likes coffee"}),
    ("memory", "forget"): ((), {"app": "genie", "user": "ann"}),
    ("short-memory", "delete"): (("seen", "m-1"), {}),
    ("short-memory", "purge"): ((), {"expired": True}),
}


@pytest.fixture
def source(tmp_path: Path) -> Any:
    with open_source(tmp_path / "agents.db", create=True, name="prod") as opened:
        opened.sessions.create_session(KEY, {"mood": b"calm"})
        opened.sessions.append_event(KEY, user_message("hello"))
        opened.memories.add_memory(KEY[:2], "likes tea")
        opened.short_memory.set("seen", "m-1", "1", 3600)
        yield opened


def test_every_verb_is_used_here() -> None:
    assert {*USES} == {*deeds()}


@pytest.mark.parametrize("use", USES, ids=" ".join)
def test_the_audit_log_has_the_word_that_a_deed_declares(source: Source, tmp_path: Path, use: tuple[str, str]) -> None:
    verb, (key, options) = deeds()[use], USES[use]
    if key[-1:] == ("",):
        key = source.memories.list(*key[:2])[0].key
    audit = Audit(tmp_path / "home", "ops@bastion")
    record = nouns()[verb.noun].get(source, key) if key else None
    doing = Doing(record, {**options, "deed": verb.id}, "ops@bastion", Trash(tmp_path / "home"))
    doing = replace(doing, shown=verb.look(source, doing)) if verb.look else doing
    assert verb.refusal(source, record) is None
    counts = verb.preview(source, doing)
    done, unrecorded = carry_out(verb, source, doing, audit=audit, key=key or None, counts=counts)
    assert unrecorded is None and done.words
    (act,) = audit.list()
    assert (act.entry.verb, act.entry.noun, act.result) == (verb.id, verb.noun, verb.done)
    assert act.entry.keys == (("/".join(key),) if key else ()) and act.entry.counts == dict(counts)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.id)
def test_the_audit_log_has_the_word_that_a_decision_declares(source: Source, tmp_path: Path, verb: Verb) -> None:
    audit = Audit(tmp_path / "home", "ops@bastion")
    kind = verb.noun
    record: Any = (
        source.approvals.create(tool_name="deploy") if kind == APPROVAL else source.clarifications.ask("Which region?")
    )
    assert verb.refusal(source, record) is None
    report = perform(verb, source, record, "because" if verb.text != NEVER else "", audit=audit)
    assert report.error is None and report.unrecorded is None
    (act,) = audit.list()
    assert (act.entry.verb, act.entry.noun, act.result) == (verb.id, kind, verb.done)
    assert verb.refusal(source, report.record) == f"already {report.record.status}"


@EACH
def test_a_verb_is_refused_where_nothing_may_be_written(tmp_path: Path, verb: Verb) -> None:
    open_source(tmp_path / "agents.db", create=True).close()
    with open_source(tmp_path / "agents.db", read_only=True) as source:
        assert verb.refusal(source) == "read-only"
