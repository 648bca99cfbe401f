"""Recorded bars served as the API would have served them at each moment of a virtual clock."""

from __future__ import annotations

import bisect
import json
import math
from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from mt5_sentinel.types import Page

Row = tuple[int, float, float, float, float, float]


class ReplayMarket:
    """A market whose past is a recording; it never shows more of a bar than was known at the time."""

    name = origin = "replay"
    tells_time = False
    units_per_call = 0

    def __init__(self, rows: Sequence[Row], interval_s: int) -> None:
        """Take clean rows (open time in UTC seconds, open, high, low, close, volume), oldest first."""
        self._opens_s = [row[0] for row in rows]
        self._bodies = [_json(row) for row in rows]
        self._forming = [_json((row[0], row[1], row[1], row[1], row[1], 0.0)) for row in rows]
        self._interval_s = interval_s

    def fetch(self, from_s: int, to_s: int, pay: Callable[[], None]) -> Page:
        """The recorded bars as they stood at ``to_s``: of the bar still forming only its open is known yet."""
        pay()
        first = bisect.bisect_left(self._opens_s, from_s)
        closed = bisect.bisect_right(self._opens_s, to_s - self._interval_s)
        begun = bisect.bisect_right(self._opens_s, to_s)
        shown = self._bodies[first:closed] + self._forming[max(first, closed) : begun]
        return Page(f"[{','.join(shown)}]".encode())


class ReplayClock:
    """A clock that stands still while the program works and jumps when it waits."""

    def __init__(self, start_s: float) -> None:
        """Start at a moment, UTC unix seconds."""
        self._now_s = start_s

    def wall_s(self) -> float:
        """Virtual UTC unix seconds."""
        return self._now_s

    def monotonic_s(self) -> float:
        """Virtual seconds; this clock never steps."""
        return self._now_s

    def wait_s(self, timeout_s: float) -> None:
        """Jump ahead, to the end of the wait rounded up to a millisecond."""
        self._now_s += math.ceil(timeout_s * 1000) / 1000


def _json(row: Row) -> str:
    time_s, opened, high, low, close, volume = row
    named = {"timestamp": time_s, "gmtoffset": 0, "datetime": _text(time_s)}
    return json.dumps(named | {"open": opened, "high": high, "low": low, "close": close, "volume": volume})


def _text(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
