"""Clarifications: questions of an agent to its user, asked, answered and waited for through the database.

An answer or a dismissal is one guarded statement, so that exactly one of several operators makes it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from workbench.data.agents.clock import moment_of
from workbench.data.agents.deciding import SHOWN_TEXT
from workbench.data.agents.ids import MOST, ids_beginning
from workbench.data.agents.records import CLARIFICATION, Clarification, ClarifyStatus, damaged_fields
from workbench.data.agents.store import PAGE, AgentsStore, required, seconds_of
from workbench.data.agents.tables import CLARIFICATIONS, SHORT_MEMORIES
from workbench.data.agents.waiting import Timeout, wait_for, wait_for_async
from workbench.data.engine import codecs
from workbench.data.engine.database import Database
from workbench.data.engine.page import Cursor, Damage, Damaged, Page
from workbench.data.engine.statement import Pair, Row, Statement
from workbench.data.errors import Conflict, Corrupt, Invalid, NotFound, WorkbenchError

REMEMBERED = "pending_clarification"  # the short memory by which that program knows whose next message is an answer
_REMEMBERED_FOR = timedelta(minutes=10)
_SHOWN = ("question", "context", "sender_context")
_AS_SHOWN = 60  # characters of a text in a sentence about it

_GET = Statement("SELECT {columns} FROM clarifications WHERE id = :id", row=CLARIFICATION)
_ASK = Statement(
    "INSERT INTO clarifications (id, question, context, answer, status, sender_context, created_at, answered_at) "
    "VALUES (:id, :question, :context, '', 'pending', :sender_context, :created_at, NULL) RETURNING {columns}",
    row=CLARIFICATION,
    params={"context": codecs.text, "sender_context": codecs.text},  # that program writes '' and never NULL
)
# Two who ask the same at once take turns; SQLite has one writer anyway.
_IN_TURN: Statement[None] = Statement(
    Pair(sqlite="SELECT 1", postgres="SELECT pg_advisory_xact_lock(hashtextextended(:question, 0))"),
    table=CLARIFICATIONS,
)
_FIND = Statement(
    "SELECT {columns} FROM clarifications WHERE status = 'pending' AND question = :question AND id IS NOT NULL "
    "ORDER BY created_at DESC, id DESC LIMIT 1",
    row=CLARIFICATION,
)


_AS_IT_WAS = " AND ".join(f"CAST(coalesce({name}, '') AS text) = :shown_{name}" for name in _SHOWN)
# By whether there is an answer, and whether the guard compares what was shown.
_DECIDE = {
    (answered, bound): Statement(
        f"UPDATE clarifications SET {'answer = :answer, ' * answered}status = :status, answered_at = :answered_at "
        f"WHERE id = :id AND status = 'pending'{f' AND {_AS_IT_WAS}' * bound} RETURNING {{columns}}",
        row=CLARIFICATION,
        params={"answer": codecs.text, **{f"shown_{name}": SHOWN_TEXT for name in _SHOWN}},
    )
    for answered in (True, False)
    for bound in (True, False)
}
_FORGET: Statement[None] = Statement(
    f"DELETE FROM short_memories WHERE memory_type = '{REMEMBERED}' AND CAST(value AS text) IN (:id, :canonical)",
    table=SHORT_MEMORIES,
    params={"id": codecs.text, "canonical": codecs.text},
)
_LIST, _LIST_STATUS = (
    Statement(
        f"SELECT {{columns}} FROM clarifications WHERE {where}{{after}} ORDER BY {{order}} LIMIT :limit",
        row=CLARIFICATION,
        order=("created_at DESC", "id DESC"),
    )
    for where in ("", "status = :status AND ")
)
_OLDEST = Statement(
    "SELECT {columns} FROM clarifications WHERE status = 'pending' AND {after} ORDER BY {order} LIMIT :limit",
    row=CLARIFICATION,
    order=("created_at", "id"),
)
_COUNTS = Statement(
    "SELECT status, count(*) AS n FROM clarifications GROUP BY status",
    row=Row.plain(lambda status, n: (status, n), status=codecs.text, n=codecs.bigint),
)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a restart found: how many questions it ended, which are still young, and what it could not judge."""

    expired: int
    pending: tuple[Clarification, ...]
    damaged: tuple[Damage, ...]


