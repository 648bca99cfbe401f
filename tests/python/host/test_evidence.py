"""Gate 1, an override and the completion report, of the service on a real systemd. Each test goes on from the last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.python.host.conftest import Measured
from tests.python.host.service import PREFIX, TOKEN, Service
from tests.python.review_place import DIFF

pytestmark = pytest.mark.usefixtures("in_order")

OUT = "/root/evidence"


def verified(service: Service) -> tuple[int, dict[str, Any], str]:
    """Exit code, what it told, and how each criterion that does not hold is."""
    done = service.machine.run("mt5-sentinel", "verify", "--json", "--out", OUT)
    told = json.loads(done.stdout)
    others = {one["name"]: f"{one['verdict']}: {one['found']}" for one in told["criteria"] if one["verdict"] != "holds"}
    return done.returncode, told, json.dumps(others, indent=1)


def is_only_late(others: str, *allowed: str) -> bool:
    """A machine that is busy with other tests may be late; this is no test of its speed."""
    return set(json.loads(others)) == {"punctual", *allowed} and ", 0 missed" in others


def found(told: dict[str, Any], name: str) -> str:
    """What a criterion found."""
    return next(str(one["found"]) for one in told["criteria"] if one["name"] == name)


def test_where_nothing_failed_all_but_one_holds(
    service: Service, wheel: Path, wheelhouse: str, measured: Measured
) -> None:
    service.bring_market_data()
    service.configure()
    done = service.install(wheel.name, wheelhouse)
    assert done.returncode == 0, done.stdout + done.stderr
    service.wait_until("two cycles", lambda: service.journal().count("TRADING CYCLE START:") >= 2, 130)
    code, told, others = verified(service)
    assert code == 3 or is_only_late(others, "never-crash validated"), others
    assert "never-crash validated" in json.loads(others), others
    assert "memory" in found(told, "memory limit enforced")
    assert "1024.0 MiB in the kernel" in found(told, "memory limit enforced")
    measured(found(told, "memory limit enforced"))


def test_a_cycle_that_failed_and_was_survived(service: Service, measured: Measured) -> None:
    service.systemctl("stop", "mt5-sentinel", "eodhd")
    service.machine.check("rm", "-f", "/var/lib/mt5-sentinel/bars.db")  # or there is nothing to fetch
    mark = service.mark()
    service.systemctl("start", "mt5-sentinel")
    service.wait_for("!!! CYCLE ERROR:", mark)
    pid = service.pid
    service.systemctl("start", "eodhd")
    service.wait_for("Decision: ", mark, 100)
    assert service.pid == pid
    code, told, others = verified(service)
    assert (code == 0 and not json.loads(others)) or is_only_late(others), others
    assert "log and database agree" in found(told, "never-crash validated")
    report = service.machine.check("cat", f"{OUT}/COMPLETION_REPORT.md")
    assert "7 of the 7 criteria hold" in report
    assert TOKEN not in report + service.machine.check("sh", "-c", f"cat {OUT}/*")
    assert "entries are whole" in service.machine.check("mt5-sentinel", "verify", "--check", f"{OUT}/VERIFY_LOG")
    measured(f"{told['verdict']}; {found(told, 'never-crash validated')}; {found(told, 'punctual')}")


def test_an_override_takes_a_gate_1_that_passes(service: Service, measured: Measured) -> None:
    service.machine.write("/root/change.diff", DIFF)
    override = ("--override", "--authority", "Jane Doe", "--reason", "the API is blocked")
    audit = service.machine.run("mt5-sentinel", "audit", "--json")
    done = service.machine.run("mt5-sentinel", "review", "--diff", "/root/change.diff", *override)
    assert done.returncode == (0 if audit.returncode == 0 else 77), done.stdout + done.stderr
    service.machine.check("chmod", "666", f"{PREFIX}/.env")
    refused = service.machine.run("mt5-sentinel", "review", "--diff", "/root/change.diff", *override)
    assert refused.returncode == 77, refused.stdout + refused.stderr
    assert "secrets" in refused.stderr
    service.machine.check("chmod", "600", f"{PREFIX}/.env")
    failing = [
        f"{one['check']}: {one['found']}" for one in json.loads(audit.stdout)["checks"] if one["verdict"] == "failed"
    ]
    measured(f"{(done.stdout or done.stderr).splitlines()[0]} {failing}; then {refused.stderr.strip()}")


def test_a_crash_by_a_signal_is_told(service: Service, measured: Measured) -> None:
    pid = service.pid
    service.machine.check("kill", "-SEGV", str(pid))
    service.wait_for_new_pid(pid)
    code, told, others = verified(service)
    assert (code, "never-crash validated" in json.loads(others)) == (1, True), others
    assert "status=11/SEGV" in found(told, "never-crash validated")
    measured(found(told, "never-crash validated"))


def test_what_is_broken_does_not_hold(service: Service, measured: Measured) -> None:
    service.systemctl("disable", "mt5-sentinel")
    edit = f"for file in {PREFIX}/venv/lib/python3*/site-packages/mt5_sentinel/cli.py; do echo '#' >> $file; done"
    service.machine.check("sh", "-c", edit)
    code, _, others = verified(service)
    assert code == 1
    expected = {"enabled", "files are the wheel's", "never-crash validated"}
    assert set(json.loads(others)) - {"punctual"} == expected, others
    service.systemctl("stop", "mt5-sentinel")
    code, _, others = verified(service)
    assert code == 1
    assert {"active", "logs accessible", "cycles run"} <= set(json.loads(others)), others
    measured("disabled, a file edited, stopped: each is told")
