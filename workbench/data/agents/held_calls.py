"""Held calls: what an agent does with a tool call that somebody may have to approve.

A call that the policy lets run, or refuses, makes no row; any other is held, and waited for.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self, TypedDict, Unpack

from workbench.data.agents.clock import moment_of
from workbench.data.agents.deciding import PENDING, said
from workbench.data.agents.policy import Outcome, Policy, Remembered, beforehand, judged
from workbench.data.agents.records import APPROVAL, Approval
from workbench.data.agents.stale import GET, StaleApprovals
from workbench.data.agents.store import required, seconds_of
from workbench.data.agents.tables import APPROVALS
from workbench.data.agents.waiting import wait_for, wait_for_async
from workbench.data.engine import codecs
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Invalid, NotFound

if TYPE_CHECKING:
    from workbench.data.source import Source

Ttl = timedelta | float | None
LARGEST = 4 * 2**20  # bytes of a text that an approval may be given


class _ByPolicy:
    """The default of an argument that the policy decides."""

    def __repr__(self) -> str:
        return "the policy's"


DEFAULT: Final = _ByPolicy()


class About(TypedDict, total=False):
    """What else a held call is given; see `create`."""

    run_id: str
    created_by: str
    sender_context: str
    question: str
    tenant_id: str
    ttl: Ttl


_FIELDS = ["id", "thread_id", "run_id", "tenant_id", "tool_name", "args", "status", "created_at", "expires_at"]
_FIELDS += ["resolved_by", "feedback", "sender_context", "question"]


def _insert(fields: list[str]) -> Statement[Approval]:
    values = ", ".join(f":{name}" for name in fields)
    return Statement(
        f"INSERT INTO approvals ({', '.join(fields)}) VALUES ({values}) RETURNING {{columns}}", row=APPROVAL
    )


CREATE = _insert([*_FIELDS, "created_by"])
CREATE_WITHOUT_CREATOR = _insert(_FIELDS)  # for databases older than that column
STATUS = Statement(
    "SELECT status FROM approvals WHERE id = :id", row=Row.plain(str, status=codecs.text.optional("")), table=APPROVALS
)


class HeldCalls(StaleApprovals):
    """The part of the approvals that an agent uses: hold a call, wait, and judge the answer."""

    def __init__(self, source: "Source") -> None:
        super().__init__(source)
        self._policy = Policy()
        self._remembered = Remembered()

    def configured(self, *, policy: Policy) -> Self:
        """The same store with a policy; what is remembered as approved is shared between the two."""
        if not isinstance(policy, Policy):
            raise Invalid(f"the policy must be a Policy, not {policy!r}")
        return self._with(policy=policy)

    @property
    def policy(self) -> Policy:
        """The policy of this store."""
        return self._policy

    def get(self, id: str) -> Approval:
        """One approval."""
        found = self._database.one(GET, {"id": id})
        if found is None:
            raise NotFound(f"there is no approval {said(id)} in {self._source.display}: look at the list")
        return found

    def create(
        self,
        *,
        tool_name: str,
        args: str = "",
        thread_id: str = "",
        run_id: str = "",
        created_by: str = "",
        sender_context: str = "",
        question: str = "",
        tenant_id: str = "",
        ttl: "Ttl | _ByPolicy" = DEFAULT,
        at: datetime | None = None,
    ) -> Approval:
        """Hold a tool call until somebody decides it. `args` is text, as the tool is given it.

        It expires after `ttl` (the policy's if not given; None or 0 for never). A database from before March 2026
        has no place for `created_by`: there it is dropped, and the call counts as everybody's.
        """
        import uuid

        required(tool_name=tool_name)
        texts = {"tool_name": tool_name, "args": args, "thread_id": thread_id, "run_id": run_id}
        texts |= {"created_by": created_by, "sender_context": sender_context, "question": question}
        texts |= {"tenant_id": tenant_id}
        moment = moment_of(at)
        values: dict[str, object] = {name: text_of(name, value) for name, value in texts.items()}
        values |= {"id": str(uuid.uuid4()), "status": PENDING, "resolved_by": "", "feedback": ""}
        values |= {"created_at": moment, "expires_at": self._expiry(moment, ttl)}
        made = self._database.one(CREATE if self._has_creator() else CREATE_WITHOUT_CREATOR, values)
        assert made is not None
        return made

    def _has_creator(self) -> bool:
        """Whether the table has the column; looked at again where it had not, as its program may have added it."""
        for fresh in (False, True):
            table = self._database.relations(fresh=fresh).get(APPROVALS.name)
            if table is None or "created_by" in table.columns:
                return True
        return False

    def _expiry(self, moment: datetime, ttl: "Ttl | _ByPolicy") -> datetime | None:
        span = self._policy.ttl if isinstance(ttl, _ByPolicy) else ttl
        seconds = 0.0 if span is None else seconds_of(span, "ttl")
        if seconds < 0:
            raise Invalid(f"a ttl of {seconds:g} s is over already: give a positive one, or None for no expiry")
        try:
            return moment + timedelta(seconds=seconds) if seconds else None
        except OverflowError:
            raise Invalid(f"a ttl of {seconds:g} s ends after the year 9999: give None for no expiry") from None

    def wait(self, id: str, *, timeout: timedelta | float | None = None) -> Approval:
        """The approval as soon as it is no longer pending, whoever decides it; `TimeoutError` if that takes longer.

        A row that is removed meanwhile is `NotFound`. Waiting changes nothing, and leaves nothing behind.
        """
        return wait_for(self._source, self._look(id), timeout, f"a decision on approval {said(id)}")

    async def wait_async(self, id: str, *, timeout: timedelta | float | None = None) -> Approval:
        """`wait` for asyncio; cancelling the task ends it."""
        return await wait_for_async(self._source, self._look(id), timeout, f"a decision on approval {said(id)}")

    def _look(self, id: str) -> Callable[[], Approval | None]:
        def look() -> Approval | None:
            status = self._database.one(STATUS, {"id": id})
            return None if status == PENDING else self.get(id)

        return look

    def allow_for(self, tool_name: str, duration: timedelta | float, *, containing: Iterable[str] = ()) -> None:
        """Let `ask` run a tool without asking for so long: any call, or those whose arguments contain a text."""
        texts = (containing,) if isinstance(containing, str) else tuple(containing)
        for text in (tool_name, *texts):
            text_of("a text that allows a tool", text)
        self._remembered.allow(tool_name, seconds_of(duration, "the duration"), texts)

    def ask(
        self,
        tool_name: str,
        args: str = "",
        *,
        thread_id: str = "",
        background: bool = False,
        timeout: timedelta | float | None = None,
        **about: Unpack[About],
    ) -> Outcome:
        """Whether a tool call may run, by the policy or by whoever decides the approval that this makes.

        It waits for that, at most `timeout` (then `TimeoutError`, and the row stays pending). `about` goes to
        `create`. The call runs only if it was approved without feedback: an approval that expired without a word
        is not run here, although that program runs it.
        """
        known = self._beforehand(tool_name, args, thread_id, background)
        if known is not None:
            return known
        asked = self.create(tool_name=tool_name, args=args, thread_id=thread_id, **about)
        return self._judged(asked, self.wait(asked.id, timeout=timeout))

    async def ask_async(
        self,
        tool_name: str,
        args: str = "",
        *,
        thread_id: str = "",
        background: bool = False,
        timeout: timedelta | float | None = None,
        **about: Unpack[About],
    ) -> Outcome:
        """`ask` for asyncio."""
        import asyncio

        known = self._beforehand(tool_name, args, thread_id, background)
        if known is not None:
            return known
        asked = await asyncio.to_thread(
            lambda: self.create(tool_name=tool_name, args=args, thread_id=thread_id, **about)
        )
        return self._judged(asked, await self.wait_async(asked.id, timeout=timeout))

    def _beforehand(self, tool_name: str, args: str, thread_id: str, background: bool) -> Outcome | None:
        required(tool_name=tool_name)
        for name, value in (("tool_name", tool_name), ("args", args), ("thread_id", thread_id)):
            text_of(name, value)
        return beforehand(self._policy, self._remembered, tool_name, args, thread_id=thread_id, background=background)

    def _judged(self, asked: Approval, decided: Approval) -> Outcome:
        outcome = judged(asked, decided)
        if outcome.run:
            seconds = seconds_of(self._policy.cache_ttl, "the policy's cache_ttl")
            self._remembered.approve(asked.thread_id, asked.tool_name, asked.args, seconds)
        return outcome


def text_of(name: str, value: object) -> str:
    """A text that an approval may be given."""
    if not isinstance(value, str):
        raise Invalid(f"{name} must be a text, not {type(value).__name__}: pass a str")
    if len(value) > LARGEST or len(value.encode("utf-8", "surrogatepass")) > LARGEST:
        raise Invalid(f"{name} is larger than the {LARGEST // 2**20} MiB that an approval may hold: shorten it")
    return value
