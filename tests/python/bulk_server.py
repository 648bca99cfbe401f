"""A `_bulk` endpoint as Elasticsearch has it: create, 409 for an id that is there; faults by script."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Id = tuple[str, str]
"""Index and id."""

LOST = 0
"""In place of a status to come: all is stored, and the answer never arrives."""


class BulkServer:
    """Keeps documents until closed. ``faults`` are used up by the next requests, ``refused`` by the next documents."""

    def __init__(self) -> None:
        """Listen on a free port of the loopback."""
        self.stored: dict[Id, dict[str, Any]] = {}
        self.faults: list[int] = []
        self.refused = 0
        """How many documents of an otherwise good request get 429."""
        self.statuses: list[int] = []
        """Of each request; 0 where the answer was lost."""
        self.conflicts = 0
        self.wrong: list[str] = []
        """Whatever Elasticsearch would call an error of the client."""
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.05), daemon=True)

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._server.server_port}/_bulk"

    def __enter__(self) -> BulkServer:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Status and body; status 0: hang up without a word."""
        with self._lock:
            fault = self.faults.pop(0) if self.faults else 200
            status, said = self._stored(body, content_type) if fault in (200, LOST) else (fault, {"error": "not now"})
            if fault == LOST:
                status = LOST
            self.statuses.append(status)
            return status, json.dumps(said).encode()

    def _stored(self, body: bytes, content_type: str) -> tuple[int, dict[str, Any]]:
        rows = body.split(b"\n")
        if content_type != "application/x-ndjson" or rows.pop() != b"" or len(rows) % 2:
            self.wrong.append(f"no body of pairs, or of another type: {content_type} {body[-80:]!r}")
            return 400, {"error": "malformed"}
        items = []
        for action, text in zip(rows[::2], rows[1::2], strict=True):
            asked = json.loads(action)["create"]
            items.append({"create": {"_id": asked["_id"], "status": self._create(asked, json.loads(text))}})
        return 200, {"errors": any(item["create"]["status"] != 201 for item in items), "items": items}

    def _create(self, asked: dict[str, str], document: dict[str, Any]) -> int:
        if self.refused:
            self.refused -= 1
            return 429
        name = (asked["_index"], asked["_id"])
        if name in self.stored:
            self.conflicts += 1
            return 409
        self.stored[name] = document
        return 201


def _handler(server: BulkServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, said = server.answer(body, self.headers.get("Content-Type", ""))
            if not status:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: object) -> None:
            pass

    return Handler
