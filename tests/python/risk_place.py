"""A state directory with a journal, and what a cycle asks of risk, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mt5_sentinel import _core
from mt5_sentinel.journal_file import JournalFile, utc
from mt5_sentinel.risk import Risk
from mt5_sentinel.settings import Settings

NOW_S = 1_700_049_658  # Wednesday 2023-11-15 12:00:58 UTC
DAY_S, HOUR_S = 86_400, 3_600
FX = _core.Calendar("EURUSD")


class Place:
    """A state directory with its journal, and the risk of symbols in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = JournalFile(directory, "dry-run", durable=False)
        self.count = 0

    def risk(self, **changed: Any) -> Risk:
        settings: dict[str, Any] = {
            "state_dir": str(self.directory),
            "stop_mode": "pips",
            "positions_symbol_max": 2,
        } | changed
        return Risk(Settings(**settings), self.file, FX)

    def restart(self) -> None:
        self.file.close()
        self.file = JournalFile(self.directory, "dry-run", durable=False)

    def intent(self, state: str, *, ago_s: float = 0, **more: Any) -> str:
        self.count += 1
        req_id = f"req{self.count}"
        row = {
            "req_id": req_id, "cycle_id": 1, "symbol": "EURUSD", "mode": "dry-run", "bar_open_s": 0, "side": "BUY",
            "close_lots": 0.0, "open_lots": 0.01, "created_utc": utc(NOW_S - ago_s), "not_after_utc": utc(NOW_S),
            "state": state, "kind": "open", "settled_utc": utc(NOW_S - ago_s),
        } | more  # fmt: skip
        self.insert("intent", row)
        return req_id

    def position(self, ticket: int, state: str = "closed", *, ago_s: float = 0, **more: Any) -> None:
        row = {
            "mode": "dry-run", "ticket": ticket, "symbol": "EURUSD", "side": "BUY", "opened_lots": 0.01,
            "lots": 0.01, "price": 1.1,
            "opened_utc": utc(NOW_S - DAY_S), "state": state, "profit": -1.0, "closed_utc": utc(NOW_S - ago_s),
        } | more  # fmt: skip
        self.insert("position", row)

    def insert(self, table: str, row: dict[str, Any]) -> None:
        marks = ", ".join("?" for _ in row)
        self.file.write(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))

    @property
    def changes(self) -> list[tuple[str, str | None]]:
        return [tuple(row) for row in self.file.rows("SELECT state, because FROM risk_change ORDER BY id")]


def book(equity: float = 10_000.0, *positions: _core.Position, halted: bool = False) -> _core.Book:
    account = _core.Account(balance=10_000.0, equity=equity, margin_free=equity)
    return _core.Book(account, list(positions), halted=halted)


def position(ticket: int, side: Any = "SELL", magic: int = 577215, **more: Any) -> _core.Position:
    facts: dict[str, Any] = {"symbol": "EURUSD", "lots": 0.01, "price": 1.1, "opened_s": NOW_S - HOUR_S} | more
    return _core.Position(ticket=ticket, side=side, magic=magic, **facts)


def bars() -> _core.Bars:
    times = [NOW_S - 58 - (400 - row) * HOUR_S for row in range(400)]
    high, low, close, volume = ([value] * 400 for value in (1.101, 1.099, 1.1, 1.0))
    return _core.Bars.from_columns(times, close, high, low, close, volume)


def ruled(
    risk: Risk, side: str = "BUY", *, of: _core.Book | None = None, halted: bool = False, after_s: int = 0
) -> Any:
    newest_s = NOW_S - 58 - HOUR_S
    bar = _core.check_fresh(FX, newest_open_s=newest_s, now_s=NOW_S + after_s, interval_s=HOUR_S, grace_s=900)
    facts = {symbol: _core.SymbolFacts(symbol, "USD") for symbol in ("EURUSD", "GBPUSD")}
    quote = _core.Quote(time_s=NOW_S, bid=1.1, ask=1.1001)
    one = book() if of is None else of
    return risk.approve(side, book=one, quote=quote, facts=facts, bars=bars(), bar=bar, halted=halted)
