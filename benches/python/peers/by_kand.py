"""kand as far as its functions go, numpy for the rest.

As with TA-Lib, a front of copies of the first close makes its averages begin with that close.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import kand
import numpy as np

from peers.contract import Columns, Memory, Peer, Run, stacked

FRONT = 33
"""Bars before MACD's first value."""


def features(bars: Columns) -> list[Any]:
    """The 22 columns as kand allocates them."""
    _, _, high, low, close, volume = bars
    longer = np.concatenate((np.full(FRONT, close[0]), close))
    change, momentum = np.diff(close), kand.mom(close, 5)
    returns = kand.rocp(close, 1)
    gain, both = kand.sum(np.maximum(change, 0.0), 14), kand.sum(np.abs(change), 14)
    macd, signal, hist, _, _ = kand.macd(longer, 12, 26, 9)
    mean_volume = kand.sma(volume, 20)
    rsi, volatility_10, volatility_20 = (np.full(close.size, np.nan) for _ in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        rsi[1:] = np.where(both == 0.0, 50.0, 100.0 * gain / both)
        ratio = np.divide(volume, mean_volume)
    volatility_10[1:] = kand.stddev(returns[1:], 10)[0] * np.sqrt(10 / 9)
    volatility_20[1:] = kand.stddev(returns[1:], 20)[0] * np.sqrt(20 / 19)
    acceleration = np.full(close.size, np.nan)
    np.subtract(momentum[5:], momentum[:-5], out=acceleration[5:])
    return [
        *(returns, kand.rocp(close, 5), kand.rocp(close, 10), kand.sma(close, 10), kand.sma(close, 20)),
        *(kand.ema(longer, 10)[FRONT:], kand.ema(longer, 20)[FRONT:], volatility_10, volatility_20, rsi),
        *(macd[FRONT:], signal[FRONT:], hist[FRONT:], high / low, close / high, close / low, mean_volume, ratio),
        *(bars.time % 86_400 // 3_600, (bars.time // 86_400 + 3) % 7, momentum, acceleration),
    ]


def _prepare(bars: Columns, _: Memory) -> Run:
    return Run(lambda: features(bars), stacked)


PEERS = [Peer("kand", version("kand"), _prepare)]
