"""Tulip Indicators as far as its functions go, numpy for the rest; its averages begin as the contract's do."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import tulipy as ti

from peers.contract import FIRST_FINITE, Columns, Matrix, Memory, Peer, Run


def features(bars: Columns, out: Matrix) -> Matrix:
    """Write the 22 columns into ``out`` (n, 22), whose columns are contiguous; the warm-up rows hold NaN already."""
    _, _, high, low, close, volume = bars
    change = ti.mom(close, 1)
    returns, momentum = ti.roc(close, 1), ti.mom(close, 5)
    gain, both = ti.sum(np.maximum(change, 0.0), 14), ti.sum(ti.abs(change), 14)
    macd = ti.ema(close, 12) - ti.ema(close, 26)
    signal, mean_volume = ti.ema(macd, 9), ti.sma(volume, 20)
    with np.errstate(divide="ignore", invalid="ignore"):
        rsi = np.where(both > 0.0, 100.0 * gain / both, 50.0)
        ratio = np.where(mean_volume > 0.0, volume[19:] / mean_volume, np.nan)
    columns = (
        *(returns, ti.roc(close, 5), ti.roc(close, 10), ti.sma(close, 10), ti.sma(close, 20)),
        *(ti.ema(close, 10), ti.ema(close, 20)),
        *(ti.stddev(returns, 10) * np.sqrt(10 / 9), ti.stddev(returns, 20) * np.sqrt(20 / 19)),
        *(rsi, macd, signal, macd - signal, high / low, close / high, close / low, mean_volume, ratio),
        *(bars.time % 86_400 // 3_600, (bars.time // 86_400 + 3) % 7, momentum, momentum[5:] - momentum[:-5]),
    )
    for index, column in enumerate(columns):
        out[FIRST_FINITE[index] :, index] = column
    return out


def _prepare(bars: Columns, memory: Memory) -> Run:
    def whole(result: Matrix) -> Matrix:
        full = np.array(result)
        for index, first in enumerate(FIRST_FINITE):
            full[:first, index] = np.nan
        return full

    return Run(lambda: features(bars, memory.columns), whole)


PEERS = [Peer("tulipy", version("tulipy"), _prepare)]
