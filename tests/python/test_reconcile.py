"""The broker's book against the journal: what a person or the broker did is understood, or freezes the symbol."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core, journal, reconcile
from mt5_sentinel.errors import Transient
from mt5_sentinel.orders import Kept
from mt5_sentinel.reconcile import Compared, Reconciliation
from mt5_sentinel.types import ClosedBy, Closing, CycleRecord, Execution
from tests.python.memories import FILL, Memory, opening
from tests.python.route_floor import FakeBroker

NOW_S = 1_700_000_000.0
MAGIC = 7
REQ_ID = "b5a7c4b0-8a55-5c1e-9d2e-0d4c7b1f2a33"


class History(FakeBroker):
    """A broker whose history says what a test wants."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.parts: list[Closing] | Exception = []

    def closings(self, ticket: int) -> list[Closing]:
        if isinstance(self.parts, Exception):
            raise self.parts
        return self.parts


class Desk:
    """A journal with one position of 0.1 lots, and a broker's book that a test changes."""

    def __init__(self, state: Path) -> None:
        self.memory = Memory(state)
        self.broker = History(self.memory.path)
        self.record = CycleRecord("EURUSD", "dry-run", NOW_S)
        self.memory.begin(self.record)
        request = opening(REQ_ID, 3600, NOW_S)
        self.memory.intend(request, self.record)
        self.memory.settle(request, "filled", fill=FILL)
        self.compare = Reconciliation(self.broker, self.memory.orders, symbol="EURUSD", magic=MAGIC, state_dir=state)
        self.facts = _core.SymbolFacts("EURUSD", "USD")

    def run(self, *positions: _core.Position) -> Compared:
        account = _core.Account(balance=1e4, equity=1e4, margin_free=1e4)
        self.record.conditions = []
        return self.compare.run(_core.Book(account, list(positions)), self.facts, self.record, NOW_S + 60)

    @property
    def position(self) -> dict[str, Any]:
        (row,) = journal.read_positions(self.memory.path)
        return row

    def differences(self) -> list[tuple[str, str]]:
        return [(kind, rule) for kind, rule in self.memory.file.rows("SELECT kind, rule FROM difference ORDER BY id")]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.memory.close()


def held(**changed: Any) -> _core.Position:
    facts: dict[str, Any] = {
        "ticket": 77,
        "symbol": "EURUSD",
        "side": "BUY",
        "lots": 0.1,
        "price": 1.1,
        "sl": 1.09,
        "tp": 1.12,
    }
    return _core.Position(**facts | {"opened_s": int(NOW_S), "magic": MAGIC} | changed)


def part(lots: float = 0.1, profit: float = -10.0, by: ClosedBy = "stop_loss", price: float = 1.09) -> Closing:
    return Closing(77, NOW_S + 30, price, lots, profit, by)


def test_a_book_that_agrees_changes_and_tells_nothing(desk: Desk) -> None:
    assert desk.run(held()) == (False, [])
    assert (desk.record.conditions, desk.differences()) == ([], [])


@pytest.mark.parametrize("by", ["stop_loss", "take_profit", "stop_out", "by_hand"])
def test_a_position_that_was_closed_is_understood(desk: Desk, by: ClosedBy) -> None:
    desk.broker.parts = [part(by=by)]
    assert desk.run().frozen is False
    row = desk.position
    assert (row["state"], row["closed_by"], row["profit"], row["closed_price"]) == ("closed", by, -10.0, 1.09)
    assert desk.differences() == [("position_missing", f"closed by {by}")]
    assert desk.record.conditions == [f"closed_by_{by}"]
    assert desk.run() == (False, []), "told once, then known"
    assert len(desk.differences()) == 1


@pytest.mark.parametrize("parts", [[], [part(lots=0.04)]], ids=["nothing", "too little"])
def test_a_position_that_nothing_accounts_for_freezes_the_symbol(desk: Desk, parts: list[Closing]) -> None:
    desk.broker.parts = parts
    for _ in range(3):
        assert desk.run().frozen is True
    assert desk.position["state"] == "open"
    assert desk.differences() == [("position_missing", "freeze")], "told once, not each minute"
    desk.broker.parts = [part()]
    assert desk.run().frozen is False, "the history was late"
    assert desk.position["state"] == "closed"


def test_a_history_that_does_not_answer_freezes_until_it_does(desk: Desk, tmp_path: Path) -> None:
    desk.broker.parts = Transient("no answer", "gateway_timeout")
    assert desk.run().frozen is True
    assert desk.position["state"] == "open"
    (tmp_path / "ADOPT.EURUSD").touch()
    assert desk.run().frozen is False, "a person has the last word"


def test_a_drifted_price_does_not_make_a_missing_stop_the_journals(desk: Desk) -> None:
    for _ in range(2):
        (naked,) = desk.run(held(sl=None, price=1.10002)).naked
        assert naked[0].sl == 1.09
    assert (desk.position["price"], desk.position["sl"]) == (1.10002, 1.09)


@pytest.mark.parametrize("moved", [{"price": 1.103}, {"sl": 1.095}])
def test_a_grown_position_stays_frozen_whatever_else_differs(desk: Desk, moved: dict[str, Any]) -> None:
    for _ in range(3):
        assert desk.run(held(lots=5.0, **moved)).frozen is True
        assert desk.position["lots"] == 0.1


def test_volume_that_nothing_accounts_for_stays_missing_whatever_else_differs(desk: Desk) -> None:
    for _ in range(3):
        assert desk.run(held(lots=0.04, sl=1.095)).frozen is True
        assert (desk.position["lots"], desk.position["sl"]) == (0.1, 1.095)


