"""A broker's book over a real wire: account, positions, prices, facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mt5_sentinel.errors import Misconfigured, Refused, SentinelError, Transient, Unusable
from tests.python.broker_wire import NOW_S, REQ_ID, Wire, honest, no, ok, open_order, silent


@pytest.fixture
def wired() -> Iterator[Wire]:
    one = Wire()
    with one.gateway:
        yield one
        one.link.close()


def test_the_book_is_account_and_positions(wired: Wire) -> None:
    wired.says = honest()
    book = wired.broker.book()
    assert (book.account.balance, book.account.equity, book.halted) == (10_000.0, 10_050.0, False)
    (position,) = book.positions
    assert (position.ticket, position.side, position.lots, position.sl, position.tp) == (77, "SELL", 0.1, 1.11, None)
    assert (position.req_id, position.profit, position.opened_s) == (REQ_ID, 50.0, int(NOW_S - 60))


@pytest.mark.parametrize(
    "beat",
    [{"halted": True}, {"connected": False}, {"trade_allowed": False}, {"utc": NOW_S + 4}, {"utc": NOW_S - 4}],
    ids=["halted", "offline", "forbidden", "ahead", "behind"],
)
def test_a_gateway_that_takes_no_orders_gives_a_halted_book(wired: Wire, beat: dict[str, Any]) -> None:
    wired.says = honest(beat)
    assert wired.broker.book().halted


@pytest.mark.parametrize(
    ("changed", "error", "reason"),
    [
        ({"account": {"currency": "EUR"}}, Misconfigured, "account_currency"),
        ({"account": {"balance": "much"}}, Unusable, "gateway_answer"),
    ],
)
def test_a_book_that_cannot_be_traded_on_is_an_error(
    wired: Wire, changed: dict[str, Any], error: type[SentinelError], reason: str
) -> None:
    wired.says = honest(**changed)
    with pytest.raises(error) as caught:
        wired.broker.book()
    assert caught.value.reason == reason


def test_a_gateway_that_is_not_there_is_transient_and_ends_in_time(wired: Wire) -> None:
    wired.says = silent
    with pytest.raises(Transient, match="did not answer"):
        wired.broker.book()
    assert len(wired.requests) == 2, "asked twice within its time"


def test_prices_and_facts_are_the_brokers(wired: Wire) -> None:
    wired.says = honest(symbol={"tick_utc": NOW_S - 9})
    quote = wired.broker.quote("EURUSD")
    assert (quote.bid, quote.ask, quote.time_s) == (1.1, 1.1001, int(NOW_S - 9))
    assert wired.broker.facts("EURUSD").point == 1e-5
    for wrong in ({"bid": 0.0}, {"ask": 1.09}):
        wired.says = honest(symbol=wrong)
        with pytest.raises(Unusable):
            wired.broker.quote("EURUSD")
    for untrue in ({"tick_value": 0.0}, {"volume_step": -1.0}, {"symbol": "GBPUSD"}):
        wired.says = honest(symbol=untrue)
        with pytest.raises(Unusable):
            wired.broker.facts("EURUSD")


def test_a_check_passes_or_is_refused(wired: Wire) -> None:
    wired.says = lambda request: ok(request, {})
    wired.broker.check(open_order(), NOW_S)
    assert wired.requests[0]["action"] == "ORDER_CHECK"
    assert wired.requests[0]["req_id"] != REQ_ID, "a check must not use up the order's id"
    wired.says = lambda request: no(request, 10019, "no money")
    with pytest.raises(Refused, match="no money"):
        wired.broker.check(open_order(), NOW_S)
    wired.says = silent
    with pytest.raises(Transient):
        wired.broker.check(open_order(), NOW_S)
