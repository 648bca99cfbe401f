"""A market, its API and a machine's clock in one world with a true time of its own, for simulations.

The truth is made by formula from a bar's open time, so that any bar can be checked without having been kept.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from email.utils import formatdate
from typing import Any
from zoneinfo import ZoneInfo

from tests.python.bodies import row

NEW_YORK = ZoneInfo("America/New_York")
HOLIDAYS = ((12, 25), (1, 1))


def traded(at_s: float) -> bool:
    """Whether the currency market is open: a second account of the hours, by zoneinfo, apart from the core's."""
    there = datetime.fromtimestamp(at_s, NEW_YORK)
    session = (there + timedelta(hours=7)).date()  # the session of a day begins at 17:00 of the day before
    return session.weekday() < 5 and (session.month, session.day) not in HOLIDAYS


def chance(*what: object) -> float:
    """A number in 0..1 that is always the same for the same thing."""
    digest = hashlib.blake2b(repr(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


@dataclass
class World:
    """True time, the API's answers as of it, and the wrong clock of the machine."""

    interval_s: int
    now_s: float
    holes: float = 0.05
    """Share of bars for which the API has only nulls, for good."""
    late_s_max: float = 400.0
    """A closed bar appears so late at most."""
    clock_off_s: float = 0.0
    """Machine clock minus true time."""
    stuck_since_s: float | None = None
    """From here on the API knows of no newer bar."""
    fault: Callable[[], tuple[int, bytes]] | None = None
    requests: list[float] = field(default_factory=list)
    """True times of all requests."""

    def __post_init__(self) -> None:
        """Monotonic time begins with the world."""
        self.began_s = self.now_s

    def truth(self, open_s: int) -> tuple[float, float, float, float, float]:
        """Open, high, low, close, volume of a bar once it has closed."""
        opened, closed = self._price(open_s), self._price(open_s + self.interval_s)
        high, low = max(opened, closed) + 0.0003, min(opened, closed) - 0.0003
        return opened, round(high, 5), round(low, 5), closed, float(100 + int(900 * chance("volume", open_s)))

    def has_bar(self, open_s: int) -> bool:
        """Whether the API ever gives prices for this bar."""
        is_open = traded(open_s) and chance("hole", open_s, self.interval_s) >= self.holes
        return is_open and open_s % self.interval_s == 0

    def answer(self, from_s: int, to_s: int) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers as the API gives them now."""
        self.requests.append(self.now_s)
        headers = {"Date": formatdate(self.now_s, usegmt=True)}
        if self.fault is not None:
            status, body = self.fault()
            return status, body, headers
        rows: list[dict[str, Any]] = []
        first = math.ceil(from_s / self.interval_s) * self.interval_s
        # The server's own now bounds what it knows, whatever the client's clock says.
        for open_s in range(first, int(min(to_s, self.now_s)) + 1, self.interval_s):
            rows += self._rows(open_s)
        return 200, json.dumps(rows).encode(), headers

    def _rows(self, open_s: int) -> list[dict[str, Any]]:
        if not traded(open_s) or (self.stuck_since_s is not None and open_s + self.interval_s > self.stuck_since_s):
            return []
        if not self.has_bar(open_s):
            return [row(open_s, None, None, None, None, None)]
        seen_s = self.now_s - open_s
        if seen_s < self.interval_s:
            opened, price = self._price(open_s), self._price(int(self.now_s))
            return [row(open_s, opened, max(opened, price), min(opened, price), price, 1.0)]
        if seen_s < self.interval_s + chance("late", open_s) ** 4 * self.late_s_max:
            return []
        final = row(open_s, *self.truth(open_s))
        return [final, final] if chance("twice", open_s) < 0.1 else [final]

    def _price(self, at_s: int) -> float:
        return round(1.1 + 0.01 * math.sin(at_s / 40_000) + 0.002 * math.sin(at_s / 1_700), 5)


class WorldClock:
    """The machine's clock: it steps with the world's mistake, its monotonic side does not."""

    def __init__(self, world: World, plan: dict[float, Callable[[World], None]] | None = None) -> None:
        """Take what happens at which true time, seconds after the beginning."""
        self._world = world
        self._plan = sorted((plan or {}).items(), key=lambda entry: entry[0])

    def wall_s(self) -> float:
        """What the machine believes."""
        return self._world.now_s + self._world.clock_off_s

    def monotonic_s(self) -> float:
        """Seconds since the beginning, true."""
        return self._world.now_s - self._world.began_s

    def wait_s(self, timeout_s: float) -> None:
        """Let true time pass, at most until the next thing happens."""
        target_s = self._world.now_s + max(0.001, math.ceil(timeout_s * 1000) / 1000)
        if self._plan and self._world.began_s + self._plan[0][0] <= target_s:
            after_s, happen = self._plan.pop(0)
            self._world.now_s = max(self._world.now_s, self._world.began_s + after_s)
            happen(self._world)
        else:
            self._world.now_s = target_s


def utc_s(text: str) -> float:
    """Unix seconds of ``2026-03-08 18:00`` UTC."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=timezone.utc).timestamp()


def day_of(at_s: float) -> date:
    """The UTC day."""
    return datetime.fromtimestamp(at_s, timezone.utc).date()
