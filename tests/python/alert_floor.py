"""Direct alerts on a floor of their own: an endpoint that can misbehave, a clock that is set, a fast process."""

from __future__ import annotations

import argparse
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mt5_sentinel import cli
from mt5_sentinel.adapters.clock import SystemClock
from mt5_sentinel.alerting.letters import Letter, Refusal
from mt5_sentinel.alerting.outbox import Outbox
from mt5_sentinel.commands import alerts
from mt5_sentinel.view.light import Level, Light
from tests.python.conftest import ROOT

SPEED = 40.0
"""How much faster time passes for a process of ``fast``: its ten seconds are a quarter of one."""

NOW_S = 1_700_049_600.0


class Sink:
    """An HTTP endpoint that keeps what it was sent; ``way`` says what it does with it."""

    def __init__(self) -> None:
        self.way = "ok"
        self.taken: list[dict[str, Any]] = []
        """What it answered well."""
        self.seen: list[dict[str, Any]] = []
        """All that came."""
        self.asked: list[str] = []
        """Paths of GET."""
        self.release = threading.Event()
        sink = self

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                sink.seen.append(json.loads(self.rfile.read(length)))
                if sink.way == "hang":
                    sink.release.wait(30)
                    return
                if sink.way == "garbage":
                    self.wfile.write(b"\x00\xffwhat is this\r\n")
                    return
                if sink.way == "ok":
                    sink.taken.append(sink.seen[-1])
                self._answer(200 if sink.way == "ok" else int(sink.way))

            def do_GET(self) -> None:
                sink.asked.append(self.path)
                self._answer(200 if sink.way == "ok" else int(sink.way))

            def _answer(self, status: int) -> None:
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{sink.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def url(self, path: str = "/hook") -> str:
        return f"json://127.0.0.1:{self.port}{path}"

    def titles(self) -> list[str]:
        return [one["title"].split(": ", 1)[1] for one in self.taken]

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class Ear:
    """An endpoint in this process."""

    def __init__(self, key: str = "ear") -> None:
        self.name = self.key = key
        self.keeps_incidents = False
        self.fails = False
        self.refuses: Callable[[Letter], bool] = lambda _: False
        """What it answers with 4xx."""
        self.letters: list[Letter] = []
        self.hears: Callable[[], object] = str

    def send(self, letter: Letter) -> Refusal | None:
        self.hears()
        if self.fails or self.refuses(letter):
            return Refusal("not taken", is_answer=not self.fails)
        self.letters.append(letter)
        return None


def box(path: Path, *endpoints: str) -> Outbox:
    return Outbox(path / "alerts.db", endpoints or ("ear",), "host")


def shown(level: Level, name: str = "data", symbol: str | None = "EURUSD", text: str = "") -> Light:
    return Light(name, level, text or f"{name} is {level}", symbol)


class FastClock(SystemClock):
    """Time that passes quicker."""

    def wall_s(self) -> float:
        return time.time() * 1.0 + (time.monotonic() - _STARTED_S) * (SPEED - 1)

    def monotonic_s(self) -> float:
        return time.monotonic() * SPEED

    def wait_s(self, timeout_s: float) -> None:
        super().wait_s(timeout_s / SPEED)


_STARTED_S = time.monotonic()


def fast(log: Path, env: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """Start ``mt5-sentinel alerts`` by a fast clock."""
    command = [sys.executable, "-m", "tests.python.alert_floor", *arguments]
    paths = os.pathsep.join([str(ROOT), *[part for part in sys.path if part]])
    with log.open("ab") as sink:
        return subprocess.Popen(command, env=env | {"PYTHONPATH": paths}, cwd=ROOT, stdout=sink, stderr=sink)


def until(is_so: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end_s, f"it did not come to this: {what}"
        time.sleep(0.02)


def _main() -> int:
    def execute(arguments: argparse.Namespace) -> int:
        return alerts.serve(arguments, FastClock)

    alerts.execute = execute
    return cli.main(["alerts", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(_main())
