"""Prices to trade on: one-minute bars of a seeded random walk that ends where it began, so that it can be repeated."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

INTERVAL_S = 60
MINUTES = 4 * 7 * 1440
"""Bars of a round; at a moment the bar ``minute % MINUTES`` plays, as in the gateway's recordings."""

POINT = 1e-5
MIDDLE, STEP, PULL, WICK = 112_000, 30.0, 0.0005, 12.0
"""Points: the price it keeps to, what a minute moves, the share of the way back, what high and low reach beyond."""

Bar = tuple[int, int, int, int, int]
"""Open, high, low and close in points, and the volume."""


def bars(seed: int) -> list[Bar]:
    """A round of bars, the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - prices, not secrets
    walked, level = [], 0.0
    for _ in range(MINUTES):
        level += dice.gauss(0.0, STEP) - PULL * level
        walked.append(level)
    closes = [MIDDLE + round(value - level * (i + 1) / MINUTES) for i, value in enumerate(walked)]
    made, before = [], closes[-1]
    for close in closes:
        high = max(before, close) + int(abs(dice.gauss(0.0, WICK)))
        low = min(before, close) - int(abs(dice.gauss(0.0, WICK)))
        made.append((before, high, low, close, dice.randrange(40, 400)))
        before = close
    return made


def turned(round_: Sequence[Bar], by: int) -> list[Bar]:
    """The round, begun so many bars later; it closes on itself wherever it begins."""
    return [*round_[by:], *round_[:by]]


def recording(round_: Sequence[Bar], from_s: int) -> Iterator[str]:
    """The lines of a file that the gateway plays; ``from_s`` is any moment, UTC seconds."""
    start_s = from_s - from_s % (MINUTES * INTERVAL_S)
    yield "time,open,high,low,close,volume\n"
    for i, (opened, high, low, close, volume) in enumerate(round_):
        prices = ",".join(f"{points * POINT:.5f}" for points in (opened, high, low, close))
        yield f"{start_s + i * INTERVAL_S},{prices},{volume}\n"
