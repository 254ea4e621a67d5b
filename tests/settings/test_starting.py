"""The settings file to begin with: comments only, and every setting at its default when they are taken away."""

from __future__ import annotations

import re
import tomllib

from workbench.settings import leaves
from workbench.settings.starting import starter_text


def test_it_sets_nothing(place) -> None:
    before = place.load().rows()
    place.user(starter_text())
    assert place.load().rows() == before


def test_every_setting_is_in_it_with_its_words() -> None:
    text = starter_text()
    words = " ".join(line.removeprefix("# ") for line in text.splitlines())
    for leaf in leaves():
        assert re.search(rf"^#{leaf.key[-1]} = ", text, re.MULTILINE), leaf.dotted
        assert leaf.description in words, leaf.dotted


def test_with_the_signs_taken_away_it_is_a_file_with_every_default(place) -> None:
    lines = [re.sub(r"^#(?! )", "", line) for line in starter_text().splitlines()]
    values = tomllib.loads("\n".join(lines))
    for leaf in leaves():
        value: object = values
        for part in leaf.key:
            value = value[part]  # type: ignore[index]
        if leaf.is_scalar and leaf.default is not None:
            assert value == (leaf.default if isinstance(leaf.default, (bool, float, str)) else str(leaf.default))
    named = [line for line in lines if not line.startswith(("NOUN", "[columns", "default_source"))]
    place.user("\n".join(named).replace("NAME", "some").replace('"…"', '"/x.db"').replace("passfile", "#passfile"))
    assert place.load().settings.sources["some"].target == "/x.db"
