"""A dispatcher over a fake venue, with a clock that moves when a test says so."""

from __future__ import annotations

import json
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel import wire
from mt5_sentinel.gateway.dispatch import Dispatcher
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway.venue import VenueError
from mt5_sentinel.retcodes import RETCODES
from mt5_sentinel.wire import Executed, Looked, Reply
from tests.python.fake_venue import FakeVenue

NOW_S = 1_700_049_658.0
"""Wednesday 2023-11-15 12:00:58 UTC."""

BUY = {"symbol": "EURUSD", "type": "OP_BUY", "volume": 0.1, "magic": 7, "sl": 1.09}


CLOSE = {"symbol": "EURUSD", "ticket": 1, "type": "OP_SELL", "volume": 0.1, "magic": 7}
MODIFY = {"symbol": "EURUSD", "ticket": 1, "sl": 1.08, "tp": None}
UNKNOWN = 10012
CANNOT_READ = VenueError("the history cannot be read", wire.INTERNAL)


class HandClock:
    """Wall and steady time, apart."""

    def __init__(self, now_s: float = NOW_S) -> None:
        self.wall, self.steady = now_s, 1000.0

    def wall_s(self) -> float:
        return self.wall

    def monotonic_s(self) -> float:
        return self.steady

    def wait_s(self, timeout_s: float) -> None:
        self.pass_s(timeout_s)

    def pass_s(self, seconds: float) -> None:
        """Time goes by, on both clocks."""
        self.wall += seconds
        self.steady += seconds


def new_id() -> str:
    return str(uuid.uuid4())


class Bench:
    """One gateway, asked directly; ``young`` leaves its memory as new as it is."""

    def __init__(self, path: Path, *, young: bool = False) -> None:
        self.path = path
        self.clock = HandClock()
        self.venue = FakeVenue(self.clock.wall_s)
        self.limits: dict[str, Any] = {"volume_lots_max": 1.0, "orders_per_minute_max": 100}
        self.start()
        if not young:
            self.clock.pass_s(100)
            self.ask("HEARTBEAT")

    def start(self) -> None:
        """Begin as a new process does."""
        self.memory = Memory(self.path, self.clock.wall_s(), durable=False)
        self.gateway = Dispatcher(self.venue, self.memory, self.clock, **self.limits)

    def restart(self, *, forget: bool = False) -> None:
        """End and begin again, without its memory if told so."""
        self.memory.close()
        if forget:
            for file in self.path.glob("gateway.db*"):
                file.unlink()
        self.start()

    def answer(self, body: bytes) -> Reply:
        """The reply to bytes, checked to be one."""
        reply = msgspec.json.decode(self.gateway.answer(body), type=Reply)
        assert reply.retcode in RETCODES
        assert len(reply.msg) <= 200
        assert reply.error is (reply.retcode not in (wire.DONE, wire.PARTIAL, wire.PLACED))
        return reply

    def ask(self, action: str, payload: object = None, req_id: str | None = None, **envelope: float) -> Reply:
        """The reply to a sound request of now, whose envelope may be changed."""
        now_s = self.clock.wall_s()
        asked = {"action": action, "req_id": req_id or new_id(), "timestamp": now_s, "not_after": now_s + 20}
        reply = self.answer(json.dumps(asked | {"payload": payload or {}} | envelope).encode())
        assert reply.req_id == asked["req_id"]
        return reply

    def buy(self, req_id: str | None = None, **envelope: Any) -> Reply:
        return self.ask("ORDER_SEND", BUY, req_id, **envelope)

    def look(self, req_id: str, **more: Any) -> Looked:
        reply = self.ask("ORDER_LOOKUP", {"req_id": req_id} | more)
        assert reply.retcode == wire.DONE, reply
        return msgspec.json.decode(reply.data, type=Looked)


def executed(reply: Reply) -> Executed:
    return msgspec.json.decode(reply.data, type=Executed)


class FullAt:
    """Writes of the memory that contain these words fail."""

    def __init__(self, bench: Bench, words: str) -> None:
        self.write = bench.memory.write
        self.words = words
        bench.memory.write = self  # type: ignore[method-assign]

    def __call__(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        if self.words and self.words in statement:
            raise sqlite3.OperationalError("database or disk is full")
        self.write(statement, values)
