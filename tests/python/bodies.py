"""Market data bodies as the API sends them, made up around any moment."""

from __future__ import annotations

import json
import math
import random
from datetime import datetime, timezone
from typing import Any

HOUR_S = 3600

Rows = list[dict[str, Any]]


def hourly(now_s: float, count: int = 600, *, seed: int = 1, forming: bool = True) -> Rows:
    """Hourly rows up to now, prices the same for the same hour whenever it is asked; the last bar still forms."""
    newest_s = int(now_s) // HOUR_S * HOUR_S
    if not forming:
        newest_s -= HOUR_S
    rows = []
    for time_s in range(newest_s - (count - 1) * HOUR_S, newest_s + 1, HOUR_S):
        opened, price = _price(time_s, seed), _price(time_s + HOUR_S, seed)
        high, low = max(opened, price) + 0.0004, min(opened, price) - 0.0004
        volume = random.Random(f"{seed} {time_s}").randint(100, 9000)  # noqa: S311 - volumes, not secrets
        rows.append(row(time_s, opened, round(high, 5), round(low, 5), price, volume))
    return rows


def _price(time_s: int, seed: int) -> float:
    noise = random.Random(f"{time_s} {seed}").gauss(0, 0.001)  # noqa: S311 - prices, not secrets
    return round(1.1 * (1 + 0.01 * math.sin(time_s / 90_000) + noise), 5)


def row(
    time_s: int,
    opened: float | None,
    high: float | None,
    low: float | None,
    close: float | None,
    volume: float | None,
) -> dict[str, Any]:
    """One row with both of the API's time fields."""
    text = datetime.fromtimestamp(time_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    named = {"timestamp": time_s, "gmtoffset": 0, "datetime": text}
    return named | {"open": opened, "high": high, "low": low, "close": close, "volume": volume}


def with_duplicates(rows: Rows) -> Rows:
    """The shape that killed the older daemon: every tenth row twice, both time fields in each."""
    return [copy for i, one in enumerate(rows) for copy in ([one, one] if i % 10 == 0 else [one])]


def body(rows: Rows) -> bytes:
    """The body of these rows."""
    return json.dumps(rows).encode()
