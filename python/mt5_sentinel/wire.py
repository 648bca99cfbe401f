"""``MT5-CRS JSON v1``: the messages between daemon and gateway, as both ends read them.

Times are UTC unix seconds, volumes lots, prices price units, money account currency.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Annotated, Any, Literal

import msgspec

from mt5_sentinel.wire_data import (
    AccountData,
    BookData,
    ClosingData,
    ClosingLots,
    Closings,
    Comment,
    Executed,
    Heartbeat,
    Looked,
    Lots,
    Magic,
    Points,
    PositionData,
    Positions,
    Price,
    ReqId,
    Seconds,
    Symbol,
    SymbolData,
    Tick,
    Ticket,
)

__all__ = [
    "ACTIONS",
    "DONE",
    "EXECUTED",
    "EXPIRED",
    "HALTED",
    "INTERNAL",
    "INVALID",
    "MALFORMED",
    "MISSING",
    "PARTIAL",
    "PLACED",
    "UNKNOWN",
    "VALID_S_MAX",
    "AccountData",
    "BookData",
    "ClosingData",
    "ClosingLots",
    "Closings",
    "Comment",
    "Executed",
    "Heartbeat",
    "KillSwitch",
    "Looked",
    "Lots",
    "Magic",
    "OfPosition",
    "OfSymbol",
    "OrderClose",
    "OrderLookup",
    "OrderModify",
    "OrderSend",
    "Points",
    "PositionData",
    "Positions",
    "Price",
    "Reply",
    "ReqId",
    "Request",
    "Seconds",
    "Symbol",
    "SymbolData",
    "Tick",
    "Ticket",
    "comment_of",
    "req_id_of",
    "request",
]

DONE, PARTIAL, PLACED = 10009, 10010, 10008
MALFORMED, MISSING, INVALID, INTERNAL, EXPIRED, HALTED = -1, -2, -3, -4, -5, -6

EXECUTED = (DONE, PARTIAL)
"""Retcodes of an order that was filled, whole or in part."""

UNKNOWN = (10012, 10031)
"""Retcodes after which the order may or may not be executed: the server's time-out, and no connection."""

ACTIONS = (
    *("HEARTBEAT", "ACCOUNT", "POSITIONS", "BOOK", "SYMBOL_INFO", "RATES", "CLOSINGS"),
    *("ORDER_CHECK", "ORDER_SEND", "ORDER_CLOSE", "ORDER_MODIFY", "ORDER_LOOKUP", "KILL_SWITCH"),
)

VALID_S_MAX = 60.0
"""How long after its ``timestamp`` a request may be valid at most."""


class Request(msgspec.Struct, frozen=True):
    """The envelope; the payload is read by its action."""

    action: Annotated[str, msgspec.Meta(max_length=32)]
    req_id: ReqId
    timestamp: Seconds
    not_after: Seconds
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class Reply(msgspec.Struct, frozen=True):
    """The envelope of an answer; ``retcode`` tells what happened, never ``error`` alone."""

    error: bool
    retcode: Annotated[int, msgspec.Meta(ge=-(1 << 31), le=(1 << 31))]
    ticket: int = 0
    msg: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")
    req_id: str | None = None


class OrderSend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payload of ``ORDER_SEND``, and of ``ORDER_CHECK`` for an opening."""

    symbol: Symbol
    type: Literal["OP_BUY", "OP_SELL"]
    volume: Lots
    magic: Magic
    comment: Comment = ""
    sl: Price | None = None
    tp: Price | None = None
    deviation: Points = 0


class OrderClose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payload of ``ORDER_CLOSE``: a position of this symbol and side, whole or in part."""

    symbol: Symbol
    ticket: Ticket
    type: Literal["OP_BUY", "OP_SELL"]
    """Of the closing order: a long position is closed by ``OP_SELL``."""
    volume: ClosingLots
    magic: Magic
    comment: Comment = ""
    deviation: Points = 0


class OrderModify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payload of ``ORDER_MODIFY``: both levels as they shall be; ``null`` takes one away."""

    symbol: Symbol
    ticket: Ticket
    sl: Price | None
    tp: Price | None


class OrderLookup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payload of ``ORDER_LOOKUP``."""

    req_id: ReqId
    created: Seconds | None = None
    """``timestamp`` of the order that is looked for: where the gateway's memory reaches back so far, it alone tells."""


class KillSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payload of ``KILL_SWITCH``."""

    on: bool
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class OfSymbol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payload of ``SYMBOL_INFO``."""

    symbol: Symbol


class OfPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payload of ``CLOSINGS``."""

    ticket: Ticket


def comment_of(req_id: str) -> str:
    """A request id as an order's comment: 22 characters, so that it fits beside what brokers add."""
    return base64.urlsafe_b64encode(uuid.UUID(req_id).bytes).decode().rstrip("=")


def req_id_of(comment: str) -> str | None:
    """The request id in a comment; ``None`` where there is none."""
    if len(comment) < 22:
        return None
    try:
        return str(uuid.UUID(bytes=base64.urlsafe_b64decode(comment[:22] + "==")))
    except (binascii.Error, ValueError):
        return None


def request(action: str, req_id: str, now_s: float, not_after_s: float, payload: Any) -> bytes:  # noqa: ANN401
    """A request as it goes over the wire."""
    envelope = {"action": action, "req_id": req_id, "timestamp": now_s, "not_after": not_after_s}
    return msgspec.json.encode(envelope | {"payload": payload})
