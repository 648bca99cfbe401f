"""TA-Lib as far as its functions go, numpy for the rest.

Its averages begin with a plain mean; a front of copies of the first close makes them begin with that close, as the
contract says.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import talib
from talib import stream

from peers.contract import Columns, Following, Matrix, Memory, Peer, Run, stacked

FRONT = 33
"""Bars before MACD's first value."""
TO_SAMPLE_10, TO_SAMPLE_20 = math.sqrt(10 / 9), math.sqrt(20 / 19)


def _with_front(close: Matrix) -> Matrix:
    return np.concatenate((np.full(FRONT, close[0]), close))


def features(bars: Columns) -> list[Any]:
    """The 22 columns as TA-Lib allocates them."""
    _, _, high, low, close, volume = bars
    longer = _with_front(close)
    returns, momentum = talib.ROCP(close, 1), talib.MOM(close, 5)
    macd, signal, hist = talib.MACD(longer, 12, 26, 9)
    mean_volume = talib.SMA(volume, 20)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.divide(volume, mean_volume)
    acceleration = np.full(close.size, np.nan)
    np.subtract(momentum[5:], momentum[:-5], out=acceleration[5:])
    second = bars.time % 86_400
    return [
        *(returns, talib.ROCP(close, 5), talib.ROCP(close, 10), talib.SMA(close, 10), talib.SMA(close, 20)),
        *(talib.EMA(longer, 10)[FRONT:], talib.EMA(longer, 20)[FRONT:]),
        *(talib.STDDEV(returns, 10) * TO_SAMPLE_10, talib.STDDEV(returns, 20) * TO_SAMPLE_20),
        *(talib.CMOU(close, 14) * 0.5 + 50.0, macd[FRONT:], signal[FRONT:], hist[FRONT:]),
        *(high / low, close / high, close / low, mean_volume, ratio),
        *(second // 3_600, (bars.time // 86_400 + 3) % 7, momentum, acceleration),
    ]


def _prepare(bars: Columns, _: Memory) -> Run:
    return Run(lambda: features(bars), stacked)


class Stream:
    """TA-Lib's stream handles, one for each function; what they have not is computed in Python."""

    def __init__(self, history: Columns) -> None:
        """Handles that have seen the history."""
        close, longer = history.close, _with_front(history.close)
        self.closes = close[-11:].tolist()
        self.plain = [
            *(stream.ROCP(close, 5).update, stream.ROCP(close, 10).update),
            *(stream.SMA(close, 10).update, stream.SMA(close, 20).update),
            *(stream.EMA(longer, 10).update, stream.EMA(longer, 20).update),
        ]
        returns = close[1:] / close[:-1] - 1.0
        self.deviation_10, self.deviation_20 = stream.STDDEV(returns, 10).update, stream.STDDEV(returns, 20).update
        self.cmou, self.macd = stream.CMOU(close, 14).update, stream.MACD(longer, 12, 26, 9).update
        self.volume = stream.SMA(history.volume, 20).update

    def update(self, time: int, _open: float, high: float, low: float, close: float, volume: float) -> list[Any]:
        """The 22 values of the next bar."""
        closes = self.closes
        one = close / closes[-1] - 1.0
        closes.append(close)
        del closes[0]
        momentum, mean_volume = close - closes[-6], self.volume(volume)
        return [
            *(one, *[update(close) for update in self.plain]),
            *(self.deviation_10(one) * TO_SAMPLE_10, self.deviation_20(one) * TO_SAMPLE_20),
            *(self.cmou(close) * 0.5 + 50.0, *self.macd(close)),
            *(high / low, close / high, close / low, mean_volume),
            *(volume / mean_volume if mean_volume else math.nan, time % 86_400 // 3_600, (time // 86_400 + 3) % 7),
            *(momentum, momentum - (closes[-6] - closes[0])),
        ]


PEERS = [
    Peer(
        "TA-Lib",
        talib.__version__,
        _prepare,
        [("TA-Lib, stream handles", lambda history: Following(Stream(history).update))],
    )
]
