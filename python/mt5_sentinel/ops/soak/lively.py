"""Where in a round of prices the model finds something to trade: a run of ten minutes must not happen on a flat one."""

from __future__ import annotations

from collections.abc import Sequence

from mt5_sentinel import _core
from mt5_sentinel.ops.soak.walk import INTERVAL_S, POINT, Bar

AHEAD = range(2, 9)
"""Minutes from the beginning in which there is to be something: the start of all processes takes up to two."""

WANTED = 3
"""In how many of them; one may be lost to a bar that is revised."""

STRIDE, TRIES = 611, 60
"""Minutes between places that are tried, and how many are."""

HOLD = 1


def turn(round_: Sequence[Bar], model: _core.Model, from_s: float, threshold: float) -> int:
    """By how many bars to turn the round so that the model trades soon after ``from_s``, UTC seconds.

    0 where it never would: who asks for a threshold that nothing reaches gets a run without trades, and a verdict
    that says so.
    """
    first = int(from_s // INTERVAL_S)
    for tried in range(0, STRIDE * TRIES, STRIDE):
        if sum(_trades(round_, model, first + ahead, tried, threshold) for ahead in AHEAD) >= WANTED:
            return tried
    return 0


def _trades(round_: Sequence[Bar], model: _core.Model, minute: int, by: int, threshold: float) -> bool:
    """Whether the model would trade on the bars that have closed before this minute."""
    minutes = range(minute - _core.needed_bars(), minute)
    bars = [round_[(one + by) % len(round_)] for one in minutes]
    opened, high, low, close = ([bar[column] * POINT for bar in bars] for column in range(4))
    times = [one * INTERVAL_S for one in minutes]
    columns = _core.Bars.from_columns(times, opened, high, low, close, [float(bar[4]) for bar in bars])
    scores = model.score_row(_core.latest(columns))
    best = max(range(len(scores)), key=scores.__getitem__)
    return best != HOLD and scores[best] > threshold
