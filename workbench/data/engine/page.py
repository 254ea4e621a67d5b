"""What a list returns: rows, the place where the next page starts, and what in them is damaged.

One damaged row never hides the others: a field that cannot be read becomes `Damaged` in its record, and a
row whose key cannot be read is left out of the rows but named in `Page.damage`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Damaged:
    """A stored value that cannot be read as what its column means; `raw` is what stands there."""

    raw: object
    why: str


@dataclass(frozen=True, slots=True)
class Damage:
    """One finding in a page: which row (None: its key itself is unreadable), which column, what stands there."""

    key: tuple[object, ...] | None
    column: str
    field: Damaged


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place after a row in the stored order; opaque to callers, who hand it back to get the next page."""

    values: tuple[object, ...]
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page(Sequence[Record], Generic[Record]):
    """A page of a list: a sequence of records. `next` is None at the end of the list."""

    rows: tuple[Record, ...]
    next: Cursor | None = None
    damage: tuple[Damage, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Record, ...]: ...
    def __getitem__(self, index: int | slice) -> Record | tuple[Record, ...]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.rows)


def every(fetch: Callable[[Cursor | None], Page[Record]]) -> Iterator[Record]:
    """Every record of a list, read page by page: `every(lambda after: store.list(after=after))`."""
    after: Cursor | None = None
    while True:
        page = fetch(after)
        yield from page
        if page.next is None:
            return
        after = page.next
