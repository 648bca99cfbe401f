"""What befalls a run from outside: machines die, clocks step, disks fill, people act."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from mt5_sentinel import wire
from mt5_sentinel.wire import OrderClose, OrderModify, OrderSend, PositionData
from tests.python.storm.daemon_side import DaemonSide
from tests.python.storm.gateway_side import GatewaySide
from tests.python.storm.halts import Halts
from tests.python.storm.machine import Machine
from tests.python.storm.world import World

FOREIGN_MAGIC = 1234


class Happenings:
    """Each kind comes again and again, at random times, until the world is calm."""

    def __init__(
        self,
        world: World,
        daemon: DaemonSide,
        gateway: GatewaySide | None,
        halts: Halts,
        minutes: dict[str, float],
    ) -> None:
        """Begin all kinds that the weather has; without a gateway those that need none."""
        self._world = world
        self._daemon = daemon
        self._halts = halts
        self._symbol = daemon.settings.symbol
        kinds: dict[str, Callable[[], None]] = {
            "daemon killed while it waits": daemon.strike,
            "daemon's clock steps a little": lambda: self._step(daemon.machine, self._little()),
            "daemon's clock steps far": lambda: self._step(daemon.machine, 7_200.0),
            "daemon's disk full": lambda: self._fill(daemon.machine),
            "kill switch by file": lambda: self._halt_file(""),
            "kill switch by file, flatten": lambda: self._halt_file("flatten\n"),
        }
        self._gateway: Any = gateway
        if gateway is not None:
            kinds |= {
                "gateway killed while it waits": gateway.strike,
                "gateway unreachable": self._cut,
                "gateway's clock steps a little": lambda: self._step(gateway.machine, self._little()),
                "gateway's clock steps far": lambda: self._step(gateway.machine, 7_200.0),
                "gateway's disk full": lambda: self._fill(gateway.machine),
                "position closed by hand": lambda: self._close(whole=True),
                "position closed by hand in part": lambda: self._close(whole=False),
                "stop taken away by hand": lambda: self._move_stop(taken_away=True),
                "stop moved by hand": lambda: self._move_stop(taken_away=False),
                "foreign position": self._foreign,
                "kill switch at the gateway": self._halt_gateway,
            }
        for kind in [kind for kind in minutes if kind in kinds]:
            self._again(kind, kinds[kind], minutes[kind] * 60)

    def end(self) -> None:
        """What a person halted goes on, at the gateway when it has got over a clock that was set right."""
        self._halts.remove()
        if self._gateway is not None:
            self._gateway.heal()
            self._world.later(70.0, lambda: self._command(on=False))

    def _again(self, kind: str, happen: Callable[[], None], mean_s: float) -> None:
        def come() -> None:
            if self._world.calm:
                return
            self._again(kind, happen, mean_s)
            self._world.seen[kind] += 1
            happen()

        self._world.later(self._world.random.expovariate(1 / mean_s), come)

    def _cut(self) -> None:
        self._gateway.cut_until_s = self._world.now_s + self._world.between(2, 300)

    def _little(self) -> float:
        """Less than the two clocks may differ by, or more than that, or longer than an order is valid."""
        return self._world.random.choice([2.5, 10.0, 70.0])

    def _step(self, machine: Machine, far_s: float) -> None:
        """A wrong time for a while, then the right one again."""
        machine.clock.step_to(self._world.between(-far_s, far_s))

        def right() -> None:
            machine.clock.step_to(self._world.between(-1, 1) if not self._world.calm else 0.0)

        self._world.later(self._world.between(20, 1_200), right)

    def _fill(self, machine: Machine) -> None:
        machine.full_until_s = self._world.now_s + self._world.between(5, 600)

    def _own(self) -> list[PositionData]:
        return [one for one in self._gateway.positions() if one.magic == self._daemon.settings.magic]

    def _close(self, *, whole: bool) -> None:
        own = self._own()
        if not own:
            return
        position = self._world.random.choice(own)
        lots = position.volume if whole else round(max(0.01, position.volume / 2), 2)
        self._close_lots(position, lots)

    def _close_lots(self, position: PositionData, lots: float) -> None:
        opposite = "OP_SELL" if position.type == "OP_BUY" else "OP_BUY"
        order = OrderClose(
            symbol=position.symbol,
            ticket=position.ticket,
            type=opposite,  # type: ignore[arg-type] # one of the two
            volume=lots,
            magic=position.magic,
            deviation=1_000,
        )
        self._gateway.by_hand(order, self._name())

    def _move_stop(self, *, taken_away: bool) -> None:
        own = self._own()
        if not own:
            return
        position = self._world.random.choice(own)
        further = -0.0005 if position.type == "OP_BUY" else 0.0005
        stop = None if taken_away or position.sl is None else round(position.sl + further, 5)
        order = OrderModify(symbol=position.symbol, ticket=position.ticket, sl=stop, tp=position.tp)
        self._gateway.by_hand(order, self._name())

    def _foreign(self) -> None:
        """Somebody else opens a position, and closes it later."""
        side = self._world.random.choice(["OP_BUY", "OP_SELL"])
        order = OrderSend(
            symbol=self._symbol,
            type=side,  # type: ignore[arg-type] # one of the two
            volume=0.01,
            magic=FOREIGN_MAGIC,
            deviation=1_000,
        )
        self._gateway.by_hand(order, self._name())

        def end() -> None:
            for position in self._gateway.positions():
                if position.magic == FOREIGN_MAGIC:
                    self._close_lots(position, position.volume)

        self._world.later(self._world.between(60, 7_200), end)

    def _halt_file(self, text: str) -> None:
        self._halts.write(text)
        self._world.later(self._world.between(60, 1_800), self._halts.remove)

    def _halt_gateway(self) -> None:
        self._command(on=True)
        self._world.later(self._world.between(60, 1_800), lambda: self._command(on=False))

    def _command(self, *, on: bool) -> None:
        """An operator at another machine, whose clock is right."""
        now_s = self._world.now_s
        payload = {"on": on, "reason": "storm"}
        self._gateway.deliver(wire.request("KILL_SWITCH", self._name(), now_s, now_s + 30, payload))

    def _name(self) -> str:
        return str(uuid.UUID(int=self._world.random.getrandbits(128), version=4))
