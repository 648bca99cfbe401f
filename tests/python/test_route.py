"""Order safety: on disk before the wire, sent once, and an unknown outcome freezes the symbol."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core, journal
from mt5_sentinel.errors import Refused, Uncertain
from mt5_sentinel.journal import Journal
from mt5_sentinel.route import VALID_FOR_S, recover, route
from mt5_sentinel.types import CycleRecord, FillReport, OrderRequest

NOW_S = 1_700_000_000.0
BAR_S = 1_699_995_600
PINNED = "0fb5fe71-6bd8-52b9-8a34-7b0fce76c1d3"
FILL = FillReport(price=1.1001, closed_lots=0.0, opened_lots=0.1, profit=0.0)


class FakeBroker:
    """Keeps what it was asked; ``answers`` says what happens next, the last answer stays."""

    def __init__(self, path: Path, *answers: FillReport | BaseException | None) -> None:
        self.path = path
        self.answers = list(answers)
        self.sent: list[OrderRequest] = []
        self.asked: list[str] = []
        self.on_disk_at_send: list[list[tuple[Any, ...]]] = []

    def _answer(self) -> FillReport | None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def send(self, request: OrderRequest, now_s: float) -> FillReport:
        self.sent.append(request)
        other = sqlite3.connect(self.path)  # another process would see the same
        found = other.execute("SELECT req_id, state FROM intent").fetchall()
        other.close()
        self.on_disk_at_send.append(found)
        answer = self._answer()
        assert answer is not None
        return answer

    def lookup(self, req_id: str) -> FillReport | None:
        self.asked.append(req_id)
        return self._answer()

    def account(self, quote: _core.Quote) -> _core.Account:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held."""


