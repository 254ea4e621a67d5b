"""The verbs: declared once, each with what it writes, and what it refuses before anything is written."""

from pathlib import Path

import pytest

from workbench.cli.app import root
from workbench.data import Invalid, Source, open_source
from workbench.desk.acting import perform
from workbench.desk.audit import Audit
from workbench.desk.inbox import APPROVAL, QUESTION
from workbench.desk.verbs import ANSWER, APPROVE, BY_ID, DISMISS, NEVER, REJECT, SEND_BACK, VERBS, Verb, verbs_for


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return open_source(tmp_path / "agents.db", create=True)


def test_every_verb_is_a_command_that_takes_what_the_verb_takes() -> None:
    for verb in VERBS:
        command = root.commands[verb.id]
        names = {name for parameter in command.params for name in parameter.opts}
        assert command.help == verb.words
        assert {"--source", "--yes", "ids"} <= names
        assert bool({"--reason", "--text"} & names) is (verb.text != NEVER)
        assert [p.required for p in command.params if p.name == "text"] == {"always": [True], "maybe": [False]}.get(
            verb.text, []
        )


def test_keys_and_ids_are_their_own() -> None:
    assert len({verb.id for verb in VERBS}) == len({verb.key for verb in VERBS}) == len(VERBS)
    assert BY_ID["send-back"] is SEND_BACK
    assert set(verbs_for(APPROVAL)) == {APPROVE, REJECT, SEND_BACK, DISMISS}
    assert set(verbs_for(QUESTION)) == {ANSWER, DISMISS}


@pytest.mark.parametrize(
    ("verb", "text", "row"),
    [
        (APPROVE, "", ("approved", "")),
        (REJECT, "", ("rejected", "")),
        (REJECT, "  too late \n", ("rejected", "too late")),
        (SEND_BACK, "use staging", ("rejected", "use staging")),
        (DISMISS, "", ("expired", "Dismissed: nobody was waiting")),
    ],
)
def test_what_each_verb_writes_of_an_approval(
    source: Source, audit: Audit, verb: Verb, text: str, row: tuple[str, str]
) -> None:
    with source:
        held = source.approvals.create(tool_name="deploy")
        report = perform(verb, source, held, text, audit=audit)
        assert report.error is None and str(report.words) == f"{verb.done}: deploy {held.id[:8]}"
        now = source.approvals.get(held.id)
        assert (now.status, now.feedback, now.resolved_by) == (*row, "ops@bastion")


@pytest.mark.parametrize(
    ("verb", "text", "row"), [(ANSWER, " north ", ("answered", "north")), (DISMISS, "", ("expired", ""))]
)
def test_what_each_verb_writes_of_a_question(
    source: Source, audit: Audit, verb: Verb, text: str, row: tuple[str, str]
) -> None:
    with source:
        asked = source.clarifications.ask("Where?")
        assert perform(verb, source, asked, text, audit=audit).error is None
        now = source.clarifications.get(asked.id)
        assert (now.status, now.answer) == row


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        (APPROVE, "but carefully"), (DISMISS, "why"), (SEND_BACK, ""), (SEND_BACK, " \n\t"), (ANSWER, ""),
        (REJECT, "a\0b"), (SEND_BACK, "half \ud800"), (ANSWER, "byte \udcff"),
    ],
)  # fmt: skip
def test_wrong_words_are_refused_before_anything_is_written(
    source: Source, audit: Audit, verb: Verb, text: str
) -> None:
    with source:
        held = source.approvals.create(tool_name="deploy")
        asked = source.clarifications.ask("Where?")
        record = asked if verb is ANSWER else held
        with pytest.raises(Invalid):
            verb.refuse_text(text)
        report = perform(verb, source, record, text, audit=audit)
        assert isinstance(report.error, Invalid) and "\n" not in str(report.error)
        assert source.approvals.get(held.id) == held and source.clarifications.get(asked.id) == asked
    assert not audit.path.exists()