class Clarifications(AgentsStore):
    """The clarifications of a source: `source.clarifications`."""

    # -- asking ----------------------------------------------------------------------------------------------

    def ask(
        self,
        question: str,
        *,
        context: str = "",
        sender_context: str = "",
        remember: bool = False,
        at: datetime | None = None,
    ) -> Clarification:
        """Put a question to the user, who answers whenever they see it.

        `sender_context` says where the user is (`platform:sender:channel`). With `remember`, the program that
        answers chats is told, by a short memory of ten minutes, that the next message from there is the answer.
        """
        required(question=question)
        if remember:
            if not sender_context:
                raise Invalid("remember needs to know whose next message is the answer: pass sender_context too")
            return self._database.transact(lambda _: self._ask(question, context, sender_context, True, at))
        return self._ask(question, context, sender_context, False, at)

    def ask_once(
        self,
        question: str,
        *,
        context: str = "",
        sender_context: str = "",
        remember: bool = False,
        at: datetime | None = None,
    ) -> tuple[Clarification, bool]:
        """Ask unless the same question is pending already; the question that is pending now, and whether it is new.

        Of several processes that ask the same at once, one asks.
        """
        required(question=question)

        def ask(database: Database) -> tuple[Clarification, bool]:
            database.run(_IN_TURN, {"question": question})
            found = self.find_pending(question)
            if found is not None:
                return found, False
            asked = self.ask(question, context=context, sender_context=sender_context, remember=remember, at=at)
            return asked, True

        return self._database.transact(ask)

    def _ask(
        self, question: str, context: str, sender_context: str, remember: bool, at: datetime | None
    ) -> Clarification:
        import uuid

        asked = self._database.one(
            _ASK,
            {
                "id": str(uuid.uuid4()),
                "question": question,
                "context": context,
                "sender_context": sender_context,
                "created_at": moment_of(at),
            },
        )
        assert asked is not None
        if remember:
            self._source.short_memory.set(REMEMBERED, sender_context, asked.id, _REMEMBERED_FOR)
        return asked

    # -- reading ---------------------------------------------------------------------------------------------

    def get(self, id: str) -> Clarification:
        """One question, whatever its status."""
        found = self._database.one(_GET, {"id": id})
        if found is None:
            raise self._unknown(id)
        return found

    def find_pending(self, question: str) -> Clarification | None:
        """The newest pending question of exactly this text; None if it is not being asked."""
        return self._database.one(_FIND, {"question": question})

    def list_pending(self, *, limit: int = PAGE, after: Cursor | None = None) -> Page[Clarification]:
        """The questions that wait for an answer, the newest first."""
        return self.list(ClarifyStatus.PENDING, limit=limit, after=after)

    def list(
        self, status: str | None = None, *, limit: int = PAGE, after: Cursor | None = None, backwards: bool = False
    ) -> Page[Clarification]:
        """All questions, or those of one status, the newest first; `backwards` begins with the last page."""
        statement = _LIST if status is None else _LIST_STATUS
        return self._database.page(statement, {"status": status}, limit=limit, after=after, backwards=backwards)

    def ids(self, beginning: str, *, limit: int = MOST) -> tuple[str, ...]:
        """The ids that begin so, of questions of every status, at most `limit` of them."""
        return ids_beginning(self._database, CLARIFICATIONS, beginning, limit)

    def counts(self) -> dict[str, int]:
        """How many questions have which status; those three that the program knows are always named."""
        return {**dict.fromkeys(map(str, ClarifyStatus), 0), **dict(self._database.all(_COUNTS))}

    def oldest_pending(self) -> Clarification | None:
        """The question that has waited longest, as far as its age can be read; None if none is pending."""
        first: Clarification | None = None
        after: Cursor | None = None
        while True:
            page = self._database.page(_OLDEST, limit=PAGE, after=after)
            readable = [row for row in page if "created_at" not in damaged_fields(row)]
            if readable:
                return min(readable, key=lambda row: row.created_at)
            first = first or next(iter(page), None)
            after = page.next
            if after is None:
                return first

    # -- deciding --------------------------------------------------------------------------------------------

    def respond(
        self, id: str, answer: str, *, shown: Clarification | None = None, at: datetime | None = None
    ) -> Clarification:
        """Answer a pending question; an empty answer is one too. On disk before this returns.

        `shown` binds the answer to what the operator saw: it is refused if question, context or sender are
        others by now. The user's next chat message is no longer taken for the answer.
        """
        if answer is None:
            raise Invalid("None is no answer: pass a text, or dismiss the question")
        return self._decide(id, ClarifyStatus.ANSWERED, answer, shown, at)

    def dismiss(self, id: str, *, shown: Clarification | None = None, at: datetime | None = None) -> Clarification:
        """End a pending question that nobody will answer, so that the same may be asked again.

        That program goes on waiting for an answer until its own limit; whoever waits by `wait` is told at once.
        """
        return self._decide(id, ClarifyStatus.EXPIRED, None, shown, at)

    def _decide(
        self, id: str, status: ClarifyStatus, answer: str | None, shown: Clarification | None, at: datetime | None
    ) -> Clarification:
        params = {"id": id, "status": status, "answered_at": moment_of(at), **_displayed(id, shown)}
        if answer is not None:
            params["answer"] = answer
        statement = _DECIDE[answer is not None, shown is not None]

        def decide(database: Database) -> Clarification:
            decided = database.one(statement, params)
            if decided is None:
                raise self._refusal(id, database.one(_GET, {"id": id}), shown)
            if SHORT_MEMORIES.name in database.relations():
                database.run(_FORGET, {"id": id, "canonical": _canonical(id)})
            return decided

        return self._database.transact(decide, durable=True)

    def _refusal(self, id: str, now: Clarification | None, shown: Clarification | None) -> WorkbenchError:
        """Why a guarded decision changed nothing."""
        if now is None:
            return self._unknown(id)
        if now.status != ClarifyStatus.PENDING:
            how = {"answered": "was answered", "expired": "was dismissed"}.get(now.status)
            if how is None:
                return Conflict(f"question {id} has the status {now.status!r}: only a pending one can be decided")
            when: object = now.answered_at
            moment = f"{when:%Y-%m-%d %H:%M:%S} UTC" if isinstance(when, datetime) else "a time that cannot be read"
            return Conflict(f"question {id} {how} at {moment}: nothing was changed, read it again")
        changes = [
            f"{name} was {_short(getattr(shown, name))} and is {_short(getattr(now, name))}"
            for name in _SHOWN
            if shown is not None and getattr(shown, name) != getattr(now, name)
        ]
        different = "; ".join(changes) or "it was being changed"
        return Conflict(f"question {id} is not as it was shown ({different}): look at it again before you decide")

    def _unknown(self, id: str) -> NotFound:
        return NotFound(f"there is no question {id!r} in {self._database.display}: list the questions to see its id")

    # -- waiting ---------------------------------------------------------------------------------------------

    def wait(self, id: str, *, timeout: Timeout = None) -> Clarification:
        """Wait until a question is decided, by whatever process; its record, answered or dismissed.

        After `timeout` (in seconds, or a timedelta) it is a `TimeoutError`, and the question stays pending.
        """
        return wait_for(self._source, partial(self._decided, id), timeout, f"an answer to question {id}")

    async def wait_async(self, id: str, *, timeout: Timeout = None) -> Clarification:
        """The same for asyncio; it can be cancelled at any time."""
        look = partial(self._decided, id)
        return await wait_for_async(self._source, look, timeout, f"an answer to question {id}")

    def _decided(self, id: str) -> Clarification | None:
        found = self.get(id)
        return None if found.status == ClarifyStatus.PENDING else found

    # -- after a restart -------------------------------------------------------------------------------------

    def recover_pending(
        self, max_age: timedelta | float = timedelta(minutes=10), *, at: datetime | None = None
    ) -> Recovered:
        """After a restart of an agent: dismiss what was asked longer ago than `max_age`, and return the rest.

        A damaged row is left as it is, and named in `damaged`.
        """
        moment = moment_of(at)
        limit = timedelta(seconds=seconds_of(max_age, "max_age"))
        old: list[Clarification] = []
        young: list[Clarification] = []
        damaged: list[Damage] = []
        after: Cursor | None = None
        while True:
            page = self.list_pending(after=after)
            damaged += page.damage
            for row in page:
                if not damaged_fields(row):
                    (old if moment - row.created_at > limit else young).append(row)
            after = page.next
            if after is None:
                break
        expired = self._one_by_one(partial(self._expire, row.id, moment) for row in old)
        return Recovered(expired, tuple(young), tuple(damaged))

    def _expire(self, id: str, moment: datetime) -> int:
        try:
            self.dismiss(id, at=moment)
        except (Conflict, NotFound, Invalid):
            return 0  # somebody was faster, or nobody can write this id
        return 1


def _displayed(id: str, shown: Clarification | None) -> dict[str, object]:
    """What the guard compares; refused when the operator cannot have seen it."""
    if shown is None:
        return {}
    if not isinstance(shown, Clarification):
        raise Invalid(f"shown must be the record that the operator saw, not {type(shown).__name__}")
    if shown.id != id:
        raise Invalid(f"question {shown.id} was shown, but {id} is to be decided: pass the record of the same question")
    for name in _SHOWN:
        value: object = getattr(shown, name)
        if isinstance(value, Damaged):
            raise Corrupt(f"the {name} of question {id} cannot be read ({value.why}): it cannot be decided as shown")
    return {f"shown_{name}": getattr(shown, name) for name in _SHOWN}


def _canonical(id: str) -> str:
    """An id as short memories hold it, whatever the form in which the row has it."""
    import uuid

    try:
        return str(uuid.UUID(id))
    except ValueError:
        return id


def _short(text: object) -> str:
    shown = repr(text.raw if isinstance(text, Damaged) else text)
    return shown if len(shown) <= _AS_SHOWN else f"{shown[:_AS_SHOWN]}…"
