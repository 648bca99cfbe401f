"""Real lines of a daemon, shipped by a real syslog-ng with the configuration of deploy/elk."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.python import bodies, ecs_lines
from tests.python.bulk_server import LOST, BulkServer, Id
from tests.python.conftest import ROOT, Sentinel
from tests.python.eodhd_server import EodhdServer

CONFIG = ROOT / "deploy/elk/syslog-ng.conf"


def program() -> str:
    found = shutil.which("syslog-ng") or shutil.which("/usr/sbin/syslog-ng")
    if found is None:
        pytest.skip("syslog-ng is not there (apt: syslog-ng-core syslog-ng-mod-http)")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    modules = next(line for line in told.splitlines() if line.startswith("Available-Modules:"))
    if not re.search(r"\bhttp\b", modules):
        pytest.skip("syslog-ng has no module http (apt: syslog-ng-mod-http)")
    return found


@pytest.fixture
def endpoint() -> Iterator[BulkServer]:
    with BulkServer() as running:
        yield running
    assert running.wrong == []


def configured(place: Path, logs: Path, url: str) -> list[str]:
    """The shipped file with this test's places; waits of seconds are shortened, nothing else is changed."""
    text = CONFIG.read_text()
    changed = {
        "/var/log/mt5-sentinel": str(logs),
        "http://127.0.0.1:9200/_bulk": url,
        "time-reopen(5)": "time-reopen(1)",
    }
    for old, new in changed.items():
        head, found, rest = text.partition(f'"{old}"' if not old.endswith(")") else old)
        assert found, old
        text = head + (f'"{new}"' if not old.endswith(")") else new) + rest
    place.mkdir(exist_ok=True)
    (place / "mt5-sentinel.conf").write_text(text)
    (place / "main.conf").write_text(f'@version: 3.38\n@include "{place}/mt5-sentinel.conf"\n')
    own = [f"--persist-file={place}/persist", f"--pidfile={place}/pid", f"--control={place}/control"]
    return [program(), f"--cfgfile={place}/main.conf", *own, "--no-caps"]


class Shipper:
    """syslog-ng, in the foreground."""

    def __init__(self, command: list[str], said: Path) -> None:
        self._command, self._said = command, said
        self.start()

    def start(self) -> None:
        with self._said.open("ab") as sink:
            self.process = subprocess.Popen([*self._command, "--foreground"], stdout=sink, stderr=sink)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def said(self) -> str:
        return self._said.read_text(errors="replace")


Ship = Callable[[Path, BulkServer], Shipper]


@pytest.fixture
def ship(tmp_path: Path) -> Iterator[Ship]:
    started: list[Shipper] = []

    def begin(logs: Path, endpoint: BulkServer) -> Shipper:
        place = tmp_path / "syslog-ng"
        started.append(Shipper(configured(place, logs, endpoint.url), tmp_path / "said"))
        return started[-1]

    yield begin
    for one in started:
        one.end()


def written(logs: Path) -> set[Id]:
    """Index and id of each whole line that stands in any file."""
    found = [line for path in logs.glob("ecs.jsonl*") for line in ecs_lines.lines(path)]
    assert len({line["event"]["id"] for line in found}) == len(found)
    return {(f"mt5-sentinel-{line['@timestamp'][:7]}", line["event"]["id"]) for line in found}


