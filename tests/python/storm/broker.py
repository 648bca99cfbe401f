"""A broker with bad days: it refuses, requotes, fills in part, and loses its tongue; each order goes past a witness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from mt5_sentinel.gateway.venue import MayStill, Outcome, Sought, Venue, VenueError
from mt5_sentinel.wire import OrderClose, OrderModify, OrderSend, PositionData
from tests.python.storm.machine import Died, Machine
from tests.python.storm.watch import Watch

REFUSALS = {"requote": 10004, "rejected": 10006, "price changed": 10020, "market closed": 10018}

LATE_S_MAX = 25.0
"""How much later the broker executes at most what it did not answer."""

SLOW_S_MAX = 45.0
"""How long it takes at most until the broker can be asked; longer than an order is valid."""

Order = TypeVar("Order", OrderSend, OrderClose)


class StormVenue:
    """``Venue`` around another one."""

    def __init__(self, broker: Callable[[], Venue], machine: Machine, watch: Watch) -> None:
        """Stand between the gateway and its broker, whose door may be another one after a restart."""
        self.name = broker().name
        self._broker = broker
        self._machine = machine
        self._world = machine.world
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        """Questions pass."""
        return getattr(self._broker(), name)

    def positions(self) -> list[PositionData]:
        if self._world.strikes("broker: positions cannot be read"):
            raise VenueError("the terminal does not tell its positions", -4)
        return self._broker().positions()

    def find(self, req_id: str, since_s: float, sought: Sought | None = None) -> Outcome | None:
        if self._world.strikes("broker: history cannot be read"):
            raise VenueError("the history cannot be read", -4)
        if req_id in self._watch.working & self._watch.forgotten:
            raise VenueError("an order of that id is still at work", 10012)
        return self._broker().find(req_id, since_s, sought)

    def send(self, order: OrderSend, req_id: str, may_still: MayStill | None = None) -> Outcome:
        return self._order(order, req_id, "send", may_still)

    def close(self, order: OrderClose, req_id: str, may_still: MayStill | None = None) -> Outcome:
        return self._order(order, req_id, "close", may_still)

    def modify(self, order: OrderModify, req_id: str) -> Outcome:
        return self._broker().modify(order, req_id)

    def _order(self, order: Order, req_id: str, verb: str, may_still: MayStill | None) -> Outcome:
        strikes = self._world.strikes
        self._watch.reached(order, req_id)
        self._machine.may_die("before the broker's call")
        if strikes("broker: slow before it takes an order"):
            self._world.stall(self._world.between(1, SLOW_S_MAX))
        for what, retcode in REFUSALS.items():
            if strikes(f"broker: {what}"):
                return Outcome(retcode, what)
        if strikes("broker: unknown, not executed"):
            return Outcome(10012, "no answer")
        if (may_still is None or may_still()) and strikes("broker: unknown, executed later"):
            taken_s, after_s = self._world.now_s, self._world.between(0, LATE_S_MAX)
            self._watch.working.add(req_id)
            self._world.later(after_s, lambda: self._execute_late(order, req_id, verb, taken_s))
            return Outcome(10031, "no connection")
        if order.volume >= 0.02 and strikes("broker: filled in part"):
            part = round(max(0.01, order.volume * self._world.between(0.1, 0.9)), 2)
            outcome = self._execute(msgspec.structs.replace(order, volume=part), req_id, verb, may_still)
            if outcome.executed is not None:
                outcome = msgspec.structs.replace(outcome, retcode=10010)
        else:
            outcome = self._execute(order, req_id, verb, may_still)
        self._machine.may_die("after the broker's call")
        if strikes("broker: unknown, executed"):
            return Outcome(10012, "no answer")
        return outcome

    def _execute(
        self, order: Order, req_id: str, verb: str, may_still: MayStill | None = None, taken_s: float | None = None
    ) -> Outcome:
        try:
            outcome: Outcome = getattr(self._broker(), verb)(order, req_id, may_still)
        except Died:
            self._watch.unwitnessed.append((order, req_id))
            raise
        if outcome.executed is not None:
            with self._machine.left_alone():
                positions = self._broker().positions()
            self._watch.execution(order, req_id, outcome, positions, taken_s)
        return outcome

    def _execute_late(self, order: Order, req_id: str, verb: str, taken_s: float) -> None:
        """The broker's own computer works on, whatever became of the gateway since."""
        self._watch.working.discard(req_id)
        with self._machine.left_alone():
            self._execute(order, req_id, verb, taken_s=taken_s)
