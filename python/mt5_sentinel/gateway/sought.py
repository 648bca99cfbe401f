"""What the memory knows of an order, for a venue that looks for it."""

from __future__ import annotations

import msgspec

from mt5_sentinel.gateway.memory import Entry, Memory
from mt5_sentinel.gateway.venue import Sought
from mt5_sentinel.wire import VALID_S_MAX, OrderClose, OrderSend

EARLY_S = 300.0
"""Orders that came so much earlier may stand beside it in the history."""


def sought(memory: Memory, entry: Entry) -> Sought:
    """Of an order that came."""
    order: OrderSend | OrderClose | None = None
    if entry.action == "ORDER_SEND":
        order = msgspec.json.decode(entry.payload, type=OrderSend)
    elif entry.action == "ORDER_CLOSE":
        order = msgspec.json.decode(entry.payload, type=OrderClose)
    return Sought(order, entry.not_after_s or None, memory.opened_since(entry.timestamp_s - EARLY_S))


def sought_id(memory: Memory, created_s: float | None) -> Sought:
    """Of an id that is not known, of an order made at ``created_s``, UTC, if that is told."""
    if created_s is None:
        return Sought(None, None, memory.opened_since(0.0))
    return Sought(None, created_s + VALID_S_MAX, memory.opened_since(created_s - EARLY_S))
