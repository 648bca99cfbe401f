"""``status`` beside a real daemon, while it runs and when it was killed."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mt5_sentinel import process_place
from tests.python import bodies
from tests.python.conftest import Running, Sentinel
from tests.python.eodhd_server import EodhdServer


def wait_for_a_cycle(journal: Path) -> None:
    """The first cycle is on disk."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with sqlite3.connect(journal) as db:
            count = db.execute("SELECT count(*) FROM cycle WHERE finished_utc IS NOT NULL").fetchone()[0]
        db.close()
        if count:
            return
        time.sleep(0.05)
    raise AssertionError("no cycle ended")


def test_beside_a_running_daemon_and_when_it_was_killed(
    daemon: Callable[..., Running], server: EodhdServer, sentinel: Sentinel, environment: dict[str, str]
) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    running = daemon()
    running.wait_for("Decision: ")
    wait_for_a_cycle(Path(environment["STATE_DIRECTORY"]) / "journal.db")
    told = json.loads(sentinel("status", "--json").stdout)
    levels = {light["name"]: light["level"] for light in told["lights"]}
    levels.pop("drift")  # the made-up bars are like none in training
    assert set(levels.values()) == {"ok"}, told["lights"]
    assert (told["is_gone"], told["pid"]) == (False, running.process.pid)
    assert told["symbols"][0]["decision"]["confidence"] is not None
    running.end(signal.SIGKILL)
    done = sentinel("status", "--json")
    told = json.loads(done.stdout)
    if not process_place.here():
        pytest.skip("this system does not tell where a process id is valid")
    assert (done.returncode, told["is_gone"]) == (1, True)
    (loop,) = [light for light in told["lights"] if light["name"] == "loop"]
    assert (loop["level"], loop["text"]) == (
        "warn",
        f"the daemon's process {running.process.pid} is not there any more",
    )
    later = sentinel("status").stdout.splitlines()[1]
    assert later.startswith(("WARN: loop EURUSD", "BAD: "))


@pytest.mark.parametrize("verb", ["status", "top", "journal"])
def test_help_shows_how_it_is_used(sentinel: Sentinel, verb: str) -> None:
    done = sentinel(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"example:\n  mt5-sentinel {verb}" in done.stdout
    assert "--journal PATH" in done.stdout
