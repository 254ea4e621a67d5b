"""Times for people: coarse ages that change seldom, and moments in the operator's own zone."""

from datetime import datetime, timedelta


def coarse(span: timedelta) -> str:
    """`<1m`, `8m`, `1h`, `3d`: how long something took or will take, in its largest unit."""
    minutes = int(max(span, timedelta()).total_seconds() // 60)
    if minutes < 1:
        return "<1m"
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // 1440}d"


def clock(moment: datetime, now: datetime) -> str:
    """`14:04` for today, `19 Nov 14:04` for this year, with the year otherwise; in this machine's zone."""
    here, today = moment.astimezone(), now.astimezone()
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{here.day} {here:%b %H:%M}" if here.year == today.year else f"{here.day} {here:%b %Y %H:%M}"
