"""Whether an order is in time: the wall clock may step, the steady clock knows no date, so both are asked."""

from __future__ import annotations

from mt5_sentinel.gateway.memory import AHEAD_S_MAX
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.ports import Clock
from mt5_sentinel.wire import EXPIRED, INVALID, VALID_S_MAX

STEP_S = 1.0
"""A wall clock that loses more than this against the steady one between two looks was set back."""

DRIFT = 0.001
"""Share of the time that a clock may be slowed down by, as time services do, without being set back."""

DOUBT_S = 60.0
"""How long no order is executed after a clock was set back: what was valid before has ended by then.

Orders of the time before the step prolong it, to this and the size of the step at most: no client can keep it up.
"""


class OrderTime:
    """This machine's time as orders see it. A clock that was set back makes nothing timely that was late."""

    def __init__(self, clock: Clock, *, known_s: float, newest_s: float) -> None:
        """Begin with what was known before this process started.

        Args:
            clock: wall and steady time.
            known_s: newest time this machine's clock is known to have shown.
            newest_s: newest ``timestamp`` of an order.
        """
        self._clock = clock
        self._newest_s = newest_s
        self._wall_s, self._steady_s = clock.wall_s(), clock.monotonic_s()
        self._carried_s = self._wall_s
        """What the wall clock would show had it never been set back, since that was last believed."""
        self._doubt_until_s: float | None = None
        """On the steady clock."""
        self._doubt_until_s_max = 0.0
        if self._wall_s < known_s - STEP_S:
            self._carried_s = known_s
            self._doubt()
        self.look()

    def look(self) -> float:
        """UTC now; notes where the wall clock was set back."""
        wall_s, steady_s = self._clock.wall_s(), self._clock.monotonic_s()
        passed_s = max(0.0, steady_s - self._steady_s)
        was_set_back = wall_s < self._wall_s + passed_s * (1 - DRIFT) - STEP_S
        # Slower than the steady clock by the drift, so that it falls back onto a wall clock that is slowed down.
        self._carried_s = max(wall_s, self._carried_s + passed_s * (1 - DRIFT))
        self._wall_s, self._steady_s = wall_s, steady_s
        if was_set_back:
            self._doubt()
        if self._doubt_until_s is not None and steady_s >= self._doubt_until_s:
            self._doubt_until_s, self._carried_s = None, wall_s
        if self._doubt_until_s is None:  # what a clock showed that was ahead must not make the orders of now old
            self._newest_s = min(self._newest_s, self._carried_s + AHEAD_S_MAX)
        return wall_s

    def note(self, timestamp_s: float, *, is_order: bool) -> None:
        """Learn from the time of any request that can be read."""
        if not self.is_ahead(timestamp_s):
            self._newest_s = max(self._newest_s, timestamp_s)
        elif self._doubt_until_s is not None and is_order and timestamp_s <= self._carried_s + AHEAD_S_MAX:
            # Somebody else's clock says too that this one is behind.
            self._doubt_until_s = max(self._doubt_until_s, min(self._steady_s + DOUBT_S, self._doubt_until_s_max))

    def is_ahead(self, moment_s: float) -> bool:
        """Whether a time is later than this machine's by more than two clocks may differ."""
        return moment_s > self.look() + AHEAD_S_MAX

    def is_late(self, not_after_s: float) -> bool:
        """Whether a moment has passed, by either clock."""
        return max(self.look(), self._carried_s) > not_after_s

    def refusal(self, timestamp_s: float, not_after_s: float) -> Outcome | None:
        """Why an order is refused for its times, if it is."""
        now_s = self.look()
        if self._doubt_until_s is not None:
            left_s = self._doubt_until_s - self._steady_s
            words = f"this machine's clock was set back; no order is executed for {left_s:.0f} s more"
            return Outcome(EXPIRED, words)
        if self.is_ahead(timestamp_s):
            return self.too_early(timestamp_s)
        if not_after_s > timestamp_s + VALID_S_MAX:
            words = f"not_after is {not_after_s - timestamp_s:.3f} s after timestamp, {VALID_S_MAX:g} s are the most"
            return Outcome(INVALID, words)
        if self.is_late(not_after_s):
            words = f"not_after was {not_after_s:.3f}, and the gateway's clock shows {now_s:.3f}; nothing was executed"
            return Outcome(EXPIRED, words)
        if timestamp_s < self._newest_s - VALID_S_MAX:
            words = f"the order is of {timestamp_s:.3f}, and a request of {self._newest_s:.3f} came before it"
            return Outcome(EXPIRED, words)
        return None

    def too_early(self, timestamp_s: float) -> Outcome:
        """The refusal of an order whose time is ahead."""
        words = f"the order is of {timestamp_s:.3f}, and the gateway's clock shows {self._wall_s:.3f}: set the clocks"
        return Outcome(INVALID, words)

    @property
    def is_doubtful(self) -> bool:
        """Whether the clock was set back so lately that no order is executed."""
        return self._doubt_until_s is not None

    def _doubt(self) -> None:
        self._doubt_until_s = self._steady_s + DOUBT_S
        self._doubt_until_s_max = self._doubt_until_s + self._carried_s - self._wall_s
