"""CPU time of scoring row after row, each in a call of its own, with warm and with cold caches."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from race.clock import Times, interleaved
from scorer_peers.contract import Steps

EMPTY_LOOP, EMPTY_CALL = "a loop over the rows, empty", "a loop that calls an empty function"
COLD_CALL = "a call of an empty function"
SLOW_NS = 100_000
FEW = 64
"""Rows in a sample of a slow contestant; the next sample takes the next rows."""
WALKED_BYTES = 1 << 27
"""Several times the last cache of an ordinary processor."""
COLD_ROUNDS = (21, 401)

Contestant = tuple[str, Steps]


def measure(contestants: Sequence[Contestant], budget_s: float) -> list[Times]:
    """CPU nanoseconds a row, the loop included; the first two lines are loops that score nothing."""
    size = len(contestants[0][1].rows)
    nothing = Steps(_nothing, list(range(size)))
    calls: list[tuple[str, Callable[[], Any]]] = [(EMPTY_LOOP, _empty(nothing, size))]
    counts = [size, size]
    calls.append((EMPTY_CALL, _loop(nothing, size)))
    for name, steps in contestants:
        counts.append(min(FEW, size) if _lasts_ns(steps) > SLOW_NS else size)
        calls.append((name, _loop(steps, counts[-1])))
    timed = interleaved(calls, budget_s)
    return [Times(t.name, [one / n for one in t.rounds]) for t, n in zip(timed, counts, strict=True)]


def _loop(steps: Steps, count: int) -> Callable[[], None]:
    """A call that scores the next ``count`` rows of an endless round."""
    take, endless = steps.take, itertools.cycle(steps.rows)

    def fed() -> None:
        for row in itertools.islice(endless, count):
            take(row)

    return fed


def _empty(steps: Steps, count: int) -> Callable[[], None]:
    endless = itertools.cycle(steps.rows)

    def empty() -> None:
        for _ in itertools.islice(endless, count):
            pass

    return empty


def _nothing(row: Any) -> None:
    pass


def _lasts_ns(steps: Steps) -> int:
    steps.take(steps.rows[0])
    started = time.perf_counter_ns()
    steps.take(steps.rows[1])
    return time.perf_counter_ns() - started


def cold(contestants: Sequence[Contestant], budget_s: float, walked_bytes: int = WALKED_BYTES) -> list[Times]:
    """Wall nanoseconds of one call after walking over memory until nothing of the model is left in the caches.

    That is the daemon's case, one row a minute. The interpreter and the clock are as cold as the model: the first line
    is a call of an empty function.
    """
    every = [(COLD_CALL, Steps(_nothing, [0])), *contestants]
    taken = [Times(name, []) for name, _ in every]
    rows = [itertools.cycle(steps.rows) for _, steps in every]
    memory = np.zeros(walked_bytes // 8)
    started = time.perf_counter()
    while len(taken[0].rounds) < COLD_ROUNDS[1]:
        if len(taken[0].rounds) >= COLD_ROUNDS[0] and time.perf_counter() - started > budget_s:
            break
        for (_, steps), times, endless in zip(every, taken, rows, strict=True):
            row = next(endless)
            memory += 1.0
            began = time.perf_counter_ns()
            steps.take(row)
            times.rounds.append(max(time.perf_counter_ns() - began, 1))
    return taken
