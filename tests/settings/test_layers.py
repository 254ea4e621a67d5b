"""The order of the layers, how they merge, and where each value says that it came from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.data.errors import Invalid
from workbench.settings import leaves, settings_files, variables

USER = "~/.config/workbench/workbench.toml"


def test_without_any_file_everything_is_a_default(place) -> None:
    loaded = place.load()
    assert loaded.settings.timeouts.connect == 3.0
    assert loaded.settings.timeouts.statement == 5.0
    assert loaded.settings.theme == "workbench-dark"
    assert loaded.settings.home == place.root / "home" / ".local" / "share" / "workbench"
    assert "@" in loaded.settings.operator
    assert loaded.settings.sources == {}
    assert loaded.origins == {}
    assert {origin for _, _, origin in loaded.rows()} == {"default"}
    assert loaded.notices == ()
    assert not place.user_file.parent.exists()


@pytest.mark.parametrize(
    ("strongest", "value", "origin"),
    [
        (4, "option", "--operator"),
        (3, "variable", "environment WORKBENCH_OPERATOR"),
        (1, "file", f"{USER}:2"),
        (0, None, "default"),
    ],
)
def test_the_stronger_layer_wins_and_is_named(place, strongest: int, value: str | None, origin: str) -> None:
    if strongest >= 1:
        place.user('# mine\noperator = "file"\n')
    if strongest >= 3:
        place.environ["WORKBENCH_OPERATOR"] = "variable"
    loaded = place.load(operator="option" if strongest >= 4 else None)
    assert loaded.settings.operator == value or (value is None and "@" in loaded.settings.operator)
    assert {key: where for key, _, where in loaded.rows()}["operator",] == origin


def test_the_file_of_the_current_directory_is_stronger_than_the_users(place) -> None:
    place.user('columns.source = ["name"]\n')
    place.local('columns = { source = ["name", "state"] }\n')
    loaded = place.load()
    assert loaded.settings.columns == {"source": ["name", "state"]}
    assert loaded.origins["columns.source"] == f".{os.sep}workbench.toml:1"


def test_tables_merge_deeply_and_lists_do_not(place) -> None:
    place.user(
        '[timeouts]\nconnect = 7\nstatement = 8\n[sources.prod]\ntarget = "/a.db"\nproduction = true\n'
        '[columns]\nsource = ["name", "kinds"]\n'
    )
    place.environ |= {"WORKBENCH_TIMEOUTS__CONNECT": "9", "WORKBENCH_SOURCES__PROD__READ_ONLY": "false"}
    place.environ["WORKBENCH_COLUMNS__SOURCE"] = "state, name"
    loaded = place.load(timeouts__statement=1.5)
    assert loaded.settings.timeouts.connect == 9.0
    assert loaded.settings.timeouts.statement == 1.5
    prod = loaded.settings.sources["prod"]
    assert (prod.target, prod.production, prod.read_only) == ("/a.db", True, False)
    assert loaded.settings.columns == {"source": ["state", "name"]}
    assert loaded.origins == {
        "timeouts.connect": "environment WORKBENCH_TIMEOUTS__CONNECT",
        "timeouts.statement": "--timeouts-statement",
        "sources.prod.target": f"{USER}:5",
        "sources.prod.production": f"{USER}:6",
        "sources.prod.read_only": "environment WORKBENCH_SOURCES__PROD__READ_ONLY",
        "columns.source": "environment WORKBENCH_COLUMNS__SOURCE",
    }


def test_a_whole_table_can_be_json_in_one_variable(place) -> None:
    place.environ["WORKBENCH_SOURCES"] = '{"a-b": {"target": "x.db", "read_only": false}}'
    place.environ["WORKBENCH_COLUMNS__SOURCE"] = '["name"]'
    loaded = place.load()
    assert loaded.settings.sources["a-b"].read_only is False
    assert loaded.origins["sources.a-b.target"] == "environment WORKBENCH_SOURCES"
    assert loaded.settings.columns == {"source": ["name"]}


def test_a_variable_finds_a_source_whose_name_no_variable_can_hold(place) -> None:
    place.user('[sources."Prod-genie.eu"]\ntarget = "a.db"\n')
    place.environ["WORKBENCH_SOURCES__PROD_GENIE_EU__READ_ONLY"] = "no"
    place.environ["WORKBENCH_SOURCES__NEW__TARGET"] = "b.db"
    sources = place.load().settings.sources
    assert sources["Prod-genie.eu"].read_only is False
    assert set(sources) == {"Prod-genie.eu", "new"}


def test_a_variable_that_may_mean_two_sources_is_refused(place) -> None:
    place.user('[sources]\na-b.target = "1.db"\na_b.target = "2.db"\n')
    place.environ["WORKBENCH_SOURCES__A_B__READ_ONLY"] = "no"
    with pytest.raises(Invalid, match=r"^WORKBENCH_SOURCES__A_B__READ_ONLY: this may mean any of a-b, a_b; "):
        place.load()


def test_an_empty_variable_is_not_set(place) -> None:
    place.environ |= {"WORKBENCH_OPERATOR": "", "WORKBENCH_CONFIG": "", "WORKBENCH_WHATEVER": ""}
    loaded = place.load()
    assert loaded.origins == {}
    assert loaded.notices == ()


def test_a_variable_that_no_setting_has_is_a_notice_and_no_error(place) -> None:
    place.environ |= {"WORKBENCH_OPERATER": "me", "WORKBENCH_XYZZY": "1", "WORKBENCHMARK": "1", "PATH": "/bin"}
    loaded = place.load()
    assert loaded.notices == (
        "the variable WORKBENCH_OPERATER is no setting and is ignored; did you mean WORKBENCH_OPERATOR?",
        "the variable WORKBENCH_XYZZY is no setting and is ignored; unset it, or see `workbench config show`",
    )


def test_the_settings_file_can_be_named(place) -> None:
    place.user('operator = "wrong"\n')
    named = place.here / "mine.toml"
    named.write_text('\noperator = "variable"\n')
    option = place.root / "o.toml"
    option.write_text('operator = "option"\nlog_file = "l.log"\n')
    place.environ["WORKBENCH_CONFIG"] = "mine.toml"
    assert place.load().settings.operator == "variable"
    assert place.load().origins["operator"] == f"{named}:2"
    loaded = place.load(config=str(option))
    assert loaded.settings.operator == "option"
    assert loaded.settings.log_file == place.root / "l.log"
    assert [(file.role, file.path, file.read) for file in loaded.files] == [
        ("user", option, True),
        ("local", place.local_file, False),
    ]


def test_relative_paths_start_where_they_were_written(place) -> None:
    place.user('log_file = "a.log"\n[sources.a]\ntarget = "x.db"\n[sources.b]\ntarget = "~/y.db"\n')
    place.local('[sources.c]\ntarget = "sub/z.db"\n')
    place.environ["WORKBENCH_SOURCES__D__TARGET"] = "sqlite:///v.db"
    place.environ["WORKBENCH_HOME"] = "h"
    loaded = place.load()
    folder = place.user_file.parent
    assert loaded.settings.log_file == folder / "a.log"
    assert loaded.settings.home == place.here / "h"
    assert {name: loaded.opening(name).target for name in "abcd"} == {
        "a": folder / "x.db",
        "b": place.root / "home" / "y.db",
        "c": place.here / "sub" / "z.db",
        "d": place.here / "v.db",
    }


def test_loading_writes_nothing_and_survives_a_current_directory_that_is_gone(
    place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.settings import load

    gone = place.root / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert load({}, environ={}).settings.theme == "workbench-dark"
    monkeypatch.chdir(place.root)
    assert [file.path for file in settings_files()] == [place.user_file, place.root / "workbench.toml"]
    assert sorted(path.name for path in place.root.rglob("*")) == ["home", "project"]


def test_every_scalar_setting_is_reached_by_its_variable_and_its_option(place) -> None:
    values = {bool: "true", float: "2.5", str: "workbench-dark", Path: "/p"}
    for leaf in leaves():
        if not leaf.is_scalar or leaf.dotted == "default_source":
            continue
        place.environ.clear()
        values[str] = "auto" if leaf.dotted == "clipboard" else "workbench-dark"
        place.environ[leaf.variable] = values[leaf.kind]
        assert place.load().origins == {leaf.dotted: f"environment {leaf.variable}"}
        place.environ.clear()
        assert place.load(**{leaf.dotted.replace(".", "__"): values[leaf.kind]}).origins == {leaf.dotted: leaf.option}
    assert "WORKBENCH_TIMEOUTS__CONNECT" in variables()
    assert all(leaf.description for leaf in leaves())
