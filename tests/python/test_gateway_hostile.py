"""100,000 hostile messages over the real socket: no order, no crash, every answer by name."""

from __future__ import annotations

import socket as sockets
import sqlite3
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest
import zmq

from mt5_sentinel import wire
from mt5_sentinel.retcodes import RETCODES
from tests.python.gateway_desk import BUY, new_id
from tests.python.gateway_served import Served
from tests.python.hostile import QUESTIONS, Hostile

MESSAGES = 100_000
AT_ONCE = 12
"""Messages on their way at a time, so that none waits where its kind cannot be told any more."""

EVERY = 4_000
"""After so many comes an honest order, a long frame, and bytes that are not even ZeroMQ."""

BEFORE, AMONG = 25, MESSAGES // EVERY
"""Honest orders."""

GROWTH_BYTES_MAX = 200 << 20


def rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


class Flood:
    """Sends messages through a DEALER socket, a few at a time, and counts what is answered."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.dealer = served.socket(zmq.DEALER)
        self.waiting: list[str] = []
        self.codes: Counter[tuple[str, int]] = Counter()
        self.faults: list[str] = []

    def send(self, kind: str, body: bytes) -> None:
        if len(self.waiting) >= AT_ONCE:
            self.hear()
        self.dealer.send_multipart([b"", body])
        self.waiting.append(kind)

    def hear(self) -> None:
        """The oldest answer that is due: one client's requests are answered in their order."""
        kind = self.waiting.pop(0)
        if not self.dealer.poll(30_000):
            self.faults.append(f"{kind}: no answer")
            return
        empty, body = self.dealer.recv_multipart()
        try:
            reply = msgspec.json.decode(body, type=wire.Reply)
        except msgspec.DecodeError as error:
            self.faults.append(f"{kind}: no reply: {error}")
            return
        self.codes[kind, reply.retcode] += 1
        is_said = reply.retcode == wire.DONE or reply.msg  # bars come without words
        if empty or reply.retcode not in RETCODES or not is_said or len(reply.msg) > 200:
            self.faults.append(f"{kind}: {reply}")

    @property
    def answered(self) -> int:
        """Answers that came."""
        return sum(self.codes.values())

    def table(self) -> list[str]:
        """A line for each kind: how many answers, and with which codes."""
        by_kind: dict[str, dict[int, int]] = {}
        for (kind, code), count in sorted(self.codes.items()):
            by_kind.setdefault(kind, {})[code] = count
        return [f"{sum(codes.values()):7} {kind:24} {codes}" for kind, codes in by_kind.items()]

    def drain(self) -> None:
        while self.waiting:
            self.hear()


def garbage(port: int, hostile: Hostile, count: int) -> None:
    """Bytes that are not even ZeroMQ, and connections that say nothing; the gateway may end them when it likes."""
    for number in range(count):
        with sockets.create_connection(("127.0.0.1", port), timeout=5) as raw:
            if number % 4:
                greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00" if number % 2 else b"POST / HTTP/1.1\r\n\r\n"
                try:
                    raw.sendall(greeting + hostile.draw.randbytes(200))
                except OSError:
                    continue


def test_a_hundred_thousand_hostile_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Served(tmp_path) as served:
        bench = served.bench
        served.allow("stranger")
        served.allow("daemon")
        honest = served.socket()
        wanted = [new_id() for _ in range(BEFORE + AMONG)]
        for req_id in wanted[:BEFORE]:
            served.ask(honest, served.request("ORDER_SEND", BUY, req_id))
        hostile = Hostile(20261125, bench.clock.wall_s(), wanted[:BEFORE])
        strangers = [served.socket(key=key) for key in ("stranger", None, "stranger", None)]
        for stranger in strangers:
            stranger.send(served.request("ORDER_SEND", BUY))
        began_s, rss = time.monotonic(), rss_bytes()
        flood = Flood(served)
        left = iter(wanted[BEFORE:])
        for number, (kind, body) in enumerate(hostile.messages(MESSAGES)):
            flood.send(kind, body)
            if number % EVERY == 0:
                garbage(served.server.port, hostile, 8)
                flood.send("10 MB frame", b'{"a":"' + b"x" * (10 << 20))
                served.ask(honest, served.request("ORDER_SEND", BUY, next(left)))
            if number % 500 == 0:
                flood.send("parts", b"")
        flood.drain()
        took_s, grown = time.monotonic() - began_s, rss_bytes() - rss
        told = flood.table()
        told.append(
            f"{flood.answered} answered in {took_s:.1f} s, {served.server.dropped} dropped, {grown >> 20} MiB more"
        )
        assert served.authority is not None
        told.append(f"{served.authority.refused} connections refused, {len(bench.venue.executions)} orders executed")
        with capsys.disabled():
            print("", *told, sep="\n")  # noqa: T201 - the counts are what the test is for
        reply = served.ask(honest, served.request("HEARTBEAT"))
        assert reply is not None
        assert reply.retcode == wire.DONE, "alive"
        assert flood.faults == []
        assert flood.answered >= MESSAGES
        assert bench.venue.executed_ids == wanted, "the honest orders, each once, and no other"
        assert bench.venue.modifies == []
        done = {kind for kind, code in flood.codes if code in (wire.DONE, wire.PARTIAL, wire.PLACED)}
        assert done == {QUESTIONS}
        assert not bench.gateway.halt.on
        assert grown < GROWTH_BYTES_MAX
        assert served.authority.refused > 0
        assert all(stranger.poll(0) == 0 for stranger in strangers)
        with sqlite3.connect(bench.memory.path) as memory:
            states = dict(memory.execute("SELECT state, count(*) FROM fate GROUP BY state"))
        memory.close()
        assert states["executed"] == BEFORE + AMONG
        assert "sending" not in states
