"""`mt5-sentinel gateway` and `mt5-sentinel keys` as a person runs them."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq

from mt5_sentinel import curve, wire
from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.gateway_link import ZmqLink
from tests.python.conftest import Running, Sentinel
from tests.python.windows import run_there

Start = Callable[..., tuple[Running, int]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def gateway(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start `mt5-sentinel gateway` on paper and a free port; killed at the end if it still runs."""
    started: list[Running] = []

    def start(*flags: str | Path, state: str = "gateway") -> tuple[Running, int]:
        port = free_port()
        command = [sys.executable, "-m", "mt5_sentinel", "gateway", "--port", str(port), "--ticks-port", "0"]
        command += ["--state-dir", str(tmp_path / state), *map(str, flags)]
        started.append(Running(command, environment, tmp_path / f"gateway{len(started)}.log"))
        started[-1].wait_for("requests at")
        return started[-1], port

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()


def ask(port: int, action: str, payload: Any = None, **keys: Any) -> wire.Reply | None:
    """A reply of a running gateway; keys as ``ZmqLink`` takes them."""
    import time

    link = ZmqLink("127.0.0.1", port, **keys)
    now_s = time.time()
    body = link.exchange(wire.request(action, str(uuid.uuid4()), now_s, now_s + 20, payload or {}), 5.0)
    link.close()
    return None if body is None else msgspec.json.decode(body, type=wire.Reply)


