"""The paper broker: an order happens once, on disk before in memory, and its money is the hand-computed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core
from mt5_sentinel.adapters.paper import PaperBroker
from mt5_sentinel.errors import Misconfigured, Refused, Uncertain, Unsafe
from mt5_sentinel.types import FillReport, OrderRequest, Side

DEPOSIT = 10_000.0
NOON_S = 1_700_000_000 // 86_400 * 86_400 + 43_200


def facts(symbol: str = "EURUSD", currency: str = "USD") -> _core.SymbolFacts:
    return _core.SymbolFacts(symbol, currency)


def quote(bid: float, time_s: int = NOON_S, spread: float = 0.0001) -> _core.Quote:
    return _core.Quote(time_s=time_s, bid=bid, ask=bid + spread)


def order(req_id: str, side: Side, close_lots: float = 0.0, open_lots: float = 0.1) -> OrderRequest:
    return OrderRequest(req_id, "EURUSD", side, close_lots, open_lots, NOON_S - 3600, NOON_S, NOON_S + 30.0)


def book(broker: PaperBroker, at: _core.Quote) -> dict[str, Any]:
    """Everything an account says, position included."""
    account = broker.account(at)
    position = account.position
    money = {name: getattr(account, name) for name in ("balance", "equity", "day_profit", "drawdown_max")}
    held = None if position is None else (position.side, position.lots, position.price, position.opened_s)
    return money | {"spread_points": account.spread_points, "position": held}


Open = Callable[[], PaperBroker]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the fills are."""
    return tmp_path / "paper.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Open]:
    """Open the broker, any number of times."""
    brokers: list[PaperBroker] = []

    def start() -> PaperBroker:
        brokers.append(PaperBroker(path, "EURUSD", facts(), DEPOSIT))
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.close()


def fills_on_disk(path: Path) -> int:
    db = sqlite3.connect(path)
    found: int = db.execute("SELECT count(*) FROM fill").fetchone()[0]
    db.close()
    return found


def test_profit_equals_the_hand_computed(opened: Open) -> None:
    broker = opened()
    broker.account(quote(1.1000))
    bought = broker.send(order("a", "BUY"), NOON_S)
    assert bought == FillReport(price=1.1001, closed_lots=0.0, opened_lots=0.1, profit=0.0)
    # 0.1 lot = 10,000 EUR; bought at 1.1001, sold at the bid 1.1051: 50 pips of 1 USD each
    broker.account(quote(1.1051))
    turned = broker.send(order("b", "SELL", close_lots=0.1), NOON_S)
    assert (turned.price, turned.closed_lots, turned.opened_lots) == (1.1051, 0.1, 0.1)
    assert turned.profit == pytest.approx(50.0)
    # short from 1.1051, the ask is now 1.1061: 10 pips against us
    now = broker.account(quote(1.1060))
    assert now.balance == pytest.approx(10_050.0)
    assert now.equity == pytest.approx(10_040.0)
    assert now.day_profit == pytest.approx(40.0)
    # the highest mark, 10,050, was the one before the turn
    assert now.drawdown_max == pytest.approx(10.0)


def test_profit_in_base_currency_is_converted(tmp_path: Path) -> None:
    broker = PaperBroker(tmp_path / "p.db", "USDJPY", facts("USDJPY", "USD"), DEPOSIT)
    broker.account(_core.Quote(time_s=NOON_S, bid=124.0, ask=124.0))
    broker.send(order("a", "BUY"), NOON_S)
    broker.account(_core.Quote(time_s=NOON_S, bid=125.0, ask=125.0))
    closed = broker.send(order("b", "SELL", close_lots=0.1, open_lots=0.0), NOON_S)
    assert closed.profit == pytest.approx(10_000 / 125.0)  # 10,000 USD moved by 1 JPY, worth 1/125 USD each
    broker.close()


def test_the_same_request_answers_the_first_outcome(opened: Open, path: Path) -> None:
    broker = opened()
    broker.account(quote(1.1000))
    first = broker.send(order("a", "BUY"), NOON_S)
    broker.account(quote(1.2000))
    before = book(broker, quote(1.2000))
    assert broker.send(order("a", "BUY"), NOON_S) == first
    assert broker.send(order("a", "BUY"), NOON_S + 3600) == first, "also long after its time: it happened"
    assert book(broker, quote(1.2000)) == before
    assert fills_on_disk(path) == 1


def test_it_answers_so_after_a_restart_too(opened: Open) -> None:
    broker = opened()
    broker.account(quote(1.1000))
    first = broker.send(order("a", "BUY"), NOON_S)
    broker.close()
    again = opened()
    assert again.lookup("a") == first
    assert again.send(order("a", "BUY"), NOON_S) == first
    position = again.account(quote(1.1)).position
    assert position is not None
    assert position.lots == 0.1


def trade(broker: PaperBroker) -> None:
    for i, (side, bid) in enumerate([("BUY", 1.1), ("SELL", 1.13), ("BUY", 1.12), ("SELL", 1.09)]):
        broker.account(quote(bid, NOON_S + 60 * i))
        broker.send(order(f"r{i}", "BUY" if side == "BUY" else "SELL", 0.1 if i else 0.0), NOON_S)


