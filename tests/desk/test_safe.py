"""What reaches a screen: everything that acts or hides is shown and counted, everything else is as it was."""

from __future__ import annotations

import copy
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from workbench.desk import signs
from workbench.desk.safe import (
    NOTHING,
    SafeText,
    cells,
    fitting,
    plain,
    safe,
    safe_counted,
    safe_lines,
    safe_lines_counted,
    shown_as,
    together,
)

# Every character where there are kinds of them, and some of the wide plains of one kind.
CODES = (*range(0x20000), *range(0x20000, 0xE0000, 97), *range(0xE0000, 0xE0200), *range(0xE0200, sys.maxunicode, 997))
MANY = "".join(map(chr, (*CODES, sys.maxunicode)))
HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x1b\x07\r\n\t\x9b\u200b\u200d\u202e\u2066\ufe0f\u0301\u0336\u20e3⚠👍🏽漢⟩⟨␛\udce9\ud800\xa0\u3164"
        ),
    )
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ~!", "plain ~!"),
        ("é ü 漢字 🎉 ✅ –", "é ü 漢字 🎉 ✅ –"),
        ("[red]x[/red] [@click=app.quit]y[/]", "[red]x[/red] [@click=app.quit]y[/]"),
        ("\x1b[31mred\x1b]8;;http://x\x07", "␛[31mred␛]8;;http://x␇"),
        ("a\r\nb\tc\0d", "a␍␊b␉c␀d"),
        ("\x7f\x80\x9b\x85", "␡⟨U+0080⟩⟨U+009B⟩⟨U+0085⟩"),
        ("a\u200bb\u202ec\u2066d\ufeff", "a⟨U+200B⟩b⟨U+202E⟩c⟨U+2066⟩d⟨U+FEFF⟩"),
        ("\U000e0041\U000e007f", "⟨U+E0041⟩⟨U+E007F⟩"),
        ("\u2028\u2029\u00ad\u034f\u3164\u115f\uffa0", "⟨U+2028⟩⟨U+2029⟩⟨U+00AD⟩⟨U+034F⟩⟨U+3164⟩⟨U+115F⟩⟨U+FFA0⟩"),
        ("\ufe0f\U000e0100", "⟨U+FE0F⟩⟨U+E0100⟩"),
        ("\ufff9a\ufffab\ufffb\u2800\ufffc", "⟨U+FFF9⟩a⟨U+FFFA⟩b⟨U+FFFB⟩⟨U+2800⟩⟨U+FFFC⟩"),
        ("caf\udce9 \udc80", "caf\\xe9 \\x80"),
        ("\ud800 \udc00 \udfff", "\\ud800 \\udc00 \\udfff"),
        ("\uffff\ufdd0\ue000\U0010fffd", "⟨U+FFFF⟩⟨U+FDD0⟩⟨U+E000⟩⟨U+10FFFD⟩"),
        ("rm\u00a0-rf\u2003x\u3000y", "rm⟨U+00A0⟩-rf⟨U+2003⟩x\u3000y"),
        ("👩\u200d🚀👍\U0001f3fd⚠\ufe0f", "👩⟨U+200D⟩🚀👍⟨U+1F3FD⟩⚠⟨U+FE0F⟩"),
        ("", ""),
    ],
)
def test_what_acts_or_hides_is_shown(text: str, shown: str) -> None:
    assert safe(text) == shown
    assert type(safe(text)) is SafeText


def test_no_character_at_all_acts_or_hides() -> None:
    # One by one, and in one text, which takes another way through the code.
    out = {character for character in MANY for character in safe(character)} | set(safe(MANY))
    assert {unicodedata.category(c) for c in out}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Me"})
    assert {c for c in out if unicodedata.category(c) == "Zs"} == {" ", "\u3000"}
    "".join(out).encode("utf-8")


def test_each_character_that_is_drawn_has_the_cells_that_textual_gives_it() -> None:
    drawn = [c for c in MANY if (nature := signs.nature(c)) is None or nature[0] == signs.JOINING]
    assert len(drawn) > 50_000
    assert [hex(ord(c)) for c in drawn if cells(c) != get_character_cell_size(c)] == []


@given(HOSTILE)
def test_a_safe_text_stays_as_it_is_and_takes_the_cells_that_textual_counts(text: str) -> None:
    once = safe(text)
    assert safe(once) is once
    assert safe(str(once)) == once
    assert once.cells == cells(once) == cell_len(str(once))
    assert once.isprintable() or "\u3000" in once
    assert once.pad(once.cells + 3).cells == once.cells + 3
    assert once.pad(once.cells + 3, to_right=True) == "   " + str(once)


