"""The gateway's sockets: who is let in, who is answered, and that nobody stalls anybody."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import msgspec
import pytest
import zmq

from mt5_sentinel import curve, wire
from mt5_sentinel.errors import Misconfigured, Transient
from mt5_sentinel.gateway.authority import AllowList
from mt5_sentinel.gateway.server import Server, check_plaintext
from mt5_sentinel.gateway.ticks import Ticks
from tests.python.fake_venue import FakeVenue
from tests.python.gateway_desk import BUY, HandClock
from tests.python.gateway_served import Served

SILENCE_MS = 300

KEY = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
"""How long nothing must come; what would come is there within a few milliseconds."""


def test_a_client_on_the_list_is_served(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        reply = served.ask(served.socket(), served.request("ORDER_SEND", BUY))
        assert reply is not None
        assert (reply.retcode, len(served.bench.venue.executions)) == (wire.DONE, 1)
        assert served.authority is not None
        assert (served.authority.refused, served.server.served, served.server.dropped) == (0, 1, 0)


def test_nobody_else_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Served(tmp_path) as served:
        served.allow("stranger")
        served.allow("daemon")
        body = served.request("ORDER_SEND", BUY)
        for key in ("stranger", None):
            assert served.ask(served.socket(key=key), body, SILENCE_MS) is None
        other_key = curve.create(tmp_path / "other.key")
        assert served.ask(served.socket(server_key=other_key), body, SILENCE_MS) is None, "it is not who it should be"
        assert served.bench.venue.executions == []
        assert served.ask(served.socket(), body) is not None, "and the others are served as before"
        assert served.authority is not None
        assert served.authority.refused >= 1
    assert "which is not on the list of clients" in caplog.text


def test_the_list_is_read_again_when_it_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Served(tmp_path) as served:
        first = served.socket()
        assert served.ask(first, served.request("HEARTBEAT")) is not None
        served.allow("laptop")
        assert served.ask(first, served.request("HEARTBEAT"), SILENCE_MS) is None, "also where it was let in before"
        assert served.ask(served.socket(key="laptop"), served.request("HEARTBEAT")) is not None
        served.list_path.unlink()
        assert served.ask(served.socket(key="laptop"), served.request("HEARTBEAT"), SILENCE_MS) is None
        served.allow("daemon")
        assert served.ask(served.socket(), served.request("HEARTBEAT")) is not None
        assert served.server.dropped == 1


@pytest.mark.parametrize("text", [None, "", f"# {KEY} stolen\n", "nonsense\n", b"\xff\xfe"])
def test_the_last_key_can_be_taken_off_the_list(tmp_path: Path, text: str | bytes | None) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"{KEY} stolen\n", encoding="utf-8")
    clients = AllowList(path)
    assert clients.keys == {KEY}
    path.unlink()
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert clients.keys == set()
    path.write_text(f"{KEY} again\n", encoding="utf-8")
    assert clients.keys == {KEY}


def test_a_bad_line_keeps_no_other_line_from_counting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, other = tmp_path / "list.txt", zmq.curve_keypair()[0].decode()
    path.write_text(f"{KEY}\n{other}\n", encoding="utf-8")
    clients = AllowList(path)
    path.write_text(f"keyy\n{other}\n", encoding="utf-8")
    assert clients.keys == {other}
    assert "list.txt:1: a line begins with a public key" in caplog.text


def test_a_broken_envelope_stalls_nobody(tmp_path: Path) -> None:
    with Served(tmp_path, encrypted=False) as served:
        dealer = served.socket(zmq.DEALER)
        for parts in ([b"no empty part"], [b"a"] * 50, [b"x" * 1000, b"y"]):
            dealer.send_multipart(parts)
        for parts, answers in (([b"", b"{}"], -2), ([b""], -1), ([b"", b""], -1), ([b"", b"{}", b"{}"], -1)):
            dealer.send_multipart(parts)
            assert dealer.poll(5000), parts
            empty, body = dealer.recv_multipart()
            assert (empty, msgspec.json.decode(body, type=wire.Reply).retcode) == (b"", answers)
        dealer.send_multipart([b"hop", b"", served.request("HEARTBEAT")])
        assert dealer.recv_multipart()[:2] == [b"hop", b""]
        dealer.send_multipart([b""] + [b"x"] * 2000)
        assert msgspec.json.decode(dealer.recv_multipart()[1], type=wire.Reply).retcode == wire.MALFORMED
        assert served.server.dropped == 3
        assert served.ask(served.socket(), served.request("HEARTBEAT")) is not None


def test_a_client_that_leaves_before_its_answer_stalls_nobody(tmp_path: Path) -> None:
    with Served(tmp_path, encrypted=False) as served:
        for _ in range(20):
            gone = served.socket()
            gone.send(served.request("HEARTBEAT"))
            gone.close(0)
        assert served.ask(served.socket(), served.request("HEARTBEAT")) is not None


def test_a_client_that_asks_faster_than_it_reads_gets_every_answer(tmp_path: Path) -> None:
    with Served(tmp_path, encrypted=False) as served:
        dealer = served.socket(zmq.DEALER)
        for _ in range(3000):
            dealer.send_multipart([b"", b"{}"])
        for _ in range(3000):
            assert dealer.poll(5000)
            dealer.recv_multipart()
        assert served.server.dropped == 0


def test_a_client_that_never_reads_costs_itself_its_answers(tmp_path: Path) -> None:
    with Served(tmp_path, encrypted=False) as served:
        served.bench.venue.rates = lambda request: {  # type: ignore[method-assign]
            **{"error": False, "ticket": 0, "msg": "", "retcode": wire.DONE},
            "data": {"rates": ["x" * 4_000_000]},
        }
        silent = served.near.socket(zmq.DEALER)
        silent.set(zmq.LINGER, 0)
        silent.set(zmq.RCVHWM, 1)
        silent.connect(f"tcp://127.0.0.1:{served.server.port}")
        for _ in range(60):
            silent.send_multipart([b"", served.request("RATES")])
        deadline = time.monotonic() + 20
        while served.server.dropped == 0 and time.monotonic() < deadline:
            assert served.ask(served.socket(), served.request("HEARTBEAT")) is not None
        silent.close(0)
        assert served.server.dropped > 0
        assert served.ask(served.socket(), served.request("HEARTBEAT")) is not None


def test_long_messages_are_answered_or_their_sender_is_dropped(tmp_path: Path) -> None:
    with Served(tmp_path, encrypted=False) as served:
        reply = served.ask(served.socket(), b"[" * (10 << 20))
        assert reply is not None
        assert (reply.retcode, "10485760 bytes" in reply.msg) == (wire.MALFORMED, True)
        assert served.ask(served.socket(), b"[" * ((16 << 20) + 1), SILENCE_MS) is None
        assert served.server._requests.get(zmq.MAXMSGSIZE) == 16 << 20, "a slow machine is silent too"
        assert served.ask(served.socket(), served.request("HEARTBEAT")) is not None


def test_ticks_are_published_when_they_change(tmp_path: Path) -> None:
    with Served(tmp_path, ticks=("EURUSD", "XAUUSD")) as served:
        served.bench.venue.fails = {}
        ears = served.socket(zmq.SUB, port=served.server.ticks_port)
        ears.set(zmq.SUBSCRIBE, b"EURUSD")
        deaf = served.socket(zmq.SUB, key=None, port=served.server.ticks_port)
        deaf.set(zmq.SUBSCRIBE, b"")
        deadline = time.monotonic() + 10
        heard: list[list[bytes]] = []
        while not heard and time.monotonic() < deadline:
            served.bench.clock.pass_s(0.25)  # each tick is of another second: published
            if ears.poll(50):
                heard.append(ears.recv_multipart())
        assert heard, "no tick came"
        assert heard[0][0] == b"EURUSD"
        tick = msgspec.json.decode(heard[0][1], type=wire.Tick)
        assert (tick.symbol, tick.bid) == ("EURUSD", 1.1)
        while ears.poll(50):
            ears.recv_multipart()
        served.bench.venue.fails = {"tick": RuntimeError("no tick")}
        served.bench.clock.pass_s(1)
        assert not deaf.poll(SILENCE_MS), "nobody listens without a key"
        assert served.ask(served.socket(), served.request("HEARTBEAT")) is not None


class Paper:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_multipart(self, parts: list[bytes], flags: int) -> None:
        self.sent.append(parts[0])


def test_a_tick_is_published_once_and_repeated_now_and_then(tmp_path: Path) -> None:
    clock, socket = HandClock(), Paper()
    venue = FakeVenue(clock.wall_s)
    ticks = Ticks(venue, ["EURUSD", "GBPUSD"], clock.monotonic_s)

    def published() -> int:
        before = len(socket.sent)
        ticks.publish(socket)  # type: ignore[arg-type]
        return len(socket.sent) - before

    assert published() == 2
    clock.pass_s(0.2)
    assert published() == 0, "too soon to ask"
    clock.pass_s(0.05)
    assert published() == 2, "time has passed"
    venue._now_s = lambda: 1.0
    clock.pass_s(0.25)
    assert published() == 2
    clock.pass_s(4.75)
    assert published() == 0, "nothing has changed"
    clock.pass_s(0.25)
    assert published() == 2, "but it is told now and then"
    venue.fails = {"tick": RuntimeError("no tick")}
    clock.pass_s(9)
    assert published() == 0


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with Served(tmp_path, encrypted=False) as served, pytest.raises(Transient, match=r"cannot be bound.*another"):
        facts = (served.context, served.bench.gateway, served.bench.clock)
        Server(*facts, host="127.0.0.1", port=served.server.port)


EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is refused


@pytest.mark.parametrize(
    ("host", "has_key", "allowed", "refused"),
    [
        ("127.0.0.1", False, False, None),
        ("::1", False, False, None),
        (EVERYWHERE, True, False, None),
        (EVERYWHERE, False, True, None),
        (EVERYWHERE, False, False, "whoever reaches it can trade"),
        ("192.168.1.7", False, False, "whoever reaches it can trade"),
        ("::", False, False, "whoever reaches it can trade"),
        ("example.org", True, True, "is no address"),
    ],
)
def test_plain_text_stays_on_this_machine(host: str, has_key: bool, allowed: bool, refused: str | None) -> None:
    if refused is None:
        check_plaintext(host, has_key=has_key, allow_plaintext=allowed)
        return
    with pytest.raises(Misconfigured, match=refused):
        check_plaintext(host, has_key=has_key, allow_plaintext=allowed)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no key in it"),
        ("# nobody yet\n\n", "no key in it"),
        (KEY[:-1], "list.txt:1"),
        (f"{KEY}\n  what is this\n", "list.txt:2"),
        (KEY[:-5] + "#####", "list.txt:1"),
        (b"\xff\xfe", "no text"),
        (None, "cannot be read"),
    ],
)
def test_a_list_of_clients_with_a_fault_is_refused(tmp_path: Path, text: str | bytes | None, fault: str) -> None:
    path = tmp_path / "list.txt"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Misconfigured, match=fault):
        AllowList(path)


def test_a_list_may_be_annotated(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"# clients\n#{KEY}\n\t{KEY} the daemon # at home\r\n#\n", encoding="utf-8")
    assert AllowList(path).keys == {KEY}
