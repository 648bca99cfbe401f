"""A price by formula: the same at the same moment, whoever asks, with bars and ticks that belong together."""

from __future__ import annotations

import hashlib
import math

from tests.python.storm.world import BEGAN_S

STEP_S = 5
POINT = 0.00001


class Prices:
    """One market; a step every five seconds, twelve a bar."""

    def __init__(self, seed: int, still_from_s: float = math.inf) -> None:
        """Draw nothing yet; from ``still_from_s`` on the price does not move, so that no stop is hit any more."""
        self._still_from = math.inf if still_from_s == math.inf else int(still_from_s) // 60
        self._seed = seed
        self._phase = seed % 1000
        self._minutes: dict[int, tuple[float, ...]] = {}
        self._rows: dict[int, bytes] = {}

    def bar(self, open_s: int) -> tuple[float, float, float, float]:
        """Open, high, low and close of the bid in the minute from ``open_s``."""
        steps = self._steps(open_s // 60)
        return steps[0], max(steps), min(steps), steps[-1]

    def body(self, from_s: int, to_s: int) -> bytes:
        """The rows of a window as an API gives them, up to the minute that forms."""
        first = -(-from_s // 60) * 60
        return b"[" + b",".join(self._row(open_s) for open_s in range(first, to_s + 1, 60)) + b"]"

    def _row(self, open_s: int) -> bytes:
        if open_s not in self._rows:
            named = '"open":{:.5f},"high":{:.5f},"low":{:.5f},"close":{:.5f}'.format(*self.bar(open_s))
            self._rows[open_s] = f'{{"timestamp":{open_s},{named},"volume":100}}'.encode()
        return self._rows[open_s]

    def _steps(self, minute: int) -> tuple[float, ...]:
        if minute >= self._still_from:
            return (self._steps(int(self._still_from) - 1)[-1],) * 12
        if minute not in self._minutes:
            noise = hashlib.blake2b(f"{self._seed} {minute}".encode(), digest_size=12).digest()
            began = minute * 60 - BEGAN_S
            self._minutes[minute] = tuple(
                round(self._wave(began + STEP_S * k) + (noise[k] - 128) * POINT / 12, 5) for k in range(12)
            )
        return self._minutes[minute]

    def _wave(self, after_s: float) -> float:
        slow, fast = math.sin(after_s / 5_000 + self._phase), math.sin(after_s / 130 + self._phase)
        return 1.1 + 0.004 * slow + 0.0004 * fast