@given(HOSTILE, st.integers(-1, 20), st.booleans())
def test_a_cut_text_fits_and_keeps_its_beginning_or_its_end(text: str, limit: int, keep_end: bool) -> None:
    whole = safe(text)
    short = whole.cut(limit, keep_end=keep_end)
    assert short.cells <= max(limit, 0)
    if short != whole:
        assert whole.cells > limit
        assert limit < 1 or "…" in short
        assert whole.endswith(short[1:]) if keep_end else whole.startswith(short[:-1])
        assert not keep_end or len(short) < 2 or cells(short[1]) > 0
    else:
        assert whole.cells <= max(limit, 0)


def test_the_width_of_wide_and_joining_characters() -> None:
    assert [cells(text) for text in ("abc", "漢字", "e\u0301", "🎉", "ก\u0e33")] == [3, 4, 1, 2, 2]
    assert safe("漢").pad(4) == "漢  "
    assert safe("漢字かな").cut(5) == "漢字…"
    assert safe("漢字かな").cut(4, keep_end=True) == "…な"
    assert safe("漢字かな").cut(8) == "漢字かな"
    assert safe("e\u0301e\u0301e\u0301").cut(2) == "e\u0301…"
    assert fitting(safe("漢字"), 3) == 1
    assert fitting("abc", 2) == 2
    assert fitting(safe("漢字"), 0) == 0


def test_marks_that_stand_on_nothing_or_on_many_others_are_shown() -> None:
    assert safe("e\u0301 n\u0303\u0323") == "e\u0301 n\u0303\u0323"
    assert safe("\u0338=") == "⟨U+0338⟩="
    assert safe("\u200b\u0301x") == "⟨U+200B⟩⟨U+0301⟩x"
    assert safe("\udce9\u0301\ud800\u0301\x1b\u0301") == "\\xe9⟨U+0301⟩\\ud800⟨U+0301⟩␛⟨U+0301⟩"
    tower, shown = safe_counted("e" + "\u0301" * 1000)
    assert tower == "e" + "\u0301" * 4 + "⟨U+0301⟩" * 996
    assert shown.count(signs.STACKED) == 996
    assert safe_lines("a\n\u0301b")[1] == "⟨U+0301⟩b"
    assert plain("'") + safe("\u0338") == "'⟨U+0338⟩"


def test_what_is_shown_is_counted_by_kind() -> None:
    _, shown = safe_counted("\x1b[1m\x1b\u200b\u200b\u202e\U000e0041 x\ufe01\udcff\ud800\u00a0\ue000\U000e1000\u0378")
    kinds = {found.kind: found.count for found in shown.found}
    assert kinds == {
        "control": 2, "invisible": 2, "bidi": 1, "tag": 1, "selector": 1, "byte": 1, "surrogate": 1, "space": 1,
        "private": 1, "unknown": 2,
    }  # fmt: skip
    assert shown.suspicious == 13
    assert shown.count("bidi") == 1
    assert shown.count("nothing of the kind") == 0


def test_the_words_name_the_signs() -> None:
    assert safe_counted("a\u200bb\u200b")[1].words() == "2 invisible characters shown as ⟨U+200B⟩"
    words = safe_counted("\x1b\x07\x08\x0b\u202e")[1].notes()
    assert words == (
        "4 control characters shown as ␇, ␈, ␋",
        "1 character that turns the direction of text shown as ⟨U+202E⟩",
    )
    assert type(words[0]) is SafeText
    assert NOTHING.words() == ""
    assert NOTHING.notes() == ()


def test_ordinary_line_ends_and_emoji_are_counted_but_no_reason_to_warn() -> None:
    text, shown = safe_counted("one\r\ntwo\t⚠\ufe0f 👩\u200d🚀 👍\U0001f3fd 1\ufe0f\u20e3")
    assert text == "one␍␊two␉⚠⟨U+FE0F⟩ 👩⟨U+200D⟩🚀 👍⟨U+1F3FD⟩ 1⟨U+FE0F⟩⟨U+20E3⟩"
    assert shown.suspicious == 0
    assert shown.words() == ""
    assert (shown.count(signs.LINE), shown.count(signs.EMOJI)) == (3, 5)
    for odd in ("a\rb", "x\ufe0f", "ku\u200dbectl", "a\U0001f3fd", "a\u20e3"):
        assert safe_counted(odd)[1].suspicious == 1, ascii(odd)


