"""A dashboard on 127.0.0.1 and a client that sends what it is told to, byte for byte."""

from __future__ import annotations

import gzip
import http.client
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mt5_sentinel.dashboard import app, serving

TOKEN = "a-token-of-the-dashboard"

QUESTIONS = ("start", "overview", "series", "bars", "trades", "cycles", "stages", "events")
"""Names below ``/api/``."""


class Answer:
    """What came back."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        """Read it whole."""
        self.status, self.headers = answer.status, answer.headers
        body = answer.read()
        self.body = gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body

    def json(self) -> Any:
        """Its JSON."""
        assert self.headers["Content-Type"] == "application/json", self.body
        return json.loads(self.body)


class Client:
    """Asks one server."""

    def __init__(self, port: int) -> None:
        """Without a session."""
        self.port = port
        self.cookie: str | None = None

    def connection(self) -> http.client.HTTPConnection:
        """A connection of its own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        """Send a request as it is; ``_`` in a header's name is ``-``."""
        with closing(self.connection()) as connection:
            connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            if self.cookie is not None:
                sent.setdefault("Cookie", self.cookie)
            if body is not None:
                sent |= {"Content-Length": str(len(body)), "Content-Type": "application/x-www-form-urlencoded"}
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(None if body is None else body.encode())
            return Answer(connection.getresponse())

    def api(self, name: str, **parameters: Any) -> Any:
        """The JSON of a question that is answered."""
        answer = self.ask(f"/api/{name}?{urlencode(parameters)}")
        assert answer.status == 200, answer.body
        return answer.json()

    def log_in(self, token: str = TOKEN, **headers: str) -> Answer:
        """Send the form, keep the cookie."""
        answer = self.ask("/login", "POST", urlencode({"token": token}), **headers)
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer


class Listening:
    """A stream of events, read as it comes."""

    def __init__(self, client: Client, **headers: str) -> None:
        """Begin it."""
        self._connection = client.connection()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", "/api/events", headers=sent | {"Cookie": client.cookie or ""})
        self.answer = self._connection.getresponse()

    def next(self) -> tuple[str, Any] | None:
        """The next event and its data; None where the stream has ended."""
        name = ""
        while line := self.answer.readline():
            key, _, value = line.decode().rstrip("\n").partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                return name, json.loads(value)
        return None

    def next_cycle(self) -> Any:
        """The next cycle that is told, past all beats."""
        while (event := self.next()) is not None:
            if event[0] == "cycle":
                return event[1]
        raise AssertionError("the stream ended")

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._connection.close()


@contextmanager
def served(state_dir: Path, **settings: Any) -> Iterator[Client]:
    """A dashboard in a thread of this process."""
    dashboard = app.create(state_dir, **settings)
    listener, started = serving.bind("127.0.0.1", 0), threading.Event()
    server = serving.server(dashboard, started.set)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        assert started.wait(20)
        yield Client(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def plain(state_dir: Path, query: str, *values: Any, file: str = "journal.db") -> list[sqlite3.Row]:
    """Rows of the journal, or of another file, without any of the code under test."""
    with closing(sqlite3.connect(state_dir / file)) as db:
        db.row_factory = sqlite3.Row
        return db.execute(query, values).fetchall()


def eventually(holds: Any, timeout_s: float = 20) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
