"""``/livez`` and ``/readyz`` over HTTP: true, and answered whatever a cycle, the journal or another client does."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.commands.showing import Showing
from mt5_sentinel.present import ALIVE_WITHIN_S
from tests.python.desk_floor import PATIENCE_S, Floor
from tests.python.fakes import HOUR_S
from tests.python.scraped import get, tell
from tests.python.test_desks import hold

PATHS = ("/metrics", "/healthz", "/health", "/livez", "/readyz")
STARTING = "the daemon starts, no symbol is looked after yet"


class Served:
    """A daemon of these symbols on a virtual clock, and what it shows over HTTP."""

    def __init__(self, state: Path, *names: str) -> None:
        self.floor = Floor(state, list(names), cycle_budget_s=0.0, turned=self._turned)
        settings = [desk.settings for desk in self.floor.desks]
        self.showing = Showing(settings, self.floor.clock, "dry-run", port=0)
        assert self.showing.web is not None
        self.port = self.showing.web.port

    def _turned(self, hanging: list[str]) -> None:
        self.showing.present.turned(hanging)

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        status, headers, body = get(self.port, path)
        assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/json", "no-store")
        return status, json.loads(body)

    def minute(self, after_s: float = 0.0) -> None:
        """A minute of all symbols, told to what is shown."""
        told = len(self.floor.seen)
        self.floor.minute(after_s)
        self.floor.settle(*self.floor.names)
        tell(self.showing, self.floor.seen[told:])

    def close(self) -> None:
        self.showing.close()
        self.floor.close()


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Served]:
    """One symbol."""
    served = Served(tmp_path, "EURUSD")
    yield served
    served.close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Served]:
    """Two symbols, each with a thread of its own."""
    served = Served(tmp_path, "EURUSD", "GBPUSD")
    yield served
    served.close()


def test_from_the_start_to_readiness_and_back(one: Served) -> None:
    assert one.ask("/readyz") == (503, {"status": "not_ready", "why": [STARTING], "symbols": {}})
    assert one.ask("/livez") == (200, {"status": "live", "loop_age_seconds": 0.0, "why": []})
    one.showing.take(one.floor.desks)
    status, told = one.ask("/readyz")
    assert status == 503
    assert "EURUSD: loop: the first cycle has not ended yet" in told["why"]
    one.minute()
    status, told = one.ask("/readyz")
    assert (status, told["status"], told["why"]) == (200, "ready", [])
    assert list(told["symbols"]["EURUSD"]) == ["loop", "data", "model", "broker", "orders", "halt"]
    one.floor.clock.wait_s(2 * HOUR_S)
    status, told = one.ask("/readyz")
    assert (status, [line.split(": ")[1] for line in told["why"]]) == (503, ["loop", "data"])
    one.floor.clock.wait_s(3 * 86_400)
    assert [line.split(": ")[1] for line in one.ask("/readyz")[1]["why"]] == ["loop"], "the market is closed"


def test_one_symbol_that_is_not_ready_is_named(two: Served) -> None:
    two.showing.take(two.floor.desks)
    two.floor.models["GBPUSD"].scores = [0.5, 0.5, 0.5]
    two.minute()
    status, told = two.ask("/readyz")
    assert status == 503
    assert {line.split(": ")[0] for line in told["why"]} == {"GBPUSD"}
    assert all(check["ok"] for check in told["symbols"]["EURUSD"].values())


def test_a_cycle_that_hangs_in_its_fetch_stops_the_loop_and_no_answer(one: Served) -> None:
    one.showing.take(one.floor.desks)
    released = hold(one.floor.markets["EURUSD"])
    cycle = threading.Thread(target=one.minute)
    cycle.start()
    try:
        assert one.floor.markets["EURUSD"].inside.wait(PATIENCE_S)
        assert one.ask("/livez")[0] == 200, "a cycle may take its time"
        assert [get(one.port, path)[0] for path in PATHS] == [200, 200, 200, 200, 503]
        one.floor.clock.wait_s(ALIVE_WITHIN_S + 1)
        assert one.ask("/livez") == (503, {
            "status": "hangs", "loop_age_seconds": 121.0,
            "why": ["the loop has not turned for 121 s; 120 s are allowed"],
        })  # fmt: skip
        assert "sentinel_watchdog_age_seconds 121.0" in get(one.port, "/metrics")[2].decode()
    finally:
        released.set()
        cycle.join(PATIENCE_S)
    one.floor.daemon._beat()
    assert one.ask("/livez")[0] == 200


def test_a_hanging_symbol_is_named_while_the_loop_turns(two: Served) -> None:
    two.showing.take(two.floor.desks)
    released = hold(two.floor.markets["GBPUSD"])
    try:
        two.floor.minute()
        two.floor.settle("EURUSD")
        for waited_s, status in ((119, 200), (2, 503)):
            two.floor.clock.wait_s(waited_s)
            two.floor.daemon._beat()
            assert two.ask("/livez")[0] == status
        assert two.ask("/livez")[1]["why"] == ["GBPUSD: its cycle hangs"]
        tell(two.showing, two.floor.seen)
        two.floor.minute(60)  # skipped by GBPUSD
        two.floor.settle("EURUSD")
        tell(two.showing, two.floor.seen[1:])
        (why,) = (line for line in two.ask("/readyz")[1]["why"] if line.startswith("GBPUSD: loop"))
        assert why == "GBPUSD: loop: no cycle has ended for 3 min", "a skipped minute is none that ended"
    finally:
        released.set()
        two.floor.settle("GBPUSD")
    two.floor.daemon._beat()
    assert two.ask("/livez")[0] == 200


LOCKER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_journal_that_another_process_locks_blocks_no_answer(one: Served) -> None:
    one.showing.take(one.floor.desks)
    journal = str(one.floor.desks[0].journal.path)
    with subprocess.Popen([sys.executable, "-c", LOCKER, journal], stdin=-1, stdout=-1, text=True) as locker:
        assert locker.stdin is not None and locker.stdout is not None
        assert locker.stdout.readline() == "locked\n"
        cycle = threading.Thread(target=one.minute)
        cycle.start()
        while cycle.is_alive():  # it waits for the journal, and gives up
            assert [get(one.port, path)[0] for path in PATHS] == [200, 200, 200, 200, 503]
        locker.stdin.close()
    assert one.floor.seen[0].reason == "journal_failed"
    assert "EURUSD: loop: the newest cycle failed: journal_failed" in one.ask("/readyz")[1]["why"][0]


def test_a_hundred_slow_clients_block_no_answer(one: Served) -> None:
    slow = [socket.create_connection(("127.0.0.1", one.port)) for _ in range(100)]
    for k, client in enumerate(slow):
        client.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nX-Slow: " if k % 2 else b"G")
    try:
        assert [get(one.port, path)[0] for path in PATHS] == [200, 200, 200, 200, 503]
    finally:
        for client in slow:
            client.close()


def test_head_and_other_methods(one: Served) -> None:
    one.showing.take(one.floor.desks)
    for path in PATHS:
        status, headers, body = get(one.port, path)
        head_status, head, nothing = get(one.port, path, "HEAD")
        assert (head_status, head["Content-Type"], nothing) == (status, headers["Content-Type"], b"")
        assert int(headers["Content-Length"]) == len(body)
        assert (path == "/metrics") or head["Content-Length"] == headers["Content-Length"]
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
            status, headers, body = get(one.port, path, method)
            assert (status, headers["Allow"], body) == (405, "GET, HEAD", b"GET or HEAD\n")
    status, _, body = get(one.port, "/readyz/")
    assert (status, body) == (404, b"/metrics, /healthz, /health, /livez, /readyz\n")
    assert get(one.port, "/nowhere", "HEAD")[::2] == (404, b"")


def test_a_head_of_a_keeping_client_has_no_body_on_the_wire(one: Served) -> None:
    asked = http.client.HTTPConnection("127.0.0.1", one.port, timeout=10)
    asked.connect()
    asked.sock.sendall(b"HEAD /livez HTTP/1.0\r\n\r\n")
    said = b""
    while part := asked.sock.recv(4096):
        said += part
    asked.close()
    assert said.startswith(b"HTTP/1.0 200 OK\r\n")
    assert said.endswith(b"\r\n\r\n")
