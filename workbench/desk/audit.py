"""Who did what: a record on disk before each act of an operator, and one after it.

An act whose second record is missing was killed, or is still going on: what became of it is `unknown`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from workbench.data.engine.append_log import AppendLog, Tail, Torn
from workbench.data.engine.page import Cursor, Damage, Damaged, Page
from workbench.data.errors import Invalid, WorkbenchError
from workbench.data.target import MASK, ServerTarget, mask, parse_target
from workbench.desk.audit_chain import (
    INTENT,
    NOTHING,
    OUTCOME,
    VERSION,
    Entry,
    Head,
    Unreadable,
    judge,
    moment,
    newest_point,
    read_entry,
    seal,
    torn_note,
)
from workbench.desk.audit_check import Problem, Verified, verify

__all__ = ["Act", "Acting", "Audit", "Entry", "Head", "Problem", "Verified", "audit_log", "verify"]

FILE = "audit.jsonl"
_PAGE = 500
UNKNOWN, DONE, FAILED, INTERRUPTED = "unknown", "done", "failed", "interrupted"

# What may be a password in a text that we did not write: inside an address, and as a word of libpq.
_IN_WEB = re.compile(r"(https?://[^\s/?#:@]{0,200}:)[^\s/?#@]{0,1000}@", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"((?<!http)(?<!https)://[^\s/?#:@]{0,200}:)\S{0,1000}@", re.IGNORECASE)
_IN_WORDS = re.compile(
    r"""((?:password|oauth_client_secret|scram_(?:client|server)_key)["']?\s*[=:]\s*)"""
    r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s,;&'"]+)""",
    re.IGNORECASE,
)


def audit_log(home: Path) -> Path:
    """Where the audit log of a home is."""
    return home / FILE


@dataclass(frozen=True, slots=True)
class Act:
    """One act of an operator: what was recorded before it and after it; one of the two may be missing."""

    intent: Entry | None
    outcome: Entry | None

    @property
    def entry(self) -> Entry:
        """The record that describes the act."""
        found = self.intent or self.outcome
        assert found is not None
        return found

    @property
    def result(self) -> str:
        """What became of it; `unknown` if nobody wrote it down."""
        return UNKNOWN if self.outcome is None else self.outcome.result or UNKNOWN

    @property
    def error(self) -> str | None:
        """Why it failed, in a sentence."""
        return None if self.outcome is None else self.outcome.error


class Audit:
    """The audit log of a home, as one operator writes it. Any thread may use it, also after a fork."""

    def __init__(self, home: Path, operator: str, *, secrets: Iterable[str] = ()) -> None:
        """`secrets` are texts that are never written: the passwords of the configured sources."""
        self.operator = operator
        self._log = AppendLog(audit_log(home))
        self._secrets = sorted({secret for secret in secrets if len(secret) > 2}, key=len, reverse=True)

    @property
    def path(self) -> Path:
        """The file."""
        return self._log.path

    def intent(
        self,
        *,
        source: str,
        verb: str,
        noun: str,
        keys: Sequence[object] = (),
        where: str = "",
        reason: str = "",
        counts: Mapping[str, int] | None = None,
        unseen: int = 0,
        via: str = "",
        more: Mapping[str, object] | None = None,
    ) -> Acting:
        """An act, for a `with` block: entering it records what is about to be done, or raises.

        `where` is the address of the source as it is shown, `counts` what the preview counted, `unseen` the lines
        of what is decided that were never on screen, `via` the face that was used, `more` whatever else belongs
        to this verb.
        """
        fields = {
            "source": source, "where": _shown(where), "via": via, "verb": verb, "noun": noun,
            "keys": [keys] if isinstance(keys, str) else list(keys),
            "counts": dict(counts or {}), "unseen": unseen, "reason": reason, "more": dict(more or {}),
        }  # fmt: skip
        return Acting(self, fields)

    def head(self) -> Head | None:
        """The last record of the chain; None if nothing was ever recorded."""
        with closing(self._log.backwards()) as lines:
            return newest_point(lines)

    def change_token(self) -> str:
        """A cheap token that changes with every record."""
        return self._log.change_token()

    def list(self, limit: int = 100, before: Cursor | None = None) -> Page[Act]:
        """A page of acts, the newest first; lines that are no records are told in its damage."""
        if limit < 1:
            raise Invalid(f"a page of {limit} acts makes no sense: ask for one or more")
        offset: Any = before.values[0] if before else None
        # Outcomes whose intents stand further back, perhaps on the next page.
        open_ends: dict[str, Entry] = {entry.id: entry for entry in before.values[1]} if before else {}  # type: ignore[attr-defined]
        acts: list[Act] = []
        damage: list[Damage] = []
        with closing(self._log.backwards(offset)) as lines:
            for line in lines:
                try:
                    entry = read_entry(line.text)
                except Unreadable as error:
                    damage.append(Damage((line.offset,), "record", Damaged(line.text[:1000], str(error))))
                    continue
                if entry.phase == OUTCOME:
                    open_ends.setdefault(entry.id, entry)
                    continue
                acts.append(Act(entry, open_ends.pop(entry.id, None)))
                if len(acts) == limit and (line.offset or open_ends):
                    return Page(tuple(acts), Cursor((line.offset, tuple(open_ends.values()))), tuple(damage))
        orphans = list(open_ends.values())
        fitting = limit - len(acts)
        acts += (Act(None, entry) for entry in orphans[:fitting])
        left = tuple(orphans[fitting:])
        return Page(tuple(acts), Cursor((0, left)) if left else None, tuple(damage))

    def acts(self) -> Iterator[Act]:
        """Every act, the newest first, as far as its lines are records."""
        from workbench.data.engine.page import every

        return every(lambda after: self.list(_PAGE, after))

    # -- writing ---------------------------------------------------------------------------------------------

    def record(self, id: str, phase: str, fields: Mapping[str, object]) -> None:
        """Append one record; when this returns, it is on disk. For `Acting`."""
        told = {name: self._plain(value) for name, value in fields.items()}

        def make(tail: Tail) -> bytes:
            last = newest_point(tail.newest()) or Head(0, NOTHING)
            record = {
                "v": VERSION, "seq": last.seq + 1, "time": moment(datetime.now(UTC)), "id": id, "phase": phase,
                "operator": self._plain(self.operator), "host": os.uname().nodename, "ssh": _ssh_origin(),
                "pid": os.getpid(), **told,
            }  # fmt: skip
            if tail.fate is Torn.KEPT:
                record["torn"] = torn_note(tail.torn)
            return seal(record, last.hash)

        self._log.append(make, torn=judge)

    def _plain(self, value: object) -> Any:  # noqa: ANN401 - what JSON has a form for
        """A value as a record may hold it: plain, and without a password."""
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, float) and abs(value) < float("inf"):
            return value
        if isinstance(value, Mapping):
            return {self._plain(str(name)): self._plain(each) for name, each in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._plain(each) for each in value]
        if isinstance(value, datetime) and value.tzinfo is not None:
            return moment(value)
        text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for pattern, by in ((_IN_WEB, rf"\1{MASK}@"), (_IN_ADDRESS, rf"\1{MASK}@"), (_IN_WORDS, rf"\1{MASK}")):
            text = pattern.sub(by, text)
        return text


