"""The headless package: open a source and use its stores, without any terminal.

from workbench.data import open_source
"""

from typing import TYPE_CHECKING

from workbench.data.errors import (
    Conflict,
    Corrupt,
    Invalid,
    NotFound,
    QuotaExceeded,
    ReadOnly,
    Unavailable,
    Unsupported,
    WorkbenchError,
)

if TYPE_CHECKING:
    from workbench.data.engine.database import Timeouts
    from workbench.data.engine.page import Damage, Damaged, Page
    from workbench.data.source import Health, Source, open_source

__all__ = [
    "Conflict",
    "Corrupt",
    "Damage",
    "Damaged",
    "Health",
    "Invalid",
    "NotFound",
    "Page",
    "QuotaExceeded",
    "ReadOnly",
    "Source",
    "Timeouts",
    "Unavailable",
    "Unsupported",
    "WorkbenchError",
    "open_source",
]

_WHERE = {
    "Damage": "engine.page",
    "Damaged": "engine.page",
    "Page": "engine.page",
    "Timeouts": "engine.database",
    "Health": "source",
    "Source": "source",
    "open_source": "source",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
