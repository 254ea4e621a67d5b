"""Looking for words among what waits: in the tool or the question, in who asks, and in where it waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.desk.inbox import Waiting


def check(text: str) -> tuple[str, ...]:
    """The words of a filter as operators write it, with quotes around spaces."""
    import shlex

    try:
        return tuple(part.casefold() for part in shlex.split(text) if part)
    except ValueError:
        raise Invalid(f"the filter {text!r} has a quote that is not closed: close it") from None


def holding(items: Iterable[Waiting], words: Sequence[str]) -> list[Waiting]:
    """The items in which all of these words stand."""
    return [item for item in items if all(word in _says(item) for word in words)]


def _says(item: Waiting) -> str:
    return f"{item.what}\n{item.who}\n{item.source}\n{item.kind}".casefold()
