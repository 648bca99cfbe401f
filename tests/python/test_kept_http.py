"""Kept connections against a server that plays a script: every wait ends, no answer is taken for another's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mt5_sentinel.bounded_http import Answer, FetchError
from mt5_sentinel.kept_http import KeptHttp
from tests.python.hub_server import HOST, ScriptedHub, dead_port, whole

OK = whole(b"fine")
PATIENT_S, SHORT_S, LONG_S = 20.0, 0.4, 5.0
"""``LONG_S`` is what a wait without an end would take at least; the machine of a test may be slow."""


@pytest.fixture
def connect() -> Iterator[Any]:
    opened: list[KeptHttp] = []

    def to(port: int, timeout_s: float = PATIENT_S, host: str = HOST) -> KeptHttp:
        opened.append(KeptHttp(host, port, timeout_s=timeout_s, body_bytes_max=1000))
        return opened[-1]

    yield to
    for client in opened:
        client.close()


def post(client: KeptHttp) -> Answer:
    return client.post("/invocations", b"{}", "application/json")


def reason(client: KeptHttp) -> tuple[str, str]:
    with pytest.raises(FetchError) as caught:
        post(client)
    return caught.value.reason, str(caught.value)


def test_a_connection_is_used_again(connect: Any) -> None:
    with ScriptedHub([OK], [whole(b"", status="204 No Content")], [whole(b"no", status="500 Oops")], [OK]) as hub:
        client = connect(hub.port)
        assert [post(client)[:2] for _ in range(3)] == [(200, b"fine"), (204, b""), (500, b"no")]
        assert client.get("/ping").body == b"fine"
        assert (hub.connections, len(hub.requests)) == (1, 4)
        assert hub.requests[0].startswith(b"POST /invocations HTTP/1.1\r\n")
        assert b"Content-Type: application/json\r\n" in hub.requests[0]
        assert hub.requests[3].startswith(b"GET /ping HTTP/1.1\r\n")


def test_chunks_and_headers_are_read(connect: Any) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Odd: 1\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n"
    with ScriptedHub([chunked]) as hub:
        client = connect(hub.port)
        answers = [post(client), post(client)]
        assert [answer.body for answer in answers] == [b"fine", b"fine"]
        assert answers[0].headers["x-odd"] == "1"
        assert hub.connections == 1


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_kept_connection_that_ended_is_replaced_unseen(connect: Any, end: str) -> None:
    with ScriptedHub([OK, end], [OK]) as hub:
        client = connect(hub.port)
        post(client)
        wait_until(lambda: hub.ended == 1)
        assert post(client).body == b"fine"
        assert (hub.connections, len(hub.requests)) == (2, 2), "no request was wasted on the dead one"


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_kept_connection_that_ends_on_the_request_is_tried_once_more(connect: Any, end: str) -> None:
    with ScriptedHub([OK], [end], [OK]) as hub:
        client = connect(hub.port)
        post(client)
        assert post(client).body == b"fine"
        assert (hub.connections, len(hub.requests)) == (2, 3)


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_new_connection_that_ends_is_not_tried_again(connect: Any, end: str) -> None:
    with ScriptedHub([end]) as hub:
        kind, text = reason(connect(hub.port))
        assert kind == "connection"
        assert text.endswith(("RemoteDisconnected", "Connection reset by peer")), text
        assert len(hub.requests) == 1
    with ScriptedHub([OK], [end]) as hub:
        client = connect(hub.port)
        post(client)
        assert reason(client)[0] == "connection"
        assert len(hub.requests) == 3, "the kept one, and one new one"


@pytest.mark.parametrize(
    "script",
    [
        [30.0],
        [OK[:10], 30.0],
        [byte for i in range(len(OK)) for byte in (OK[i : i + 1], 0.3)],
        [whole(b"", length=500)] + [b"x", 0.3] * 100,
        [b"HTTP/1.1 100 Continue\r\n\r\n", 0.3] * 100,
        [b"HTTP/1.1 200 OK\r\n"] + [b"X-A: b\r\n", 0.3] * 90,
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"1\r\nx\r\n", 0.3] * 100,
    ],
    ids=["silent", "half a head", "drip", "drip of a body", "endless continue", "drip of headers", "drip of chunks"],
)
def test_the_deadline_is_for_the_whole_answer(connect: Any, script: list[Any]) -> None:
    with ScriptedHub(script) as hub:
        started = time.monotonic()
        assert reason(connect(hub.port, SHORT_S)) == ("timeout", "no whole answer within 0.4 s")
        assert time.monotonic() - started < LONG_S


def test_the_second_try_has_what_the_first_left(connect: Any) -> None:
    with ScriptedHub([OK], [0.3, "close"], [0.3, OK]) as hub:
        client = connect(hub.port, SHORT_S)
        post(client)
        assert reason(client)[0] == "timeout"
        assert len(hub.requests) == 3


def test_the_answer_of_a_request_given_up_is_not_the_next_ones(connect: Any) -> None:
    with ScriptedHub([0.6, whole(b"late")], [OK]) as hub:
        client = connect(hub.port, SHORT_S)
        assert reason(client)[0] == "timeout"
        assert post(client).body == b"fine"
        assert hub.connections == 2


def test_what_nobody_asked_for_ends_a_connection(connect: Any) -> None:
    """A body longer than its length would otherwise begin the next answer."""
    with ScriptedHub([whole(b"fine"), 0.05, whole(b"evil")], [OK]) as hub:
        client = connect(hub.port)
        post(client)
        wait_until(lambda: hub.played == 1)
        assert post(client).body == b"fine"
        assert hub.connections == 2


@pytest.mark.parametrize(
    "script",
    [
        [whole(b"half", length=8), "close"],
        [whole(b"", length=8), "close"],
        [whole(b"half", length=8), "reset"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha", "close"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nha", "close"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc", "close"],
        [b"SSH-2.0-OpenSSH_9.6\r\n", "close"],
        [b"\x00\xff\r\n\r\n", "close"],
        [b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200 + b"\r\n"],
        [b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 70_000 + b"\r\n\r\n"],
    ],
    ids=["short", "none", "reset", "chunk", "no chunk", "negative chunk", "no HTTP", "binary", "headers", "header"],
)
def test_a_broken_answer_is_none(connect: Any, script: list[Any]) -> None:
    with ScriptedHub(script) as hub:
        kind, text = reason(connect(hub.port))
        assert kind == "connection"
        assert len(text) < 100
        assert "SSH" not in text


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_bounded(connect: Any, chunked: bool) -> None:
    fits, beyond = b"x" * 1000, b"x" * 1001

    def answer(body: bytes) -> bytes:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body)
        return head + body + b"\r\n0\r\n\r\n" if chunked else whole(body)

    with ScriptedHub([answer(fits)], [answer(beyond)], [OK]) as hub:
        client = connect(hub.port)
        assert post(client).body == fits
        assert reason(client) == ("too_large", "more than 1000 bytes came")
        assert post(client).body == b"fine"
        assert hub.connections == 2, "the rest of a body is never read as an answer"


def test_a_redirect_is_not_followed(connect: Any) -> None:
    with ScriptedHub([OK]) as elsewhere:
        place = f"Location: http://{HOST}:{elsewhere.port}/\r\n"
        with ScriptedHub([whole(b"", status="302 Found", headers=place)]) as hub:
            assert post(connect(hub.port)).status == 302
        assert elsewhere.requests == []


def test_nobody_at_home_is_told(connect: Any) -> None:
    kind, text = reason(connect(dead_port()))
    assert (kind, text) == ("connection", "no connection: Connection refused")
    assert reason(connect(1, host="a..b"))[0] == "connection", "a name that cannot be looked up"


def test_threads_share_a_client(connect: Any) -> None:
    bodies: list[bytes] = []
    with ScriptedHub([0.05, OK]) as hub:
        client = connect(hub.port)

        def ask() -> None:
            bodies.extend(post(client).body for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert bodies == [b"fine"] * 20
        assert hub.connections <= 4


def test_closing_closes_what_is_kept(connect: Any) -> None:
    with ScriptedHub([OK]) as hub:
        client = connect(hub.port)
        post(client)
        client.close()
        wait_until(lambda: hub.ended == 1)
        assert post(client).body == b"fine"
        wait_until(lambda: hub.ended == 2)


def wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + PATIENT_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.005)
    time.sleep(0.02)  # what was sent or closed reaches the other end of the loopback
