"""What there is to mend in a source: findings as data, each with the command that mends it, for every face alike.

Looking is bounded: what was cut off says so, a check that fails is a finding itself, and no check begins after the
time that was given is over.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workbench.data.errors import Unsupported, WorkbenchError
from workbench.desk.moments import coarse
from workbench.desk.safe import SafeText, plain, safe
from workbench.desk.secrets import mask

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.data import Health, Source
    from workbench.desk.inbox import Waiting

HOME = "home"  # the workbench's own; no other source can have this name
BAD, DOUBTFUL, NOTE = "bad", "doubtful", "note"
LARGE_LOG = 64 << 20  # bytes of a write-ahead log that its program should have emptied long ago
LARGE_FREE = 10 << 20  # bytes that a vacuum would give back
LONG_LOG = 32 << 20  # bytes of the audit log that are read in about a second
AHEAD = timedelta(minutes=1)  # by which a row may be newer than now
_NAMED = 5  # ids that a command spells out
_LACKING = re.compile(r" is missing$| lacks the (?:column|index) ")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# What takes old rows out of a table, where anything does.
_RETENTION = {
    "session_events": ("event", "purge", "--older-than", "90d"),
    "short_memories": ("short-memory", "purge", "--expired"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: how bad it is, what it is in a sentence, where in the source, and the words of the command for it.

    A `note` is worth knowing and needs no mending.
    """

    level: str
    what: str
    where: str = ""
    command: tuple[str, ...] = ()

    @property
    def typed(self) -> str | None:
        """The command as it is typed; None where there is none."""
        return f"workbench {shlex.join(self.command)}" if self.command else None

    @property
    def words(self) -> SafeText:
        """One line for an operator."""
        if self.typed is None:
            return safe(self.what)
        return safe(self.what) + plain("; run `") + safe(self.typed) + plain("`")


def of_health(health: Health) -> Iterator[Finding]:
    """What the health of a source already tells."""
    for sentence in health.problems:
        yield Finding(BAD if "network file system" in sentence else DOUBTFUL, sentence, health.display)
    if health.wal_size is not None and health.wal_size >= LARGE_LOG:
        size = f"its write-ahead log has {_megabytes(health.wal_size)}"
        if health.name == HOME:
            yield Finding(DOUBTFUL, size, "-wal", ("home", "checkpoint"))
        else:
            yield Finding(NOTE, f"{size}: a program that reads for very long keeps it from being emptied", "-wal")


def of_damage(sentences: Iterable[str], rows: Sequence[str], told: int) -> Iterator[Finding]:
    """What the slow check found: damaged pages, and damaged rows one by one as far as that makes sense."""
    for sentence in sentences:
        yield Finding(BAD, f"{sentence}; stop its program, copy its files and restore a backup")
    for row in rows[:told]:
        yield Finding(DOUBTFUL, str(mask(row).safe), row.partition(" ")[0])
    if len(rows) > told:
        yield Finding(DOUBTFUL, f"and {len(rows) - told} more rows are damaged")


def of_audit(home: Path) -> Iterator[Finding]:
    """Whether the audit log is whole; a very long one is left to its own command."""
    from workbench.desk.audit import audit_log, verify

    log = audit_log(home)
    if not log.exists():
        return
    if log.stat().st_size > LONG_LOG:
        yield Finding(NOTE, "the audit log is long and was not checked", log.name, ("audit", "verify"))
    elif not (found := verify(log)).ok:
        yield Finding(BAD, f"the audit log is damaged: {found.first_problem}", log.name, ("audit", "verify"))


def look(source: Source, health: Health, *, patience: float, large: int | None = None) -> tuple[Finding, ...]:
    """Look for what is to be mended, for about so many seconds. `large` is how many rows of a table are many."""
    # Ages count by the source's own clock.
    now = datetime.now(UTC) + timedelta(seconds=health.clock_difference or 0)
    checks: list[Callable[[], Iterator[Finding]]] = [lambda: _drift(source, health)]
    if "agents" in health.kinds:
        checks += [
            lambda: _waiting(source, now),
            lambda: _expired(source, now),
            lambda: _stuck(source, now),
            lambda: _grown(source, now, large),
        ]
    if source.name == HOME and source.ours and source.engine == "sqlite":
        checks.append(lambda: _room(source, health))
    return tuple(_in_time(checks, patience))


def _in_time(checks: Sequence[Callable[[], Iterator[Finding]]], patience: float) -> Iterator[Finding]:
    end = time.monotonic() + patience
    said: set[str] = set()
    for number, check in enumerate(checks):
        if time.monotonic() > end:
            left = len(checks) - number
            yield Finding(NOTE, f"it is slow: after {patience:g} s {left} more checks were left out")
            return
        try:
            yield from check()
        except WorkbenchError as error:
            if str(error) not in said:  # a damaged file fails every check in the same words
                said.add(str(error))
                yield Finding(DOUBTFUL, f"it could not be looked at whole: {error}")


# -- the checks ----------------------------------------------------------------------------------------------


