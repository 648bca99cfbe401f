"""A gateway's venue on a fake terminal, with a clock that a test moves."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

from mt5_sentinel import wire
from mt5_sentinel.gateway.mt5_terminal import Launch, Terminal
from mt5_sentinel.gateway.mt5_venue import Mt5Venue
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.secret import Secret
from tests.python.fake_mt5_trading import FakeMt5

MAGIC = 7


class World:
    """Its time moves when a test says so."""

    def __init__(self, text: str) -> None:
        self.now_s = datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()

    def wall_s(self) -> float:
        return self.now_s

    def monotonic_s(self) -> float:
        return self.now_s


class Mt5Desk:
    """EURUSD at 1.10000/1.10010 on a Tuesday in July; the connection is old enough to be trusted."""

    def __init__(self, *, is_hedging: bool = True, now: str = "2026-07-07 12:30:00") -> None:
        self.world = World(now)
        self.fake = FakeMt5(self.world.wall_s, is_hedging=is_hedging)
        self.server = self.fake.server
        self.venue = self.another_venue()
        self.venue.heartbeat()
        self.made_s = self.world.now_s
        self.wait(60)
        self._ids = 0

    def another_venue(self) -> Mt5Venue:
        """As after a restart of the gateway: it knows nothing but what the terminal tells."""
        terminal = Terminal(
            self.fake, Launch("C:\\terminal64.exe", 5001, Secret("pass-word"), "Broker-Demo"), self.world.monotonic_s
        )
        terminal.start()
        terminal.begin()
        return Mt5Venue(terminal, self.world.wall_s)

    def wait(self, seconds: float) -> None:
        self.world.now_s += seconds

    def req_id(self) -> str:
        self._ids += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"order {self._ids}"))

    def order(self, **changes: Any) -> wire.OrderSend:
        made: dict[str, Any] = {"symbol": "EURUSD", "type": "OP_BUY", "volume": 0.2, "magic": MAGIC}
        return wire.OrderSend(**(made | changes))

    def send(self, req_id: str | None = None, **changes: Any) -> Outcome:
        return self.venue.send(self.order(**changes), req_id or self.req_id(), self.may_still)

    def open(self, **changes: Any) -> int:
        """Ticket of a position that is open now."""
        outcome = self.send(**changes)
        assert outcome.executed is not None
        return outcome.executed.ticket

    def closing(self, ticket: int, **changes: Any) -> wire.OrderClose:
        made: dict[str, Any] = {"symbol": "EURUSD", "ticket": ticket, "type": "OP_SELL", "volume": 0.2, "magic": MAGIC}
        return wire.OrderClose(**(made | changes))

    def close(self, ticket: int, req_id: str | None = None, **changes: Any) -> Outcome:
        return self.venue.close(self.closing(ticket, **changes), req_id or self.req_id(), self.may_still)

    def change_symbol(self, **changes: Any) -> None:
        self.server.symbols["EURUSD"] = self.server.symbols["EURUSD"]._replace(**changes)

    def may_still(self) -> bool:
        return self.world.now_s < self.made_s + 3600
