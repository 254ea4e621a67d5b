"""Cells of lists: small functions from a field of a record to safe text, tolerant of what cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from workbench.desk.moments import clock, coarse
from workbench.desk.safe import SafeText, plain, safe

Cell = Callable[[Any, datetime], SafeText]
NONE, UNREADABLE = plain("—"), plain("(unreadable)")
_LONGEST = 400  # cells: no list shows more of one
_LOOKED = 4096  # characters that are looked at for secrets: more than are shown, so that none is cut and shown


def text(name: str, *, masked: bool = False) -> Cell:
    """A cell with a text on one line; its secrets masked where it is something that anybody may have written."""

    def cell(record: Any, moment: datetime) -> SafeText:  # noqa: ANN401 - any noun's record
        value = getattr(record, name)
        if value is None or value == "":
            return NONE
        if not isinstance(value, str):
            return UNREADABLE
        return _masked(value) if masked else safe(value, limit=_LONGEST)

    return cell


def age(name: str) -> Cell:
    """A cell with how long ago something was."""

    def cell(record: Any, moment: datetime) -> SafeText:  # noqa: ANN401
        value = getattr(record, name)
        if not isinstance(value, datetime):
            return NONE if value is None else UNREADABLE
        return NONE if value.year <= 1 else plain(coarse(moment - value))

    return cell


def left(name: str) -> Cell:
    """A cell with how long it is until a moment, or that it is past."""

    def cell(record: Any, moment: datetime) -> SafeText:  # noqa: ANN401
        value = getattr(record, name)
        if not isinstance(value, datetime):
            return NONE if value is None else UNREADABLE
        return plain("expired") if value <= moment else plain(coarse(value - moment))

    return cell


def when(name: str) -> Cell:
    """A cell with a moment, in the operator's zone."""

    def cell(record: Any, moment: datetime) -> SafeText:  # noqa: ANN401
        value = getattr(record, name)
        if not isinstance(value, datetime):
            return NONE if value is None else UNREADABLE
        return NONE if value.year <= 1 else plain(clock(value, moment))

    return cell


def number(name: str, *, is_id: bool = False) -> Cell:
    """A cell with a number; one that is an id has no commas, as it is written when it is meant."""

    def cell(record: Any, moment: datetime) -> SafeText:  # noqa: ANN401
        value = getattr(record, name)
        if value is None:
            return NONE
        if not isinstance(value, int):
            return UNREADABLE
        return plain(str(value) if is_id else f"{value:,}")

    return cell


def words(name: str) -> Cell:
    """A cell with several words."""

    def cell(record: Any, moment: datetime) -> SafeText:  # noqa: ANN401
        value = getattr(record, name)
        if not isinstance(value, (tuple, list)):
            return UNREADABLE
        return _masked(", ".join(map(str, value))) if value else NONE

    return cell


def values_of(record: Any, leave_out: Collection[str] = ()) -> dict[str, object]:  # noqa: ANN401
    """The fields of a record, for programs; one that cannot be read says why, and what stands there."""
    names = [field.name for field in fields(record) if field.name != "stored" and field.name not in leave_out]
    return {name: told(getattr(record, name)) for name in names}


def told(value: object) -> object:
    """A value in a form that JSON has: bytes as text where they are text, what is damaged with its reason."""
    from workbench.data import Damaged

    if isinstance(value, Damaged):
        return {"damaged": value.why, "raw": repr(value.raw)}
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return {"bytes": value.hex()}
    if isinstance(value, Mapping):
        return {str(name): told(each) for name, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return values_of(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return told(value._asdict())
    if isinstance(value, (tuple, list)):
        return [told(each) for each in value]
    return value


def _masked(value: str) -> SafeText:
    from workbench.desk.secrets import mask

    return mask(value[:_LOOKED]).safe.cut(_LONGEST)
