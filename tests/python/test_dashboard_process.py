"""`mt5-sentinel dashboard` as a process: how it starts, what it leaves untouched, how it ends."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.dashboard.serving import END_S
from tests.python import dashboard_month
from tests.python.conftest import Running, Sentinel
from tests.python.dashboard_served import QUESTIONS, TOKEN, Client, Listening
from tests.python.powerless import as_any_user

VARIABLE = "MT5_SENTINEL_DASHBOARD_TOKEN"

KILLED = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(
    "INSERT INTO cycle (started_utc, finished_utc, symbol, mode, status, reason) VALUES"
    " ('2036-11-18T00:00:58.000Z', '2036-11-18T00:00:59.000Z', 'EURUSD', 'demo', 'done', 'model_hold')"
)
os.kill(os.getpid(), 9)
"""
"""A daemon that was killed: what it wrote last is beside the file."""

Start = Callable[..., tuple[Running, Client]]


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """An hour."""
    dashboard_month.build(tmp_path / "state", int(time.time()), 60)
    return tmp_path / "state"


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start the command on a free port; killed at the end if it still runs."""
    started: list[Running] = []

    def begin(*arguments: str, before: tuple[str, ...] = (), **variables: str) -> tuple[Running, Client]:
        command = [*before, sys.executable, "-m", "mt5_sentinel", "dashboard", "--port", "0", *arguments]
        running = Running(command, environment | variables, tmp_path / f"dashboard{len(started)}.log")
        started.append(running)
        running.wait_for("dashboard: http://")
        found = re.search(r"dashboard: http://(\S+):(\d+)/ on ", running.log)
        assert found is not None
        return running, Client(int(found[2]))

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_with_streams_open(start: Start, state_dir: Path, signum: int) -> None:
    running, client = start("--state-dir", str(state_dir))
    with contextlib.ExitStack() as streams:
        opened = [streams.enter_context(Listening(client)) for _ in range(20)]
        for stream in opened:
            assert stream.next()
        assert running.end(signum) == 0
        for stream in opened:
            while stream.next() is not None:
                pass
    assert running.log.count("\n") == 1, running.log


def test_a_stuck_reader_does_not_keep_it(start: Start, state_dir: Path) -> None:
    running, client = start("--state-dir", str(state_dir))
    with socket.create_connection(("127.0.0.1", client.port)) as slow, Listening(client):
        slow.sendall(b"GET /api/overview HTTP/1.1\r\nHost: localhost\r\n")
        assert running.end(timeout_s=END_S + 20) == 0


def test_it_writes_nothing(start: Start, state_dir: Path) -> None:
    before = traces(state_dir)
    running, client = start("--state-dir", str(state_dir))
    with Listening(client) as stream:
        assert stream.next()
        for name in QUESTIONS[:-1]:
            symbol = "" if name in ("start", "overview") else "?symbol=EURUSD"
            assert client.ask(f"/api/{name}{symbol}").status == 200
    assert running.end() == 0
    beside = {"journal.db-wal", "journal.db-shm", "bars.db-wal", "bars.db-shm"}
    after = traces(state_dir)
    assert {name: fact for name, fact in after.items() if name not in beside} == before
    assert all(fact[0] == b"" for name, fact in after.items() if name.endswith("-wal"))


def traces(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of each file."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.mark.parametrize("ended", ["at rest", "killed"])
def test_it_reads_where_it_cannot_write(start: Start, state_dir: Path, tmp_path: Path, ended: str) -> None:
    """As the unit runs it: all of the system is read-only, and the daemon has ended, cleanly or not."""
    before = as_any_user()
    if ended == "killed":
        subprocess.run([sys.executable, "-c", KILLED, state_dir / "journal.db"], check=False)
        assert (state_dir / "journal.db-wal").stat().st_size > 0
    for path in state_dir.iterdir():
        path.chmod(0o444)
    state_dir.chmod(0o555)
    seen = traces(state_dir)
    try:
        running, client = start("--state-dir", str(state_dir), before=before)
        told = client.api("overview")
        assert told["symbols"], (told, running.log)
        assert told["symbols"][0]["last"]["id"] == (61 if ended == "killed" else 60)
        assert len(client.api("bars", symbol="EURUSD")["t"]) == 60
        assert traces(state_dir) == seen
    finally:
        state_dir.chmod(0o755)


def test_a_place_that_it_may_not_enter_is_told(start: Start, state_dir: Path) -> None:
    before = as_any_user()
    state_dir.chmod(0o000)
    try:
        _, client = start("--state-dir", str(state_dir), before=before)
        told = client.api("overview")
        assert told["level"] == "bad" and "Permission denied" in told["lights"][0]["text"]
        assert "Permission denied" in client.ask("/api/cycles").json()["error"]
        with Listening(client) as stream:
            assert stream.next()
    finally:
        state_dir.chmod(0o755)


def test_the_token_is_in_no_line_of_its_log(start: Start, state_dir: Path) -> None:
    running, client = start("--state-dir", str(state_dir), **{VARIABLE: TOKEN})
    assert client.ask("/api/overview").status == 401
    assert client.log_in("wrong").headers["Location"] == "/login?refused=token"
    client.log_in()
    assert client.api("overview")["mode"] == "demo"
    client.ask(f"/api/overview?{TOKEN}=1")
    client.ask(f"/{TOKEN}")
    with socket.create_connection(("127.0.0.1", client.port)) as broken:
        broken.sendall(f"{TOKEN} is no request\r\n\r\n".encode())
        broken.recv(1000)
    assert running.end() == 0
    assert TOKEN not in running.log and client.cookie is not None and client.cookie.split("=")[1] not in running.log


def test_it_waits_for_a_journal(start: Start, tmp_path: Path) -> None:
    _, client = start("--state-dir", str(tmp_path / "none"))
    told = client.api("overview")
    assert told["symbols"] == [] and told["level"] == "bad" and "no journal yet" in told["lights"][0]["text"]
    assert not (tmp_path / "none").exists()
    assert client.ask("/").status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example"])  # noqa: S104 - refused
def test_other_machines_are_not_served_without_a_token(sentinel: Sentinel, host: str) -> None:
    done = sentinel("dashboard", "--host", host, "--port", "0")
    assert done.returncode == 78
    assert f"dashboard_host: {host} can be reached from other machines; set dashboard_token" in done.stderr


def test_a_short_token_is_refused_and_not_shown(sentinel: Sentinel) -> None:
    done = sentinel("dashboard", "--port", "0", **{VARIABLE: "fifteen-letters"})
    assert done.returncode == 78 and "openssl rand" in done.stderr and "fifteen" not in done.stderr


def test_with_a_token_it_serves_any_address(start: Start, state_dir: Path) -> None:
    _, client = start("--state-dir", str(state_dir), "--host", "0.0.0.0", **{VARIABLE: TOKEN})  # noqa: S104
    assert client.log_in().headers["Location"] == "/"


def test_a_port_that_is_taken_is_named(sentinel: Sentinel) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = sentinel("dashboard", "--port", port)
    assert done.returncode == 78 and f"dashboard_port {port}" in done.stderr and "set another" in done.stderr


def test_a_missing_extra_is_named(environment: dict[str, str]) -> None:
    code = (
        "import sys; sys.modules['starlette'] = None; sys.argv = ['mt5-sentinel', 'dashboard'];"
        " from mt5_sentinel.cli import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 78 and "pip install 'mt5-sentinel[dashboard]'" in done.stderr


def test_other_commands_load_none_of_it(environment: dict[str, str]) -> None:
    code = "import sys, mt5_sentinel.cli; print(sorted({'starlette', 'uvicorn', 'numpy', 'anyio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_systemd_is_told_when_it_answers(start: Start, state_dir: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        _, client = start("--state-dir", str(state_dir), NOTIFY_SOCKET=str(tmp_path / "notify"))
        told: Any = manager.recv(4096).decode().split("\n")
    assert told == ["READY=1", f"STATUS=serving http://127.0.0.1:{client.port}/"]
