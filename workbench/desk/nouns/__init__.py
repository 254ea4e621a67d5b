"""Every noun of the desk. A file here is a family of nouns; that it is here is enough for all faces to know it."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from workbench.desk.deed import Deed
from workbench.desk.noun import Noun


@cache
def nouns() -> dict[str, Noun]:
    """All nouns by their ids, in the order of the files and of their declarations."""
    return {value.id: value for value in _declared() if isinstance(value, Noun)}


@cache
def deeds() -> dict[tuple[str, str], Deed]:
    """All deeds by their noun and their id."""
    return {(value.noun, value.id): value for value in _declared() if isinstance(value, Deed)}


def _declared() -> Iterator[object]:
    for file in sorted(pkgutil.iter_modules(__path__), key=lambda file: file.name):
        yield from vars(import_module(f"{__name__}.{file.name}")).values()
