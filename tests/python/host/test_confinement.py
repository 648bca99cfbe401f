"""What the daemon's unit forbids, tried by a program that runs under it, and by the same one without the hardening."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.python.host.conftest import Measured
from tests.python.host.machine import Machine, wait_until
from tests.python.host.probe import ALLOWED, FORBIDDEN
from tests.python.unit_files import text

COMMAND = "/usr/bin/python3 /opt/probe.py"
LOOSE = f"""[Service]
Type=exec
User=mt5-sentinel
StateDirectory=mt5-sentinel
LogsDirectory=mt5-sentinel
ExecStart={COMMAND}
"""


@pytest.fixture(scope="module")
def prepared(booted: Machine) -> Machine:
    """The program, the user, and what a program without confinement could reach."""
    booted.write("/opt/probe.py", text("../tests/python/host/probe.py"))
    booted.write("/etc/sysusers.d/mt5-sentinel.conf", text("sysusers.d/mt5-sentinel.conf"))
    booted.check("systemd-sysusers")
    booted.check("mkdir", "-p", "/home/somebody", "/opt/mt5-crs")
    booted.check("mkdir", "-m", "777", "-p", "/srv/open")
    return booted


def probed(machine: Machine, name: str, unit: str) -> dict[str, Any]:
    """What the program found under this unit."""
    machine.write(f"/etc/systemd/system/{name}.service", unit)
    machine.check("systemctl", "daemon-reload")
    machine.check("systemctl", "start", name)

    def lines() -> list[str]:
        shown = machine.check("journalctl", "--quiet", "--output=cat", f"--unit={name}").splitlines()
        return [line for line in shown if line.startswith('{"forbidden"')]

    wait_until("the program has tried", lambda: bool(lines()), 30)
    machine.check("systemctl", "stop", name)
    found: dict[str, Any] = json.loads(lines()[0])
    return found


def test_the_unit_forbids_what_it_says(prepared: Machine, measured: Measured) -> None:
    unit = re.sub(r"^ExecStart=.*$", f"ExecStart={COMMAND}", text("mt5-sentinel.service"), flags=re.MULTILINE)
    found = probed(prepared, "confined", unit)
    assert {name for name, outcome in found["forbidden"].items() if outcome == "done"} == set(), found
    assert found["allowed"] == dict.fromkeys(ALLOWED, "done")
    limits = {"core": 0, "files": 4096, "umask": "0077", "new privileges": False, "capabilities": 0}
    assert found["limits"] == limits
    measured(f"{len(FORBIDDEN)} things tried and refused, {len(ALLOWED)} allowed")


def test_without_it_all_of_that_is_possible(prepared: Machine) -> None:
    """So each of them is refused by the unit, and by nothing else."""
    found = probed(prepared, "loose", LOOSE)
    assert found["forbidden"] == dict.fromkeys(FORBIDDEN, "done")
    assert found["limits"]["capabilities"] != 0
