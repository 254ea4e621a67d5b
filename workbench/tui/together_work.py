"""The work of one decision about many items: what is known of it while it goes on, and what its threads do."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from textual.timer import Timer

from workbench.data import Source
from workbench.desk.inbox import Key
from workbench.desk.safe import SafeText
from workbench.desk.verbs import Verb

if TYPE_CHECKING:
    from workbench.desk.audit import Audit
    from workbench.desk.together import Became, Group, Item, LeftOut
    from workbench.desk.together_lines import Laid
    from workbench.tui.together_screen import TogetherScreen

    Found = dict[Key, tuple[Item | LeftOut, Laid | None]]

SETTLED = ("done", "skipped")  # what leaves the inbox by this, and is no news then


@dataclass(slots=True, eq=False)
class Batch:
    """One decision about many items, from the first key to the last look."""

    verb: Verb
    keys: tuple[Key, ...]
    screen: TogetherScreen
    found: dict[Key, Item | LeftOut] = field(default_factory=dict)
    laid: dict[Key, Laid] = field(default_factory=dict)
    group: Group | None = None
    became: dict[Key, Became] = field(default_factory=dict)
    later: dict[Key, SafeText] = field(default_factory=dict)
    heard: dict[str, SafeText] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)
    running: set[str] = field(default_factory=set)
    timer: Timer | None = None
    deciding: frozenset[Key] = frozenset()

    @property
    def told(self) -> list[Became]:
        """What is known by now, in the order of the list."""
        assert self.group is not None
        return [self.became[item.key] for item in self.group.items if item.key in self.became]


def by_source(keys: Iterable[Key]) -> dict[str, list[Key]]:
    """These keys, those of each source together."""
    found: dict[str, list[Key]] = {}
    for key in keys:
        found.setdefault(key[0], []).append(key)
    return found


# These run in the threads of a source. What they import is needed by nobody who decides one item.


def read_items(source: Source, name: str, verb: Verb, keys: Sequence[Key], after: timedelta, moment: datetime) -> Found:
    """These items as they are now, laid out; what the verb is not for is left out."""
    from workbench.desk.together import Item, look_up
    from workbench.desk.together_lines import lay_out

    found = zip(keys, look_up(source, name, verb, keys), strict=True)
    return {key: (each, lay_out(each, moment, after) if isinstance(each, Item) else None) for key, each in found}


def decide_items(source: Source, verb: Verb, items: Sequence[Item], text: str, audit: Audit, **how: Any) -> None:  # noqa: ANN401
    """Decide these items of a source."""
    from workbench.desk.together import decide

    decide(verb, source, items, text, audit=audit, **how)


def look_again(
    source: Source, became: list[Became], decided_at: datetime, operator: str
) -> tuple[dict[Key, SafeText], SafeText]:
    """Which of these do not stand any more, and whether others have written since."""
    from workbench.desk.together import heard_since, overwritten

    return overwritten(source, became), heard_since(source, became, decided_at, operator)
