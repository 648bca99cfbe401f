"""A gateway served in a thread on real sockets of 127.0.0.1, over a fake venue, encrypted or not."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import zmq

from mt5_sentinel import curve, wire
from mt5_sentinel.gateway.authority import AllowList, Authority
from mt5_sentinel.gateway.server import Server
from mt5_sentinel.gateway.ticks import Ticks
from tests.python.gateway_desk import Bench, new_id

PATIENCE_MS = 5_000


class Served:
    """Runs inside of ``with``; requests of ``client`` are answered by it."""

    def __init__(
        self, path: Path, *, encrypted: bool = True, ticks: tuple[str, ...] = (), kind: type[Bench] = Bench
    ) -> None:
        self.bench = kind(path / "state")
        self.path = path
        self.list_path = path / "clients.txt"
        self.context = zmq.Context()
        self.near = zmq.Context()
        self._sockets: list[zmq.Socket[bytes]] = []
        self.authority: Authority | None = None
        self.public = ""
        secret = None
        if encrypted:
            self.public = curve.create(path / "gateway.key")
            secret = curve.read_key_pair(path / "gateway.key")[1]
            self.allow("daemon")
            self.authority = Authority(self.context, AllowList(self.list_path))
        published = Ticks(self.bench.venue, ticks, self.bench.clock.monotonic_s) if ticks else None
        self.server = Server(
            *(self.context, self.bench.gateway, self.bench.clock),
            host="127.0.0.1",
            port=0,
            ticks=published,
            secret=secret,
            authority=self.authority,
        )
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def allow(self, *names: str) -> None:
        """Write the list of clients: key files of these names, made where they are missing."""
        for name in names:
            if not (self.path / f"{name}.key").exists():
                curve.create(self.path / f"{name}.key")
        keys = [curve.read_key_pair(self.path / f"{name}.key")[0] for name in names]
        lines = [f"{key}  {name}" for key, name in zip(keys, names, strict=True)]
        self.list_path.write_text("\n".join(["# clients", *lines]) + "\n", encoding="utf-8")

    def __enter__(self) -> Served:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._thread.join(10)
        self.server.close()
        if self.authority is not None:
            self.authority.close()
        for socket in self._sockets:
            socket.close(0)
        self.near.term()
        self.context.term()
        self.bench.memory.close()

    def socket(
        self, kind: int = zmq.REQ, key: str | None = "daemon", port: int = 0, server_key: str = ""
    ) -> zmq.Socket[bytes]:
        """A socket that is connected, with the key of this name; the name ``None``: in plain text."""
        socket = self.near.socket(kind)
        self._sockets.append(socket)
        socket.set(zmq.LINGER, 0)
        if self.public and key is not None:
            public, secret = curve.read_key_pair(self.path / f"{key}.key")
            socket.set(zmq.CURVE_SERVERKEY, (server_key or self.public).encode())
            socket.set(zmq.CURVE_PUBLICKEY, public.encode())
            socket.set(zmq.CURVE_SECRETKEY, secret.reveal().encode())
        socket.connect(f"tcp://127.0.0.1:{port or self.server.port}")
        return socket

    def request(self, action: str, payload: Any = None, req_id: str | None = None) -> bytes:
        """A sound request of now."""
        now_s = self.bench.clock.wall_s()
        return wire.request(action, req_id or new_id(), now_s, now_s + 20, payload or {})

    def ask(self, socket: zmq.Socket[bytes], body: bytes, patience_ms: int = PATIENCE_MS) -> wire.Reply | None:
        """The reply to a REQ socket's request; None where there is none, or nobody to send it to any more."""
        if not socket.poll(patience_ms, zmq.POLLOUT):
            return None
        socket.send(body, zmq.NOBLOCK)
        if not socket.poll(patience_ms):
            return None
        return msgspec.json.decode(socket.recv(), type=wire.Reply)

    def _run(self) -> None:
        self.server.run(self._ends.is_set)
