"""What the package MetaTrader5 answers with: its named tuples, the fields that trading needs, under their own names."""

from __future__ import annotations

from typing import Any, NamedTuple


class TerminalInfo(NamedTuple):
    connected: bool = True
    trade_allowed: bool = True
    tradeapi_disabled: bool = False
    build: int = 4755
    name: str = "MetaTrader 5"
    path: str = "C:\\Program Files\\MetaTrader 5"
    ping_last: int = 40_000


class AccountInfo(NamedTuple):
    login: int
    trade_mode: int
    leverage: int
    margin_mode: int
    trade_allowed: bool
    trade_expert: bool
    balance: float
    profit: float
    equity: float
    margin: float
    margin_free: float
    currency: str = "USD"
    server: str = "Broker-Demo"
    company: str = "A Broker"


class SymbolInfo(NamedTuple):
    name: str
    visible: bool = True
    select: bool = True
    digits: int = 5
    point: float = 0.00001
    trade_tick_size: float = 0.00001
    trade_tick_value: float = 1.0
    trade_contract_size: float = 100_000.0
    volume_min: float = 0.01
    volume_step: float = 0.01
    volume_max: float = 50.0
    trade_stops_level: int = 0
    trade_freeze_level: int = 0
    filling_mode: int = 3
    trade_mode: int = 4
    trade_exemode: int = 2
    spread: int = 10
    bid: float = 0.0
    ask: float = 0.0


class Tick(NamedTuple):
    time: int
    bid: float
    ask: float
    last: float
    volume: int
    time_msc: int
    flags: int = 6
    volume_real: float = 0.0


class OrderSendResult(NamedTuple):
    retcode: int
    deal: int
    order: int
    volume: float
    price: float
    bid: float
    ask: float
    comment: str
    request_id: int
    retcode_external: int
    request: Any


class OrderCheckResult(NamedTuple):
    retcode: int
    balance: float
    equity: float
    profit: float
    margin: float
    margin_free: float
    margin_level: float
    comment: str
    request: Any


class TradePosition(NamedTuple):
    ticket: int
    time: int
    time_msc: int
    time_update: int
    time_update_msc: int
    type: int
    magic: int
    identifier: int
    reason: int
    volume: float
    price_open: float
    sl: float
    tp: float
    price_current: float
    swap: float
    profit: float
    symbol: str
    comment: str
    external_id: str = ""


class TradeOrder(NamedTuple):
    ticket: int
    time_setup: int
    time_setup_msc: int
    time_done: int
    time_done_msc: int
    time_expiration: int
    type: int
    type_time: int
    type_filling: int
    state: int
    magic: int
    position_id: int
    position_by_id: int
    reason: int
    volume_initial: float
    volume_current: float
    price_open: float
    sl: float
    tp: float
    price_current: float
    price_stoplimit: float
    symbol: str
    comment: str
    external_id: str = ""


class TradeDeal(NamedTuple):
    ticket: int
    order: int
    time: int
    time_msc: int
    type: int
    entry: int
    magic: int
    position_id: int
    reason: int
    volume: float
    price: float
    commission: float
    swap: float
    profit: float
    fee: float
    symbol: str
    comment: str
    external_id: str = ""
