"""Run as a process of its own under a limit of tasks: serves health, and fetches a URL when told to."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from prometheus_client import CollectorRegistry

from mt5_sentinel import bounded_http
from mt5_sentinel.web.health import Health
from mt5_sentinel.web.server import WebServer


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Until the input ends."""
    server = WebServer("127.0.0.1", 0, CollectorRegistry(), Health(time.monotonic, "dry-run", ["EURUSD"]))
    say(server.port)
    for line in sys.stdin:
        tasks = len(list(Path("/proc/self/task").iterdir()))
        try:
            answer = bounded_http.get(line.strip(), {}, budget_s=5.0, body_bytes_max=1000)
        except bounded_http.FetchError as error:
            say(tasks, error.reason)
        else:
            say(tasks, answer.status)


if __name__ == "__main__":
    main()
