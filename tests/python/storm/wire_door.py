"""The wire between daemon and gateway, which loses, delays, repeats and reorders what it carries."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.python.storm.gateway_side import GatewaySide
from tests.python.storm.machine import Machine
from tests.python.storm.world import World

APART_S = 300.0
"""How far apart a clock is set back at restarts: twice within a minute is more than the gateway's doubt can tell."""

LATE_S_MAX = 90.0
"""How late a request arrives at most."""


class StormLink:
    """``ports.Link`` over a faulty wire."""

    def __init__(self, world: World, daemon: Machine, gateway: GatewaySide) -> None:
        """Nothing was sent yet."""
        self._world = world
        self._daemon = daemon
        self._gateway = gateway
        self.crossing: Callable[[], None] = lambda: None
        """Called when the daemon read the broker's book."""
        self._sent = 0
        self._set_back_s = -APART_S

    def exchange(self, request: bytes, patience_s: float) -> bytes | None:
        """Send, and wait; the faults are drawn here."""
        world = self._world
        self._daemon.may_die("before a send")
        self._gateway.watch.sent(request)
        self._sent += 1
        deadline_s = world.now_s + patience_s
        reply = self._carry(request, patience_s)
        if reply is None or world.now_s > deadline_s:
            world.advance(deadline_s - world.now_s)
            reply = None
        if reply is not None:
            self._gateway.watch.heard(request, reply)
            if b'"BOOK"' in request[:20]:
                self.crossing()
                self._gateway.watch.heard(request, reply)
        self._daemon.may_die("after an answer" if reply is not None else "after a silence")
        return reply

    def close(self) -> None:
        """Nothing is held: what is on its way stays there."""

    def _carry(self, request: bytes, patience_s: float) -> bytes | None:
        world = self._world
        if world.strikes("request dropped"):
            return None
        is_order = b'"ORDER_' in request[:20] and world.now_s > self._set_back_s + APART_S
        if is_order and world.strikes("gateway restarted, its clock set back, an order on its way"):
            self._set_back_s = world.now_s
            back_s = world.between(20, 45)
            self._gateway.lose_time(back_s)
            self._later(request, max(32.0, back_s + world.between(0, 25)))  # late in truth, in time by that clock
            return None
        if world.strikes("request delayed"):
            self._later(request, world.span(0.1, LATE_S_MAX))
            return None
        if world.strikes("daemon killed after a send"):
            self._later(request, world.span(0.01, LATE_S_MAX))
            self._daemon.kill()
        world.advance(world.between(0.001, 0.05))
        reply = self._gateway.deliver(request)
        if world.strikes("request duplicated"):
            self._later(request, world.span(0.1, LATE_S_MAX))
        if reply is not None and world.strikes("request repeated with another payload"):
            self._gateway.deliver(_changed(request))
        if reply is None or world.strikes("reply dropped"):
            return None
        if world.strikes("reply delayed"):
            world.advance(world.between(0, 2 * patience_s))
        world.advance(world.between(0.001, 0.05))
        return reply

    def _later(self, request: bytes, after_s: float) -> None:
        number = self._sent

        def arrive() -> None:
            if self._sent > number:
                self._world.seen["request after newer ones"] += 1
            self._gateway.deliver(request)

        self._world.later(after_s, arrive)


def _changed(request: bytes) -> bytes:
    """A request under the same name that asks for half as much again; questions stay what they are."""
    asked = json.loads(request)
    if "volume" in asked["payload"]:
        asked["payload"]["volume"] = round(1.5 * asked["payload"]["volume"] + 0.01, 2)
    return json.dumps(asked).encode()