def wait_for(told: str, is_so: Callable[[], bool], shipper: Shipper, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"{told}: not within {timeout_s:g} s\n{shipper.said[-3000:]}"
        time.sleep(0.1)


@pytest.fixture
def cycles(sentinel: Sentinel, server: EodhdServer, tmp_path: Path) -> Callable[[int], Path]:
    """Run so many cycles, each of a process of its own; where their log is."""
    logs = tmp_path / "logs"
    logs.mkdir()
    server.respond(200, bodies.body(bodies.hourly(time.time())))

    def run(count: int) -> Path:
        variables = {"LOGS_DIRECTORY": str(logs), "MT5_SENTINEL_LOG_ECS": "true", "EODHD_API_TOKEN": "demo"}
        for _ in range(count):
            done = sentinel("run", "--once", "--eodhd-url", server.url, "--metrics-port", "0", **variables)
            assert done.returncode == 0, done.stderr
        return logs

    return run


def test_the_shipped_file_is_understood(tmp_path: Path) -> None:
    command = configured(tmp_path / "place", tmp_path, "http://127.0.0.1:9200/_bulk")
    done = subprocess.run([*command, "--syntax-only"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    path = tmp_path / "place/mt5-sentinel.conf"
    path.write_text(path.read_text().replace("batch-lines", "batch-linse"))
    assert subprocess.run([*command, "--syntax-only"], capture_output=True, check=False).returncode != 0


def test_nothing_is_lost_and_nothing_doubled(cycles: Callable[[int], Path], ship: Ship, endpoint: BulkServer) -> None:
    """503 twice, an answer that is lost, a document that is refused, kill -9, a rotation: each id arrives once."""
    logs = cycles(2)
    trouble = [503, 503, 429, 404, 410, 422, 500, *[504] * 4, LOST]
    endpoint.faults = list(trouble)
    shipper = ship(logs, endpoint)
    wait_for("all lines", lambda: set(endpoint.stored) == written(logs), shipper)
    assert endpoint.statuses[: len(trouble)] == trouble
    wait_for("the repeat of what was answered into nothing", lambda: endpoint.conflicts > 0, shipper)
    repeated = endpoint.conflicts

    shipper.kill()
    cycles(1)
    endpoint.faults = [LOST]
    shipper.start()
    wait_for("what was written while it was dead", lambda: set(endpoint.stored) == written(logs), shipper)
    wait_for("another repeat", lambda: endpoint.conflicts > repeated, shipper)

    endpoint.refused = 1  # within an answer of 200: syslog-ng does not look into it
    cycles(1)
    wait_for("the refusal", lambda: endpoint.refused == 0, shipper)
    wait_for("all but one", lambda: len(written(logs) - set(endpoint.stored)) == 1, shipper)
    (logs / "ecs.jsonl").rename(logs / "ecs.jsonl-20261126")
    cycles(1)
    wait_for("the rest, from the rotated file", lambda: set(endpoint.stored) == written(logs), shipper)
    assert set(endpoint.stored) == written(logs)


def test_a_rotation_while_it_is_dead_and_lines_that_are_none_lose_nothing(
    cycles: Callable[[int], Path], ship: Ship, endpoint: BulkServer
) -> None:
    logs = cycles(1)
    shipper = ship(logs, endpoint)
    wait_for("the first", lambda: set(endpoint.stored) == written(logs), shipper)
    shipper.kill()
    cycles(1)
    (logs / "ecs.jsonl").rename(logs / "ecs.jsonl-20261127")
    cycles(1)
    own = written(logs)
    with (logs / "ecs.jsonl").open("a") as file:
        file.write('{"@timestamp":"2026-11-2\n{"@timestamp":"2026-11-26T00:00:00Z","message":"no id"}\n')
        file.write('{"@timestamp":"x","event":{"id":"2d98c991-cf41-4e46-bdc5-e4ed9ba349e1"}}\n')
    shipper.start()
    wait_for("all that was written before", lambda: own <= set(endpoint.stored), shipper)
    text = (logs / "ecs.jsonl").read_text()
    cycles(1)
    with (logs / "ecs.jsonl").open() as file:
        newer = {line["event"]["id"] for line in map(json.loads, file.read()[len(text) :].splitlines())}
    wait_for("what came after them", lambda: newer <= {name for _, name in endpoint.stored}, shipper)
    assert {name for _, name in endpoint.stored} == {name for _, name in own} | newer


def test_an_outage_over_two_rotations_and_a_restart_lose_nothing(
    cycles: Callable[[int], Path], ship: Ship, endpoint: BulkServer
) -> None:
    logs = cycles(1)
    shipper = ship(logs, endpoint)
    wait_for("the first", lambda: set(endpoint.stored) == written(logs), shipper)
    endpoint.faults = [503] * 10_000
    for day in ("27", "28"):
        cycles(1)
        (logs / "ecs.jsonl").rename(logs / f"ecs.jsonl-202611{day}")
    cycles(1)
    shipper.kill()
    shipper.start()
    endpoint.faults.clear()
    wait_for("all of three days", lambda: set(endpoint.stored) == written(logs), shipper)
