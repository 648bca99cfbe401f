"""The paper account's memory: on disk before it counts, the same after a restart, nothing without a trace."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured, Refused, SentinelError, Transient, Uncertain, Unsafe, Unusable
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.types import Closing, Execution
from tests.python.paper_orders import DEPOSIT, NOON_S, account, bars, book, closing, count, opening, quote, uid

Open = Callable[..., PaperAccount]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the deals are."""
    return tmp_path / "paper.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Open]:
    """Open the account, any number of times."""
    made: list[PaperAccount] = []

    def start(**changes: Any) -> PaperAccount:
        made.append(account(path, **changes))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def long(opened: Open) -> PaperAccount:
    """An account with a long of 0.1 lots from 1.1001, stop 1.09, target 1.12."""
    held = opened()
    held.mark("EURUSD", quote(1.1000))
    held.send(opening("a"), NOON_S)
    return held


def traded(held: PaperAccount) -> None:
    """Every kind of deal once: order, stop, target, moved levels, a part."""
    held.mark("EURUSD", quote(1.1000))
    for name in ("a", "b", "c", "d"):
        held.send(opening(name), NOON_S)
    held.modify("EURUSD", 2, sl=1.0990, tp=1.2, now_s=NOON_S + 1)
    held.send(closing("e", 1, lots=0.04), NOON_S + 2)
    held.mark("EURUSD", quote(1.0985, NOON_S + 60))
    held.send(closing("f", 3), NOON_S + 3)
    held.modify("EURUSD", 4, sl=1.0, tp=1.3, now_s=NOON_S + 4)
    held.mark("EURUSD", quote(1.0985, NOON_S + 7200), bars((NOON_S + 3600, 1.1, 1.13, 1.095, 1.1)))


def test_a_reopened_account_is_the_same_by_bits(opened: Open, path: Path) -> None:
    held = opened()
    traded(held)
    before, closings = book(held), [held.closings(ticket) for ticket in range(1, 5)]
    assert [one.by for parts in closings for one in parts] == ["order", "take_profit", "stop_loss", "order"]
    assert [position[:7] for position in before[3]] == [(4, "EURUSD", "BUY", 0.1, 1.1001, 1.0, 1.3)]
    held.close()
    again = opened()
    again.mark("EURUSD", quote(1.0985, NOON_S + 7200))
    assert book(again) == before
    assert [again.closings(ticket) for ticket in range(1, 5)] == closings
    assert count(path, "deal") == 10


def test_each_bar_counts_once_also_across_a_restart(long: PaperAccount, opened: Open) -> None:
    calm, deep = (NOON_S + 3600, 1.1, 1.101, 1.099, 1.1), (NOON_S + 3600, 1.1, 1.101, 1.08, 1.1)
    assert not long.mark("EURUSD", quote(1.1, NOON_S + 7200), bars(calm))
    long.close()
    again = opened()
    assert not again.mark("EURUSD", quote(1.1, NOON_S + 7200), bars(deep)), "the same bar, revised"
    assert again.mark("EURUSD", quote(1.1, NOON_S + 9000), bars(deep, (NOON_S + 7200, 1.1, 1.1, 1.09, 1.1)))
    assert again.closings(1) == [Closing(1, NOON_S + 7200.0, 1.09, 0.1, -101.0, "stop_loss", None)]


def test_closings_tell_part_by_part(long: PaperAccount) -> None:
    assert long.closings(1) == []
    long.send(closing("b", lots=0.03), NOON_S + 1)
    long.send(closing("c", lots=0.07), NOON_S + 2)
    first, second = long.closings(1)
    assert first == Closing(1, NOON_S + 1.0, 1.1, 0.03, -0.3, "order", uid("b"))
    assert (second.lots, second.req_id) == (0.07, uid("c"))
    assert long.closings(99) == []


