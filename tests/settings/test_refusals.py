"""What is wrong in the settings is one sentence with its place and what to do, and never a password."""

# ruff: noqa: E501 - the tables are wide
from __future__ import annotations

import os

import pytest

from workbench.data.errors import Invalid, NotFound, WorkbenchError
from workbench.themes import theme_names

USER = "~/.config/workbench/workbench.toml"


def refusal(place, kind: type[WorkbenchError] = Invalid, **options: object) -> str:
    with pytest.raises(kind) as caught:
        place.load(**options)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('\noperater = "x"\n', ':2: unknown setting "operater"; did you mean "operator"?'),
        ("[timeout]\nconnect = 1\n", ':1: unknown setting "timeout"; did you mean "timeouts"?'),
        ("connect = 1\n", ':1: unknown setting "connect"; did you mean "timeouts.connect"?'),
        ("[timeouts]\n\nconect = 1\n", ':3: unknown setting "timeouts.conect"; did you mean "connect"?'),
        (
            '[sources."a.b"]\ntarget = "x"\nreadonly = true\n',
            ':3: unknown setting "sources."a.b".readonly"; did you mean "read_only"?',
        ),
        ('sources.a = { target = "x",\n pasfile = "y" }\n'.replace(",\n", ","), ':1: unknown setting "sources.a.pasfile"'),
        (
            "zzz = 1\n",
            ':1: unknown setting "zzz"; known are operator, home, default_source, theme, resume, clipboard, bell, title, osc9, '
            "log_file, timeouts, columns, keys, sources",
        ),
        ('OPERATOR = "x"\n', ':1: unknown setting "OPERATOR"; did you mean "operator"?'),
        ('"" = 1\n', ':1: unknown setting """"'),
        ('timeouts.connect = "soon"\n', ':1: timeouts.connect must be a number, not "soon"'),
        ("timeouts.connect = true\n", ":1: timeouts.connect must be a number, not true"),
        ("timeouts.connect = 0\n", ":1: timeouts.connect must be greater than 0, not 0"),
        ("timeouts.connect = nan\n", ":1: timeouts.connect must be a number, not nan"),
        ("timeouts.connect = inf\n", ":1: timeouts.connect must be a number, not inf"),
        ("timeouts.connect = 1e9\n", ":1: timeouts.connect must be at most 86400, not 1000000000.0"),
        ("timeouts.connect = 07:32:00\n", ":1: timeouts.connect must be a number, not 07:32:00"),
        ("timeouts = 5\n", ":1: timeouts must be a table, not a number"),
        ('sources = "x"\n', ":1: sources must be a table, not text"),
        ('[[sources]]\nname = "x"\n', ":1: sources must be a table, not a list"),
        ("sources.a = 5\n", ":1: sources.a must be a table, not a number"),
        ("operator = 5\n", ":1: operator must be text, not 5"),
        ('operator = ""\n', ":1: operator must not be empty"),
        ('operator = "a\\nb"\n', ":1: operator must be one line of visible text"),
        ('operator = "a\\u202Eb"\n', ":1: operator must be one line of visible text"),
        ("home = []\n", ":1: home must be a path, as text, not a list"),
        ('home = ""\n', ":1: home must not be empty"),
        ('home = "a\\u0000b"\n', ":1: home must not hold a NUL character"),
        ('home = "~nobody-of-this-name/x"\n', ':1: home begins with "~", but that home is not known'),
        ('columns.source = "name"\n', ':1: columns.source must be a list of names, not "name"'),
        ("columns.source = [1]\n", ":1: columns.source must be a list of names, not a list"),
        ('theme = "workbench-drak"\n', ':1: theme names "workbench-drak", which is no theme; did you mean "workbench-dark"?'),
        ('theme = "../x"\n', ':1: theme names "../x", which is no theme; there is: ansi, '),
        ('default_source = "pord"\n[sources.prod]\ntarget = "x"\n', ':1: default_source names "pord", which is no source; did you mean "prod"?'),
        ('[sources.prod]\nread_only = "no"\ntarget = "x"\n', ':2: sources.prod.read_only must be true or false, not "no"'),
        ("[sources.prod]\nread_only = false\n", ':2: the source "prod" has no target; add sources.prod.target'),
        ('[sources.prod]\ntarget = ""\n', ":2: sources.prod.target must not be empty"),
        ("[sources.prod]\ntarget = 5\n", ":2: sources.prod.target must be text, not a number"),
        ('[sources.prod]\ntarget = "x${}"\n', ":2: sources.prod.target holds a ${ that names no variable; write ${NAME}"),
        ('[sources.prod]\ntarget = "x${A"\n', ":2: sources.prod.target holds a ${ that names no variable; write ${NAME}"),
        ('[sources.home]\ntarget = "x"\n', ':1: "home" is the workbench\'s own home; give this source another name'),
        ('[sources.Home]\ntarget = "x"\n', ':1: "Home" is the workbench\'s own home; give this source another name'),
        ('[sources."a b"]\ntarget = "x"\n', ':1: "a b" is no name for a source; use letters, digits, ".", "_" and "-"'),
        ('[sources.-a]\ntarget = "x"\n', ':1: "-a" is no name for a source; use letters'),
        ('[sources."é"]\ntarget = "x"\n', ':1: "é" is no name for a source; use letters'),
        ("a = \n", ":1: this is not TOML, correct the line: Invalid value (column 5)"),
        ('ok = 1\n\noperator = "x\n', ":3: this is not TOML, correct the line: "),
        ("[sources", ":1: this is not TOML, correct the line: "),
        ("a = 1\na = 2\n", ":2: this is not TOML, correct the line: "),
        ("x = 1\ny = [\n1,\n", ":3: this is not TOML, correct the line: "),
        ("a = " + "[" * 4000 + "]" * 4000, ": the values are nested too deeply; flatten them"),
    ],
)  # fmt: skip
def test_a_wrong_user_file_is_refused_with_its_line(place, text: str, sentence: str) -> None:
    place.user(text)
    assert refusal(place).startswith(USER + sentence)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("WORKBENCH_TIMEOUTS__CONNECT", "soon", 'timeouts.connect must be a number, not "soon"'),
        ("WORKBENCH_THEME", "x", f'theme names "x", which is no theme; there is: {", ".join(theme_names())}'),
        ("WORKBENCH_OPERATOR", "a\x1bb", "operator must be one line of visible text"),
        ("WORKBENCH_SOURCES__P__READ_ONLY", "maybe", 'sources.p.read_only must be true or false, not "maybe"'),
        ("WORKBENCH_SOURCES__P__READ_ONLY", "1", 'the source "p" has no target; add sources.p.target'),
        ("WORKBENCH_SOURCES__HOME__TARGET", "x", '"home" is the workbench\'s own home; give this source another name'),
        ("WORKBENCH_SOURCES", "postgresql://u:sekret@h/", "this must be a JSON object; or set one value with WORKBENCH_SOURCES__KEY"),
        ("WORKBENCH_SOURCES", '{"a": {"targt": "x"}}', 'unknown setting "sources.a.targt"; did you mean "target"?'),
        ("WORKBENCH_SOURCES", '{"a": {"target": ["sekret"]}}', "sources.a.target must be text, not a list"),
        ("WORKBENCH_TIMEOUTS", "[1]", "this must be a JSON object; or set one value with WORKBENCH_TIMEOUTS__KEY"),
        ("WORKBENCH_DEFAULT_SOURCE", "x", 'default_source names "x", which is no source'),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_refused_by_its_name(place, name: str, value: str, sentence: str) -> None:
    place.environ[name] = value
    said = refusal(place)
    assert said == f"{name}: {sentence}"
    assert "sekret" not in said


