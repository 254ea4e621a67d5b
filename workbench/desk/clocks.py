"""Whether a source's clock is ours: ages count by the source's, and a difference that matters is told."""

from workbench.data import Source
from workbench.data.errors import Unsupported
from workbench.data.health import TOLERATED_CLOCK


def ahead(source: Source) -> float:
    """Seconds by which the source's clock is ahead of ours, or 0 where that is no matter; a file has our clock."""
    try:
        clock = getattr(source.database, "clock", None)
    except Unsupported:  # directories have no clock
        return 0.0
    difference = 0.0 if clock is None else float(clock())
    return difference if abs(difference) > TOLERATED_CLOCK else 0.0


def told(name: str, difference: float) -> str:
    """One sentence for the operator."""
    side = "ahead of" if difference > 0 else "behind"
    return f"The clock of {name} is {abs(difference):,.0f} s {side} this machine's: ages count by it, set both clocks."
