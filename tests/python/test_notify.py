"""What a service manager hears from `mt5-sentinel run` as a process, and when."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.python import bodies, bundles
from tests.python.conftest import Running
from tests.python.eodhd_server import Answer, EodhdServer, Request

Start = Callable[..., Running]
SILENCE_S = 2.5
"""Longer than two turns of a loop that waits: whatever beats, beats within it."""


class Manager:
    """A service manager's end of the socket; its datagrams in their order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while message := self._socket.recv(4096):
            self.heard.append(message.decode())

    def wait_for(self, start: str, after: int = 0, timeout_s: float = 30) -> int:
        """Wait for a message from the ``after``-th on that begins so; its place."""
        deadline = time.monotonic() + timeout_s
        while True:
            for place, message in enumerate(self.heard[after:], after):
                if message.startswith(start):
                    return place
            assert time.monotonic() < deadline, f"{start!r} was not heard: {self.heard}"
            time.sleep(0.02)

    def close(self) -> None:
        """An empty datagram ends the thread."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.sendto(b"", str(self.path))
        self._thread.join()
        self._socket.close()


class Held:
    """An API that answers when it is let go, or when it is not held."""

    def __init__(self, server: EodhdServer) -> None:
        self.asked, self._go = threading.Event(), threading.Event()
        server.play(self._answer)

    def _answer(self, request: Request) -> Answer:
        self.asked.set()
        self._go.wait(30)
        return Answer(200, bodies.body(bodies.hourly(time.time())), dated=True)

    def let_go(self) -> None:
        self._go.set()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    one = Manager(tmp_path / "notify")
    yield one
    one.close()


@pytest.fixture
def told_daemon(daemon: Start, manager: Manager) -> Start:
    """Start a daemon that speaks to the manager."""
    return lambda *arguments, **variables: daemon(*arguments, NOTIFY_SOCKET=str(manager.path), **variables)


def kinds(messages: list[str]) -> list[str]:
    """What each message is of, beats one after the other as one."""
    found: list[str] = []
    for message in messages:
        kind = message.split("=", 1)[0]
        if kind != "WATCHDOG" or found[-1:] != ["WATCHDOG"]:
            found.append(kind)
    return found


def test_a_life_from_ready_to_stopping(
    told_daemon: Start, manager: Manager, server: EodhdServer, tmp_path: Path
) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    config = tmp_path / "config.toml"
    config.write_text("log_level = 'info'\n", encoding="utf-8")
    running = told_daemon("--config", str(config))
    manager.wait_for("WATCHDOG=1")
    assert kinds(manager.heard[:3]) == ["READY", "STATUS", "WATCHDOG"]
    assert re.fullmatch(r"READY=1\nSTATUS=ready, .+", manager.heard[0])
    assert re.fullmatch(r"STATUS=EURUSD (BUY|SELL|HOLD) 0\.\d{4} \w+(, \w+ \w+)?", manager.heard[1])

    for written, said in (("threshold = 0.7", "configuration reloaded"), ("threshold = 7", "reload refused: ")):
        config.write_text(f"{written}\n", encoding="utf-8")
        before = len(manager.heard)
        running.process.send_signal(signal.SIGHUP)
        began = manager.wait_for("RELOADING=1\nMONOTONIC_USEC=", before)
        ended = manager.wait_for(f"READY=1\nSTATUS={said}", before)
        assert ended > began
        assert "STATUS" not in kinds(manager.heard[began + 1 : ended]), "no cycle ran in between"
        manager.wait_for("WATCHDOG=1", ended)

    assert running.end() == 0
    assert set(kinds(manager.heard[manager.wait_for("STOPPING=1") :])) == {"STOPPING"}


def test_nothing_is_ready_that_can_never_work(told_daemon: Start, manager: Manager) -> None:
    assert told_daemon("--threshold", "7").process.wait(30) == 78
    assert manager.heard == []


def test_a_source_that_is_down_keeps_no_daemon_from_starting(
    told_daemon: Start, manager: Manager, server: EodhdServer
) -> None:
    server.respond(503, b"down")
    told_daemon()
    manager.wait_for("WATCHDOG=1")
    assert kinds(manager.heard[:3]) == ["READY", "STATUS", "WATCHDOG"]
    assert manager.heard[1].startswith("STATUS=EURUSD failed: ")


def tables(place: Path, names: list[str]) -> str:
    """A configuration of these symbols, each with a model that says it is for it."""
    found = []
    for name in names:
        bundle = bundles.directory(place / f"model-{name}")
        bundles.edit(bundle, 'symbol = "EURUSD"', f'symbol = "{name}"')
        found.append(f'[[symbol]]\nname = "{name}"\nmodel_bundle = "{bundle}"\n')
    return "\n".join(found)


@pytest.mark.parametrize("names", [["EURUSD"], ["EURUSD", "GBPUSD"]])
def test_a_cycle_that_does_not_end_is_silent(
    told_daemon: Start, manager: Manager, server: EodhdServer, tmp_path: Path, names: list[str]
) -> None:
    """A thread of its own that beats would be heard here."""
    held = Held(server)
    config = tmp_path / "config.toml"
    config.write_text(tables(tmp_path, names), encoding="utf-8")
    told_daemon("--config", str(config))
    manager.wait_for("READY=1")
    assert held.asked.wait(30)
    time.sleep(SILENCE_S)
    assert kinds(manager.heard) == ["READY"]
    held.let_go()
    manager.wait_for("WATCHDOG=1")
    assert kinds(manager.heard)[: len(names) + 2] == ["READY", *["STATUS"] * len(names), "WATCHDOG"]


def test_a_process_that_is_stopped_is_silent(told_daemon: Start, manager: Manager, server: EodhdServer) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    running = told_daemon()
    manager.wait_for("WATCHDOG=1")
    running.process.send_signal(signal.SIGSTOP)
    time.sleep(0.2)  # what was on its way
    before = len(manager.heard)
    time.sleep(SILENCE_S)
    assert len(manager.heard) == before
    running.process.send_signal(signal.SIGCONT)
    manager.wait_for("WATCHDOG=1", before)
