"""Recorded bars as the prices of a paper broker, and as a terminal that serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from mt5_sentinel import _core, bundled, files
from mt5_sentinel.errors import Misconfigured

START_S = 0
"""When a recording began to play: always the same moment, so that every start of the gateway goes on with it."""

ALL_CLOSED_S = 99_999_999_999
"""A moment at which every recorded bar has closed."""

TIMEFRAMES_S = {1: 60, 5: 300, 16385: 3600}
"""A terminal's numbers for M1, M5 and H1, and what they are in seconds."""

RATES = np.dtype(
    [
        *(("time", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8"), ("close", "<f8")),
        *(("tick_volume", "<u8"), ("spread", "<i4"), ("real_volume", "<u8")),
    ]
)


def load(
    source: str, facts: _core.SymbolFacts, *, spread_points: float, shows: str = "bid", start_s: int = START_S
) -> _core.Recording:
    """Take a file of bars in any format the core reads, or ``bundled`` (EURUSD of 2017, which shows the ask).

    Raises:
        Unusable: the file cannot be read, or holds no bars.
        Misconfigured: its bars are not whole minutes apart.
    """
    is_bundled = source == "bundled"
    body = files.read(str(bundled.BARS) if is_bundled else source)
    rows = _core.parse(body)
    interval_s = rows.usual_interval_s()
    if interval_s is None:
        raise Misconfigured(f"{source}: one bar is no recording", "bad_recording")
    cleaned = _core.clean(rows, interval_s=interval_s, now_s=ALL_CLOSED_S)
    return _core.Recording(
        cleaned.bars,
        facts,
        interval_s=interval_s,
        start_s=start_s,
        shows="ask" if is_bundled else shows,
        spread_points=spread_points,
    )


class PlayedTick:
    """The newest tick of a symbol; the server keeps UTC."""

    def __init__(self, time: int) -> None:
        """When the terminal was asked: a recording always has a price."""
        self.time = time


class RecordedTerminal:
    """Recordings behind the names of a terminal's package, as far as bars go."""

    TIMEFRAME_M1, TIMEFRAME_M5, TIMEFRAME_H1 = TIMEFRAMES_S

    def __init__(self, recordings: Mapping[str, _core.Recording], utc_s: Callable[[], float]) -> None:
        """Serve these symbols."""
        self._recordings = recordings
        self._utc_s = utc_s
        self._said = (1, "Success")

    def symbol_select(self, symbol: str, enable: bool) -> bool:
        """Whether there is a recording of the symbol."""
        return self._is_well(enable and symbol in self._recordings, "no recording of this symbol")

    def copy_rates_from_pos(self, symbol: str, timeframe: int, start_pos: int, count: int) -> NDArray[np.void] | None:
        """Bars as they are played; None for another timeframe than the recording's."""
        recording = self._recordings[symbol]
        if not self._is_well(TIMEFRAMES_S.get(timeframe) == recording.interval_s, "the recording has other bars"):
            return None
        rows = recording.bars_at(int(self._utc_s()), start_pos, count)
        return np.array([(*row, 0) for row in rows], dtype=RATES)

    def symbol_info_tick(self, symbol: str) -> PlayedTick | None:
        """A tick of this moment."""
        return PlayedTick(int(self._utc_s())) if symbol in self._recordings else None

    def last_error(self) -> tuple[int, str]:
        """What the last call died of."""
        return self._said

    def _is_well(self, is_well: bool, otherwise: str) -> bool:
        self._said = (1, "Success") if is_well else (-4, otherwise)
        return is_well
