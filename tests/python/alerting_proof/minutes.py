"""One-minute bars without end, by a formula; a source that can be frozen and goes on answering."""

from __future__ import annotations

import math
import time
from typing import Any

from tests.python import bodies
from tests.python.eodhd_server import Answer, Request

MINUTE_S = 60


class Minutes:
    """Answers like the market data API; play it on an ``EodhdServer``."""

    def __init__(self) -> None:
        """Bars come with the clock."""
        self._frozen_s: float | None = None

    def freeze(self) -> int:
        """Show no newer bar from now on; the newest one that has closed stays the newest.

        Returns:
            When it closed, UTC seconds.
        """
        self._frozen_s = time.time()
        return int(self._frozen_s) // MINUTE_S * MINUTE_S

    def thaw(self) -> None:
        """Show every bar again."""
        self._frozen_s = None

    def __call__(self, request: Request) -> Answer:
        """The answer to one request; its date is always that of the clock."""
        now_s = time.time() if self._frozen_s is None else self._frozen_s
        first, last = int(request.query["from"][0]), min(int(request.query["to"][0]), int(now_s))
        opens = range(-(-first // MINUTE_S) * MINUTE_S, last + 1, MINUTE_S)
        closed = [_bar(open_s) for open_s in opens if open_s + MINUTE_S <= now_s]
        return Answer(200, bodies.body(closed), dated=True)


def _bar(open_s: int) -> dict[str, Any]:
    opened, close = _price(open_s), _price(open_s + MINUTE_S)
    high, low = round(max(opened, close) + 0.0001, 5), round(min(opened, close) - 0.0001, 5)
    return bodies.row(open_s, opened, high, low, close, 100)


def _price(time_s: int) -> float:
    minute = time_s / MINUTE_S
    return round(1.1 + 0.002 * math.sin(minute / 170) + 0.0004 * math.sin(minute * 1.7), 5)
