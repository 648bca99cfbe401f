"""The file of a paper account: its deals, and what became of each order; on disk before anything counts as done."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel import _core, database
from mt5_sentinel.errors import Unsafe

SCHEMA = """
CREATE TABLE IF NOT EXISTS paper (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    deposit     REAL NOT NULL,
    currency    TEXT NOT NULL,
    leverage    REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS deal (
    seq         INTEGER PRIMARY KEY,
    ticket      INTEGER NOT NULL,
    req_id      TEXT,
    symbol      TEXT NOT NULL,
    side        TEXT NOT NULL,
    entry       TEXT NOT NULL,
    lots        REAL NOT NULL,
    price       REAL NOT NULL,
    time_s      INTEGER NOT NULL,
    sl          REAL,
    tp          REAL,
    magic       INTEGER NOT NULL,
    profit      REAL NOT NULL,
    margin      REAL NOT NULL,
    by          TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS deal_ticket ON deal (ticket);
CREATE INDEX IF NOT EXISTS deal_order ON deal (req_id) WHERE req_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS executed (symbol TEXT PRIMARY KEY, newest_s INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS quote (
    symbol      TEXT PRIMARY KEY,
    time_s      INTEGER NOT NULL,
    bid         REAL NOT NULL,
    ask         REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS settled (
    req_id      TEXT PRIMARY KEY,
    wanted      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('executed', 'refused', 'unseen')),
    retcode     INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    message     TEXT NOT NULL
) STRICT;
"""

COLUMNS = (
    *("seq", "ticket", "req_id", "symbol", "side", "entry", "lots", "price", "time_s"),
    *("sl", "tp", "magic", "profit", "margin", "by"),
)

Terms = tuple[float, str, float]
"""Deposit, currency, leverage: what an account keeps for life."""


class Settled(msgspec.Struct, frozen=True):
    """What became of an order, for ever; ``wanted`` is what makes two orders the same."""

    req_id: str
    wanted: str
    state: str
    retcode: int
    reason: str = ""
    message: str = ""


class PaperFile:
    """``paper.db``, used by one thread at a time."""

    def __init__(self, path: Path, *, durable: bool) -> None:
        """Open or create it.

        Raises:
            Misconfigured: it cannot be written, or is something else.
        """
        self.path = path
        with contextlib.ExitStack() as undo:
            try:
                self._db = database.connect(path, durable=durable)
                undo.callback(self._db.close)
                self._db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
                self._inode = path.stat().st_ino
            except sqlite3.Error as error:
                raise database.unwritable("the paper book", path, error, reason="paper_unwritable") from None
            undo.pop_all()

    def terms(self) -> Terms | None:
        """What the account was opened with; ``None`` before it was."""
        found: Terms | None = self._db.execute("SELECT deposit, currency, leverage FROM paper").fetchone()
        return found

    def deals(self, where: str = "", values: Sequence[object] = ()) -> list[_core.Deal]:
        """Deals in their order."""
        query = f"SELECT {', '.join(COLUMNS)} FROM deal {where} ORDER BY seq"  # noqa: S608 - no input of others in it
        return [_core.Deal(**dict(zip(COLUMNS, row, strict=True))) for row in self._db.execute(query, values)]

    def executed(self) -> list[tuple[str, int]]:
        """Symbols, and the open time of the newest bar that stops were executed on."""
        return self._db.execute("SELECT symbol, newest_s FROM executed").fetchall()

    def quotes(self) -> list[tuple[str, _core.Quote]]:
        """Symbols, and the newest quote of each."""
        rows = self._db.execute("SELECT symbol, time_s, bid, ask FROM quote ORDER BY symbol").fetchall()
        return [(symbol, _core.Quote(time_s=time_s, bid=bid, ask=ask)) for symbol, time_s, bid, ask in rows]

    def settled(self, req_id: str) -> Settled | None:
        """What became of an order; ``None`` where it was never settled here."""
        query = "SELECT req_id, wanted, state, retcode, reason, message FROM settled WHERE req_id = ?"
        row = self._db.execute(query, (req_id,)).fetchone()
        return None if row is None else Settled(*row)

    def old_accounts(self) -> list[tuple[str, float, str]]:
        """Symbol, deposit and currency of the books of an older file, one a symbol."""
        if not self._has("fill"):
            return []
        return self._db.execute("SELECT symbol, deposit, currency FROM account ORDER BY symbol").fetchall()

    def old_fills(self) -> list[Any]:
        """Their fills, oldest first."""
        if not self._has("fill"):
            return []
        names = "req_id, symbol, side, close_lots, open_lots, time_s, bid, ask"
        return self._db.execute(f"SELECT {names} FROM fill ORDER BY seq").fetchall()  # noqa: S608 - fixed names

    def begin(self, terms: Terms, deals: Sequence[_core.Deal]) -> None:
        """Open the account, with the deals of an older file."""
        with database.whole(self._db):
            self._db.execute("INSERT INTO paper VALUES (1, ?, ?, ?)", terms)
            self._insert(deals)
            if self._has("fill"):
                self._db.execute("ALTER TABLE fill RENAME TO fill_carried")

    def write(
        self,
        deals: Sequence[_core.Deal],
        *,
        settled: Settled | None = None,
        executed: tuple[str, int] | None = None,
        quote: tuple[str, _core.Quote] | None = None,
    ) -> None:
        """Write all of it or nothing; on disk when this returns.

        Raises:
            Unsafe: the file was removed or replaced while in use.
            sqlite3.Error: it cannot be written, and nothing of it is.
        """
        self._check_place()
        with database.whole(self._db):
            self._insert(deals)
            if settled is not None:
                self._db.execute("INSERT INTO settled VALUES (?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(settled))
            if executed is not None:
                self._db.execute("INSERT OR REPLACE INTO executed VALUES (?, ?)", executed)
            if quote is not None:
                symbol, newest = quote
                values = (symbol, newest.time_s, newest.bid, newest.ask)
                self._db.execute("INSERT OR REPLACE INTO quote VALUES (?, ?, ?, ?)", values)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _insert(self, deals: Sequence[_core.Deal]) -> None:
        statement = f"INSERT INTO deal VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - places only
        rows = [tuple(getattr(deal, name) for name in COLUMNS) for deal in deals]
        self._db.executemany(statement, rows)

    def _has(self, table: str) -> bool:
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
        return bool(self._db.execute(query, (table,)).fetchone()[0])

    def _check_place(self) -> None:
        if not database.is_in_place(self.path, self._inode):
            raise Unsafe(f"the paper book {self.path} was removed or replaced while in use; restart", "paper_gone")