def test_signs_that_the_text_has_itself_are_told() -> None:
    text, shown = safe_counted("␛[31m ⟨U+202E⟩ ⟨secret 40⟩ ⟨a⟩")
    assert text == "␛[31m ⟨U+202E⟩ ⟨secret 40⟩ ⟨a⟩"
    assert shown.count(signs.IMITATION) == 3
    assert shown.words() == "3 signs of the text's own that look like ours: ␛, ⟨…⟩"
    assert safe_counted("\x1b")[1].count(signs.IMITATION) == 0


def test_lines_are_split_at_line_feeds_alone() -> None:
    lines, shown = safe_lines_counted("a\r\n\tb\x1b\u2028c\r\n\nd\re\n")
    assert lines == ("a␍", "␉b␛⟨U+2028⟩c␍", "", "d␍e", "")
    assert all(type(line) is SafeText for line in lines)
    assert (shown.count(signs.LINE), shown.count(signs.CONTROL), shown.count(signs.INVISIBLE)) == (3, 2, 1)
    assert safe_lines("") == ("",)
    assert safe_lines("\r") == ("␍",)


@given(HOSTILE)
def test_lines_and_one_line_find_the_same(text: str) -> None:
    lines, shown = safe_lines_counted(text)
    one, found = safe_counted(text)
    assert shown.count(signs.CONTROL) == found.count(signs.CONTROL)
    assert shown.count(signs.INVISIBLE) == found.count(signs.INVISIBLE)
    assert plain("␊").join(lines) == one or "\n" in text


def test_a_limit_reads_no_more_than_it_says_and_shows_that_there_is_more() -> None:
    assert safe("abcdef", limit=3) == "abc…"
    assert safe("abc", limit=3) == "abc"
    assert safe(safe("abcdef"), limit=2) == "ab…"
    text, shown = safe_counted("\x1b\x1b\x1b" * 1000, limit=2)
    assert (text, shown.suspicious) == ("␛␛…", 2)


def test_what_is_no_text_is_shown_as_its_text() -> None:
    assert safe(ValueError("a\x1b")) == "a␛"
    assert safe(None) == "None"


def test_only_the_boundary_makes_safe_text() -> None:
    with pytest.raises(TypeError, match="is made by safe"):
        SafeText("x")
    text = safe("x")
    for wrong in (lambda: text + "\x1b", lambda: "\x1b" + text, lambda: text.join(["\x1b"]), lambda: text.join([1])):
        with pytest.raises(TypeError, match="only safe text"):
            wrong()
    with pytest.raises(ValueError, match="our own words"):
        plain("a\x1b")
    assert plain("⟨secret 3⟩ …") == "⟨secret 3⟩ …"
    assert plain(text) is text


def test_safe_texts_are_put_together_and_taken_apart() -> None:
    text = safe("a\x1b") + plain("b")
    assert (text, type(text)) == ("a␛b", SafeText)
    assert type(plain(", ").join([text, text])) is SafeText
    assert type(text[1:]) is type(text[0]) is SafeText
    assert copy.deepcopy([text])[0] is text
    assert copy.copy(text) is text
    assert {text: 1}["a␛b"] == 1


def test_what_was_found_in_several_texts_is_added_up() -> None:
    one, two = safe_counted("\x1b")[1], safe_counted("\x07\u200b")[1]
    both = one + two
    assert both.words() == "2 control characters shown as ␛, ␇; 1 invisible character shown as ⟨U+200B⟩"
    assert together((NOTHING, one, NOTHING)) == one
    assert together(()) == NOTHING
    assert (one + shown_as(signs.SURROGATE, ["\\ud800"])).suspicious == 2


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("word and word; " * 3500, 0.001),
        (("x" * 79 + "\n") * 12_500, 0.03),
        ("abc\x1b[31m\n\u202e" * 100_000, 0.03),
        ("漢字かな" * 250_000, 0.05),
        ("e" + "\u0301" * 1_000_000, 0.3),
        ("⟩\u0301" * 100_000, 0.1),
        ("⚠\ufe0f" * 500_000, 0.3),
        ("\u202e" * 1_000_000, 0.03),
    ],
    ids=["50 KB", "lines", "controls", "chinese", "tower", "marks", "emoji", "bidi"],
)
def test_long_texts_are_quick(text: str, goal: float) -> None:
    begun = time.process_time()
    safe_counted(text)
    assert time.process_time() - begun < 20 * goal
