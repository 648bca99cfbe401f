"""A module like ``MetaTrader5``, as far as bars go: broker time with summer time, and the ways it fails."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

SERVER = ZoneInfo("Europe/Athens")

DTYPE = [
    ("time", "<i8"),
    ("open", "<f8"),
    ("high", "<f8"),
    ("low", "<f8"),
    ("close", "<f8"),
    ("tick_volume", "<u8"),
    ("spread", "<i4"),
    ("real_volume", "<u8"),
]

SECONDS = {1: 60, 5: 300, 16385: 3600}


class FakeTerminal:
    """EURUSD on a server in Athens; the newest tick is as old as ``tick_age_s`` says."""

    TIMEFRAME_M1 = 1
    TIMEFRAME_M5 = 5
    TIMEFRAME_H1 = 16385

    def __init__(self, utc_s: Callable[[], float]) -> None:
        """A terminal whose world's time is ``utc_s``."""
        self._utc_s = utc_s
        self._error = (1, "Success")
        self.tick_age_s = 1
        self.bars_max = 100_000
        self.history: NDArray[np.void] | None = None
        self.fails: set[str] = set()
        self.asked: list[tuple[str, int, int, int]] = []

    def symbol_select(self, symbol: str, enable: bool) -> bool:
        return self._outcome("symbol_select", symbol == "EURUSD" and enable, (-4, "Terminal: Not found"))

    def copy_rates_from_pos(self, symbol: str, timeframe: int, start_pos: int, count: int) -> NDArray[np.void] | None:
        self.asked.append((symbol, timeframe, start_pos, count))
        if not self._outcome("copy_rates_from_pos", True, (-1, "Terminal: Call failed")):
            return None
        if self.history is not None:
            return self.history
        step_s = SECONDS[timeframe]
        newest_s = int(self._utc_s()) // step_s * step_s - start_pos * step_s
        count = min(count, self.bars_max)
        opened = [newest_s - back * step_s for back in reversed(range(count))]
        rows = [(wall_s(at), 1.1, 1.1002, 1.0998, price(at), 100, 7, 0) for at in opened]
        return np.array(rows, dtype=DTYPE)

    def symbol_info_tick(self, symbol: str) -> SimpleNamespace | None:
        if not self._outcome("symbol_info_tick", True, (-1, "Terminal: Call failed")):
            return None
        return SimpleNamespace(time=wall_s(int(self._utc_s()) - self.tick_age_s), bid=1.1, ask=1.1001)

    def last_error(self) -> tuple[int, str]:
        return self._error

    def _outcome(self, name: str, is_well: bool, error: tuple[int, str]) -> bool:
        is_well = is_well and name not in self.fails
        self._error = (1, "Success") if is_well else error
        return is_well


def wall_s(utc_s: int) -> int:
    """What the server's clock shows, read as if it were UTC."""
    from datetime import datetime, timezone

    shown = datetime.fromtimestamp(utc_s, timezone.utc).astimezone(SERVER)
    return int(shown.replace(tzinfo=timezone.utc).timestamp())


def price(utc_s: int) -> float:
    """The close of the bar that opens at a moment; another one for every hour."""
    return round(1.1 + (utc_s // 3600 % 7) / 100_000, 5)
