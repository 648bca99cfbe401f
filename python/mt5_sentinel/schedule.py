"""When a cycle runs: once at start, then at a fixed second of every period of the wall clock."""

from __future__ import annotations

import math

SPACING_SHARE = 0.5
"""Two cycles are at least this share of a period apart, whatever the clock does."""


class Schedule:
    """Fires once per wall-clock slot (for example every minute at second 58).

    A slot is the stretch from one firing moment to the next. A slow cycle that overruns firing moments is followed
    by one late cycle, unless the next moment is near; it never causes a burst. A clock step backwards does not fire
    a moment twice, and no step stops the schedule: monotonic time only keeps cycles apart, it never delays them by
    more than a period.
    """

    def __init__(self, second: float, period_s: float) -> None:
        """Fire ``second`` seconds into each period of ``period_s`` seconds."""
        self._second = second
        self._period_s = period_s
        self._slot: int | None = None
        self._fired_at_s = -math.inf

    def start(self, wall_s: float) -> None:
        """Take the slot that runs now as served: the cycle at start has no slot of its own."""
        self._slot = self._slot_of(wall_s)

    def is_due(self, wall_s: float, monotonic_s: float) -> bool:
        """Whether a cycle is to start now; if so, its slot counts as served."""
        slot = self._slot_of(wall_s)
        if self._slot is None or slot < self._slot:
            self._slot = slot  # the clock went back: follow it; its next moment comes within one period
        if slot == self._slot:
            return False
        spacing_s = self._period_s * SPACING_SHARE
        if monotonic_s - self._fired_at_s < spacing_s:
            self._slot = slot  # the same moment again after a small step back
            return False
        is_late = wall_s - self._moment_of(slot) > 1.0
        if is_late and self.wait_s(wall_s) < spacing_s:
            return False  # the next moment is near and serves this slot too
        self._slot = slot
        self._fired_at_s = monotonic_s
        return True

    def wait_s(self, wall_s: float) -> float:
        """Seconds until the next firing moment."""
        return self._moment_of(self._slot_of(wall_s) + 1) - wall_s

    def _slot_of(self, wall_s: float) -> int:
        return math.floor((wall_s - self._second) / self._period_s)

    def _moment_of(self, slot: int) -> float:
        return slot * self._period_s + self._second
