"""What a column means, and how its values travel: declared types of both engines, reading, writing.

A codec reads whatever raw value an engine hands out (`decode` raises `Unreadable` with the reason) and
writes the one form that the column's own program accepts (`encode` raises `Invalid` before any driver sees
the value).
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from workbench.data.engine import times
from workbench.data.engine.times import Unreadable
from workbench.data.errors import Invalid

SQLITE = "sqlite"
POSTGRES = "postgres"


@dataclass(frozen=True, slots=True, eq=False)
class Codec:
    """One meaning of a column. `quick` is an expression that reads the common case without a call."""

    name: str
    sqlite: str
    postgres: str
    decode: Callable[[object], object]
    encode: Mapping[str, Callable[[object], object]]
    quick: str | None = None
    quick_encode: Mapping[str, str] | None = None
    instant: bool = False
    nullable: bool = False
    null: object = None
    sqlite_bind: str = "?"
    postgres_cast: str = ""

    @property
    def cast(self) -> str:
        """The PostgreSQL type that a parameter of this meaning is cast to."""
        return self.postgres_cast or self.postgres

    def optional(self, null: object = None) -> "Codec":
        """The same meaning where NULL may stand; NULL reads as `null`."""
        return replace(self, nullable=True, null=null)

    def declared(self, *, sqlite: str | None = None, postgres: str | None = None) -> "Codec":
        """The same meaning under another declared type (some programs' migrators compare type names)."""
        return replace(self, sqlite=sqlite or self.sqlite, postgres=postgres or self.postgres)


def _kind(value: object) -> str:
    return "NULL" if value is None else type(value).__name__


def _read_text(raw: object) -> str:
    if raw.__class__ is str:
        return raw
    if isinstance(raw, (bytes, bytearray, memoryview)):
        # The programs read bytes in a text column as text; so do we, where they are text.
        try:
            return bytes(raw).decode("utf-8")
        except UnicodeDecodeError:
            raise Unreadable("bytes that are not UTF-8 where text belongs") from None
    if raw is None:
        raise Unreadable("NULL where text belongs")
    return str(raw)


def _write_text(value: object) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{_kind(value)} given where text belongs: pass a str")
    if "\0" in value:
        raise Invalid("the text holds a NUL character, which no database here keeps: remove it")
    if not value.isascii() and not value.isprintable():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise Invalid("the text holds a lone surrogate, which is no character: remove it") from None
    return str(value)


def _read_integer(raw: object) -> int:
    if raw.__class__ is int:
        return raw
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    raise Unreadable(f"{_kind(raw)} where a whole number belongs")


def _write_integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"{_kind(value)} given where a whole number belongs: pass an int")
    if not -(2**63) <= value < 2**63:
        raise Invalid(f"{value} does not fit 64 bits: pass a smaller number")
    return value


def _read_real(raw: object) -> float:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return float(raw)
    raise Unreadable(f"{_kind(raw)} where a number belongs")


def _write_real(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Invalid(f"{_kind(value)} given where a number belongs: pass a float")
    if not math.isfinite(value):
        raise Invalid(f"{value} is no number that a database keeps: pass a finite one")
    return float(value)


def _read_bool(raw: object) -> bool:
    if raw in (0, 1) and isinstance(raw, (bool, int)):
        return bool(raw)
    if isinstance(raw, str) and raw.lower() in ("true", "false"):
        return raw.lower() == "true"
    raise Unreadable(f"{raw!r} where yes or no (1 or 0) belongs")


def _check_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"{_kind(value)} given where True or False belongs")
    return value


def _read_bytes(raw: object) -> bytes:
    if raw.__class__ is bytes:
        return raw
    if isinstance(raw, (bytearray, memoryview)):
        return bytes(raw)
    if isinstance(raw, str):
        return raw.encode("utf-8", "surrogateescape")
    raise Unreadable(f"{_kind(raw)} where bytes belong")


def _write_bytes(value: object) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise Invalid(f"{_kind(value)} given where bytes belong: pass bytes")
    return bytes(value)


def _no_constants(word: str) -> object:
    raise Unreadable(f"{word} is no JSON")


def _read_json(raw: object) -> object:
    import json

    try:
        return json.loads(_read_text(raw), parse_constant=_no_constants)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from None


