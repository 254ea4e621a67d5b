"""The names in JSON arguments: those that stand twice in one object, those whose values differ between two calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from workbench.desk import json_shape as shape
from workbench.desk.json_shape import KEY, NotJson, Token
from workbench.desk.safe import SafeText, plain
from workbench.desk.secrets import mask

_LONGEST = 60
_MOST_NOTES = 5
_MOST_NAMES = 8
_DEEPEST = 6  # levels of objects that are compared name by name


def repeated(tokens: list[Token]) -> Iterator[SafeText]:
    """Names that stand twice in one object: two programs can read two different calls."""
    told: dict[SafeText, None] = {}
    frames: list[dict[str, Counter[str]]] = []
    for kind, text in tokens:
        if kind in ("{", "["):
            frames.append({})
        elif kind == KEY:
            frames[-1].setdefault(text.casefold(), Counter())[text] += 1
        elif kind in ("}", "]"):
            told.update((_told(names), None) for names in frames.pop().values() if names.total() > 1)
    yield from [*told][:_MOST_NOTES]
    if len(told) > _MOST_NOTES:
        yield plain(f"{len(told) - _MOST_NOTES} more names stand twice")


def _told(names: Counter[str]) -> SafeText:
    shown = plain(", ").join(_shown(name) for name in names)
    if len(names) > 1:
        return plain("names that differ only in case, which some programs take for one: ") + shown
    return plain(f"the same key {names.total()} times in one object, of which a program takes one: ") + shown


def difference(before: str, after: str) -> tuple[SafeText, ...]:
    """The names whose values differ between two calls of a tool; `(new)` and `(gone)` where only one has it."""
    try:
        old, new = shape.read(before), shape.read(after)
    except NotJson:
        return () if before == after else (plain("the whole text"),)
    if old[0].kind != "{" or new[0].kind != "{":
        return () if old == new else (plain("the whole value"),)
    return tuple(_differing(old, new))


def differing_keys(before: str, after: str) -> SafeText:
    """As `difference`, in one line; empty where nothing differs."""
    names = difference(before, after)
    told = list(names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        told.append(plain(f"{len(names) - _MOST_NAMES} more"))
    return plain(", ").join(told)


def _differing(old: list[Token], new: list[Token]) -> Iterator[SafeText]:
    old_ends, new_ends = shape.ends(old), shape.ends(new)
    open_pairs: list[tuple[tuple[str, ...], int, int]] = [((), 0, 0)]
    while open_pairs:
        path, left, right = open_pairs.pop()
        mine, theirs = _members(old, old_ends, left), _members(new, new_ends, right)
        deeper = []
        for key in dict.fromkeys((*theirs, *mine)):
            inside = (*path, key)
            name = plain(".").join(_shown(part) for part in inside)
            if key not in mine or key not in theirs:
                yield name + plain(" (new)" if key in theirs else " (gone)")
                continue
            lefts = [old[place : old_ends[place]] for place in mine[key]]
            rights = [new[place : new_ends[place]] for place in theirs[key]]
            if lefts == rights:
                continue
            if (
                len(lefts) == len(rights) == 1
                and lefts[0][0].kind == rights[0][0].kind == "{"
                and len(inside) < _DEEPEST
            ):
                deeper.append((inside, mine[key][0], theirs[key][0]))
            else:
                yield name
        open_pairs += reversed(deeper)


def _members(tokens: list[Token], after: list[int], place: int) -> dict[str, list[int]]:
    """The names of an object, each with the places where its values begin."""
    found: dict[str, list[int]] = {}
    place += 1
    while tokens[place].kind == KEY:
        found.setdefault(tokens[place].text, []).append(place + 1)
        place = after[place + 1]
    return found


def _shown(name: str) -> SafeText:
    shown = mask(name[:_LONGEST]).safe
    return shown + plain("…") if len(name) > _LONGEST else shown