def test_keys_are_made_once_and_shown(sentinel: Sentinel, tmp_path: Path) -> None:
    made = sentinel("keys", "new", "desk", "--dir", tmp_path / "keys")
    path = tmp_path / "keys" / "desk.key"
    public, secret = curve.read_key_pair(path)
    assert (made.returncode, public in made.stdout, secret.reveal() in made.stdout) == (0, True, False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["desk.key"]
    assert sentinel("keys", "show", path).stdout == public + "\n"
    content = path.read_bytes()
    again = sentinel("keys", "new", "desk", "--dir", tmp_path / "keys")
    assert (again.returncode, "never overwritten" in again.stderr, path.read_bytes()) == (78, True, content)
    assert sentinel("keys", "new", "../desk").returncode == 78
    assert sentinel("keys", "new", "desk", "--dir", path).returncode == 65
    assert repr(secret) == "[hidden]"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda text: "", "no `algorithm`|algorithm"),
        (lambda text: "\x00", "no key file"),
        (lambda text: text.replace("curve25519", "ed25519"), "algorithm"),
        (lambda text: text[:-6] + '"\n', "40 characters"),
        (lambda text: text.replace("secret_key", "other"), "40 characters"),
        (lambda text: text.replace('public_key = "', 'public_key = "0')[:-1], "40 characters"),
    ],
)
def test_a_key_file_that_is_none_shows_nothing(tmp_path: Path, change: Callable[[str], str], fault: str) -> None:
    path = tmp_path / "a.key"
    curve.create(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(change(text), encoding="utf-8")
    with pytest.raises(Misconfigured, match=fault) as told:
        curve.read_key_pair(path)
    secrets = [line.split('"')[1] for line in text.splitlines() if line.startswith("secret")]
    assert all(secret[:20] not in str(told.value) for secret in secrets)


def test_a_key_file_is_for_its_owner_and_its_halves_belong_together(tmp_path: Path) -> None:
    path, other = tmp_path / "a.key", tmp_path / "b.key"
    public, other_public = curve.create(path), curve.create(other)
    other.write_text(other.read_text(encoding="utf-8").replace(other_public, public), encoding="utf-8")
    with pytest.raises(Misconfigured, match="does not belong"):
        curve.read_key_pair(other)
    path.chmod(0o640)
    with pytest.raises(Misconfigured, match="mode 640 lets others read"):
        curve.read_key_pair(path)
    with pytest.raises(Misconfigured, match="cannot be read"):
        curve.read_key_pair(tmp_path / "none.key")
    with pytest.raises(Unusable, match="cannot be written"):
        curve.create(tmp_path / "none" / "a.key")
    with pytest.raises(Misconfigured, match="gtw_server_key is no public key"):
        curve.check_public_key(public[:-1], "gtw_server_key")
    curve.check_public_key(public, "gtw_server_key")


def test_a_gateway_on_paper_executes_and_remembers(gateway: Start) -> None:
    running, port = gateway()
    assert ask(port, "KILL_SWITCH", {"on": True, "reason": "a test"}) is not None
    assert running.end() == 0
    assert "stopped; 1 requests answered" in running.log
    running, port = gateway()
    assert "KILL SWITCH is on, nothing is opened: a test" in running.log
    order = {"symbol": "EURUSD", "type": "OP_BUY", "volume": 0.01, "magic": 7}
    halted = ask(port, "ORDER_SEND", order)
    assert halted is not None
    assert halted.retcode == wire.HALTED
    assert ask(port, "KILL_SWITCH", {"on": False}) is not None
    done = ask(port, "ORDER_SEND", order)
    assert done is not None
    assert (done.retcode, done.error) == (wire.DONE, False)
    positions = ask(port, "POSITIONS")
    assert positions is not None
    held = msgspec.json.decode(positions.data, type=wire.Positions).positions
    assert [(one.ticket, one.volume) for one in held] == [(done.ticket, 0.01)]
    assert running.end(signal.SIGINT) == 0


def test_a_second_gateway_leaves_the_first_alone(gateway: Start, sentinel: Sentinel, tmp_path: Path) -> None:
    _, port = gateway()
    same = sentinel("gateway", "--port", free_port(), "--ticks-port", 0, "--state-dir", tmp_path / "gateway")
    assert (same.returncode, "another gateway is writing" in same.stderr) == (75, True)
    other = sentinel("gateway", "--port", port, "--ticks-port", 0, "--state-dir", tmp_path / "other")
    assert (other.returncode, "cannot be bound" in other.stderr) == (75, True)
    assert ask(port, "HEARTBEAT") is not None


def test_an_encrypted_gateway_serves_its_clients(gateway: Start, sentinel: Sentinel, tmp_path: Path) -> None:
    publics = {name: curve.create(tmp_path / f"{name}.key") for name in ("gateway", "daemon", "stranger")}
    clients = tmp_path / "clients.txt"
    clients.write_text(publics["daemon"] + "\n", encoding="utf-8")
    flags = ("--key-file", tmp_path / "gateway.key", "--clients", clients)
    running, port = gateway(*flags, "--host", "0.0.0.0")  # noqa: S104 - that is what the keys are for
    keys = {"server_key": publics["gateway"], "key_file": str(tmp_path / "daemon.key")}
    assert ask(port, "HEARTBEAT", **keys) is not None
    assert publics["gateway"] in running.log
    assert all(curve.read_key_pair(tmp_path / f"{name}.key")[1].reveal() not in running.log for name in publics)
    checked = sentinel(
        *("gateway", "--check", *flags, "--client-key-file", tmp_path / "daemon.key", "--port", port),
        *("--state-dir", tmp_path / "gateway"),
    )
    assert (checked.returncode, checked.stdout.count("✓"), checked.stdout.count("✗")) == (0, 11, 0), checked.stdout
    elsewhere = ("gateway", "--port", port, "--server-key", publics["gateway"])
    mine = ("--client-key-file", tmp_path / "daemon.key")
    assert sentinel(*elsewhere, *mine, "--check").returncode == 0
    assert sentinel(*elsewhere, *mine, "--halt", "a test").returncode == 0
    assert sentinel(*elsewhere, "--resume").returncode == 78
    silent = sentinel(*elsewhere, "--client-key-file", tmp_path / "stranger.key", "--check")
    assert (silent.returncode, "on its list of clients" in silent.stdout) == (1, True)
    stranger = sentinel(
        *("gateway", "--check", *flags, "--client-key-file", tmp_path / "stranger.key", "--port", port),
        *("--state-dir", tmp_path / "gateway"),
    )
    assert stranger.returncode == 1
    assert f"add a line with {publics['stranger']}" in stranger.stdout
    assert "another gateway is writing" in stranger.stdout


def test_the_check_asks_the_broker_where_no_gateway_runs(sentinel: Sentinel, tmp_path: Path) -> None:
    flags = ("gateway", "--check", "--port", free_port(), "--state-dir", tmp_path / "state")
    well = sentinel(*flags)
    assert (well.returncode, well.stdout.count("✓"), "asked directly" in well.stdout) == (0, 10, True), well.stdout
    wrong = sentinel(*flags, "--symbol", "EURUSD", "--symbol", "XAUUSD")
    assert (wrong.returncode, "✗" in wrong.stdout) == (1, True)


def test_the_check_tells_a_kill_switch(gateway: Start, sentinel: Sentinel, tmp_path: Path) -> None:
    _, port = gateway()
    assert sentinel("gateway", "--port", port, "--halt", "the news").returncode == 0
    told = sentinel("gateway", "--check", "--port", port, "--state-dir", tmp_path / "gateway")
    assert told.returncode == 1
    assert "✗ kill switch  on, nothing is opened: the news" in told.stdout
    executed = ask(port, "POSITIONS")
    assert executed is not None
    assert json.loads(bytes(executed.data)) == {"positions": []}, "a check sends nothing"
    assert "openings pass again" in sentinel("gateway", "--port", port, "--resume").stdout
    assert sentinel("gateway", "--check", "--port", port, "--state-dir", tmp_path / "gateway").returncode == 0
    nobody = sentinel("gateway", "--port", free_port(), "--resume")
    assert (nobody.returncode, "did not answer" in nobody.stderr) == (75, True)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--host", "0.0.0.0"), "whoever reaches it can trade"),  # noqa: S104
        (("--key-file", "a.key"), "--clients is not"),
        (("--clients", "a.txt"), "--key-file is not"),
        (("--key-file", "none.key", "--clients", "none.txt"), "cannot be read"),
        (("--volume-lots-max", "0"), "above 0"),
        (("--broker", "mt5"), "exists for Windows only"),
        (("--host", "gateway.example.org"), "is no address"),
        (("--prices", "none.csv"), "none.csv"),
    ],
)
def test_what_can_never_work_is_one_clear_line(
    sentinel: Sentinel, tmp_path: Path, flags: tuple[str, ...], told: str
) -> None:
    ports = ("--port", free_port(), "--ticks-port", 0)
    ended = sentinel("gateway", *ports, "--state-dir", tmp_path / "state", *flags)
    assert ended.returncode in (65, 78)
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_password_is_in_no_line(sentinel: Sentinel, tmp_path: Path) -> None:
    ended = sentinel("gateway", "--broker", "mt5", "--state-dir", tmp_path, MT5_LOGIN="x", MT5_PASSWORD="hunter22!")
    assert (ended.returncode, "MT5_LOGIN" in ended.stderr) == (78, True)
    assert "hunter22!" not in ended.stderr + ended.stdout


