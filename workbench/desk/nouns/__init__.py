"""Every noun of the desk. A file here is a family of nouns; that it is here is enough for all faces to know it."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from workbench.desk.noun import Noun


@cache
def nouns() -> dict[str, Noun]:
    """All nouns by their ids, in the order of the files and of their declarations."""
    found: dict[str, Noun] = {}
    for file in sorted(pkgutil.iter_modules(__path__), key=lambda file: file.name):
        module = import_module(f"{__name__}.{file.name}")
        for value in vars(module).values():
            if isinstance(value, Noun):
                found.setdefault(value.id, value)
    return found
