"""The line behind `:`: what it means, what is wrong with it in a sentence, and how it is completed."""

import random
import shlex

import pytest
from support.hostile import EVERY

from workbench.data.errors import Invalid
from workbench.desk.command_line import LONGEST, Candidate, Deal, Known, Subject, Wish, _parts, complete, parse
from workbench.desk.nouns import nouns
from workbench.desk.safe import safe

NOUNS = ("session", "event", "memory", "short-memory", "approval", "question")
SUBJECTS = tuple(
    Subject(noun.id, noun.plural, noun.words, noun.terms, noun.ask) for noun in map(nouns().__getitem__, NOUNS)
)
DEALS = (
    Deal("quit", "Leave.", also=("q",)),
    Deal("theme", "Another theme.", takes=("ansi", "workbench-dark", "workbench-light")),
    Deal("pause", "Stop."),
    Deal("delete", "Delete it."),
    Deal("purge", reason="on the command line only"),
)
HOSTILE = "\x1b]0;x\x07 [red]"
KNOWN = Known(SUBJECTS, DEALS, ("prod", "prod-2", "specs", "my own", HOSTILE), shown="session")


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("", Wish()),
        ("  :: ", Wish()),
        ("session", Wish("session")),
        (":session", Wish("session")),
        ("sessions", Wish("session")),
        ("SESSION", Wish("session")),
        ("mem", Wish("memory")),
        ("ses app=genie errors @prod", Wish("session", "app=genie errors", "prod")),
        ("@prod ses errors app=genie", Wish("session", "errors app=genie", "prod")),
        ("app=genie session errors", Wish("session", "app=genie errors")),
        ("errors session @specs", Wish("session", "errors", "specs")),
        ("approval tool=save_file", Wish("approval", "tool=save_file")),
        ("short", Wish("short-memory")),
        ("short-mem x", Wish("short-memory", "x")),
        ("event session=abc memory", Wish("event", "session=abc memory")),  # behind a noun every word is looked for
        ("@prod", Wish(source="prod")),
        ("@spe", Wish(source="specs")),
        ('@"my own"', Wish(source="my own")),
        ("@my\\ own", Wish(source="my own")),
        ("@my", Wish(source="my own")),
        (f'@"{safe(HOSTILE)}"', Wish(source=HOSTILE)),
        ("app=genie", Wish("session", "app=genie")),  # of the noun in view
        ("app=genie @prod", Wish("session", "app=genie", "prod")),
        ('"two words"', Wish("session", '"two words"')),
        ('session "@bob" user="a b"', Wish("session", '"@bob" user="a b"')),
        ("user=a@b session", Wish("session", "user=a@b")),
        ("q", Wish(deal="quit")),
        ("qu", Wish("question")),  # a noun goes before what can be done
        ("qui", Wish(deal="quit")),
        ("del", Wish(deal="delete")),
        ("theme", Wish(deal="theme")),
        ("theme ansi", Wish(deal="theme", argument="ansi")),
        ("theme workbench-l", Wish(deal="theme", argument="workbench-light")),
    ],
)
def test_what_a_line_means(line: str, wish: Wish) -> None:
    assert parse(line, KNOWN) == wish


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("sesion", '"sesion" is no noun and nothing to be done here: did you mean "session"?'),
        ("zzzz", '"zzzz" is no noun and nothing to be done here: nouns are session, event, memory'),
        ("errors session memory", "the line may mean session, memory: write the noun first"),
        ("s", '"s" may mean session, short-memory: write more of it'),
        ("p", '"p" may mean pause, purge: write more of it'),
        ("@pro", '"@pro" may mean prod, prod-2: write more of it'),
        ("@nowhere", 'no source is called "nowhere": there is prod, prod-2, specs, my own'),
        ("@", 'no source is called "": there is prod'),
        ("session @prod @specs", "a line names one source"),
        ('session "x', "a quote is not closed: close it"),
        ("session x\\", "a quote is not closed: close it"),
        ("session ap=x", 'sessions are not filtered by "ap": use app, user'),
        ("session app=x app=y", 'the filter names "app" twice: keep one'),
        ("memory" + " x" * LONGEST, f"is too long: write {LONGEST:,} at most"),
        ("pause now", "pause takes nothing behind it: leave now out"),
        ("delete @prod", "delete is done to what is shown: leave the @prod out, or go there first"),
        ("purge", "purge: on the command line only"),
        ("theme none", '"none" is nothing that theme takes: write one of ansi, workbench-dark, workbench-light'),
        ("theme work", '"work" is nothing that theme takes: write one of workbench-dark, workbench-light'),
        ("theme a b", "theme takes one word behind it"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(line: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(line, KNOWN)
    assert sentence in str(refused.value)


def test_a_filter_without_a_noun_needs_one_in_view_and_a_source_needs_one_to_go_to() -> None:
    with pytest.raises(Invalid, match="a filter needs a noun: session, event"):
        parse("app=x", Known(SUBJECTS, shown="inbox"))
    with pytest.raises(Invalid, match="`workbench source add` adds one"):
        parse("@x", Known(SUBJECTS))


def completed(line: str, known: Known = KNOWN) -> list[str]:
    """The whole lines that a completion offers."""
    found = complete(line, known)
    return [line[: found.start] + candidate.text for candidate in found.candidates]


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("me", ["memory "]),
        ("sh", ["short-memory "]),
        ("s", ["session ", "short-memory "]),
        ("ap", ["approval ", "app="]),  # a noun, and what filters the one in view
        ("the", ["theme "]),
        ("pu", []),  # what cannot be done is not offered
        ("theme ", ["theme ansi", "theme workbench-dark", "theme workbench-light"]),
        ("theme w", ["theme workbench-dark", "theme workbench-light"]),
        ("theme ansi ", []),
        ("session u", ["session user="]),
        (
            "session user=x ",
            ["session user=x app=", *(f"session user=x @{name} " for name in ("prod", "prod-2", "specs"))],
        ),
        ("session @s", ["session @specs "]),
        ("session @specs @", []),
        ("session @specs a", ["session @specs app="]),
        ("@m", ['@"my own" ']),
        ('session "', []),
        ("nothing u", []),
        ("session app=", []),  # no values
    ],
)
def test_what_may_stand_next(line: str, lines: list[str]) -> None:
    assert completed(line)[: len(lines) or None] == lines
    assert len(completed(line)) == len(lines) or lines[-1].endswith("@specs ")


