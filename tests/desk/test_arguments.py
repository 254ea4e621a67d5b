"""Arguments as an operator reads them: all of them, in a form that can be read back, hiding nothing but secrets."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fixtures import fixture, open_fixture

from workbench.data.engine.page import Damaged
from workbench.desk import json_shape as shape
from workbench.desk import signs
from workbench.desk.arguments import Arguments, arguments, as_text, difference, differing_keys
from workbench.desk.safe import SafeText


def text_of(args: object, *, reveal: bool = False) -> list[str]:
    return [str(line.text) for line in arguments(args, reveal=reveal).lines]


def read_back(read: Arguments) -> object:
    """What the lines say to somebody who knows how they are made: pieces of strings are joined, the rest is JSON."""
    return json.loads(re.sub(r'\\n"\n *"', r"\\n", "\n".join(line.text for line in read.lines)), strict=False)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The arguments of all approvals of a real database, by the id of the approval."""
    database = open_fixture("agents/genie_fleet.db", tmp_path_factory.mktemp("fleet"))
    yield dict(database.execute("SELECT id, args FROM approvals"))
    database.close()


@pytest.fixture(scope="module")
def odd(fleet: dict[str, str]) -> dict[str, str]:
    """Its odd rows, by what is odd about them."""
    names = json.loads(fixture("expected/genie_fleet.json").read_text())["odd_rows"]
    return {what: fleet[key] for key, what in names.items()}


def test_the_odd_rows_of_a_real_fleet_are_all_shown(odd: dict[str, str]) -> None:
    assert len(odd) == 14
    for what, args in odd.items():
        read = arguments(args)
        assert read.lines, what
        for line in read.lines:
            assert type(line.text) is SafeText
            assert line.text.isprintable(), what
    assert text_of(odd["empty args"]) == ["no arguments"]
    assert text_of(odd["plain text args"]) == ["kubectl delete pod web-0 --force"]
    assert text_of(odd["truncated JSON"]) == ['{"command": "rm -rf /var/tmp/build']
    assert text_of(odd["Rich markup"])[1] == '  "command": "echo [red]x[/red] [bold]y[/bold] [/] [unclosed"'
    assert text_of(odd["markup in every column"]) == ["{", '  "x": "[blink]"', "}"]
    action = "[@click=app.quit]click me[/] [@click='app.bell()']bell[/]"
    assert text_of(odd["Textual action markup"])[1] == f'  "text": "{action}"'
    assert "{{ .Secrets }} %s %n ${HOME}" in text_of(odd["HTML and template"])[1]
    for what in ("plain text args", "truncated JSON", "raw ANSI escapes"):
        assert arguments(odd[what]).notes[0].startswith("not valid JSON, shown as it is stored"), what


@pytest.mark.parametrize(
    ("what", "shown", "words"),
    [
        ("raw ANSI escapes", "␛[31mDANGER␛[0m'; ␛[2J␛[H rm -rf /", "4 control characters shown as ␛"),
        ("JSON-escaped ANSI", "␛[31mDANGER␛[0m ␛]0;title␇", "4 control characters shown as ␇, ␛"),
        ("bidi override in file name", "invoice_⟨U+202E⟩fdp.exe", "1 character that turns the direction of text shown"),
        (
            "zero-width characters",
            "ku⟨U+200B⟩bectl⟨U+200D⟩ delete⟨U+FEFF⟩ ns",
            "3 invisible characters shown as ⟨U+200B⟩",
        ),
    ],
)
def test_what_hides_in_the_odd_rows_is_shown_and_counted(
    odd: dict[str, str], what: str, shown: str, words: str
) -> None:
    read = arguments(odd[what])
    assert shown in "".join(line.text for line in read.lines)
    assert read.shown.words().startswith(words)


def test_keys_that_stand_twice_and_numbers_stay_as_they_are_written(odd: dict[str, str]) -> None:
    read = arguments(odd["duplicate keys and huge numbers"])
    assert [str(line.text) for line in read.lines] == [
        "{",
        '  "id": 1,',
        '  "id": 2,',
        '  "n": 123456789012345678901234567890,',
        '  "f": 1e400,',
        '  "z": -0.0',
        "}",
    ]
    assert read.notes == ("the same key 2 times in one object, of which a program takes one: id",)


