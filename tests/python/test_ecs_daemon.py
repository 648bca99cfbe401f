"""`log_ecs` in a whole daemon: the same lines as on stderr, their cycle, reloads, a disk that takes nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import journal, trail
from tests.python import bodies
from tests.python.conftest import Running, Sentinel
from tests.python.ecs_lines import lines
from tests.python.eodhd_server import EodhdServer

Start = Callable[..., Running]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@pytest.fixture
def variables(place: Path, server: EodhdServer) -> dict[str, str]:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    return {"LOGS_DIRECTORY": str(place), "MT5_SENTINEL_LOG_ECS": "true", "EODHD_API_TOKEN": "demo"}


def once(sentinel: Sentinel, server: EodhdServer, variables: dict[str, str]) -> tuple[int, list[str]]:
    """Exit code and the log's lines without their time."""
    done = sentinel("run", "--once", "--eodhd-url", server.url, "--metrics-port", "0", **variables)
    return done.returncode, [line.split(" ", 2)[2] for line in done.stderr.splitlines()]


def test_the_file_has_the_lines_of_stderr_and_one_for_the_cycle(
    sentinel: Sentinel, server: EodhdServer, variables: dict[str, str], place: Path, environment: dict[str, str]
) -> None:
    code, said = once(sentinel, server, variables)
    assert code == 0
    *log, cycle = lines(place / trail.ECS)
    assert [line["message"] for line in log] == said
    assert cycle["event"]["dataset"] == "mt5_sentinel.cycle"
    (row,) = journal.read(Path(environment["STATE_DIRECTORY"]) / "journal.db")
    begun = next(number for number, line in enumerate(said) if line.startswith("TRADING CYCLE START"))
    assert [line.get("trace") for line in log] == [None] * begun + [{"id": row["trace_id"]}] * (len(log) - begun)
    facts: dict[str, Any] = cycle["sentinel"]
    same = ("reason", "action", "confidence", "bars", "dropped", "price", "equity", "calls", "status", "symbol")
    assert {name: facts[name] for name in same} == {name: row[name] for name in same}
    assert facts["cycle_id"] == row["id"]
    assert facts["stages"] == {name: round(took_s * 1e9) for name, took_s in row["stages_s"].items()}
    assert cycle["trace"]["id"] == row["trace_id"]


def test_without_the_setting_there_is_no_file(
    sentinel: Sentinel, server: EodhdServer, variables: dict[str, str], place: Path
) -> None:
    del variables["MT5_SENTINEL_LOG_ECS"]
    assert once(sentinel, server, variables)[0] == 0
    assert not (place / trail.ECS).exists()


def test_without_a_directory_it_is_refused(sentinel: Sentinel, server: EodhdServer, variables: dict[str, str]) -> None:
    del variables["LOGS_DIRECTORY"]
    done = sentinel("run", "--once", "--eodhd-url", server.url, **variables)
    assert done.returncode == 78
    assert "log_ecs: ecs.jsonl needs a directory; set logs_dir" in done.stderr


def test_a_disk_that_takes_nothing_costs_no_cycle(
    sentinel: Sentinel, server: EodhdServer, variables: dict[str, str]
) -> None:
    if not os.path.exists("/dev/full"):  # noqa: PTH110 - a device
        pytest.skip("/dev/full is not there")
    code, said = once(sentinel, server, variables | {"LOGS_DIRECTORY": "/dev/full"})
    assert code == 0
    assert len([line for line in said if "cannot be written, the log goes on elsewhere" in line]) == 1
    assert any(line.startswith("Decision: ") for line in said)


def test_after_a_reload_each_line_is_written_once(daemon: Start, variables: dict[str, str], place: Path) -> None:
    running = daemon(**variables)
    running.wait_for("Decision: ")
    running.process.send_signal(signal.SIGHUP)
    running.wait_for("Configuration reloaded")
    assert running.end() == 0
    said = [line["message"] for line in lines(place / trail.ECS)]
    assert said.count("Configuration reloaded") == 1
    assert said[-1] == "stopped, the last cycle was finished"
