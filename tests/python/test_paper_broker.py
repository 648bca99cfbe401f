"""The paper broker behind the daemon's door: an order happens once, and in a dry run only after a check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core
from mt5_sentinel.adapters.paper import PaperBroker
from mt5_sentinel.errors import Refused, Transient, Unusable
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.ports import Broker
from mt5_sentinel.types import Closing, Execution, OrderRequest
from tests.python.paper_orders import NOON_S, account, bars, book, closing, count, opening, quote, uid


class Checker:
    """A gateway that is only asked to check."""

    name = "gateway"

    def __init__(self) -> None:
        """Willing, until ``answer`` says otherwise."""
        self.answer: Exception | None = None
        self.price: _core.Quote | Exception = Transient("not asked for", "gateway_timeout")
        self.checked: list[OrderRequest] = []
        self.is_closed = False

    def check(self, request: OrderRequest, now_s: float) -> None:
        self.checked.append(request)
        if self.answer is not None:
            raise self.answer

    def quote(self, symbol: str) -> _core.Quote:
        if isinstance(self.price, Exception):
            raise self.price
        return self.price

    def close(self) -> None:
        self.is_closed = True

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name}: a dry run only checks and asks for prices")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the deals are."""
    return tmp_path / "paper.db"


@pytest.fixture
def held(path: Path) -> Iterator[PaperAccount]:
    """An account that knows a price."""
    made = account(path)
    made.mark("EURUSD", quote(1.1))
    yield made
    made.close()


@pytest.fixture
def broker(held: PaperAccount) -> Broker:
    """A broker on it."""
    return PaperBroker(held)


def reopened(held: PaperAccount, path: Path) -> PaperAccount:
    held.close()
    again = account(path)
    again.mark("EURUSD", quote(1.1))
    return again


def test_a_trade_through_the_door(broker: Broker) -> None:
    assert (broker.name, broker.quote("EURUSD"), broker.facts("EURUSD").account_currency) == ("paper", None, "USD")
    with pytest.raises(Unusable):
        broker.facts("GBPUSD")
    broker.check(opening("a"), NOON_S)
    assert broker.book().positions == []
    assert broker.send(opening("a"), NOON_S) == Execution(1, 1.1001, 0.1)
    told = broker.book()
    assert (told.account.equity, told.halted) == (9_999.0, False)
    assert [(one.ticket, one.sl, one.tp, one.req_id) for one in told.own("EURUSD", 7)] == [(1, 1.09, 1.12, uid("a"))]
    broker.modify("EURUSD", 1, 1.095, None, NOON_S)
    broker.mark("EURUSD", quote(1.1, NOON_S + 7200), bars((NOON_S + 3600, 1.1, 1.1, 1.09, 1.1)))
    assert broker.closings(1) == [Closing(1, NOON_S + 3600.0, 1.095, 0.1, -51.0, "stop_loss", None)]
    broker.close()
    assert broker.book().account.balance == 9_949.0, "the account is its maker's to close"


def test_the_same_request_answers_the_first_outcome(held: PaperAccount, broker: Broker, path: Path) -> None:
    first = broker.send(opening("a"), NOON_S)
    broker.mark("EURUSD", quote(1.11), bars((NOON_S, 1.1, 1.1, 1.1, 1.1)))
    before = book(held)
    assert broker.send(opening("a"), NOON_S) == first
    assert broker.send(opening("a", created_s=1, not_after_s=2, purpose="weekend"), NOON_S + 3600) == first
    assert (book(held), count(path, "deal")) == (before, 1)
    again = PaperBroker(reopened(held, path))
    assert again.lookup(uid("a"), NOON_S) == again.send(opening("a"), NOON_S) == first
    assert count(path, "deal") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"side": "SELL", "sl": 1.12, "tp": 1.09},
        {"lots": 0.2},
        {"sl": 1.0},
        {"tp": None},
        {"magic": 8},
        {"deviation_points": 3},
        {"symbol": "GBPUSD"},
        {"kind": "close", "ticket": 1},
    ],
)
def test_an_id_with_another_order_is_refused(held: PaperAccount, path: Path, changes: dict[str, Any]) -> None:
    PaperBroker(held).send(opening("a"), NOON_S)
    again = PaperBroker(reopened(held, path))
    with pytest.raises(Refused) as caught:
        again.send(opening("a", **changes), NOON_S)
    assert (caught.value.reason, caught.value.retcode) == ("req_id_reused", -3)
    assert again.send(opening("a"), NOON_S).ticket == 1, "the first one stays as it was"
    assert count(path, "deal") == 1


def test_a_late_order_is_refused_and_stays_refused(broker: Broker, path: Path) -> None:
    for now_s in (NOON_S + 30.001, NOON_S):
        with pytest.raises(Refused) as caught:
            broker.send(opening("a"), now_s)
        assert (caught.value.reason, caught.value.retcode) == ("expired", -5)
    with pytest.raises(Refused, match="not_after"):
        broker.lookup(uid("a"), NOON_S)
    assert count(path, "deal") == 0
    assert broker.send(opening("b"), NOON_S + 30.0).ticket == 1, "the last moment is in time"