def test_what_an_order_did_can_be_found(long: PaperAccount) -> None:
    assert long.find(uid("a")) == Execution(1, 1.1001, 0.1, 0.0, 10009)
    assert long.find(uid("b")) is None
    long.mark("EURUSD", quote(1.1051))
    done = long.send(closing("b"), NOON_S)
    assert done == long.find(uid("b")) == Execution(1, 1.1051, 0.1, 50.0, 10009)


@pytest.mark.parametrize(
    ("changes", "retcode", "reason"),
    [
        ({"symbol": "GBPUSD"}, 10013, "invalid_request"),
        ({"lots": 0.015}, 10014, "invalid_volume"),
        ({"sl": 1.1}, 10016, "invalid_stops"),
        ({"lots": 3.0}, 10019, "no_money"),
        ({"kind": "close", "ticket": 9, "side": "SELL"}, 10013, "invalid_request"),
        ({"kind": "close", "ticket": 1}, 10013, "invalid_request"),
        ({"kind": "close", "ticket": 1, "side": "SELL", "lots": 0.11}, 10014, "invalid_volume"),
        ({"not_after_s": NOON_S - 1.0}, -5, "expired"),
    ],
)
def test_refusals_have_a_terminals_codes(
    long: PaperAccount, changes: dict[str, Any], retcode: int, reason: str
) -> None:
    before = book(long)
    for attempt in (long.check, long.send):
        with pytest.raises(Refused) as caught:
            attempt(opening("x", **changes), NOON_S)
        assert (caught.value.retcode, caught.value.reason) == (retcode, reason)
    assert book(long) == before


def test_slippage_is_drawn_from_seed_and_id(opened: Open) -> None:
    held = opened(slippage_points_max=5.0, seed=9)
    held.mark("EURUSD", quote(1.1))
    prices = [held.send(opening(name, lots=0.01), NOON_S).price for name in ("a", "b")]
    assert all(1.1001 < price < 1.10015 for price in prices)
    assert prices[0] != prices[1]
    with pytest.raises(Refused) as caught:
        held.send(opening("c", deviation_points=0), NOON_S)
    assert (caught.value.retcode, caught.value.reason) == (10004, "requote")


def test_a_check_does_nothing(long: PaperAccount, path: Path) -> None:
    before, deals = book(long), count(path, "deal")
    long.check(opening("b"), NOON_S)
    long.check(closing("c"), NOON_S)
    assert (book(long), count(path, "deal"), count(path, "settled")) == (before, deals, 1)


def read_only(held: PaperAccount) -> None:
    held._file._db.execute("PRAGMA query_only = ON")


def table_gone(held: PaperAccount) -> None:
    held._file._db.execute("ALTER TABLE deal RENAME TO away")


def last_table_gone(held: PaperAccount) -> None:
    """The deal can be written, what comes after it cannot."""
    held._file._db.execute("ALTER TABLE quote RENAME TO away")


def closed(held: PaperAccount) -> None:
    held._file._db.close()


@pytest.mark.parametrize("fault", [read_only, table_gone, closed])
def test_what_is_not_on_disk_has_not_happened(
    long: PaperAccount, path: Path, fault: Callable[[PaperAccount], None]
) -> None:
    before = book(long)
    fault(long)
    works: list[tuple[Callable[[], object], type[SentinelError]]] = [
        (lambda: long.send(closing("b"), NOON_S), Uncertain),
        (lambda: long.send(opening("c"), NOON_S), Uncertain),
        (lambda: long.lookup(uid("d")), Uncertain),
        (lambda: long.modify("EURUSD", 1, sl=1.08, tp=None, now_s=NOON_S), Transient),
        (lambda: long.mark("EURUSD", quote(1.08)), Transient),
    ]
    if fault is read_only:
        works.append((lambda: long.send(closing("e", 9), NOON_S), Uncertain))
    for work, kind in works * 2:
        with pytest.raises(kind) as caught:
            work()
        assert caught.value.reason == "paper_write_failed"
        assert book(long) == before
    if fault is read_only:
        long._file._db.execute("PRAGMA query_only = OFF")
        assert long.send(closing("b"), NOON_S).profit == -1.0, "the same order again, when it can be written"
        assert (count(path, "deal"), count(path, "settled")) == (2, 2)


