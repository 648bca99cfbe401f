"""Where a daemon's bars come from: what is asked of the settings, and a decision on bars of a terminal."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core, config
from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.adapters.gateway_bars import GatewayMarket
from mt5_sentinel.adapters.replay import ReplayClock
from mt5_sentinel.commands import assembly, sources
from mt5_sentinel.config import Settings
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.gateway.rates import rates_reply
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.scoring import Scoring
from mt5_sentinel.types import CycleRecord
from tests.python import bodies
from tests.python.eodhd_server import Answer, EodhdServer
from tests.python.fake_mt5 import FakeTerminal, price, wall_s
from tests.python.fakes import BUY, HOUR_S, NOW_S, FakeModel
from tests.python.gateway_wire import Gateway

HERE: dict[str, Any] = {"gtw_host": "127.0.0.1"}
TOKEN: dict[str, Any] = {"eodhd_api_token": "demo"}
GATEWAY: dict[str, Any] = {"bars_source": "gateway"}
REFUSE: dict[str, Any] = {"cross_check": "refuse"}


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (TOKEN, [EodhdMarket]),
        (TOKEN | HERE, [EodhdMarket]),
        (GATEWAY | HERE, [GatewayMarket]),
        (TOKEN | HERE | REFUSE, [EodhdMarket, GatewayMarket]),
        (GATEWAY | TOKEN | HERE | {"cross_check": "report"}, [GatewayMarket, EodhdMarket]),
    ],
)
def test_the_configured_sources_are_built(given: dict[str, Any], kinds: list[type]) -> None:
    settings = config.load(given, {}, Path("/dev/null"), sources.CHECKS)
    found = sources.markets(settings, ReplayClock(NOW_S))
    assert [type(one) for one in found if one is not None] == kinds
    assert assembly.parts(settings, ReplayClock(NOW_S)).other_source is None or len(kinds) == 2


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "no market data token"),
        (HERE | REFUSE, "no market data token"),
        (
            GATEWAY | HERE | REFUSE,
            "cross_check: EODHD, which bars are compared with, takes a token: set EODHD_API_TOKEN",
        ),
        (GATEWAY, "bars_source: the gateway has no address: set gtw_host"),
        (TOKEN | REFUSE, "cross_check: the gateway, which bars are compared with, has no address: set gtw_host"),
        (TOKEN | HERE | REFUSE | {"fetch_timeout_s": 22.1}, "fetch_timeout_s: with cross_check two sources"),
    ],
)
def test_settings_that_do_not_fit_are_one_mistake(given: dict[str, Any], text: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        config.load(given, {}, Path("/dev/null"), sources.CHECKS)
    assert "1 mistake in the configuration" in str(caught.value)
    assert text in str(caught.value)


def test_units_are_planned_for_every_symbol_that_asks_eodhd() -> None:
    plain = Settings(eodhd_quota_units=1000, eodhd_quota_share=1.0)
    beside = replace(plain, bars_source="gateway")
    assert sources.quota([plain], NOW_S) > 0
    assert sources.quota([beside], NOW_S) == 0
    assert sources.quota([replace(beside, cross_check="report")], NOW_S) == sources.quota([plain], NOW_S)


def test_people_are_told_where_bars_come_from() -> None:
    told = [
        sources.told(Settings(gtw_host="127.0.0.1", **given))
        for given in (dict[str, Any](), GATEWAY, {"cross_check": "report"}, GATEWAY | REFUSE)
    ]
    assert told == [
        None,
        "bars come from the gateway at 127.0.0.1:5555",
        "bars come from EODHD, compared with the gateway at 127.0.0.1:5555; differences are reported",
        "bars come from the gateway at 127.0.0.1:5555, compared with EODHD; what it does not confirm is not decided",
    ]


PRICES = {
    **{"symbol": "EURUSD", "bid": 1.1, "ask": 1.1001, "point": 1e-5, "tick_size": 1e-5, "tick_value": 1.0},
    **{"contract_size": 1e5, "volume_min": 0.01, "volume_step": 0.01, "volume_max": 100.0, "stops_level": 0.0},
}


class Beside:
    """A daemon beside a terminal, on one virtual time, with a real socket between them."""

    def __init__(self, state: Path, **given: Any) -> None:
        self.clock = ReplayClock(NOW_S)
        self.terminal = FakeTerminal(self.clock.wall_s)
        self.gateway = Gateway(self.answer)
        self.model = FakeModel()
        self.model.scores = BUY
        self.seen: list[CycleRecord] = []
        flags = {"state_dir": str(state), "gtw_host": "127.0.0.1", "gtw_port": self.gateway.port} | given
        settings = config.load(flags, {}, Path("/dev/null"), (*sources.CHECKS, *assembly.CHECKS))
        made = replace(assembly.parts(settings, self.clock), scoring=Scoring("local", local=self.model))
        self.desk = assembly.open_desk(made, self.clock, mode="dry-run", durable=False)
        self.daemon = Daemon([self.desk], self.clock, Schedule(58, 60), mode="dry-run", observers=(self.seen.append,))

    def answer(self, request: dict[str, Any]) -> bytes:
        """Bars; and whatever order it is shown would be taken."""
        told = {"ORDER_CHECK": {}, "SYMBOL_INFO": PRICES}.get(request["action"])
        if told is not None:
            return json.dumps({"error": False, "retcode": 10009, "req_id": request["req_id"], "data": told}).encode()
        return json.dumps(rates_reply(self.terminal, request, self.clock.wall_s)).encode()

    def cycle(self, after_s: float = 60) -> CycleRecord:
        self.daemon.run_minute()
        self.clock.wait_s(after_s)
        return self.seen[-1]


def test_a_daemon_decides_on_bars_of_a_terminal(tmp_path: Path) -> None:
    beside = Beside(tmp_path, **GATEWAY)
    with beside.gateway:
        first, second, third = (beside.cycle() for _ in range(3))
        newest_s = NOW_S // HOUR_S * HOUR_S - HOUR_S
        assert (first.status, first.reason, first.action) == ("failed", "broker_offset_unknown", None)
        assert (second.status, second.reason, second.outcome) == ("done", "signal", "filled")
        assert second.bar_open_s == newest_s, "in UTC"
        assert wall_s(newest_s) - newest_s == 2 * HOUR_S, "the terminal's clock shows another time"
        assert (second.source, second.calls, second.quota_units) == ("gateway", {"gateway": 1}, 0)
        assert (third.reason, third.calls) == ("already_decided", {})
        stored = beside.desk.history.store.series("gateway", beside.desk.history.market.origin, HOUR_S).rows(3)
        assert [(row[0], row[4]) for row in stored] == [
            (opened_s, price(opened_s)) for opened_s in range(newest_s - 2 * HOUR_S, newest_s + 1, HOUR_S)
        ]
    assembly.close([beside.desk])


def test_a_terminal_confirms_or_disputes_the_bars_of_the_api(tmp_path: Path, server: EodhdServer) -> None:
    opened = [NOW_S // HOUR_S * HOUR_S - back * HOUR_S for back in reversed(range(1400))]
    rows = [bodies.row(at, 1.1, 1.1002, 1.0998, price(at), 100) for at in opened]
    beside = Beside(tmp_path, eodhd_url=server.url, **TOKEN, **REFUSE)
    server.play(
        lambda request: Answer(200, bodies.body(rows), {"Date": formatdate(beside.clock.wall_s(), usegmt=True)})
    )
    with beside.gateway:
        first, second = beside.cycle(), beside.cycle()
    assert (first.reason, first.conditions) == ("cross_check_failed", ["cross_check_failed"]), "no offset yet"
    assert (second.reason, second.outcome, second.conditions) == ("signal", "filled", [])
    assert second.calls == {"eodhd": 1, "gateway": 1}
    assembly.close([beside.desk])


Sentinel = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_command_asks_the_gateway_and_says_so(sentinel: Sentinel) -> None:
    terminal = FakeTerminal(time.time)
    gateway = Gateway(lambda request: json.dumps(rates_reply(terminal, request, time.time)).encode())
    with gateway:
        variables = {"MT5_SENTINEL_BARS_SOURCE": "gateway", "GTW_HOST": "127.0.0.1", "GTW_PORT": str(gateway.port)}
        done = sentinel("run", "--once", **variables)
    assert done.returncode == 65, done.stderr
    assert f"EURUSD: bars come from the gateway at 127.0.0.1:{gateway.port}" in done.stderr
    assert "offset of broker time" in done.stderr
    assert f"dry run on paper, orders checked by the gateway at 127.0.0.1:{gateway.port}" in done.stderr
    assert len(gateway.requests) == 1
    assert gateway.requests[0]["payload"]["count"] >= _core.needed_bars()
