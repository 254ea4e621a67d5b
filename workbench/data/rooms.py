"""The registry of rooms: each says by which tables or files its data is recognised, and what stores it has.

A room is a package `workbench/data/NAME` with a module `room.py` that holds `ROOM`. Nothing here needs to be
touched to add one.
"""

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from workbench.data.engine.migrations import Migration


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign in a database: a table (never a view) with these columns; without columns, the name is enough."""

    table: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data that a source may hold.

    `name` is the word shown to operators; a database is of this kind when it bears any of the `marks` and
    none of the `unless` ones. `stores` maps the names of stores to `module:class`, `needs` names the table
    without which a database has no such store, `promised` the stores that this version does not read yet.
    `tables` names (as `module:NAME`) the declared tables to check, `examine` the function that looks at every row.
    """

    name: str
    words: str
    marks: tuple[Mark, ...] = ()
    unless: tuple[Mark, ...] = ()
    stores: tuple[tuple[str, str], ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    promised: tuple[str, ...] = ()
    tables: str = ""
    examine: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A directory that is a source of its own: `needs` are the entries (glob patterns) by which it is known.

    With an `advice` it is only a part of one, and the advice says what to open.
    """

    kind: str
    words: str
    needs: tuple[str, ...]
    advice: str = ""
    stores: tuple[tuple[str, str], ...] = ()
    promised: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """What a domain room tells the registry."""

    name: str
    kinds: tuple[Kind, ...] = ()
    layouts: tuple[Layout, ...] = ()
    migrations: tuple[Migration, ...] = ()


@cache
def rooms() -> tuple[Room, ...]:
    """Every room, by name."""
    import workbench.data

    found = []
    for module in pkgutil.iter_modules(workbench.data.__path__):
        where = f"workbench.data.{module.name}.room"
        if module.ispkg and find_spec(where) is not None:
            found.append(import_module(where).ROOM)
    return tuple(sorted(found, key=lambda room: room.name))


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind of database, over all rooms."""
    return tuple(kind for room in rooms() for kind in room.kinds)


@cache
def layouts() -> tuple[Layout, ...]:
    """Every kind of directory, over all rooms."""
    return tuple(layout for room in rooms() for layout in room.layouts)


def load(where: str) -> object:
    """What `module:NAME` names."""
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)
