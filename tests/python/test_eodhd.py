"""The market data client against a real HTTP server: every fault has its class, every wait its end, no token leaks."""

from __future__ import annotations

import gzip
import socket
import time

import pytest

from mt5_sentinel.adapters import eodhd
from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.errors import SentinelError, Transient
from tests.python import bodies
from tests.python.eodhd_server import Answer, Drip, EodhdServer, free_port

TOKEN = "s3cr3t-t0ken"
NOW_S = 1_700_000_000
FROM_S = NOW_S - 500 * bodies.HOUR_S
BODY = bodies.body(bodies.hourly(NOW_S, 300))
BUDGET_S = 0.4


def nothing() -> None:
    """What a request costs here."""


def market(url: str, timeout_s: float = 5.0) -> EodhdMarket:
    """Without waits between requests."""
    return EodhdMarket(
        url, token=TOKEN, symbol="EURUSD.FOREX", interval="1h", timeout_s=timeout_s, pause=lambda wait_s: None
    )


def fetch(source: EodhdMarket) -> bytes:
    return source.fetch(FROM_S, NOW_S, nothing).body


def failure(source: EodhdMarket) -> SentinelError:
    with pytest.raises(SentinelError) as caught:
        source.fetch(FROM_S, NOW_S, nothing)
    return caught.value


def test_the_request_says_everything_the_api_wants(server: EodhdServer) -> None:
    server.respond(200, BODY)
    page = market(f"{server.url}/").fetch(FROM_S, NOW_S, nothing)
    assert (page.body, page.remaining) == (BODY, None)
    (request,) = server.requests
    assert request.path == "/api/intraday/EURUSD.FOREX"
    assert sorted(request.query) == ["api_token", "fmt", "from", "interval", "to"]
    assert request.query["api_token"] == [TOKEN]
    assert (request.query["fmt"], request.query["interval"]) == (["json"], ["1h"])
    assert (request.query["from"], request.query["to"]) == ([str(FROM_S)], [str(NOW_S)])
    assert request.headers["Accept-Encoding"] == "gzip"


def test_odd_characters_of_a_token_are_escaped(server: EodhdServer) -> None:
    odd = "a&fmt=csv#+ %/é"
    EodhdMarket(server.url, token=odd, symbol="X", interval="1m", timeout_s=5).fetch(NOW_S - 60, NOW_S, nothing)
    assert server.requests[0].query["api_token"] == [odd]
    assert server.requests[0].query["fmt"] == ["json"]


def test_a_gzipped_body_is_unpacked(server: EodhdServer) -> None:
    server.respond(200, gzip.compress(BODY), {"Content-Encoding": "gzip"})
    assert market(server.url).fetch(FROM_S, NOW_S, nothing).body == BODY


def test_a_redirect_is_not_followed(server: EodhdServer) -> None:
    with EodhdServer() as elsewhere:
        server.respond(302, b"", {"Location": f"{elsewhere.url}/steal"})
        error = failure(market(server.url))
        assert (type(error), error.reason) == (Transient, "fetch_302")
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("delay_s", "drip"),
    [
        (30.0, None),
        (0.0, Drip(10, 0.05)),  # minutes in all
        (0.0, Drip(len(BODY) // 3, 0.3)),
        (0.0, Drip(1, 0.05, head=True)),
        (0.0, Drip(len(BODY) - 1, BUDGET_S - 0.1)),
    ],
    ids=["silent", "slow body", "half, then a stall", "slow head", "late, then a stall"],
)
def test_the_budget_is_for_the_whole_fetch(server: EodhdServer, delay_s: float, drip: Drip | None) -> None:
    server.respond(200, BODY, delay_s=delay_s, drip=drip)
    started = time.monotonic()
    error = failure(market(server.url, BUDGET_S))
    assert (type(error), error.reason) == (Transient, "fetch_timeout")
    assert time.monotonic() - started < 15, "a body of 40,000 bytes drips for minutes"


def test_a_server_that_accepts_and_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        error = failure(market(f"http://127.0.0.1:{deaf.getsockname()[1]}", BUDGET_S))
    assert (type(error), error.reason) == (Transient, "fetch_timeout")


def test_nobody_listens() -> None:
    error = failure(market(f"http://127.0.0.1:{free_port()}"))
    assert (type(error), error.reason) == (Transient, "fetch_connection")


def test_a_name_that_does_not_exist() -> None:
    error = failure(market("http://no-such-host.invalid"))
    assert isinstance(error, Transient)
    assert error.reason in ("fetch_connection", "fetch_timeout")


def test_a_body_cut_short(server: EodhdServer) -> None:
    server.respond(200, BODY[:1000], {"Content-Length": str(len(BODY))})
    error = failure(market(server.url))
    assert (type(error), error.reason) == (Transient, "fetch_connection")


PACKED = gzip.compress(BODY)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"not gzip at all", "gzip"),
        (PACKED[:-300], "gzip"),
        (PACKED[:-1], "gzip"),
        (PACKED[:-8] + bytes(8), "gzip"),
        (PACKED + PACKED, "gzip"),
        (PACKED + b"more", "gzip"),
        (BODY, "br"),
    ],
    ids=["no gzip", "cut", "last byte cut", "checksum", "two", "more", "another encoding"],
)
def test_a_damaged_packed_body_is_a_broken_connection(server: EodhdServer, body: bytes, encoding: str) -> None:
    server.respond(200, body, {"Content-Encoding": encoding})
    error = failure(market(server.url))
    assert (type(error), error.reason) == (Transient, "fetch_connection")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"", raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
        Answer(200, b"", raw=b""),
        Answer(200, BODY[:1000], {"Content-Length": str(len(BODY))}, reset=True),
        Answer(200, BODY, {"Content-Length": "3, 5"}),
        Answer(200, b"zz\r\n", {"Transfer-Encoding": "chunked"}),
        Answer(200, b"", raw=b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * 200 + b"\r\n"),
        Answer(200, b"", raw=b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n"),
    ],
    ids=["not http", "hung up", "reset", "two lengths", "bad chunk", "many headers", "long header"],
)
def test_a_broken_conversation_is_a_broken_connection(server: EodhdServer, answer: Answer) -> None:
    server.play(lambda request: answer)
    error = failure(market(server.url))
    assert (type(error), error.reason) == (Transient, "fetch_connection")
    assert len(server.requests) == 3


def test_an_endless_body_ends_with_the_budget(server: EodhdServer) -> None:
    server.play(lambda request: Answer(200, b" ", endless=True, drip=None))
    assert failure(market(server.url, BUDGET_S)).reason in ("fetch_timeout", "fetch_too_large")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_body_beyond_all_measure_is_refused(
    server: EodhdServer, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(eodhd, "BODY_BYTES_MAX", 100_000)
    bomb = b" " * 200_000
    server.respond(200, gzip.compress(bomb) if encoding == "gzip" else bomb, {"Content-Encoding": encoding})
    error = failure(market(server.url))
    assert (type(error), error.reason, len(server.requests)) == (Transient, "fetch_too_large", 1)


def test_after_any_failure_the_next_fetch_works(server: EodhdServer) -> None:
    source = market(server.url, BUDGET_S)
    for answer in ((502, b""), (200, BODY, None, 1.0), (200, BODY[:100], {"Content-Length": "5000"})):
        server.respond(*answer)
        failure(source)
    server.respond(200, BODY)
    assert source.fetch(FROM_S, NOW_S, nothing).body == BODY
