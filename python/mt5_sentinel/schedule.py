"""When a cycle runs: once at start, then at a fixed second of every period of the wall clock."""

from __future__ import annotations

import math

CYCLE_SECOND, CYCLE_PERIOD_S = 58, 60
"""The daemon's: every minute at second 58."""

SPACING_SHARE = 0.5
"""Two scheduled cycles are at least this share of a period apart, whatever the clock does."""

REPEAT_SHARE = 1.0
"""The same moment within this share of a period is the same moment again, after a step back; later it is a new one."""

START_SERVES_S = 5.0
"""A cycle at start serves the firing moment too when that is so near."""


class Schedule:
    """Fires once per wall-clock slot (for example every minute at second 58).

    A slot is the stretch from one firing moment to the next. A slow cycle that overruns firing moments is followed
    by one late cycle, unless the next moment is near; it never causes a burst. A small step back does not fire a
    moment twice; a step forward fires what became due, at the earliest half a period after the cycle before. No step
    stops the schedule: the next moment on the new wall clock counts.
    """

    def __init__(self, second: float, period_s: float) -> None:
        """Fire ``second`` seconds into each period of ``period_s`` seconds."""
        self._second = second
        self._period_s = period_s
        self._slot: int | None = None
        self._fired_at_s: dict[int, float] = {}

    def start(self, wall_s: float, monotonic_s: float) -> None:
        """Take the slot that runs now as served, and the next one where its moment is near."""
        self._slot = self._slot_of(wall_s)
        if self.wait_s(wall_s) < START_SERVES_S:
            self._fired_at_s[self._slot + 1] = monotonic_s

    def is_due(self, wall_s: float, monotonic_s: float) -> bool:
        """Whether a cycle is to start now; if so, its slot counts as served."""
        slot = self._slot_of(wall_s)
        if self._slot is None or slot < self._slot:
            self._slot = slot  # the clock went back: follow it; its next moment comes within one period
        if slot == self._slot:
            return False
        if monotonic_s - self._fired_at_s.get(slot, -math.inf) < self._period_s * REPEAT_SHARE:
            self._slot = slot
            return False
        spacing_s = self._period_s * SPACING_SHARE
        is_late = wall_s - self._moment_of(slot) > 1.0
        if is_late and self.wait_s(wall_s) < spacing_s:
            return False  # the next moment is near and serves this slot too
        if monotonic_s - max(self._fired_at_s.values(), default=-math.inf) < spacing_s:
            return False  # due, and a little later: after a step forward
        self._slot = slot
        recent = {k: at for k, at in self._fired_at_s.items() if monotonic_s - at < self._period_s * REPEAT_SHARE}
        self._fired_at_s = recent | {slot: monotonic_s}
        return True

    def wait_s(self, wall_s: float) -> float:
        """Seconds until the next firing moment."""
        return self._moment_of(self._slot_of(wall_s) + 1) - wall_s

    def _slot_of(self, wall_s: float) -> int:
        return math.floor((wall_s - self._second) / self._period_s)

    def _moment_of(self, slot: int) -> float:
        return slot * self._period_s + self._second


def next_cycle_s(wall_s: float) -> float:
    """When the daemon's next cycle is due, UTC unix seconds."""
    return wall_s + Schedule(CYCLE_SECOND, CYCLE_PERIOD_S).wait_s(wall_s)
