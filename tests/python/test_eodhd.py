"""The market data client against a real HTTP server: every fault has its class, every wait its end, no token leaks."""

from __future__ import annotations

import contextlib
import gzip
import io
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator

import pytest

from mt5_sentinel import logs
from mt5_sentinel.adapters import eodhd
from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable
from tests.python import bodies
from tests.python.eodhd_server import Drip, EodhdServer, free_port

TOKEN = "s3cr3t-t0ken"
NOW_S = 1_700_000_000.9
BODY = bodies.body(bodies.hourly(NOW_S, 300))
BUDGET_S = 0.4


def market(url: str, timeout_s: float = 5.0) -> EodhdMarket:
    return EodhdMarket(url, token=TOKEN, symbol="EURUSD.FOREX", interval="1h", window_s=500 * 3600, timeout_s=timeout_s)


def failure(source: EodhdMarket) -> SentinelError:
    with pytest.raises(SentinelError) as caught:
        source.history(NOW_S)
    return caught.value


def test_the_request_says_everything_the_api_wants(server: EodhdServer) -> None:
    server.respond(200, BODY)
    assert market(f"{server.url}/").history(NOW_S) == BODY
    (request,) = server.requests
    assert request.path == "/api/intraday/EURUSD.FOREX"
    assert sorted(request.query) == ["api_token", "fmt", "from", "interval", "to"]
    assert request.query["api_token"] == [TOKEN]
    assert (request.query["fmt"], request.query["interval"]) == (["json"], ["1h"])
    assert request.query["to"] == ["1700000000"]
    window_s = 1_700_000_000 - int(request.query["from"][0])
    assert window_s >= 500 * 3600 * 168 / 120, "500 bars of trading time reach back over the weekends"
    assert window_s <= 7200 * 86_400
    assert request.headers["Accept-Encoding"] == "gzip"


def test_odd_characters_of_a_token_are_escaped(server: EodhdServer) -> None:
    odd = "a&fmt=csv#+ %/é"
    EodhdMarket(server.url, token=odd, symbol="X", interval="1m", window_s=60, timeout_s=5).history(NOW_S)
    assert server.requests[0].query["api_token"] == [odd]
    assert server.requests[0].query["fmt"] == ["json"]


def test_a_gzipped_body_is_unpacked(server: EodhdServer) -> None:
    server.respond(200, gzip.compress(BODY), {"Content-Encoding": "gzip"})
    assert market(server.url).history(NOW_S) == BODY


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (401, b"<html>Unauthenticated</html>", Misconfigured, "fetch_401"),
        (402, b"You exceeded your daily API requests limit.", Transient, "fetch_402"),
        (403, b"Forbidden", Misconfigured, "fetch_403"),
        (403, b"  \n<!DOCTYPE html><html>Just a moment...</html>", Transient, "fetch_403"),
        (404, b"Symbol not found", Unusable, "fetch_404"),
        (422, b'{"errors":{"to":["Max period length is 600 days"]}}', Misconfigured, "fetch_422"),
        (429, b"Too Many Requests", Transient, "fetch_429"),
        (500, b"oops", Transient, "fetch_500"),
        (502, b"<html>Bad Gateway</html>", Transient, "fetch_502"),
        (503, b"<html>Checking your browser</html>", Transient, "fetch_503"),
        (503, b"busy", Transient, "fetch_503"),
        (504, b"", Transient, "fetch_504"),
        (418, b"", Transient, "fetch_418"),
        (204, b"", Transient, "fetch_204"),
    ],
)
def test_each_status_says_who_acts(
    server: EodhdServer, status: int, body: bytes, kind: type[SentinelError], reason: str
) -> None:
    server.respond(status, body)
    error = failure(market(server.url))
    assert (type(error), error.reason) == (kind, reason)
    assert f"({status}" in str(error)
    assert "\n" not in str(error)
    assert len(server.requests) == 1, "no retry: the next minute is the retry"


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
        (0.0, Drip(10, 0.05)),
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
    took_s = time.monotonic() - started
    assert (type(error), error.reason) == (Transient, "fetch_timeout")
    assert took_s < BUDGET_S * 1.5, f"a budget of {BUDGET_S} s took {took_s:.2f} s"


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


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(BODY)[:-300]], ids=["no gzip", "cut gzip"])
def test_a_broken_gzip_body_is_never_data(server: EodhdServer, body: bytes) -> None:
    server.respond(200, body, {"Content-Encoding": "gzip"})
    with contextlib.suppress(Transient):
        assert market(server.url).history(NOW_S) != BODY  # what is left of it, the parser refuses


