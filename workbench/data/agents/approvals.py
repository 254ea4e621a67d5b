"""Approvals: tool calls that an agent holds until somebody decides them.

    for approval in source.approvals.list_pending():
        source.approvals.decide(approval.id, "approved", shown=approval, resolved_by="ops@bastion")

Pending is not waiting: nothing in the database says whether the agent is still there to hear the answer.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import product

from workbench.data.agents import deciding
from workbench.data.agents.clock import moment_of
from workbench.data.agents.deciding import said
from workbench.data.agents.heads import HEADS, ApprovalHead
from workbench.data.agents.held_calls import DEFAULT, HeldCalls, text_of
from workbench.data.agents.ids import MOST, ids_beginning
from workbench.data.agents.policy import Outcome, Policy
from workbench.data.agents.records import APPROVAL, Approval
from workbench.data.agents.stale import (
    GET,
    NOT_OVER,
    OVER,
    PENDING,
    Recovered,
    is_over,
    pending_but,
    soon_after,
)
from workbench.data.agents.store import PAGE, required
from workbench.data.agents.tables import APPROVALS
from workbench.data.engine import codecs
from workbench.data.engine.page import Cursor, Damage, Page
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Conflict, Invalid, NotFound, Unavailable

# What is certainly over, or certainly not, is left to the database, however much of it there is. Whatever is not in
# the one form that is always written, and whatever ends about now, is decided by `is_over`.
FRESH = pending_but(OVER, APPROVAL, PENDING.order)
COUNTS = Statement(
    "SELECT status, count(*) AS rows FROM approvals GROUP BY status ORDER BY status",
    row=Row.plain(lambda status, rows: (str(status), int(rows)), status=codecs.text.optional(""), rows=codecs.bigint),
    table=APPROVALS,
)


def _terms(status: str, thread: bool, tool: bool) -> str:
    """Some of the filters. A thread is the rarer thing, so its index is the one to use."""
    terms = ["1 = 1"]
    if status:
        terms.append(f"CAST(status AS text) = {status}" if thread else f"status = {status}")
    if thread:
        terms.append("thread_id = :thread_id")
    if tool:
        terms.append("CAST(tool_name AS text) = :tool_name")
    return " AND ".join(terms)


_MOST = 500  # rows that are read at once to find those of a page
_BOTH = (False, True)
LISTS = {
    (status, thread, tool): Statement(
        f"SELECT {{columns}} FROM approvals WHERE {_terms(':status' * status, thread, tool)} AND {{after}} "
        "ORDER BY {order} LIMIT :limit",
        row=APPROVAL,
        order=PENDING.order,
    )
    for status, thread, tool in product(_BOTH, repeat=3)
}
OVERDUE = {
    (thread, tool): pending_but(NOT_OVER, APPROVAL, PENDING.order, _terms("'pending'", thread, tool))
    for thread, tool in product(_BOTH, repeat=2)
}


class Approvals(HeldCalls):
    """The approvals of one source; `configured(policy=…)` for agents that ask by rules of their own."""

    # -- reading ---------------------------------------------------------------------------------------------

    def list_pending(
        self, *, limit: int = PAGE, after: Cursor | None = None, at: datetime | None = None
    ) -> Page[Approval]:
        """What waits for a decision at this moment (or at `at`), newest first: pending, and not past its expiry.

        A row whose expiry cannot be read is shown; nobody can say that its time is over.
        """
        moment = moment_of(at)
        return self._sift(FRESH, {"at": moment}, lambda row: not is_over(row, moment), limit, after)

    def list(
        self,
        *,
        status: str | None = None,
        tool: str | None = None,
        thread: str | None = None,
        overdue: bool = False,
        limit: int = PAGE,
        after: Cursor | None = None,
        at: datetime | None = None,
        backwards: bool = False,
    ) -> Page[Approval]:
        """Approvals of every status, newest first; filters match exactly, and all of them must.

        `overdue` leaves those that are pending although their time is over; `backwards` begins with the last page.
        """
        moment = moment_of(at)
        if overdue:
            if status not in (None, deciding.PENDING):
                raise Invalid(f"only pending approvals are overdue: leave out status={status!r}")
            status = deciding.PENDING
        given = {"status": status, "thread_id": thread, "tool_name": tool}
        if overdue:
            if backwards:
                raise Invalid("what is overdue is not read backwards: leave out backwards")
            soon = {**given, "at": soon_after(moment)}
            statement = OVERDUE[thread is not None, tool is not None]
            return self._sift(statement, soon, lambda row: is_over(row, moment), limit, after)
        statement = LISTS[status is not None, thread is not None, tool is not None]
        return self._database.page(statement, given, limit=limit, after=after, backwards=backwards)

    def list_heads(self, *, limit: int = PAGE, after: Cursor | None = None) -> Page[ApprovalHead]:
        """Everything that is pending, overdue or not, newest first, without the arguments: for lists of many."""
        return self._database.page(HEADS, limit=limit, after=after)

    def ids(self, beginning: str, *, limit: int = MOST) -> tuple[str, ...]:
        """The ids that begin so, of approvals of every status, at most `limit` of them."""
        return ids_beginning(self._database, APPROVALS, beginning, limit)

    def counts(self) -> dict[str, int]:
        """How many approvals there are of each status."""
        return dict(self._database.all(COUNTS))

    def _sift(
        self,
        statement: Statement[Approval],
        params: Mapping[str, object],
        keep: Callable[[Approval], bool],
        limit: int,
        after: Cursor | None,
    ) -> Page[Approval]:
        """A page of the rows to keep, which reads on until it is full."""
        rows: tuple[Approval, ...] = ()
        damage: tuple[Damage, ...] = ()
        size = limit
        while True:
            page = self._database.page(statement, params, limit=size, after=after)
            kept = [place for place, row in enumerate(page) if keep(row)]
            wanted = limit - len(rows)
            if len(kept) > wanted:
                size = kept[wanted - 1] + 1  # too far: read again, up to the last that fits
                continue
            rows += tuple(page[place] for place in kept)
            ids = {page[place].id for place in kept}
            damage += tuple(found for found in page.damage if found.key is None or found.key[0] in ids)
            after = page.next
            if after is None or len(kept) == wanted:
                return Page(rows, after, damage)
            size = max(limit - len(rows), min(2 * size, _MOST))

    # -- deciding --------------------------------------------------------------------------------------------

    def resolve(
        self, id: str, decision: str, *, resolved_by: str = "", feedback: str = "", at: datetime | None = None
    ) -> Approval:
        """Approve or reject a pending approval, whatever it looks like now; the row as it is afterwards.

        Approved with feedback is allowed here, and that program then does not run the call but plans again. An
        approval past its expiry can be resolved. Operators use `decide`.
        """
        if decision not in ("approved", "rejected"):
            raise Invalid(f'a decision is "approved" or "rejected", not {decision!r}')
        return self._decide(deciding.RESOLVE, id, decision, resolved_by, feedback, at, None)

    def decide(
        self,
        id: str,
        decision: str,
        *,
        shown: Approval,
        resolved_by: str,
        feedback: str = "",
        at: datetime | None = None,
    ) -> Approval:
        """Decide exactly what was shown: "approved", "rejected", or "expired" for what nobody waits for any more.

        If any column is no longer as in `shown`, nothing is written and the `Conflict` says what is different. To
        send a call back, reject it with feedback; "approved" takes none.
        """
        required(resolved_by=resolved_by)
        shown = deciding.refuse_undecidable(id, shown)
        if decision == "approved" and feedback:
            raise Invalid("an approval with feedback is not run by its program: approve without, or reject with it")
        if decision not in ("approved", "rejected", "expired"):
            raise Invalid(f'a decision is "approved", "rejected" or "expired" (to dismiss), not {decision!r}')
        if decision == "expired" and not text_of("feedback", feedback).strip():
            feedback = deciding.DISMISSED  # without feedback that program would run the call
        return self._decide(deciding.DECIDE, id, decision, resolved_by, feedback, at, shown)

    def _decide(
        self,
        statement: Statement[None],
        id: str,
        decision: str,
        resolved_by: str,
        feedback: str,
        at: datetime | None,
        shown: Approval | None,
    ) -> Approval:
        written = {
            "status": decision,
            "resolved_at": moment_of(at),
            "resolved_by": text_of("resolved_by", resolved_by),
            "feedback": text_of("feedback", feedback),
        }
        guard = deciding.as_shown(shown) if shown is not None else {}
        changed = self._database.run(statement, {"id": id, **written, **guard}, durable=True)
        # Another program may change a row that is decided already, so what stands there is looked at, not assumed.
        row = self._afterwards(id, changed)
        if changed:
            if row is None or not deciding.is_as_written(row, written):
                raise deciding.overwritten(id, row)
            return row
        raise self._refusal(id, row, shown)

    def _afterwards(self, id: str, changed: int) -> Approval | None:
        try:
            return self._database.one(GET, {"id": id})
        except Unavailable as error:
            if not changed:
                raise
            raise Unavailable(f"the decision on approval {said(id)} is written, but then: {error}") from error

    def _refusal(self, id: str, row: Approval | None, shown: Approval | None) -> Conflict | NotFound:
        if row is None:
            return NotFound(f"there is no approval {said(id)} in {self._source.display}: look at the list")
        if row.status != deciding.PENDING:
            return deciding.already(row)
        return deciding.not_as_shown(shown or row, row)

    def still_ours(self, decided: Approval) -> bool:
        """Whether a row still holds the decision that was returned (on PostgreSQL that program can overwrite it)."""
        row = self._database.one(GET, {"id": decided.id})
        names = ("status", "resolved_at", "resolved_by", "feedback")
        return deciding.is_as_written(row, {name: getattr(decided, name) for name in names})

    def can_resolve(self, approval: Approval, resolver: str, role: str = "") -> bool:
        """Whether that program would let somebody resolve it: its creator and admins, or anybody if it has none.

        For agents that keep to the same rule; neither `resolve` nor `decide` asks.
        """
        return approval.created_by in ("", resolver) or role == "admin"


__all__ = ["DEFAULT", "Approvals", "Outcome", "Policy", "Recovered"]
