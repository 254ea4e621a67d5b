"""What can be wrong with a stored row of an agents database, beyond what makes a field unreadable.

Only what a program notices, or a person should: healthy rows have no oddity. What that program itself writes
now and then, and nothing stumbles over, is marked as a note.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workbench.data.agents.events import read_event
from workbench.data.agents.json_text import read_json
from workbench.data.agents.records import ApprovalStatus, ClarifyStatus, CronStatus, SessionEvent
from workbench.data.engine import times
from workbench.data.engine.build import ODD
from workbench.data.engine.codecs import SQLITE, uuid_note
from workbench.data.engine.statement import BYTES, shape_of
from workbench.data.engine.tables import Column
from workbench.data.engine.times import Unreadable
from workbench.data.errors import Invalid

Values = Mapping[str, Any]  # what could be read of a row, by column; None where NULL may stand

_CRON_WORDS = "yearly annually monthly weekly daily hourly always everysecond 5minutes 10minutes 15minutes 30minutes"
_CRON_TAGS = frozenset(f"@{word}" for word in _CRON_WORDS.split())
_CRON_FIELD = re.compile(
    r"(?:[0-9*?/,#LW+-]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)+",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Oddity:
    """One thing that is odd about a row. `theirs`: we read it, and only the other program stumbles over it."""

    column: str
    why: str
    theirs: bool = False
    note: bool = False


def of_value(column: Column, raw: object, dialect: str, values: dict[str, Any]) -> Iterator[Oddity]:
    """What is odd about one stored value; what it means goes into `values` if it can be read."""
    if raw is None and column.null:
        values[column.name] = None
        yield from _of_null(column)
        return
    try:
        value = values[column.name] = column.codec.decode(raw)
    except Unreadable as error:
        yield Oddity(column.name, str(error))
        return
    except ODD as error:
        yield Oddity(column.name, f"unreadable: {error}")
        return
    if isinstance(value, datetime):
        if dialect == SQLITE:
            yield from _of_time(column, raw)
        if value.year == 1:
            yield Oddity(column.name, "in the year 1, which is that program's way to say no time", note=True)
        return
    if why := _wrongly_stored(column.codec.name, raw):
        yield Oddity(column.name, why, theirs=column.codec.name == "bool")
    elif why := column.note(raw):
        yield Oddity(column.name, why, theirs=True)


def _of_null(column: Column) -> Iterator[Oddity]:
    if column.codec.name == "text":
        yield Oddity(column.name, "NULL where that program always writes a text: it is read as an empty one")
    elif column.codec.name == "bytes":
        yield Oddity(column.name, "no value, which that program writes for nil", note=True)


def _wrongly_stored(meaning: str, raw: object) -> str | None:
    """Why a value that can be read is stored as something else than its column means; None if it is not."""
    if meaning == "text" and not isinstance(raw, str):
        return "bytes where text belongs: it is read as text, but it equals no text"
    if meaning == "text" and shape_of(raw) == BYTES:
        return "a text that is not UTF-8"
    if meaning == "bytes" and isinstance(raw, str):
        return "text where bytes belong: it is read as its bytes"
    if meaning == "bool" and not isinstance(raw, int):
        return f"{raw!r} where 1 or 0 belongs: that program reads it, but its query for enabled tasks passes it over"
    return None


def _of_time(column: Column, raw: object) -> Iterator[Oddity]:
    """SQLite compares times as texts, so they must stand in the one form that its program writes."""
    if why := column.note(raw):
        yield Oddity(column.name, why, theirs=True)
        return
    try:
        offset, written, _ = times.go_clock(str(raw))
    except Invalid:
        yield Oddity(column.name, f"{_form(str(raw))}, and that program compares times as texts", theirs=True)
        return
    if column.codec.name == "utc_text" and offset != timedelta():
        yield Oddity(
            column.name,
            f"on the clock {written} where UTC belongs, and that program compares times as texts",
            theirs=True,
        )


def _form(text: str) -> str:
    if "T" in text:
        return "with a T between day and time it sorts behind every other time of its day"
    if len(text) < len("2026-11-20 12:30:00"):
        return "without its seconds it sorts before other times of its minute or day"
    if text[19:].lstrip(".,0123456789"):
        return "not in the form that it writes"
    return "without a zone it is read as UTC but sorts as local time"


# -- rows ------------------------------------------------------------------------------------------------------


def of_row(table: str, values: Values) -> Iterator[Oddity]:
    """What is odd about the values of a row, each by itself and one beside the other."""
    for rule in _RULES.get(table, ()):
        yield from rule(values)


Rule = Callable[[Values], Iterator[Oddity]]


def _word(column: str, known: tuple[str, ...]) -> Rule:
    def rule(values: Values) -> Iterator[Oddity]:
        word = values.get(column)
        if word is None or word in known:
            return
        case = " (case matters)" if str(word).lower() in known else ""
        yield Oddity(column, f"{word!r} is no {column} that is known{case}: {', '.join(known[:-1])} or {known[-1]}")

    return rule


def _when(status_before: str, statuses_after: tuple[str, ...], column: str) -> Rule:
    """A time that is set when a status is left, and not before."""

    def rule(values: Values) -> Iterator[Oddity]:
        if column not in values or "status" not in values:
            return
        status, moment = values["status"], values[column]
        if status == status_before and moment is not None:
            yield Oddity(column, f"a time although the status is still {status}")
        elif status in statuses_after and moment is None:
            yield Oddity(column, f"no time although the status is {status}")

    return rule


def _json(column: str, belongs: str, fits: Callable[[object], bool]) -> Rule:
    def rule(values: Values) -> Iterator[Oddity]:
        stored = values.get(column)
        if stored is None:
            return
        try:
            value = read_json(stored)
        except Unreadable as error:
            yield Oddity(column, str(error))
            return
        if not fits(value):
            yield Oddity(column, f"JSON, but not {belongs}")

    return rule


def _arguments(values: Values) -> Iterator[Oddity]:
    """Models write arguments that are no JSON; only those that begin as JSON are worth a word."""
    args = values.get("args")
    if args and args.lstrip()[:1] in ("{", "["):
        try:
            read_json(args)
        except Unreadable as error:
            yield Oddity("args", f"begins like JSON and is {error}", note=True)


def _approval_id(values: Values) -> Iterator[Oddity]:
    approval_id = values.get("id")
    if approval_id is not None and uuid_note(approval_id):
        why = "not the UUID that its program gives every approval; it can be decided all the same"
        yield Oddity("id", why, note=True)


def _expression(values: Values) -> Iterator[Oddity]:
    """Not whether it ever comes due: only what is plainly no expression."""
    expression = values.get("expression")
    if expression is None:
        return
    fields = expression.split()
    if len(fields) == 1 and fields[0].lower() in _CRON_TAGS:
        return
    if not 5 <= len(fields) <= 7:
        yield Oddity("expression", "not a cron expression: it has 5 to 7 fields, or is a word like @daily")
    elif wrong := next((part for part in fields if not _CRON_FIELD.fullmatch(part)), None):
        yield Oddity("expression", f"not a cron expression: {wrong!r} is no field of one")


def _event(values: Values) -> Iterator[Oddity]:
    if values.get("event_data") is None:
        return
    names = ("id", "app_name", "user_id", "session_id", "event_data", "created_at")
    row = SessionEvent(*(values.get(name) for name in names))  # type: ignore[arg-type]
    for damage in read_event(row).damage:
        why = damage.removeprefix("event_data: ")
        yield Oddity("event_data", f"{why}; that program {_does_with(why)}")


def _does_with(why: str) -> str:
    if why.startswith("null "):
        return "takes it for an empty event"
    return "may read it all the same" if why.startswith("nested") else "passes over the whole event"


def _texts_or_null(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(topic, str) for topic in value))


_RULES: dict[str, tuple[Rule, ...]] = {
    "approvals": (
        _approval_id,
        _word("status", tuple(ApprovalStatus)),
        _when("pending", ("approved", "rejected", "expired"), "resolved_at"),
        _arguments,
    ),
    "clarifications": (
        _word("status", tuple(ClarifyStatus)),
        _when("pending", ("answered", "expired"), "answered_at"),
    ),
    "cron_tasks": (_word("source", ("config", "tool")), _expression),
    "cron_history": (_word("status", tuple(CronStatus)), _when("running", ("success", "failed"), "finished_at")),
    "memories": (_json("topics", "a list of texts", _texts_or_null),),
    "session_summaries": (_json("topics", "a list of texts", _texts_or_null),),
    "session_events": (_event,),
    "checkpoints": (
        _json("checkpoint_json", "an object", lambda value: isinstance(value, dict)),
        _json("metadata_json", "an object", lambda value: value is None or isinstance(value, dict)),
    ),
    "checkpoint_writes": (_json("value_json", "a value", lambda value: True),),
}
