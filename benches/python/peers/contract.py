"""What a peer is to the race: a name, a version, a run over bars and perhaps a step for one more bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

NAMES = (
    *("return_1", "return_5", "return_10", "sma_10", "sma_20", "ema_10", "ema_20", "volatility_10", "volatility_20"),
    *("rsi_14", "macd", "macd_signal", "macd_hist", "high_low_ratio", "close_high_ratio", "close_low_ratio"),
    *("volume_sma_20", "volume_ratio_20", "hour", "day_of_week", "momentum_5", "acceleration_5"),
)
WIDTH = len(NAMES)
FIRST_FINITE = (1, 5, 10, 9, 19, 0, 0, 10, 20, 14, 0, 0, 0, 0, 0, 0, 19, 19, 0, 0, 5, 10)
"""0-based bar from which a column is finite."""

Bar = tuple[int, float, float, float, float, float]
"""Open time (unix seconds, UTC), open, high, low, close, volume."""


class Columns(NamedTuple):
    """Bars of one symbol, oldest first; arrays of shape (n,), time int64 seconds, the rest float64."""

    time: NDArray[np.int64]
    open: Matrix
    high: Matrix
    low: Matrix
    close: Matrix
    volume: Matrix

    def part(self, start: int, stop: int | None) -> Columns:
        """A copy of the bars from ``start`` to before ``stop``."""
        cut: list[Any] = [column[start:stop].copy() for column in self]
        return Columns(*cut)

    def rows(self) -> list[Bar]:
        """The bars as tuples of Python numbers."""
        return list(zip(*(column.tolist() for column in self), strict=True))


class Window:
    """The last bars, shifted by one for each new one."""

    def __init__(self, bars: Columns) -> None:
        """A window as long as ``bars``."""
        self.columns = bars.part(0, None)

    def push(self, *bar: float) -> Columns:
        """Forget the oldest bar, take the next."""
        for column, value in zip(self.columns, bar, strict=True):
            column[:-1] = column[1:]
            column[-1] = value
        return self.columns


class Memory:
    """One output that all peers write in turn, its pages touched: (n, 22) row by row or column by column."""

    def __init__(self, bars: int) -> None:
        """Room for the features of so many bars."""
        flat = np.zeros(bars * WIDTH)
        flat.fill(1.0)
        self.rows: Matrix = flat.reshape(bars, WIDTH)
        self.columns: Matrix = flat.reshape(WIDTH, bars).T


class Run(NamedTuple):
    """One peer prepared for one series: ``call`` is timed, ``matrix`` copies what it returned into (n, 22)."""

    call: Callable[[], Any]
    matrix: Callable[[Any], Matrix]


Step = Callable[[int, float, float, float, float, float], Any]
"""Takes one more bar and computes its 22 values."""


class Following(NamedTuple):
    """A step that has seen a history; ``row`` is where it writes, None where it returns its values."""

    take: Step
    row: Matrix | None = None


class Peer(NamedTuple):
    """A way to compute the 22 columns.

    ``prepare`` puts the bars into the library's own containers, untimed. Each of ``followers`` names a way to compute
    the row of one more bar and, given a history, returns it.
    """

    name: str
    version: str
    prepare: Callable[[Columns, Memory], Run]
    followers: Sequence[tuple[str, Callable[[Columns], Following]]] = ()


def stacked(columns: Any) -> Matrix:
    """For peers that return 22 columns."""
    return np.column_stack(columns).astype(np.float64)