Open = Callable[[], Journal]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open the journal; opening again ends the one before as a kill would."""
    journals: list[Journal] = []

    def start() -> Journal:
        if journals:
            journals.pop().close()
        journals.append(Journal(tmp_path, "dry-run"))
        return journals[-1]

    yield start
    journals.pop().close()


def record(bar_open_s: int = BAR_S) -> CycleRecord:
    return CycleRecord(symbol="EURUSD", mode="dry-run", started_s=NOW_S, bar_open_s=bar_open_s)


def begun(memory: Journal, bar_open_s: int = BAR_S) -> CycleRecord:
    cycle = record(bar_open_s)
    cycle.reason = "signal"
    memory.begin(cycle)
    return cycle


def ruling(side: str = "BUY", *, held: bool = False, halted: bool = False, spread: float = 0.0001) -> _core.Ruling:
    """A real ruling; with ``held`` a position of 0.1 lots is open on the other side."""
    book = _core.PaperBook(_core.SymbolFacts("EURUSD", "USD"), 10_000.0)
    quote = _core.Quote(time_s=int(NOW_S), bid=1.1, ask=1.1 + spread)
    if held:
        book.fill(_core.Order("SELL" if side == "BUY" else "BUY", close_lots=0.0, open_lots=0.1), quote)
    limits = _core.Limits(volume_lots=0.1, volume_lots_max=0.1, daily_loss_max=100.0, spread_points_max=30.0)
    return _core.approve(side, book.mark(quote), limits, halted=halted)


def intents(memory: Journal) -> list[dict[str, Any]]:
    return [cycle["intent"] for cycle in journal.read(memory.path) if cycle["intent"]]


def test_the_intent_is_on_disk_before_the_broker_hears_of_it(opened: Open) -> None:
    memory = opened()
    broker, cycle = FakeBroker(memory.path, FILL), begun(memory)
    route(ruling(), broker, memory, cycle, NOW_S)
    (sent,) = broker.sent
    assert broker.on_disk_at_send == [[(sent.req_id, "intended")]]
    assert (sent.side, sent.close_lots, sent.open_lots) == ("BUY", 0.0, 0.1)
    assert (sent.bar_open_s, sent.created_s, sent.not_after_s) == (BAR_S, NOW_S, NOW_S + VALID_FOR_S)
    assert (cycle.outcome, cycle.req_id, cycle.reason) == ("filled", sent.req_id, "signal")
    (intent,) = intents(memory)
    assert (intent["state"], intent["price"], intent["opened_lots"]) == ("filled", 1.1001, 0.1)


def test_the_check_above_would_see_an_order_sent_first(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = opened()
    broker, cycle = FakeBroker(memory.path, FILL), begun(memory)
    monkeypatch.setattr(memory, "intend", lambda request, record: None)
    route(ruling(), broker, memory, cycle, NOW_S)
    assert broker.on_disk_at_send == [[]]


@pytest.mark.parametrize("fault", ["PRAGMA query_only = ON", "DROP TABLE intent"])
def test_without_a_ledger_no_order_is_sent(opened: Open, fault: str) -> None:
    memory = opened()
    broker, cycle = FakeBroker(memory.path, FILL), begun(memory)
    memory._db.execute(fault)
    with pytest.raises(sqlite3.Error):
        route(ruling(), broker, memory, cycle, NOW_S)
    assert broker.sent == []


def test_the_same_intent_is_never_sent_twice(opened: Open) -> None:
    memory = opened()
    broker = FakeBroker(memory.path, FILL)
    route(ruling(), broker, memory, begun(memory), NOW_S)
    with pytest.raises(sqlite3.IntegrityError):
        route(ruling(), broker, memory, begun(memory), NOW_S + 60)
    assert len(broker.sent) == 1


def test_a_refusal_of_the_broker_is_written_down_and_not_insisted_on(opened: Open) -> None:
    memory = opened()
    broker, cycle = FakeBroker(memory.path, Refused("no money", "no_money")), begun(memory)
    route(ruling(), broker, memory, cycle, NOW_S)
    assert (cycle.outcome, cycle.reason, cycle.detail) == ("refused", "no_money", "no money")
    assert [(intent["state"], intent["detail"]) for intent in intents(memory)] == [("refused", "no money")]
    recover(broker, memory, "EURUSD")
    assert (broker.asked, len(broker.sent)) == ([], 1)


@pytest.mark.parametrize(
    ("answer", "state", "price"), [(FILL, "filled", 1.1001), (None, "not_sent", None)], ids=["filled", "not_sent"]
)
def test_an_unknown_outcome_is_looked_up(
    opened: Open, answer: FillReport | None, state: str, price: float | None
) -> None:
    memory = opened()
    broker, cycle = FakeBroker(memory.path, Uncertain("no answer", "send_timeout"), answer), begun(memory)
    with pytest.raises(Uncertain):
        route(ruling(), broker, memory, cycle, NOW_S)
    assert cycle.outcome == "unknown"
    assert memory.unresolved("EURUSD") == [cycle.req_id]
    assert intents(memory)[0]["state"] == "unknown"
    recover(broker, opened(), "EURUSD")  # after a restart, to be strict
    assert broker.asked == [cycle.req_id]
    memory = opened()
    assert memory.unresolved("EURUSD") == []
    assert (intents(memory)[0]["state"], intents(memory)[0]["price"]) == (state, price)
    assert memory.decided_bar_s("EURUSD") == BAR_S, "whatever became of it, this bar is not tried again"
    assert len(broker.sent) == 1


def test_a_symbol_stays_frozen_while_the_broker_cannot_tell(opened: Open) -> None:
    memory = opened()
    broker, cycle = FakeBroker(memory.path, Uncertain("no answer", "send_timeout")), begun(memory)
    with pytest.raises(Uncertain):
        route(ruling(), broker, memory, cycle, NOW_S)
    for _ in range(3):
        with pytest.raises(Uncertain):
            recover(broker, memory, "EURUSD")
    assert memory.unresolved("EURUSD") == [cycle.req_id]
    assert len(broker.sent) == 1
    recover(broker, memory, "GBPUSD")  # another symbol is not held up
    assert len(broker.asked) == 3


class _Crash(BaseException):
    pass


@pytest.mark.parametrize("reached_the_broker", [True, False])
def test_a_crash_between_intent_and_outcome_is_recovered(opened: Open, reached_the_broker: bool) -> None:
    memory = opened()
    cycle = begun(memory)
    dying = FakeBroker(memory.path, _Crash())
    with pytest.raises(_Crash):
        route(ruling(), dying, memory, cycle, NOW_S)
    memory = opened()
    assert memory.unresolved("EURUSD") == [cycle.req_id]
    after = FakeBroker(memory.path, FILL if reached_the_broker else None)
    recover(after, memory, "EURUSD")
    assert after.asked == [cycle.req_id]
    assert after.sent == []
    assert intents(memory)[0]["state"] == ("filled" if reached_the_broker else "not_sent")
    recover(after, memory, "EURUSD")
    assert len(after.asked) == 1, "asked once, then known"


def test_nothing_is_asked_when_nothing_is_unknown(opened: Open) -> None:
    memory = opened()
    broker = FakeBroker(memory.path, FILL)
    route(ruling(), broker, memory, begun(memory), NOW_S)
    recover(broker, memory, "EURUSD")
    assert broker.asked == []


def request_id(memory: Journal, bar_open_s: int = BAR_S, side: str = "BUY") -> str:
    cycle = begun(memory, bar_open_s)
    with pytest.raises(Uncertain):
        route(ruling(side), FakeBroker(memory.path, Uncertain("x", "x")), memory, cycle, NOW_S)
    assert cycle.req_id is not None
    memory._db.execute("DELETE FROM intent")
    return cycle.req_id


def test_the_request_id_is_the_same_after_restarts_and_in_other_processes(opened: Open) -> None:
    ids = {request_id(opened()) for _ in range(3)}
    code = (
        "import sys; from mt5_sentinel import _core; from mt5_sentinel.route import _request\n"
        "from mt5_sentinel.types import CycleRecord\n"
        f"r = CycleRecord('EURUSD', 'dry-run', 5.0, bar_open_s={BAR_S})\n"
        "print(_request(_core.Order('BUY', close_lots=0.0, open_lots=0.1), r, 99.0).req_id)"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    ids.add(done.stdout.strip())
    # Written down: a change of this value would make a retry after an upgrade a new order.
    assert ids == {PINNED}


def test_another_intent_has_another_id(opened: Open) -> None:
    memory = opened()
    assert len({PINNED, request_id(memory, BAR_S + 3600), request_id(memory, BAR_S, "SELL")}) == 3


def test_a_refusal_of_risk_is_recorded_and_nothing_is_sent(opened: Open) -> None:
    memory = opened()
    for refused, reason in ((ruling(spread=0.01), "refused_spread"), (ruling(halted=True), "refused_halted")):
        broker, cycle = FakeBroker(memory.path, FILL), begun(memory)
        route(refused, broker, memory, cycle, NOW_S)
        assert (cycle.outcome, cycle.reason, cycle.req_id) == ("refused", reason, None)
        assert broker.sent == []
    assert intents(memory) == []


def test_an_exit_goes_even_when_entries_are_halted(opened: Open) -> None:
    memory = opened()
    closing = FillReport(price=1.1, closed_lots=0.1, opened_lots=0.0, profit=-1.0)
    broker, cycle = FakeBroker(memory.path, closing), begun(memory)
    route(ruling("SELL", held=True, halted=True), broker, memory, cycle, NOW_S)
    (sent,) = broker.sent
    assert (sent.side, sent.close_lots, sent.open_lots) == ("SELL", 0.1, 0.0)
    assert (cycle.outcome, cycle.reason) == ("filled", "refused_halted")
    assert intents(memory)[0]["profit"] == -1.0