def _drift(source: Source, health: Health) -> Iterator[Finding]:
    if not health.drift:
        return
    try:
        mendable = bool(source.migrate(dry_run=True).changes)
    except Unsupported:
        mendable = False
    for sentence in health.drift:
        if mendable and _LACKING.search(sentence):
            yield Finding(DOUBTFUL, sentence, "tables", _with_source(source, "source", "migrate", named=True))
        else:
            what = f"{sentence}; read it with care, and look for a newer workbench"
            yield Finding(DOUBTFUL, what, "tables")


def _waiting(source: Source, now: datetime) -> Iterator[Finding]:
    from workbench.desk.inbox import APPROVAL, LIMIT, STORES, read_inbox

    if not source.capabilities & STORES:
        return
    inbox = read_inbox(source, source.name)
    among = f" (of the {LIMIT:,} newest that are pending)" if inbox.more else ""
    overdue = [item for item in inbox.items if item.overdue(now)]
    abandoned = [item for item in inbox.items if item.abandoned(now) and not item.overdue(now)]
    if (ahead := max((item.asked for item in inbox.items if item.asked is not None), default=now)) - now > AHEAD:
        what = f"something that waits was asked in {coarse(ahead - now)} from now: set the clocks of both machines"
        yield Finding(DOUBTFUL, what, "clock", _with_source(source, "inbox"))
    for items, state in ((overdue, "past their expiry"), (abandoned, "probably abandoned")):
        for kind, noun in ((APPROVAL, "approval"), (None, "question")):
            some = [item for item in items if (item.kind == APPROVAL) == (kind == APPROVAL)]
            if some:
                yield _left(source, some, noun, state, now, among)


def _left(source: Source, items: list[Waiting], noun: str, state: str, now: datetime, among: str) -> Finding:
    asked = min((item.asked for item in items if item.asked is not None), default=None)
    since = f", the oldest asked {coarse(now - asked)} ago" if asked else ""
    many = len(items) > 1
    what = f"{len(items):,} {noun}{'s are' if many else ' is'} {state if many else state.replace('their', 'its')}"
    ids = [item.id for item in items]
    spelled = len(ids) <= _NAMED and all(_WORD.fullmatch(id) for id in ids)
    some = "state=overdue" if state.startswith("past") else "state=abandoned"
    command = _with_source(source, *(("dismiss", *ids) if spelled else ("inbox", "--filter", some)))
    return Finding(DOUBTFUL, f"{what}{since}{among}", "approvals" if noun == "approval" else "clarifications", command)


def _expired(source: Source, now: datetime) -> Iterator[Finding]:
    if "short_memory" not in source.capabilities:
        return
    expired = source.activity.counts(now).short_memories_expired
    if expired.n:
        have = "has" if expired.n == 1 and not expired.more else "have"
        memories = "memory" if have == "has" else "memories"
        what = f"{expired} short {memories} {have} expired and still {'lies' if have == 'has' else 'lie'} there"
        yield Finding(DOUBTFUL, what, "short_memories", _with_source(source, "short-memory", "purge", "--expired"))


def _stuck(source: Source, now: datetime) -> Iterator[Finding]:
    from workbench.data.agents.growth import stuck_runs

    found = stuck_runs(source.database, now)
    if found is None:
        return
    one = found.count.n == 1 and not found.count.more
    runs = "run of a scheduled task is" if one else "runs of scheduled tasks are"
    oldest = f"{'' if one else 'the oldest: '}{mask(found.task).safe.cut(60)}, since {coarse(now - found.since)}"
    forgotten = "" if source.ours else "; its program forgets such rows after 30 days"
    what = f"{found.count} {runs} still called running ({oldest}): a crash left {'it' if one else 'them'}{forgotten}"
    yield Finding(DOUBTFUL, what, "cron_history")


def _grown(source: Source, now: datetime, large: int | None) -> Iterator[Finding]:
    from workbench.data.agents.growth import LARGE, grown

    for table in grown(source.database, large or LARGE):
        since = f", the oldest about {coarse(now - table.since)} old" if table.since else ""
        command = _with_source(source, *_RETENTION[table.table]) if table.table in _RETENTION else ()
        what = f"{table.table} has {table.rows} rows{since}, and nothing takes old ones away"
        yield Finding(NOTE, what, table.table, command)


def _room(source: Source, health: Health) -> Iterator[Finding]:
    from workbench.data.upkeep import free_bytes

    free = free_bytes(source) if health.size else 0
    if free >= LARGE_FREE and health.size and free * 4 >= health.size:
        what = f"{_megabytes(free)} of {_megabytes(health.size)} are room that deleted rows left"
        yield Finding(NOTE, what, health.display, ("home", "vacuum"))


def _with_source(source: Source, *words: str, named: bool = False) -> tuple[str, ...]:
    """A command for this source; none where its name on the command line would not be what is shown (a password)."""
    if "***" in source.name:
        return ()
    return (*words, source.name) if named else (*words, "--source", source.name)


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
