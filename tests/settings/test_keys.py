"""The table of keys: how it may be written, where each key came from, and who may not write it; the user's themes."""

from __future__ import annotations

import pytest

from workbench.data.errors import Invalid

USER = "~/.config/workbench/workbench.toml"


@pytest.mark.parametrize(
    "text",
    [
        '[keys]\nview.help = ["f1", "?"]\nrow.mark = "m"\n',
        '[keys]\n"view.help" = ["f1", "?"]\n"row.mark" = ["m"]\n',
        'keys.view.help = ["f1", "?"]\nkeys.row.mark = "m"\n',
        '[keys.view]\nhelp = ["f1", "?"]\n[keys.row]\nmark = "m"\n',
    ],
)
def test_a_key_may_be_written_with_its_dot_as_it_stands(place, text: str) -> None:
    place.user(text)
    assert place.load().settings.keys == {"view.help": ["f1", "?"], "row.mark": ["m"]}


def test_each_key_knows_its_line(place) -> None:
    place.user('[keys]\nview.help = "f1"\n\n"row.mark" = "m"\n')
    loaded = place.load()
    assert loaded.place("keys", "view.help") == f"{USER}:2" and loaded.place("keys", "row.mark") == f"{USER}:4"
    with pytest.raises(Invalid, match=r'workbench\.toml:2: keys\."view\.help" is not so$'):
        loaded.refuse(("keys", "view.help"), "is not so")
    assert (("keys", "row.mark"), ["m"], f"{USER}:4") in loaded.rows()


def test_a_variable_gives_one_key_or_all_of_them(place) -> None:
    place.user('[keys]\nview.help = "f1"\nrow.mark = "m"\n')
    place.environ["WORKBENCH_KEYS__VIEW__HELP"] = "f2, h"
    assert place.load().settings.keys == {"view.help": ["f2", "h"], "row.mark": ["m"]}
    place.environ["WORKBENCH_KEYS"] = '{"row.mark": "x", "view": {"back": ["b"]}}'
    assert place.load().settings.keys == {"view.help": ["f2", "h"], "row.mark": ["x"], "view.back": ["b"]}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("view.help = 1", 'keys."view.help" must be text or a list of names, not 1'),
        ("view.help = [1]", 'keys."view.help" must be a list of names, not a list'),
        ('help = ["a", true]', "keys.help must be a list of names, not a list"),
    ],
)
def test_what_is_no_key_is_refused_with_its_line(place, text: str, sentence: str) -> None:
    place.user(f"[keys]\n{text}\n")
    with pytest.raises(Invalid) as refused:
        place.load()
    assert str(refused.value).startswith(f"{USER}:2: {sentence}")


def test_a_file_in_the_current_directory_may_not_set_a_key(place) -> None:
    place.local('[keys]\ninbox.approve = "y"\n')
    with pytest.raises(Invalid, match=r'may not set "keys\."inbox\.approve""; set it in'):
        place.load()


def test_a_clipboard_that_there_is_not_is_refused(place) -> None:
    place.user('clipboard = "mouse"\n')
    with pytest.raises(Invalid, match=r":1: clipboard must be one of auto, native, osc52, file, off, not"):
        place.load()


def test_the_users_own_themes_are_beside_the_settings_file(place) -> None:
    place.user('theme = "mine"\n')
    with pytest.raises(Invalid, match=r':1: theme names "mine", which is no theme; '):
        place.load()
    folder = place.user_file.parent / "themes"
    folder.mkdir()
    (folder / "mine.toml").write_text("")
    loaded = place.load()
    assert (loaded.settings.theme, loaded.themes) == ("mine", folder)
    (place.here / "other.toml").write_text('theme = "mine"\n')
    with pytest.raises(Invalid, match=r"other\.toml:1: theme names"):
        place.load(config=str(place.here / "other.toml"))
