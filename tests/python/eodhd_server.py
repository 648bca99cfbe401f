"""The market data API on 127.0.0.1: a real HTTP server that answers what a test tells it to, faults included."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


@dataclass(frozen=True)
class Drip:
    """Send the answer in pieces of ``size`` bytes, ``every_s`` apart; with ``head`` the status line and headers too."""

    size: int
    every_s: float
    head: bool = False


@dataclass(frozen=True)
class Answer:
    """What the server says.

    A ``Content-Length`` in ``headers`` replaces the true one; ``raw`` replaces status line, headers and body;
    ``endless`` repeats the body until the client hangs up; ``reset`` ends the connection with RST instead of FIN;
    ``dated`` adds this machine's time, as a server's head has it.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip: Drip | None = None
    phrase: str = "Scripted"
    raw: bytes | None = None
    endless: bool = False
    reset: bool = False
    dated: bool = False

    def head(self) -> bytes:
        """Status line and headers."""
        if self.raw is not None:
            return b""
        length = {} if self.endless else {"Content-Length": str(len(self.body))}
        date = {"Date": formatdate(usegmt=True)} if self.dated else {}
        headers = {"Content-Type": "application/json", **length, **date, "Connection": "close"}
        lines = [f"{name}: {value}" for name, value in (headers | self.headers).items()]
        return "\r\n".join([f"HTTP/1.1 {self.status} {self.phrase}", *lines, "", ""]).encode()


Script = Callable[[Request], Answer]
"""An answer that depends on what was asked."""


class EodhdServer:
    """Serves until closed; ``requests`` holds everything that was asked, oldest first."""

    def __init__(self, port: int = 0) -> None:
        """Listen on this port of the loopback, or on a free one."""
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._script: Script = lambda request: Answer(200, b"[]")
        self._once: list[Answer] = []
        self._closing = threading.Event()
        self._listen(port)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def respond(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        delay_s: float = 0.0,
        drip: Drip | None = None,
    ) -> None:
        """Answer so from now on; what ``respond_once`` queued comes first."""
        answer = Answer(status, body, dict(headers or {}), delay_s, drip, dated=True)
        self.play(lambda request: answer)

    def respond_once(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        delay_s: float = 0.0,
        drip: Drip | None = None,
    ) -> None:
        """Answer so once; several are answered in their order."""
        self.say_once(Answer(status, body, dict(headers or {}), delay_s, drip, dated=True))

    def say_once(self, answer: Answer) -> None:
        """Give this answer once, after those that wait already."""
        with self._lock:
            self._once.append(answer)

    def play(self, script: Script) -> None:
        """Ask ``script`` for each answer from now on."""
        with self._lock:
            self._script = script

    def take(self, request: Request) -> Answer:
        """Note a request and give its answer."""
        with self._lock:
            self.requests.append(request)
            return self._once.pop(0) if self._once else self._script(request)

    def pause(self, seconds: float) -> bool:
        """Sleep; whether the server goes on afterwards."""
        return not self._closing.wait(seconds) if seconds > 0 else not self._closing.is_set()

    def hang_up(self) -> None:
        """Refuse connections until ``pick_up``."""
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def pick_up(self) -> None:
        """Listen again where the server was before."""
        self._closing = threading.Event()
        self._listen(self._server.server_port)

    def close(self) -> None:
        """Stop listening; answers under way end early."""
        if not self._closing.is_set():
            self.hang_up()

    def __enter__(self) -> EodhdServer:
        """Serve within a ``with`` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop at its end."""
        self.close()

    def _listen(self, port: int) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.script = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="eodhd", daemon=True)
        self._thread.start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: EodhdServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer from the script."""
        script = self.server.script  # type: ignore[attr-defined] # the server is a _Server
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        answer: Answer = script.take(Request(url.path, query, dict(self.headers.items())))
        self.close_connection = True
        if script.pause(answer.delay_s):
            with contextlib.suppress(OSError):
                self._send(script, answer)

    def _send(self, script: EodhdServer, answer: Answer) -> None:
        body = answer.body if answer.raw is None else answer.raw
        drip = answer.drip
        if drip is None:
            self.wfile.write(answer.head() + body)
            while answer.endless and script.pause(0):
                self.wfile.write(body)
        else:
            self._drip(script, answer, drip, body)
        if answer.reset:
            script.pause(0.05)  # what was sent shall arrive before the reset, which would overtake it
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _drip(self, script: EodhdServer, answer: Answer, drip: Drip, slow: bytes) -> None:
        if drip.head:
            slow = answer.head() + slow
        else:
            self.wfile.write(answer.head())
        for start in range(0, len(slow), drip.size):
            if not script.pause(drip.every_s):
                return
            self.wfile.write(slow[start : start + drip.size])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    with EodhdServer() as closed:
        return int(closed.url.rsplit(":", 1)[1])
