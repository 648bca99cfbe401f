"""Orders over a real wire: what each answer, and each silence, is taken for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from mt5_sentinel import wire
from mt5_sentinel.adapters.gateway import GatewayBroker
from mt5_sentinel.adapters.replay import ReplayClock
from mt5_sentinel.errors import Misconfigured, Refused, SentinelError, Transient, Uncertain, Unusable
from mt5_sentinel.gateway_client import GatewayClient
from mt5_sentinel.gateway_link import ZmqLink
from mt5_sentinel.types import OrderRequest
from tests.python.gateway_wire import Gateway

NOW_S = 1_700_049_658.0
REQ_ID = "b5a7c4b0-8a55-5c1e-9d2e-0d4c7b1f2a33"
DONE = {"ticket": 77, "price": 1.1002, "volume": 0.1}
SILENT = None

Replies = Callable[[dict[str, Any]], "dict[str, Any] | bytes | None"]


def open_order(**changed: Any) -> OrderRequest:
    order = OrderRequest(
        req_id=REQ_ID,
        kind="open",
        symbol="EURUSD",
        side="BUY",
        lots=0.1,
        purpose="signal",
        magic=7,
        created_s=NOW_S,
        not_after_s=NOW_S + 30,
        sl=1.09,
        tp=1.12,
        deviation_points=20,
    )
    return msgspec.structs.replace(order, **changed)


def close_order() -> OrderRequest:
    return open_order(kind="close", side="SELL", ticket=77, sl=None, tp=None)


class Wire:
    """A broker at one end, a gateway that says what a test wants at the other."""

    def __init__(self) -> None:
        self.says: Replies = lambda request: ok(request, DONE)
        self.gateway = Gateway(self._answer)
        self.link = ZmqLink("127.0.0.1", self.gateway.port)
        self.clock = ReplayClock(NOW_S)
        client = GatewayClient(self.link, self.clock, where="here", timeout_s=0.4)
        self.broker = GatewayBroker(client, self.clock, account_currency="USD", skew_max_s=3.0)

    @property
    def requests(self) -> list[dict[str, Any]]:
        return self.gateway.requests

    def _answer(self, request: dict[str, Any]) -> bytes | None:
        said = self.says(request)
        return said if said is None or isinstance(said, bytes) else json.dumps(said).encode()

    def then(self, *answers: Replies) -> None:
        """Answer request after request."""
        queue = list(answers)

        def says(request: dict[str, Any]) -> dict[str, Any] | bytes | None:
            return queue.pop(0)(request)

        self.says = says


@pytest.fixture
def wired() -> Iterator[Wire]:
    one = Wire()
    with one.gateway:
        yield one
        one.link.close()


def ok(request: dict[str, Any], data: Any, retcode: int = wire.DONE, **more: Any) -> dict[str, Any]:
    ticket = data.get("ticket", 0) if isinstance(data, dict) else 0
    said = {"error": False, "ticket": ticket, "msg": "", "retcode": retcode, "req_id": request["req_id"], "data": data}
    return said | more


def no(request: dict[str, Any], retcode: int, msg: str = "no") -> dict[str, Any]:
    return {"error": True, "ticket": 0, "msg": msg, "retcode": retcode, "req_id": request["req_id"], "data": {}}


def silent(request: dict[str, Any]) -> None:
    return None


def test_an_opening_carries_everything_and_its_answer_is_read(wired: Wire) -> None:
    done = wired.broker.send(open_order(), NOW_S)
    assert (done.ticket, done.price, done.lots, done.retcode) == (77, 1.1002, 0.1, 10009)
    (request,) = wired.requests
    assert (request["action"], request["req_id"]) == ("ORDER_SEND", REQ_ID)
    assert (request["timestamp"], request["not_after"]) == (NOW_S, NOW_S + 30)
    assert request["payload"] == {
        "symbol": "EURUSD",
        "type": "OP_BUY",
        "volume": 0.1,
        "magic": 7,
        "comment": wire.comment_of(REQ_ID),
        "sl": 1.09,
        "tp": 1.12,
        "deviation": 20,
    }
    msgspec.convert(request["payload"], wire.OrderSend)
    assert wire.req_id_of(request["payload"]["comment"]) == REQ_ID


def test_a_closing_names_its_position(wired: Wire) -> None:
    wired.says = lambda request: ok(request, DONE | {"profit": -3.5})
    assert wired.broker.send(close_order(), NOW_S).profit == -3.5
    (request,) = wired.requests
    assert (request["action"], request["payload"]["ticket"], request["payload"]["type"]) == (
        "ORDER_CLOSE",
        77,
        "OP_SELL",
    )
    msgspec.convert(request["payload"], wire.OrderClose)


def test_a_lost_answer_is_asked_for_again_with_the_same_id(wired: Wire) -> None:
    wired.then(silent, lambda request: ok(request, DONE))
    assert wired.broker.send(open_order(), NOW_S).ticket == 77
    first, second = wired.requests
    assert first == second


def test_a_partial_fill_says_how_much(wired: Wire) -> None:
    wired.says = lambda request: ok(request, DONE | {"volume": 0.04}, wire.PARTIAL)
    done = wired.broker.send(open_order(), NOW_S)
    assert (done.lots, done.retcode) == (0.04, 10010)


UNCLEAR: dict[str, Replies] = {
    "silence": silent,
    "no JSON": lambda request: b"\xff\xfe ERROR: Unknown Command",
    "another order's answer": lambda request: ok(request, DONE, req_id="b5a7c4b0-8a55-5c1e-9d2e-000000000000"),
    "the server's time-out": lambda request: no(request, 10012),
    "no connection": lambda request: no(request, 10031),
    "an internal error": lambda request: no(request, -4),
    "an error that says done": lambda request: no(request, 10009),
    "no error, and no success": lambda request: ok(request, DONE, 10004),
    "done without what was done": lambda request: ok(request, {}),
    "more than was asked for": lambda request: ok(request, DONE | {"volume": 0.2}),
    "a price of nothing": lambda request: ok(request, DONE | {"price": 0.0}),
    "no volume": lambda request: ok(request, DONE | {"volume": 0.0}),
    "data of another kind": lambda request: ok(request, [1, 2]),
    "a retcode of another kind": lambda request: ok(request, DONE, retcode="10009"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("kind", UNCLEAR)
@pytest.mark.parametrize("order", [open_order(), close_order()], ids=["open", "close"])
def test_what_is_neither_yes_nor_no_is_unknown(wired: Wire, kind: str, order: OrderRequest) -> None:
    wired.says = UNCLEAR[kind]
    with pytest.raises(Uncertain) as caught:
        wired.broker.send(order, NOW_S)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("retcode", [-1, -2, -3, -5, -6, 10004, 10006, 10014, 10016, 10018, 10019, 10030])
def test_a_no_is_a_no_with_its_code(wired: Wire, retcode: int) -> None:
    wired.says = lambda request: no(request, retcode, "x" * 5000)
    with pytest.raises(Refused, match=str(retcode)) as caught:
        wired.broker.send(open_order(), NOW_S)
    assert caught.value.reason == f"retcode_{retcode}"
    assert len(str(caught.value)) < 300
    assert len(wired.requests) == 1


def test_an_answer_that_comes_late_is_not_the_next_ones(wired: Wire) -> None:
    """The first order's answer comes when the second is asked: each socket is used until it is silent, then dropped."""
    late: list[dict[str, Any]] = []

    def keep(request: dict[str, Any]) -> None:
        late.append(request)

    wired.then(keep, keep, lambda request: ok(late[0], DONE | {"ticket": 1}), lambda request: no(request, 10006))
    with pytest.raises(Uncertain):
        wired.broker.send(open_order(), NOW_S)
    with pytest.raises(Refused):
        wired.broker.send(open_order(req_id="00000000-0000-5000-8000-000000000002"), NOW_S)


