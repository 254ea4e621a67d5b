"""Deciding an approval: the guard that holds a decision to what was shown, and what is said when it fails.

The guard is part of the one UPDATE, so that nothing can change between the look and the write.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime

from workbench.data.agents.records import Approval
from workbench.data.agents.tables import APPROVALS
from workbench.data.engine import codecs
from workbench.data.engine.codecs import POSTGRES, SQLITE
from workbench.data.engine.page import Damaged
from workbench.data.engine.statement import Statement
from workbench.data.errors import Conflict, Corrupt, Invalid

PENDING = "pending"
DISMISSED = "Dismissed: nobody was waiting"
MUST_BE_READABLE = ("tool_name", "args", "status", "expires_at")
_LONGEST = 60  # characters of a value that a message quotes


def _stored_bytes(value: object) -> object:
    """A text as the bytes that SQLite has it in, whatever they are: not all of them could be written by us."""
    raw = _raw(value)
    return raw if isinstance(raw, bytes) else _stored_text(raw).encode("utf-8", "surrogateescape")


def _stored_text(value: object) -> str:
    text = _raw(value)
    if not isinstance(text, str):
        raise Invalid("the record that was shown holds no text where text belongs: read it again")
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Invalid("the record that was shown holds a text that no database holds: read it again") from None
    return text


def _raw(value: object) -> object:
    """What stands in the database; where that is NULL, the guard compares it as ''."""
    if isinstance(value, Damaged):
        return "" if value.raw is None else value.raw
    return value


def _same(value: object) -> object:
    return value


SHOWN_TEXT = replace(
    codecs.text,
    encode={SQLITE: _stored_bytes, POSTGRES: _stored_text},
    quick_encode=None,
    sqlite_bind="CAST(? AS TEXT)",
)
SHOWN_INSTANT = replace(codecs.utc_text, encode={SQLITE: _same, POSTGRES: _same}, quick_encode=None, nullable=True)
_TEXTS = tuple(c.name for c in APPROVALS.columns if c.codec is codecs.text and c.name not in ("id", "status"))
_INSTANTS = tuple(c.name for c in APPROVALS.columns if c.codec.instant)

_SET = "UPDATE approvals SET status = :status, resolved_at = :resolved_at, resolved_by = :resolved_by, "
RESOLVE: Statement[None] = Statement(
    _SET + "feedback = :feedback WHERE id = :id AND status = 'pending'", table=APPROVALS
)
# NULL reads as '' in the columns that may hold it, and bytes read as the text that they are.
_AS_SHOWN = [f"COALESCE(CAST({{column:approvals.{name}}} AS text), '') = :shown_{name}" for name in _TEXTS]
_AS_SHOWN += [f"{name} {{is}} :shown_{name}" for name in _INSTANTS]
DECIDE: Statement[None] = Statement(
    f"{RESOLVE.sql} AND {' AND '.join(_AS_SHOWN)}",
    table=APPROVALS,
    params={f"shown_{name}": SHOWN_TEXT for name in _TEXTS} | {f"shown_{name}": SHOWN_INSTANT for name in _INSTANTS},
)


def as_shown(shown: Approval) -> dict[str, object]:
    """The parameters of the guard: every column as it stood when it was shown."""
    if not set(_INSTANTS) <= set(shown.stored):
        raise Invalid("the record that was shown was not read from a database: get it again, and show that")
    guard = {f"shown_{name}": getattr(shown, name) for name in _TEXTS}
    return guard | {f"shown_{name}": shown.stored[name] for name in _INSTANTS}


def refuse_undecidable(id: str, shown: object) -> Approval:
    """The record that was shown, if a decision may be bound to it at all."""
    if not isinstance(shown, Approval):
        raise Invalid(f"a decision needs the record that was shown, not {type(shown).__name__}: pass shown=approval")
    if shown.id != id:
        raise Invalid(f"approval {said(id)} was to be decided, but {said(shown.id)} was shown: pass the same")
    for name in MUST_BE_READABLE:
        value: object = getattr(shown, name)
        if isinstance(value, Damaged):
            raise Corrupt(
                f"approval {said(id)} cannot be decided while its {name} cannot be read ({value.why}): "
                "repair the row, or leave it to its program"
            )
    if shown.status != PENDING:
        raise already(shown)
    return shown


def is_as_written(row: Approval | None, written: Mapping[str, object]) -> bool:
    """Whether a row (still) holds the decision that was written."""
    names = ("status", "resolved_at", "resolved_by", "feedback")
    return row is not None and all(getattr(row, name) == written[name] for name in names)


def overwritten(id: str, row: Approval | None) -> Conflict:
    """The decision was written, and somebody changed the row in the same moment."""
    if row is None:
        return Conflict(f"approval {said(id)} was removed right after this decision: nothing is left to decide")
    how = "is pending again" if row.status == PENDING else _how(row)
    return Conflict(f"approval {said(id)} {how}: that overwrote this decision a moment after it; theirs stands")


def already(row: Approval) -> Conflict:
    """Somebody was faster: who, how, when, and with what feedback."""
    return Conflict(f"approval {said(row.id)} {_how(row)}: nothing was changed")


def not_as_shown(shown: Approval, row: Approval) -> Conflict:
    """The row is still pending, but no longer as it was displayed: the difference, field by field."""
    changes = "; ".join(_changes(shown, row)) or "it changed while it was being decided"
    return Conflict(f"approval {said(row.id)} is not as it was shown ({changes}): look at it again, then decide")


def _how(row: Approval) -> str:
    """`was already approved by 'ops@bastion' at 2026-11-20 12:00:00 UTC, with feedback '…'`."""
    status: object = row.status
    if status in ("approved", "rejected", "expired"):
        words = f"was already {status}"
    else:
        words = f"has the status {said(status)}, which is not pending; it was set"
    by, at, feedback = _cell(row.resolved_by), _cell(row.resolved_at), _cell(row.feedback)
    words += f" by {said(by)}" if by else " by somebody who left no name"
    words += f" at {at:%Y-%m-%d %H:%M:%S} UTC" if isinstance(at, datetime) else " at an unknown time"
    return f"{words}, with feedback {said(feedback)}" if feedback else words


def _cell(value: object) -> object:
    """A field as what it may be: its type says nothing of damage."""
    return value


def _changes(shown: Approval, row: Approval) -> list[str]:
    found = []
    for name in (f.name for f in fields(Approval) if f.name != "stored"):
        was, now = getattr(shown, name), getattr(row, name)
        if name in _INSTANTS:
            was, now = shown.stored.get(name), row.stored.get(name)
        if was != now:
            start = _first_difference(was, now)
            found.append(f"{name} was {said(was, start)}, is {said(now, start)}")
    return found


def _first_difference(was: object, now: object) -> int:
    if not isinstance(was, str) or not isinstance(now, str):
        return 0
    pairs = enumerate(zip(was, now, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(was), len(now)))


def said(value: object, around: int = 0) -> str:
    """A value as a message may quote it: short, in quotes, nothing in it interpreted by a terminal."""
    if isinstance(value, Damaged):
        value = value.raw
    if value is None:
        return "nothing"
    if not isinstance(value, str):
        value = repr(value)
    start = max(0, around - _LONGEST // 3) if len(value) > _LONGEST else 0
    cut = value[start : start + _LONGEST]
    return repr("…" * (start > 0) + cut + "…" * (start + _LONGEST < len(value)))
