"""Amounts for people: sizes, and how long ago something was."""

from __future__ import annotations

from datetime import UTC, datetime


def size_text(size: int | None) -> str:
    """A size for people: `12 B`, `3.4 MB`."""
    if size is None:
        return "—"
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def age_text(moment: datetime | None) -> str:
    """How long ago, coarsely: `<1m`, minutes, hours, days."""
    if moment is None:
        return "—"
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit} ago"
    return "<1m ago" if seconds > -60 else "in the future"
