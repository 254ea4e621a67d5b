"""How an operator looks at one thing: when, under which name of its source, at which part of it, secrets or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workbench.desk.inbox import ABANDONED_AFTER


@dataclass(frozen=True, slots=True)
class Looking:
    """`part` is one of the noun's parts (empty: the first). `reveal` is the record whose secrets may be shown.

    `newest` bounds what a long thing shows of itself, such as the events of a session; None is all of it. What is
    folded and holds the text `find` is shown unfolded.
    """

    source: str
    moment: datetime
    after: timedelta = ABANDONED_AFTER
    part: str = ""
    reveal: Any = None
    folded: bool = True
    newest: int | None = None
    find: str = ""
