"""What goes on in an agents database, for operators: how much of what, since when, and whether anybody still writes.

Everything here is cheap on tables of a million rows: it is found by an index or among the newest rows, and what
was cut off says so.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from workbench.data.agents import counting, newest, tool_decisions
from workbench.data.agents.clock import moment_of
from workbench.data.agents.counting import Count, Counts, Oldest
from workbench.data.agents.newest import LastWrite, Written
from workbench.data.agents.store import AgentsStore, seconds_of
from workbench.data.agents.tool_decisions import Decided, Decisions
from workbench.data.agents.waiting_evidence import ABANDONED_AFTER, Evidence, evidence
from workbench.data.engine import times
from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.data.agents.newest import Ignored
    from workbench.data.agents.records import Approval, Clarification


class Activity(AgentsStore):
    """`source.activity`. It only reads."""

    _look_at = counting.LOOK_AT
    _count_to = counting.COUNT_TO

    def configured(self, *, look_at: int | None = None, count_to: int | None = None) -> Self:
        """The same with other bounds: rows that are read to be judged, and rows that are only counted."""
        for name, bound in (("look_at", look_at), ("count_to", count_to)):
            if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int) or bound < 1):
                raise Invalid(f"{name} must be a whole number of rows, one at least, not {bound!r}")
        return self._with(look_at=look_at or self._look_at, count_to=count_to or self._count_to)

    def counts(self, at: datetime | None = None) -> Counts:
        """How much of what there is; what is fresh, expired or live is judged at a moment (now)."""
        return counting.count(self._database, moment_of(at), self._look_at, self._count_to)

    def oldest_pending(self) -> Oldest | None:
        """The approval that has been pending longest (of so many as are counted)."""
        return counting.oldest(self._database, "approvals", self._count_to)

    def oldest_question(self) -> Oldest | None:
        """The clarification that has been pending longest."""
        return counting.oldest(self._database, "clarifications", self._count_to)

    def decisions_for(self, tool_name: str, *, latest: int = tool_decisions.LATEST) -> Decisions:
        """What became of the newest calls of a tool (exactly so named), among the newest calls of all tools.

        So many of the `latest` decisions are named one by one.
        """
        if not isinstance(tool_name, str):
            raise Invalid(f"the name of a tool is a text, not {tool_name!r}")
        known, unknown = tool_decisions.decisions(self._database, self._look_at, latest)
        return known.get(tool_name, unknown)

    def decisions(self) -> dict[str, Decisions]:
        """The same for every tool among the newest calls: one read for a whole screen."""
        return tool_decisions.decisions(self._database, self._look_at)[0]

    def last_write(self, table: str, *, at: datetime | None = None) -> LastWrite:
        """The newest write that a table's rows tell of. A table that is not there has none."""
        if table not in newest.tables_by_name():
            names = ", ".join(newest.tables_by_name())
            raise Invalid(f"{table!r} is no table of an agents database: name one of {names}")
        if table not in self._database.relations():
            return LastWrite(None, exact=True)
        return newest.look(self._source, table, moment_of(at)).last()

    def last_writes(self, *, at: datetime | None = None) -> dict[str, LastWrite]:
        """The newest write of every table that is there."""
        there = self._database.relations()
        return {name: self.last_write(name, at=at) for name in newest.tables_by_name() if name in there}

    def written_since(
        self,
        moment: datetime,
        *,
        by_others_than: str | None = None,
        ignoring: "Ignored" = (),
        at: datetime | None = None,
    ) -> Written:
        """Whether the agent (or anybody else) has written since a moment.

        Decisions that `by_others_than` resolved are left out, and the changes of rows that one has written
        oneself: `ignoring={("approvals", id)}`. That such a row came into being still counts.
        """
        return newest.written_since(self._source, times.in_utc(moment), by_others_than, ignoring, moment_of(at))

    def waiting(
        self,
        pending: "Approval | Clarification",
        *,
        at: datetime | None = None,
        abandoned_after: timedelta | float = ABANDONED_AFTER,
        by_others_than: str | None = None,
        last_agent_write: datetime | None = None,
    ) -> Evidence:
        """What speaks for and against somebody still waiting for this answer; nobody can know.

        `last_agent_write` saves looking it up, where many rows are shown at once.
        """
        after = timedelta(seconds=seconds_of(abandoned_after, "abandoned_after"))
        moment = moment_of(at)
        if last_agent_write is None:
            last_agent_write = self.written_since(times.EPOCH, by_others_than=by_others_than, at=at).at
        return evidence(pending, moment, after, last_agent_write)


__all__ = [
    "Activity",
    "Count",
    "Counts",
    "Decided",
    "Decisions",
    "Evidence",
    "LastWrite",
    "Oldest",
    "Written",
]
