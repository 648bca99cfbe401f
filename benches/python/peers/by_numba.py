"""A hand-fused numba loop: one pass, running sums, five divisions and two roots a bar, no allocation."""

from __future__ import annotations

import math
from functools import partial

import numba
import numpy as np

from peers.contract import FIRST_FINITE, Columns, Following, Matrix, Peer, Run

VERSION = numba.__version__
compiled = numba.njit(nogil=True, error_model="numpy", fastmath={"contract"})

RING, MASK = 32, 31
CLOSE, RETURN, CHANGE, VOLUME, SCALARS = 0, RING, 2 * RING, 3 * RING, 4 * RING
STATE = SCALARS + 16
A9, A10, A12, A20, A26 = 2 / 10, 2 / 11, 2 / 13, 2 / 21, 2 / 27


@compiled
def step(s, row, time, _open, high, low, close, volume):  # type: ignore[no-untyped-def]
    """Take one bar into the state ``s`` (zeros before the first) and write its row."""
    z = s[SCALARS:]
    k = int(z[0])
    if k == 0:
        z[10] = z[11] = z[12] = z[13] = close
    change = close - s[CLOSE + ((k - 1) & MASK)] if k > 0 else 0.0
    one = change / s[CLOSE + ((k - 1) & MASK)] if k > 0 else 0.0
    ten, twenty = s[RETURN + ((k - 10) & MASK)], s[RETURN + ((k - 20) & MASK)]
    gone = s[CHANGE + ((k - 14) & MASK)]
    five, far = s[CLOSE + ((k - 5) & MASK)], s[CLOSE + ((k - 10) & MASK)]
    z[1] += close - far
    z[2] += close - s[CLOSE + ((k - 20) & MASK)]
    z[3] += volume - s[VOLUME + ((k - 20) & MASK)]
    z[4] += one - ten
    z[5] += one - twenty
    z[6] += one * one - ten * ten
    z[7] += one * one - twenty * twenty
    z[8] += max(change, 0.0) - max(gone, 0.0)
    z[9] += abs(change) - abs(gone)
    s[CLOSE + (k & MASK)], s[RETURN + (k & MASK)] = close, one
    s[CHANGE + (k & MASK)], s[VOLUME + (k & MASK)] = change, volume
    z[10] += A10 * (close - z[10])
    z[11] += A20 * (close - z[11])
    z[12] += A12 * (close - z[12])
    z[13] += A26 * (close - z[13])
    macd = z[12] - z[13]
    z[14] += A9 * (macd - z[14])
    row[0], row[1], row[2] = one, (close - five) / five, (close - far) / far
    row[3], row[4], row[5], row[6] = z[1] * 0.1, z[2] * 0.05, z[10], z[11]
    row[7] = math.sqrt(max(z[6] - z[4] * z[4] * 0.1, 0.0) * (1 / 9))
    row[8] = math.sqrt(max(z[7] - z[5] * z[5] * 0.05, 0.0) * (1 / 19))
    row[9] = 100.0 * z[8] / z[9] if z[9] > 0.0 else 50.0
    row[10], row[11], row[12] = macd, z[14], macd - z[14]
    row[13], row[14], row[15] = high / low, close / high, close / low
    row[16], row[17] = z[3] * 0.05, volume * 20.0 / z[3] if z[3] > 0.0 else np.nan
    day = time // 86_400
    row[18], row[19] = float((time - day * 86_400) // 3_600), float((day + 3) % 7)
    row[20], row[21] = close - five, (close - five) - (five - far)
    z[0] = k + 1


@compiled
def hide_warm_up(out):  # type: ignore[no-untyped-def]
    """NaN where a column's window is not full yet."""
    for column in range(22):
        for row in range(min(FIRST_FINITE[column], out.shape[0])):
            out[row, column] = np.nan


@compiled
def batch(time, high, low, close, volume, out, s, inverse):  # type: ignore[no-untyped-def]
    """Fill ``out`` (n, 22) of either order; ``s`` and ``inverse`` (16) are scratch."""
    n = close.size
    s[:] = 0.0
    warm = min(n, 22)
    for i in range(warm):
        step(s, out[i], time[i], 0.0, high[i], low[i], close[i], volume[i])
    if n == warm:
        hide_warm_up(out)
        return
    for i in range(12, 22):
        inverse[i & 15] = 1.0 / close[i]
    z = s[SCALARS:]
    s10, s20, sv, r10, r20, q10, q20, gain, both = z[1], z[2], z[3], z[4], z[5], z[6], z[7], z[8], z[9]
    e10, e20, e12, e26, signal = z[10], z[11], z[12], z[13], z[14]
    for i in range(22, n):
        x, y, over_low = close[i], volume[i], 1.0 / low[i]
        five, far = close[i - 5], close[i - 10]
        change, gone = x - close[i - 1], close[i - 14] - close[i - 15]
        one, ten, twenty = change * inverse[(i - 1) & 15], out[i - 10, 0], out[i - 20, 0]
        s10 += x - far
        s20 += x - close[i - 20]
        sv += y - volume[i - 20]
        r10 += one - ten
        r20 += one - twenty
        q10 += one * one - ten * ten
        q20 += one * one - twenty * twenty
        gain += max(change, 0.0) - max(gone, 0.0)
        both += abs(change) - abs(gone)
        e10 += A10 * (x - e10)
        e20 += A20 * (x - e20)
        e12 += A12 * (x - e12)
        e26 += A26 * (x - e26)
        macd = e12 - e26
        signal += A9 * (macd - signal)
        out[i, 0], out[i, 1] = one, (x - five) * inverse[(i - 5) & 15]
        out[i, 2], out[i, 3], out[i, 4] = (x - far) * inverse[(i - 10) & 15], s10 * 0.1, s20 * 0.05
        out[i, 5], out[i, 6] = e10, e20
        out[i, 7] = math.sqrt(max(q10 - r10 * r10 * 0.1, 0.0) * (1 / 9))
        out[i, 8] = math.sqrt(max(q20 - r20 * r20 * 0.05, 0.0) * (1 / 19))
        out[i, 9] = 100.0 * gain / both if both > 0.0 else 50.0
        out[i, 10], out[i, 11], out[i, 12] = macd, signal, macd - signal
        out[i, 13], out[i, 14], out[i, 15] = high[i] * over_low, x / high[i], x * over_low
        out[i, 16], out[i, 17] = sv * 0.05, y * 20.0 / sv if sv > 0.0 else np.nan
        seconds = np.uint64(time[i])
        day = seconds // np.uint64(86_400)
        hour = np.uint32(seconds - day * np.uint64(86_400)) // np.uint32(3_600)
        out[i, 18], out[i, 19] = float(hour), float(np.uint32(day + np.uint64(3)) % np.uint32(7))
        out[i, 20], out[i, 21] = x - five, (x - five) - (five - far)
        inverse[i & 15] = 1.0 / x
    hide_warm_up(out)


def _run(bars: Columns, out: Matrix) -> Run:
    state, inverse = np.zeros(STATE), np.zeros(16)

    def call() -> Matrix:
        batch(bars.time, bars.high, bars.low, bars.close, bars.volume, out, state, inverse)
        return out

    return Run(call, np.array)


def _follow(history: Columns) -> Following:
    row = np.zeros(22)
    take = partial(step, np.zeros(STATE), row)
    for bar in history.rows():
        take(*bar)
    return Following(take, row)


PEERS = [
    Peer(
        "numba, fused, rows", VERSION, lambda bars, memory: _run(bars, memory.rows), [("numba, step function", _follow)]
    ),
    Peer("numba, fused, columns", VERSION, lambda bars, memory: _run(bars, memory.columns)),
]
