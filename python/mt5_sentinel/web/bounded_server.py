"""A WSGI server that no client can wear out: few threads, a deadline for each request, and who dawdles makes room."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

THREADS_MAX = 16
"""Requests that are answered at a time: a scrape and some probes need two or three. The daemon may have 256 tasks."""

REQUEST_S = 5.0
"""From the connection to the last byte of the answer, however slowly a client drips."""

ASK_S = 0.05
"""Whose request is not whole by then gives its place up, where another client needs it; it usually comes at once."""

ANSWER_S = 0.5
"""The same of an answer that is not sent by then."""

ROOM_S = 0.25
"""How long a new client waits for the thread of the one that was cut off."""

BUSY = (
    b"HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 1\r\nContent-Length: 9\r\n\r\n"
    b"too busy\n"
)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Place(NamedTuple):
    """Of a request that is under way, by the steady clock."""

    until_s: float
    """When it is cut off."""
    yields_s: float
    """From when on it is cut off for another one."""


class BoundedServer(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread of its own, of which there are few."""

    daemon_threads = True
    request_queue_size = 128  # of connections that are not taken yet; five, as the base class has it, slow ones fill

    def __init__(self, host: str, port: int, app: Application) -> None:
        """Bind; where a name has both kinds of addresses, to the one of IPv4.

        Raises:
            OSError: the address cannot be bound.
            OverflowError: no such port.
        """
        self._free = threading.BoundedSemaphore(THREADS_MAX)
        self._lock = threading.Lock()
        self._places: dict[socket.socket, _Place] = {}
        self.address_family = _family(host)
        super().__init__((host, port), _Handler)
        self.set_app(app)

    @property
    def address(self) -> str:
        """What is bound, as numbers."""
        return str(self.server_address[0])

    def server_bind(self) -> None:
        """Bind without asking DNS for our own name, as the base class does: it may not answer for minutes."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class has it so
        """Hand it to a thread, or refuse it."""
        if not self._free.acquire(blocking=False) and not self._makes_room():
            with contextlib.suppress(OSError):
                request.setblocking(False)
                request.send(BUSY)
            self.shutdown_request(request)
            return
        now_s = time.monotonic()
        with self._lock:
            self._places[request] = _Place(now_s + REQUEST_S, now_s + ASK_S)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started; the base class hangs up
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Answer it, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Hang up."""
        with self._lock:
            self._places.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called twice a second, and with each connection: cut off who is beyond the deadline."""
        now_s = time.monotonic()
        with self._lock:
            late = [request for request, place in self._places.items() if place.until_s <= now_s]
        for request in late:
            self._cut_off(request)

    def answers(self, request: socket.socket) -> None:
        """The request is whole: the rest is ours to do."""
        with self._lock:
            if request in self._places:
                place = self._places[request]
                self._places[request] = place._replace(yields_s=time.monotonic() + ANSWER_S)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: a client that hangs up or stays silent is no news of the trading."""

    def _makes_room(self) -> bool:
        """Whether a place was left, or was taken from who dawdles the longest."""
        with self._lock:
            found = min(self._places.items(), key=lambda item: item[1].yields_s, default=None)
        if found is None:  # all are cut off, and their threads are not done
            return False
        request, place = found
        wait_s = max(0.0, place.yields_s - time.monotonic())
        if self._free.acquire(timeout=min(wait_s, ASK_S)):
            return True
        if wait_s > ASK_S:
            return False
        self._cut_off(request)
        return self._free.acquire(timeout=ROOM_S)

    def _cut_off(self, request: socket.socket) -> None:
        """Its thread finds the connection ended."""
        with self._lock:
            if self._places.pop(request, None) is not None:
                with contextlib.suppress(OSError):  # the client may have hung up this very moment
                    request.shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    server: BoundedServer

    def get_environ(self) -> dict[str, Any]:
        """What the application is told; asked for when the request is whole."""
        self.server.answers(self.connection)
        return super().get_environ()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class names them so
        """Say nothing: a scrape every 15 s would bury the trading lines."""


def _family(host: str) -> socket.AddressFamily:
    if not host:
        return socket.AF_INET
    found = {family for family, *_ in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    return socket.AF_INET if socket.AF_INET in found or not found else socket.AF_INET6
