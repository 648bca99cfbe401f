"""Fixtures, and the rule that on CI nothing is skipped."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mt5_sentinel import logs
from tests.python import hub_server
from tests.python.eodhd_server import EodhdServer

ROOT = Path(__file__).parent.parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With SENTINEL_REQUIRE_ALL=1 a skip is a failure; only ../shared may be away."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined] # pluggy's result has no type here
    if report.skipped and os.environ.get("SENTINEL_REQUIRE_ALL") == "1" and item.get_closest_marker("shared") is None:
        report.outcome = "failed"
        report.longrepr = f"skipped while SENTINEL_REQUIRE_ALL=1: {report.longrepr}"


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """A process never forgets a secret; a test begins with none."""
    logs.forget()
    yield
    logs.forget()


@pytest.fixture
def shared() -> Path:
    """Folder of the real data, where it is there."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not there")
    return SHARED


@pytest.fixture
def server() -> Iterator[EodhdServer]:
    """A market data API on 127.0.0.1."""
    with EodhdServer() as running:
        yield running


@pytest.fixture(scope="session")
def mlflow_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hub_server.MlflowServer]:
    """A real MLflow scoring server on 127.0.0.1, started once; its model does what its input says."""
    if lacks := hub_server.missing():
        pytest.skip(lacks)
    with hub_server.mlflow_server(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that runs within a test sets up the log of the whole process."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables for a command that must not see this machine's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # A test of a process runs by the clock of the machine: on weekends too, and at any minute of an hour.
    always = {"MT5_SENTINEL_MARKET": "always", "MT5_SENTINEL_SIGNAL_AGE_MAX_S": "7200"}
    return kept | always | {"STATE_DIRECTORY": str(tmp_path / "state"), "PYTHONUNBUFFERED": "1"}


Sentinel = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sentinel(environment: dict[str, str]) -> Sentinel:
    """Run `mt5-sentinel ...` to its end."""

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mt5_sentinel", *map(str, arguments)]
        return subprocess.run(
            command, env=environment | variables, capture_output=True, text=True, timeout=60, check=False
        )

    return run


class Running:
    """A daemon in the background, its log in a file."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path) -> None:
        """Start it."""
        self.log_path = log
        with log.open("w", encoding="utf-8") as sink:
            self.process = subprocess.Popen(command, env=env, stdout=sink, stderr=subprocess.STDOUT)

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self.log_path.read_text(encoding="utf-8")

    def wait_for(self, text: str, timeout_s: float = 30) -> None:
        """Wait until a line appears."""
        deadline = time.monotonic() + timeout_s
        while text not in self.log:
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log}"
            assert time.monotonic() < deadline, f"{text!r} did not appear:\n{self.log}"
            time.sleep(0.02)

    def end(self, signum: int = signal.SIGTERM, timeout_s: float = 20) -> int:
        """Send a signal and give back the exit code."""
        self.process.send_signal(signum)
        return self.process.wait(timeout_s)


@pytest.fixture
def daemon(environment: dict[str, str], server: EodhdServer, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start `mt5-sentinel run` against the local API; killed at the end if it still runs."""
    started: list[Running] = []

    def start(*arguments: str, **variables: str) -> Running:
        command = [sys.executable, "-m", "mt5_sentinel", "run", "--eodhd-url", server.url, "--metrics-port", "0"]
        log = tmp_path / f"daemon{len(started)}.log"
        running = Running([*command, *arguments], environment | {"EODHD_API_TOKEN": "demo"} | variables, log)
        started.append(running)
        return running

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
