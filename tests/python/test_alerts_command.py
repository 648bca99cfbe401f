"""`mt5-sentinel alerts` as a process, beside a real daemon: what is told when either is killed, and what never is."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mt5_sentinel.alerting.eyes import Eyes
from mt5_sentinel.alerting.heartbeat import Heartbeat
from mt5_sentinel.alerting.postman import Postman
from mt5_sentinel.alerting.teller import Teller
from mt5_sentinel.alerting.watcher import Watcher
from tests.python import bodies
from tests.python.alert_floor import Ear, Sink, box, fast, until
from tests.python.conftest import Running, Sentinel
from tests.python.eodhd_server import EodhdServer
from tests.python.standing_place import FACTS, Place

SECRETS = ("bobsname", "hunter2secret", "TokenA123456", "BeatToken789")


@pytest.fixture
def sinks() -> Iterator[list[Sink]]:
    made = [Sink(), Sink()]
    yield made
    for one in made:
        one.close()


@pytest.fixture
def dead(environment: dict[str, str]) -> Path:
    """State of a daemon that is gone."""
    one = Place(Path(environment["STATE_DIRECTORY"]))
    one.desk(pid=2**22 + 1, metrics_port=0, pid_place=FACTS.pid_place)
    one.cycle()
    one.close()
    return one.directory


@pytest.fixture
def watch(
    environment: dict[str, str], sinks: list[Sink], tmp_path: Path
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the process by a fast clock, telling the first sink; killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**variables: str) -> subprocess.Popen[bytes]:
        urls = f"json://bobsname:hunter2secret@127.0.0.1:{sinks[0].port}/TokenA123456"
        env = environment | {"MT5_SENTINEL_ALERT_URLS": urls} | variables
        started.append(fast(tmp_path / "alerts.log", env))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


class SetClock:
    def __init__(self) -> None:
        self.at_s, self.set_s = 0.0, time.time()

    def wall_s(self) -> float:
        """A moment of the daemon's cycles, however far the looks have gone."""
        return self.set_s

    def monotonic_s(self) -> float:
        return self.at_s

    def wait_s(self, timeout_s: float) -> None:
        raise NotImplementedError


