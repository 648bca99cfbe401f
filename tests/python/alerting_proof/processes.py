"""What runs in the proof: daemons, Prometheus, Alertmanager; each with its log, each ended by its id."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

END_S = 20


class Process:
    """One program."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str] | None = None) -> None:
        """Start it; its log is appended to."""
        self.log = log
        with log.open("ab") as sink:
            self._process = subprocess.Popen(command, env=env, stdout=sink, stderr=subprocess.STDOUT)

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it by force."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Ask it to end; by force where it does not."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()


class Sentinel:
    """A daemon that can be killed and started again: dry run, minutes, a market that is always open."""

    def __init__(self, folder: Path, feed_url: str, port: int, model: Path) -> None:
        """Start it."""
        folder.mkdir()
        self.state, self.instance, self._port = folder / "state", f"127.0.0.1:{port}", port
        self._log, self._feed_url = folder / "log", feed_url
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._env = kept | {
            "MT5_SENTINEL_MARKET": "always",
            "MT5_SENTINEL_INTERVAL": "1m",
            "MT5_SENTINEL_MODEL_BUNDLE": str(model),
            "MT5_SENTINEL_EODHD_QUOTA_SHARE": "0.5",
            "EODHD_API_TOKEN": "demo-of-the-proof",
            "STATE_DIRECTORY": str(self.state),
        }
        self.start()

    def start(self) -> None:
        """Start it, on the state and the port it had before."""
        arguments = ["run", "--eodhd-url", self._feed_url, "--metrics-port", str(self._port)]
        self.process = Process([sys.executable, "-m", "mt5_sentinel", *arguments], self._log, self._env)

    def command(self, verb: str) -> None:
        """Run another command on its state: ``halt`` or ``resume``."""
        command = [sys.executable, "-m", "mt5_sentinel", verb]
        subprocess.run(command, env=self._env, check=True, capture_output=True, timeout=60)


def prometheus(config: Path, port: int) -> Process:
    """As docs/ALERTS.md has it started."""
    flags = {"config.file": config, "storage.tsdb.path": config.parent / "tsdb"}
    return _watcher("prometheus", flags, port, config.parent)


def alertmanager(config: Path, port: int) -> Process:
    """Alone, without a cluster."""
    flags = {"config.file": config, "storage.path": config.parent / "silences", "cluster.listen-address": ""}
    return _watcher("prometheus-alertmanager", flags, port, config.parent)


def _watcher(program: str, flags: dict[str, Any], port: int, folder: Path) -> Process:
    told = [f"--{name}={value}" for name, value in (flags | {"web.listen-address": f"127.0.0.1:{port}"}).items()]
    return Process([program, *told], folder / f"{program}.log")


def query(port: int, expression: str) -> list[float]:
    """The values of an instant query; none while Prometheus does not answer."""
    url = f"http://127.0.0.1:{port}/api/v1/query?{urlencode({'query': expression})}"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            found = json.load(answer)["data"]["result"]
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return []
    return [float(one["value"][1]) for one in found]


def wait_until(holds: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Look twice a second.

    Raises:
        AssertionError: it does not hold in time.
    """
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"within {timeout_s:.0f} s it did not come to this: {what}"
        time.sleep(0.5)
