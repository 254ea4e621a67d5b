"""The key map: every binding that there is, and each way in which a map can be wrong, in one sentence."""

from __future__ import annotations

from typing import NoReturn

import pytest
from textual.binding import Binding, BindingType

from workbench.data.errors import Invalid
from workbench.tui import keymap
from workbench.tui.decision_bar import DecisionBar
from workbench.tui.inbox_screen import InboxScreen
from workbench.tui.key_names import key_name, written
from workbench.tui.keymap import Keymap, bound, default_clashes, read_keymap


def refuse(id: str, what: str) -> NoReturn:
    raise Invalid(f"{id} {what}")


def refusal(**given: list[str]) -> str:
    with pytest.raises(Invalid) as refused:
        read_keymap({id.replace("__", "."): keys for id, keys in given.items()}, refuse)
    return str(refused.value)


def test_every_binding_of_a_screen_is_known_by_its_id() -> None:
    ids = {b.id for b in Binding.make_bindings([*InboxScreen.BINDINGS, *DecisionBar.BINDINGS]) if b.description}
    assert None not in ids and ids <= set(bound())
    assert bound()["move.down"].keys == ("down", "j") and bound()["inbox.approve"].words == "Approve"


def test_a_new_binding_is_known_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    new: list[BindingType] = [*InboxScreen.BINDINGS, Binding("f9", "new", "Do something new", id="inbox.new")]
    monkeypatch.setattr(InboxScreen, "BINDINGS", new)
    bound.cache_clear()
    try:
        assert bound()["inbox.new"].keys == ("f9",)
        assert read_keymap({"inbox.new": ["f8"]}, refuse).keys("inbox.new") == ("f8",)
    finally:
        bound.cache_clear()


def test_every_binding_that_says_what_it_does_has_an_id_or_always_does_the_same() -> None:
    nameless = {
        (owner.__name__, binding.key)
        for owner in keymap._our_classes()
        for binding in keymap._bindings_of(owner)
        if binding.id is None and not binding.priority
    }
    assert nameless == set()


def test_no_two_actions_of_one_class_have_the_same_key_as_they_are_declared() -> None:
    assert default_clashes() == []


def test_the_defaults_written_down_are_a_map_that_changes_nothing() -> None:
    given = {id: [written(key) for key in one.keys] for id, one in bound().items()}
    read = read_keymap(given, refuse)
    assert read.changed == {id: one.keys for id, one in bound().items()}


def test_keys_may_be_exchanged_and_one_action_may_have_several() -> None:
    read = read_keymap({"inbox.approve": ["x"], "inbox.reject": ["a", "f5", "a"], "move.down": ["ctrl+n"]}, refuse)
    assert read.keys("inbox.approve", "a") == ("x",) and read.keys("inbox.reject", "x") == ("a", "f5")
    assert read.keys("inbox.dismiss", "d") == ("d",)
    assert read.for_app() == {"inbox.approve": "x", "inbox.reject": "a,f5", "move.down": "ctrl+n"}
    assert read_keymap({}, refuse) == Keymap()