def test_a_key_written_in_another_way_is_the_same_key() -> None:
    assert "2 times in one object" in arguments('{"path":1,"p\\u0061th":2}').notes[0]
    assert arguments('{"path":1,"PATH":2}').notes[0].endswith("take for one: path, PATH")
    assert arguments('[{"a":1},{"a":2},{"b":{"a":1},"a":3}]').notes == ("JSON, but no object with names and values",)
    many = "{" + ",".join(f'"{n}":1,"{n}":2' for n in range(9)) + "}"
    assert arguments(many).notes[-1] == "4 more names stand twice"


def test_deep_nesting_is_shown_to_its_bottom(odd: dict[str, str]) -> None:
    read = arguments(odd["200 nested levels"])
    assert len(read.lines) == 401
    assert read_back(read) == json.loads(odd["200 nested levels"])
    deeper = '{"a":[' * 5_000 + "7" + "]}" * 5_000
    lines = text_of(deeper)
    assert len(lines) == 20_001
    assert lines[10_000].strip() == "7"
    assert max(map(len, lines)) < 100


def test_the_50_kb_row_has_each_of_its_lines_and_can_be_read_back(odd: dict[str, str]) -> None:
    args = odd["50 KB args"]
    begun = time.process_time()
    read = arguments(args)
    assert time.process_time() - begun < 20 * 0.02
    assert [line.text for line in read.lines[:3]] == ["{", '  "contents":', '    "line 00000: ledger=prod 156676\\n"']
    assert len(read.lines) == json.loads(args)["contents"].count("\n") + 4
    assert read_back(read) == json.loads(args)


def test_every_call_of_a_real_fleet_can_be_read_back_from_what_is_shown(fleet: dict[str, str]) -> None:
    checked = 0
    for args in fleet.values():
        read = arguments(args, reveal=True)
        if not read.shown.found and read.lines[0].text == "{":
            assert read_back(read) == json.loads(args), args
            checked += 1
    assert checked > 180


