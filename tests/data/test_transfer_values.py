"""Stored values in JSON and in cells of CSV: each comes back to the bit, and nothing in them acts on a terminal."""

import csv
import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import MARKUP

from workbench.data.engine.stored import Value, same
from workbench.data.errors import Invalid
from workbench.data.transfer_values import (
    NUMBER,
    TEXT,
    TRUTH,
    WHOLE,
    dumps,
    from_cell,
    from_plain,
    kind_of,
    loads,
    to_cell,
    to_plain,
)

TORN = b"caf\xe9 \xed\xa0\x80".decode("utf-8", "surrogateescape")
VALUES: list[Value] = [
    None, "", " ", "NULL", "\\N", "\\", "\\\\", "\\i5", "\\x00", "\\u{41}", "5", "1.5", "true", "a,b", 'say "hi"', "'",
    "=1+1", "two\nlines\r\n\ttab", "\x00\x07\x1b[2J\x7f\x9b31m", "\u202e\u200b\U000e0041\ufeff", "西 👩\u200d👩", TORN,
    b"", b"\x00\xff", "é".encode(), 0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), True, False,
    0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, math.inf, -math.inf, math.nan, *MARKUP,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_from_json_to_the_bit(value: Value) -> None:
    text = dumps({"v": to_plain(value)})
    assert text.isascii() and text.isprintable()
    assert same((from_plain(loads(text)["v"]),), (value,))


@pytest.mark.parametrize("kind", [TEXT, WHOLE, NUMBER, TRUTH])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_from_a_cell_to_the_bit_whatever_the_column_is(value: Value, kind: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([to_cell(value, kind), "next"])
    line = out.getvalue()
    assert line.isprintable()  # no line end either: a row is a line
    cell, _ = next(csv.reader([line], strict=True))
    assert same((from_cell(cell, kind),), (value,))


_TEXTS = st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape"))
_ANY = _TEXTS | st.binary() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.booleans() | st.none()


@given(st.lists(_ANY, min_size=1, max_size=5), st.sampled_from([TEXT, WHOLE, NUMBER, TRUTH]))
def test_any_row_comes_back_to_the_bit_in_both_forms(row: list[Value], kind: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([to_cell(value, kind) for value in row])
    cells = next(csv.reader([out.getvalue()], strict=True))
    assert out.getvalue().isprintable()
    assert same(tuple(from_cell(cell, kind) for cell in cells), tuple(row))
    plain = loads(dumps({"row": [to_plain(value) for value in row]}))["row"]
    assert isinstance(plain, list) and same(tuple(map(from_plain, plain)), tuple(row))


def test_cells_read_as_the_documentation_says() -> None:
    said: list[tuple[Value, str, str]] = [
        (None, TEXT, "\\N"), ("", TEXT, ""), (b"hi", TEXT, "\\x6869"), ("h\udcff", TEXT, "\\X68ff"),
        (5, TEXT, "\\i5"), (1.5, TEXT, "\\f1.5"), (True, TEXT, "\\b1"), ("5", WHOLE, "\\s5"), ("5", TEXT, "5"),
        (5, WHOLE, "5"), (1.5, NUMBER, "1.5"), (False, TRUTH, "0"), ("\\", TEXT, "\\\\"),
        ("a\nb\u202e", TEXT, "a\\nb\\u{202e}"),
    ]  # fmt: skip
    for value, kind, cell in said:
        assert to_cell(value, kind) == cell


def test_what_json_has_a_form_for_is_that_and_the_rest_is_marked() -> None:
    assert [to_plain(each) for each in ("a", 5, 1.5, None, True)] == ["a", 5, 1.5, None, True]
    assert to_plain(b"\x00\xff") == {"$bytes": "AP8="} and to_plain("\udcff") == {"$text": "/w=="}
    assert to_plain(2**60) == {"$int": str(2**60)} and to_plain(math.nan) == {"$float": "nan"}


WRONG_PLAIN: list[Any] = [
    [], {}, {"a": 1}, {"$bytes": 5}, {"$bytes": "!"}, {"$text": "é"}, {"$int": "x"}, {"$int": str(2**63)},
    2**63, -(2**64),
    {"$float": "so"}, {"$bytes": "", "$text": ""}, "\ud800", {"$else": ""},
]  # fmt: skip


@pytest.mark.parametrize("plain", WRONG_PLAIN, ids=repr)
def test_what_was_never_written_is_refused_in_words(plain: object) -> None:
    with pytest.raises(Invalid, match=r"no value of a column|64 bits|half of a character"):
        from_plain(plain)


WRONG_CELLS = [
    ("x", WHOLE), ("", WHOLE), ("1_000", WHOLE), (" 5", WHOLE), ("٥", WHOLE), ("9" * 5000, WHOLE), (str(2**63), WHOLE),
    ("x", NUMBER), ("2", TRUTH), ("\\xzz", TEXT), ("\\x123", TEXT), ("\\q", TEXT), ("a\\", TEXT), ("\\u{110000}", TEXT),
    ("\\u{d800}", TEXT), ("\\i", TEXT), ("\\i1.5", TEXT),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "kind"), WRONG_CELLS)
def test_a_cell_that_was_never_written_is_refused_in_words(cell: str, kind: str) -> None:
    with pytest.raises(Invalid) as caught:
        from_cell(cell, kind)
    assert len(str(caught.value)) < 150


def test_lines_that_are_no_object_or_name_something_twice_are_refused() -> None:
    for text in ("", "[]", "5", "{", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000):
        with pytest.raises(Invalid, match="no object in JSON"):
            loads(text)
    assert json.loads(dumps({"a": "\x7f"})) == {"a": "\x7f"}


def test_the_declared_type_says_what_a_bare_cell_is() -> None:
    of_file = {"INTEGER": WHOLE, "bigint": WHOLE, "numeric": WHOLE, "real": NUMBER, "datetime": TEXT, "": TEXT}
    of_server = {"bigint": WHOLE, "boolean": TRUTH, "interval": TEXT, "numeric": TEXT, "point": TEXT}
    assert {word: kind_of(word, sqlite=True) for word in of_file} == of_file
    assert {word: kind_of(word, sqlite=False) for word in of_server} == of_server
