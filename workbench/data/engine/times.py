"""Times as the five programs write them: reading every form, writing the form that each of them accepts.

Instants are aware datetimes cut to microseconds; the stored text stays with the record, because guards and
keys compare texts.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from workbench.data.errors import Invalid


class Unreadable(ValueError):
    """A stored value that is not what its column means; the message says why."""


# Go's Time.String(): 2026-11-20 01:41:31.184662492 -0500 EST m=+600.043736097
_GO_STRING = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:[.,](\d{1,9}))? ([+-])(\d\d)(\d\d) (\S+)(?: m=[+-]\d+\.\d{9})?",
    re.ASCII,
)
# The read-forms of the other program's driver, and near misses that we can read and it cannot.
_PLAIN = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?: ?(Z|UTC|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_RFC3339_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
# The zone words that Go's parser takes after a numeric offset.
_GO_ZONE = re.compile(r"UTC|[A-Z]{3}|[A-Z]{3}T|WITA|[A-Z]{4}T|ChST|MeST|GMT[+-]\d{1,2}|[+-](?:[01]\d|2[0-3])|\+0000")
_GENIE_OFFSET = re.compile(r"[+-]\d\d:\d\d")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_UNIX_MS = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
_MIN_UNIX_MS = (datetime.min.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


def parse_instant(raw: object) -> datetime:
    """Read a stored time text in any form that can be read; raise `Unreadable` with the reason otherwise."""
    if raw.__class__ is str:
        text: str = raw
        # The form that approvals and clarifications always have, and that we write.
        if text[-10:] == " +0000 UTC" and text[10:11] == " " and text[13:14] == ":" and text[4:5] == "-":
            try:
                return datetime.fromisoformat(text[:-10] + "+00:00")
            except ValueError:
                pass  # falls through to the careful reading, which says what is wrong
        return _parse_text(text)
    if isinstance(raw, datetime):
        return raw.astimezone(UTC) if raw.tzinfo else raw.replace(tzinfo=UTC)
    if isinstance(raw, (bytes, bytearray)):
        try:
            return _parse_text(bytes(raw).decode("ascii"))
        except (UnicodeDecodeError, Unreadable):
            raise Unreadable("bytes where a time belongs") from None
    if raw is None:
        raise Unreadable("NULL where a time belongs")
    raise Unreadable(f"a number where a time text belongs{_as_unix(raw)}")


def _as_unix(raw: object) -> str:
    """What a bare number would mean as unix time, as a hint for people."""
    if not isinstance(raw, (int, float)):
        return ""
    unit, seconds = ("ms", raw / 1000) if abs(raw) > 1e11 else ("s", raw)
    try:
        moment = EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return ""
    return f" (as unix {unit}: {moment:%Y-%m-%d %H:%M:%S} UTC)"


def _parse_text(text: str) -> datetime:
    if match := _GO_STRING.fullmatch(text):
        clock, fraction, sign, hours, minutes, _zone = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return _instant(text, clock, fraction, -offset if sign == "-" else offset)
    if match := _PLAIN.fullmatch(text):
        day, minute, second, fraction, zone = match.groups()
        if zone not in (None, "Z") and not minute:
            raise Unreadable("a date with an offset but no time of day")
        offset = timedelta()
        if zone and zone not in ("Z", "UTC"):
            digits = zone[1:].replace(":", "").ljust(4, "0")
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            offset = -offset if zone[0] == "-" else offset
        return _instant(text, f"{day} {minute or '00:00'}:{second or '00'}", fraction, offset)
    if not text:
        raise Unreadable("an empty text where a time belongs")
    if re.match(r"-?infinity$|[+-]?\d{5,}-|\d{4}-.* BC$", text):
        raise Unreadable("a time outside the years 1 to 9999")
    raise Unreadable("not a time in any form that is known")


def _instant(text: str, clock: str, fraction: str | None, offset: timedelta) -> datetime:
    micros = (fraction or "0")[:6].ljust(6, "0")
    try:
        zone = UTC if not offset else timezone(offset)
        return datetime.fromisoformat(f"{clock}.{micros}").replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise Unreadable("a time outside the years 1 to 9999") from None
    except ValueError as error:
        raise Unreadable(f"no such moment: {error}") from None


def genie_cannot_read(raw: object) -> str | None:
    """Why the program that owns an agents database cannot read this stored time, although we can; else None.

    One such value makes that program's whole list query fail, so it is worth a note beside the value.
    """
    if isinstance(raw, (bytes, bytearray)):
        return "stored as bytes: that program cannot read it"
    if not isinstance(raw, str):
        return None
    if match := _GO_STRING.fullmatch(raw):
        return None if _GO_ZONE.fullmatch(match[6]) else f"that program cannot read the zone {match[6]}"
    if (match := _PLAIN.fullmatch(raw)) and (zone := match[5]):
        if zone == "UTC":
            return "that program cannot read UTC without a numeric offset"
        known = zone == "Z" or (match[3] is not None and _GENIE_OFFSET.fullmatch(zone))
        if not known or raw[-len(zone) - 1] == " ":
            return f"that program cannot read the offset {zone} in this form"
    return None


def in_utc(moment: datetime) -> datetime:
    """The same instant in UTC; a datetime without zone is refused, because nobody knows what it means."""
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise Invalid(f"{moment.isoformat()} has no time zone: pass an aware datetime")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{moment.isoformat()} is outside the years 1 to 9999 in UTC: pass another moment") from None


def go_utc(moment: datetime) -> str:
    """`2026-11-20 06:31:31.1805 +0000 UTC`: what approvals and clarifications hold, and what we write."""
    return f"{_digits(in_utc(moment))} +0000 UTC"


def go_local(moment: datetime, like: str) -> str:
    """The instant in the offset and abbreviation of `like`, a local time that the other program wrote.

    Its local-time columns are compared as text, so a near moment must be written on its own clock; the
    monotonic part (`m=`) belongs to its process alone and is never written.
    """
    offset, written, word = go_clock(like)
    return f"{_digits(in_utc(moment).astimezone(timezone(offset)))} {written} {word}"


def go_clock(like: str) -> tuple[timedelta, str, str]:
    """The clock on which that program wrote a local time: the offset, the same as written, and its abbreviation."""
    match = _GO_STRING.fullmatch(like)
    if match is None:
        raise Invalid(f"{like!r} is no local time of that program: its clock cannot be copied")
    sign, hours, minutes, word = match[3], match[4], match[5], match[6]
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return -offset if sign == "-" else offset, f"{sign}{hours}{minutes}", word


def _digits(moment: datetime) -> str:
    text = moment.isoformat(" ")[:-6]  # without the offset
    return text.rstrip("0") if moment.microsecond else text


def iso_utc(moment: datetime) -> str:
    """`2026-11-20 06:31:31.180500+00:00`: what a timestamptz column is given, exact to the microsecond."""
    return in_utc(moment).isoformat(sep=" ", timespec="microseconds")


def unix_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970, cut and not rounded."""
    return (in_utc(moment) - EPOCH) // timedelta(milliseconds=1)


