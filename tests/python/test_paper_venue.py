"""The gateway's paper broker: recorded prices played by the clock, and what a gateway that was down makes up for."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core, bundled, wire
from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.gateway import recording
from mt5_sentinel.gateway.paper_venue import PaperVenue
from mt5_sentinel.gateway.venue import Outcome, Venue, VenueError
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.wire import OrderClose, OrderModify, OrderSend
from tests.python.paper_orders import bars, uid

HOUR_S = 3600
T = 1_800_000_000 // (4 * HOUR_S) * 4 * HOUR_S
FACTS = _core.SymbolFacts("EURUSD", "USD")


TERMS: dict[str, Any] = {"deposit": 10_000.0, "currency": "USD", "durable": False}


class World:
    """A clock, and a gateway's paper broker that can be started again."""

    def __init__(self, path: Path) -> None:
        """Nothing is started yet."""
        self.path, self.now_s = path, float(T)
        self.started: list[PaperAccount] = []

    def start(self, **changes: Any) -> PaperVenue:
        """The broker, from what is on disk."""
        if self.started:
            self.started[-1].close()
        account = PaperAccount(self.path, **(TERMS | changes))
        self.started.append(account)
        euro = bars(
            (0, 1.1000, 1.1060, 1.0980, 1.1040),
            (HOUR_S, 1.1040, 1.1050, 1.0970, 1.1000),
            (2 * HOUR_S, 1.1000, 1.1010, 1.0900, 1.0950),
            (3 * HOUR_S, 1.0950, 1.1000, 1.0940, 1.1000),
        )
        yen = bars((0, 150.0, 150.5, 149.0, 149.5), (HOUR_S, 149.5, 151.0, 149.4, 150.0))
        recordings = {
            symbol: (_recorded(rows, facts), facts)
            for symbol, rows, facts in (("EURUSD", euro, FACTS), ("USDJPY", yen, _core.SymbolFacts("USDJPY", "USD")))
        }
        return PaperVenue(account, recordings, lambda: self.now_s, currency="USD")


