"""A local stand-in of an MLflow scoring server: /ping and /invocations, scores by a model of this build."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from mt5_sentinel.errors import SentinelError
from mt5_sentinel.ports import Scorer


class Split(msgspec.Struct):
    """A table as pandas splits it."""

    columns: list[str]
    data: list[list[float]]


class Invocation(msgspec.Struct):
    """The one form of a request that is served here."""

    dataframe_split: Split


class HubServer(ThreadingHTTPServer):
    """Scores on a free port of the loopback; connections are kept open."""

    daemon_threads = True

    def __init__(self, model: Scorer, columns: list[str]) -> None:
        """Listen; requests must hold these columns in this order."""
        self.model, self.columns = model, columns
        super().__init__(("127.0.0.1", 0), _Handler)

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and answer, as the real server words them."""
        try:
            table = msgspec.json.decode(body, type=Invocation).dataframe_split
            if table.columns != self.columns:
                return 400, {"error_code": "BAD_REQUEST", "message": "other columns than the model's"}
            return 200, {"predictions": [list(self.model.score_rows([row])) for row in table.data]}
        except (msgspec.DecodeError, SentinelError) as error:
            return 400, {"error_code": "BAD_REQUEST", "message": str(error)}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HubServer

    def do_GET(self) -> None:
        self._say(200 if self.path == "/ping" else 404, b"\n")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.server.answer(body) if self.path == "/invocations" else (404, {})
        self._say(status, msgspec.json.encode(answer))

    def _say(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class names it so
        """Say nothing."""