def test_a_refusal_is_the_outcome_for_good(held: PaperAccount, broker: Broker, path: Path) -> None:
    for now in (quote(1.08), quote(1.1)):
        broker.mark("EURUSD", now, bars((NOON_S, 1.1, 1.1, 1.1, 1.1)))
        with pytest.raises(Refused) as caught:
            broker.send(opening("a"), NOON_S)
        assert caught.value.reason == "invalid_stops"
    again = PaperBroker(reopened(held, path))
    works: tuple[Callable[[], object], ...] = (
        lambda: again.send(opening("a"), NOON_S),
        lambda: again.lookup(uid("a"), NOON_S),
    )
    for work in works:
        with pytest.raises(Refused) as caught:
            work()
        assert (caught.value.reason, caught.value.retcode) == ("invalid_stops", 10016)


def test_what_was_looked_up_and_not_found_never_happens(held: PaperAccount, broker: Broker, path: Path) -> None:
    assert broker.lookup(uid("a"), NOON_S) is None
    assert broker.lookup(uid("a"), NOON_S) is None
    again = PaperBroker(reopened(held, path))
    with pytest.raises(Refused) as caught:
        again.send(opening("a"), NOON_S)
    assert (caught.value.reason, caught.value.retcode) == ("unseen", -5)
    assert again.lookup(uid("a"), NOON_S) is None
    assert count(path, "deal") == 0


def test_in_a_dry_run_the_gateway_is_asked_first(held: PaperAccount, path: Path) -> None:
    checker = Checker()
    broker = PaperBroker(held, checker)
    broker.check(opening("a"), NOON_S)
    broker.send(opening("a"), NOON_S)
    broker.send(opening("a"), NOON_S)
    assert checker.checked == [opening("a")] * 2, "once for the check, once for the order, not for its repeat"
    checker.answer = Transient("silent", "gateway_timeout")
    with pytest.raises(Transient):
        broker.check(opening("b"), NOON_S)
    assert broker.send(closing("x"), NOON_S).lots == 0.1, "an exit does not wait for a gateway that knows no paper"
    broker.close()
    assert checker.is_closed


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Refused("no money", "refused_no_money"), "refused_no_money"),
        (Transient("silent", "gateway_timeout"), "gateway_check_failed"),
        (Unusable("its clock is wrong", "gateway_clock"), "gateway_check_failed"),
    ],
)
def test_what_the_gateway_did_not_allow_is_never_filled(
    held: PaperAccount, path: Path, answer: Exception, reason: str
) -> None:
    checker = Checker()
    broker = PaperBroker(held, checker)
    for said in (answer, None):
        checker.answer = said
        with pytest.raises(Refused) as caught:
            broker.send(opening("a"), NOON_S)
        assert caught.value.reason == reason
    assert count(path, "deal") == 0
    assert len(checker.checked) == 1, "refused once is refused"


FEED, DEEP = quote(1.1), (NOON_S + 3600, 1.1, 1.2, 1.0, 1.1)
"""The source's price, and a bar of it that reaches all levels; the checker quotes 4 % lower."""


@pytest.fixture
def quoted(held: PaperAccount) -> tuple[Broker, Checker]:
    """A dry run that bought at the checker's prices, stop 1.05, target 1.07."""
    checker = Checker()
    checker.price = quote(1.06)
    broker: Broker = PaperBroker(held, checker)
    broker.quote("EURUSD")
    broker.mark("EURUSD", FEED, bars((NOON_S, 1.1, 1.2, 1.0, 1.1)))
    assert broker.send(opening("a", sl=1.05, tp=1.07), NOON_S).price == 1.0601
    return broker, checker


def test_what_was_opened_at_the_gateways_prices_is_closed_at_them(quoted: tuple[Broker, Checker]) -> None:
    broker, checker = quoted
    broker.quote("EURUSD")
    broker.mark("EURUSD", FEED, bars(DEEP))
    assert [one.ticket for one in broker.book().positions] == [1], "the bars are of another feed"
    assert broker.book().account.equity == 9_999.0, "and so is their newest price"
    checker.price = quote(1.0495, NOON_S + 7200)
    broker.quote("EURUSD")
    broker.mark("EURUSD", FEED, bars(DEEP))
    assert broker.closings(1) == [Closing(1, NOON_S + 7200.0, 1.0495, 0.1, -106.0, "stop_loss", None)]


def test_a_gateway_that_is_away_executes_nothing_on_paper(quoted: tuple[Broker, Checker]) -> None:
    broker, checker = quoted
    for away in (Transient("silent", "gateway_timeout"), Unusable("its clock is wrong", "gateway_clock")):
        checker.price = away
        assert broker.quote("EURUSD") is None
        broker.mark("EURUSD", FEED, bars(DEEP))
        assert (len(broker.book().positions), broker.book().account.equity) == (1, 9_999.0)
    checker.price = quote(1.0495, NOON_S + 7200)
    broker.quote("EURUSD")
    broker.mark("EURUSD", FEED, bars(DEEP))
    assert broker.closings(1)[0].price == 1.0495, "the first price after it came back"


def test_symbols_and_brokers_share_one_account(held: PaperAccount) -> None:
    held.know("USDJPY", _core.SymbolFacts("USDJPY", "USD"))
    euro, yen = PaperBroker(held), PaperBroker(held)
    yen.mark("USDJPY", quote(150.0, spread=0.01), bars((NOON_S, 1.0, 1.0, 1.0, 1.0)))
    euro.send(opening("a"), NOON_S)
    yen.send(opening("b", symbol="USDJPY", sl=149.0, tp=None), NOON_S)
    assert [(one.symbol, one.ticket) for one in euro.book().positions] == [("EURUSD", 1), ("USDJPY", 2)]
    assert yen.book().account.equity == 9_999.0 - 0.67