def test_an_id_may_come_from_a_variable_which_has_no_hyphen() -> None:
    assert set(read_keymap({"inbox.approve_unseen": ["U"]}, refuse).changed) == {"inbox.approve-unseen"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("?", "question_mark"), ("a", "a"), ("A", "A"), (" ", "space"), (",", "comma"), ("+", "plus"), ("-", "minus"),
        ("[", "left_square_bracket"), ("é", "é"), ("f12", "f12"), ("ctrl+d", "ctrl+d"),
        ("shift+ctrl+left", "ctrl+shift+left"),
        ("question_mark", "question_mark"), ("ctrl+\\", "ctrl+backslash"), ("shift+tab", "shift+tab"),
        ("alt+x", "alt+x"),
        ("1", "1"),
    ],
)  # fmt: skip
def test_a_key_is_a_character_or_the_name_of_a_key(text: str, name: str) -> None:
    assert key_name(text) == name
    assert key_name(written(name)) == name


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Enter", 'names "Enter", which is no key; did you mean "enter"?'),
        ("escpae", 'names "escpae", which is no key; did you mean "escape"?'),
        ("ctrl+i", 'cannot be "ctrl+i": terminals send the same for tab'),
        ("ctrl+m", 'cannot be "ctrl+m": terminals send the same for enter'),
        ("ctrl+h", 'cannot be "ctrl+h": terminals send the same for backspace'),
        ("ctrl+[", 'cannot be "ctrl+[": terminals send the same for escape'),
        ("shift+a", 'cannot be "shift+a": write the character that it makes, such as "A"'),
        ("ctrl+A", 'cannot be "ctrl+A": with ctrl there is only "ctrl+a"'),
        ("hyperspace9000", 'names "hyperspace9000", which is no key'),
        ("<any>", 'names "<any>", which is no key'),
        ("", 'names "", which is no key'),
        ("ab", 'names "ab", which is no key'),
        ("super+a", 'names "super+a", which is no key'),
        ("\x1b", "names a character that cannot be seen"),
        ("\u202e", "names a character that cannot be seen"),
    ],
)
def test_a_key_that_no_terminal_sends_is_refused(text: str, sentence: str) -> None:
    assert refusal(view__pause=[text]).startswith(f"view.pause {sentence}")


def test_an_unknown_id_is_refused_with_the_nearest_one() -> None:
    assert refusal(inbox__aprove=["y"]) == 'inbox.aprove is nothing that a key does; did you mean "inbox.approve"?'
    assert "`workbench config keys` lists" in refusal(zzzz=["y"])
    assert "inbox.approve needs a key at least" in refusal(inbox__approve=[])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"inbox.approve": ["x"]}, 'inbox.approve cannot be "x": that is inbox.reject already (Reject)'),
        ({"inbox.approve": ["j"]}, 'inbox.approve cannot be "j": that is detail.down already (Down)'),
        ({"move.down": ["a"]}, 'move.down cannot be "a": that is inbox.approve already (Approve)'),
        ({"view.pause": ["f2"], "view.refresh": ["f2"]}, 'view.pause cannot be "f2": that is view.refresh already'),
        ({"help.down": ["k"]}, 'help.down cannot be "k": that is help.up already'),
        ({"detail.top": ["p"]}, 'detail.top cannot be "p": that is view.pause already'),
        ({"bar.no": ["y"]}, 'bar.no cannot be "y": that is bar.yes already'),
    ],
)
def test_a_key_that_does_something_else_at_the_same_time_is_refused(given: dict[str, list[str]], sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_keymap(given, refuse)
    assert str(refused.value).startswith(sentence)


def test_what_is_never_live_together_may_share_a_key() -> None:
    given = {"help.down": ["p"], "bar.down": ["x"], "detail.down": ["f3"], "move.down": ["f3"], "view.open": ["f9"]}
    assert len(read_keymap(given, refuse).changed) == 5


@pytest.mark.parametrize("id", ["inbox.approve", "inbox.dismiss", "source.write", "inbox.approve-unseen"])
def test_the_key_that_confirms_is_never_the_key_that_asks(id: str) -> None:
    for given in ({id: ["y"]}, {"bar.yes": [bound()[id].keys[0]]}, {id: ["f4"], "bar.yes": ["f4"]}):
        with pytest.raises(Invalid, match=r"one key must not both ask \(.*\) and confirm"):
            read_keymap(given, refuse)


def test_a_letter_can_always_be_typed_where_one_writes() -> None:
    assert "is a character that could no longer be typed there" in refusal(words__send=["s"])
    assert "is a character that could no longer be typed there" in refusal(words__cancel=["space"])
    assert read_keymap({"words.send": ["ctrl+s"]}, refuse).keys("words.send") == ("ctrl+s",)


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q", "ctrl+z"])
def test_the_keys_by_which_one_gets_out_stay(key: str) -> None:
    assert f'inbox.approve cannot be "{key}", which is always' in refusal(inbox__approve=[key])


def test_declared_keys_are_keys_that_there_are() -> None:
    for one in bound().values():
        assert [key_name(written(key)) for key in one.keys] == [*one.keys]