PLAIN = st.text(st.characters(categories=["L", "N", "P", "S"]) | st.sampled_from(' \n\t"\\/'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PLAIN,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(PLAIN, inside, max_size=4),
)


@given(VALUES, st.booleans())
def test_any_arguments_can_be_read_back_from_what_is_shown(value: object, escaped: bool) -> None:
    read = arguments(json.dumps(value, ensure_ascii=escaped), reveal=True)
    if not read.shown.found:
        assert read_back(read) == value
    assert all(line.text.isprintable() or "\u3000" in line.text for line in read.lines)


@given(st.text(), st.sampled_from(["", '{"a":', '["', "{", "[1,"]))
def test_any_text_at_all_is_shown(text: str, begin: str) -> None:
    read = arguments(begin + text)
    assert read.lines
    assert "\n" not in "".join(line.text for line in read.lines)


def test_no_text_can_pass_for_another_key() -> None:
    forged = 'x",\n  "path": "/safe'
    args = json.dumps({"content": forged, "path": "/etc/passwd"})
    assert text_of(args) == [
        "{",
        '  "content":',
        '    "x\\",\\n"',
        '    "  \\"path\\": \\"/safe",',
        '  "path": "/etc/passwd"',
        "}",
    ]


def test_strings_keep_what_stands_in_them() -> None:
    args = (
        '{"a":"one\\n","b":"x\\r\\n\\ty","c":["l1\\nl2","l3"],"d":"","e":{},"f":[],'
        '"g":"\\n\\n","\\u0068\\n":"\\u003c\\/"}'
    )
    assert text_of(args) == [
        "{",
        '  "a": "one\\n",',
        '  "b":',
        '    "x\\r\\n"',
        '    "\\ty",',
        '  "c": [',
        '    "l1\\n"',
        '      "l2",',
        '    "l3"',
        "  ],",
        '  "d": "",',
        '  "e": {},',
        '  "f": [],',
        '  "g":',
        '    "\\n"',
        '    "\\n",',
        '  "h\\n": "</"',
        "}",
    ]
    assert arguments(args).shown.suspicious == 0


def test_halves_of_characters_and_bare_returns_are_shown_and_counted() -> None:
    read = arguments('{"a":"\\ud83d\\ude00 \\ud800 \\udce9 x\\ry"}')
    assert read.lines[1].text == '  "a": "😀 \\ud800 \\udce9 x␍y"'
    assert read.shown.count(signs.SURROGATE) == 2
    assert read.shown.count(signs.CONTROL) == 1


def test_secrets_are_masked_until_they_are_revealed() -> None:
    args = json.dumps(
        {
            "headers": {"Authorization": "Bearer sk-live-000000004869581c6fd5ac8f"},
            "dsn": "postgres://app:hunter2@prod/x",
            "password": 123456,
            "argv": ["mysql", "-psecret", "; rm -rf /"],
            "more": ["--token", "abcdef"],
            "env": [{"name": "DB_PASSWORD", "value": "hunter2"}],
            "script": "export TOKEN=abcdef\nrm -rf /\n# password: hunter2",
            "token": 12,
            "page_token": "a|reboot",
            "passwords": ["hunter2", "hunter3"],
        }
    )
    read, revealed = arguments(args), arguments(args, reveal=True)
    shown = "\n".join(line.text for line in read.lines)
    for secret in ("hunter", "sk-live", "123456", "psecret", "abcdef"):
        assert secret not in shown
    for visible in (
        '"Bearer ⟨secret 32⟩"',
        "app:⟨secret 7⟩@prod",
        '"-p⟨secret 6⟩"',
        "; rm -rf /",
        '"rm -rf /\\n"',
        ": 12,",
    ):
        assert visible in shown
    assert '"password": ⟨secret 6⟩,' in shown
    assert read.secrets == revealed.secrets == 10
    assert len(read.lines) == len(revealed.lines)
    assert read_back(revealed) == json.loads(args)
    masks = [text for line in read.lines for text, kind in line.pieces if kind == "mask"]
    assert len(masks) == read.secrets
    assert all(text.startswith("⟨secret ") for text in masks)


def test_secrets_in_what_is_no_json_are_masked_too() -> None:
    args = "\x1b[1m\ncurl -H 'Authorization: Bearer abcdef' x | sh\nPGPASSWORD=hunter2"
    read = arguments(args)
    assert text_of(args) == ["␛[1m", "curl -H 'Authorization: Bearer ⟨secret 6⟩' x | sh", "PGPASSWORD=⟨secret 7⟩"]
    assert read.secrets == 2
    assert text_of(args, reveal=True)[1:] == args.split("\n")[1:]
    assert as_text("token=abcdef?").lines[0].text == "token=⟨secret 7⟩"


def test_pieces_say_what_they_are() -> None:
    line = arguments('{"a":"x password=hunter2;","b":1.5,"c":null}').lines[1]
    assert [(line.text[start:end], kind) for start, end, kind in line.spans] == [
        ('"a"', "key"),
        ('"x password=', "string"),
        ("⟨secret 7⟩", "mask"),
        (';"', "string"),
    ]
    assert "".join(text for text, _ in line.pieces) == line.text == '  "a": "x password=⟨secret 7⟩;",'
    kinds = {kind for row in arguments('{"b":1.5,"c":null,"d":[true]}').lines for _, kind in row.pieces}
    assert kinds == {"", "key", "number", "word"}


@pytest.mark.parametrize(
    ("args", "at", "why"),
    [
        ('{"a":1}x', 8, "no JSON begins here"),
        ('{"a":01}', 6, "no JSON begins here"),
        ('{"a":1,}', 8, "} does not belong here"),
        ("[1 2]", 4, "a number does not belong here"),
        ('["a" "hunter2"]', 6, "a text does not belong here"),
        ('{"a" 1}', 6, "a number does not belong here"),
        ("{1:2}", 2, "a number does not belong here"),
        ("[}", 2, "} does not belong here"),
        ("[1,2", 5, "the text ends too early"),
        ("  ", 3, "the text ends too early"),
        ('{"a":"\\x"}', 6, "a text in quotes that is broken or has no end"),
        ("[NaN]", 2, "no JSON begins here"),
        ("\ufeff{}", 1, "no JSON begins here"),
        ("nulll", 1, "no JSON begins here"),
        ("]", 1, "] does not belong here"),
        (":", 1, ": does not belong here"),
    ],
)
def test_what_is_no_json_says_where_it_stops_being_it(args: str, at: int, why: str) -> None:
    read = arguments(args)
    assert read.notes == (f"not valid JSON, shown as it is stored (at character {at}: {why})",)
    with pytest.raises(json.JSONDecodeError):
        json.loads(args, parse_constant=lambda word: json.loads("!"))


@given(st.text(st.sampled_from('{}[]:,"\\ 01.-eEtruefalsn\t\n'), max_size=14))
def test_what_is_json_is_decided_as_the_standard_library_does(text: str) -> None:
    try:
        json.loads(text, parse_constant=lambda word: json.loads("!"))
        valid = True
    except ValueError:
        valid = False
    try:
        shape.read(text)
        ours = True
    except shape.NotJson:
        ours = False
    assert ours == valid


def test_damaged_arguments_say_why_and_show_their_bytes() -> None:
    read = arguments(Damaged(b"ab\xff\x00 password=hunter2\nx", "bytes that are not UTF-8 where text belongs"))
    assert [line.text for line in read.lines] == ["ab\\xff␀ password=⟨secret 7⟩", "x"]
    assert read.notes == ("the arguments cannot be read: bytes that are not UTF-8 where text belongs",)
    assert (read.secrets, read.shown.count(signs.BYTE)) == (1, 1)
    long = arguments(Damaged(b"a" * 5000, "too long"))
    assert long.notes[1] == "904 more are not shown"
    assert text_of(Damaged(None, "NULL where text belongs")) == ["None"]


def test_the_names_that_differ_from_another_call_are_told() -> None:
    before = '{"path":"/a","content":"x","mode":1,"http":{"headers":{"a":1},"list":[1]}}'
    assert difference(before, '{"content":"y", "path":"/a","http":{"headers":{"a":2},"list":[1]},"dry":true}') == (
        "content",
        "dry (new)",
        "mode (gone)",
        "http.headers.a",
    )
    assert difference('{"a":1,"b":2}', '{"b": 2, "a": 1}') == ()
    assert difference('{"a":"<"}', '{"a":"\\u003c"}') == ()
    assert difference('{"a":1}', '{"a":1.0}') == ("a",)
    assert difference('{"a":1}', '{"a":1,"a":2}') == ("a",)
    assert difference('{"a":[{"b":1}]}', '{"a":[{"b":2}]}') == ("a",)
    assert difference("rm x", "rm x") == ()
    assert difference("rm x", "{}") == ("the whole text",)
    assert difference("[1]", "[1 ]") == ()
    assert difference("[1]", "{}") == ("the whole value",)
    assert differing_keys(before, '{"path":"/b","content":"\x1b"}') == "the whole text"
    assert differing_keys('{"a":1}', '{"a":1}') == ""
    assert differing_keys("{}", "{" + ",".join(f'"k{n}":1' for n in range(11)) + "}").endswith("k7 (new), 3 more")
    hostile = difference("{}", '{"a\\u202e\\n":1,"sk-live-000000004869581c6fd5ac8f":2}')
    assert hostile == ("a⟨U+202E⟩␊ (new)", "⟨secret 32⟩ (new)")


def test_the_difference_of_deep_calls_is_found_without_recursion() -> None:
    deep = '{"a":' * 5_000 + "%d" + "}" * 5_000
    assert difference(deep % 1, deep % 2) == ("a.a.a.a.a.a",)
    assert difference("[" * 5_000 + "]" * 5_000, "[" * 5_000 + "]" * 5_000) == ()


@pytest.mark.parametrize(
    "args",
    [
        "[" * 50_000,
        "[" + '"a",' * 12_500 + '"a"]',
        "[" + '"-p",' * 10_000 + '"a"]',
        json.dumps({f"key {n}": f"value {n}" for n in range(3000)}),
        "{" + ",".join('"a":1' for _ in range(8000)) + "}",
        json.dumps({"a": "\x1b\u202e" * 25_000}),
        json.dumps({"a": "password=x\n" * 4_000}),
        '"' + "\\u0061" * 8_000,
    ],
    ids=["open", "list", "flags", "object", "twice", "signs", "secrets", "broken"],
)
def test_hostile_arguments_of_50_kb_are_quick(args: str) -> None:
    begun = time.process_time()
    arguments(args)
    assert time.process_time() - begun < 20 * 0.4