class Acting:
    """An act that is going on. `outcome` records what became of it; an exception is recorded as its failure."""

    def __init__(self, audit: Audit, fields: Mapping[str, object]) -> None:
        self.id = os.urandom(16).hex()
        self._audit = audit
        self._fields = fields
        self._ended = False

    def outcome(
        self,
        result: str,
        *,
        error: str | None = None,
        counts: Mapping[str, int] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        """Record what became of the act: one word, what was counted, and whatever else belongs to it."""
        if self._ended:
            raise Invalid("the outcome of this act is recorded already: begin another act")
        fields = {
            **self._fields,
            "counts": dict(counts or {}),
            "result": result,
            "error": error,
            "more": dict(more or {}),
        }
        self._ended = True  # also if recording fails: what was done must not be recorded as failed
        self._audit.record(self.id, OUTCOME, fields)

    def __enter__(self) -> Self:
        self._audit.record(self.id, INTENT, {**self._fields, "result": None, "error": None})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._ended:
            return
        if error is None:
            self.outcome(DONE)
            return
        try:
            self.outcome(FAILED if isinstance(error, Exception) else INTERRUPTED, error=_sentence(error))
        except WorkbenchError as failure:
            error.add_note(f"and its outcome could not be recorded: {failure}")


def _sentence(error: BaseException) -> str:
    if isinstance(error, WorkbenchError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _shown(where: str) -> str:
    """The address of a source without its password; a path stays as it is."""
    try:
        target = parse_target(where, files_first=False) if where else None
    except WorkbenchError:
        return mask(where)
    return mask(target.dsn) if isinstance(target, ServerTarget) else where


def _ssh_origin() -> str | None:
    """From which machine and port the operator came, if by ssh."""
    words = (os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_CLIENT") or "").split()
    return " ".join(words[:2]) or None
