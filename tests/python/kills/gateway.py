"""The gateway as a process: real sockets, keys, memory and paper account, a clock that runs fast, and a witness.

Arguments: its directory, the port, the base of the clock.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

import zmq

from mt5_sentinel import curve
from mt5_sentinel.gateway.authority import AllowList, Authority
from mt5_sentinel.gateway.dispatch import Dispatcher
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway.paper_venue import PaperVenue
from mt5_sentinel.gateway.server import Server
from mt5_sentinel.gateway.venue import MayStill, Outcome
from mt5_sentinel.settings import Settings
from mt5_sentinel.wire import OrderClose, OrderSend
from tests.python.kills import nursery
from tests.python.kills.daemon import PRICES_SEED
from tests.python.kills.fast_clock import FastClock
from tests.python.storm.paper_broker import PaperDesk
from tests.python.storm.prices import Prices
from tests.python.storm.world import BEGAN_S


class Witness:
    """``Venue`` that notes each order before the broker is asked: a line survives the process that wrote it."""

    def __init__(self, inner: PaperVenue, clock: FastClock, path: Path) -> None:
        self.name = inner.name
        self._inner = inner
        self._clock = clock
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def __getattr__(self, name: str) -> Any:
        """Questions pass."""
        return getattr(self._inner, name)

    def send(self, order: OrderSend, req_id: str, may_still: MayStill | None = None) -> Outcome:
        self._note(req_id)
        return self._inner.send(order, req_id, may_still)

    def close(self, order: OrderClose, req_id: str, may_still: MayStill | None = None) -> Outcome:
        self._note(req_id)
        return self._inner.close(order, req_id, may_still)

    def _note(self, req_id: str) -> None:
        os.write(self._file, f"{req_id} {self._clock.wall_s():.3f}\n".encode())


def main(state: Path, port: int, clock: FastClock, desk: PaperDesk) -> None:
    """Serve until killed."""
    context = zmq.Context()
    _, secret = curve.read_key_pair(state / "gateway.key")
    authority = Authority(context, AllowList(state / "clients.txt"))
    dispatcher = Dispatcher(
        Witness(desk.open(), clock, state / "witness.txt"),
        Memory(state, clock.wall_s()),
        clock,
        volume_lots_max=1.0,
        orders_per_minute_max=20,
    )
    server = Server(context, dispatcher, clock, host="127.0.0.1", port=port, secret=secret, authority=authority)
    server.run(lambda: False)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s gateway %(message)s")
    where, at, began = sys.argv[1:]
    time = FastClock(float(began), BEGAN_S)
    book = PaperDesk(Path(where), time.wall_s, Settings(), durable=True)
    book.record("EURUSD", Prices(PRICES_SEED), 2_000)  # once, for it takes longer than a client waits
    nursery.serve(lambda: main(Path(where), int(at), time, book))