def parse_unix_ms(raw: object) -> datetime:
    """Read whole unix milliseconds."""
    if raw.__class__ is not int:
        raise Unreadable(f"{_kind(raw)} where whole milliseconds belong")
    number: int = raw
    if not _MIN_UNIX_MS <= number <= _MAX_UNIX_MS:
        raise Unreadable("milliseconds outside the years 1 to 9999")
    return EPOCH + timedelta(milliseconds=number)


def rfc3339_seconds(moment: datetime) -> str:
    """`2026-11-20T06:31:31Z`: cut to the second, always UTC."""
    moment = in_utc(moment)
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}Z"


def parse_rfc3339_seconds(raw: object) -> datetime:
    """Read `2026-11-20T06:31:31Z`; any other form is refused: it is compared as text by its program."""
    if not isinstance(raw, str):
        raise Unreadable(f"{_kind(raw)} where a time text belongs")
    if not _RFC3339_SECONDS.fullmatch(raw):
        raise Unreadable("not of the form 2026-11-20T06:31:31Z, so its program compares it wrongly")
    try:
        return datetime.fromisoformat(raw)
    except ValueError as error:
        raise Unreadable(f"no such moment: {error}") from None


def _kind(raw: object) -> str:
    if raw is None:
        return "NULL"
    if isinstance(raw, (bytes, bytearray)):
        return "bytes"
    return "a number" if isinstance(raw, (int, float)) else "a text"
