"""The terminal itself: starting, logging in, losing and finding it, and what time it is over there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import wire
from mt5_sentinel.errors import Misconfigured, Transient
from mt5_sentinel.gateway.mt5_venue import connect
from mt5_sentinel.gateway.venue import VenueError
from mt5_sentinel.secret import Secret
from tests.python.fake_mt5 import wall_s
from tests.python.fake_mt5_trading import FakeMt5
from tests.python.mt5_desk import Mt5Desk, World
from tests.python.test_mt5_history import measure

PASSWORD = "correct horse"
HOUR_S = 3600


def start(fake: FakeMt5, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Any:
    monkeypatch.setitem(sys.modules, "MetaTrader5", fake)
    told: dict[str, Any] = {"path": "C:\\terminal64.exe", "login": 5001, "server": "Broker-Demo"}
    return connect(password=Secret(PASSWORD), **(told | changes))


def test_the_terminal_is_started_with_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeMt5(World("2026-07-07 12:30:00").wall_s)
    venue = start(fake, monkeypatch)
    assert venue.name == "mt5"
    assert venue.account().login == 5001
    account = {"login": 5001, "password": PASSWORD, "server": "Broker-Demo", "timeout": 60_000}
    assert fake.started == [(("C:\\terminal64.exe",), account)]
    start(fake, monkeypatch, path="", login=0)
    assert fake.started[1] == ((), {"timeout": 60_000})
    venue.stop()
    assert fake.is_gone


MENDS_ITSELF = [
    *((-6, "Terminal: Authorization failed"), (-1, "Terminal: Call failed"), (-3, "No memory"), (-10000, "Internal")),
    *((-10001, "IPC send failed"), (-10002, "IPC recv failed"), (-10003, "IPC initialize failed")),
    *((-10004, "No IPC connection"), (-10005, "IPC timeout")),
]


@pytest.mark.parametrize("login", [0, 5001])
@pytest.mark.parametrize("failure", MENDS_ITSELF)
def test_a_terminal_that_may_start_at_the_next_try_is_tried_again(
    failure: tuple[int, str], login: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "terminal64.exe"
    program.touch()
    fake = FakeMt5(World("2026-07-07 12:30:00").wall_s)
    fake.starts_fail_with = failure
    monkeypatch.setitem(sys.modules, "MetaTrader5", fake)
    server, password = ("Broker-Demo", PASSWORD) if login else ("", "")
    with pytest.raises(Transient, match="is the network up" if failure[0] == -6 else "start it by hand") as caught:
        connect(str(program), login, Secret(password), server)
    assert failure[1] in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(program))


@pytest.mark.parametrize(
    ("failure", "changes", "words"),
    [
        ((-10003, "IPC initialize failed, Process create failed"), {"path": "nowhere/terminal64.exe"}, "--terminal"),
        ((-2, 'Invalid "login" argument'), {"path": ""}, "check MT5_LOGIN"),
        ((-6, "Terminal: Authorization failed"), {"path": "", "login": 0}, "without MT5_LOGIN"),
        ((-6, "Terminal: Authorization failed"), {"path": "", "login": 0, "server": ""}, "without MT5_LOGIN"),
    ],
)
def test_a_terminal_that_can_never_start_so_is_not_tried_again(
    failure: tuple[int, str], changes: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeMt5(World("2026-07-07 12:30:00").wall_s)
    fake.starts_fail_with = failure
    with pytest.raises(Misconfigured, match=words) as caught:
        start(fake, monkeypatch, **changes)
    assert failure[1] in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_terminal_on_another_account_is_not_traded(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeMt5(World("2026-07-07 12:30:00").wall_s)
    fake.login = 5002
    with pytest.raises(Transient, match="5002"):
        start(fake, monkeypatch)
    fake.login = 5001
    venue = start(fake, monkeypatch, login=0)
    fake.login = 5002
    order = wire.OrderSend("EURUSD", "OP_BUY", 0.1, 7)
    outcome = venue.send(order, "00000000-0000-0000-0000-000000000001")
    assert (outcome.retcode, fake.sent) == (wire.INTERNAL, [])
    assert "logged in to account 5002, not 5001" in outcome.msg
    for question in (venue.account, venue.positions, lambda: venue.closings(1)):
        with pytest.raises(VenueError, match="5002"):
            question()
    assert venue.heartbeat().trade_allowed is False


def test_without_the_package_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "MetaTrader5", None)
    for platform, words in (("linux", "--broker paper"), ("win32", "pip install MetaTrader5")):
        monkeypatch.setattr(sys, "platform", platform)
        with pytest.raises(Misconfigured, match=words):
            connect("", 0, Secret(""), "")


def test_a_terminal_that_was_restarted_is_found_again_and_not_looked_for_all_the_time() -> None:
    desk = Mt5Desk()
    ticket = desk.open()
    started = len(desk.fake.started)
    desk.fake.is_gone = True
    assert desk.venue.tick("EURUSD") is None
    assert len(desk.fake.started) == started, "nobody waits for a tick"
    assert [each.ticket for each in desk.venue.positions()] == [ticket]
    assert len(desk.fake.started) == started + 1
    assert desk.fake.started[-1][1]["timeout"] == 3000, "others wait"
    desk.fake.is_gone = True
    desk.fake.starts_fail_with = (-10003, "IPC initialize failed")
    for wait_s, more in ((0, 1), (10, 2), (9, 2)):
        desk.wait(wait_s)
        with pytest.raises(VenueError, match="did not answer account_info") as caught:
            desk.venue.positions()
        assert caught.value.retcode == wire.INTERNAL
        assert len(desk.fake.started) == started + more
    beat = desk.venue.heartbeat()
    assert (beat.connected, beat.trade_allowed) == (False, False)
    assert "account_info" in beat.reason
    desk.fake.starts_fail_with = None
    desk.wait(10)
    assert desk.venue.heartbeat().connected


@pytest.mark.parametrize("seen", [True, False])
def test_a_history_is_not_trusted_at_once_after_a_new_start_or_another_account(seen: bool) -> None:
    for what in ("is_gone", "login"):
        desk = Mt5Desk()
        before = getattr(desk.fake, what)
        setattr(desk.fake, what, 1)
        if seen or what == "login":
            desk.venue.heartbeat()
        setattr(desk.fake, what, before if seen else getattr(desk.fake, what))
        desk.fake.login = 5001
        with pytest.raises(VenueError, match="may lag"):
            desk.venue.find(desk.req_id(), desk.made_s)
        desk.wait(30)
        assert desk.venue.find(desk.req_id(), desk.made_s) is None


def test_an_order_is_not_repeated_for_a_terminal_that_went_away() -> None:
    desk = Mt5Desk()
    desk.fake.before_order = lambda: setattr(desk.fake, "is_gone", True)
    started = len(desk.fake.started)
    assert desk.send().retcode == 10012
    assert len(desk.fake.started) == started
    desk.fake.before_order = lambda: None
    assert desk.send().retcode == wire.DONE
    assert len(desk.fake.started) == started + 1


@pytest.mark.parametrize(
    ("terminal", "account", "connected", "allowed", "reason"),
    [
        ({}, {}, True, True, ""),
        ({"connected": False}, {}, False, True, "not connected"),
        ({"trade_allowed": False}, {}, True, False, "Algo Trading"),
        ({}, {"trade_allowed": False}, True, False, "investor"),
        ({}, {"trade_expert": False}, True, False, "programs"),
    ],
)
def test_the_heartbeat_says_why_orders_would_fail(
    terminal: dict[str, Any], account: dict[str, Any], connected: bool, allowed: bool, reason: str
) -> None:
    desk = Mt5Desk()
    desk.fake.terminal = desk.fake.terminal._replace(**terminal)
    desk.fake.account_changes = account
    beat = desk.venue.heartbeat()
    assert (beat.broker, beat.utc, beat.connected, beat.trade_allowed) == ("mt5", desk.world.now_s, connected, allowed)
    assert reason in beat.reason
    assert bool(beat.reason) == bool(reason)


@pytest.mark.parametrize(("mode", "hedging"), [(0, False), (1, False), (2, True)])
def test_the_account_tells_whether_it_nets(mode: int, hedging: bool) -> None:
    desk = Mt5Desk()
    desk.fake.account_changes = {"margin_mode": mode}
    assert desk.venue.account() == wire.AccountData(100_000.0, 100_000.0, 100_000.0, "USD", 5001, hedging)


def test_times_are_unknown_until_a_tick_moved_and_utc_from_then_on() -> None:
    desk = Mt5Desk()
    ticket = desk.open()
    opened_s = desk.world.now_s
    assert desk.venue.positions()[0].time is None
    assert desk.venue.symbol_info("EURUSD").tick_utc is None
    desk.wait(10)
    facts = desk.venue.symbol_info("EURUSD")
    assert (facts.tick_utc, facts.server_time) == (desk.world.now_s - 1, desk.world.now_s - 1 + 3 * HOUR_S)
    assert desk.venue.positions()[0].time == opened_s
    desk.close(ticket)
    assert desk.venue.closings(ticket)[0].time == desk.world.now_s
    winter = Mt5Desk(now="2026-10-26 12:30:00")
    measure(winter)
    winter.fake.tick_age_s = 48 * HOUR_S
    assert winter.venue.symbol_info("EURUSD").tick_utc == winter.world.now_s - 48 * HOUR_S, "of the week before"


def test_old_ticks_of_two_symbols_are_no_tick_that_moves() -> None:
    desk = Mt5Desk(now="2026-07-11 12:30:00")
    desk.open()
    desk.fake.tick_age_s = 9 * HOUR_S  # the second one's came a second after the first one's
    desk.venue.tick("EURUSD")
    desk.wait(1)
    desk.venue.tick("EURUSD.x")
    assert desk.venue.positions()[0].time is None
    desk.fake.tick_age_s = 1
    measure(desk)
    assert desk.venue.positions()[0].time == desk.world.now_s - 11


def test_a_tick_is_published_as_the_server_stamps_it() -> None:
    desk = Mt5Desk()
    tick = desk.venue.tick("EURUSD")
    now_s = desk.world.now_s
    assert tick == wire.Tick("EURUSD", 1.1, 1.1001, wall_s(int(now_s) - 1) + 0.25, now_s)
    assert desk.venue.tick("NOPE") is None
    desk.server.bids["EURUSD"] = 0.0
    assert desk.venue.tick("EURUSD") is None
    desk.fake.fails.add("symbol_info_tick")
    assert desk.venue.tick("EURUSD") is None


def test_bars_are_served_and_a_dead_terminal_is_a_reply() -> None:
    desk = Mt5Desk()
    payload = {"symbol": "EURUSD", "timeframe": "M5", "start_pos": 0, "count": 2}
    request = {"action": "RATES", "req_id": "r-1", "timestamp": 1.0, "not_after": 4e9, "payload": payload}
    desk.fake.is_gone = True
    reply = desk.venue.rates(request)
    assert (reply["error"], reply["retcode"], reply["req_id"]) == (False, wire.DONE, "r-1")
    desk.fake.is_gone = True
    desk.fake.starts_fail_with = (-10003, "IPC initialize failed")
    with pytest.raises(VenueError, match="did not answer"):
        desk.venue.rates(request)
    desk.fake.starts_fail_with = None
    desk.wait(10)
    desk.open()
    desk.wait(60)
    desk.venue.rates(request)
    assert desk.venue.positions()[0].time == desk.world.now_s - 60, "its tick tells the offset too"


def test_symbol_facts_are_the_terminals() -> None:
    desk = Mt5Desk()
    facts = desk.venue.symbol_info("EURUSD.x")
    shown = (facts.bid, facts.ask, facts.point, facts.tick_size, facts.tick_value, facts.contract_size)
    assert shown == (1.1, 1.1001, 0.00001, 0.00001, 1.0, 100_000.0)
    assert (facts.volume_min, facts.volume_step, facts.volume_max, facts.stops_level) == (0.01, 0.01, 50.0, 50.0)
    assert facts.trade_allowed
    with pytest.raises(VenueError, match="no symbol") as caught:
        desk.venue.symbol_info("NOPE")
    assert caught.value.retcode == wire.INVALID
