"""Bars of a terminal over a real wire: both ends, and what each does when the other fails."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import numpy as np
import pytest

from mt5_sentinel import _core
from mt5_sentinel.adapters.gateway_bars import GatewayMarket
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable
from mt5_sentinel.gateway.rates import rates_reply
from mt5_sentinel.gateway_client import GatewayClient
from mt5_sentinel.gateway_link import ZmqLink
from tests.python.fake_mt5 import DTYPE, FakeTerminal, price
from tests.python.gateway_wire import Answer, Gateway

HOUR_S = 3600


class World:
    """Its time moves when a test says so."""

    def __init__(self, text: str) -> None:
        self.now_s = datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()

    def wall_s(self) -> float:
        return self.now_s

    def monotonic_s(self) -> float:
        return self.now_s

    def wait_s(self, timeout_s: float) -> None:
        self.now_s += timeout_s


def market(
    world: World, port: int, host: str = "127.0.0.1", interval: str = "1h", dst: str = "eu", timeout_s: float = 5.0
) -> GatewayMarket:
    link = ZmqLink(host, port, is_kept=False)
    client = GatewayClient(link, world, where=link.url, timeout_s=timeout_s)
    return GatewayMarket(client, symbol="EURUSD", interval=interval, dst=dst, clock=world)


class Both:
    """A market, the gateway it asks, the terminal behind that, and their one time."""

    def __init__(self, text: str, interval: str = "1h", timeout_s: float = 5.0) -> None:
        self.paid = 0
        self.world = World(text)
        self.terminal = FakeTerminal(self.world.wall_s)
        self.gateway = Gateway(self.honest)
        self.market = market(self.world, self.gateway.port, interval=interval, timeout_s=timeout_s)

    def honest(self, request: dict[str, Any]) -> bytes:
        return json.dumps(rates_reply(self.terminal, request, self.world.wall_s)).encode()

    def fetch(self, back_s: int = 10 * HOUR_S) -> list[tuple[int, float]]:
        now_s = int(self.world.now_s)
        page = self.market.fetch(now_s - back_s, now_s, self.pay)
        rows = _core.clean(_core.parse(page.body), interval_s=HOUR_S, now_s=now_s + HOUR_S).bars.rows()
        return [(row[0], row[4]) for row in rows]

    def pay(self) -> None:
        self.paid += 1

    def measure(self) -> None:
        """The two answers that tell the offset."""
        with pytest.raises(Unusable, match="offset of broker time"):
            self.fetch()
        self.world.now_s += 60


@pytest.fixture
def both() -> Iterator[Both]:
    pair = Both("2026-07-07 12:30:00")
    with pair.gateway:
        yield pair


def reason_of(both: Both) -> str:
    with pytest.raises(SentinelError) as caught:
        both.fetch()
    assert len(str(caught.value)) < 400
    return caught.value.reason


def test_bars_arrive_in_utc_with_the_one_still_forming(both: Both) -> None:
    both.measure()
    now_s = int(both.world.now_s)
    newest_s = now_s // HOUR_S * HOUR_S
    bars = both.fetch()
    assert [opened for opened, _ in bars] == list(range(newest_s - 9 * HOUR_S, newest_s + 1, HOUR_S))
    assert [close for _, close in bars] == [price(opened) for opened, _ in bars]
    request = both.gateway.requests[-1]
    assert request["action"] == "RATES"
    assert request["payload"] == {"symbol": "EURUSD", "timeframe": "H1", "start_pos": 0, "count": 12}
    assert request["not_after"] == request["timestamp"] + 5.0
    page = both.market.fetch(now_s - HOUR_S, now_s, both.pay)
    assert both.paid == len(both.gateway.requests) == 3
    assert page.date is not None
    assert parsedate_to_datetime(page.date).timestamp() == now_s
    assert (both.market.name, both.market.units_per_call) == ("gateway", 0)


@pytest.mark.parametrize("moment", ["2026-03-30 12:30:00", "2026-10-26 12:30:00"])
def test_across_a_change_of_clocks_every_hour_is_itself(moment: str) -> None:
    both = Both(moment)
    with both.gateway:
        both.measure()
        bars = both.fetch(5 * 24 * HOUR_S)
    newest_s = int(both.world.now_s) // HOUR_S * HOUR_S
    assert [opened for opened, _ in bars] == list(range(newest_s - 119 * HOUR_S, newest_s + 1, HOUR_S))
    assert [close for _, close in bars] == [price(opened) for opened, _ in bars]


def test_an_old_tick_tells_no_offset_and_the_measured_one_is_kept(both: Both) -> None:
    standing_s = both.world.now_s
    for _ in range(70):  # within these minutes the old tick lies near several quarters of an hour
        both.terminal.tick_age_s = int(both.world.now_s - standing_s) + 5
        assert reason_of(both) == "broker_offset_unknown"
        both.world.now_s += 60
    both.terminal.tick_age_s = 1
    assert reason_of(both) == "broker_offset_unknown", "a jump is no move along"
    both.world.now_s += 60
    expected = both.fetch()[-1]
    both.terminal.tick_age_s = HOUR_S
    both.world.now_s += 1
    assert both.fetch()[-1] == expected, "what was measured last holds"


def test_a_short_answer_is_an_answer(both: Both) -> None:
    both.measure()
    both.terminal.bars_max = 3
    assert len(both.fetch()) == 3
    both.terminal.history = np.array([], dtype=DTYPE)
    now_s = int(both.world.now_s)
    assert len(_core.parse(both.market.fetch(now_s - HOUR_S, now_s, both.pay).body)) == 0


def test_what_the_terminal_cannot_do_says_who_has_to_act(both: Both) -> None:
    both.measure()
    for function, reason in [
        ("symbol_select", "gateway_invalid_value"),
        ("copy_rates_from_pos", "gateway_internal"),
        ("symbol_info_tick", "gateway_internal"),
    ]:
        both.terminal.fails = {function}
        assert reason_of(both) == reason
    both.terminal.fails = set()
    both.terminal.history = np.array([(1, 1.0)], dtype=[("time", "<i8"), ("open", "<f8")])
    assert reason_of(both) == "gateway_internal"
    both.terminal.history = np.array([(1, 1.0, float("nan"), 1.0, 1.0, 1, 1, 1)], dtype=DTYPE)
    assert reason_of(both) == "gateway_internal"
    both.terminal.history = None
    assert len(both.fetch()) == 10


def saying(body: bytes) -> Answer:
    return lambda _: body


def test_codes_of_error_replies_have_their_class(both: Both) -> None:
    def error(retcode: int) -> Answer:
        return saying(json.dumps({"error": True, "msg": "x" * 10_000, "retcode": retcode, "data": {}}).encode())

    for retcode, kind in [(-1, Transient), (-2, Misconfigured), (-3, Unusable), (-4, Transient), (-5, Transient)]:
        both.gateway.answer = error(retcode)
        with pytest.raises(kind):
            both.fetch()
    for retcode, reason in [(-6, "gateway_halted"), (10018, "gateway_market_closed"), (10004, "gateway_error")]:
        both.gateway.answer = error(retcode)
        assert reason_of(both) == reason


def test_an_answer_that_is_none_is_never_bars(both: Both) -> None:
    both.measure()

    def altered(**changes: Any) -> Answer:
        def answer(request: dict[str, Any]) -> bytes:
            reply = json.loads(both.honest(request))
            return json.dumps(reply | changes | {"data": reply["data"] | changes.get("data", {})}).encode()

        return answer

    rate = [1_660_003_200, 1.0, 1.0, 1.0, 1.0, 1, 1, 0]
    for answer in [
        saying(b""),
        saying(b"\xff\xfe"),
        saying(b"ERROR: Unknown Command"),
        saying(b"[]"),
        saying(b'{"error":false}'),
        altered(retcode=10008),
        altered(retcode=-1),
        altered(data={"rates": None}),
        altered(data={"rates": [rate[:7]]}),
        altered(data={"rates": [[1.5, *rate[1:]]]}),
        altered(data={"rates": [["1660003200", *rate[1:]]]}),
        altered(data={"rates": [[*rate[:4], None, *rate[5:]]]}),
        altered(data={"rates": [rate] * 100}),
        altered(data={"server_time": "now"}),
        altered(data={"server_time": 10**25}),
        altered(data={"utc": 1e300}),
        altered(data={"rates": [[10**25, *rate[1:]]]}),
        altered(data={"rates": [[*rate[:5], 10**25, *rate[6:]]]}),
        altered(retcode=10**25),
        saying(b'{"error":false,"retcode":10009,"data":' + b"[" * 5000 + b"]" * 5000 + b"}"),
        altered(data={"symbol": "GBPUSD"}),
        altered(data={"timeframe": "M1"}),
        altered(data={"rates": [[*rate[:4], float("nan"), *rate[5:]]]}),
    ]:
        both.gateway.answer = answer
        assert reason_of(both) == "gateway_answer"
    both.gateway.answer = both.honest
    assert len(both.fetch()) == 10


def test_a_silent_gateway_costs_the_budget_and_no_more() -> None:
    both = Both("2026-07-07 12:30:00", timeout_s=0.3)
    silent: list[int] = []
    both.gateway.answer = lambda _: silent.append(1)
    with both.gateway:
        assert reason_of(both) == "gateway_timeout"
        assert len(silent) == both.paid == 2, "a second try on a socket of its own"
        both.gateway.answer = lambda request: None if len(both.gateway.requests) == 3 else both.honest(request)
        assert reason_of(both) == "broker_offset_unknown", "the second try was answered"


def test_a_reply_to_another_request_is_dropped() -> None:
    both = Both("2026-07-07 12:30:00", timeout_s=1.0)
    with both.gateway:
        both.measure()
        both.gateway.answer = lambda request: both.honest(request | {"req_id": "another"})
        assert reason_of(both) == "gateway_timeout"


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world = World("2026-07-07 12:30:00")
    with pytest.raises(Transient) as caught:
        market(world, port, "localhost", dst="none", timeout_s=0.2).fetch(0, int(world.now_s), lambda: None)
    assert caught.value.reason == "gateway_timeout"


def test_an_unknown_summer_time_is_refused() -> None:
    with pytest.raises(Misconfigured):
        market(World("2026-07-07 12:30:00"), 5555, dst="mars")
