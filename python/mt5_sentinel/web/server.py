"""The HTTP side of the daemon: ``/metrics`` and ``/healthz`` from threads of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.web.health import Health


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

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

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Health) -> None:
        """Bind and start answering.

        Raises:
            Misconfigured: the address cannot be bound.
        """
        metrics = make_wsgi_app(registry)

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = environ.get("PATH_INFO", "")
            if path == "/metrics":
                return metrics(environ, start_response)  # type: ignore[no-any-return]
            if path in ("/healthz", "/health"):
                code, body = health.answer(time.monotonic())
                start_response("200 OK" if code == 200 else "503 Service Unavailable", [_JSON])
                return [body]
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"/metrics or /healthz\n"]

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


_JSON = ("Content-Type", "application/json")
