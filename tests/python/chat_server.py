"""A chat API and a page API on 127.0.0.1 that answer as a test says, and keep what they were asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

JSON = {"Content-Type": "application/json"}
CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>__cf_chl_opt</body></html>"


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: dict[str, Any]

    @property
    def nonce(self) -> str:
        """What the reviewer is told to repeat."""
        found = re.search(r"the mark ([0-9a-f]{32})", self.content["messages"][0]["content"])
        assert found
        return found[1]

    @property
    def framed(self) -> str:
        """The message that holds the diff."""
        return str(self.content["messages"][1]["content"])


Reply = tuple[int, Mapping[str, str], bytes]
Script = Callable[[Asked], Reply]


def completion(text: str, finish: str | None = "stop", **more: object) -> Reply:
    """A completion that holds this text."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 120, "completion_tokens": 7, "total_tokens": 127, "details": {"cached": 0}}
    body = {"id": "chat-1", "model": "reviewer-1-2026", "choices": [choice], "usage": usage} | more
    return 200, JSON, json.dumps(body).encode()


def verdict(word: str, *reasons: str) -> Script:
    """A reviewer that does as it is told."""

    def answer(asked: Asked) -> Reply:
        return completion(json.dumps({"nonce": asked.nonce, "verdict": word, "reasons": list(reasons)}))

    return answer


def always(status: int, body: bytes = b"", **headers: str) -> Script:
    """The same answer to everything; ``_`` stands for ``-`` in a header's name."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda asked: (status, named, body)


class ChatServer:
    """Serves within a ``with`` block; ``script`` may be changed between requests."""

    def __init__(self, script: Script) -> None:
        """Listen."""
        self.script, self.asked = script, list[Asked]()
        self.release = threading.Event()
        """Ends a script that hangs."""
        outer = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                one = Asked(self.command, self.path, dict(self.headers.items()), json.loads(body))
                outer.asked.append(one)
                status, headers, sent = outer.script(one)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_PATCH = do_POST  # noqa: N815 - as the library calls it

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """A client that has gone is no fault here."""

        self._server = Server(("127.0.0.1", 0), Door)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> ChatServer:
        """Serve."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