def test_ticks_are_published(environment: dict[str, str], tmp_path: Path) -> None:
    port, ticks = free_port(), free_port()
    command = [sys.executable, "-m", "mt5_sentinel", "gateway", "--port", str(port), "--ticks-port", str(ticks)]
    running = Running([*command, "--state-dir", str(tmp_path / "state")], environment, tmp_path / "log")
    with zmq.Context() as context, context.socket(zmq.SUB) as ears:
        ears.set(zmq.LINGER, 0)
        ears.set(zmq.SUBSCRIBE, b"EURUSD")
        ears.connect(f"tcp://127.0.0.1:{ticks}")
        heard = bool(ears.poll(30_000))
        tick = msgspec.json.decode(ears.recv_multipart()[1], type=wire.Tick) if heard else None
    assert running.end() == 0
    assert tick is not None
    assert tick.bid < tick.ask


def test_it_runs_where_windows_lacks_half_of_posix(tmp_path: Path) -> None:
    text = f"""
from pathlib import Path
from mt5_sentinel import curve
from mt5_sentinel.commands import gateway
curve.create(Path("a.key"))
os.chmod("a.key", 0o666)
print(len(curve.read_key_pair(Path("a.key"))[0]), gateway.state_dir())
print(main(["gateway", "--check", "--port", "{free_port()}"]))
"""
    done = run_there(text, tmp_path)
    assert done.stderr == b""
    said = done.stdout.decode().splitlines()
    assert (said[0], said[-1]) == (f"40 {tmp_path / 'mt5-sentinel-gateway'}", "0")


def test_help_names_both_brokers() -> None:
    told = subprocess.run([sys.executable, "-m", "mt5_sentinel", "gateway", "--help"], capture_output=True, check=True)
    assert b"--broker {paper,mt5}" in told.stdout
