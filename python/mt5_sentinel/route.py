"""Order safety: an order is on disk before the broker hears of it, and one whose fate is unknown freezes the symbol."""

from __future__ import annotations

import logging
import uuid

from mt5_sentinel import _core
from mt5_sentinel.errors import Refused, Uncertain
from mt5_sentinel.orders import Orders
from mt5_sentinel.ports import Broker, Clock
from mt5_sentinel.types import CycleRecord, Execution, OrderRequest

REQUEST_NAMESPACE = uuid.UUID("5d3c8a52-1e0c-5a42-9f0b-6f6d74352d73")
"""Fixed for ever: the same intent must give the same request id on every machine and after every restart."""

VALID_FOR_S = 30.0
"""How long after its decision an order may still reach the market."""

SETTLED_AFTER_S = 10.0
"""How much longer an order that the broker never saw may be under way: its clock and ours may differ that far."""

EXIT_DEVIATION_POINTS = 1000
"""How far from the price an exit may be filled: being out matters more than the price."""

log = logging.getLogger("mt5_sentinel")


class Route:
    """The way of one symbol's orders to its broker."""

    def __init__(self, broker: Broker, orders: Orders, clock: Clock, *, symbol: str, magic: int) -> None:
        """Nothing is sent yet."""
        self._broker = broker
        self._orders = orders
        self._clock = clock
        self._symbol = symbol
        self._magic = magic

    def leave(self, exit_: _core.Exit, record: CycleRecord) -> bool:
        """Close a position.

        Returns:
            Whether all of it was closed.

        Raises:
            Uncertain: whether it was is not known.
        """
        attempt = self._orders.attempts(self._symbol, "close", ticket=exit_.ticket)
        now_s = self._clock.wall_s()
        request = OrderRequest(
            req_id=self._req_id(record, "close", exit_.ticket, attempt),
            kind="close",
            symbol=self._symbol,
            side=exit_.side,
            lots=exit_.lots,
            purpose=exit_.purpose,
            magic=self._magic,
            created_s=now_s,
            not_after_s=now_s + VALID_FOR_S,
            ticket=exit_.ticket,
            deviation_points=EXIT_DEVIATION_POINTS,
            bar_open_s=record.bar_open_s if exit_.purpose == "signal" else None,
        )
        self.intend(request, record)
        execution = self.send(request, record)
        return execution is not None and execution.lots >= request.lots

    def entry(self, entry: _core.Entry, record: CycleRecord) -> OrderRequest:
        """The order that opens what risk approved; it is neither written nor sent yet."""
        bar_open_s = record.bar_open_s or 0
        attempt = self._orders.attempts(self._symbol, "open", bar_open_s=bar_open_s)
        now_s = self._clock.wall_s()
        return OrderRequest(
            req_id=self._req_id(record, "open", bar_open_s, entry.side, attempt),
            kind="open",
            symbol=self._symbol,
            side=entry.side,
            lots=entry.lots,
            purpose="signal",
            magic=self._magic,
            created_s=now_s,
            not_after_s=now_s + VALID_FOR_S,
            sl=entry.sl,
            tp=entry.tp,
            deviation_points=entry.deviation_points,
            bar_open_s=bar_open_s,
        )

    def intend(self, request: OrderRequest, record: CycleRecord) -> None:
        """Write the order down. From here on it counts as open until its fate is known."""
        self._orders.intend(request, record.cycle_id)
        record.req_id, record.side, record.outcome = request.req_id, request.side, "intended"

    def send(self, request: OrderRequest, record: CycleRecord) -> Execution | None:
        """Send an order that is written down, and write down what became of it.

        Returns:
            What was executed; ``None`` where the broker refused.

        Raises:
            Uncertain: no answer; the symbol is frozen until ``recover`` has one.
        """
        try:
            execution = self._broker.send(request, self._clock.wall_s())
        except Refused as error:
            record.outcome, record.reason, record.detail = "refused", error.reason, str(error)
            record.outcomes.append("refused")
            self._orders.settle(request, "refused", self._clock.wall_s(), detail=str(error))
            log.warning("Broker refused: %s", error)
            return None
        except Uncertain as error:
            record.outcome = "unknown"
            record.outcomes.append("unknown")
            self._orders.settle(request, "unknown", self._clock.wall_s(), detail=str(error))
            raise
        record.outcome = "filled" if execution.lots >= request.lots else "partial"
        record.outcomes.append(record.outcome)
        self._orders.settle(request, "filled", self._clock.wall_s(), execution=execution)
        log.info("✓ Order filled (%s): %s at %.5f", record.mode, _told(request, execution.lots), execution.price)
        return execution

    def recover(self, *, give_up: bool = False) -> None:
        """Ask the broker about every order whose fate the journal does not know; start-up and daily life are one path.

        Args:
            give_up: a person takes the broker's book as it is: an order that cannot be told, and is too late by now,
                is not waited for any more.

        Raises:
            Uncertain: the broker cannot tell yet about one of them; the symbol stays frozen.
        """
        unclear: list[Uncertain] = []
        for request in self._orders.unresolved(self._symbol):
            try:
                self._resolve(request)
            except Uncertain as error:  # noqa: PERF203 - orders whose fate is unknown are few
                if give_up and not self._may_come(request):
                    self._orders.settle(request, "not_sent", self._clock.wall_s(), detail=f"given up: {error}")
                    log.warning("Order %s (%s) is given up, as asked", request.req_id, _told(request, request.lots))
                else:
                    unclear.append(error)
        if unclear:
            raise unclear[0]

    def _resolve(self, request: OrderRequest) -> None:
        now_s, told = self._clock.wall_s(), _told(request, request.lots)
        try:
            execution = self._broker.lookup(request.req_id, request.created_s)
        except Refused as error:
            self._orders.settle(request, "refused", now_s, detail=str(error))
            log.warning("Recovered order %s (%s): %s", request.req_id, told, error)
            return
        if execution is not None:
            self._orders.settle(request, "filled", now_s, execution=execution)
            log.warning("Recovered order %s (%s): filled at %.5f", request.req_id, told, execution.price)
        elif self._may_come(request):
            message = f"order {request.req_id} ({told}) was not seen by the broker yet, and may still be under way"
            raise Uncertain(message, "order_pending")
        else:
            self._orders.settle(request, "not_sent", now_s, detail="the broker never saw it, and it is too late now")
            log.warning("Recovered order %s (%s): the broker never saw it", request.req_id, told)

    def _may_come(self, request: OrderRequest) -> bool:
        """Whether the order may still be under way; one of a time that this clock has not reached cannot be."""
        return request.created_s <= self._clock.wall_s() <= request.not_after_s + SETTLED_AFTER_S

    def _req_id(self, record: CycleRecord, *intent: object) -> str:
        named = (record.mode, self._magic, self._symbol, *intent)
        return str(uuid.uuid5(REQUEST_NAMESPACE, "|".join(str(part) for part in named)))


def _told(request: OrderRequest, lots: float) -> str:
    verb = request.side if request.kind == "open" else "closed"
    return f"{verb} {lots:g} lots {request.symbol}"
