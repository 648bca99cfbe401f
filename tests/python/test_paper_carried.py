"""A file of the older paper broker becomes an account of the new one: no position and no profit is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured, Unsafe
from mt5_sentinel.types import Execution
from tests.python.paper_orders import DEPOSIT, NOON_S, account, book, closing, count, quote, uid

OLD = """
CREATE TABLE fill (
    seq INTEGER PRIMARY KEY, req_id TEXT NOT NULL UNIQUE, symbol TEXT NOT NULL, side TEXT NOT NULL,
    close_lots REAL NOT NULL, open_lots REAL NOT NULL, time_s INTEGER NOT NULL, bid REAL NOT NULL, ask REAL NOT NULL
) STRICT;
CREATE TABLE account (symbol TEXT PRIMARY KEY, deposit REAL NOT NULL, currency TEXT NOT NULL) STRICT;
"""

Fill = tuple[str, str, str, float, float, float, float]

FILLS: list[Fill] = [
    ("a", "EURUSD", "BUY", 0.0, 0.1, 1.1000, 1.1001),
    ("b", "USDJPY", "SELL", 0.0, 0.2, 150.00, 150.01),
    ("c", "EURUSD", "SELL", 0.1, 0.1, 1.1051, 1.1052),  # turned: 50 pips of 1 USD, now short
    ("d", "GBPUSD", "BUY", 0.0, 0.1, 1.2500, 1.2502),
    ("e", "GBPUSD", "SELL", 0.1, 0.0, 1.2402, 1.2404),  # flat: 100 pips against us
]


def old_file(path: Path, fills: list[Fill], *, deposit: float = DEPOSIT) -> Path:
    """A file as the older broker left it."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(OLD)
    for i, (name, symbol, side, close_lots, open_lots, bid, ask) in enumerate(fills):
        values = (uid(name), symbol, side, close_lots, open_lots, NOON_S + i, bid, ask)
        columns = "req_id, symbol, side, close_lots, open_lots, time_s, bid, ask"
        db.execute(f"INSERT INTO fill ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        db.execute("INSERT OR IGNORE INTO account VALUES (?, ?, 'USD')", (symbol, deposit))
    db.commit()
    db.close()
    return path


def test_fills_become_deals_of_one_account(tmp_path: Path) -> None:
    path = old_file(tmp_path / "paper.db", FILLS)
    held = account(path, magic=577215)
    assert held.account().balance == DEPOSIT + 50.0 - 100.0
    told = [(one.symbol, one.side, one.lots, one.price, one.opened_s, one.magic) for one in held.positions()]
    assert told == [
        ("USDJPY", "SELL", 0.2, 150.0, NOON_S + 1, 577215),
        ("EURUSD", "SELL", 0.1, 1.1051, NOON_S + 2, 577215),
    ]
    # A thirtieth of 20,000 USD and of 0.1 lots at 1.1051 is bound.
    assert held.account().margin_free == pytest.approx(DEPOSIT - 50.0 - 20_000 / 30 - 11_051 / 30)
    held.close()


def test_orders_of_then_keep_their_outcome(tmp_path: Path) -> None:
    held = account(old_file(tmp_path / "paper.db", FILLS), magic=7)
    assert held.find(uid("a")) == Execution(1, 1.1001, 0.1)
    assert held.find(uid("c")) == held.lookup(uid("c")) == Execution(4, 1.1051, 0.1, 50.0), "what it opened"
    assert held.find(uid("e")) == Execution(5, 1.2402, 0.1, -100.0)
    assert [one.req_id for one in held.closings(1)] == [uid("c")]
    held.mark("EURUSD", quote(1.1))
    assert held.send(closing("x", 4, side="BUY"), NOON_S).profit == 50.0
    held.close()


def test_it_is_carried_over_once(tmp_path: Path) -> None:
    path = old_file(tmp_path / "paper.db", FILLS)
    held = account(path, magic=7)
    before = book(held)
    held.close()
    for _ in range(2):
        again = account(path, magic=8)
        assert book(again) == before
        again.close()
    assert (count(path, "deal"), count(path, "fill_carried")) == (6, 5), "the older fills are kept beside"


def test_an_older_file_without_fills_is_an_empty_account(tmp_path: Path) -> None:
    held = account(old_file(tmp_path / "paper.db", []))
    assert book(held) == (DEPOSIT, DEPOSIT, DEPOSIT, [])
    held.close()


def test_older_books_of_another_deposit_are_refused_and_kept(tmp_path: Path) -> None:
    path = old_file(tmp_path / "paper.db", FILLS, deposit=500.0)
    with pytest.raises(Misconfigured, match=r"opened with 500\.00 USD") as caught:
        account(path)
    assert caught.value.reason == "paper_account"
    assert (count(path, "fill"), count(path, "deal"), count(path, "paper")) == (5, 0, 0)
    held = account(path, deposit=500.0)
    assert len(held.positions()) == 2
    held.close()


def test_a_broken_older_file_is_told_and_kept(tmp_path: Path) -> None:
    path = old_file(tmp_path / "paper.db", [FILLS[2]])
    with pytest.raises(Unsafe, match="nothing is open"):
        account(path)
    assert (count(path, "fill"), count(path, "paper")) == (1, 0)


def test_margin_is_not_judged_again(tmp_path: Path) -> None:
    fills = [("a", "EURUSD", "BUY", 0.0, 50.0, 1.1000, 1.1001)]
    held = account(old_file(tmp_path / "paper.db", [*fills]))
    assert [one.lots for one in held.positions()] == [50.0]
    held.know("EURUSD", _core.SymbolFacts("EURUSD", "USD"))
    held.mark("EURUSD", quote(1.1))
    assert held.closings(1)[0].by == "stop_out", "yet it is not carried for long"
    held.close()
