"""The HTTP side of the daemon: metrics and health from threads of their own."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, make_wsgi_app

from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.web.bounded_server import BoundedServer
from mt5_sentinel.web.health import Health
from mt5_sentinel.web.hosts import Hosts

Page = Callable[[], tuple[int, bytes]]
"""Gives the HTTP status and the JSON body of a path; must not wait."""

STATUS = {200: "200 OK", 503: "503 Service Unavailable"}

PORT_TODO = "set another --metrics-port, or 0 for none"
FOREIGN = b"ask by localhost or by an address, this name is not one of metrics_host\n"


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
        shown: dict[str, Page] = {"/healthz": health.answer, "/health": health.answer} | dict(pages or {})
        names = ", ".join(["/metrics", *shown])

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path, method = environ.get("PATH_INFO", ""), environ.get("REQUEST_METHOD", "")
            if not hosts.know(environ.get("HTTP_HOST")):
                status, headers, body = "421 Misdirected Request", [_TEXT], FOREIGN
            elif path != "/metrics" and path not in shown:
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
            self._server = BoundedServer(host, port, app)
        except (OSError, OverflowError, UnicodeError) as error:
            raise Misconfigured(f"metrics_host {host}, metrics_port {port}: {_remedy(error)}", "metrics_port") from None
        hosts = Hosts(host, self._server.address)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _remedy(error: Exception) -> str:
    is_host = isinstance(error, (socket.gaierror, UnicodeError)) or getattr(error, "errno", None) == errno.EADDRNOTAVAIL
    todo = "set --metrics-host to an address of this machine, as 127.0.0.1 or ::1" if is_host else PORT_TODO
    return f"{error}; {todo}"


def _collected(app: Callable[..., Any], environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """What the metrics' own application answers to a GET."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(app(environ | {"REQUEST_METHOD": "GET"}, lambda status, headers: begun.append((status, headers))))
    status, headers = begun[0]
    return status, headers, body


_JSON = ("Content-Type", "application/json")
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
