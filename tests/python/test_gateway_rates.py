"""The gateway's end of the wire: what it refuses, and what it sends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mt5_sentinel.gateway.rates import COUNT_MAX, rates_reply
from tests.python.fake_mt5 import FakeTerminal, price
from tests.python.fake_mt5_trading import FakeMt5
from tests.python.test_gateway_bars import HOUR_S, World


def request(**changes: Any) -> dict[str, Any]:
    payload = {"symbol": "EURUSD", "timeframe": "M5", "start_pos": 0, "count": 2} | changes.pop("payload", {})
    made = {"action": "RATES", "req_id": "r-1", "timestamp": 1.0, "not_after": 4e9, "payload": payload}
    return made | changes


@pytest.mark.parametrize(
    ("asked", "retcode"),
    [
        (None, -3),
        ([], -3),
        ({}, -2),
        ({"action": "RATES"}, -2),
        (request(action="ORDER_SEND"), -3),
        (request(not_after=0), -5),
        (request(timestamp="1"), -3),
        (request(req_id=""), -3),
        (request(req_id="x" * 65), -3),
        (request(payload={"symbol": "../x"}), -3),
        (request(payload={"symbol": "EURUSD\n"}), -3),
        (request(payload={"symbol": "GBPUSD"}), -3),
        (request(payload={"timeframe": "H4"}), -3),
        (request(payload={"count": 0}), -3),
        (request(payload={"count": COUNT_MAX + 1}), -3),
        (request(payload={"count": True}), -3),
        (request(payload={"count": 2.5}), -3),
        (request(payload={"start_pos": -1}), -3),
        (request(payload={"more": 1}), -3),
        (request(payload={"symbol": "E" * 100_000}), -3),
    ],
)
def test_the_gateway_asks_the_terminal_nothing_it_was_not_asked_rightly(asked: object, retcode: int) -> None:
    world = World("2026-07-07 12:30:00")
    terminal = FakeTerminal(world.wall_s)
    reply = rates_reply(terminal, asked, world.wall_s)
    assert (reply["error"], reply["retcode"], reply["data"]) == (True, retcode, {})
    assert 0 < len(reply["msg"]) <= 200
    assert len(reply["req_id"]) <= 64
    assert terminal.asked == []


def test_the_gateway_answers_in_the_terminals_own_time() -> None:
    world = World("2026-07-07 12:30:00")
    terminal = FakeTerminal(world.wall_s)
    reply = rates_reply(terminal, request(), world.wall_s)
    assert (reply["error"], reply["retcode"], reply["req_id"], reply["ticket"]) == (False, 10009, "r-1", 0)
    data = reply["data"]
    assert (data["utc"], data["server_time"]) == (world.now_s, int(world.now_s) + 3 * HOUR_S - 1)
    assert [rate[0] for rate in data["rates"]] == [data["utc"] + 3 * HOUR_S - 300, data["utc"] + 3 * HOUR_S]
    assert data["rates"][0][1:] == (1.1, 1.1002, 1.0998, price(int(world.now_s) - 300), 100, 7, 0)
    json.dumps(reply, allow_nan=False)
    terminal.history = terminal.copy_rates_from_pos("EURUSD", 5, 0, 3)
    assert rates_reply(terminal, request(), world.wall_s)["retcode"] == -4, "more bars than were asked for"


def test_a_terminal_that_is_gone_is_no_unknown_symbol() -> None:
    world = World("2026-07-07 12:30:00")
    terminal = FakeMt5(world.wall_s)
    terminal.is_gone = True
    assert rates_reply(terminal, request(), world.wall_s)["retcode"] == -4
