"""Whether the audit log is as it was written: what was changed, moved, doubled, taken out or put in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.data.engine.append_log import AppendLog
from workbench.data.engine.lines import Line
from workbench.desk.audit_chain import NOTHING, Head, Record, Unreadable, is_sealed, load, place_of, torn_note

_TOLD = 100  # problems that are told one by one


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where the log is not as it was written; without a line where what is missing stood at the end."""

    what: str
    line: int | None = None
    seq: int | None = None

    def __str__(self) -> str:
        return self.what if self.line is None else f"line {self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of reading the whole log against its chain."""

    records: int
    head: Head | None
    problems: tuple[Problem, ...] = ()  # the first hundred
    count: int = 0  # of all problems
    torn: tuple[int, ...] = ()  # lines that a crash left unfinished, and that the next record tells of

    @property
    def ok(self) -> bool:
        """Whether the log is as it was written, as far as it can tell by itself."""
        return not self.count

    @property
    def first_problem(self) -> Problem | None:
        """Where it begins to be wrong."""
        return self.problems[0] if self.problems else None


def verify(path: Path, head: Head | str | None = None) -> Verified:
    """Read the whole log against its chain, and against a head that was noted elsewhere."""
    wanted = Head.parse(head) if isinstance(head, str) else head
    check = _Check(wanted)
    for number, line in enumerate(AppendLog(path).lines(), 1):
        check.take(number, line)
    return check.result()


class _Check:
    """One reading of a log from its first line to its last."""

    def __init__(self, wanted: Head | None) -> None:
        self._wanted = wanted
        self._met = wanted is None
        self._last = Head(0, NOTHING)
        self._seen: set[int] = set()
        self._records = 0
        self._problems: list[Problem] = []
        self._count = 0
        self._torn: list[int] = []
        self._foreign: tuple[Problem, Record] | None = None  # the line before, if it is no record

    def take(self, number: int, line: Line) -> None:
        """Check the next line."""
        try:
            record = load(line.text)
            place = place_of(record)
        except Unreadable as error:
            self._settle(None)
            what = f"this is no record of the audit log: {error}" if line.whole else "the last line is torn"
            self._foreign = Problem(what, number), torn_note(line.text)
            return
        self._settle(record, number)
        self._records += 1
        for what in self._broken(line, record, place):
            self._tell(Problem(what, number, place.seq))
        if not line.whole:
            self._tell(Problem("the last line is torn: its end is missing", number, place.seq))
        if place == self._wanted:
            self._met = True
        self._seen.add(place.seq)
        if place.seq > self._last.seq:
            self._last = place

    def _broken(self, line: Line, record: Record, place: Head) -> Iterator[str]:
        """What is wrong with a record: at its place, and in itself."""
        expected, seq = self._last.seq + 1, place.seq
        if seq > expected:
            gone = f"record {expected} is" if seq == expected + 1 else f"records {expected} to {seq - 1} are"
            yield f"{gone} missing before record {seq}"
        elif seq in self._seen:
            yield f"record {seq} stands in the log twice"
        elif seq < expected:
            yield f"record {seq} stands behind record {self._last.seq}"
        elif record["prev"] != self._last.hash:
            before = f"record {self._last.seq}" if self._last.seq else "the beginning of the log"
            yield f"record {seq} does not follow from {before}: one of them was changed"
        if not is_sealed(record, line.text):
            yield f"record {seq} was changed after it was written"

    def _settle(self, record: Record | None, number: int = 0) -> None:
        """Judge the line before, if it was no record: the record behind a torn line tells of it."""
        if self._foreign is None:
            return
        problem, note = self._foreign
        self._foreign = None
        if record is not None and record.get("torn") == note:
            self._torn.append(number - 1)
        else:
            self._tell(problem)

    def _tell(self, problem: Problem) -> None:
        self._count += 1
        if len(self._problems) < _TOLD:
            self._problems.append(problem)

    def result(self) -> Verified:
        """The findings, when there are no more lines."""
        self._settle(None)
        last = self._last if self._last.seq else None
        if not self._met and self._wanted is not None:
            seq = self._wanted.seq
            if seq in self._seen:
                what = f"record {seq} is not the one whose head was noted: the log was written anew"
            elif seq > self._last.seq:
                ends = f"the log ends with record {self._last.seq}" if last else "the log has no records"
                what = f"{ends}, but the head of record {seq} was noted: its tail was cut off"
            else:
                what = f"record {seq}, whose head was noted, is missing"
            self._tell(Problem(what, seq=seq))
        return Verified(self._records, last, tuple(self._problems), self._count, tuple(self._torn))