def _write_json(value: object) -> str:
    import json

    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"the value cannot be written as JSON: {error}") from None
    return _write_text(text)


_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def uuid_note(stored: str) -> str | None:
    """Why the program that owns an agents database stumbles over this id, although we show it; else None."""
    import uuid  # it brings a dozen modules along

    if _CANONICAL_UUID.fullmatch(stored):
        return None
    try:
        uuid.UUID(stored)
    except ValueError:
        return "not a UUID: that program's list queries fail on this row"
    return "not the canonical lower-case form: that program never finds this row by its id"


def _read_instant(raw: object) -> datetime:
    return times.parse_instant(raw)


def _writer(write: Callable[[datetime], object]) -> Callable[[object], object]:
    """Encode an aware datetime; a text is taken as a stored text (guards bind what was displayed)."""

    def encode(value: object) -> object:
        if isinstance(value, datetime):
            return write(value)
        if isinstance(value, str):
            return _write_text(value)
        raise Invalid(f"{_kind(value)} given where a time belongs: pass an aware datetime")

    return encode


def _both(encode: Callable[[object], object]) -> dict[str, Callable[[object], object]]:
    return {SQLITE: encode, POSTGRES: encode}


_TEXT_QUICK = "{v} if {v}.__class__ is str else {d}({v})"
_TEXT_QUICK_ENCODE = "{v} if {v}.__class__ is str and {v}.isascii() and '\\0' not in {v} else {e}({v})"
_INT_QUICK = "{v} if {v}.__class__ is int else {d}({v})"

text = Codec(
    "text",
    "text",
    "text",
    _read_text,
    _both(_write_text),
    quick=_TEXT_QUICK,
    quick_encode={SQLITE: _TEXT_QUICK_ENCODE, POSTGRES: _TEXT_QUICK_ENCODE},
)
integer = Codec(
    "integer",
    "integer",
    "integer",
    _read_integer,
    _both(_write_integer),
    quick=_INT_QUICK,
    postgres_cast="bigint",
)
bigint = Codec("bigint", "bigint", "bigint", _read_integer, _both(_write_integer), quick=_INT_QUICK)
real = Codec("real", "real", "double precision", _read_real, _both(_write_real))
boolean = Codec(
    "bool",
    "numeric",
    "boolean",
    _read_bool,
    {SQLITE: lambda value: int(_check_bool(value)), POSTGRES: _check_bool},
)
blob = Codec(
    "bytes",
    "blob",
    "bytea",
    _read_bytes,
    _both(_write_bytes),
    quick="{v} if {v}.__class__ is bytes else {d}({v})",
)
json = Codec("json", "text", "text", _read_json, _both(_write_json))
utc_text = Codec(
    "utc_text",
    "datetime",
    "timestamp with time zone",
    _read_instant,
    {SQLITE: _writer(times.go_utc), POSTGRES: _writer(times.iso_utc)},
    instant=True,
    # The form that approvals and clarifications always have, and that we write.
    quick="fromiso({v}[:-10] + '+00:00') if {v}.__class__ is str and {v}[-10:] == ' +0000 UTC' "
    "and {v}[4] == '-' and {v}[10] == ' ' and {v}[13] == ':' else {d}({v})",
)
unix_ms = Codec(
    "unix_ms",
    "integer",
    "bigint",
    times.parse_unix_ms,
    _both(lambda value: times.unix_ms(value) if isinstance(value, datetime) else _write_integer(value)),
    instant=True,
)
rfc3339_seconds = Codec(
    "rfc3339_seconds",
    "text",
    "text",
    times.parse_rfc3339_seconds,
    _both(_writer(times.rfc3339_seconds)),
    instant=True,
)


def _write_local(value: object) -> object:
    if isinstance(value, datetime):
        raise Invalid("a local-time column is written on its program's clock: pass times.go_local(moment, like=…)")
    return _writer(times.go_utc)(value)


# A column in its program's local time: read as any instant, written only as a text made by `times.go_local`
# (or `times.go_utc` in a database of our own), because the right zone is a fact of the database, not of us.
local_text = replace(
    utc_text,
    name="local_text",
    encode={SQLITE: _write_local, POSTGRES: _writer(times.iso_utc)},
    quick_encode={SQLITE: _TEXT_QUICK_ENCODE},
)
