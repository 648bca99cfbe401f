"""Many seeds, on two processes."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.python.storm.life import Lived, live

PROCESSES = 2


def seeds_of(text: str) -> list[int]:
    """``17``, ``1-200`` or ``3,5,8-10``."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def live_all(seeds: Sequence[int], minutes: int) -> Iterator[Lived]:
    """Live through all of them, in their order; a single one in this process."""
    if len(seeds) == 1:
        yield live(seeds[0], minutes)
        return
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(partial(live, minutes=minutes), seeds)


def table(lived: Sequence[Lived]) -> str:
    """What happened in all of them, by kind."""
    seen: Counter[str] = sum((one.seen for one in lived), Counter())
    executed, cycles = sum(one.executed for one in lived), sum(one.cycles for one in lived)
    lines = [f"{len(lived)} seeds, {cycles} cycles, {executed} orders executed"]
    return "\n".join(lines + [f"{count:>9}  {kind}" for kind, count in sorted(seen.items())])
