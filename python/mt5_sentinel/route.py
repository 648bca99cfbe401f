"""Order safety: the intent is on disk before the broker hears of it, and an unknown outcome freezes the symbol."""

from __future__ import annotations

import logging
import uuid

from mt5_sentinel import _core
from mt5_sentinel.errors import Refused, Uncertain
from mt5_sentinel.journal import Journal
from mt5_sentinel.ports import Broker
from mt5_sentinel.types import CycleRecord, OrderRequest

REQUEST_NAMESPACE = uuid.UUID("5d3c8a52-1e0c-5a42-9f0b-6f6d74352d73")
"""Fixed for ever: the same intent must give the same request id on every machine and after every restart."""

VALID_FOR_S = 30.0
"""How long after its decision an order may still reach the market."""

log = logging.getLogger("mt5_sentinel")


def route(ruling: _core.Ruling, broker: Broker, journal: Journal, record: CycleRecord, now_s: float) -> None:
    """Send what risk approved, exactly once, and write down what became of it."""
    if ruling.refusal is not None:
        record.reason = ruling.refusal
        log.warning("Risk refused: %s", ruling.refusal)
    if ruling.order is None:
        record.outcome = "refused"
        return
    request = _request(ruling.order, record, now_s)
    record.req_id, record.side = request.req_id, request.side
    journal.intend(request, record)
    try:
        fill = broker.send(request, now_s)
    except Refused as error:
        record.outcome, record.detail = "refused", str(error)
        record.reason = error.reason
        journal.settle(request.req_id, "refused", detail=str(error))
        log.warning("Broker refused: %s", error)
    except Uncertain as error:
        record.outcome = "unknown"
        journal.settle(request.req_id, "unknown", detail=str(error))
        raise
    else:
        record.outcome = "filled"
        journal.settle(request.req_id, "filled", fill=fill)
        verb = f"{request.side} {fill.opened_lots:g} lots" if fill.opened_lots else f"closed {fill.closed_lots:g} lots"
        log.info("✓ Order filled (%s): %s %s at %.5f", record.mode, verb, record.symbol, fill.price)


def recover(broker: Broker, journal: Journal, symbol: str) -> None:
    """Ask the broker about every order whose fate the journal does not know; start-up and daily life are one path.

    Raises:
        Uncertain: the broker cannot tell yet; the symbol stays frozen.
    """
    for req_id in journal.unresolved(symbol):
        fill = broker.lookup(req_id)
        if fill is None:
            journal.settle(req_id, "not_sent", detail="found at start of a cycle; the broker never saw it")
            log.warning("Recovered order %s: the broker never saw it", req_id)
        else:
            journal.settle(req_id, "filled", fill=fill)
            log.warning("Recovered order %s: it was filled at %.5f", req_id, fill.price)


def _request(order: _core.Order, record: CycleRecord, now_s: float) -> OrderRequest:
    bar_open_s = record.bar_open_s or 0
    name = f"{record.mode}|{record.symbol}|{bar_open_s}|{order.side}"
    return OrderRequest(
        req_id=str(uuid.uuid5(REQUEST_NAMESPACE, name)),
        symbol=record.symbol,
        side=order.side,
        close_lots=order.close_lots,
        open_lots=order.open_lots,
        bar_open_s=bar_open_s,
        created_s=now_s,
        not_after_s=now_s + VALID_FOR_S,
    )
