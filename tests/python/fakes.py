"""Parts of a daemon that do what a test tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mt5_sentinel.commands.assembly import Parts
from mt5_sentinel.ports import Market, Scorer
from mt5_sentinel.scoring import Scoring
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import Page
from tests.python import bodies

NOW_S, HOUR_S = 1_700_049_658, bodies.HOUR_S  # Wednesday 2023-11-15 12:00:58 UTC
BUY, SELL, HOLD = [0.1, 0.2, 0.7], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1]


WIDE: dict[str, Any] = {
    **{"positions_max": 1000, "orders_per_minute_max": 1000, "orders_per_day_max": 100_000, "signal_age_max_s": 1e9},
    **{"exposure_symbol_max": 1e9, "exposure_group_max": 1e9, "exposure_total_max": 1e9, "weekend_flat_minutes": 0.0},
    **{"daily_loss_max": 1e9, "drawdown_max": 1e9, "losses_in_a_row_max": 1000},
}
"""Limits that nothing reaches, for tests of other things."""


class FakeMarket:
    """Hourly rows of the window, or what a test puts in ``answer``."""

    name = origin = "fake"
    tells_time = False
    units_per_call = 5

    def __init__(self) -> None:
        self.answer: bytes | Exception | None = None
        self.lag_s = 0
        self.windows: list[tuple[int, int]] = []

    def fetch(self, from_s: int, to_s: int, pay: Callable[[], None]) -> Page:
        pay()
        self.windows.append((from_s, to_s))
        if isinstance(self.answer, Exception):
            raise self.answer
        return Page(self.history(to_s, from_s) if self.answer is None else self.answer)

    def history(self, now_s: float, from_s: float | None = None) -> bytes:
        """What it answers at a moment; without ``from_s`` 600 rows."""
        rows = bodies.hourly(now_s - self.lag_s)
        return bodies.body([row for row in rows if from_s is None or row["timestamp"] >= from_s])


class FakeModel:
    """Always these scores, or this error."""

    def __init__(self) -> None:
        self.scores: list[float] | Exception = BUY
        self.rows, self.steps, self.layout = list[list[float]](), 1, "catalogue"

    def score_rows(self, rows: list[list[float]]) -> list[float]:
        self.rows += rows
        if isinstance(self.scores, Exception):
            raise self.scores
        return self.scores


def parts(settings: Settings, market: Market, model: Scorer, **more: Any) -> Parts:
    """A desk's parts with a model that scores locally."""
    return Parts(settings, market, Scoring("local", local=model), **more)