def test_bytes_that_are_not_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as odd:

        def answer() -> None:
            connection, _ = odd.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        error = failure(market(f"http://127.0.0.1:{odd.getsockname()[1]}"))
        thread.join()
    assert (type(error), error.reason) == (Transient, "fetch_connection")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_endless_body_is_refused(server: EodhdServer, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setattr(eodhd, "BODY_BYTES_MAX", 100_000)
    bomb = b" " * 200_000
    server.respond(200, gzip.compress(bomb) if encoding == "gzip" else bomb, {"Content-Encoding": encoding})
    error = failure(market(server.url))
    assert (type(error), error.reason) == (Transient, "fetch_too_large")


def test_after_any_failure_the_next_fetch_works(server: EodhdServer) -> None:
    source = market(server.url, BUDGET_S)
    server.respond(200, BODY)
    server.respond_once(502, b"")
    server.respond_once(200, BODY, delay_s=1.0)
    server.respond_once(200, BODY[:100], {"Content-Length": "5000"})
    for _ in range(3):
        failure(source)
    assert source.history(NOW_S) == BODY


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Everything that is logged at DEBUG, set up as the daemon does, but without redaction."""
    root, http = logging.getLogger(), logging.getLogger("urllib3")
    handlers, level, http_level = root.handlers[:], root.level, http.level
    stream = io.StringIO()
    logs.set_up("debug", (), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    http.setLevel(http_level)


def texts(error: BaseException | None) -> Iterator[str]:
    """What a log, a traceback or a debugger would print of an error and everything behind it."""
    while error is not None:
        yield str(error)
        yield repr(error)
        yield repr(error.args)
        error = error.__cause__ or error.__context__


FAULTS = ["refused", "unknown host", "bad url", "timeout", "cut short", "broken gzip", "redirect", "401", "403", "500"]


def fault_of(server: EodhdServer, name: str) -> str:
    """Script a fault; the URL that shows it."""
    if name == "refused":
        return f"http://127.0.0.1:{free_port()}"
    if name == "unknown host":
        return "http://no-such-host.invalid"
    if name == "bad url":
        return "http://127.0.0.1:99999"
    if name == "timeout":
        server.respond(200, BODY, delay_s=5)
    elif name == "cut short":
        server.respond(200, BODY[:10], {"Content-Length": "5000"})
    elif name == "broken gzip":
        server.respond(200, b"no", {"Content-Encoding": "gzip"})
    elif name == "redirect":
        server.respond(302, b"", {"Location": f"/?api_token={TOKEN}"})
    else:
        server.respond(int(name), f"your api_token={TOKEN} is wrong".encode())
    return server.url


@pytest.mark.parametrize("name", FAULTS)
def test_the_token_is_in_no_exception_and_no_log_line(server: EodhdServer, name: str, log_lines: io.StringIO) -> None:
    error = failure(market(fault_of(server, name), BUDGET_S))
    logging.getLogger("mt5_sentinel").error("!!! CYCLE ERROR: %s", error, exc_info=error)
    assert [text for text in texts(error) if TOKEN in text] == []
    assert TOKEN not in "".join(traceback.format_exception(error))
    assert TOKEN not in log_lines.getvalue()
    assert "!!! CYCLE ERROR: EODHD" in log_lines.getvalue() or "CDN" in log_lines.getvalue()


def test_a_good_fetch_logs_no_token_either(server: EodhdServer, log_lines: io.StringIO) -> None:
    server.respond(200, BODY)
    source = market(server.url)
    logs.forget()  # so that nothing is blotted out on its way into the log
    source.history(NOW_S)
    assert TOKEN not in log_lines.getvalue()


def test_the_check_above_would_see_a_leak(server: EodhdServer, log_lines: io.StringIO) -> None:
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    server.respond(200, BODY)
    source = market(server.url)
    logs.forget()  # so that nothing is blotted out on its way into the log
    source.history(NOW_S)
    assert TOKEN in log_lines.getvalue()
