"""A database opened before a fork answers `Unavailable` in the child: its connections belong to the parent."""

import os
import weakref
from typing import Any

from workbench.data.errors import Unavailable

_open: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
_held: list[tuple[Any, object]] = []


class Gone:
    """Stands where a database keeps its connections; whatever is asked of it raises."""

    def __init__(self, message: str) -> None:
        object.__setattr__(self, "_message", message)

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401
        raise Unavailable(object.__getattribute__(self, "_message"))

    def __setattr__(self, name: str, value: object) -> None:
        raise Unavailable(object.__getattribute__(self, "_message"))


def watch(database: Any) -> None:  # noqa: ANN401
    """From now on a fork leaves this database unusable in the child, and untouched."""
    _open[id(database)] = database


def forget(database: Any) -> None:  # noqa: ANN401
    """The database is closed: a fork no longer concerns it."""
    _open.pop(id(database), None)


def _open_now() -> list[Any]:
    # Other threads open and close meanwhile; the list of references is one step, unlike walking a weak set.
    return [database for reference in _open.valuerefs() if (database := reference()) is not None]


def _before() -> None:
    # Threads do not survive a fork, and what they hold would be closed in the child: hold it here.
    _held.extend((database, database._connections_before_fork()) for database in _open_now())


def _in_parent() -> None:
    _held.clear()


def _in_child() -> None:
    held = list(_held)
    _never_free(held)
    _held.clear()
    for database, _ in held:
        database._local = Gone(f"{database.display} was opened before fork(): open it again in this process")


def _never_free(held: object) -> None:
    """Keep the parent's connections from being closed here, which would touch the parent's files and server."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
