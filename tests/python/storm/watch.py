"""What the broker sees: every execution is held against the promises, by an account of its own."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.settings import Settings
from mt5_sentinel.wire import OrderClose, OrderSend, PositionData, Request
from tests.python.storm.machine import connect
from tests.python.storm.world import MachineClock, World

CONTRACT = 100_000
"""Units of the base currency in a lot."""

NEWS_S = 120.0
"""A position of somebody else that is younger need not be known to the daemon yet."""

ORDERS = ("ORDER_SEND", "ORDER_CLOSE")


@dataclass(frozen=True)
class Executed:
    """One execution at the broker."""

    at_s: float
    """True time."""
    req_id: str
    is_opening: bool
    lots: float
    created_s: float
    """By the clock of the daemon, from its journal."""


class Watch:
    """The witness at the broker's desk."""

    def __init__(self, world: World, journal: Path, daemon: MachineClock, settings: Settings) -> None:
        """Nothing was seen yet."""
        self.world = world
        self.executed: list[Executed] = []
        self.times: Counter[str] = Counter()
        self.answers: Counter[tuple[str, int]] = Counter()
        """Replies of the gateway by action and retcode."""
        self._journal = journal
        self._clock = daemon
        self._settings = settings
        self._sent_s: dict[str, float] = {}
        self._reading: sqlite3.Connection | None = None

    def sent(self, request: bytes) -> None:
        """A request leaves the daemon."""
        if b'"ORDER_' in request[:30]:
            asked = msgspec.json.decode(request, type=Request)
            if asked.action in ORDERS:
                self._sent_s.setdefault(asked.req_id, self.world.now_s)

    def answered(self, request: bytes, retcode: int) -> None:
        """The gateway answered; what it may never say to an exit is told."""
        action = request[11 : request.index(b'"', 11)].decode()
        self.answers[action, retcode] += 1
        if action == "ORDER_CLOSE" and retcode == -6:
            self.world.violated("exits", "the gateway refused an exit because it is halted")

    def execution(
        self,
        order: OrderSend | OrderClose,
        req_id: str,
        outcome: Outcome,
        positions: list[PositionData],
        late_s: float = 0.0,
    ) -> None:
        """The broker executed an order, ``late_s`` after it took it; ``positions`` are those after it."""
        done, now_s = outcome.executed, self.world.now_s
        if done is None:
            return
        self.times[req_id] += 1
        if self.times[req_id] > 1:
            self.world.violated("twice", f"{req_id} was executed {self.times[req_id]} times")
        intent = self._intent(req_id)
        if intent is None:
            self.world.violated("journal first", f"{req_id} was executed, and the journal does not know it")
            created_s = self._sent_s.get(req_id, now_s)
        else:
            created_s = intent[0]
            self._check_time(req_id, *intent, now_s - late_s)
        is_opening = isinstance(order, OrderSend)
        self.executed.append(Executed(now_s, req_id, is_opening, done.volume, created_s))
        if isinstance(order, OrderSend):
            self._check_opening(order, req_id, done.volume, positions)

    def close(self) -> None:
        """Close what was read."""
        if self._reading is not None:
            self._reading.close()

    def _intent(self, req_id: str) -> tuple[float, float] | None:
        """When the journal on disk says that an order was created, and until when it may be executed."""
        if self._reading is None:
            self._reading = connect(f"{self._journal.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        query = "SELECT created_utc, not_after_utc FROM intent WHERE req_id = ?"
        found = self._reading.execute(query, (req_id,)).fetchone()
        return None if found is None else (seconds(found[0]), seconds(found[1]))

    def _check_time(self, req_id: str, created_s: float, not_after_s: float, at_s: float) -> None:
        sent_s = self._sent_s.get(req_id, at_s)
        latest_s = self._clock.latest_true_s(created_s, sent_s) + (not_after_s - created_s)
        late_s = at_s - latest_s - self._settings.gtw_skew_max_s
        if late_s > 0.01:
            self.world.violated("late", f"{req_id} was executed {late_s:.2f} s too late")

    def _check_opening(self, order: OrderSend, req_id: str, lots: float, positions: list[PositionData]) -> None:
        settings, told = self._settings, self.world.violated
        if order.sl is None:
            told("naked", f"{req_id} opened without a stop")
        if lots > settings.volume_lots_max + 1e-9:
            told("limits", f"{req_id} opened {lots} lots")
        own = [one for one in positions if one.magic == settings.magic]
        if len([one for one in own if one.symbol == order.symbol]) > settings.positions_symbol_max:
            told("limits", f"{req_id} made {len(own)} own positions of {order.symbol}")
        counted = [one for one in positions if one in own or one.time < self.world.now_s - NEWS_S]
        if len(counted) > settings.positions_max:
            told("limits", f"{req_id} made {len(counted)} positions")
        worth = sum(one.volume * CONTRACT * one.price for one in counted)
        bound = min(settings.exposure_symbol_max, settings.exposure_group_max, settings.exposure_total_max)
        if worth > bound * 1.01:
            told("limits", f"{req_id} made an exposure of {worth:.0f}")

    def look_back(self) -> None:
        """What shows at the end only: openings within a minute and a day, by the clock of the daemon."""
        created = sorted(one.created_s for one in self.executed if one.is_opening)
        for n, first_s in enumerate(created):
            within = sum(other_s < first_s + 60 for other_s in created[n:])
            if within > self._settings.orders_per_minute_max:
                self.world.violated("limits", f"{within} openings within a minute")
        days = Counter(int(at_s // 86_400) for at_s in created)
        if days and max(days.values()) > self._settings.orders_per_day_max:
            self.world.violated("limits", f"{max(days.values())} openings in a day")


def seconds(text: str) -> float:
    """Unix seconds of a time in the journal."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def rows(path: Path, query: str) -> list[Any]:
    """Rows of a file that another process may write."""
    reading = connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return reading.execute(query).fetchall()
    finally:
        reading.close()