def test_a_deal_and_its_order_are_written_together_or_not_at_all(long: PaperAccount, path: Path) -> None:
    last_table_gone(long)
    with pytest.raises(Transient):
        long.mark("EURUSD", quote(1.08, NOON_S + 7200), bars((NOON_S + 3600, 1.1, 1.1, 1.08, 1.08)))
    assert (count(path, "deal"), len(long.positions())) == (1, 1)
    long._file._db.execute("CREATE TRIGGER no BEFORE INSERT ON settled BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(Uncertain):
        long.send(closing("b"), NOON_S)
    assert (count(path, "deal"), len(long.positions())) == (1, 1)


def test_a_file_removed_while_in_use_is_unsafe(long: PaperAccount, path: Path) -> None:
    before = book(long)
    path.rename(path.with_suffix(".away"))
    for work in (lambda: long.send(closing("b"), NOON_S), lambda: long.mark("EURUSD", quote(1.0))):
        with pytest.raises(Unsafe, match="removed or replaced") as caught:
            work()
        assert caught.value.reason == "paper_gone"
    path.write_bytes(b"")
    with pytest.raises(Unsafe):
        long.send(closing("c"), NOON_S)
    assert book(long) == before


@pytest.mark.parametrize("changes", [{"deposit": 9_999.0}, {"currency": "EUR"}, {"leverage": 100.0}])
def test_an_account_keeps_its_terms_for_life(long: PaperAccount, path: Path, changes: dict[str, Any]) -> None:
    long.close()
    with pytest.raises(Misconfigured, match=r"opened with 10000\.00 USD and leverage 30") as caught:
        account(path, **changes)
    assert caught.value.reason == "paper_account"
    assert str(path) in str(caught.value)
    assert "frozen until `mt5-sentinel resume --adopt SYMBOL`" in str(caught.value), "what moving it away brings"


def test_a_file_whose_deals_do_not_follow_is_unsafe(long: PaperAccount, path: Path, opened: Open) -> None:
    long.send(closing("b"), NOON_S)
    long.close()
    db = sqlite3.connect(path)
    db.execute("DELETE FROM deal WHERE seq = 1")
    db.commit()
    db.close()
    with pytest.raises(Unsafe, match="deal 2"):
        opened()


def test_a_file_in_the_way_is_one_clear_line(tmp_path: Path) -> None:
    directory, garbage = tmp_path / "paper.db", tmp_path / "garbage.db"
    directory.mkdir()
    garbage.write_bytes(b"not a database" * 100)
    for path in (directory, garbage):
        with pytest.raises(Misconfigured, match="paper book") as caught:
            account(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 0)])
def test_a_deal_is_on_the_platter_before_it_is_reported(opened: Open, durable: bool, level: int) -> None:
    assert opened(durable=durable)._file._db.execute("PRAGMA synchronous").fetchone()[0] == level


def test_a_symbol_is_known_or_told_to_be_unknown(opened: Open) -> None:
    held = opened()
    assert held.facts("EURUSD").point == 1e-5
    with pytest.raises(Unusable, match="GBPUSD"):
        held.facts("GBPUSD")
    with pytest.raises(Misconfigured, match="kept in USD"):
        held.know("EURGBP", _core.SymbolFacts("EURGBP", "GBP"))


def test_threads_share_an_account(opened: Open) -> None:
    held = opened(durable=False)
    held.mark("EURUSD", quote(1.1))
    failed: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for i in range(20):
                done = held.send(opening(f"{name}-{i}", lots=0.01), NOON_S)
                held.mark("EURUSD", quote(1.1))
                held.send(closing(f"{name}-{i}-out", done.ticket, lots=0.01), NOON_S)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    # 80 round trips of 0.01 lots pay the spread of a pip, 0.10 USD each.
    assert (held.account().balance, held.positions()) == (DEPOSIT - 8.0, [])
