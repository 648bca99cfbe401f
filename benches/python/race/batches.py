"""CPU time of scoring many rows in one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from race.clock import Times, interleaved
from scorer_peers.contract import Rows, Run

DIFFERENT, PIECES = 1_024, 64
"""Small batches are taken in turn, so many rows and so many batches at most: no processor remembers their branches."""
TRIED, CUT, LONG_S = 256, 10_000, 2.0
"""Who would need longer than this for one call scores ``CUT`` rows instead; its time is told a row."""

Prepare = Callable[[Rows], Run]


class Batched(NamedTuple):
    """CPU nanoseconds a row, and how many rows a call scored."""

    times: Times
    rows: int


def measure(contestants: Sequence[tuple[str, Prepare]], rows: Rows, count: int, budget_s: float) -> list[Batched]:
    """All contestants on batches of ``count`` of the rows."""
    calls, sizes, scored = [], [], []
    for name, prepare in contestants:
        size = min(count, CUT) if _lasts_s(prepare, rows[:TRIED]) / TRIED * count > LONG_S else count
        pieces = max(1, min(PIECES, DIFFERENT // size))
        runs = [prepare(rows[start : start + size]) for start in range(0, pieces * size, size)]
        calls.append((name, _all(runs)))
        sizes.append(size)
        scored.append(size * len(runs))
    timed = interleaved(calls, budget_s, (3, 41))
    return [
        Batched(Times(t.name, [one / all_rows for one in t.rounds]), size)
        for t, size, all_rows in zip(timed, sizes, scored, strict=True)
    ]


def _all(runs: Sequence[Run]) -> Callable[[], Any]:
    def one_after_the_other() -> None:
        for run in runs:
            run.call()

    return one_after_the_other


def _lasts_s(prepare: Prepare, rows: Rows) -> float:
    run = prepare(rows)
    run.call()
    started = time.perf_counter()
    run.call()
    return (time.perf_counter() - started) * TRIED / len(rows)