def _recorded(rows: _core.Bars, facts: _core.SymbolFacts) -> _core.Recording:
    return _core.Recording(rows, facts, interval_s=HOUR_S, start_s=0, shows="bid", spread_points=10.0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A gateway's world."""
    made = World(tmp_path / "paper.db")
    yield made
    for account in made.started:
        account.close()


def send(**changes: Any) -> OrderSend:
    told: dict[str, Any] = {"symbol": "EURUSD", "type": "OP_BUY", "volume": 0.1, "magic": 7, "deviation": 20} | changes
    return OrderSend(**told)


def close(**changes: Any) -> OrderClose:
    told: dict[str, Any] = {
        "symbol": "EURUSD",
        "ticket": 1,
        "type": "OP_SELL",
        "volume": 0.1,
        "magic": 7,
        "deviation": 20,
    } | changes
    return OrderClose(**told)


def test_it_answers_all_questions(world: World) -> None:
    venue: Venue = world.start()
    world.now_s = T + 90.5
    assert venue.heartbeat() == wire.Heartbeat("paper", T + 90.5, True, True, False)
    assert venue.account() == wire.AccountData(10_000.0, 10_000.0, 10_000.0, "USD")
    assert (venue.positions(), venue.closings(1)) == ([], [])
    info = venue.symbol_info("EURUSD")
    assert (info.bid, round(info.ask, 5), info.point, round(info.tick_value, 9)) == (1.0999, 1.1, 1e-5, 1.0)
    assert (info.volume_min, info.volume_step, info.volume_max, info.stops_level) == (0.01, 0.01, 100.0, 0.0)
    assert (info.server_time, info.tick_utc, info.trade_allowed) == (T + 60, T + 60, True)
    assert venue.symbol_info("USDJPY").tick_value == pytest.approx(100 / 149.98, rel=1e-3)
    assert venue.tick("EURUSD") == wire.Tick("EURUSD", info.bid, info.ask, T + 60.0, T + 60.0)
    assert venue.tick("GBPUSD") is None
    with pytest.raises(VenueError, match="GBPUSD") as caught:
        venue.symbol_info("GBPUSD")
    assert caught.value.retcode == wire.INVALID


def test_a_trade_over_the_door(world: World) -> None:
    venue = world.start()
    order = send(sl=1.0960, tp=1.1055)
    assert venue.check(order, uid("a")) == Outcome(wire.DONE, "done")
    assert venue.send(order, uid("a")) == Outcome(wire.DONE, "done", wire.Executed(1, 1.1001, 0.1, 0.0))
    held = venue.positions()[0]
    assert (held.ticket, held.type, held.sl, held.tp, held.time, held.magic) == (1, "OP_BUY", 1.096, 1.1055, T, 7)
    assert (wire.req_id_of(held.comment), held.profit) == (uid("a"), -1.0)
    world.now_s += 60
    levels = OrderModify("EURUSD", 1, sl=1.0950, tp=None)
    assert venue.modify(levels, uid("m")) == venue.modify(levels, uid("n")) == Outcome(wire.DONE, "done")
    assert (venue.positions()[0].sl, venue.positions()[0].tp) == (1.0950, None)
    assert venue.close(close(volume=0.04), uid("b")).executed == wire.Executed(1, 1.0999, 0.04, -0.8)
    told = venue.closings(1)[0]
    assert (told.price, told.volume, told.profit, told.by) == (1.0999, 0.04, -0.8, "order")
    assert wire.req_id_of(told.comment) == uid("b")
    assert venue.find(uid("b"), 0.0) == Outcome(
        wire.DONE, "found among the deals", wire.Executed(1, 1.0999, 0.04, -0.8)
    )
    assert venue.find(uid("x"), 0.0) is None


def test_refusals_have_codes_and_the_same_id_the_first_outcome(world: World) -> None:
    venue = world.start()
    for order, code in ((send(volume=0.015), 10014), (send(sl=1.2), 10016), (send(symbol="GBPUSD"), 10013)):
        refused = venue.send(order, uid(str(code)))
        assert (refused.retcode, refused.executed) == (code, None)
        assert 0 < len(refused.msg) < 200
    assert venue.close(close(), uid("c")).retcode == 10013
    first = venue.send(send(), uid("a"))
    world.now_s += HOUR_S
    assert world.start().send(send(), uid("a")) == first


def test_an_order_that_became_late_is_not_executed(world: World) -> None:
    venue = world.start()
    late = venue.send(send(), uid("a"), lambda: False)
    assert (late.retcode, late.executed, venue.positions()) == (wire.EXPIRED, None, [])
    first = venue.send(send(), uid("b"), lambda: True)
    assert venue.send(send(), uid("b"), lambda: False) == first, "what happened, happened"
    assert venue.close(close(), uid("c"), lambda: False).retcode == wire.EXPIRED
    assert len(venue.positions()) == 1


def test_a_file_that_cannot_be_written_leaves_nothing_done(world: World) -> None:
    venue = world.start()
    db = world.started[-1]._file._db
    db.execute("PRAGMA query_only = ON")
    assert venue.send(send(), uid("a")).retcode in wire.UNKNOWN
    db.execute("PRAGMA query_only = OFF")
    venue.send(send(sl=1.0985), uid("b"))
    world.now_s += HOUR_S / 2
    db.execute("PRAGMA query_only = ON")
    with pytest.raises(VenueError) as caught:
        venue.positions()
    assert caught.value.retcode == wire.INTERNAL
    assert venue.send(send(), uid("c")).retcode == wire.INTERNAL
    db.execute("PRAGMA query_only = OFF")
    assert venue.positions() == [], "the stop is executed when it can be written"
    world.path.rename(world.path.with_suffix(".away"))
    assert venue.send(send(), uid("d")).retcode == wire.INTERNAL


def ten_hours(world: World, looks: Callable[[PaperVenue], None]) -> list[Any]:
    """Open a position of each kind, let ten hours pass as ``looks`` says; then everything that can be asked."""
    venue = world.start()
    venue.send(send(sl=1.0985, tp=1.2), uid("stop"))
    venue.send(send(sl=1.0, tp=1.1055), uid("target"))
    venue.send(send(type="OP_SELL", sl=1.2, tp=1.0905), uid("short"))
    venue.send(send(symbol="USDJPY", volume=0.2, sl=149.2, tp=150.4), uid("yen"))
    venue.send(send(sl=1.0, tp=1.2), uid("open"))
    looks(venue)
    world.now_s = T + 10.0 * HOUR_S
    venue = world.start()
    told: list[Any] = [venue.closings(ticket) for ticket in range(1, 6)]
    told += [venue.positions(), venue.account(), _deals(world.path)]
    world.started.pop().close()
    return told


def _deals(path: Path) -> list[Any]:
    db = sqlite3.connect(path)
    found = db.execute("SELECT * FROM deal ORDER BY seq").fetchall()
    db.close()
    return found


def test_a_gateway_that_was_down_executes_what_happened_meanwhile(tmp_path: Path) -> None:
    down, up, restarted = (World(tmp_path / f"{name}.db") for name in ("down", "up", "restarted"))

    def always_up(venue: PaperVenue) -> None:
        for i in range(0, 10 * HOUR_S, 30):
            up.now_s = T + i + 0.7
            venue.tick("EURUSD")

    def restarting(_: PaperVenue) -> None:
        for i in range(0, 10 * HOUR_S, 1800):
            restarted.now_s = T + i + 59.9
            restarted.start().positions()

    told = ten_hours(down, lambda _: None)
    closed = [(one.by, round(one.price, 5), one.time - T) for parts in told[:5] for one in parts]
    assert closed == [
        ("stop_loss", 1.0985, 15 * 60),  # a pip a minute down from 1.1000
        ("take_profit", 1.1056, 39 * 60),  # four pips a minute up from 1.0980
        ("take_profit", 1.0901, 2 * HOUR_S + 40 * 60),  # at the ask, a pip above the bar's low
        ("take_profit", 150.4, 16 * 60),  # 2.5 pips a minute up from 150.00
    ]
    assert ten_hours(up, always_up) == told
    assert ten_hours(restarted, restarting) == told


def test_after_a_restart_the_other_symbols_prices_are_known(world: World) -> None:
    """A stop out weighs all positions; one whose price is not told yet would weigh nothing."""
    terms = {"deposit": 250.0, "leverage": 2000.0}
    venue = world.start(**terms)
    venue.send(send(volume=1.0), uid("loses 20 pips"))
    venue.send(send(symbol="USDJPY", volume=1.0), uid("gains 50"))
    world.now_s += 20 * 60
    venue.modify(OrderModify("EURUSD", 1, sl=1.0, tp=None), uid("m"))
    assert 300 < venue.account().equity < 400
    # The long alone would leave 40 USD, less than half of the 105 that both bind.
    assert len(world.start(**terms).positions()) == 2


@pytest.mark.parametrize("is_restarted", [False, True])
def test_when_the_clock_steps_back_the_same_prices_come_again(world: World, is_restarted: bool) -> None:
    venue = world.start()
    world.now_s = T + 25 * 60.0
    venue.positions()
    world.now_s = T + 19 * 60.0
    venue.send(send(sl=1.09805), uid("a"))
    world.now_s = T + 21 * 60.0
    venue = world.start() if is_restarted else venue
    assert [(one.by, one.time) for one in venue.closings(1)] == [("stop_loss", T + 20 * 60)]


def test_the_same_recording_seed_and_clock_give_the_same_deals(tmp_path: Path) -> None:
    def run(name: str, seed: int) -> list[Any]:
        world = World(tmp_path / f"{name}.db")
        venue = world.start(seed=seed, slippage_points_max=9.0)
        made: list[Any] = []
        for i in range(8):
            world.now_s = T + 600.0 * i
            made.append(venue.send(send(), uid(f"order-{i}")))
        made.append(venue.account())
        world.started[-1].close()
        return made

    assert run("a", 1) == run("b", 1)
    assert run("c", 2) != run("d", 1)


def rates(count: int = 3, **changes: Any) -> dict[str, Any]:
    payload = {"symbol": "EURUSD", "timeframe": "H1", "start_pos": 0, "count": count} | changes
    return {"action": "RATES", "req_id": "r", "timestamp": 0.0, "not_after": 4e9, "payload": payload}


def test_bars_are_those_that_are_played(world: World) -> None:
    venue = world.start()
    world.now_s = T + HOUR_S + 20 * 60 + 5.5
    reply: Any = venue.rates(rates())
    assert (reply["error"], reply["retcode"], reply["req_id"]) == (False, 10009, "r")
    assert (reply["data"]["server_time"], reply["data"]["utc"]) == (int(world.now_s), world.now_s)
    assert [tuple(row) for row in reply["data"]["rates"]] == [
        (T - HOUR_S, 1.0950, 1.1000, 1.0940, 1.1000, 60, 10, 0),
        (T, 1.1000, 1.1060, 1.0980, 1.1040, 60, 10, 0),
        (T + HOUR_S, 1.1040, 1.1050, 1.1040, 1.1050, 21, 10, 0),
    ]
    for asked, retcode in ((rates(symbol="GBPUSD"), -3), (rates(timeframe="M5"), -4), (rates(count=0), -3)):
        refused: Any = venue.rates(asked)
        assert (refused["error"], refused["retcode"], refused["data"]) == (True, retcode, {})


def test_the_bundled_bars_can_be_played() -> None:
    played = recording.load("bundled", FACTS, spread_points=10.0)
    asks = [played.quote(k * HOUR_S).ask for k in range(3)]
    rows = _core.clean(_core.parse(bundled.BARS.read_bytes()), interval_s=HOUR_S, now_s=2_000_000_000).bars.rows()
    assert asks == pytest.approx([row[1] for row in rows[:3]], abs=1e-12)
    assert played.quote(len(rows) * HOUR_S) != played.quote(1)
    assert played.quote(len(rows) * HOUR_S).ask == asks[0], "it begins anew"


def test_recordings_may_be_any_file_of_bars(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv.gz"
    text = "timestamp,open,high,low,close,volume\n1700000100,1,2,0.5,1.5,1\n1700000400,1.5,2,1,1,1\n"
    path.write_bytes(gzip.compress(text.encode()))
    played = recording.load(str(path), FACTS, spread_points=0.0)
    assert (played.interval_s, played.quote(0).bid, played.quote(300).bid) == (300, 1.0, 1.5)
    with pytest.raises(Unusable, match="missing"):
        recording.load(str(tmp_path / "missing.csv"), FACTS, spread_points=0.0)
    path.write_bytes(text[: text.index("1700000400")].encode())
    with pytest.raises(Misconfigured, match="no recording"):
        recording.load(str(path), FACTS, spread_points=0.0)
