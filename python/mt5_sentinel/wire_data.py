"""What the gateway answers with, and the kinds of values on its wire; see wire.py."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Symbol = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._#+-]{0,31}\Z")]
Lots = Annotated[float, msgspec.Meta(ge=0.01, le=100)]
ClosingLots = Annotated[float, msgspec.Meta(gt=0, le=1000)]
"""What is left of a position by hand may be less than an order may open."""
Price = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Ticket = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
Magic = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53))]
Points = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=99_999_999_999)]
ReqId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")]
Comment = Annotated[str, msgspec.Meta(max_length=31)]


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


class BookData(msgspec.Struct, frozen=True):
    """Data of ``BOOK``: what ``HEARTBEAT``, ``ACCOUNT`` and ``POSITIONS`` tell, at one moment."""

    heartbeat: Heartbeat
    account: AccountData
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
