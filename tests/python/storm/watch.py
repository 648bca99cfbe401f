"""What the broker sees: every execution is held against the promises, by an account of its own."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel.gateway.venue import Outcome, Venue
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import CycleRecord
from mt5_sentinel.wire import BookData, OrderClose, OrderSend, PositionData, Reply, Request
from tests.python.storm.halts import Halts
from tests.python.storm.machine import connect
from tests.python.storm.world import MachineClock, World

CONTRACT = 100_000
"""Units of the base currency in a lot."""

NEWS_S = 120.0
"""A position of somebody else that is younger need not be known to the daemon yet."""

UNRESOLVED = "SELECT req_id, kind, ticket FROM intent WHERE state IN ('intended', 'unknown')"

BARE_CYCLES_MAX = 3
"""How many faultless cycles a position may be without its stop: a person may take it away in one of them, or twice."""

ORDERS: dict[str, type[OrderSend | OrderClose]] = {"ORDER_SEND": OrderSend, "ORDER_CLOSE": OrderClose}

AHEAD_S_MAX = 5.0
"""How far a request's time may lie ahead of the gateway's clock: with clocks further apart than ``gtw_skew_max_s`` no
opening is sent, exits are, and are late by this at most."""


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
        self.unwitnessed: list[tuple[OrderSend | OrderClose, str]] = []
        """Orders during whose execution the process that holds the broker's book was killed."""
        self.working: set[str] = set()
        """Orders that the broker has taken and not executed yet."""
        self.forgotten: set[str] = set()
        """Those at work when a gateway lost its memory: the broker's list of working orders shows them.

        What a memory holds has to wait by its own rule, which is tried without that list.
        """
        self.lost_time_s = -math.inf
        """When a gateway began without its memory and behind the true time: nothing there knows what time it was."""
        self._journal = journal
        self._clock = daemon
        self._settings = settings
        self._sent_s: dict[str, float] = {}
        self._bare: dict[int, int] = {}
        """Positions without a stop, and for how many cycles now."""
        self._reached: dict[str, OrderSend | OrderClose] = {}
        self._reading: sqlite3.Connection | None = None
        self.halts = Halts(world, daemon, settings, self._read)

    def sent(self, request: bytes) -> None:
        """A request leaves the daemon."""
        if b'"ORDER_' in request[:30]:
            asked = msgspec.json.decode(request, type=Request)
            kind = ORDERS.get(asked.action)
            if kind is not None:
                self.leaves(msgspec.json.decode(asked.payload, type=kind), asked.req_id)

    def leaves(self, order: OrderSend | OrderClose, req_id: str) -> None:
        """An order leaves the daemon, for the first time or again."""
        if req_id in self._sent_s:
            return
        self._sent_s[req_id] = self.world.now_s
        self._check_frozen(order, req_id)
        if isinstance(order, OrderSend):
            self.halts.check(req_id)

    def heard(self, request: bytes, reply: bytes) -> None:
        """An answer reached the daemon."""
        if _action(request) == "BOOK":
            told = msgspec.json.decode(reply, type=Reply)
            if not told.error:
                self.halts.heard(msgspec.json.decode(told.data, type=BookData).account.equity)

    def answered(self, request: bytes, retcode: int | None) -> None:
        """The gateway answered, or died of it; what it may never say to an exit is told."""
        action = _action(request)
        if action == "KILL_SWITCH":
            self.halts.commanded(request, retcode)
        if retcode is None:
            return
        self.answers[action, retcode] += 1
        if action == "ORDER_CLOSE" and retcode == -6:
            self.world.violated("exits", "the gateway refused an exit because it is halted")

    def execution(
        self,
        order: OrderSend | OrderClose,
        req_id: str,
        outcome: Outcome,
        positions: list[PositionData],
        taken_s: float | None = None,
    ) -> None:
        """The broker executed an order that it took now, or at ``taken_s``; ``positions`` are those after it."""
        done, now_s = outcome.executed, self.world.now_s
        if done is None:
            return
        taken_s = now_s if taken_s is None else taken_s
        self.times[req_id] += 1
        if self.times[req_id] > 1:
            self.world.violated("twice", f"{req_id} was executed {self.times[req_id]} times")
        is_opening = isinstance(order, OrderSend)
        intent = self._intent(req_id)
        if intent is None:
            self.world.violated("journal first", f"{req_id} was executed, and the journal does not know it")
            created_s = self._sent_s.get(req_id, now_s)
        else:
            created_s = intent[0]
            skew_s = self._settings.gtw_skew_max_s
            self._check_time(req_id, *intent, taken_s, skew_s if is_opening else max(skew_s, AHEAD_S_MAX))
        self.executed.append(Executed(now_s, req_id, is_opening, done.volume, created_s))
        if isinstance(order, OrderSend):
            halted_s = self.halts.gateway_since_s
            if halted_s is not None and taken_s > halted_s:
                self.world.violated("halted", f"the gateway opened {req_id} {taken_s - halted_s:.0f} s after its halt")
            self._check_opening(order, req_id, done.volume, positions)

    def reached(self, order: OrderSend | OrderClose, req_id: str) -> None:
        """An order is handed to the broker; what a broker makes of a name that it saw before is its own affair."""
        if self._reached.setdefault(req_id, order) != order:
            self.world.violated("payload", f"{req_id} reached the broker as {order}, and as another order before")

    def cycle_ended(self, record: CycleRecord, positions: list[PositionData], *, is_right: bool) -> None:
        """A cycle that met no fault leaves no own position of its symbol without a stop, or the one after it does not.

        Where ``is_right`` is false the clocks differ, or did lately, and the gateway may take no orders.
        """
        bare = {one.ticket: one.symbol for one in positions if one.magic == self._settings.magic and one.sl is None}
        self._bare = {ticket: count for ticket, count in self._bare.items() if ticket in bare}
        if record.status != "done" or not is_right:
            return
        for ticket in (ticket for ticket, symbol in bare.items() if symbol == record.symbol):
            self._bare[ticket] = count = self._bare.get(ticket, 0) + 1
            if count == BARE_CYCLES_MAX + 1:
                self.world.violated("unprotected", f"position {ticket} has had no stop for {count} cycles")

    def find_unwitnessed(self, venue: Venue) -> None:
        """Learn from the broker's book which of those were executed."""
        for order, req_id in self.unwitnessed:
            found = venue.find(req_id, 0.0)
            if found is not None:
                self.execution(order, req_id, found, venue.positions())
        self.unwitnessed.clear()

    def close(self) -> None:
        """Close what was read."""
        if self._reading is not None:
            self._reading.close()

    def _check_frozen(self, order: OrderSend | OrderClose, req_id: str) -> None:
        """Nothing new is sent while the fate of another order is unknown.

        But a position must be able to leave that a person wants closed, unless its own exit is what is unknown.
        """
        leaving = order.ticket if isinstance(order, OrderClose) and self.halts.flattens else None
        for other, kind, ticket in self._read(f"{UNRESOLVED} AND req_id <> ? AND symbol = ?", (req_id, order.symbol)):
            if leaving is None or (kind == "close" and ticket == leaving):
                self.world.violated("frozen", f"{req_id} was sent while the fate of {other} is unknown")
            else:
                self.world.seen["an exit beside an order of unknown fate"] += 1

    def _intent(self, req_id: str) -> tuple[float, float] | None:
        """When the journal on disk says that an order was created, and until when it may be executed."""
        query = "SELECT created_s, not_after_s FROM intent WHERE req_id = ?"
        found = self._read(query, (req_id,))
        return found[0] if found else None

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        """What the journal has on disk, as another process sees it."""
        if self._reading is None:
            self._reading = connect(f"{self._journal.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        return self._reading.execute(query, values).fetchall()

    def _check_time(self, req_id: str, created_s: float, not_after_s: float, at_s: float, skew_s: float) -> None:
        sent_s = self._sent_s.get(req_id, at_s)
        latest_s = self._clock.latest_true_s(created_s, sent_s) + (not_after_s - created_s)
        late_s = at_s - latest_s - skew_s
        if late_s > 0.01 and sent_s <= self.lost_time_s:
            self.world.seen["late past a gateway that lost its memory and its time"] += 1
        elif late_s > 0.01:
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
        counted = [one for one in positions if one in own or (one.time or 0.0) < self.world.now_s - NEWS_S]
        if len(counted) > settings.positions_max:
            told("limits", f"{req_id} made {len(counted)} positions")
        group_max = min(settings.exposure_group_max, settings.exposure_total_max)  # all symbols have USD in common
        for bound, among in (
            (settings.exposure_symbol_max, {order.symbol}),
            (group_max, {one.symbol for one in counted}),
        ):
            worth = sum(one.volume * CONTRACT * one.price for one in counted if one.symbol in among)
            if worth > bound * 1.01:
                told("limits", f"{req_id} made an exposure of {worth:.0f}")

    def look_back(self) -> None:
        """What shows at the end only: openings within a minute (risk counts whole seconds), and within a day."""
        created = sorted(one.created_s for one in self.executed if one.is_opening)
        for n, first_s in enumerate(created):
            within = sum(other_s < first_s + 59 for other_s in created[n:])
            if within > self._settings.orders_per_minute_max:
                self.world.violated("limits", f"{within} openings within a minute")
        days = Counter(int(at_s // 86_400) for at_s in created)
        if days and max(days.values()) > self._settings.orders_per_day_max:
            self.world.violated("limits", f"{max(days.values())} openings in a day")


def _action(request: bytes) -> str:
    """Of a request as the wire carries it, whose first field it is."""
    return request[11 : request.index(b'"', 11)].decode()


def rows(path: Path, query: str) -> list[Any]:
    """Rows of a file that another process may write."""
    reading = connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return reading.execute(query).fetchall()
    finally:
        reading.close()
