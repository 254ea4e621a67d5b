"""Values on the wire to PostgreSQL: what each type reads as, whatever the server's settings say.

Results travel in binary, so that neither DateStyle nor TimeZone matters. A type that is not listed reads as
the bytes of its binary form: no value of any type can break a list.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.pq import Format
from psycopg.types import bool as booleans
from psycopg.types import none, numeric, string

_ANY = 0  # the loader of every type that has none of its own
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_FOREVER, _NEVER = 2**63 - 1, -(2**63)
_FOREVER_DAYS, _NEVER_DAYS = 2**31 - 1, -(2**31)
_DAY = timedelta(days=1) // timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146097  # the Gregorian calendar repeats itself


def timestamp_text(micros: int) -> str:
    """The text of an instant given in microseconds since 2000: `2026-11-20 06:31:31.180500+00:00`.

    What lies outside the years 1 to 9999 is written as PostgreSQL writes it, and can be handed back to it.
    """
    if _FIRST <= micros <= _LAST:
        return (_EPOCH + timedelta(microseconds=micros)).isoformat(sep=" ", timespec="microseconds")
    if micros in (_FOREVER, _NEVER):
        return "infinity" if micros == _FOREVER else "-infinity"
    days, rest = divmod(micros, _DAY)
    clock = (_EPOCH + timedelta(microseconds=rest)).time().isoformat(timespec="microseconds")
    day, era = _far_day(days)
    return f"{day} {clock}+00:00{era}"


def date_text(days: int) -> str:
    """The text of a day given in days since 2000."""
    if days in (_FOREVER_DAYS, _NEVER_DAYS):
        return "infinity" if days == _FOREVER_DAYS else "-infinity"
    day, era = _far_day(days)
    return day + era


def _far_day(days: int) -> tuple[str, str]:
    """A day in any year, moved by whole cycles to where `date` can name it; with its era."""
    cycles = days // _CYCLE_DAYS
    near = date(2000, 1, 1) + timedelta(days=days - cycles * _CYCLE_DAYS)
    year = near.year + cycles * _CYCLE_YEARS
    year, era = (year, "") if year > 0 else (1 - year, " BC")
    return f"{year:04d}-{near.month:02d}-{near.day:02d}", era


class _Timestamp(Loader):
    """`timestamptz`, and `timestamp` taken as UTC."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return timestamp_text(int.from_bytes(data, "big", signed=True))


class _Date(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return date_text(int.from_bytes(data, "big", signed=True))


class _Jsonb(Loader):
    """`jsonb` is sent as one byte of version and the JSON text."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data)[1:].decode("utf-8", "surrogateescape")


class _Uuid(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        text = bytes(data).hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class _Numeric(Loader):
    """Exact digits, as text: never rounded, never with an exponent."""

    format = Format.BINARY

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._read = numeric.NumericBinaryLoader(oid, context)

    def load(self, data: Buffer) -> str:
        value: Decimal = self._read.load(data)
        return f"{value:f}"


class _LooseText(Loader):
    """Text in a database that checks no encoding: bytes that are no UTF-8 become lone surrogates."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "surrogateescape")


class _LooseTextIn(Dumper):
    """Such a text, handed back as the bytes that it was read from."""

    def dump(self, obj: str) -> bytes:
        return obj.encode("utf-8", "surrogateescape")


_TEXTS = ("text", "varchar", "bpchar", "name", "json", "xml")


def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(types=psycopg.adapters.types)
    for python, dumper in (
        (type(None), none.NoneDumper),
        (str, string.StrDumperUnknown),
        (bytes, string.BytesBinaryDumper),
        (bool, booleans.BoolBinaryDumper),
        (int, numeric.IntBinaryDumper),
        (float, numeric.FloatBinaryDumper),
    ):
        adapters.register_dumper(python, dumper)
    adapters.register_loader(_ANY, string.ByteaBinaryLoader)
    adapters.register_loader(_ANY, string.TextLoader)
    loaders: dict[str, type[Loader]] = {
        "bool": booleans.BoolBinaryLoader,
        "bytea": string.ByteaBinaryLoader,
        '"char"': _LooseText,
        "date": _Date,
        "float4": numeric.Float4BinaryLoader,
        "float8": numeric.Float8BinaryLoader,
        "int2": numeric.Int2BinaryLoader,
        "int4": numeric.Int4BinaryLoader,
        "int8": numeric.Int8BinaryLoader,
        "jsonb": _Jsonb,
        "numeric": _Numeric,
        "oid": numeric.OidBinaryLoader,
        "timestamp": _Timestamp,
        "timestamptz": _Timestamp,
        "uuid": _Uuid,
    }
    loaders |= dict.fromkeys(_TEXTS, string.TextBinaryLoader)
    for name, loader in loaders.items():
        adapters.register_loader(_oid(name), loader)
    return adapters


def _oid(name: str) -> int:
    return 142 if name == "xml" else psycopg.adapters.types[name].oid


ADAPTERS = _adapters()


def loosen(connection: psycopg.Connection[Any]) -> None:
    """Make a connection to a database that checks no encoding (SQL_ASCII) read every text."""
    for name in _TEXTS:
        connection.adapters.register_loader(_oid(name), _LooseText)
    connection.adapters.register_dumper(str, _LooseTextIn)
