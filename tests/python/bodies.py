"""Market data bodies as the API sends them, made up around any moment."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone
from typing import Any

HOUR_S = 3600

Rows = list[dict[str, Any]]


def hourly(now_s: float, count: int = 600, *, seed: int = 1, forming: bool = True) -> Rows:
    """A random walk of hourly rows up to now; the last one is the bar still forming."""
    walk = random.Random(seed)  # noqa: S311 - prices, not secrets
    newest_s = int(now_s) // HOUR_S * HOUR_S
    if not forming:
        newest_s -= HOUR_S
    rows, price = [], 1.1
    for time_s in range(newest_s - (count - 1) * HOUR_S, newest_s + 1, HOUR_S):
        opened, price = price, round(price * (1 + walk.gauss(0, 0.001)), 5)
        high, low = max(opened, price) + 0.0004, min(opened, price) - 0.0004
        rows.append(row(time_s, opened, round(high, 5), round(low, 5), price, walk.randint(100, 9000)))
    return rows


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
