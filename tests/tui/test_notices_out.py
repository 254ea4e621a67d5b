"""The bell, the title and the notice: their bytes, when there are none, and that nothing of a text acts in them."""

from __future__ import annotations

import re

from support.hostile import HOSTILE, drawn

from workbench.desk.safe import plain, safe
from workbench.tui.notices_out import POP_TITLE, PUSH_TITLE, NoticesOut, Wanted, news

NAME = plain("prod")
ALL = Wanted(bell=True, title=True, osc9=True)


def test_the_title_has_the_count_and_the_old_one_is_kept_first() -> None:
    out = NoticesOut(Wanted())
    assert out.show_count(7, NAME) == PUSH_TITLE + "\x1b]2;(7) prod · workbench\x07".encode()
    assert out.show_count(2000, NAME, more=True) == "\x1b]2;(2,000+) prod · workbench\x07".encode()
    assert out.show_count(0, NAME) == "\x1b]2;prod · workbench\x07".encode()
    assert out.show_count(0, plain("")) == b"\x1b]2;workbench\x07"


def test_the_same_title_again_is_no_bytes() -> None:
    out = NoticesOut(Wanted())
    out.show_count(7, NAME)
    assert out.show_count(7, NAME) == b""


def test_the_old_title_is_given_back_once_and_can_be_taken_again() -> None:
    out = NoticesOut(Wanted())
    assert out.end() == b""
    out.show_count(1, NAME)
    assert (out.end(), out.end()) == (POP_TITLE, b"")
    assert out.again() == PUSH_TITLE + "\x1b]2;(1) prod · workbench\x07".encode()
    assert out.again() == b"" == NoticesOut(Wanted()).again()


def test_what_is_not_wanted_is_not_told() -> None:
    out = NoticesOut(Wanted(title=False))
    assert (out.show_count(7, NAME), out.tell(plain("news")), out.end()) == (b"", b"", b"")
    console = NoticesOut(ALL, {"TERM": "linux"})
    assert console.show_count(7, NAME) == b"" and console.end() == b""


def test_news_are_a_bell_and_a_notice_as_wanted() -> None:
    words = news(3, plain("run_shell"), NAME)
    assert words == "New in prod: run_shell and 2 more"
    assert NoticesOut(Wanted(bell=True)).tell(words) == b"\x07"
    assert NoticesOut(Wanted(osc9=True)).tell(words) == b"\x1b]9;New in prod: run_shell and 2 more\x07"
    inside = NoticesOut(ALL, {"TMUX": "x"}).tell(words)
    assert inside == b"\x07\x1bPtmux;\x1b\x1b]9;New in prod: run_shell and 2 more\x07\x1b\\"


def arrived(out: NoticesOut, **waiting: str) -> frozenset[object]:
    """The keys, a letter each, that are news of what waits in these sources now."""
    return out.arrived([(key, source) for source, keys in waiting.items() for key in keys], waiting)


def test_what_waited_when_we_came_is_no_news_and_what_comes_is_news_once() -> None:
    out = NoticesOut(ALL)
    assert arrived(out, prod="ab") == frozenset()
    assert arrived(out, prod="abc") == {"c"}
    assert arrived(out, prod="cb") == frozenset()
    assert arrived(out, prod="cde") == {"d", "e"}
    assert arrived(out, prod="cde", slow="xy") == frozenset()  # another source has answered for the first time
    assert arrived(out, prod="cde", slow="xyz") == {"z"}
    assert arrived(out, other="q") == frozenset()  # the operator went elsewhere
    empty = NoticesOut(ALL)
    arrived(empty, prod="")
    assert arrived(empty, prod="a") == {"a"}


def test_no_text_acts_in_a_title_or_a_notice_and_both_have_an_end() -> None:
    for text in HOSTILE:
        out = NoticesOut(ALL)
        sent = out.show_count(1, safe(text)) + out.tell(news(1, safe(text), safe(text)))
        parts = re.fullmatch(rb"\x1b\[22;2t\x1b\]2;([^\x07]*)\x07\x07\x1b\]9;([^\x07]*)\x07", sent)
        assert parts, (text, sent)
        for part in parts.groups():
            drawn(part)
    long = NoticesOut(ALL)
    assert len(long.show_count(1, safe("x" * 10_000)) + long.tell(news(1, safe("y" * 10_000), NAME))) < 300
