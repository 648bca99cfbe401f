"""True time, what happens when, the one random of a run, and what was seen in it."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable

Happen = Callable[[], None]

BEGAN_S = 1_780_000_020.0
"""A Thursday in 2026, at the full minute; the market of a run never closes."""


class World:
    """What only the test knows: the true time, and everything that went wrong."""

    def __init__(self, seed: int, rates: dict[str, float]) -> None:
        """Begin a run; ``rates`` are chances a pass of a door, by kind of fault."""
        self.random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self.rates = rates
        self.began_s = self.now_s = BEGAN_S
        self.calm = False
        """Whether faults are over."""
        self.seen: Counter[str] = Counter()
        self.told: list[tuple[str, str]] = []
        self.stalled_s: list[float] = []
        """When one machine was busy: here whoever waits for it waits all the time, and not only its patience."""
        self._queue: list[tuple[float, int, Happen]] = []
        self._number = 0

    @property
    def minute(self) -> int:
        """Minutes since the beginning."""
        return int((self.now_s - self.began_s) // 60)

    def strikes(self, kind: str) -> bool:
        """Whether a fault happens now; it is counted."""
        rate = self.rates.get(kind, 0.0)
        if self.calm or rate <= 0 or self.random.random() >= rate:
            return False
        self.seen[kind] += 1
        return True

    def between(self, low: float, high: float) -> float:
        """A random number in a range."""
        return self.random.uniform(low, high)

    def span(self, low: float, high: float) -> float:
        """A random length of time, as often of seconds as of minutes."""
        return math.exp(self.between(math.log(low), math.log(high)))

    def later(self, after_s: float, happen: Happen) -> None:
        """Let something happen after a while; at the same moment in the order of these calls."""
        self._number += 1
        heapq.heappush(self._queue, (self.now_s + max(0.0, after_s), self._number, happen))

    def advance(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        end_s = self.now_s + max(0.0, seconds)
        while self.next(end_s):
            pass

    def stall(self, seconds: float) -> None:
        """Let time pass while one machine is busy; what is due meanwhile happens after it."""
        self.stalled_s.append(self.now_s)
        self.now_s += seconds

    def next(self, end_s: float) -> bool:
        """Let the next thing happen that is due until ``end_s``; False, and it is ``end_s``, where there is none."""
        if not self._queue or self._queue[0][0] > end_s:
            self.now_s = max(self.now_s, end_s)  # a stall may have led beyond it
            return False
        at_s, _, happen = heapq.heappop(self._queue)
        self.now_s = max(self.now_s, at_s)
        happen()
        return True

    def violated(self, which: str, what: str) -> None:
        """Note that a promise was broken; never raised, for what runs above would catch it."""
        self.told.append((which, f"minute {self.minute}: {what}"))


class MachineClock:
    """One machine's clock: its wall side is wrong by ``off_s`` and steps, its steady side does neither."""

    def __init__(self, world: World) -> None:
        """Begin right."""
        self._world = world
        self.offsets: list[tuple[float, float]] = [(-math.inf, 0.0)]
        """Since which true time it was how wrong."""
        self._stepped = False

    @property
    def off_s(self) -> float:
        """Wall clock minus true time."""
        return self.offsets[-1][1]

    def step_to(self, off_s: float) -> None:
        """Set the wall clock."""
        self.offsets.append((self._world.now_s, off_s))
        self._stepped = True

    def shown_since(self, at_s: float) -> list[float]:
        """How wrong it was at any time since then."""
        after = [off_s for stepped_s, off_s in self.offsets if stepped_s > at_s]
        before = [off_s for stepped_s, off_s in self.offsets if stepped_s <= at_s]
        return [before[-1], *after]

    def wall_s(self) -> float:
        """What this machine believes."""
        return self._world.now_s + self.off_s

    def monotonic_s(self) -> float:
        """Seconds since the beginning."""
        return self._world.now_s - self._world.began_s

    def wait_s(self, timeout_s: float) -> None:
        """Let true time pass; a step of the clock ends it, as it does where the clock is looked at each second."""
        end_s = self._world.now_s + max(0.001, math.ceil(timeout_s * 1000) / 1000)
        self._stepped = False
        while not self._stepped and self._world.next(end_s):
            pass

    def latest_true_s(self, wall_s: float, until_s: float) -> float:
        """The latest true moment not after ``until_s`` at which this clock showed ``wall_s``."""
        ends = [at_s for at_s, _ in self.offsets[1:]] + [math.inf]
        shown = [
            wall_s - off_s
            for (at_s, off_s), end_s in zip(self.offsets, ends, strict=True)
            if at_s - 1 <= wall_s - off_s <= min(end_s, until_s) + 1
        ]
        return max(shown, default=until_s)
