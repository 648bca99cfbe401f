"""The web server under clients that drip, say nothing or take nothing: few threads, and others are answered."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel import bounded_http
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.web import bounded_server as bounded
from mt5_sentinel.web.health import Health
from mt5_sentinel.web.server import WebServer
from tests.python.scraped import get
from tests.python.test_metrics import counting

LARGE = b'"' + b"x" * 50_000_000 + b'"'


@pytest.fixture
def running() -> Iterator[WebServer]:
    """A server with a page that no socket's buffers hold."""
    pages = {"/large": lambda: (200, LARGE), "/livez": lambda: (200, b"{}")}
    server = WebServer("127.0.0.1", 0, counting().registry, health(), pages)
    yield server
    server.close()


def health() -> Health:
    return Health(time.monotonic, "dry-run", ["EURUSD"])


def connected(port: int, count: int, says: bytes = b"G") -> list[socket.socket]:
    found = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(count)]
    for one in found:
        one.sendall(says)
    return found


def handlers() -> int:
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


def hung_up(client: socket.socket) -> bool:
    """Drip once, and see whether the server has had enough."""
    try:
        client.sendall(b"E")
        return client.recv(10) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def ended(client: socket.socket) -> bytes:
    """What comes until the server hangs up."""
    said = b""
    try:
        while part := client.recv(1 << 16):
            said += part
    except ConnectionResetError:
        pass
    return said


def test_clients_that_drip_get_few_threads_and_others_an_answer(running: WebServer) -> None:
    dripping = connected(running.port, 100)
    try:
        for _ in range(3):
            assert get(running.port, "/livez")[0] == 200
            assert handlers() <= bounded.THREADS_MAX
            for one in dripping:
                one.close()
            dripping = connected(running.port, 100)
    finally:
        for one in dripping:
            one.close()


def test_a_request_has_a_deadline_however_it_drips(running: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "REQUEST_S", 1.0)
    (client,) = connected(running.port, 1)
    client.settimeout(0.1)
    until_s = time.monotonic() + 20
    while not hung_up(client):
        assert time.monotonic() < until_s, "each byte gave it another spell"
    client.close()
    assert handlers() <= 1


def test_who_takes_no_answer_gives_its_place_up(running: WebServer) -> None:
    greedy = connected(running.port, bounded.THREADS_MAX, b"GET /large HTTP/1.0\r\n\r\n")
    try:
        time.sleep(bounded.ANSWER_S + 0.1)
        assert get(running.port, "/livez")[0] == 200
    finally:
        for one in greedy:
            one.close()


def test_who_finds_no_place_is_refused(running: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "ANSWER_S", 60.0)
    monkeypatch.setattr(bounded, "REQUEST_S", 60.0)
    greedy = connected(running.port, bounded.THREADS_MAX, b"GET /large HTTP/1.0\r\n\r\n")
    for one in greedy:
        one.recv(1)
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as late:
        assert ended(late).startswith(b"HTTP/1.0 503 ")
    for one in greedy:
        one.close()
    time.sleep(0.2)
    assert get(running.port, "/livez")[0] == 200, "the places came back"


def test_a_thread_that_cannot_be_started_costs_one_connection(
    running: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as none:
        none.setattr(threading.Thread, "start", start)
        for _ in range(bounded.THREADS_MAX + 1):
            with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
                assert ended(client) == b""
    assert get(running.port, "/livez")[0] == 200


def test_a_fetch_without_a_thread_says_so(running: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Timer, "start", start)
    with pytest.raises(bounded_http.FetchError, match="limit of tasks") as caught:
        bounded_http.get(f"http://127.0.0.1:{running.port}/livez", {}, budget_s=5.0, body_bytes_max=100)
    assert caught.value.reason == "no_thread"


def test_a_process_of_few_tasks_fetches_while_clients_drip(running: WebServer) -> None:
    for tool in ("prlimit", "setpriv"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} (of util-linux) is not installed")
    if os.geteuid() != 0:
        pytest.skip("needs root: the limit of tasks counts those of a user, which has to be one of its own")
    script = Path(__file__).with_name("bounded_process.py")
    reads = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")  # the checkout may be closed to it
    user = ("setpriv", "--reuid", "61236", "--regid", "61236", "--clear-groups", *reads)
    command = ["prlimit", "--nproc=48", *user, sys.executable, "-B", str(script)]
    env = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": os.environ["PATH"]}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        dripping = connected(port, 100)
        try:
            assert get(port, "/healthz")[0] == 200, "all that came before it were let in"
            process.stdin.write(f"http://127.0.0.1:{running.port}/livez\n")
            process.stdin.flush()
            tasks, outcome = process.stdout.readline().split()
        finally:
            for one in dripping:
                one.close()
            process.stdin.close()
    assert (int(tasks) <= bounded.THREADS_MAX + 4, outcome) == (True, "200")


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST:9", "127.0.0.1:8000", "[::1]:8000", "10.0.0.7", "localhost."])
def test_this_machine_s_names_are_answered(running: WebServer, name: str) -> None:
    for path in ("/metrics", "/livez"):
        assert get(running.port, path, Host=name)[0] == 200


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example:8000", "a b", "localhost@evil.example", ""])
def test_a_name_of_someone_else_s_reads_nothing(running: WebServer, name: str) -> None:
    for path in ("/metrics", "/healthz", "/livez", "/nowhere"):
        status, _, body = get(running.port, path, Host=name)
        assert (status, body.split(b" ")[0]) == (421, b"ask"), path


def test_two_names_are_none_and_a_probe_without_one_is_answered(running: WebServer) -> None:
    for lines, status in ((b"Host: localhost\r\nHost: localhost\r\n", b"421"), (b"", b"200")):
        (client,) = connected(running.port, 1, b"GET /livez HTTP/1.0\r\n" + lines + b"\r\n")
        assert ended(client).split(b" ")[1] == status
        client.close()


def test_beyond_loopback_a_network_s_names_are_answered() -> None:
    server = WebServer("0.0.0.0", 0, counting().registry, health())  # noqa: S104 - the case
    try:
        assert get(server.port, "/healthz", Host="sentinel.lan:8000")[0] == 200
    finally:
        server.close()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["::1", "::"])
def test_addresses_of_ipv6_are_served(host: str) -> None:
    if not has_ipv6():  # what such a machine has to say is a test all the same
        with pytest.raises(Misconfigured, match="set --metrics-host to an address of this machine"):
            WebServer(host, 0, counting().registry, health())
        return
    server = WebServer(host, 0, counting().registry, health())
    try:
        answer = bounded_http.get(f"http://[::1]:{server.port}/healthz", {}, budget_s=5.0, body_bytes_max=10_000)
        assert (answer.status, json.loads(answer.body)["mode"]) == (200, "dry-run")
    finally:
        server.close()


@pytest.mark.parametrize("host", ["[::1]", "203.0.113.7", "x" * 70])
def test_a_host_that_cannot_be_bound_is_told_as_the_host_s_matter(host: str) -> None:
    with pytest.raises(Misconfigured, match="set --metrics-host to an address of this machine"):
        WebServer(host, 0, counting().registry, health())
