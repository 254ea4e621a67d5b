"""Clarifications: asked once, answered or dismissed by exactly one, and bound to what was shown."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.agents import Place
from support.racers import race

from workbench.data import Source
from workbench.data.agents.records import Clarification
from workbench.data.engine.page import Damaged, every
from workbench.data.errors import Conflict, Corrupt, Invalid, NotFound, ReadOnly, Unsupported

NOON = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SENDER = "slack:U1:C1"
COLUMNS = "id, question, context, answer, status, sender_context, created_at, answered_at"


@pytest.fixture
def local(theirs: Place) -> Iterator[Source]:
    with theirs.open() as source:
        yield source


def stored(place: Place, id: str) -> tuple[Any, ...]:
    (row,) = place.rows(f"SELECT {COLUMNS} FROM clarifications WHERE id = '{id}'")
    return row


def in_place(place: Place, moment: datetime) -> object:
    """How an instant of a clarification stands in a database."""
    text = f"{moment:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")
    return f"{text} +0000 UTC" if place.engine == "sqlite" else moment


# -- asking --------------------------------------------------------------------------------------------------


def test_a_question_is_pending_and_written_to_the_letter(source: Source, place: Place) -> None:
    asked = source.clarifications.ask("Which env?", context="two exist", sender_context=SENDER, at=NOON)
    assert str(uuid.UUID(asked.id, version=4)) == asked.id
    assert asked == source.clarifications.get(asked.id)
    assert stored(place, asked.id) == (
        asked.id, "Which env?", "two exist", "", "pending", SENDER, in_place(place, NOON), None,
    )  # fmt: skip
    if place.engine == "sqlite":
        types = ", ".join(f"typeof({name})" for name in COLUMNS.split(", "))
        assert place.rows(f"SELECT {types} FROM clarifications") == [(*("text",) * 7, "null")]
    bare = source.clarifications.ask("Bare?")
    assert stored(place, bare.id)[2:6] == ("", "", "pending", "")
    assert place.rows("SELECT 1 FROM short_memories") == []


def test_in_their_file_questions_are_in_utc_and_the_senders_key_on_their_clock(local: Source, theirs: Place) -> None:
    asked = local.clarifications.ask("Which?", sender_context="slack:U9:C9", remember=True, at=NOON)
    local.clarifications.respond(asked.id, "this one", at=NOON + MINUTE)
    assert stored(theirs, asked.id)[3:] == (
        "this one", "answered", "slack:U9:C9",
        "2026-11-20 12:00:00.123456 +0000 UTC", "2026-11-20 12:01:00.123456 +0000 UTC",
    )  # fmt: skip
    local.clarifications.ask("Which now?", sender_context="slack:U9:C9", remember=True)
    ((expires_at,),) = theirs.rows("SELECT expires_at FROM short_memories WHERE key = 'slack:U9:C9'")
    assert expires_at.endswith(" -0500 EST")


def test_the_sender_is_remembered_for_ten_minutes_when_asked_to(source: Source) -> None:
    asked = source.clarifications.ask("Which?", sender_context=SENDER, remember=True)
    (key,) = source.short_memory.list()
    assert (key.memory_type, key.key, key.value) == ("pending_clarification", SENDER, asked.id)
    assert key.expires_at - key.created_at == timedelta(minutes=10)


def test_a_sender_that_cannot_be_remembered_is_not_asked(source: Source, place: Place) -> None:
    with pytest.raises(Invalid, match="pass sender_context too"):
        source.clarifications.ask("Which?", remember=True)
    place.run("DROP TABLE short_memories")
    with place.open() as lacking:
        with pytest.raises(Unsupported, match="lacks the table short_memories"):
            lacking.clarifications.ask("Which?", sender_context=SENDER, remember=True)
        assert place.rows("SELECT 1 FROM clarifications") == []
        asked = lacking.clarifications.ask("Which?", sender_context=SENDER)
        assert lacking.clarifications.respond(asked.id, "this").status == "answered"


def test_the_same_question_is_not_asked_twice_while_it_is_pending(source: Source, place: Place) -> None:
    first, new = source.clarifications.ask_once("Which env?", sender_context=SENDER, remember=True)
    assert new
    assert source.clarifications.ask_once("Which env?") == (first, False)
    assert source.clarifications.find_pending("Which env?") == first
    assert source.clarifications.find_pending("which env?") is None
    assert source.clarifications.ask_once("Which region?")[1] is True
    source.clarifications.dismiss(first.id)
    assert source.clarifications.find_pending("Which env?") is None
    second, new = source.clarifications.ask_once("Which env?")
    assert new and second.id != first.id
    assert place.rows("SELECT count(*) FROM clarifications") == [(3,)]


# -- answering -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["us-east-1", "", "ä 😀\n[red]x[/red]\x1b[31m"])
def test_an_answer_is_written_and_the_senders_next_message_is_free(source: Source, place: Place, answer: str) -> None:
    asked = source.clarifications.ask("Which?", sender_context=SENDER, remember=True)
    source.short_memory.set("pending_clarification", "slack:U2:C2", str(uuid.uuid4()), 600)
    source.short_memory.set("other", SENDER, asked.id, 600)
    answered = source.clarifications.respond(asked.id, answer, at=NOON)
    assert answered == replace(asked, status="answered", answer=answer, answered_at=NOON)
    assert answered == source.clarifications.get(asked.id)
    assert stored(place, asked.id)[3:5] == (answer, "answered")
    assert stored(place, asked.id)[7] == in_place(place, NOON)
    assert {(key.memory_type, key.key) for key in source.short_memory.list()} == {
        ("pending_clarification", "slack:U2:C2"),
        ("other", SENDER),
    }


def test_a_dismissed_question_keeps_no_answer(source: Source, place: Place) -> None:
    asked = source.clarifications.ask("Which?", sender_context=SENDER, remember=True)
    dismissed = source.clarifications.dismiss(asked.id, at=NOON)
    assert dismissed == replace(asked, status="expired", answered_at=NOON)
    assert stored(place, asked.id)[3:5] == ("", "expired")
    assert list(source.short_memory.list()) == []


def test_what_is_decided_is_not_decided_again(source: Source) -> None:
    answered = source.clarifications.ask("Answered?")
    source.clarifications.respond(answered.id, "first", at=NOON)
    dismissed = source.clarifications.ask("Dismissed?")
    source.clarifications.dismiss(dismissed.id, at=NOON)
    for again in (lambda id: source.clarifications.respond(id, "second"), source.clarifications.dismiss):
        with pytest.raises(Conflict, match="was answered at 2026-11-20 12:00:00 UTC"):
            again(answered.id)
        with pytest.raises(Conflict, match="was dismissed at 2026-11-20 12:00:00 UTC"):
            again(dismissed.id)
        with pytest.raises(NotFound, match="there is no question 'nobody'"):
            again("nobody")
    assert source.clarifications.get(answered.id).answer == "first"
    assert source.clarifications.get(dismissed.id).answer == ""


def test_a_question_of_an_unknown_status_is_not_decided(source: Source, place: Place) -> None:
    asked = source.clarifications.ask("Which?")
    place.run("UPDATE clarifications SET status = 'waiting'")
    with pytest.raises(Conflict, match="has the status 'waiting'"):
        source.clarifications.respond(asked.id, "x")
    assert stored(place, asked.id)[3:5] == ("", "waiting")


# -- bound to what was shown ---------------------------------------------------------------------------------


def test_an_answer_to_what_was_shown_is_taken(source: Source) -> None:
    for question in ("plain", "ä 😀 %_\\'\"", "line\nbreak\t\x1b[31m", "x" * 10_000):
        shown = source.clarifications.ask(question, context="c", sender_context=SENDER)
        assert source.clarifications.respond(shown.id, "yes", shown=shown).status == "answered"
    shown = source.clarifications.ask("dismissed")
    assert source.clarifications.dismiss(shown.id, shown=shown).status == "expired"


@pytest.mark.parametrize("column", ["question", "context", "sender_context"])
def test_a_question_that_changed_after_it_was_shown_is_not_decided(source: Source, place: Place, column: str) -> None:
    shown = source.clarifications.ask("Delete staging?", context="c", sender_context=SENDER, remember=True)
    place.run(f"UPDATE clarifications SET {column} = 'Delete production?'")
    was = getattr(shown, column)
    expected = rf"not as it was shown \({column} was '{was}' and is 'Delete production\?'\)".replace(
        "staging?", r"staging\?"
    )
    for decide in (
        lambda: source.clarifications.respond(shown.id, "yes", shown=shown),
        lambda: source.clarifications.dismiss(shown.id, shown=shown),
    ):
        with pytest.raises(Conflict, match=expected):
            decide()
    assert stored(place, shown.id)[4] == "pending"
    assert len(source.short_memory.list()) == 1
    now = source.clarifications.get(shown.id)
    assert source.clarifications.respond(shown.id, "no", shown=now).answer == "no"


def test_null_and_empty_are_the_same_to_who_looks(source: Source, place: Place) -> None:
    asked = source.clarifications.ask("Which?")
    place.run("UPDATE clarifications SET context = NULL, sender_context = NULL, answer = NULL")
    shown = source.clarifications.get(asked.id)
    assert (shown.context, shown.sender_context, shown.answer) == ("", "", "")
    assert source.clarifications.respond(asked.id, "x", shown=shown).status == "answered"
    other = source.clarifications.ask("Other?")
    place.run(f"UPDATE clarifications SET context = NULL WHERE id = '{other.id}'")
    assert source.clarifications.dismiss(other.id, shown=other).status == "expired"


def test_odd_texts_in_their_file_can_be_decided_as_shown(local: Source, theirs: Place) -> None:
    """Bytes that are text, a text that is no UTF-8, one with a NUL: shown, and the guard finds them again."""
    for number, expression in enumerate(
        ("x'576869636820656e763f'", "CAST(x'77c3a4ff77' AS TEXT)", "CAST(x'610062' AS TEXT)")
    ):
        theirs.run(f"INSERT INTO clarifications ({COLUMNS}) VALUES ('q{number}', {expression}, '', '', 'pending', '', "
                   "'2026-11-20 06:44:01.5 +0000 UTC', NULL)")  # fmt: skip
        shown = local.clarifications.get(f"q{number}")
        assert isinstance(shown.question, str)
        with pytest.raises(Conflict, match="not as it was shown"):
            local.clarifications.respond(shown.id, "yes", shown=replace(shown, question=shown.question + "!"))
        assert local.clarifications.respond(shown.id, "yes", shown=shown).status == "answered"


def test_what_could_not_be_shown_is_not_decided_as_shown(local: Source, theirs: Place) -> None:
    asked = local.clarifications.ask("Which?")
    theirs.run(f"UPDATE clarifications SET question = x'fffe' WHERE id = '{asked.id}'")
    shown = local.clarifications.get(asked.id)
    question: object = shown.question
    assert isinstance(question, Damaged)
    with pytest.raises(Corrupt, match=r"the question of .* cannot be read"):
        local.clarifications.respond(asked.id, "yes", shown=shown)
    assert stored(theirs, asked.id)[4] == "pending"
    assert local.clarifications.dismiss(asked.id).status == "expired"


# -- lists ---------------------------------------------------------------------------------------------------


def test_questions_are_listed_newest_first_and_by_pages(source: Source) -> None:
    asked = [source.clarifications.ask(f"q{i}", at=NOON + i * MINUTE) for i in range(9)]
    for question in asked[::3]:
        source.clarifications.respond(question.id, "x", at=NOON)
    source.clarifications.dismiss(asked[1].id, at=NOON)
    clarifications = source.clarifications

    def texts(fetch: Callable[..., Any]) -> list[str]:
        return [row.question for row in every(lambda after: fetch(after=after))]

    for limit in (1, 2, 5, 100):
        assert texts(lambda limit=limit, **k: clarifications.list(limit=limit, **k)) == [
            f"q{i}" for i in range(8, -1, -1)
        ]
        assert texts(lambda limit=limit, **k: clarifications.list_pending(limit=limit, **k)) == [
            "q8",
            "q7",
            "q5",
            "q4",
            "q2",
        ]
    assert texts(lambda **k: clarifications.list("answered", **k)) == ["q6", "q3", "q0"]
    assert texts(lambda **k: clarifications.list("unheard-of", **k)) == []
    assert clarifications.counts() == {"pending": 5, "answered": 3, "expired": 1}
    oldest = clarifications.oldest_pending()
    assert oldest is not None and oldest.question == "q2"


def test_an_empty_store_has_no_oldest_question(source: Source) -> None:
    assert source.clarifications.oldest_pending() is None
    assert source.clarifications.counts() == {"pending": 0, "answered": 0, "expired": 0}


# -- after a restart -----------------------------------------------------------------------------------------


def test_a_restart_ends_what_is_old_and_returns_what_is_young(source: Source, place: Place) -> None:
    asked = {age: source.clarifications.ask(f"{age}", at=NOON - age * MINUTE) for age in (0, 9, 10, 11, 600)}
    done = source.clarifications.ask("done", at=NOON - 60 * MINUTE)
    source.clarifications.respond(done.id, "x", at=NOON - 59 * MINUTE)
    recovered = source.clarifications.recover_pending(at=NOON)
    assert (recovered.expired, recovered.damaged) == (2, ())
    assert recovered.pending == (asked[0], asked[9], asked[10])
    for age in (11, 600):
        assert stored(place, asked[age].id)[3:5] == ("", "expired")
        assert stored(place, asked[age].id)[7] == in_place(place, NOON)
    assert source.clarifications.get(done.id).status == "answered"
    assert source.clarifications.recover_pending(timedelta(hours=1), at=NOON).expired == 0
    assert source.clarifications.recover_pending(30, at=NOON + MINUTE).expired == 3


# -- bad input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", None, 5, b"x", "nul\0", "\ud800"])
def test_what_is_no_question_is_not_asked(source: Source, place: Place, question: Any) -> None:
    for ask in (source.clarifications.ask, source.clarifications.ask_once):
        with pytest.raises(Invalid):
            ask(question)
    assert place.rows("SELECT 1 FROM clarifications") == []


@pytest.mark.parametrize(
    "options",
    [
        {"context": None},
        {"context": "nul\0"},
        {"sender_context": "\ud800"},
        {"sender_context": 5, "remember": True},
        {"sender_context": "nul\0", "remember": True},
        {"at": "noon"},
        {"at": datetime(2026, 11, 20)},  # noqa: DTZ001 - nobody knows what it means
    ],
)
def test_a_question_that_cannot_be_kept_is_refused_whole(source: Source, place: Place, options: Any) -> None:
    for ask in (source.clarifications.ask, source.clarifications.ask_once):
        with pytest.raises(Invalid):
            ask("Which?", **options)
    assert place.rows("SELECT 1 FROM clarifications") == place.rows("SELECT 1 FROM short_memories") == []


def test_decisions_that_make_no_sense_are_refused(source: Source, place: Place) -> None:
    asked = source.clarifications.ask("Which?", sender_context=SENDER, remember=True)
    other = source.clarifications.ask("Other?")
    clarifications: Any = source.clarifications
    for wrong in (
        lambda: clarifications.respond(asked.id, None),
        lambda: clarifications.respond(asked.id, "nul\0"),
        lambda: clarifications.respond(asked.id, "\ud800"),
        lambda: clarifications.respond(asked.id, "x", at="noon"),
        lambda: clarifications.respond(asked.id, "x", shown=other),
        lambda: clarifications.respond(asked.id, "x", shown="the question"),
        lambda: clarifications.respond(asked.id, "x", shown=replace(asked, question="\ud800")),
        lambda: clarifications.respond(asked.id, "x", shown=replace(asked, context=["c"])),
        lambda: clarifications.dismiss(asked.id, shown=other),
        lambda: clarifications.dismiss(None),
        lambda: clarifications.get(5),
        lambda: clarifications.get("\0"),
        lambda: clarifications.list_pending(limit=0),
        lambda: clarifications.list(limit=-1),
        lambda: clarifications.recover_pending("ten"),
        lambda: clarifications.wait(asked.id, timeout="soon"),
    ):
        with pytest.raises(Invalid):
            wrong()
    with pytest.raises(NotFound):
        clarifications.get("nobody")
    assert stored(place, asked.id)[3:5] == ("", "pending")
    assert len(source.short_memory.list()) == 1


def test_an_id_that_nobody_could_write_keeps_nothing_from_being_dismissed(theirs: Place) -> None:
    with theirs.open() as source:
        theirs.run("DELETE FROM clarifications")
        asked = [source.clarifications.ask(f"{i}?", at=NOON - timedelta(hours=1)) for i in range(2)]
        theirs.run(f"UPDATE clarifications SET id = 'a' || char(0) || 'b' WHERE id = '{asked[0].id}'")
        assert source.clarifications.recover_pending(at=NOON).expired == 1
        assert source.clarifications.get(asked[1].id).status == "expired"


def test_a_source_that_is_read_only_refuses_to_change(source: Source, again: Callable[..., Source]) -> None:
    asked = source.clarifications.ask("Which?", at=NOON)
    looking = again(read_only=True).clarifications
    assert list(looking.list_pending()) == [asked]
    for change in (
        lambda: looking.ask("Another?"),
        lambda: looking.ask_once("Another?"),
        lambda: looking.respond(asked.id, "x"),
        lambda: looking.dismiss(asked.id),
        lambda: looking.recover_pending(),
    ):
        with pytest.raises(ReadOnly):
            change()


# -- many at once --------------------------------------------------------------------------------------------

ANSWERS = """
try:
    source.clarifications.respond(given["id"], f"answer {number}")
    print(json.dumps(number))
except Conflict as conflict:
    print(json.dumps(str(conflict)))
"""
ASKS = """
asked, new = source.clarifications.ask_once("Which env?")
print(json.dumps([asked.id, new]))
"""


def test_of_four_processes_that_answer_at_once_one_wins(source: Source, place: Place) -> None:
    asked: Clarification = source.clarifications.ask("Which?", sender_context=SENDER, remember=True)
    answers = race(ANSWERS, place.target, 4, id=asked.id)
    (winner,) = (answer for answer in answers if isinstance(answer, int))
    assert sum("was answered at" in answer for answer in answers if isinstance(answer, str)) == 3
    assert source.clarifications.get(asked.id).answer == f"answer {winner}"


def test_of_four_processes_that_ask_the_same_at_once_one_asks(source: Source, place: Place) -> None:
    answers = race(ASKS, place.target, 4)
    assert sorted(new for _, new in answers) == [False, False, False, True]
    assert len({id for id, _ in answers}) == 1
    assert len(source.clarifications.list()) == 1