def test_a_second_order_on_a_netting_account_adds_to_the_position(desk: Desk) -> None:
    second = opening("b5a7c4b0-8a55-5c1e-9d2e-0d4c7b1f2a34", 7200, NOW_S + 60)
    desk.memory.intend(second, desk.record)
    desk.memory.settle(second, "filled", fill=FILL)
    assert (desk.position["lots"], desk.position["opened_lots"]) == (0.2, 0.2)
    assert desk.run(held(lots=0.2)) == (False, [])


def test_a_ticket_that_a_new_book_gives_again_is_another_position(desk: Desk) -> None:
    desk.broker.parts = [part()]
    desk.run()
    second = opening("b5a7c4b0-8a55-5c1e-9d2e-0d4c7b1f2a34", 7200, NOW_S + 60, lots=0.02)
    desk.memory.intend(second, desk.record)
    desk.memory.settle(second, "filled", fill=Execution(ticket=77, price=1.2, lots=0.02))
    row = desk.position
    assert (row["state"], row["lots"], row["opened_lots"], row["profit"], row["price"]) == ("open", 0.02, 0.02, 0, 1.2)
    desk.broker.parts = [part(lots=0.02, profit=-1.0)]
    assert desk.run().frozen is False
    assert (desk.position["state"], desk.position["profit"]) == ("closed", -1.0)


def test_a_part_that_a_person_closed_is_taken_off_and_the_rest_counted_once(desk: Desk) -> None:
    desk.broker.parts = [part(lots=0.04, profit=8.0, by="by_hand", price=1.12)]
    assert desk.run(held(lots=0.06)).frozen is False
    row = desk.position
    assert (row["state"], row["lots"], row["profit"]) == ("open", 0.06, 8.0)
    assert desk.run(held(lots=0.06)) == (False, [])
    desk.broker.parts.append(part(lots=0.06, profit=-6.0))
    desk.run()
    row = desk.position
    assert (row["state"], row["closed_by"], row["profit"]) == ("closed", "stop_loss", 2.0)
    assert row["closed_price"] == pytest.approx(1.102)


@pytest.mark.parametrize("grown", [{"lots": 0.2}, {"side": "SELL"}])
def test_more_than_was_opened_or_another_side_freezes(desk: Desk, grown: dict[str, Any]) -> None:
    assert desk.run(held(**grown)).frozen is True
    assert (desk.position["lots"], desk.position["side"]) == (0.1, "BUY")


def test_a_person_may_adopt_the_brokers_book(desk: Desk, tmp_path: Path) -> None:
    desk.run(held(lots=0.2))
    (tmp_path / "ADOPT.EURUSD").touch()
    assert desk.run(held(lots=0.2)).frozen is False
    assert desk.position["lots"] == 0.2
    assert not (tmp_path / "ADOPT.EURUSD").exists(), "once"
    (tmp_path / "ADOPT.GBPUSD").touch()
    assert desk.run().frozen is True, "another symbol's file says nothing here"
    (tmp_path / "ADOPT.EURUSD").touch()
    assert desk.run().frozen is False
    assert (desk.position["state"], desk.position["closed_by"]) == ("closed", "unknown")


def test_an_own_position_the_journal_does_not_know_is_adopted(desk: Desk) -> None:
    stray = held(ticket=99, lots=0.3)
    assert desk.run(held(), stray).frozen is False
    assert [one.ticket for one in desk.memory.orders.open_positions("EURUSD")] == [77, 99]
    assert desk.differences() == [("position_unexpected", "adopt")]
    assert desk.run(held(), stray) == (False, [])


def test_a_position_that_was_closed_by_the_journal_and_is_open_comes_back(desk: Desk) -> None:
    desk.broker.parts = [part()]
    desk.run()
    desk.run(held())
    assert desk.position["state"] == "open"


def test_a_foreign_position_is_told_and_left_alone(desk: Desk) -> None:
    for _ in range(2):
        assert desk.run(held(), held(ticket=5, magic=0)) == (False, [])
        assert desk.record.conditions == ["position_foreign"]
    assert desk.differences() == [("position_foreign", "report")]
    assert [one.ticket for one in desk.memory.orders.open_positions("EURUSD")] == [77]


def test_moved_stops_are_a_persons_will_and_one_that_is_gone_is_to_be_put_back(desk: Desk) -> None:
    desk.run(held(sl=1.095, tp=None))
    assert (desk.position["sl"], desk.position["tp"]) == (1.095, None)
    assert desk.differences() == [("stops_moved", "adopt")]
    compared = desk.run(held(sl=None, tp=None))
    (naked,) = compared.naked
    assert (compared.frozen, naked[0]) == (False, Kept(77, "BUY", 0.1, 1.1, 1.095, None, 0.1))
    assert desk.position["sl"] == 1.095, "what is to be put back is not forgotten"


def test_a_ledger_that_cannot_be_written_stops_everything(desk: Desk) -> None:
    desk.memory.file._db.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.Error):
        desk.run(held(ticket=99))


def test_what_was_told_is_not_remembered_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each position that ends is a difference: a daemon that trades for years must not keep them all."""
    monkeypatch.setattr(reconcile, "TOLD_MAX", 3)
    for ticket in range(100, 110):
        desk.run(held(ticket=ticket, magic=99))
        desk.run(held(ticket=ticket, magic=99))
    told = desk.differences()
    assert len(desk.compare._told) <= 3
    assert len(told) == len(set(desk.memory.file.rows("SELECT kind, ticket, rule, detail FROM difference"))), (
        "one that stays is told once"
    )
    assert len(told) >= 10