def test_an_empty_line_offers_the_nouns_and_the_sources() -> None:
    offered = completed("")
    assert offered[: len(NOUNS)] == [f"{noun} " for noun in NOUNS]
    assert "@prod " in offered and "quit" not in offered
    assert complete("mem", KNOWN).candidates == (Candidate("memory ", nouns()["memory"].words),)


def test_whatever_is_completed_means_what_it_says() -> None:
    for source in KNOWN.sources:
        begun = f"session @{safe(source)[:2]}"
        lines = [line for line in completed(begun) if parse(line, KNOWN).source == source]
        assert len(lines) == 1 and safe(lines[0]) == lines[0]


def test_a_line_is_split_as_the_filter_is() -> None:
    """What the line takes for one part, the filter takes for one too: they are read one after the other."""
    chance = random.Random(5)
    for _ in range(3_000):
        line = "".join(chance.choices("ab= \t\"'\\@é", k=chance.randrange(12)))
        parts, open_at = _parts(line)
        try:
            wanted = shlex.split(line)
        except ValueError:
            assert open_at is not None, line
        else:
            assert open_at is None and [part.text for part in parts] == wanted, line
            assert all(line[part.start :].startswith(part.raw) for part in parts)


@pytest.mark.parametrize("text", EVERY)
def test_hostile_texts_are_refused_or_taken_and_are_never_told_raw(text: str) -> None:
    known = Known(SUBJECTS, DEALS, (text, "prod"), shown="session")
    for line in (text, f"session {text}", f"@{text}", f"theme {text}", f"pause {text}", f"{text} @prod", f'"{text}'):
        try:
            parse(line, known)
        except Invalid as refused:
            # A sentence of the filter may quote it; a face makes it safe as it does every sentence.
            assert str(safe(str(refused)))
        for candidate in complete(line, known).candidates:
            assert safe(candidate.text) == candidate.text
