"""Orders over a real wire: what each answer, and each silence, is taken for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from mt5_sentinel import wire
from mt5_sentinel.errors import Refused, Uncertain
from mt5_sentinel.types import OrderRequest
from tests.python.broker_wire import DONE, NOW_S, REQ_ID, Replies, Wire, close_order, no, ok, open_order, silent


@pytest.fixture
def wired() -> Iterator[Wire]:
    one = Wire()
    with one.gateway:
        yield one
        one.link.close()


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
            wired.broker.lookup(REQ_ID, NOW_S)
    else:
        found = wired.broker.lookup(REQ_ID, NOW_S)
        assert (found.ticket if found else None) == expected
    assert wired.requests[0]["payload"] == {"req_id": REQ_ID, "created": NOW_S}
    assert wired.requests[0]["req_id"] != REQ_ID, "the question has an id of its own"


@pytest.mark.parametrize("says", [silent, lambda request: no(request, -4), lambda request: no(request, -2)])
def test_a_lookup_without_an_answer_leaves_it_unknown(wired: Wire, says: Replies) -> None:
    wired.says = says
    with pytest.raises(Uncertain):
        wired.broker.lookup(REQ_ID, NOW_S)
