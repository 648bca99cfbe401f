"""A broker at one end of a real wire, a gateway that says what a test wants at the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from mt5_sentinel import wire
from mt5_sentinel.adapters.gateway import GatewayBroker
from mt5_sentinel.adapters.replay import ReplayClock
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


def ok(request: dict[str, Any], data: Any, retcode: int = wire.DONE, **more: Any) -> dict[str, Any]:
    ticket = data.get("ticket", 0) if isinstance(data, dict) else 0
    said = {"error": False, "ticket": ticket, "msg": "", "retcode": retcode, "req_id": request["req_id"], "data": data}
    return said | more


def no(request: dict[str, Any], retcode: int, msg: str = "no") -> dict[str, Any]:
    return {"error": True, "ticket": 0, "msg": msg, "retcode": retcode, "req_id": request["req_id"], "data": {}}


def silent(request: dict[str, Any]) -> None:
    return None


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
    book = {"heartbeat": beat_now | (beat or {}), "account": money | (account or {}), "positions": [position]}
    data = {
        "BOOK": book,
        "SYMBOL_INFO": prices | (symbol or {}),
    }
    return lambda request: ok(request, data[request["action"]])