def test_a_daemon_that_is_killed_is_told_within_two_minutes_and_its_return_too(
    daemon: Callable[..., Running],
    server: EodhdServer,
    environment: dict[str, str],
    sinks: list[Sink],
    tmp_path: Path,
) -> None:
    """The daemon is a real process and so is its end; the watcher's looks are ten seconds apart by a set clock."""
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    running = daemon()
    running.wait_for("Decision:")
    clock, outbox = SetClock(), box(tmp_path)
    heart = Heartbeat(f"http://127.0.0.1:{sinks[1].port}/beat")
    ear = Ear()
    watcher = Watcher(Eyes(Path(environment["STATE_DIRECTORY"])), Teller(outbox, 1e6), heart, clock)
    postman = Postman(ear, outbox)

    def looks(seconds: int) -> list[str]:
        before = len(ear.letters)
        for _ in range(seconds // 10):
            watcher.look()
            postman.step(clock.at_s)
            heart.step(clock.at_s)
            clock.at_s += 10
        return [letter.title.split(": ", 1)[1] for letter in ear.letters[before:]]

    assert looks(300) == [], "it runs"
    beats = len(sinks[1].asked)
    assert beats == 5
    running.process.kill()
    running.process.wait()
    assert looks(100) == ["daemon: BAD"]
    looks(600)
    assert len(sinks[1].asked) <= beats + 1, "the dead man's switch is not held down by the watcher alone"
    daemon().wait_for("Decision:")
    clock.set_s = time.time()
    assert looks(200) == ["daemon: well again"]
    assert len(sinks[1].asked) >= beats + 2
    outbox.close()


def test_it_tells_of_a_dead_daemon_and_shows_no_secret(
    dead: Path, watch: Callable[..., subprocess.Popen[bytes]], sinks: list[Sink], tmp_path: Path
) -> None:
    process = watch(
        MT5_SENTINEL_ALERT_HEARTBEAT_URL=f"http://127.0.0.1:{sinks[1].port}/BeatToken789",
        MT5_SENTINEL_LOG_LEVEL="debug",
    )
    until(lambda: sinks[0].titles() == ["daemon: BAD"], "it is told")
    sinks[0].way = "503"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert not sinks[1].asked, "no heartbeat for a dead daemon"
    written = (tmp_path / "alerts.log").read_bytes()
    assert b"told endpoint 1 (json)" in written
    files = [path.read_bytes() for path in (dead / "alerts").iterdir()]
    assert files
    for secret in SECRETS:
        assert secret.encode() not in written
        assert not any(secret.encode() in body for body in files)
    assert {path.name for path in dead.iterdir()} <= {
        "journal.db",
        "journal.db-wal",
        "journal.db-shm",
        "journal.lock",
        "alerts",
    }


def test_killed_while_nobody_takes_it_nothing_is_lost_or_doubled(
    dead: Path, watch: Callable[..., subprocess.Popen[bytes]], sinks: list[Sink], tmp_path: Path
) -> None:
    sinks[0].way = "503"
    first = watch()
    until(lambda: sinks[0].seen, "it was tried")
    first.kill()
    first.wait()
    sinks[0].way = "ok"
    second = watch()
    until(lambda: sinks[0].titles() == ["daemon: BAD"], "it is told after the restart")
    until(lambda: _waiting(dead) == 0, "it is marked")
    second.kill()
    second.wait()
    third = watch()
    until(lambda: (tmp_path / "alerts.log").read_text(encoding="utf-8").count("watching ") == 3, "it looks")
    time.sleep(4.0)  # sixteen looks
    assert sinks[0].titles() == ["daemon: BAD"], "once"
    assert third.poll() is None
    third.kill()


def test_killed_between_send_and_mark_it_is_told_twice_with_one_id(
    dead: Path, watch: Callable[..., subprocess.Popen[bytes]], sinks: list[Sink]
) -> None:
    sinks[0].way = "hang"
    first = watch()
    until(lambda: sinks[0].seen, "it came, and was not answered")
    first.kill()
    first.wait()
    sinks[0].way = "ok"
    sinks[0].release.set()
    watch()
    until(lambda: sinks[0].titles() == ["daemon: BAD"], "it is told")
    assert len({one["message"].splitlines()[-1] for one in sinks[0].seen}) == 1
    assert len(sinks[0].seen) >= 2


def test_one_endpoint_that_hangs_holds_up_no_other(
    dead: Path, watch: Callable[..., subprocess.Popen[bytes]], sinks: list[Sink]
) -> None:
    sinks[0].way = "hang"
    watch(MT5_SENTINEL_ALERT_URLS=f"{sinks[0].url()} {sinks[1].url()}")
    until(lambda: sinks[1].titles() == ["daemon: BAD"], "the other is told")
    assert not sinks[0].taken


def test_test_says_of_each_url_whether_it_went(sentinel: Sentinel, sinks: list[Sink]) -> None:
    urls = [f"json://bobsname:hunter2secret@127.0.0.1:{sink.port}/TokenA123456" for sink in sinks]
    sinks[1].way = "403"
    done = sentinel("alerts", "--test", MT5_SENTINEL_ALERT_URLS=" ".join(urls), MT5_SENTINEL_LOG_LEVEL="debug")
    assert (done.returncode, done.stdout) == (1, "1 (json): sent\n2 (json): not taken, HTTP status 403\n")
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)
    sinks[1].way = "ok"
    assert sentinel("alerts", "--test", MT5_SENTINEL_ALERT_URLS=" ".join(urls)).returncode == 0
    assert [one["type"] for one in sinks[0].taken] == ["success", "success"]


def test_once_prints_what_is_wrong_and_writes_nothing(dead: Path, sentinel: Sentinel) -> None:
    done = sentinel("alerts", "--once")
    assert done.returncode == 1
    assert "bad  daemon: " in done.stdout
    assert not (dead / "alerts").exists()


def test_nobody_to_tell_is_a_mistake_of_the_configuration(sentinel: Sentinel) -> None:
    done = sentinel("alerts")
    assert done.returncode == 78
    assert "alert_urls: nobody to tell" in done.stderr
    wrong = sentinel("alerts", MT5_SENTINEL_ALERT_URLS="json://127.0.0.1/ nosuchthing://hunter2secret")
    assert wrong.returncode == 78
    assert "number 2 (nosuchthing)" in wrong.stderr
    assert "hunter2" not in wrong.stderr
    assert sentinel("alerts", "--help").stdout.count("--test") >= 2


def test_the_daemon_imports_nothing_of_it(sentinel: Sentinel) -> None:
    code = (
        "import sys; import mt5_sentinel.commands.run;"
        "sys.exit(any(name.split('.')[0] in ('apprise', 'rich') or '.alerting' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, env=os.environ).returncode == 0


def _waiting(state: Path) -> int:

    db = sqlite3.connect(state / "alerts" / "alerts.db")
    try:
        return int(db.execute("SELECT count(*) FROM waiting").fetchone()[0])
    finally:
        db.close()
