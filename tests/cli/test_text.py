"""What reaches a terminal: everything that acts or hides is shown, everything else is as it was."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.cli.text import cut, pad, safe, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ~!", "plain ~!"),
        ("é ü 漢字 🎉", "é ü 漢字 🎉"),
        ("\x1b[31mred\x1b]8;;http://x\x07", "␛[31mred␛]8;;http://x␇"),
        ("a\r\nb\tc\0d", "a␍␊b␉c␀d"),
        ("\x7f\x80\x9b\x85", "␡⟨U+0080⟩⟨U+009B⟩⟨U+0085⟩"),
        ("a\u200bb\u202ec\u2066d\ufeff", "a⟨U+200B⟩b⟨U+202E⟩c⟨U+2066⟩d⟨U+FEFF⟩"),
        ("\U000e0041\U000e007f", "⟨U+E0041⟩⟨U+E007F⟩"),
        ("\u2028\u2029\u00ad\u034f\u3164", "⟨U+2028⟩⟨U+2029⟩⟨U+00AD⟩⟨U+034F⟩⟨U+3164⟩"),
        ("\ufe0f\U000e0100", "⟨U+FE0F⟩⟨U+E0100⟩"),
        ("caf\udce9 \udc80", "caf\\xe9 \\x80"),
        ("\ud800 \udc00 \udfff", "\\ud800 \\udc00 \\udfff"),
        ("\uffff", "⟨U+FFFF⟩"),
    ],
)
def test_what_acts_or_hides_is_shown(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_every_single_character_is_harmless_and_visible() -> None:
    for code in range(sys.maxunicode + 1):
        for character in safe(chr(code)):
            category = unicodedata.category(character)
            assert category not in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn"), hex(code)
        safe(chr(code)).encode("utf-8")


@given(st.text())
def test_making_safe_twice_changes_nothing_and_a_cell_is_as_wide_as_it_says(text: str) -> None:
    once = safe(text)
    assert safe(once) == once
    assert width(pad(once, width(once) + 3)) == width(once) + 3


@given(st.text(), st.integers(1, 20), st.booleans())
def test_a_cut_text_fits_and_keeps_its_beginning_or_its_end(text: str, cells: int, keep_end: bool) -> None:
    whole = safe(text)
    short = cut(whole, cells, keep_end=keep_end)
    assert width(short) <= max(cells, 1)
    if short != whole:
        assert width(whole) > cells
        assert whole.endswith(short[1:]) if keep_end else whole.startswith(short[:-1])
        assert "…" in short


def test_wide_and_combining_characters_have_their_width() -> None:
    assert width("abc") == 3
    assert width("漢字") == 4
    assert width("e\u0301") == 1
    assert width("🎉") == 2
    assert pad("漢", 4) == "漢  "