def test_a_wrong_option_is_refused_by_its_name(place) -> None:
    assert (
        refusal(place, timeouts__connect=-1.0)
        == "--timeouts-connect: timeouts.connect must be greater than 0, not -1.0"
    )
    assert refusal(place, theme="nope").startswith('--theme: theme names "nope", which is no theme')


def test_a_file_that_is_not_utf8_is_refused_with_its_line(place) -> None:
    place.user("")
    place.user_file.write_bytes(b'operator = "x"\ntheme = "\xff"\n')
    assert refusal(place) == f"{USER}:2: this is not UTF-8 text; save the file as UTF-8"


def test_a_byte_order_mark_is_no_error(place) -> None:
    place.user("")
    place.user_file.write_bytes(b'\xef\xbb\xbfoperator = "x"\n')
    assert place.load().settings.operator == "x"


def test_a_directory_a_pipe_and_a_huge_file_are_refused(place) -> None:
    place.user_file.mkdir(parents=True)
    assert refusal(place) == f"{USER}: this is a directory, not a settings file; move it or name a file"
    place.user_file.rmdir()
    os.mkfifo(place.user_file)
    assert refusal(place) == f"{USER}: this is not a regular file; move it or name a file with --config"
    place.user_file.unlink()
    place.user("#" * (1 << 20) + "\n")
    assert refusal(place) == f"{USER}: this is larger than 1 MiB, which no settings file is; name another file"


def test_a_named_file_that_is_missing_is_not_found(place) -> None:
    missing = place.root / "no.toml"
    assert refusal(place, NotFound, config=str(missing)) == (
        f"{missing}: there is no such settings file, but --config names it; correct the path"
    )
    place.environ["WORKBENCH_CONFIG"] = str(missing)
    assert "but WORKBENCH_CONFIG names it" in refusal(place, NotFound)
    place.environ["WORKBENCH_CONFIG"] = "/dev/null"
    assert place.load().settings.theme == "workbench-dark"
