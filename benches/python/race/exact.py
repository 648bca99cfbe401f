"""The 22 columns from their definitions in 60-digit arithmetic, and how far from them a peer is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from decimal import Decimal, localcontext
from typing import NamedTuple

import numpy as np

from peers.contract import NAMES, Columns, Matrix

DIGITS = 60
Number = Decimal | None
Column = Sequence[Number]

PRICE_DIFFERENCES = frozenset({"macd", "macd_signal", "macd_hist", "momentum_5", "acceleration_5"})


def columns(bars: Columns) -> list[Column]:
    """The columns in order, None where undefined."""
    with localcontext() as context:
        context.prec = DIGITS
        return _columns(bars)


def _columns(bars: Columns) -> list[Column]:
    high, low, close, volume = ([Decimal(value) for value in column.tolist()] for column in bars[2:])
    returns = _lagged(close, 1, lambda now, then: now / then - 1)
    momentum = _lagged(close, 5, lambda now, then: now - then)
    fast, slow = _ema(close, 12), _ema(close, 26)
    macd = [a - b for a, b in zip(fast, slow, strict=True)]
    signal = _ema(macd, 9)
    mean_volume = _windows(volume, 20, _mean)
    days = [datetime.fromtimestamp(second, timezone.utc) for second in bars.time.tolist()]
    return [
        *(returns, *(_lagged(close, lag, lambda now, then: now / then - 1) for lag in (5, 10))),
        *(_windows(close, width, _mean) for width in (10, 20)),
        *(_ema(close, span) for span in (10, 20)),
        *([None, *_windows([r for r in returns if r is not None], width, _deviation)] for width in (10, 20)),
        *(_windows(close, 15, _rsi), macd, signal, [a - b for a, b in zip(macd, signal, strict=True)]),
        *([a / b for a, b in zip(x, y, strict=True)] for x, y in ((high, low), (close, high), (close, low))),
        *(mean_volume, [v / m if m else None for v, m in zip(volume, mean_volume, strict=True)]),
        *([Decimal(day.hour) for day in days], [Decimal(day.weekday()) for day in days]),
        *(momentum, [*momentum[:5], *_lagged([m for m in momentum if m is not None], 5, lambda now, then: now - then)]),
    ]


def _lagged(values: Sequence[Decimal], lag: int, of: Callable[[Decimal, Decimal], Decimal]) -> Column:
    return [None] * lag + [of(now, then) for now, then in zip(values[lag:], values, strict=False)]


def _windows(values: Sequence[Decimal], width: int, of: Callable[[Sequence[Decimal]], Decimal]) -> Column:
    full = [of(values[end - width : end]) for end in range(width, len(values) + 1)]
    return [None] * (width - 1) + full


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal()) / len(values)


def _deviation(values: Sequence[Decimal]) -> Decimal:
    mean = _mean(values)
    return (sum(((value - mean) ** 2 for value in values), Decimal()) / (len(values) - 1)).sqrt()


def _rsi(closes: Sequence[Decimal]) -> Decimal:
    changes = [now - then for now, then in zip(closes[1:], closes, strict=False)]
    both = sum((abs(change) for change in changes), Decimal())
    return 100 * sum((change for change in changes if change > 0), Decimal()) / both if both else Decimal(50)


def _ema(values: Sequence[Decimal], span: int) -> list[Decimal]:
    keep, out = Decimal(span - 1) / (span + 1), [values[0]]
    for value in values[1:]:
        out.append(value + keep * (out[-1] - value))
    return out


class Verdict(NamedTuple):
    """The worst of one peer on one series."""

    share: float
    """Worst error in units of what the contract allows: 1 is the limit."""
    column: str
    relative: float
    """Worst error relative to the value, of differences of prices to the close."""
    misplaced: str
    """A value where none is defined, or none where one is; empty when there is no such place."""


def judge(matrix: Matrix, exact: list[Column], close: Matrix, first: int = 0) -> Verdict:
    """Compare from bar ``first`` on."""
    worst, relative, misplaced = (0.0, "none"), 0.0, ""
    for index, name in enumerate(NAMES):
        for bar in range(first, len(close)):
            value, truth = float(matrix[bar, index]), exact[index][bar]
            if truth is None or not np.isfinite(value):
                if truth is not None or not np.isnan(value):
                    misplaced = misplaced or f"{name}[{bar}] is {value}"
                continue
            error = abs(float(Decimal(value) - truth))
            size = abs(float(truth))
            share, part = _allowance(name, error, size, float(close[bar]))
            worst, relative = max(worst, (share, name)), max(relative, part)
    return Verdict(worst[0], worst[1], relative, misplaced)


def _allowance(name: str, error: float, size: float, close: float) -> tuple[float, float]:
    """Error in units of what is allowed, and relative."""
    if error == 0.0:
        return 0.0, 0.0
    if name in PRICE_DIFFERENCES:
        # Half a last bit on top: after a fall by orders of magnitude an average stands far above the close.
        return error / (1e-14 * close + 0.5 * float(np.spacing(size))), error / close
    return (error / (1e-12 * size), error / size) if size else (float("inf"), float("inf"))
