"""Gate 1: the gateway and the hub of the service, answering, ailing, silent and away."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel.ops import audit, audit_service
from mt5_sentinel.ops.findings import Finding
from mt5_sentinel.ops.layout import CONFIG
from tests.python.audited_host import AuditedHost
from tests.python.eodhd_server import EodhdServer
from tests.python.gateway_served import Served
from tests.python.hub_server import dead_port


@pytest.fixture
def host(tmp_path: Path) -> AuditedHost:
    return AuditedHost(tmp_path)


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def configure(host: AuditedHost, **settings: str | float) -> None:
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in settings.items()]
    host.write(CONFIG, "\n".join(lines) + "\n")


def told(host: AuditedHost, check: str) -> Finding:
    found = audit.run(host.host, host.layout)
    assert {one.check for one in found if one.verdict == "failed"} <= {check}
    return next(one for one in found if one.check == check)


def test_a_hub_that_is_well(host: AuditedHost, server: EodhdServer) -> None:
    configure(host, hub_host="127.0.0.1", hub_port=int(server.url.rsplit(":", 1)[1]))
    assert told(host, "hub").verdict == "ok"
    assert server.requests[0].path == "/ping"


def test_a_hub_that_is_not_well(host: AuditedHost, server: EodhdServer) -> None:
    server.respond(500, b"no")
    configure(host, hub_host="127.0.0.1", hub_port=int(server.url.rsplit(":", 1)[1]))
    found = told(host, "hub")
    assert found.verdict == "failed" and "(500)" in found.found and "curl -m 5 http://127.0.0.1:" in found.todo


def test_a_hub_that_is_away(host: AuditedHost) -> None:
    configure(host, hub_host="127.0.0.1", hub_port=dead_port())
    assert told(host, "hub").verdict == "failed"


def test_a_hub_that_is_silent(host: AuditedHost, silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_service, "HUB_S", 0.3)
    configure(host, hub_host="127.0.0.1", hub_port=silent)
    found = told(host, "hub")
    assert found.verdict == "failed" and "within 0.3 s" in found.found


def test_a_gateway_that_answers(host: AuditedHost, tmp_path: Path) -> None:
    with Served(tmp_path / "gateway", encrypted=False) as served:
        served.bench.clock.wall_s = time.time  # type: ignore[method-assign]
        configure(host, gtw_host="127.0.0.1", gtw_port=served.server.port)
        assert told(host, "gateway").verdict == "ok"


def test_a_gateway_whose_clock_is_off(host: AuditedHost, tmp_path: Path) -> None:
    with Served(tmp_path / "gateway", encrypted=False) as served:
        served.bench.clock.wall_s = lambda: time.time() + 8  # type: ignore[method-assign]
        configure(host, gtw_host="127.0.0.1", gtw_port=served.server.port)
        found = told(host, "gateway")
    assert found.verdict == "failed" and "clock" in found.found


def test_a_gateway_that_is_away_or_silent(host: AuditedHost, silent: int) -> None:
    for port in (dead_port(), silent):
        configure(host, gtw_host="127.0.0.1", gtw_port=port, gtw_timeout_s=0.2)
        found = told(host, "gateway")
        assert found.verdict == "failed" and "did not answer" in found.found
        assert f"127.0.0.1:{port}" in found.todo