@pytest.mark.parametrize(
    ("looked", "expected"),
    [
        ({"state": "executed", "retcode": 10009, "executed": DONE}, 77),
        ({"state": "unseen", "retcode": -5}, None),
        ({"state": "refused", "retcode": 10006, "msg": "no"}, Refused),
        ({"state": "unknown", "retcode": 10012}, Uncertain),
        ({"state": "executed", "retcode": 10009}, Uncertain),
        ({"state": "filled", "retcode": 10009}, Uncertain),
        ({}, Uncertain),
    ],
)
def test_a_lookup_tells_what_became_of_an_order(wired: Wire, looked: dict[str, Any], expected: Any) -> None:
    wired.says = lambda request: ok(request, looked)
    if isinstance(expected, type):
        with pytest.raises(expected):
            wired.broker.lookup(REQ_ID)
    else:
        found = wired.broker.lookup(REQ_ID)
        assert (found.ticket if found else None) == expected
    assert wired.requests[0]["payload"] == {"req_id": REQ_ID}
    assert wired.requests[0]["req_id"] != REQ_ID, "the question has an id of its own"


@pytest.mark.parametrize("says", [silent, lambda request: no(request, -4), lambda request: no(request, -2)])
def test_a_lookup_without_an_answer_leaves_it_unknown(wired: Wire, says: Replies) -> None:
    wired.says = says
    with pytest.raises(Uncertain):
        wired.broker.lookup(REQ_ID)


