"""PagerDuty's, Slack's and the heartbeat's ends on 127.0.0.1: they keep what arrives, and when."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

PAGERDUTY, SLACK, HEARTBEAT = "/v2/enqueue", "/services/T0/B0/", "/heartbeat"


class Arrival(NamedTuple):
    """One request."""

    at_s: float
    """UTC seconds."""
    path: str
    content: dict[str, Any]

    @property
    def summary(self) -> dict[str, Any]:
        """The payload of an event of PagerDuty; empty for a resolve, which needs none."""
        payload: dict[str, Any] = self.content.get("payload") or {}
        return payload


class Endpoints:
    """Listens until closed."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.arrivals: list[Arrival] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.arrivals.append))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def events(self, action: str, alert: str = "", instance: str = "") -> list[Arrival]:
        """Events of PagerDuty with this action, ``trigger`` or ``resolve``, oldest first; of one alert or daemon."""
        return [
            one
            for one in self._at(PAGERDUTY)
            if one.content["event_action"] == action
            and alert in ("", one.summary.get("class"))
            and instance in ("", one.summary.get("component"))
        ]

    def messages(self, text: str) -> list[Arrival]:
        """Messages of Slack that hold this text."""
        return [one for one in self._at(SLACK) if text in json.dumps(one.content)]

    def heartbeats(self) -> list[Arrival]:
        """The heartbeats."""
        return self._at(HEARTBEAT)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _at(self, path: str) -> list[Arrival]:
        return [one for one in list(self.arrivals) if one.path.startswith(path)]


def _handler(keep: Callable[[Arrival], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            keep(Arrival(time.time(), self.path, content))
            status, body = 200, b"ok"
            if self.path == PAGERDUTY:
                told = {"status": "success", "message": "Event processed", "dedup_key": content.get("dedup_key")}
                status, body = 202, json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    return Handler
