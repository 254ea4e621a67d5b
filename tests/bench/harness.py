"""Interleaved measuring: every case once a round in rotating order; medians, and ratios within the round."""

import statistics
from collections.abc import Callable
from time import perf_counter

Case = Callable[[], int]  # does the work and returns how many operations that was


def measure(title: str, cases: dict[str, Case], baseline: str, rounds: int = 15) -> dict[str, float]:
    """Print a table of microseconds per operation and ratios to the baseline; the ratios are returned."""
    names = list(cases)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        cases[name]()  # warm: statements cached, pages in memory
    for turn in range(rounds):
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            begin = perf_counter()
            operations = cases[name]()
            taken[name].append((perf_counter() - begin) / operations * 1e6)
    ratios = {}
    for name in names:
        ratios[name] = statistics.median(a / b for a, b in zip(taken[name], taken[baseline], strict=True))
        print(f"  {title:34} {name:22} {statistics.median(taken[name]):10.2f} µs/op   × {ratios[name]:5.2f}")
    return ratios
