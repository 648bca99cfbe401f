"""A broker on paper, behind the same door as a real one: its book survives restarts, its answers repeat."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured, Refused, Uncertain, Unsafe
from mt5_sentinel.types import FillReport, OrderRequest

SCHEMA = """
CREATE TABLE IF NOT EXISTS fill (
    seq         INTEGER PRIMARY KEY,
    req_id      TEXT NOT NULL UNIQUE,
    symbol      TEXT NOT NULL,
    side        TEXT NOT NULL,
    close_lots  REAL NOT NULL,
    open_lots   REAL NOT NULL,
    time_s      INTEGER NOT NULL,
    bid         REAL NOT NULL,
    ask         REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS account (symbol TEXT PRIMARY KEY, deposit REAL NOT NULL, currency TEXT NOT NULL) STRICT;
"""

Wanted = tuple[str, float, float]
"""Side, lots to close, lots to open: what makes two orders the same."""


class PaperBroker:
    """One symbol's paper account; the fills on disk are the truth, the book is their fold.

    It may be opened in one thread, used in another and closed in a third, also while an order is being filled.
    """

    def __init__(
        self, path: Path, symbol: str, facts: _core.SymbolFacts, deposit: float, *, durable: bool = True
    ) -> None:
        """Open or create the file of fills and rebuild the book from it.

        Raises:
            Misconfigured: the file cannot be written.
        """
        self._path = path
        self._symbol = symbol
        self._facts = facts
        self._deposit = deposit
        self._quote: _core.Quote | None = None
        self._turn = threading.Lock()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
            self._db.executescript(SCHEMA)
            self._check_account()
            self._book, self._fills = self._rebuild()
            self._inode = path.stat().st_ino
        except sqlite3.Error as error:
            raise Misconfigured(f"the paper book {path} cannot be written: {error}", "paper_unwritable") from None

    def account(self, quote: _core.Quote) -> _core.Account:
        """The book at this quote, which is also the price of the next order."""
        self._quote = quote
        return self._book.mark(quote)

    def send(self, request: OrderRequest, now_s: float) -> FillReport:
        """Fill at the last quote; the same ``req_id`` answers its first outcome."""
        with self._turn:
            return self._send(request, now_s)

    def lookup(self, req_id: str) -> FillReport | None:
        """The fill of an earlier order; ``None`` when this broker never saw it."""
        return self._fills[req_id][1] if req_id in self._fills else None

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._db.close()

    def _send(self, request: OrderRequest, now_s: float) -> FillReport:
        wanted = (request.side, request.close_lots, request.open_lots)
        if request.req_id in self._fills:
            order, fill = self._fills[request.req_id]
            if order != wanted:
                raise Refused(f"the request id {request.req_id} belongs to another order", "req_id_reused")
            return fill
        if now_s > request.not_after_s:
            raise Refused("the order came after its not_after time", "expired")
        if self._quote is None:
            raise Refused("no price is known yet", "no_price")
        self._check_place()
        quote, before = self._quote, self._book.copy()
        approved = _core.Order(request.side, close_lots=request.close_lots, open_lots=request.open_lots)
        fill = _report(self._book.fill(approved, quote))
        try:
            self._db.execute(
                "INSERT INTO fill (req_id, symbol, side, close_lots, open_lots, time_s, bid, ask)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (request.req_id, self._symbol, *wanted, quote.time_s, quote.bid, quote.ask),
            )
        except sqlite3.Error as error:
            self._book = before  # what is not on disk has not happened
            raise Uncertain(f"the paper book could not be written: {error}", "paper_write_failed") from None
        self._fills[request.req_id] = wanted, fill
        return fill

    def _check_place(self) -> None:
        """A file that was removed still takes writes, and forgets them."""
        if not self._path.exists() or self._path.stat().st_ino != self._inode:
            raise Unsafe(f"the paper book {self._path} was removed or replaced while in use; restart", "paper_gone")

    def _check_account(self) -> None:
        """A book is worth what its first deposit says; another one would rewrite the past."""
        own = (self._deposit, self._facts.account_currency)
        self._db.execute("INSERT OR IGNORE INTO account VALUES (?, ?, ?)", (self._symbol, *own))
        query = "SELECT deposit, currency FROM account WHERE symbol = ?"
        deposit, currency = self._db.execute(query, (self._symbol,)).fetchone()
        if (deposit, currency) != own:
            message = (
                f"the paper book {self._path} was opened with {deposit:.2f} {currency}, not {own[0]:.2f} {own[1]};"
                " set deposit and account_currency back, or move the file away"
            )
            raise Misconfigured(message, "paper_account")

    def _rebuild(self) -> tuple[_core.PaperBook, dict[str, tuple[Wanted, FillReport]]]:
        book = _core.PaperBook(self._facts, self._deposit)
        fills: dict[str, tuple[Wanted, FillReport]] = {}
        rows = self._db.execute(
            "SELECT req_id, side, close_lots, open_lots, time_s, bid, ask FROM fill WHERE symbol = ? ORDER BY seq",
            (self._symbol,),
        )
        for req_id, side, close_lots, open_lots, time_s, bid, ask in rows:
            order = _core.Order(side, close_lots=close_lots, open_lots=open_lots)
            fill = _report(book.fill(order, _core.Quote(time_s=time_s, bid=bid, ask=ask)))
            fills[req_id] = (side, close_lots, open_lots), fill
        return book, fills


def _report(fill: _core.Fill) -> FillReport:
    return FillReport(price=fill.price, closed_lots=fill.closed_lots, opened_lots=fill.opened_lots, profit=fill.profit)
