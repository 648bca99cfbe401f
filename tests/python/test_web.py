"""What the daemon shows over HTTP: health, and a server that nobody can block."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.metrics import Metrics
from mt5_sentinel.readiness import SILENT_AFTER_S
from mt5_sentinel.types import CycleRecord
from mt5_sentinel.web import bounded_server as web
from mt5_sentinel.web.health import Health
from mt5_sentinel.web.server import WebServer
from tests.python.test_metrics import counting, record, traded


class Dated:
    """Health at moments that are named."""

    def __init__(self, started_s: float, *symbols: str) -> None:
        self._now_s = started_s
        self.health = Health(lambda: self._now_s, "dry-run", symbols)

    def of(self, monotonic_s: float) -> tuple[int, dict[str, Any]]:
        self._now_s = monotonic_s
        status, body = self.health.answer()
        return status, json.loads(body)

    def observe(self, seen: CycleRecord, monotonic_s: float) -> None:
        self._now_s = monotonic_s
        self.health.observe(seen)


def test_health() -> None:
    health = Dated(100.0, "EURUSD")
    status, body = health.of(101.0)
    assert (status, body["status"], body["seconds_since_cycle"]) == (200, "starting", 1.0)
    assert (body["mode"], body["symbol"]) == ("dry-run", "EURUSD")
    assert health.of(100.0 + SILENT_AFTER_S + 1)[0] == 503, "the first cycle hangs"
    health.observe(traded(), 110.0)
    status, body = health.of(112.5)
    assert (status, body["status"], body["seconds_since_cycle"]) == (200, "ok", 2.5)
    assert (body["last_reason"], body["last_action"], body["last_confidence"]) == ("signal", "BUY", 0.7)
    health.observe(record(status="failed", reason="fetch_timeout"), 170.0)
    status, body = health.of(171.0)
    assert (status, body["status"], body["last_reason"]) == (200, "failing", "fetch_timeout")
    assert health.of(170.0 + SILENT_AFTER_S)[0] == 200
    status, body = health.of(170.0 + SILENT_AFTER_S + 0.1)
    assert (status, body["status"]) == (503, "stuck")
    health.observe(traded(), 400.0)
    assert health.of(401.0)[1]["status"] == "ok"


@pytest.fixture
def served() -> Iterator[tuple[WebServer, Metrics, Dated]]:
    """A running server on a free port."""
    metrics, health = counting(), Dated(100.0, "EURUSD")
    running = WebServer("127.0.0.1", 0, metrics.registry, health.health)
    yield running, metrics, health
    running.close()


Served = tuple[WebServer, Metrics, Dated]


def get(running: WebServer, path: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{running.port}{path}", timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def test_the_server_answers(served: Served) -> None:
    running, metrics, health = served
    metrics.observe(traded())
    status, kind, body = get(running, "/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert b"sentinel_trading_cycles_total 1.0" in body
    for path in ("/healthz", "/health", "/healthz?verbose=1"):
        status, kind, body = get(running, path)
        assert (status, kind, json.loads(body)["status"]) == (200, "application/json", "starting")
    assert get(running, "/")[0] == 404
    assert get(running, "/metrics/../etc/passwd")[0] == 404
    health.of(100.0 + SILENT_AFTER_S + 1)
    assert get(running, "/healthz")[0] == 503
    health.observe(traded(), 100.0 + SILENT_AFTER_S + 1)
    assert get(running, "/healthz")[0] == 200


def test_silent_clients_block_nobody(served: Served) -> None:
    running = served[0]
    silent = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(20)]
    started = time.monotonic()
    assert get(running, "/healthz")[0] == 200
    assert get(running, "/metrics")[0] == 200
    assert time.monotonic() - started < 2
    for one in silent:
        one.close()


def test_a_client_that_says_nothing_is_let_go_without_noise(
    served: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(web, "REQUEST_S", 0.1)
    with socket.create_connection(("127.0.0.1", served[0].port)) as silent:
        silent.settimeout(5)
        assert silent.recv(100) == b"", "the server hangs up"
    time.sleep(0.1)
    assert capfd.readouterr().err == "", "a traceback per port scan would bury the trading lines"


def test_a_port_in_use_is_one_clear_line(served: Served) -> None:
    running, metrics, health = served
    with pytest.raises(Misconfigured) as caught:
        WebServer("127.0.0.1", running.port, metrics.registry, health.health)
    assert caught.value.reason == "metrics_port"
    assert str(running.port) in str(caught.value)
    assert "--metrics-port" in str(caught.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_ours_is_one_clear_line(host: str) -> None:
    with pytest.raises(Misconfigured, match="metrics_host"):
        WebServer(host, 0, counting().registry, Health(time.monotonic, "dry-run", ["EURUSD"]))


def test_a_closed_server_frees_its_port() -> None:
    metrics, health = counting(), Health(time.monotonic, "dry-run", ["EURUSD"])
    first = WebServer("127.0.0.1", 0, metrics.registry, health)
    port = first.port
    first.close()
    WebServer("127.0.0.1", port, metrics.registry, health).close()
