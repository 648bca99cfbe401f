"""``MT5-CRS JSON v1``: the messages between daemon and gateway, as both ends read them.

Times are UTC unix seconds, volumes lots, prices price units, money account currency.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Annotated, Any, Literal

import msgspec

DONE, PARTIAL, PLACED = 10009, 10010, 10008
MALFORMED, MISSING, INVALID, INTERNAL, EXPIRED, HALTED = -1, -2, -3, -4, -5, -6

EXECUTED = (DONE, PARTIAL)
"""Retcodes of an order that was filled, whole or in part."""

UNKNOWN = (10012, 10031)
"""Retcodes after which the order may or may not be executed: the server's time-out, and no connection."""

RETCODES = {
    MALFORMED: "malformed",
    MISSING: "field missing or action unknown",
    INVALID: "invalid value",
    INTERNAL: "internal error",
    EXPIRED: "expired",
    HALTED: "halted",
    10004: "requote",
    10006: "rejected",
    10007: "cancelled",
    PLACED: "placed",
    DONE: "done",
    PARTIAL: "partly done",
    10011: "error at the broker",
    10012: "unknown: time-out",
    10013: "invalid request",
    10014: "invalid volume",
    10015: "invalid price",
    10016: "invalid stops",
    10017: "trade disabled",
    10018: "market closed",
    10019: "no money",
    10020: "price changed",
    10021: "no quotes",
    10022: "invalid expiration",
    10023: "order changed",
    10024: "too many requests",
    10025: "no changes",
    10026: "algorithmic trading off at the server",
    10027: "algorithmic trading off in the terminal",
    10028: "locked",
    10029: "frozen",
    10030: "invalid filling mode",
    10031: "unknown: no connection",
    10032: "only for real accounts",
    10033: "too many pending orders",
    10034: "volume limit",
    10035: "invalid order type",
    10036: "position already closed",
    10038: "close volume exceeds the position",
    10039: "already being closed",
    10040: "too many positions",
    10041: "cancelled while activating",
    10042: "long positions only",
    10043: "short positions only",
    10044: "closing only",
    10045: "first in, first out",
    10046: "hedging prohibited",
}
"""Every code a reply may have; the positive ones are the terminal's own."""

ACTIONS = (
    *("HEARTBEAT", "ACCOUNT", "POSITIONS", "SYMBOL_INFO", "RATES", "CLOSINGS"),
    *("ORDER_CHECK", "ORDER_SEND", "ORDER_CLOSE", "ORDER_MODIFY", "ORDER_LOOKUP", "KILL_SWITCH"),
)

VALID_S_MAX = 60.0
"""How long after its ``timestamp`` a request may be valid at most."""

Symbol = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._#+-]{0,31}\Z")]
Lots = Annotated[float, msgspec.Meta(ge=0.01, le=100)]
Price = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Ticket = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
Magic = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53))]
Points = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=99_999_999_999)]
ReqId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")]
Comment = Annotated[str, msgspec.Meta(max_length=31)]


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
    ticket: int
    msg: str
    retcode: Annotated[int, msgspec.Meta(ge=-(1 << 31), le=(1 << 31))]
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
    volume: Lots
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


class Heartbeat(msgspec.Struct, frozen=True):
    """Data of ``HEARTBEAT``: whether orders can be executed, and what time it is over there."""

    broker: str
    utc: Seconds
    connected: bool
    """Whether the terminal is connected to its server."""
    trade_allowed: bool
    halted: bool
    """Whether the kill switch is on."""
    version: str = ""
    reason: str = ""
    """Why it is halted, or trading is not allowed."""


class AccountData(msgspec.Struct, frozen=True):
    """Data of ``ACCOUNT``."""

    balance: float
    equity: float
    margin_free: float
    currency: str
    login: int = 0
    hedging: bool = True
    """Whether a symbol may have several positions; else orders net."""


class PositionData(msgspec.Struct, frozen=True):
    """One of ``positions`` in the data of ``POSITIONS``."""

    ticket: Ticket
    symbol: str
    type: Literal["OP_BUY", "OP_SELL"]
    volume: float
    price: float
    sl: float | None
    tp: float | None
    time: Seconds | None
    """When it was opened, UTC; ``null`` until a terminal's gateway has measured the broker's clock."""
    magic: int
    profit: float
    comment: str = ""


class Positions(msgspec.Struct, frozen=True):
    """Data of ``POSITIONS``: all of the account."""

    positions: list[PositionData]


class SymbolData(msgspec.Struct, frozen=True):
    """Data of ``SYMBOL_INFO``."""

    symbol: str
    bid: float
    ask: float
    point: float
    tick_size: float
    tick_value: float
    """Account currency per lot for one tick."""
    contract_size: float
    volume_min: float
    volume_step: float
    volume_max: float
    stops_level: float
    """Smallest distance of stops from the price, points."""
    trade_allowed: bool = True
    server_time: Seconds | None = None
    """When the newest tick came, by the wall clock of the broker's server."""
    tick_utc: Seconds | None = None
    """The same in UTC, where the gateway can tell."""


class Executed(msgspec.Struct, frozen=True):
    """Data of a filled order, in the reply to it and within that of ``ORDER_LOOKUP``."""

    ticket: int
    """Of the position."""
    price: float
    volume: float
    profit: float = 0.0


class Looked(msgspec.Struct, frozen=True):
    """Data of ``ORDER_LOOKUP``.

    ``executed``: with what it did. ``refused``: with its retcode and words. ``unseen``: it never came, and is refused
    from now on. ``unknown``: the broker cannot tell yet; ask again.
    """

    state: Literal["executed", "refused", "unseen", "unknown"]
    retcode: int
    msg: str = ""
    executed: Executed | None = None


class ClosingData(msgspec.Struct, frozen=True):
    """One of ``closings`` in the data of ``CLOSINGS``."""

    time: Seconds | None
    """UTC; ``null`` as in ``PositionData``."""
    price: float
    volume: float
    profit: float
    by: Literal["order", "stop_loss", "take_profit", "stop_out", "by_hand", "unknown"]
    comment: str = ""


class Closings(msgspec.Struct, frozen=True):
    """Data of ``CLOSINGS``: how a position was closed, oldest first."""

    closings: list[ClosingData]


class Tick(msgspec.Struct, frozen=True):
    """Second frame of a published tick; the first is the symbol."""

    symbol: str
    bid: float
    ask: float
    server_time: float
    utc: Seconds


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
