"""The whole gateway on a terminal: whatever the terminal leaves open, each order is executed once and told truly."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mt5_sentinel import wire
from mt5_sentinel.cli import main
from mt5_sentinel.gateway import mt5_codes
from mt5_sentinel.gateway.dispatch import Dispatcher
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.retcodes import RETCODES
from mt5_sentinel.wire import Looked, Reply
from tests.python.fake_mt5_trading import QUIRKS, FakeMt5
from tests.python.mt5_desk import MAGIC, Mt5Desk

EVENTS: list[str | int] = [
    *sorted(QUIRKS),
    *("done", "partial", "two_deals", "no_price", "bare", "placed", "broken", 10004, 10006, 10018, 10030),
]


class Whole:
    """Dispatcher, memory, venue and terminal; the daemon's side asks by bytes."""

    def __init__(self, path: Path, seed: int, *, is_hedging: bool) -> None:
        self.path, self.desk, self.random = path, Mt5Desk(is_hedging=is_hedging), random.Random(seed)  # noqa: S311
        self.fake, self.server = self.desk.fake, self.desk.server
        self.memory: Memory | None = None
        self.restart(forget=True)

    def restart(self, *, forget: bool) -> None:
        if self.memory is not None:
            self.memory.close()
        if forget:
            for file in self.path.glob("gateway.db*"):
                file.unlink()
        world = self.desk.world
        self.memory = Memory(self.path, world.wall_s(), durable=False)
        venue = self.desk.another_venue()
        limits = {"volume_lots_max": 1.0, "orders_per_minute_max": 1000}
        self.gateway = Dispatcher(venue, self.memory, world, **limits)  # type: ignore[arg-type]

    def ask(self, action: str, payload: dict[str, Any], req_id: str, made_s: float) -> Reply:
        body = wire.request(action, req_id, made_s, made_s + 20, payload)
        return msgspec.json.decode(self.gateway.answer(body), type=Reply)

    def look(self, req_id: str, made_s: float) -> Looked:
        payload = {"req_id": req_id, "created": made_s}
        reply = self.ask("ORDER_LOOKUP", payload, self.desk.req_id(), self.desk.world.now_s)
        assert reply.retcode == wire.DONE, reply
        return msgspec.json.decode(reply.data, type=Looked)

    def orders_with(self, req_id: str) -> list[Any]:
        """Orders of this id that the server filled, by the comment of their deals."""
        mark = wire.comment_of(req_id)[: self.server.comment_chars]
        return sorted({deal.order for _, deal in self.server.deals if deal.comment == mark})

    def something_happens(self) -> None:
        self.server.lag_s = self.random.choice([0, 0, 3, 20])
        if self.random.random() < 0.6:
            self.fake.script.append(self.random.choice(EVENTS))
        if self.random.random() < 0.1:
            self.fake.is_gone = True
        if self.random.random() < 0.1:
            self.restart(forget=self.random.random() < 0.5)


def trade(whole: Whole, told: Counter[str], closes: bool) -> None:
    """One order, repeated as a daemon would, looked up until its fate is told, and compared with the server's."""
    held = [each for each in whole.server.positions.values() if each.magic == MAGIC]
    payload: dict[str, Any] = {"symbol": "EURUSD", "type": "OP_BUY", "volume": 0.2, "magic": MAGIC, "sl": 1.05}
    action = "ORDER_SEND"
    if closes and held:
        action, one = "ORDER_CLOSE", whole.random.choice(held)
        payload = {"symbol": "EURUSD", "ticket": one.identifier, "volume": one.volume, "magic": MAGIC}
        payload["type"] = "OP_SELL" if one.type == 0 else "OP_BUY"
    req_id, made_s = whole.desk.req_id(), whole.desk.world.now_s
    whole.something_happens()
    replies = [whole.ask(action, payload, req_id, made_s)]
    for _ in range(whole.random.randrange(3)):
        whole.something_happens()
        whole.desk.wait(3)
        replies.append(whole.ask(action, payload, req_id, made_s))
    whole.fake.script.clear()
    for _ in range(30):
        looked = whole.look(req_id, made_s)
        if looked.state != "unknown":
            break
        whole.desk.wait(20)
    told[looked.state] += 1
    orders = whole.orders_with(req_id)
    assert len(orders) <= 1, "executed twice"
    assert (looked.state == "executed") == (len(orders) == 1), (looked, orders, replies)
    for reply in replies:
        assert reply.retcode in RETCODES
        if reply.retcode in wire.EXECUTED:
            assert looked.state == "executed"
        elif reply.retcode not in wire.UNKNOWN:
            assert looked.state == "refused", (reply, looked)
    if looked.executed is not None:
        lots = sum(deal.volume for _, deal in whole.server.deals if deal.order == orders[0])
        assert looked.executed.volume == pytest.approx(lots)


@pytest.mark.parametrize("is_hedging", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_each_order_is_executed_once_and_told_truly(tmp_path: Path, seed: int, is_hedging: bool) -> None:
    whole, told = Whole(tmp_path, seed, is_hedging=is_hedging), Counter[str]()
    whole.server.comment_chars = [16, 31, 22, 18][seed]
    for number in range(80):
        whole.desk.wait(70)
        trade(whole, told, closes=number % 2 == 1)
    assert told["executed"] > 20
    assert told["refused"] > 3
    assert told["unknown"] == 0
    assert whole.memory is not None
    whole.memory.close()


def test_every_refusal_has_a_name_on_the_wire() -> None:
    assert set(mt5_codes.WORDS) <= set(RETCODES)


def test_the_self_test_passes_on_a_sound_terminal_and_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeMt5(time.time)
    monkeypatch.setitem(sys.modules, "MetaTrader5", fake)
    monkeypatch.setenv("MT5_LOGIN", "5001")
    monkeypatch.setenv("MT5_PASSWORD", "correct horse")
    monkeypatch.setenv("MT5_SERVER", "Broker-Demo")
    flags = ["gateway", "--broker", "mt5", "--check", "--port", "1", "--state-dir", str(tmp_path)]
    code = main(flags)
    told = capsys.readouterr()
    assert (code, "✗" in told.out) == (0, False), told
    assert "5001" in told.out
    assert "correct horse" not in told.out + told.err
    fake.terminal = fake.terminal._replace(trade_allowed=False)
    assert main(flags) == 1
    assert "Algo Trading" in capsys.readouterr().out
    assert fake.sent == []
