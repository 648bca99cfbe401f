"""CPU time of several calls, interleaved: in every round each of them takes its turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

SAMPLE_NS = 4_000_000
"""A sample lasts at least this long, by repeating the call: the clock ticks in microseconds on some kernels."""


class Times(NamedTuple):
    """CPU nanoseconds of one call, one number a round."""

    name: str
    rounds: list[float]

    @property
    def median(self) -> float:
        """The median round."""
        return statistics.median(self.rounds)

    def ratio(self, base: Times) -> float:
        """How many times longer than ``base``: the median of the ratios within a round."""
        return statistics.median(mine / other for mine, other in zip(self.rounds, base.rounds, strict=True))


def interleaved(
    calls: Sequence[tuple[str, Callable[[], Any]]],
    budget_s: float,
    rounds: tuple[int, int] = (5, 41),
    clock: Callable[[], int] = time.process_time_ns,
) -> list[Times]:
    """Time the calls in turn until the budget is spent, between ``rounds`` many times.

    The CPU time of the whole process counts, so work that a library hands to other threads is not free.
    """
    repeats = [_repeats(call, clock) for _, call in calls]
    taken = [Times(name, []) for name, _ in calls]
    started = clock()
    while len(taken[0].rounds) < rounds[1]:
        if len(taken[0].rounds) >= rounds[0] and clock() - started > budget_s * 1e9:
            break
        for (_, call), count, times in zip(calls, repeats, taken, strict=True):
            times.rounds.append(_sample(call, count, clock) / count)
    return taken


def _sample(call: Callable[[], Any], count: int, clock: Callable[[], int]) -> int:
    turns = range(count)
    started = clock()
    for _ in turns:
        call()
    return clock() - started


def _repeats(call: Callable[[], Any], clock: Callable[[], int]) -> int:
    """Calls that make a sample long enough; the first call, which compiles and touches pages, does not count."""
    call()
    count = 1
    while (lasted := _sample(call, count, clock)) < SAMPLE_NS:
        count = max(count * 2, int(count * SAMPLE_NS / max(lasted, 1)) if lasted > SAMPLE_NS // 50 else 0)
    return count
