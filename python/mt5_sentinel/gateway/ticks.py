"""Prices for whoever wants to hear them: each symbol's newest tick, published when it changes, and now and then."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec
import zmq

from mt5_sentinel.gateway.sayings import Sayings
from mt5_sentinel.gateway.venue import Venue
from mt5_sentinel.guard import Guard
from mt5_sentinel.wire import Tick

PERIOD_S = 0.25

REPEAT_S = 5.0
"""After so long a tick is sent though nothing changed: who has just come hears it, and silence means a fault."""


class Ticks:
    """Asks the venue between requests, in their thread: a terminal answers one thread only."""

    def __init__(self, venue: Venue, symbols: Sequence[str], steady_s: Callable[[], float]) -> None:
        """Nothing is asked yet."""
        self._venue, self._symbols, self._steady_s = venue, tuple(symbols), steady_s
        self._sent: dict[str, tuple[Tick | None, float]] = {}
        """The newest tick that was sent, and when."""
        self._next_s = steady_s()
        self._sayings = Sayings(steady_s, lines_max=5)

    def wait_s(self) -> float:
        """How long until they are due."""
        return max(0.0, self._next_s - self._steady_s())

    def publish(self, socket: zmq.Socket[bytes]) -> int:
        """Send what is to be sent, if it is time; returns how many ticks that were."""
        if self.wait_s() > 0:
            return 0
        self._next_s = self._steady_s() + PERIOD_S
        return sum(self._publish_one(socket, symbol) for symbol in self._symbols)

    def _publish_one(self, socket: zmq.Socket[bytes], symbol: str) -> bool:
        found: list[Tick | None] = []
        error = Guard().attempt(lambda: found.append(self._venue.tick(symbol)))
        if error is not None:
            self._sayings.say(logging.WARNING, "%s: no tick: %s", symbol, error)
            return False
        tick = found[0]
        now_s = self._steady_s()
        sent, sent_s = self._sent.get(symbol, (None, -REPEAT_S))
        if tick is None or (_price(tick) == _price(sent) and now_s < sent_s + REPEAT_S):
            return False
        self._sent[symbol] = (tick, now_s)
        socket.send_multipart([symbol.encode(), msgspec.json.encode(tick)], zmq.NOBLOCK)
        return True


def _price(tick: Tick | None) -> tuple[float, float, float] | None:
    return None if tick is None else (tick.server_time, tick.bid, tick.ask)
