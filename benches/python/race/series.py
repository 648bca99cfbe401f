"""The bars that are raced over; nothing is read from outside the repository."""

from __future__ import annotations

import csv
import gzip

import numpy as np

from mt5_sentinel.bundled import BARS
from peers.contract import Columns

START_S, HOUR_S = 1_420_070_400, 3_600
SEED = 20_150_101
NAMES = ("timestamp", "open", "high", "low", "close", "volume")


def walk(count: int) -> Columns:
    """An hourly walk that is reflected at 0.9 and 1.5, the same in every run."""
    rng = np.random.default_rng(SEED)
    free = 0.3 + np.cumsum(rng.normal(0.0, 0.001, count))
    close = np.round(0.9 + np.abs(np.mod(free + 0.6, 1.2) - 0.6), 5)
    opened = np.concatenate((close[:1], close[:-1]))
    high = np.round(np.maximum(opened, close) + rng.exponential(0.0005, count), 5)
    low = np.round(np.minimum(opened, close) - rng.exponential(0.0005, count), 5)
    volume = np.floor(rng.exponential(2_500.0, count))
    return Columns(START_S + HOUR_S * np.arange(count, dtype=np.int64), opened, high, low, close, volume)


def recorded(count: int) -> Columns:
    """The first of the bundled EURUSD hours."""
    with gzip.open(BARS, "rt", newline="") as text:
        table = list(csv.DictReader(text))[:count]
    time, *prices = (np.array([float(row[name]) for row in table]) for name in NAMES)
    return Columns(time.astype(np.int64), *prices)


def shifted(bars: Columns, by: float = 1e6) -> Columns:
    """Every price higher by ``by``."""
    return bars._replace(**{name: getattr(bars, name) + by for name in ("open", "high", "low", "close")})


def with_outlier(bars: Columns, at: int, length: int, factor: float = 1e6) -> Columns:
    """The prices of ``length`` bars from ``at`` on multiplied by ``factor``."""
    changed = bars._replace(**{name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")})
    for column in (changed.open, changed.high, changed.low, changed.close):
        column[at : at + length] *= factor
    return changed
