"""`mt5-sentinel soak` as processes: a run that passes, faults that it sees, and what is left when it is interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mt5_sentinel.ops.soak import mlflow_hub
from tests.python.conftest import Running

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="soak reads /proc")

MUTANT = Path(__file__).with_name("soak_mutant.py")
PRODUCT = ["-m", "mt5_sentinel", "soak"]
TIMEOUT_S = 240


def run_soak(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def verdicts(out: Path) -> dict[str, dict[str, Any]]:
    """Of the report: each check by its name."""
    return {one["check"]: one for one in json.loads((out / "soak.json").read_text())["verdict"]["checks"]}


def test_a_soak_trades_and_passes(environment: dict[str, str], tmp_path: Path) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    done = run_soak(environment, *PRODUCT, "--minutes", "400", "--accelerated", "--out", out, "--work", work)
    assert done.returncode == 0, done.stdout + done.stderr
    closing = "PASS, not shown: memory growth, gateway growth"
    assert done.stdout.splitlines()[-1] == f"{closing}: {out / 'SOAK.md'}"
    data = json.loads((out / "soak.json").read_text())
    cycles, ledgers = data["run"]["cycles"], data["run"]["ledgers"]
    assert data["verdict"]["passed"]
    assert cycles["count"] == 401, "one at the start, then one a minute"
    assert cycles["missed"] == cycles["doubled"] == cycles["failed"] == []
    assert cycles["predictions"] == cycles["scored_by"]["hub"] == 401
    assert ledgers["opened"] >= 3, "orders travel to the gateway and are filled"
    assert ledgers["closed"] >= 2
    assert "ORDER_SEND EURUSD" in (work / "gateway.log").read_text()
    assert data["run"]["samples"][-1]["rss_mb"] > 10
    assert f"# Soak: {closing}\n" in (out / "SOAK.md").read_text()
    picture = ElementTree.parse(out / "soak.svg")  # noqa: S314 - a file of our own
    lines = [one.get("points") for one in picture.iter("{http://www.w3.org/2000/svg}polyline")]
    assert len(lines) == 3, "RSS, PSS, equity"
    assert all(lines)


def test_faults_of_the_daemon_are_seen(environment: dict[str, str], tmp_path: Path) -> None:
    faults, out = "memory,descriptors,threads,miss,fail", tmp_path / "out"
    work = tmp_path / "work"
    done = run_soak(environment, MUTANT, faults, "--minutes", "300", "--accelerated", "--out", out, "--work", work)
    assert done.returncode == 1, done.stdout + done.stderr
    found = verdicts(out)
    failed = {name for name, one in found.items() if one["verdict"] == "failed"}
    assert failed == {"missed minutes", "failed cycles", "memory", "memory growth", "descriptors", "threads"}
    assert "of_the_test" in found["failed cycles"]["found"]
    assert "# Soak: FAIL" in (out / "SOAK.md").read_text()


@pytest.mark.parametrize(("fault", "check"), [("idle", "decisions"), ("little", "memory growth")])
def test_a_day_hides_neither_idleness_nor_a_small_leak(
    environment: dict[str, str], tmp_path: Path, fault: str, check: str
) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    done = run_soak(environment, MUTANT, fault, "--minutes", "1440", "--accelerated", "--out", out, "--work", work)
    assert done.returncode == 1, done.stdout + done.stderr
    samples = json.loads((out / "soak.json").read_text())["run"]["samples"]
    assert len(samples) >= 60, "cycles that do nothing are over before they are looked at often enough"
    found = verdicts(out)
    failed = {name for name, one in found.items() if one["verdict"] == "failed"}
    assert failed - {"journal and gateway"} == {check}, "an idle daemon may also be unaware of a stop"
    if fault == "idle":
        assert "all three in 149 of 1,440 open minutes" in found[check]["found"]
        assert "market_closed" in found[check]["found"]


def test_a_run_that_trades_nothing_fails(environment: dict[str, str], tmp_path: Path) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    bound = ("--threshold", "0.99", "--accelerated")
    done = run_soak(environment, *PRODUCT, "--minutes", "30", *bound, "--out", out, "--work", work)
    assert done.returncode == 1, done.stdout + done.stderr
    assert {name for name, one in verdicts(out).items() if one["verdict"] == "failed"} == {"trades"}


@pytest.mark.parametrize("fault", ["die", "fade"])
def test_a_daemon_that_dies_is_seen(environment: dict[str, str], tmp_path: Path, fault: str) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    done = run_soak(environment, MUTANT, fault, "--minutes", "300", "--accelerated", "--out", out, "--work", work)
    assert done.returncode == 1, done.stdout + done.stderr
    found = verdicts(out)
    assert found["processes"]["found"].startswith("daemon ended by itself")
    assert found["missed minutes"]["verdict"] == "failed"


def test_a_soak_that_takes_too_long_is_ended(environment: dict[str, str], tmp_path: Path) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    bound = ("--timeout-minutes", "0.03")
    done = run_soak(environment, *PRODUCT, "--minutes", "100000", "--accelerated", *bound, "--out", out, "--work", work)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ended after 0.03 minutes" in verdicts(out)["processes"]["found"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_soak(environment: dict[str, str], tmp_path: Path, signum: int) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    command = [sys.executable, *PRODUCT, "--hub", "stand-in", "--out", str(out), "--work", str(work)]
    running = Running(command, environment, tmp_path / "soak.log")
    try:
        wait_until(lambda: "CYCLE START" in said(work / "daemon.log"))
        pid = running.process.pid
        children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        assert len(children) == 4, "bars, hub, gateway, daemon"
        code = running.end(signum)
    finally:
        running.process.kill()
        running.process.wait()
    assert code == (-signum if signum == signal.SIGKILL else 130)
    wait_until(lambda: not any(is_alive(child) for child in children))
    assert not out.exists(), "a report is written whole or not at all"


def test_the_real_clock_and_the_real_scoring_server(environment: dict[str, str], tmp_path: Path) -> None:
    if lacks := mlflow_hub.missing():
        pytest.skip(f"{', '.join(lacks)} not installed")
    out, work = tmp_path / "out", tmp_path / "work"
    done = run_soak(environment, *PRODUCT, "--minutes", "1", "--out", out, "--work", work)
    data = json.loads((out / "soak.json").read_text())
    assert (data["facts"]["hub"], data["facts"]["market"]) == ("mlflow", "always")
    cycles = data["run"]["cycles"]
    assert cycles["missed"] == cycles["doubled"] == cycles["failed"] == []
    assert cycles["predictions"] == cycles["scored_by"]["hub"] == cycles["count"]
    assert "hub_disagrees" not in cycles["conditions"], "both score with the same model"
    late = cycles["punctuality"]["max_ms"]
    failed = {name for name, one in verdicts(out).items() if one["verdict"] == "failed"}
    assert failed == ({"punctuality"} if late > 1000 else set()), done.stdout


def said(log: Path) -> str:
    return log.read_text() if log.exists() else ""


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_until(is_so: Any, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_places_are_looked_at_first(environment: dict[str, str], tmp_path: Path) -> None:
    done = run_soak(environment, *PRODUCT, "--work", tmp_path)
    assert done.returncode == 78
    assert "no new directory can be made there" in done.stderr
    file = tmp_path / "file"
    file.touch()
    for out in (file, file / "below"):
        done = run_soak(environment, *PRODUCT, "--out", out)
        assert done.returncode == 78
        assert f"--out {out}: {file} is no directory that can be written" in done.stderr
    assert list(tmp_path.iterdir()) == [file]
