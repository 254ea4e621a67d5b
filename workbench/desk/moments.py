"""Times for people: coarse ages that change seldom, and moments in the operator's own zone, or all of them in UTC."""

from datetime import UTC, datetime, timedelta, tzinfo

_zone: tzinfo | None = None  # one for the whole run; None is this machine's


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def show_in_utc() -> None:
    """Show every moment in UTC from now on."""
    global _zone
    _zone = UTC


def here(moment: datetime) -> datetime:
    """A moment in the zone in which moments are shown."""
    return moment.astimezone(_zone)


def coarse(span: timedelta) -> str:
    """`<1m`, `8m`, `1h`, `3d`, `56y`: how long something took or will take, in its largest unit."""
    minutes = int(max(span, timedelta()).total_seconds() // 60)
    if minutes < 1:
        return "<1m"
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 48 * 60:
        return f"{minutes // 60}h"
    days = minutes // 1440
    return f"{days}d" if days < 1000 else f"{days // 365}y"


def clock(moment: datetime, now: datetime) -> str:
    """`14:04` for today, `19 Nov 14:04` for this year, with the year otherwise."""
    at, today = here(moment), here(now)
    if at.date() == today.date():
        return f"{at:%H:%M}"
    return f"{at.day} {at:%b %H:%M}" if at.year == today.year else f"{at.day} {at:%b %Y %H:%M}"
