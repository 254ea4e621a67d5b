"""The clock of an agents database: in which local time its program writes.

That program compares its local-time columns as texts, so what we write into them must stand on its clock: the
offset and the abbreviation of its newest local row. In a database of our own every time is UTC.
"""

import logging
import re
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from workbench.data.agents import tables
from workbench.data.engine import codecs, times
from workbench.data.engine.statement import Row, Statement
from workbench.data.errors import Invalid

if TYPE_CHECKING:
    from workbench.data.source import Source

_LOG = logging.getLogger(__name__)
_FRESH = 5.0  # seconds for which the newest local row is not looked up again
_SETTLED = 3600.0  # seconds for which the same clock is not doubted again: that asks every zone of the world
_ITS_OWN = re.compile(r"\.\d{7,9} | m=")  # what only Go's clock writes: parts of a microsecond, or its `m=`

# Its newest local rows: each is found by an index, or in a table that is small by nature.
_NEWEST = tuple(
    Statement(sql, row=Row.plain(str, at=codecs.text), table=table)
    for sql, table in (
        ("SELECT created_at AS at FROM session_events ORDER BY id DESC LIMIT 20", tables.SESSION_EVENTS),
        ("SELECT updated_at AS at FROM sessions ORDER BY updated_at DESC LIMIT 20", tables.SESSIONS),
        ("SELECT updated_at AS at FROM cron_tasks ORDER BY updated_at DESC LIMIT 20", tables.CRON_TASKS),
    )
)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def moment_of(at: datetime | None) -> datetime:
    """The moment that an answer is for, in UTC: this one, unless the caller names another."""
    if at is None:
        return now()
    if not isinstance(at, datetime):
        raise Invalid(f"{at!r} is no moment: pass an aware datetime")
    return times.in_utc(at)


class Clock:
    """Turns instants into what a local-time column of one source is given."""

    def __init__(self, source: "Source") -> None:
        self._source = source
        self._plain = source.ours or source.engine != "sqlite"
        self._like = ""
        self._looked = -_FRESH
        self._warned = False
        self._asked = (("", ""), -_SETTLED)  # which clock was doubted last, and when

    def local(self, moment: datetime | None = None) -> datetime | str:
        """What to bind for a local-time column: `moment`, or this one."""
        moment = moment or now()
        if self._plain:
            return moment if self._source.engine != "sqlite" else times.go_utc(moment)
        like = self.like()
        return times.go_local(moment, like) if like else times.go_utc(moment)

    def like(self) -> str:
        """The newest local time that the other program wrote; "" if there is none (then UTC is as good as any)."""
        if monotonic() - self._looked >= _FRESH:
            self._like = self._newest()
            self._looked = monotonic()
            self._warn()
        return self._like

    def _newest(self) -> str:
        """The newest local row that the program itself wrote, if one is seen to be; else the newest of anybody.

        Our own rows are copies of its clock: taken for its rows, they would keep a clock that it has changed since.
        """
        database = self._source.database
        found: list[tuple[datetime, str]] = []
        for statement in _NEWEST:
            if statement.table is not None and statement.table.name in database.relations():
                found += [(times.parse_instant(text), text) for text in database.all(statement) if _usable(text)]
        its_own = [row for row in found if _ITS_OWN.search(row[1])]
        return max(its_own or found, default=(now(), ""))[1]

    def _warn(self) -> None:
        """Say once that this clock may have been changed; look again only now and then, or when it is another."""
        clock = times.go_clock(self._like)[1:] if self._like else ("", "")
        if self._warned or (clock == self._asked[0] and monotonic() - self._asked[1] < _SETTLED):
            return
        self._asked = clock, monotonic()
        if doubt := self.doubt():
            self._warned = True
            _LOG.warning("%s: %s", self._source.display, doubt)

    def doubt(self) -> str | None:
        """Why the newest local row may stand on a clock that has been changed since (summer time); else None."""
        like = self._like
        if not like or like.endswith(" UTC"):
            return None
        written = times.parse_instant(like)
        offset, _, word = times.go_clock(like)
        if not _moved_since(written, offset, word, now()):
            return None
        return (
            f"its newest local time is of {written:%Y-%m-%d %H:%M} UTC, before that clock ({word}) was last changed: "
            "what is written now may be off by that change until its program writes again"
        )


def _usable(text: str) -> bool:
    try:
        times.parse_instant(text)
        times.go_clock(text)
    except (times.Unreadable, Invalid):
        return False
    return times.genie_cannot_read(text) is None


def _moved_since(written: datetime, offset: timedelta, word: str, moment: datetime) -> bool:
    """Whether a zone that showed this offset and word when the row was written shows another offset now."""
    import zoneinfo

    for key in sorted(zoneinfo.available_timezones()):
        try:
            zone = zoneinfo.ZoneInfo(key)
        except (OSError, ValueError):
            continue
        then = written.astimezone(zone)
        if then.utcoffset() == offset and then.tzname() == word and moment.astimezone(zone).utcoffset() != offset:
            return True
    return False
