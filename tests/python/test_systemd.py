"""What systemd hears: the datagrams of sd_notify(3), and silence when a cycle hangs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel import logs
from mt5_sentinel.systemd import STATUS_CHARS_MAX, Notifier, told
from mt5_sentinel.types import CycleRecord
from tests.python.desk_floor import Floor
from tests.python.test_desks import hold


class Manager:
    """The other end of the socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:  # noqa: PERF203 - the end of what was sent
                return found


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Manager, Notifier]]:
    name = f"mt5-sentinel-test-{tmp_path.name}" if request.param == "abstract" else str(tmp_path / "notify")
    one = Manager("\0" + name if request.param == "abstract" else name)
    yield one, Notifier({"NOTIFY_SOCKET": "@" + name if request.param == "abstract" else name})
    one.socket.close()


def record(**facts: object) -> CycleRecord:
    one = CycleRecord(symbol="EURUSD", mode="dry-run", started_s=1.0)
    for name, value in facts.items():
        setattr(one, name, value)
    return one


def test_each_state_is_said_as_systemd_reads_it(manager: tuple[Manager, Notifier]) -> None:
    other, notifier = manager
    notifier.ready("two\nlines  of it")
    notifier.beat()
    notifier.reloading()
    notifier.stopping()
    ready, beat, reloading, stopping = other.heard()
    assert ready == "READY=1\nSTATUS=two lines of it"
    assert beat == "WATCHDOG=1"
    first, second = reloading.split("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0
    assert stopping.startswith("STOPPING=1\nSTATUS=stopping")


def test_a_status_holds_no_secret_and_no_essay(manager: tuple[Manager, Notifier]) -> None:
    other, notifier = manager
    logs.learn(["s3cr3t-t0ken"])
    notifier.status(record(status="failed", reason="fetch_http", detail="at s3cr3t-t0ken " + "x" * 999))
    (text,) = other.heard()
    assert "s3cr3t" not in text
    assert text.startswith("STATUS=EURUSD failed: fetch_http: at [hidden] xxx")
    assert len(text) == len("STATUS=") + STATUS_CHARS_MAX


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (
            {"status": "done", "action": "HOLD", "confidence": 0.48984, "reason": "model_hold"},
            "EURUSD HOLD 0.4898 model_hold",
        ),
        (
            {"action": "BUY", "confidence": 0.7, "reason": "signal", "side": "BUY", "outcome": "filled"},
            "EURUSD BUY 0.7000 signal, BUY filled",
        ),
        ({"status": "done", "reason": "market_closed"}, "EURUSD no decision: market_closed"),
        (
            {"action": "HOLD", "confidence": 0.5, "reason": "model_hold", "conditions": ["halted", "kill_switch"]},
            "EURUSD HOLD 0.5000 model_hold [halted, kill_switch]",
        ),
        ({"status": "failed", "reason": "stale", "detail": "old"}, "EURUSD failed: stale: old"),
        (
            {"status": "failed", "reason": "internal_error", "detail": "KeyError: 'x'"},
            "FAULT EURUSD internal_error: KeyError: 'x'",
        ),
        ({"status": "failed", "reason": "core_panic", "detail": "x"}, "FAULT EURUSD core_panic: x"),
    ],
)
def test_the_status_tells_the_last_decision(facts: dict[str, object], line: str) -> None:
    assert told(record(**facts)) == line


def test_with_several_symbols_a_fault_stays_in_front_and_first_cycles_are_counted(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    other = Manager(address)
    notifier = Notifier({"NOTIFY_SOCKET": address}, symbols=2)
    fine = {"status": "done", "reason": "market_closed"}
    fault = {"status": "failed", "reason": "internal_error", "detail": "x"}
    for symbol, facts in (("A", fine), ("B", fault), ("A", fine), ("B", fine), ("A", fine)):
        one = record(**facts)
        one.symbol = symbol
        notifier.status(one)
    other.socket.setblocking(False)
    assert [line.removeprefix("STATUS=") for line in other.heard()] == [
        "first cycles: 1 of 2; A no decision: market_closed",
        "FAULT B internal_error: x",
        "FAULT B internal_error: x",
        "B no decision: market_closed",
        "A no decision: market_closed",
    ]
    other.socket.close()


def test_nobody_listens_and_nobody_is_disturbed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier({}).ready("nobody")
    gone = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    gone.beat()
    gone.beat()
    assert len([line for line in caplog.messages if "systemd does not take" in line]) == 1


def test_a_full_queue_does_not_hold_up_the_loop(manager: tuple[Manager, Notifier]) -> None:
    other, notifier = manager
    for _ in range(2000):  # far more than any queue of datagrams holds; a blocking send would hang here
        notifier.beat()
    assert other.heard()[0] == "WATCHDOG=1"


def test_a_cycle_that_hangs_is_not_covered_by_the_others(tmp_path: Path) -> None:
    heard = Heard()
    floor = Floor(tmp_path, ["EURUSD", "GBPUSD"], cycle_budget_s=0.0, notifier=heard)
    released = hold(floor.markets["GBPUSD"])

    def beats(after_s: float) -> bool:
        floor.clock.wait_s(after_s)
        heard.beats = 0
        floor.daemon._beat()
        return heard.beats == 1

    try:
        floor.minute()
        floor.settle("EURUSD")
        assert beats(0.0), "a cycle may take its time"
        assert beats(119.0)
        assert not beats(2.0)
        released.set()
        floor.settle("GBPUSD")
        assert beats(0.0), "it came back"
    finally:
        released.set()
        floor.close()
    floor.daemon.close(0.0)
    assert heard.stops == 1, "said once, however often it is closed"


def test_every_turn_of_the_loop_beats(tmp_path: Path) -> None:
    heard = Heard()
    floor = Floor(tmp_path, ["EURUSD"], notifier=heard)
    try:
        floor.daemon.tick()
        floor.daemon.tick()
    finally:
        floor.close()
    assert heard.beats == 2


class Heard(Notifier):
    """Counts instead of telling."""

    def __init__(self) -> None:
        super().__init__({})
        self.beats = self.stops = 0

    def beat(self) -> None:
        self.beats += 1

    def stopping(self) -> None:
        self.stops += 1
