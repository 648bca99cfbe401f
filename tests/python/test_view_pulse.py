"""Whether the daemon lives and how large it is, asked of the machine, of /livez and of /metrics."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mt5_sentinel import process_place
from mt5_sentinel.alerting.growth import MIB, Growth
from mt5_sentinel.metrics import Metrics
from mt5_sentinel.types import DeskFacts
from mt5_sentinel.view import pulse
from mt5_sentinel.view.pulse import Pulse, feel
from mt5_sentinel.web.health import Health
from mt5_sentinel.web.server import WebServer
from tests.python.standing_place import FACTS

needs_proc = pytest.mark.skipif(not process_place.here(), reason="this system does not tell of processes in /proc")


class Livez(http.server.BaseHTTPRequestHandler):
    status = 200
    metrics = b""

    def do_GET(self) -> None:
        is_livez = self.path == "/livez"
        self.send_response(type(self).status if is_livez else 200)
        self.end_headers()
        self.wfile.write(b"stuck: a cycle runs for 130 s\nmore\n" if is_livez else type(self).metrics)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def livez(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(Livez, "status", 200)
    monkeypatch.setattr(Livez, "metrics", b"")
    server = http.server.HTTPServer(("127.0.0.1", 0), Livez)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join(10)


def facts(pid: int, port: int = 0, at: str | None = None, host: str = "127.0.0.1") -> DeskFacts:
    where = process_place.here() if at is None else at
    return msgspec.structs.replace(FACTS, pid=pid, pid_place=where, metrics_port=port, metrics_host=host)


@needs_proc
def test_a_process_is_known_by_its_number() -> None:
    # Its command line names the program, as the daemon's does.
    command = [sys.executable, "-c", "print(1, flush=True); input()", "sentinel"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        felt = feel(facts(child.pid))
        assert felt.is_alive
        assert felt.resident_bytes is not None
        assert felt.resident_bytes > MIB
    finally:
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        ended = feel(facts(child.pid))  # not waited for: a zombie keeps its number
        child.communicate()
    assert (ended.is_alive, ended.why) == (False, f"process {child.pid} is gone")
    assert not feel(facts(child.pid)).is_alive
    assert not feel(facts(1)).is_alive, "another program has the number now"
    assert feel(facts(child.pid, at="another boot")).is_alive, "nothing is known of it"
    assert feel(facts(child.pid, at="")).is_alive


@needs_proc
@pytest.mark.parametrize(("at", "told"), [
    ("0f0e an-earlier-namespace", "process 17324 is of an earlier boot, or of another machine"),
    (process_place.here() + "1", "process 17324 cannot be seen from here (another container?)"),
    ("", "process 17324 cannot be looked for"),
])  # fmt: skip
def test_a_process_that_means_nothing_here_is_not_said_to_run(at: str, told: str) -> None:
    assert feel(facts(17324, at=at)).why == told


def test_livez_has_the_word_where_there_is_one(livez: int) -> None:
    assert feel(facts(1, livez)).is_alive
    assert feel(facts(1, livez, host="0.0.0.0")).is_alive  # noqa: S104 - as a setting has it
    Livez.status = 404
    assert feel(facts(1, livez)).is_alive, "an older release"
    Livez.status = 503
    felt = feel(facts(1, livez))
    assert not felt.is_alive
    assert felt.why.endswith(f"/livez on port {livez}: status 503: stuck: a cycle runs for 130 s")
    assert not feel(facts(1, 9)).is_alive


def test_the_light_of_the_daemon() -> None:
    assert pulse.light(Pulse(True, "runs", 7), 119.0).level == "ok"
    assert pulse.light(Pulse(True, "runs", 7), 121.0).level == "bad"
    assert pulse.light(Pulse(False, "gone", 7), 0.0).level == "bad"


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As units with ProtectProc=invisible have it: a process that is there cannot be seen in /proc."""
    monkeypatch.setattr(pulse, "PROC", tmp_path)


@needs_proc
@pytest.mark.usefixtures("hidden")
def test_a_process_that_proc_hides_is_there_until_it_ends() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    felt = feel(facts(child.pid))
    dark = feel(facts(child.pid, 9))
    child.communicate()
    assert felt == Pulse(True, f"process {child.pid} runs", child.pid)
    assert (dark.is_alive, dark.why.partition(";")[0]) == (False, f"process {child.pid} runs"), "it hangs"
    assert feel(facts(child.pid)) == Pulse(False, f"process {child.pid} is gone", child.pid)


@needs_proc
@pytest.mark.usefixtures("hidden")
def test_memory_that_proc_hides_is_told_by_the_daemon() -> None:
    server = WebServer(
        "127.0.0.1", 0, Metrics(lambda: 1.0, ["EURUSD"]).registry, Health(lambda: 0.0, "demo", ["EURUSD"])
    )
    try:
        felt = feel(facts(os.getpid(), server.port))
    finally:
        server.close()
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert felt.resident_bytes == pytest.approx(held, rel=0.1)
    assert Growth().light(felt, 0.0).text.startswith("the daemon holds ")


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize(
    ("page", "known"),
    [
        (b"# HELP a b\nprocess_resident_memory_bytes 7.5e+07\nmore 1.0\n", 75_000_000),
        (b"process_resident_memory_bytes 4096\n", 4096),
        (b"", None),
        (b"process_resident_memory_bytes NaN\n", None),
        (b"process_resident_memory_bytes 1.2.3\n", None),
        (b"x_process_resident_memory_bytes 4096\n", None),
        (b"process_resident_memory_bytes 4096\n" + b"x" * pulse.METRICS_BYTES_MAX, None),
    ],
)
def test_what_metrics_say_of_memory(livez: int, page: bytes, known: int | None) -> None:
    Livez.metrics = page
    felt = feel(facts(1, livez))
    assert (felt.is_alive, felt.resident_bytes) == (True, known)


@pytest.mark.usefixtures("hidden")
def test_metrics_are_not_asked_of_one_that_hangs(livez: int) -> None:
    Livez.metrics, Livez.status = b"process_resident_memory_bytes 4096\n", 503
    assert feel(facts(1, livez)).resident_bytes is None
