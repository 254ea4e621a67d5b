"""How a key is written: by the operator, by the library, and on the screen.

The library takes every name and says nothing of one that no terminal sends. So a name is judged here, and refused with
the end of a sentence.
"""

import re
import unicodedata

from textual.keys import KEY_NAME_REPLACEMENTS, REPLACED_KEYS, Keys, key_to_character

from workbench.desk.safe import safe

# Most terminals send the same for both.
_SAME = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+left_square_bracket": "escape"}
_NAMED = frozenset(key.value for key in Keys if key.value.replace("+", "").replace("_", "").isalnum()) - {"return"}
_CHARACTERS = ("question_mark", "exclamation_mark", "slash", "colon", "full_stop")


def key_name(text: str) -> str:
    """The library's name: `?` is `question_mark`, `ctrl+d` is itself; `ValueError` where there is no such key."""
    if len(text) == 1:
        return _name_of(text)
    *modifiers, name = text.split("+")
    if len(name) == 1 and modifiers and not name.isalnum():
        name = _name_of(name)
    key = "+".join([*sorted(modifiers), name])
    if key in _SAME:
        raise ValueError(f'cannot be "{text}": terminals send the same for {_SAME[key]}')
    if "shift" in modifiers and len(name) == 1:
        raise ValueError(f'cannot be "{text}": write the character that it makes, such as "{name.upper()}"')
    if "ctrl" in modifiers and len(name) == 1 and name.isupper():
        raise ValueError(f'cannot be "{text}": with ctrl there is only "ctrl+{name.lower()}"')
    if key in _NAMED or (not modifiers and _is_character(name)):
        return key
    if modifiers == ["alt"] and (name in _NAMED or re.fullmatch("[a-z0-9]", name)):
        return key
    raise ValueError(f'names "{text[:40]}", which is no key{_near(text)}')


def _near(text: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(text.lower(), [*sorted(_NAMED), *_CHARACTERS], n=1)
    return f'; did you mean "{near[0]}"?' if near else '; write a character, or a name such as "f1", "ctrl+d", "enter"'


def _name_of(character: str) -> str:
    """The library's name of a key that makes one character."""
    if character == " ":
        return "space"
    if not character.isprintable() or safe(character) != character:
        raise ValueError("names a character that cannot be seen; write the name of the key")
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name) or character


def _character_of(name: str) -> str | None:
    character = " " if name == "space" else key_to_character(REPLACED_KEYS.get(name, name))
    return character if character is not None and character.isprintable() else None  # "escape" is a character too


def _is_character(name: str) -> bool:
    """Whether it is the name of a key that makes one character, as the library writes it."""
    character = _character_of(name)
    return character is not None and not character.isalnum() and _name_of(character) == name


def written(key: str) -> str:
    """A key as the settings may name it: the character that it makes, or its name."""
    character = _character_of(key)
    return character if character not in (None, " ") else key


def makes_a_character(key: str) -> bool:
    """Whether the key writes something where one can write."""
    return _character_of(key) is not None
