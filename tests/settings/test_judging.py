"""What is plainly right needs no judge, and the judge would have said the same; what is odd is judged as ever."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.settings import Leaf, Settings, SourceSettings, leaves
from workbench.settings.judging import judged
from workbench.settings.model import composed

TEXTS = st.one_of(
    st.sampled_from(["true", "YES", "oN", "t", "0", "1", "01", "nan", "inf", "1e1", "1_0", "+1", "-1", "-0", "5."]),
    st.sampled_from(["workbench-dark", "ansi", "ſ", "ON ", "٣", "²", "1.5.2", "86400", "86400.0000000000001", "86401"]),
    st.text(st.characters(), min_size=1, max_size=12),
    st.from_regex(r"\A\d{1,30}(\.\d{0,30})?\Z"),
    st.from_regex(r"\A[ -+]?[0-9_.eE]{1,8} ?\Z"),
)  # fmt: skip
NUMBERS = st.one_of(st.integers(), st.floats(), st.floats(0, 100_000), st.integers(-1, 86_401), st.just(1 << 64))
VALUES = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none(), st.lists(st.one_of(TEXTS, NUMBERS), max_size=3))
JUDGED = [leaf for leaf in leaves() if leaf.kind is not Path]


@pytest.mark.parametrize("leaf", JUDGED, ids=lambda leaf: leaf.dotted)
@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_what_is_plainly_right_is_what_the_judge_would_give(leaf: Leaf, value: object) -> None:
    plain = leaf.plainly(value)
    if plain is not None:
        found = judged(leaf, value)
        assert (found, type(found)) == (plain, type(plain))


@pytest.mark.parametrize("leaf", JUDGED, ids=lambda leaf: leaf.dotted)
def test_what_people_write_is_plainly_right(leaf: Leaf) -> None:
    """Each as a file and as a variable gives it."""
    written = {
        bool: [True, False, "true", "False", "yes", "off", "1", "0"],
        float: [1, 2.5, 86_400, "3", "0.25", "86400"],
        str: ["auto" if leaf.dotted == "clipboard" else "workbench-dark"],
        list: [["name", "état"], []],
    }
    for value in written[leaf.kind]:
        plain = leaf.plainly(value)
        assert plain is not None, value
        assert type(plain) is leaf.kind
        assert judged(leaf, value) == plain


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [("TIMEOUTS__CONNECT", "1e1", 10.0), ("TIMEOUTS__CONNECT", " 2 ", 2.0), ("SOURCES__S__READ_ONLY", "t", True)],
)
def test_what_is_odd_and_still_right_counts(place, variable: str, text: str, value: object) -> None:
    place.environ = {"WORKBENCH_SOURCES__S__TARGET": "x.db", f"WORKBENCH_{variable}": text}
    loaded = place.load()
    found = loaded.settings.sources["s"].read_only if "READ" in variable else loaded.settings.timeouts.connect
    assert found == value


def test_bytes_that_are_no_text_are_refused_by_the_judge(place) -> None:
    place.environ["WORKBENCH_DEFAULT_SOURCE"] = "a\udcff"
    with pytest.raises(Exception, match="WORKBENCH_DEFAULT_SOURCE: default_source must be text, not "):
        place.load()


def test_settings_cannot_be_changed_and_do_not_show_their_targets() -> None:
    found = composed({("sources", "s", "target"): "postgresql://u:sekret@h/d", ("timeouts", "lock"): 1.0})
    assert found.sources == {"s": SourceSettings(target="postgresql://u:sekret@h/d")}
    assert (found.timeouts.lock, found.timeouts.connect) == (1.0, 3.0)
    assert "sekret" not in repr(found)
    for one in (found, found.timeouts, found.sources["s"]):
        with pytest.raises(FrozenInstanceError):
            setattr(one, fields(one)[0].name, None)


def test_each_setting_has_a_default_or_must_be_given() -> None:
    assert [leaf.dotted for leaf in leaves() if leaf.default is None] == [
        "default_source", "log_file", "sources.NAME.target", "sources.NAME.passfile",
    ]  # fmt: skip
    assert isinstance(Settings(), Settings)
    with pytest.raises(TypeError, match="target"):
        SourceSettings()  # type: ignore[call-arg]


@pytest.mark.parametrize(("text", "judge"), [("2.5", False), ("2.5e0", True)])
def test_the_judge_is_loaded_only_when_it_is_asked(tmp_path: Path, text: str, judge: bool) -> None:
    (tmp_path / "c.toml").write_text('operator = "me"\ncolumns.source = ["name"]\n[sources.a]\ntarget = "a.db"\n')
    code = (
        "import sys; from pathlib import Path; from workbench.settings import load\n"
        f"loaded = load({{'config': 'c.toml'}}, cwd=Path({str(tmp_path)!r}), "
        f"environ={{'WORKBENCH_TIMEOUTS__CONNECT': {text!r}, 'WORKBENCH_SOURCES__A__READ_ONLY': 'no'}})\n"
        "assert loaded.settings.timeouts.connect == 2.5 and not loaded.settings.sources['a'].read_only\n"
        "print({'pydantic', 'pydantic_settings'} <= set(sys.modules), 'pydantic_core' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(judge), str(judge)]
