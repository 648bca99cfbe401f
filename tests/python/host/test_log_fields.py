"""What the journal of a real systemd keeps of the service's lines: fields to ask by, under the unit, to the last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.python.host.conftest import Measured
from tests.python.host.service import UNIT, VARIABLES, Service

ECS = "/var/log/mt5-sentinel/ecs.jsonl"
STOPS = 5

pytestmark = pytest.mark.usefixtures("in_order")


def entries(service: Service, *matches: str, mark: str = "") -> list[dict[str, Any]]:
    """Entries of the unit with all their fields."""
    since = [f"--after-cursor={mark}"] if mark else []
    shown = service.machine.check("journalctl", "--quiet", "--output=json", "--unit", UNIT, *since, *matches)
    return [json.loads(line) for line in shown.splitlines()]


def test_lines_of_a_cycle_have_its_trace(service: Service, wheel: Path, wheelhouse: str, measured: Measured) -> None:
    service.bring_market_data()
    service.configure()
    service.machine.write("/opt/mt5-crs/.env", f"{VARIABLES}MT5_SENTINEL_LOG_ECS=true\n", mode=0o600)
    done = service.install(wheel.name, wheelhouse)
    assert done.returncode == 0, done.stdout + done.stderr
    service.wait_for("Decision: ")
    (first, *_) = [one for one in entries(service) if one["MESSAGE"].startswith("TRADING CYCLE START: ")]
    trace = first["TRACE_ID"]
    lines = entries(service, f"TRACE_ID={trace}")
    assert lines[0]["MESSAGE"] == first["MESSAGE"]
    assert lines[-1]["MESSAGE"].startswith(("Decision: ", "✓ Order"))
    assert {one["SENTINEL_SYMBOL"] for one in lines} == {"EURUSD"}
    assert {(one["SYSLOG_IDENTIFIER"], one["PRIORITY"], one["_TRANSPORT"]) for one in lines} == {
        ("mt5-sentinel", "6", "journal")
    }
    rows = service.machine.check("mt5-sentinel", "journal", "--journal", "/var/lib/mt5-sentinel/journal.db", "--json")
    assert trace in rows
    shipped = [json.loads(line) for line in service.machine.check("cat", ECS).splitlines()]
    assert [one["event"]["id"] for one in shipped if one.get("trace", {}).get("id") == trace][:-1] == [
        one["EVENT_ID"] for one in lines
    ]
    assert service.machine.check("stat", "-c", "%a %U", ECS).strip() == "640 mt5-sentinel"
    measured(f"{len(lines)} entries of trace {trace}, the same ids in ecs.jsonl")


def test_the_last_line_before_the_end_stands_under_the_unit(service: Service, measured: Measured) -> None:
    """The journal looks up the unit when it reads: the process must not be gone by then."""
    service.systemctl("stop", UNIT)
    for _ in range(STOPS):
        mark = service.mark()
        service.systemctl("start", UNIT)
        service.wait_for("Decision: ", mark)
        service.systemctl("stop", UNIT)
        (last,) = [one for one in entries(service, mark=mark) if one["MESSAGE"].startswith("stopped, ")]
        assert last["_SYSTEMD_UNIT"] == f"{UNIT}.service"
        assert last["_SYSTEMD_INVOCATION_ID"]
    measured(f"{STOPS} stops")


def test_journalctl_shows_the_same_text_as_before(service: Service) -> None:
    shown = service.machine.check("journalctl", "-u", UNIT, "-g", "Decision:", "-n", "1", "--no-pager")
    assert f"{UNIT}[" in shown
    assert "]: Decision: " in shown
