"""10,000 of the hostile messages over the real socket and the real paper broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zmq

from mt5_sentinel import _core, wire
from mt5_sentinel.gateway.dispatch import Dispatcher
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway.paper_venue import PaperVenue
from mt5_sentinel.paper_account import PaperAccount
from tests.python.gateway_desk import BUY, Bench, new_id
from tests.python.gateway_served import Served
from tests.python.hostile import QUESTIONS, Hostile
from tests.python.paper_orders import bars
from tests.python.test_gateway_hostile import Flood

MESSAGES, EVERY = 10_000, 500
MINUTE_S = 60
HONEST: dict[str, Any] = BUY | {"volume": 0.01, "deviation": 20}


class PaperBench(Bench):
    """A gateway to the paper broker."""

    def start(self) -> None:
        facts = _core.SymbolFacts("EURUSD", "USD")
        rows = bars(*((minute * MINUTE_S, 1.1000, 1.1060, 1.0980, 1.1040) for minute in range(600)))
        recording = _core.Recording(rows, facts, interval_s=MINUTE_S, start_s=0, shows="bid", spread_points=10.0)
        self.memory = Memory(self.path, self.clock.wall_s(), durable=False)
        self.account = PaperAccount(self.path / "paper.db", deposit=10_000.0, currency="USD", durable=False)
        self.paper = PaperVenue(self.account, {"EURUSD": (recording, facts)}, self.clock.wall_s, currency="USD")
        self.gateway = Dispatcher(self.paper, self.memory, self.clock, **self.limits)


def test_hostile_messages_move_nothing_on_the_paper_account(tmp_path: Path) -> None:
    with Served(tmp_path, encrypted=False, kind=PaperBench) as served:
        bench = served.bench
        assert isinstance(bench, PaperBench)
        honest = served.socket()
        wanted = [new_id() for _ in range(MESSAGES // EVERY)]
        hostile = Hostile(20261126, bench.clock.wall_s(), wanted[:1])
        flood = Flood(served)
        for number, (kind, body) in enumerate(hostile.messages(MESSAGES)):
            if number % EVERY == 0:
                flood.drain()
                reply = served.ask(honest, served.request("ORDER_SEND", HONEST, wanted[number // EVERY]))
                assert reply is not None
                assert reply.retcode == wire.DONE, reply
            flood.send(kind, body)
        flood.drain()
        assert (flood.faults, flood.answered) == ([], MESSAGES)
        done = {kind for kind, code in flood.codes if code in (wire.DONE, wire.PARTIAL, wire.PLACED)}
        assert done == {QUESTIONS}

        held = bench.paper.positions()
        assert not [kind for kind, code in flood.codes if code == wire.INTERNAL], flood.table()
    bench.account.close()
    assert [position.comment for position in held] == [wire.comment_of(req_id) for req_id in wanted]
    assert {(position.volume, position.sl, position.tp) for position in held} == {(0.01, 1.09, None)}


def test_the_flood_would_show_an_order_that_came_through(tmp_path: Path) -> None:
    with Served(tmp_path, encrypted=False, kind=PaperBench) as served:
        dealer = served.socket(zmq.DEALER)
        dealer.send_multipart([b"", served.request("ORDER_SEND", HONEST)])
        assert dealer.poll(5000)
        bench = served.bench
        assert isinstance(bench, PaperBench)
        assert len(bench.paper.positions()) == 1
    bench.account.close()