@pytest.mark.parametrize("later_s", [600, 86_400])
def test_a_reopened_book_has_the_same_money_by_bits(opened: Open, later_s: int) -> None:
    broker = opened()
    trade(broker)
    at = quote(1.0951, NOON_S + later_s)
    before = book(broker, at)
    broker.close()
    after = book(opened(), at)
    for name in ("balance", "equity", "day_profit", "position", "spread_points"):
        assert after[name] == before[name], name


def test_the_deepest_fall_is_counted_from_the_opening_of_the_book(opened: Open) -> None:
    broker = opened()
    broker.account(quote(1.1000))
    broker.send(order("a", "BUY"), NOON_S)
    broker.account(quote(1.0000))
    assert book(broker, quote(1.1000))["drawdown_max"] == pytest.approx(1001.0)
    broker.close()
    assert book(opened(), quote(1.1000))["drawdown_max"] == pytest.approx(1.0), "marks are not stored, fills are"


def test_a_request_id_with_another_order_is_refused(opened: Open) -> None:
    broker = opened()
    broker.account(quote(1.1000))
    broker.send(order("a", "BUY"), NOON_S)
    broker.close()
    again = opened()
    again.account(quote(1.1000))
    for other in (order("a", "SELL", 0.1), order("a", "BUY", 0.0, 0.2)):
        with pytest.raises(Refused) as caught:
            again.send(other, NOON_S)
        assert caught.value.reason == "req_id_reused"


def test_nothing_is_known_of_an_unknown_request(opened: Open) -> None:
    assert opened().lookup("never") is None


def test_a_late_order_is_refused_and_leaves_no_trace(opened: Open, path: Path) -> None:
    broker = opened()
    broker.account(quote(1.1))
    with pytest.raises(Refused) as caught:
        broker.send(order("a", "BUY"), NOON_S + 30.001)
    assert caught.value.reason == "expired"
    assert broker.lookup("a") is None
    assert fills_on_disk(path) == 0
    assert broker.send(order("b", "BUY"), NOON_S + 30.0).opened_lots == 0.1, "the last moment is in time"


def test_without_a_price_nothing_is_filled(opened: Open) -> None:
    with pytest.raises(Refused) as caught:
        opened().send(order("a", "BUY"), NOON_S)
    assert caught.value.reason == "no_price"


def read_only(broker: PaperBroker) -> None:
    broker._db.execute("PRAGMA query_only = ON")


def table_gone(broker: PaperBroker) -> None:
    broker._db.execute("ALTER TABLE fill RENAME TO away")


def closed(broker: PaperBroker) -> None:
    broker._db.close()


@pytest.mark.parametrize("fault", [read_only, table_gone, closed])
def test_what_is_not_on_disk_has_not_happened(opened: Open, path: Path, fault: Callable[[PaperBroker], None]) -> None:
    broker = opened()
    broker.account(quote(1.1000))
    broker.send(order("a", "BUY"), NOON_S)
    before = book(broker, quote(1.1000))
    fault(broker)
    for _ in range(2):
        with pytest.raises(Uncertain) as caught:
            broker.send(order("b", "SELL", close_lots=0.1), NOON_S)
        assert caught.value.reason == "paper_write_failed"
        assert broker.lookup("b") is None
        assert book(broker, quote(1.1000)) == before


def test_after_a_failed_write_the_order_can_still_be_sent(opened: Open, path: Path) -> None:
    broker = opened()
    broker.account(quote(1.1000))
    read_only(broker)
    with pytest.raises(Uncertain):
        broker.send(order("a", "BUY"), NOON_S)
    broker._db.execute("PRAGMA query_only = OFF")
    assert broker.send(order("a", "BUY"), NOON_S).opened_lots == 0.1
    assert fills_on_disk(path) == 1


def test_an_order_that_does_not_fit_the_book_is_unsafe_and_changes_nothing(opened: Open, path: Path) -> None:
    broker = opened()
    broker.account(quote(1.1000))
    broker.send(order("a", "BUY"), NOON_S)
    before = book(broker, quote(1.1000))
    for odd in (order("b", "BUY"), order("c", "SELL", close_lots=0.2), order("d", "SELL", open_lots=0.0)):
        with pytest.raises(Unsafe):
            broker.send(odd, NOON_S)
    assert book(broker, quote(1.1000)) == before
    assert fills_on_disk(path) == 1


def test_a_file_in_the_way_is_one_clear_line(tmp_path: Path) -> None:
    directory = tmp_path / "paper.db"
    directory.mkdir()
    with pytest.raises(Misconfigured, match="paper book") as caught:
        PaperBroker(directory, "EURUSD", facts(), DEPOSIT)
    assert str(directory) in str(caught.value)
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"not a database" * 100)
    with pytest.raises(Misconfigured, match="paper book"):
        PaperBroker(garbage, "EURUSD", facts(), DEPOSIT)


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 0)])
def test_a_fill_is_on_the_platter_before_it_is_reported(path: Path, durable: bool, level: int) -> None:
    broker = PaperBroker(path, "EURUSD", facts(), DEPOSIT, durable=durable)
    assert broker._db.execute("PRAGMA synchronous").fetchone()[0] == level
    broker.close()


def test_symbols_have_books_of_their_own(opened: Open, path: Path) -> None:
    broker = opened()
    broker.account(quote(1.1))
    broker.send(order("a", "BUY"), NOON_S)
    other = PaperBroker(path, "GBPUSD", facts("GBPUSD"), DEPOSIT)
    assert book(other, quote(1.3))["position"] is None
    assert other.lookup("a") is None
    other.close()
