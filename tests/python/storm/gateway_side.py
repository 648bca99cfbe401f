"""The gateway of the storm: the real dispatcher and its memory, killed and started again, with or without its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from mt5_sentinel import wire
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.gateway.dispatch import Dispatcher
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway.venue import Venue
from mt5_sentinel.settings import Settings
from mt5_sentinel.wire import OrderClose, OrderModify, OrderSend, PositionData
from tests.python.storm.broker import StormVenue
from tests.python.storm.machine import Died, Machine
from tests.python.storm.watch import Watch

DOWN_S = (0.3, 90.0)
"""How long a killed gateway stays away."""


class GatewaySide:
    """One gateway after the other; the broker behind them stays."""

    def __init__(
        self, machine: Machine, state: Path, open_venue: Callable[[], Venue], watch: Watch, settings: Settings
    ) -> None:
        """Start the first one."""
        self.machine = machine
        self.watch = watch
        self.cut_until_s = 0.0
        """No request reaches it before."""
        self._world = machine.world
        self._state = state
        self._open_venue = open_venue
        self._settings = settings
        self._dispatcher: Dispatcher | None = None
        self._memory: Memory | None = None
        self._open_broker()
        self._rise()

    def deliver(self, request: bytes) -> bytes | None:
        """A request arrives; None where nobody answers."""
        if self._dispatcher is None or self._world.now_s < self.cut_until_s:
            self._world.seen["request to nobody"] += 1
            return None
        try:
            reply = self._dispatcher.answer(request)
        except Died:
            self.watch.answered(request, None)
            self._fall()
            return None
        self.watch.answered(request, msgspec.json.decode(reply, type=wire.Reply).retcode)
        return reply

    def strike(self) -> None:
        """Kill it where it waits."""
        if self._dispatcher is not None:
            self._fall()

    def lose_time(self, back_s: float) -> None:
        """Its machine starts anew, with its memory, and with a clock that is behind for minutes."""
        self.machine.clock.step_to(self.machine.clock.off_s - back_s)
        self._world.later(self._world.between(120, 300), lambda: self.machine.clock.step_to(0.0))
        if self._dispatcher is not None:
            self._fall(self._world.between(6, 20), keeps_memory=True)

    def positions(self) -> list[PositionData]:
        """What is open at the broker."""
        with self.machine.left_alone():
            return self.venue.positions()

    def by_hand(self, order: OrderSend | OrderClose | OrderModify, req_id: str) -> None:
        """Somebody trades at the terminal."""
        with self.machine.left_alone():
            if isinstance(order, OrderSend):
                self.venue.send(order, req_id)
            elif isinstance(order, OrderClose):
                self.venue.close(order, req_id)
            else:
                self.venue.modify(order, req_id)

    def heal(self) -> None:
        """Be there."""
        self.cut_until_s = 0.0
        if self._dispatcher is None:
            self._rise()

    def close(self) -> None:
        """What is left of a process that was killed: nothing."""
        self.machine.bury()
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _fall(self, for_s: float | None = None, *, keeps_memory: bool = False) -> None:
        self._dispatcher = None
        self.close()
        self._open_broker()
        down_s = self._world.span(*DOWN_S) if for_s is None else for_s
        self._world.later(down_s, lambda: self._rise(keeps_memory=keeps_memory))

    def _rise(self, *, keeps_memory: bool = False) -> None:
        if self._dispatcher is not None:
            return
        if not keeps_memory and self._world.strikes("gateway restarted without its memory"):
            for name in ("gateway.db", "gateway.db-wal", "gateway.db-shm"):
                (self._state / name).unlink(missing_ok=True)
            self.watch.halts.gateway_since_s = None
            self.watch.forgotten |= self.watch.working
            if self.machine.clock.wall_s() < self._world.now_s - 1.0:
                self.watch.lost_time_s = self._world.now_s
        try:
            clock = self.machine.clock
            self._memory = Memory(self._state, clock.wall_s(), durable=False)
            venue = StormVenue(lambda: self.venue, self.machine, self.watch)
            self._dispatcher = Dispatcher(
                venue, self._memory, clock, volume_lots_max=self._settings.volume_lots_max, orders_per_minute_max=10
            )
        except (Died, SentinelError):
            self._fall()

    def _open_broker(self) -> None:
        """The broker's book is on its own disk; it is read again wherever the gateway's process held it."""
        with self.machine.left_alone():
            self.venue = self._open_venue()
            self.watch.find_unwitnessed(self.venue)
