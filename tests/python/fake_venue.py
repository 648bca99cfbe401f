"""A venue that does what a test tells it, counts every execution, and keeps a history of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mt5_sentinel.gateway.venue import MayStill, Outcome, Sought, VenueError
from mt5_sentinel.wire import (
    DONE,
    INTERNAL,
    UNKNOWN,
    AccountData,
    ClosingData,
    Executed,
    Heartbeat,
    OrderClose,
    OrderModify,
    OrderSend,
    PositionData,
    SymbolData,
    Tick,
    comment_of,
)

BID, ASK = 1.1, 1.1001


class FakeVenue:
    """Fills every order whole at one price, unless the next ``said`` says otherwise.

    ``said`` holds what the coming orders answer: an ``Outcome`` (nothing is executed), an exception, or ``lost`` and
    ``not_executed``: an unknown fate, with and without an execution.
    """

    name = "fake"

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.said: list[Outcome | BaseException | str] = []
        self.executions: list[tuple[str, float, OrderSend | OrderClose]] = []
        """Everything executed: request id, time, order."""
        self.open: dict[int, PositionData] = {}
        self.history: dict[str, Outcome] = {}
        self.history_error: Exception | None = None
        self.finds: list[tuple[str, float]] = []
        self.sought: list[Sought | None] = []
        self.checks: list[OrderSend | OrderClose] = []
        self.modifies: list[OrderModify] = []
        self.connected = True
        self.account_data = AccountData(10_000.0, 10_000.0, 9_000.0, "USD")
        self.fails: dict[str, Exception] = {}
        """What a question dies of, by its method's name."""

    def heartbeat(self) -> Heartbeat:
        self._fail("heartbeat")
        return Heartbeat("fake", 0.0, self.connected, self.connected, False)

    def account(self) -> AccountData:
        self._fail("account")
        return self.account_data

    def positions(self) -> list[PositionData]:
        self._fail("positions")
        return list(self.open.values())

    def symbol_info(self, symbol: str) -> SymbolData:
        self._fail("symbol_info")
        if symbol != "EURUSD":
            raise VenueError(f"there is no symbol {symbol}", -3)
        return SymbolData(symbol, BID, ASK, 1e-5, 1e-5, 1.0, 100_000.0, 0.01, 0.01, 100.0, 10.0, tick_utc=self._now_s())

    def check(self, order: OrderSend | OrderClose, req_id: str) -> Outcome:
        self._fail("check")
        self.checks.append(order)
        return Outcome(DONE, "it would be done")

    def send(self, order: OrderSend, req_id: str, may_still: MayStill | None = None) -> Outcome:
        return self._execute(order, req_id)

    def close(self, order: OrderClose, req_id: str, may_still: MayStill | None = None) -> Outcome:
        return self._execute(order, req_id)

    def modify(self, order: OrderModify, req_id: str) -> Outcome:
        said = self.said.pop(0) if self.said else None
        if isinstance(said, BaseException):
            raise said
        if isinstance(said, Outcome):
            return said
        if order.symbol != "EURUSD":
            return Outcome(10013, f"there is no symbol {order.symbol}")
        self.modifies.append(order)
        if said != "not_executed" and order.ticket in self.open:
            old = self.open[order.ticket]
            facts = {name: getattr(old, name) for name in old.__struct_fields__}
            self.open[order.ticket] = PositionData(**facts | {"sl": order.sl, "tp": order.tp})
        return Outcome(UNKNOWN[0], "no answer") if isinstance(said, str) else Outcome(DONE)

    def find(self, req_id: str, since_s: float, sought: Sought | None = None) -> Outcome | None:
        self.finds.append((req_id, since_s))
        self.sought.append(sought)
        if self.history_error is not None:
            raise self.history_error
        return self.history.get(req_id)

    def closings(self, ticket: int) -> list[ClosingData]:
        self._fail("closings")
        return [
            ClosingData(at_s, BID, order.volume, 0.0, "order", comment_of(req_id))
            for req_id, at_s, order in self.executions
            if isinstance(order, OrderClose) and order.ticket == ticket
        ]

    def rates(self, request: object) -> dict[str, Any]:
        self._fail("rates")
        return {"error": True, "ticket": 0, "msg": "no bars here", "retcode": INTERNAL, "req_id": "", "data": {}}

    def tick(self, symbol: str) -> Tick | None:
        self._fail("tick")
        return Tick(symbol, BID, ASK, self._now_s(), self._now_s())

    @property
    def executed_ids(self) -> list[str]:
        """Request ids of all executions, in their order."""
        return [req_id for req_id, _, _ in self.executions]

    def _execute(self, order: OrderSend | OrderClose, req_id: str) -> Outcome:
        said = self.said.pop(0) if self.said else "done"
        if isinstance(said, BaseException):
            raise said
        if isinstance(said, Outcome):
            return said
        if said == "not_executed":
            return Outcome(UNKNOWN[0], "no answer")
        if order.symbol != "EURUSD":
            return Outcome(10013, f"there is no symbol {order.symbol}")
        self.executions.append((req_id, self._now_s(), order))
        ticket = self._fill(order, req_id)
        done = Outcome(DONE, "", Executed(ticket, ASK if order.type == "OP_BUY" else BID, order.volume))
        self.history[req_id] = done
        return Outcome(UNKNOWN[0], "no answer") if said == "lost" else done

    def _fill(self, order: OrderSend | OrderClose, req_id: str) -> int:
        if isinstance(order, OrderClose):
            old = self.open.pop(order.ticket, None)
            left = round(old.volume - order.volume, 8) if old is not None else 0.0
            if old is not None and left > 0:
                facts = {name: getattr(old, name) for name in old.__struct_fields__}
                self.open[order.ticket] = PositionData(**facts | {"volume": left})
            return order.ticket
        ticket = len(self.executions)
        price = ASK if order.type == "OP_BUY" else BID
        self.open[ticket] = PositionData(
            *(ticket, order.symbol, order.type, order.volume, price, order.sl, order.tp, self._now_s(), order.magic),
            profit=0.0,
            comment=comment_of(req_id),
        )
        return ticket

    def _fail(self, method: str) -> None:
        if method in self.fails:
            raise self.fails[method]
