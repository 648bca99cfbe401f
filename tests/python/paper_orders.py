"""Orders and prices for the tests of the paper broker."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path
from typing import Any

from mt5_sentinel import _core
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.types import OrderRequest

DEPOSIT = 10_000.0
NOON_S = 1_700_000_000 // 86_400 * 86_400 + 43_200


def uid(name: str) -> str:
    """A request id."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def quote(bid: float, time_s: int = NOON_S, spread: float = 0.0001) -> _core.Quote:
    """Bid and ask a pip apart."""
    return _core.Quote(time_s=time_s, bid=bid, ask=bid + spread)


def account(path: Path, **changes: Any) -> PaperAccount:
    """An account of 10,000 USD that trades EURUSD."""
    terms: dict[str, Any] = {"deposit": DEPOSIT, "currency": "USD"}
    made = PaperAccount(path, **(terms | changes))
    made.know("EURUSD", _core.SymbolFacts("EURUSD", "USD"))
    return made


def opening(name: str, **changes: Any) -> OrderRequest:
    """An order for a long of a tenth of a lot."""
    told: dict[str, Any] = {
        "req_id": uid(name),
        "kind": "open",
        "symbol": "EURUSD",
        "side": "BUY",
        "lots": 0.1,
        "purpose": "signal",
        "magic": 7,
        "created_s": NOON_S,
        "not_after_s": NOON_S + 30.0,
        "sl": 1.09,
        "tp": 1.12,
        "deviation_points": 20,
    }
    return OrderRequest(**(told | changes))


def closing(name: str, ticket: int = 1, **changes: Any) -> OrderRequest:
    """An order that closes it."""
    told: dict[str, Any] = {"kind": "close", "side": "SELL", "ticket": ticket, "sl": None, "tp": None}
    return opening(name, **(told | changes))


def bars(*rows: tuple[int, float, float, float, float]) -> _core.Bars:
    """Bars of open time, open, high, low, close."""
    times, opens, highs, lows, closes = (list(column) for column in zip(*rows, strict=True))
    return _core.Bars.from_columns(times, opens, highs, lows, closes, [1.0] * len(rows))


def book(held: PaperAccount) -> tuple[Any, ...]:
    """Everything an account says."""
    told = held.account()
    names = ("ticket", "symbol", "side", "lots", "price", "sl", "tp", "opened_s", "magic", "profit", "req_id")
    positions = [tuple(getattr(one, name) for name in names) for one in held.positions()]
    return (told.balance, told.equity, told.margin_free, positions)


def count(path: Path, table: str) -> int:
    """Rows on disk."""
    db = sqlite3.connect(path)
    found: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    db.close()
    return found
