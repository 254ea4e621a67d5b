"""Deeds: what an operator does to a noun outside the inbox. Each is declared once, beside its noun.

A deed is done to rows that were chosen by their ids, or (a sweep) to whatever its options mean. It says beforehand how
much it would change, does it, and says what it did. Importing one is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.data import Source
    from workbench.desk.safe import SafeText
    from workbench.desk.trash import Trash

CHANGE, DESTROY = "change", "destroy"


@dataclass(frozen=True, slots=True)
class Option:
    """Something that a deed has to be told. `many` takes several; a flag is only there or not."""

    id: str
    words: str
    required: bool = False
    many: bool = False
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Doing:
    """One run of a deed: the record as it was shown (None for a sweep), its options, and who does it.

    `shown` is what else the deed looked at beforehand, and compares when it is done.
    """

    record: Any
    options: Mapping[str, Any]
    operator: str
    trash: Trash
    shown: Any = None
    progress: Callable[[int], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Done:
    """What a deed did: in words, counted, and the entry of the trash from which it can be undone."""

    words: SafeText
    counts: Mapping[str, int]
    entry: str | None = None


def work(name: str) -> Callable[[Source, Doing], Any]:
    """A function of `workbench.desk.deeds`, which is imported when it is first used."""

    def run(source: Source, doing: Doing) -> Any:  # noqa: ANN401 - a `Done`, or counts
        from workbench.desk import deeds

        return getattr(deeds, name)(source, doing)

    return run


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is done to a noun.

    `preview` counts what it would change, without changing anything; `look` reads what must not change until it is
    done; `told` is what to know before.
    """

    id: str
    noun: str
    title: str
    words: str
    run: Callable[[Source, Doing], Done]
    preview: Callable[[Source, Doing], Mapping[str, int]]
    look: Callable[[Source, Doing], Any] | None = None
    danger: str = CHANGE
    sweep: bool = False
    options: tuple[Option, ...] = field(default=())
    told: str = ""
