"""The keys of the screen as the operator wants them: what there is to bind, and which keys may be bound to what.

The ids are those of the bindings of our own classes, looked up in the classes themselves: a new binding is known by
itself. A map is judged before the screen starts, because the library takes an unknown id, a misspelt key and two
actions on one key without a word, and then one of them cannot be reached.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from typing import NoReturn

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from workbench import tui
from workbench.tui.help_screen import key_words
from workbench.tui.key_names import key_name, makes_a_character, written

CONFIRM = "bar.yes"
# What the confirming key may also do where no question is open: it moves, looks and copies, and decides nothing.
_HARMLESS = ("bar.", "words.", "help.", "detail.", "move.", "row.", "view.")


@dataclass(frozen=True, slots=True)
class Bound:
    """One action of the screen: its id, what it does, its keys, and the classes that have it."""

    id: str
    words: str
    keys: tuple[str, ...]
    owners: frozenset[type[DOMNode]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keymap:
    """Which keys were changed; what is not in it has the keys that its class declares."""

    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def keys(self, id: str, *defaults: str) -> tuple[str, ...]:
        """The keys of an action, by the names that the screen gives them."""
        return self.changed.get(id, defaults)

    def for_app(self) -> dict[str, str]:
        """The same as the library takes it."""
        return {id: ",".join(keys) for id, keys in self.changed.items()}


def all_words(node: DOMNode, id: str, *defaults: str) -> list[str]:
    """The keys of an action as people read them, as they are in the app of this node."""
    keymap = getattr(node.app, "keymap", None)
    keys = keymap.keys(id, *defaults) if isinstance(keymap, Keymap) else defaults
    return [key_words(key) for key in keys]


def word(node: DOMNode, id: str, default: str) -> str:
    """The first of them."""
    return all_words(node, id, default)[0]


def own_bindings(node: DOMNode, begin: str, key: str) -> list[Binding]:
    """What a key does by the bindings of a node itself whose ids begin so, for a node that looks after them itself."""
    keymap = getattr(node.app, "keymap", None)
    changed = keymap.changed if isinstance(keymap, Keymap) else {}
    found = {binding.id: binding for binding in _bindings_of(type(node)) if (binding.id or "").startswith(begin)}
    declared = [(binding.id, binding.key) for binding in _bindings_of(type(node))]
    return [
        binding
        for id, binding in found.items()
        if key in changed.get(id or "", [other for own, other in declared if own == id])
    ]


# -- what there is -----------------------------------------------------------------------------------------------


@cache
def bound() -> Mapping[str, Bound]:
    """Every action with an id, in the order of the ids."""
    keys: dict[str, dict[str, None]] = {}
    words: dict[str, str] = {}
    owners: dict[str, set[type[DOMNode]]] = {}
    for owner in _our_classes():
        for binding in _bindings_of(owner):
            if binding.id is not None and binding.description:  # others only keep a key from doing something
                keys.setdefault(binding.id, {})[binding.key] = None
                words.setdefault(binding.id, binding.description)
                owners.setdefault(binding.id, set()).add(owner)
    return {id: Bound(id, words[id], (*keys[id],), frozenset(has)) for id, has in sorted(owners.items())}


@cache
def _fixed() -> Mapping[str, str]:
    """The keys that always do the same, and what that is: nobody may be locked in by a settings file."""
    return {
        binding.key: binding.description
        for owner in _our_classes()
        for binding in _bindings_of(owner)
        if binding.priority and binding.id is None
    }


@cache
def _our_classes() -> tuple[type[DOMNode], ...]:
    from importlib import import_module
    from pkgutil import iter_modules

    for module in iter_modules(tui.__path__, f"{tui.__name__}."):
        import_module(module.name)
    return tuple(sorted(_below(DOMNode), key=lambda one: (one.__module__, one.__qualname__)))


def _below(base: type[DOMNode]) -> set[type[DOMNode]]:
    found = {inner for one in base.__subclasses__() for inner in _below(one)}
    return found | {one for one in base.__subclasses__() if _is_ours(one)}


def _is_ours(one: type) -> bool:
    return one.__module__.startswith(f"{tui.__name__}.")


def _bindings_of(owner: type) -> Iterator[Binding]:
    """Our own bindings of a class and of those that it is made of."""
    for one in owner.__mro__:
        if _is_ours(one):
            yield from Binding.make_bindings(vars(one).get("BINDINGS", ()))


# -- which may be together ---------------------------------------------------------------------------------------


def _are_together(one: Bound, other: Bound) -> bool:
    return any(_live_together(mine, theirs) for mine in one.owners for theirs in other.owners)


def _live_together(one: type[DOMNode], other: type[DOMNode]) -> bool:
    """Whether a key could mean both: in one class, in a screen and in what has the focus on it, or anywhere."""
    if one is other:
        return True
    if getattr(other, "KEYS_ALONE", False) or getattr(one, "KEYS_ALONE", False):
        return False  # while it is open no other key acts
    if issubclass(other, App) or (issubclass(other, Screen) and not issubclass(one, App)):
        one, other = other, one
    lone = _modal_of(other)
    if issubclass(one, App):  # a modal screen hides what is under it
        return lone is None and not issubclass(other, ModalScreen)
    if not issubclass(one, Screen) or issubclass(other, Screen) or _writes(other):
        return False
    return lone is one if lone is not None or issubclass(one, ModalScreen) else True


def _writes(owner: type[DOMNode]) -> bool:
    """Whether one writes there, so that characters are no keys."""
    from textual.widgets import Input, TextArea

    return issubclass(owner, (TextArea, Input))


@cache
def _modal_of(widget: type[DOMNode]) -> type[DOMNode] | None:
    """The modal screen that a widget is made for: the one that is declared beside it."""
    beside = (one for one in _our_classes() if issubclass(one, ModalScreen) and one.__module__ == widget.__module__)
    return next(beside, None)


# -- judging -----------------------------------------------------------------------------------------------------


def read_keymap(given: Mapping[str, Sequence[str]], refuse: Callable[[str, str], NoReturn]) -> Keymap:
    """The map that was given; `refuse(id, end of a sentence)` for the first thing in it that cannot be."""
    if not given:
        return Keymap()
    known = bound()
    changed: dict[str, tuple[str, ...]] = {}
    for name, keys in given.items():
        id = _id_of(name, known)
        if id is None:
            refuse(name, f"is nothing that a key does; {_near(name, known)}")
        if not keys:
            refuse(name, "needs a key at least; take the line out for the default")
        try:
            changed[id] = tuple(dict.fromkeys(_read_key(key, known[id]) for key in keys))
        except ValueError as error:
            refuse(name, str(error))
    merged = {id: changed.get(id, one.keys) for id, one in known.items()}
    for name in given:
        id = _id_of(name, known)
        if id is not None and (clash := _clash_of(id, merged)):
            refuse(name, clash)
    return Keymap(changed)


def _id_of(name: str, known: Iterable[str]) -> str | None:
    """The id that is meant: a variable of the environment has no `-`."""
    return next((id for id in known if id.replace("-", "_") == name.replace("-", "_")), None)


def _near(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [*known], n=1)
    return f'did you mean "{near[0]}"?' if near else "`workbench config keys` lists what there is"


def _clash_of(id: str, merged: Mapping[str, tuple[str, ...]]) -> str | None:
    """The end of a sentence where one of the keys does something else at the same time."""
    known = bound()
    for other in known:
        common = [key for key in merged[id] if key in merged[other]]
        # What shares a key as declared does so by intent (what has the focus goes before the screen), on any key.
        if set(known[id].keys) & set(known[other].keys):
            continue
        if other == id or not common:
            continue
        key = f'"{written(common[0])}"'
        if CONFIRM in (id, other) and not (id if other == CONFIRM else other).startswith(_HARMLESS):
            opener = id if other == CONFIRM else other
            return f"cannot be {key}: one key must not both ask ({opener}) and confirm ({CONFIRM})"
        if _are_together(known[id], known[other]):
            return f"cannot be {key}: that is {other} already ({known[other].words}); give one of them another key"
    return None


def default_clashes() -> list[tuple[str, str, str]]:
    """Two ids of one class on one key as they are declared, of which one could never be reached: there are none."""
    return [
        (one.id, other.id, key)
        for one, other in combinations(bound().values(), 2)
        for key in one.keys
        if key in other.keys and one.owners & other.owners
    ]


def _read_key(text: str, action: Bound) -> str:
    """A key as the screen names it; `ValueError` with the end of a sentence where no terminal would send it."""
    key = key_name(text)
    if does := _fixed().get(key):
        raise ValueError(f'cannot be "{written(key)}", which is always {does}')
    if any(map(_writes, action.owners)) and makes_a_character(key):
        raise ValueError(f'cannot be "{written(key)}", which is a character that could no longer be typed there')
    return key
