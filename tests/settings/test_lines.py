"""The line finder against tomllib: every key that tomllib knows has its line, whatever the text looks like."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.settings.lines import key_lines


def paths_of(value: object, above: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {above} if above else set()
    if isinstance(value, dict):
        for key, member in value.items():
            found |= paths_of(member, (*above, key))
    if isinstance(value, list):
        for index, member in enumerate(value):
            found |= paths_of(member, (*above, index))
    return found


TRICKY = '''\
# [no.table] x = 1
"a b" = 1  # b = 2
'lit.eral'.sub = "x = ]"
[t . "quo\\"ted" ] # comment [x]
text = """
[not.a.table]
not_a_key = 1 "" \\""" still
end""""
raw = \'\'\'
also.not = 'here'
\'\'\'\'
after = 1979-05-27 07:32:00Z
list = [ # a comment ]
  "]", # [
  { x = 1, y = { z = "}" } },
  [ [ 1 ], [] ],
]
inline = { p.q = 1, "r" = [ "a", """b
c""" ], s = 3 }

[[arrays]]
name = 1
[arrays.sub]
deep = 1
[[arrays.list]]
x = 1
[[arrays]]
name = 2
[[arrays.list]]
x = 2
[[arrays.list]]
x = 3
'''


def test_every_key_of_a_tricky_text_is_on_its_line() -> None:
    lines = key_lines(TRICKY)
    assert set(lines) == paths_of(tomllib.loads(TRICKY))
    known = {
        ("a b",): 2,
        ("lit.eral",): 3,
        ("lit.eral", "sub"): 3,
        ("t",): 4,
        ("t", 'quo"ted'): 4,
        ("t", 'quo"ted', "text"): 5,
        ("t", 'quo"ted', "raw"): 9,
        ("t", 'quo"ted', "after"): 12,
        ("t", 'quo"ted', "list"): 13,
        ("t", 'quo"ted', "list", 1, "x"): 15,
        ("t", 'quo"ted', "list", 1, "y", "z"): 15,
        ("t", 'quo"ted', "inline", "p", "q"): 18,
        ("t", 'quo"ted', "inline", "r"): 18,
        ("t", 'quo"ted', "inline", "s"): 19,
        ("arrays", 0, "name"): 22,
        ("arrays", 0, "sub", "deep"): 24,
        ("arrays", 0, "list", 0, "x"): 26,
        ("arrays", 1, "name"): 28,
        ("arrays", 1, "list", 0, "x"): 30,
        ("arrays", 1, "list", 1, "x"): 32,
        ("t", 'quo"ted', "list", 0): 14,
        ("t", 'quo"ted', "list", 2): 16,
    }
    assert {path: lines[path] for path in known} == known


def test_windows_line_ends_count_once() -> None:
    assert key_lines("a = 1\r\n\r\n[t]\r\nb = '''\r\nx'''\r\nc = 2\r\n") == {
        ("a",): 1,
        ("t",): 3,
        ("t", "b"): 4,
        ("t", "c"): 6,
    }


@pytest.mark.parametrize("text", ["", "\n", "# only a comment", "   \n\t\n"])
def test_a_text_without_keys_has_no_lines(text: str) -> None:
    assert key_lines(text) == {}


VALUES = st.sampled_from(
    [
        "1", "-0.5e3", "true", "inf", "1979-05-27T07:32:00Z", '"plain"', "'lit'", '"e\\"sc # [x] = \\\\"', '""', "''",
        '"""\nk = 1\n[t]\n"""', "'''\nk = 1\n'''",
        '""""quoted"""""', "''''x'''", "[]", "[ 1, 2, ]", "[\n1, # k = 2\n2\n]",
        "[[1],\n[2]]", "{}", "{ k1 = 1 }", '{ k1 = "}", k2 = [1,\n2] }', '{ k1 = { k2 = """\n\n""" }, k3 = 1 }',
        '[ { k1 = 1 },\n { k1 = 2 } ]', '"""\\\n  folded"""',
    ]
)  # fmt: skip
KEYS = st.sampled_from(["a", "b-c", "D_1", "7", '"q"', '"q.x"', "'l'", '"\\u00e9 \\t"', '""', "'#'", '"]"', '"="'])
FILL = st.sampled_from(["", "\n", "  # comment = [1]\n", "\t\n", "#\n# [t]\n"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[tuple[str | int, ...], int]]:
    """A TOML text of many forms, and the line of each pair in it (counted while it is written)."""
    text = draw(FILL)
    wanted: dict[tuple[str | int, ...], int] = {}
    arrays: dict[str, int] = {}
    for number in range(draw(st.integers(1, 6))):
        above: tuple[str | int, ...] = ()
        if number or draw(st.booleans()):
            name = f"t{draw(st.integers(0, 2)) if draw(st.booleans()) else number + 10}"
            if name in arrays or (name not in {path[0] for path in wanted} and draw(st.booleans())):
                index = arrays[name] = arrays.get(name, -1) + 1
                above = (name, index)
                wanted.setdefault((name,), text.count("\n") + 1)
                wanted[above] = text.count("\n") + 1
                text += f"[[ {name} ]]  # {name} = 1\n"
            else:
                above = (name, f"s{number}")
                wanted.setdefault((name,), text.count("\n") + 1)
                wanted[above] = text.count("\n") + 1
                text += f'[{name}."s{number}"]\n'
        for index, key in enumerate(draw(st.lists(KEYS, max_size=4, unique=True))):
            text += draw(FILL)
            line = text.count("\n") + 1
            dotted = f"{key} . x{index}" if draw(st.booleans()) else key
            indent, comment = draw(st.sampled_from(["", "  "])), draw(st.sampled_from(["", " # k = 1"]))
            text += f"{indent}{dotted} = {draw(VALUES)}{comment}\n"
            name = tomllib.loads(f"k = {key}")["k"] if key[0] in "\"'" else key
            wanted.setdefault((*above, name), line)
            if dotted != key:
                wanted[*above, name, f"x{index}"] = line
    return text, wanted


@settings(max_examples=300, deadline=None)
@given(documents())
def test_every_key_that_tomllib_finds_is_found_on_the_line_where_it_was_written(
    document: tuple[str, dict[tuple[str | int, ...], int]],
) -> None:
    text, wanted = document
    lines = key_lines(text)
    assert set(lines) == paths_of(tomllib.loads(text))
    assert {path: lines[path] for path in wanted} == wanted
