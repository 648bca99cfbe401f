"""The HTTP side of the daemon: metrics and health from threads of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.web.health import Health

Page = Callable[[], tuple[int, bytes]]
"""Gives the HTTP status and the JSON body of a path; must not wait."""

STATUS = {200: "200 OK", 503: "503 Service Unavailable"}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128  # of connections that are not taken yet; five, as the base class has it, slow ones fill

    def server_bind(self) -> None:
        """Bind without asking DNS for our own name, as the base class does: it may not answer for minutes."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: a client that hangs up or stays silent is no news of the trading."""


class _Handler(WSGIRequestHandler):
    timeout = 5  # a client that sends nothing gives its thread back

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class names them so
        """Say nothing: a scrape every 15 s would bury the trading lines."""


class WebServer:
    """Serves until closed; a scrape never waits for a cycle."""

    def __init__(
        self, host: str, port: int, registry: CollectorRegistry, health: Health, pages: Mapping[str, Page] | None = None
    ) -> None:
        """Bind and start answering.

        Args:
            host: address to bind.
            port: to bind; 0 takes a free one.
            registry: what ``/metrics`` shows.
            health: what ``/healthz`` and ``/health`` show.
            pages: further paths.

        Raises:
            Misconfigured: the address cannot be bound.
        """
        metrics = make_wsgi_app(registry)

        def healthz() -> tuple[int, bytes]:
            return health.answer(time.monotonic())

        shown: dict[str, Page] = {"/healthz": healthz, "/health": healthz} | dict(pages or {})
        names = ", ".join(["/metrics", *shown])

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD", "")
            if path != "/metrics" and path not in shown:
                status, headers, body = "404 Not Found", [_TEXT], f"{names}\n".encode()
            elif method not in ("GET", "HEAD"):
                status, headers, body = "405 Method Not Allowed", [_TEXT, ("Allow", "GET, HEAD")], b"GET or HEAD\n"
            elif path == "/metrics":
                status, headers, body = _collected(metrics, environ)
            else:
                code, body = shown[path]()
                status, headers = STATUS[code], [_JSON, ("Cache-Control", "no-store")]
            start_response(status, [*headers, ("Content-Length", str(len(body)))])
            return [] if method == "HEAD" else [body]

        try:
            self._server = make_server(host, port, app, server_class=_Server, handler_class=_Handler)
        except (OSError, OverflowError) as error:
            message = f"metrics_host {host}, metrics_port {port}: {error}; set another --metrics-port, or 0 for none"
            raise Misconfigured(message, "metrics_port") from None
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _collected(app: Callable[..., Any], environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """What the metrics' own application answers to a GET."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(app(environ | {"REQUEST_METHOD": "GET"}, lambda status, headers: begun.append((status, headers))))
    status, headers = begun[0]
    return status, headers, body


_JSON = ("Content-Type", "application/json")
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