def honest(
    beat: dict[str, Any] | None = None, account: dict[str, Any] | None = None, symbol: dict[str, Any] | None = None
) -> Replies:
    """A gateway at rest with one position, changed where a test says so."""
    beat_now = {"broker": "paper", "utc": NOW_S, "connected": True, "trade_allowed": True, "halted": False}
    money = {"balance": 10_000.0, "equity": 10_050.0, "margin_free": 9_000.0, "currency": "USD"}
    position = {
        "ticket": 77,
        "symbol": "EURUSD",
        "type": "OP_SELL",
        "volume": 0.1,
        "price": 1.1,
        "sl": 1.11,
        "tp": None,
    }
    position |= {"time": NOW_S - 60, "magic": 7, "profit": 50.0, "comment": wire.comment_of(REQ_ID)}
    prices = {"symbol": "EURUSD", "bid": 1.1, "ask": 1.1001, "point": 1e-5, "tick_size": 1e-5, "tick_value": 1.0}
    prices |= {"contract_size": 1e5, "volume_min": 0.01, "volume_step": 0.01, "volume_max": 50.0, "stops_level": 10.0}
    data = {
        "HEARTBEAT": beat_now | (beat or {}),
        "ACCOUNT": money | (account or {}),
        "POSITIONS": {"positions": [position]},
        "SYMBOL_INFO": prices | (symbol or {}),
    }
    return lambda request: ok(request, data[request["action"]])


def test_the_book_is_account_and_positions(wired: Wire) -> None:
    wired.says = honest()
    book = wired.broker.book()
    assert (book.account.balance, book.account.equity, book.halted) == (10_000.0, 10_050.0, False)
    (position,) = book.positions
    assert (position.ticket, position.side, position.lots, position.sl, position.tp) == (77, "SELL", 0.1, 1.11, None)
    assert (position.req_id, position.profit, position.opened_s) == (REQ_ID, 50.0, int(NOW_S - 60))


@pytest.mark.parametrize(
    "beat", [{"halted": True}, {"connected": False}, {"trade_allowed": False}], ids=["halted", "offline", "forbidden"]
)
def test_a_gateway_that_takes_no_orders_gives_a_halted_book(wired: Wire, beat: dict[str, Any]) -> None:
    wired.says = honest(beat)
    assert wired.broker.book().halted


@pytest.mark.parametrize(
    ("changed", "error", "reason"),
    [
        ({"beat": {"utc": NOW_S + 4}}, Unusable, "gateway_clock"),
        ({"beat": {"utc": NOW_S - 4}}, Unusable, "gateway_clock"),
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
