"""The lines of the frame in every width: what is left out first, and what never is."""

from dataclasses import replace

import pytest

from workbench.desk.safe import cells, plain
from workbench.tui.lines import KeyWord, Standing, _key_pieces, _keys, _standing

STANDING = Standing(
    plain("prod-genie"), plain("PRODUCTION"), plain("● live"), "", plain("inbox 7"), plain("read-write"),
    plain("ops@bastion"), plain("14:02"),
)  # fmt: skip


def text(pieces: list[tuple[str, str]]) -> str:
    return "".join(text for text, _ in pieces)


@pytest.mark.parametrize(
    ("width", "there", "gone"),
    [
        (120, ("read-write", "ops@bastion", "14:02"), ()),
        (65, ("read-write", "14:02"), ("ops@bastion",)),
        (55, ("read-write",), ("ops@bastion", "14:02")),
        (44, (), ("read-write", "ops@bastion", "14:02")),
    ],
)
def test_the_operator_goes_first_then_the_clock_then_the_mode(
    width: int, there: tuple[str, ...], gone: tuple[str, ...]
) -> None:
    shown = text(_standing(STANDING, width))  # type: ignore[arg-type]
    assert cells(shown) <= width and shown.startswith(" prod-genie PRODUCTION ● live   inbox 7")
    assert all(word in shown for word in there) and not any(word in shown for word in gone)


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (120, "2 of 5 sources do not answer: prod, specs"),
        (91, "2 of 5 sources do not answer"),
        (80, "2 of 5 do not answer"),
        (70, "○ 2 of 5"),
    ],
)
def test_the_mode_is_never_given_up_for_the_names_of_silent_sources(width: int, words: str) -> None:
    silent = (plain("2 of 5 sources do not answer: prod, specs"), plain("2 of 5 sources do not answer"))
    silent += (plain("2 of 5 do not answer"), plain("○ 2 of 5"))
    shown = text(_standing(replace(STANDING, sources=silent), width))  # type: ignore[arg-type]
    assert f"   {words}  " in shown and "read-write" in shown and cells(shown) <= width


def test_what_stands_right_ends_at_the_edge() -> None:
    assert cells(text(_standing(STANDING, 120))) == 119  # type: ignore[arg-type]


def test_greyed_keys_say_their_reason_once() -> None:
    words = [KeyWord("a", "Approve", "read-only"), KeyWord("x", "Reject", "read-only"), KeyWord("q", "Quit")]
    assert text(_key_pieces(words)) == " a Approve  x Reject (read-only)  q Quit"  # type: ignore[arg-type]


def test_at_most_eight_keys_and_only_those_that_fit() -> None:
    words = [KeyWord(str(number), "Do", drop=number > 4 and number) for number in range(9)]
    assert len(_keys(words, 500)) == 3 * 8 and "8 Do" not in text(_keys(words, 500))  # type: ignore[arg-type]
    assert text(_keys(words, 36)) == " 0 Do  1 Do  2 Do  3 Do  4 Do  5 Do"  # type: ignore[arg-type]
    assert text(_keys(words, 5)) == " 0 Do  1 Do  2 Do  3 Do  4 Do"  # type: ignore[arg-type]


def test_a_reason_from_a_database_is_made_safe() -> None:
    (word,) = [KeyWord("a", "Approve", "already ap\x1bproved")]
    assert text(_key_pieces([word])) == " a Approve (already ap␛proved)"  # type: ignore[arg-type]
