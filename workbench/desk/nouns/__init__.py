"""Every noun of the desk. A file here is a family of nouns; that it is here is enough for all faces to know it."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from workbench.desk.noun import Noun
from workbench.desk.verb import Verb


@cache
def nouns() -> dict[str, Noun]:
    """All nouns by their ids, in the order of the files and of their declarations."""
    return {value.id: value for value in _declared() if isinstance(value, Noun)}


@cache
def verbs() -> tuple[Verb, ...]:
    """All verbs of all nouns, in the order of the files and of their declarations."""
    return tuple(dict.fromkeys(value for value in _declared() if isinstance(value, Verb)))


@cache
def verbs_of(noun: str) -> tuple[Verb, ...]:
    """The verbs for a noun."""
    return tuple(verb for verb in verbs() if noun in verb.applies)


@cache
def deeds() -> dict[tuple[str, str], Verb]:
    """The verbs that are done as deeds, which is all but the decisions of the inbox, by their noun and their id."""
    return {(verb.noun, verb.id): verb for verb in verbs() if not verb.decides}


def _declared() -> Iterator[object]:
    for file in sorted(pkgutil.iter_modules(__path__), key=lambda file: file.name):
        yield from vars(import_module(f"{__name__}.{file.name}")).values()
