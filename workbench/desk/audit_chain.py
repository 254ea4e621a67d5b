"""The records of the audit log: their form, and the chain of hashes that binds them.

A record is one line of compact ASCII JSON. Its `hash` is the SHA-256 of the record without it, keys sorted; its
`prev` is the hash of the record before, 64 zeros for the first. So the last hash stands for the whole log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from workbench.data.engine.append_log import Torn
from workbench.data.engine.lines import Line
from workbench.data.errors import Invalid

VERSION = 1
INTENT, OUTCOME = "intent", "outcome"
NOTHING = "0" * 64

_TEXTS = ("id", "phase", "operator", "host", "source", "where", "via", "verb", "noun", "reason")
_OPTIONAL = ("ssh", "result", "error")
_LAST = 2**63 - 1  # the greatest number that a record may have
_HASH = re.compile(r"[0-9a-f]{64}")
_HEAD = re.compile(r"([1-9][0-9]{0,18}):([0-9a-f]{64})")

Record = dict[str, Any]


class Unreadable(ValueError):
    """A line that is no record; the message says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """One record of the chain by number and hash; noted elsewhere, it shows later whether the log was cut."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read what `audit head` printed."""
        match = _HEAD.fullmatch(text.strip())
        if match is None:
            raise Invalid("that is no head of an audit log: give SEQ:HASH as `workbench audit head` printed it")
        return cls(int(match[1]), match[2])


@dataclass(frozen=True, slots=True)
class Entry:
    """One record, before an act (`intent`) or after it (`outcome`)."""

    seq: int
    time: datetime
    id: str
    phase: str
    operator: str
    host: str
    ssh: str | None
    pid: int
    source: str
    where: str
    via: str
    verb: str
    noun: str
    keys: tuple[Any, ...]
    counts: Mapping[str, Any]
    unseen: int
    reason: str
    result: str | None
    error: str | None
    more: Mapping[str, Any]


# -- writing -----------------------------------------------------------------------------------------------------


def seal(record: Mapping[str, Any], prev: str) -> bytes:
    """The line of a record that follows the one with the hash `prev`."""
    bound = {**record, "prev": prev}
    return _render({**bound, "hash": _hash(bound)})


def torn_note(torn: bytes) -> Record:
    """What the next record tells of a line that was left unfinished."""
    import hashlib

    return {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}


def judge(torn: bytes) -> Torn:
    """A last line without its end counts if it is a record; else it stays to be seen, out of the way."""
    return Torn.KEPT if point(torn) is None else Torn.LINE


def moment(when: datetime) -> str:
    """A time as records have it: RFC 3339, microseconds, UTC."""
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# -- reading -----------------------------------------------------------------------------------------------------


def point(text: bytes) -> Head | None:
    """The place of a line in the chain, also if the record was changed; None for what is no record."""
    try:
        return place_of(load(text))
    except Unreadable:
        return None


def newest_point(lines: Iterable[Line]) -> Head | None:
    """The first place in the chain that these lines have."""
    return next((found for line in lines if (found := point(line.text)) is not None), None)


def read_entry(text: bytes) -> Entry:
    """Read a record; `Unreadable` says what is wrong with it."""
    record = load(text)
    seq = place_of(record).seq
    if record.get("v") != VERSION:
        raise Unreadable("it was written by a newer workbench")
    try:
        time = datetime.fromisoformat(_typed(record, "time", str))
    except ValueError:
        raise Unreadable("its time cannot be read") from None
    if time.tzinfo is None or _typed(record, "phase", str) not in (INTENT, OUTCOME):
        raise Unreadable("it is neither an intent nor an outcome, or its time has no zone")
    texts: dict[str, Any] = {name: _typed(record, name, str) for name in _TEXTS}
    optional: dict[str, Any] = {
        name: None if record.get(name) is None else _typed(record, name, str) for name in _OPTIONAL
    }
    return Entry(
        seq=seq,
        time=time.astimezone(UTC),
        pid=_typed(record, "pid", int),
        keys=tuple(_typed(record, "keys", list)),
        counts=_typed(record, "counts", dict),
        unseen=_typed(record, "unseen", int),
        more=_typed(record, "more", dict),
        **texts,
        **optional,
    )


def _typed(record: Record, name: str, kind: type) -> Any:  # noqa: ANN401 - of this very type
    value = record.get(name)
    if value.__class__ is not kind:
        raise Unreadable(f'its field "{name}" is missing, or not of its type')
    return value


def load(text: bytes) -> Record:
    """A line as an object of JSON; `Unreadable` if it is none."""
    try:
        record = json.loads(text.decode("ascii"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        record = None
    if record.__class__ is not dict:
        raise Unreadable("it is not an object in JSON")
    found: Record = record
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def place_of(record: Record) -> Head:
    """The place that a record says it has in the chain; `Unreadable` if it says none."""
    seq, own, prev = record.get("seq"), record.get("hash"), record.get("prev")
    if seq.__class__ is not int or not 1 <= seq <= _LAST or not (_is_hash(own) and _is_hash(prev)):
        raise Unreadable("it has no number and hashes")
    return Head(seq, str(own))


def is_sealed(record: Record, text: bytes) -> bool:
    """Whether a record has the hash that it says, and its line is the very text that was written."""
    try:
        return _render(record) == text and _hash(record) == record["hash"]
    except (ValueError, RecursionError):
        return False


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def _render(record: Mapping[str, Any], *, sort_keys: bool = False) -> bytes:
    text = json.dumps(record, ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys)
    # DEL is the one control character that JSON leaves alone.
    return text.replace("\x7f", "\\u007f").encode("ascii")


def _hash(record: Mapping[str, Any]) -> str:
    import hashlib

    bound = {name: value for name, value in record.items() if name != "hash"}
    return hashlib.sha256(_render(bound, sort_keys=True)).hexdigest()
