"""The time of day that does not jump: a clock that is set, or a machine that resumes, makes nothing old at once."""

from __future__ import annotations

from collections.abc import Sequence

STEP_S = 5.0
"""Further than the clock is slewed between two looks."""

KEPT_S = 150.0
"""How long the time before a step is kept at most: two cycles and their looks, so that each that lives has told."""


class SteadyTime:
    """Goes on from the time before a step until the daemon has told something by the new one."""

    def __init__(self) -> None:
        """No look yet."""
        self._ahead_s: float | None = None
        """What the time of day is ahead of the monotonic clock, by what is used."""
        self._stepped_s: float | None = None
        """When the clock stepped, monotonic; None where it did not."""
        self._ends_s: Sequence[float] = ()
        """When the newest cycle of each symbol had ended, as of the look before the step."""

    def now_s(self, wall_s: float, monotonic_s: float) -> float:
        """The time by which a journal is judged, UTC unix seconds."""
        ahead_s = wall_s - monotonic_s
        is_steady = self._ahead_s is None or abs(ahead_s - self._ahead_s) <= STEP_S
        if not is_steady and self._stepped_s is None:
            self._stepped_s = monotonic_s
        if self._ahead_s is None or is_steady or monotonic_s - (self._stepped_s or 0.0) >= KEPT_S:
            self._ahead_s, self._stepped_s = ahead_s, None
        return monotonic_s + self._ahead_s

    def hear(self, ends_s: Sequence[float], wall_s: float, monotonic_s: float) -> bool:
        """Take note of when the newest cycles ended; whether these are of the new time, which counts from now on.

        Where it went ahead, those of all symbols have to be: what one told before is old by the new time. Where it
        went back, one is enough: what it tells is old by the time before.
        """
        if self._stepped_s is None or self._ahead_s is None or len(ends_s) != len(self._ends_s):
            self._ends_s = ends_s
            return False
        new = [after != before for before, after in zip(self._ends_s, ends_s, strict=True)]
        ahead_s = wall_s - monotonic_s
        if not (all(new) if ahead_s > self._ahead_s else any(new)):
            return False
        self._ahead_s, self._stepped_s, self._ends_s = ahead_s, None, ends_s
        return True
