"""The token against a server that repeats it in every way: no error, log, traceback, file or page may show it."""

from __future__ import annotations

import copy
import dataclasses
import io
import logging
import pickle
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock
from urllib.parse import quote, quote_plus

import prometheus_client
import pytest

from mt5_sentinel import logs
from mt5_sentinel.adapters import eodhd
from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.adapters.replay import ReplayClock
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.metrics import Metrics
from mt5_sentinel.present import Present
from mt5_sentinel.secret import Secret
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import CycleRecord
from mt5_sentinel.web.probes import Probes
from tests.python import bodies
from tests.python.conftest import Running, Sentinel
from tests.python.eodhd_day import Day
from tests.python.eodhd_faults import FAULTS, constant
from tests.python.eodhd_feed import Feed
from tests.python.eodhd_server import Answer, EodhdServer, Request, Script, free_port
from tests.python.fakes import BUY, HOUR_S, SELL
from tests.python.scraped import facts

TOKEN = "s3cr3t/t0k&n+x"
SHAPES = sorted({TOKEN, quote(TOKEN), quote(TOKEN, safe=""), quote_plus(TOKEN), TOKEN.replace("/", "\\/")})
CORE = "s3cr3t"
"""What every spelling of it holds: none of our own words does."""

NOW_S = 1_700_049_658
SPOKEN = " ".join(SHAPES)
ERRORS = f'{{"errors":{{"api_token":["{SPOKEN.replace(chr(92), "")}"]}}}}'.encode()

SAYING = {
    **FAULTS,
    "json error": constant(422, ERRORS),
    "json error with 200": constant(200, ERRORS),
    "token for a time": constant(200, f'[{{"timestamp":"{TOKEN}","open":1,"high":1,"low":1,"close":1}}]'.encode()),
    "token for a price": constant(200, f'[{{"timestamp":1,"open":"{quote(TOKEN)}"}}]'.encode()),
    "token for a field": constant(200, f'[{{"{TOKEN}":1}}]'.encode()),
    "token for a date": constant(200, b"[]", {"Date": TOKEN}),
    "token for a body": constant(200, SPOKEN.encode()),
    "token at the edge of what is quoted": constant(500, b"x" * 150 + SPOKEN.encode()),
    "token after a colon in the header": constant(200, b"[]", raw=f"HTTP/1.1 {TOKEN}\r\n{TOKEN}\r\n\r\n".encode()),
}


def echoing(script: Script) -> Script:
    """The same answers, with the token everywhere that a length allows."""

    def answer(request: Request) -> Answer:
        one = script(request)
        headers = {"X-Echo": SPOKEN, "Set-Cookie": f"t={TOKEN}", "X-RateLimit-Remaining": TOKEN} | one.headers
        if 300 <= one.status < 400:
            headers["Location"] = f"https://{TOKEN}.example/{TOKEN}?api_token={quote(TOKEN, safe='')}"
        body = one.body if one.status == 200 or one.body.startswith(b"{") else one.body + SPOKEN.encode()
        return dataclasses.replace(one, body=body, headers=headers, phrase=f"{one.phrase} {TOKEN}")

    return answer


def leaks(texts: dict[str, str]) -> list[str]:
    """Where the token stands."""
    return [f"{where}: {text[max(0, text.index(CORE) - 80) :][:200]}" for where, text in texts.items() if CORE in text]


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Everything that is logged at DEBUG, urllib3's own lines too, set up as the daemon does."""
    root, http = logging.getLogger(), logging.getLogger("urllib3")
    handlers, level, http_level = root.handlers[:], root.level, http.level
    stream = io.StringIO()
    logs.set_up("debug", (), stream)
    http.setLevel(logging.DEBUG)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    http.setLevel(http_level)


def market(url: str, timeout_s: float = 0.4) -> EodhdMarket:
    return EodhdMarket(
        url, token=TOKEN, symbol="EURUSD.FOREX", interval="1h", timeout_s=timeout_s, pause=lambda wait_s: None
    )


def outcome(source: EodhdMarket) -> object:
    """What a fetch gives or dies of."""
    try:
        return source.fetch(NOW_S - 500 * HOUR_S, NOW_S, lambda: None)
    except SentinelError as error:
        return error


def shown(what: object) -> dict[str, str]:
    """What a log, a traceback with the variables of its frames, or a debugger would print."""
    texts = {"repr": repr(what), "str": str(what)}
    if isinstance(what, BaseException):
        trace = traceback.TracebackException.from_exception(what, capture_locals=True)
        texts["traceback"] = "".join(trace.format())
        depth, link = 0, what.__cause__ or what.__context__
        while link is not None:
            depth, texts[f"chain {depth}"] = (
                depth + 1,
                repr(link.args)
                + "".join(traceback.TracebackException.from_exception(link, capture_locals=True).format()),
            )
            link = link.__cause__ or link.__context__
    return texts


BAD_URLS: dict[str, Callable[[], str]] = {
    "refused": lambda: f"http://127.0.0.1:{free_port()}",
    "unknown host": lambda: "http://no-such-host.invalid",
    "bad port": lambda: "http://127.0.0.1:99999",
    "bad host": lambda: "http://[",
}


@pytest.mark.parametrize("name", [*SAYING, *BAD_URLS])
def test_no_error_log_line_or_variable_shows_it(server: EodhdServer, name: str, log_lines: io.StringIO) -> None:
    if name in SAYING:
        server.play(echoing(SAYING[name](Feed(bodies.hourly(NOW_S), "1h", now_s=lambda: NOW_S))))
    source = market(server.url if name in SAYING else BAD_URLS[name]())
    with mock.patch.object(eodhd, "BODY_BYTES_MAX", 1 << 20):
        what = outcome(source)
    if isinstance(what, BaseException):
        logging.getLogger("mt5_sentinel").error("!!! CYCLE ERROR: %s", what, exc_info=what)
    texts = shown(what) | {"log": log_lines.getvalue(), "market": repr(source), "its parts": repr(vars(source))}
    assert leaks(texts) == []
    assert (name in SAYING) == bool(server.requests)


def test_the_check_above_would_see_a_leak(server: EodhdServer, log_lines: io.StringIO) -> None:
    source = market(server.url)
    logs.forget()  # nothing is blotted out any more
    server.respond(500, SPOKEN.encode())
    what = outcome(source)
    logging.getLogger("mt5_sentinel").error("!!! CYCLE ERROR", exc_info=what)  # type: ignore[arg-type] # an error
    assert {leak.split(":")[0] for leak in leaks(shown(what) | {"log": log_lines.getvalue()})} >= {"str", "log"}


def test_a_good_fetch_shows_it_only_to_the_debug_lines_of_urllib3(server: EodhdServer, log_lines: io.StringIO) -> None:
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # as the daemon leaves it
    source = market(server.url)
    logs.forget()  # so that nothing is blotted out on its way into the log
    outcome(source)
    assert CORE not in log_lines.getvalue()
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    outcome(source)
    assert CORE in log_lines.getvalue()


def test_settings_and_secrets_are_printed_without_it() -> None:
    settings = Settings(eodhd_api_token=TOKEN)
    assert CORE not in repr(settings)
    assert settings.secrets() == (TOKEN,)
    secret = Secret(TOKEN)
    assert (repr(secret), str(secret), f"{secret}", secret.reveal()) == ("[hidden]", "[hidden]", "[hidden]", TOKEN)
    for road in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not copied"):
            road(secret)


def files_of(state: Path) -> dict[str, str]:
    """Every file of a folder, as text that keeps each byte."""
    return {str(path): path.read_bytes().decode("latin-1") for path in state.rglob("*") if path.is_file()}


def test_no_file_metric_or_page_of_the_daemon_shows_it(tmp_path: Path, log_lines: io.StringIO) -> None:
    metrics, present, pages = Metrics(lambda: 0.0), Present(ReplayClock(NOW_S), "dry-run"), list[str]()
    present.take([facts()])

    def observe(record: CycleRecord) -> None:
        metrics.observe(record)
        present.observe(record)
        pages.append(Probes(present).ready()[1].decode())

    with mock.patch.object(eodhd, "BODY_BYTES_MAX", 1 << 20), Day(tmp_path, TOKEN, observe) as day:
        assert day.cycle(BUY, HOUR_S).status == "done", "the token is the right one"
        found = [leak for name in SAYING for leak in leaks(shown(day.suffer(echoing(SAYING[name](day.feed)), SELL)[0]))]
        texts = files_of(tmp_path) | {
            "log": log_lines.getvalue(),
            "metrics": prometheus_client.generate_latest(metrics.registry).decode(),
            "readyz": "".join(pages),
        }
    assert found + leaks(texts) == []
    assert "fetch_401" in texts["metrics"]
    assert "[hidden]" in texts["log"] and "[hidden]" in texts["readyz"], "the server did repeat it"
    assert len(texts) >= 5, "journal, paper book, log and metrics were looked at"


ALWAYS = {"MT5_SENTINEL_MARKET": "always"}
"""A test runs on weekends too."""

ONCE = [
    "401 `Unauthenticated`",
    "422 period too long",
    "redirect to another host",
    "token for a time",
    "500",
    "gzip cut short",
]


@pytest.mark.parametrize("name", ONCE)
def test_one_cycle_as_a_process_shows_it_nowhere(
    sentinel: Sentinel, server: EodhdServer, environment: dict[str, str], name: str
) -> None:
    server.play(echoing(SAYING[name](Feed(bodies.hourly(time.time()), "1h", now_s=time.time))))
    done = sentinel("run", "--once", "--log-level", "debug", "--eodhd-url", server.url, EODHD_API_TOKEN=TOKEN, **ALWAYS)
    assert done.returncode in (65, 75, 78), done.stderr
    texts = {"stdout": done.stdout, "stderr": done.stderr} | files_of(Path(environment["STATE_DIRECTORY"]))
    assert leaks(texts) == []
    assert len(texts) >= 3
    assert server.requests[0].query["api_token"] == [TOKEN]


def test_a_running_daemon_shows_it_on_no_page(
    daemon: Callable[..., Running], server: EodhdServer, environment: dict[str, str]
) -> None:
    server.play(echoing(constant(422, ERRORS)(Feed([], "1h", now_s=time.time))))
    port = free_port()
    running = daemon("--metrics-port", str(port), "--log-level", "debug", EODHD_API_TOKEN=TOKEN, **ALWAYS)
    running.wait_for("Daemon continues running...")
    texts = {}
    for page in ("metrics", "healthz"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}") as answer:
            texts[page] = answer.read().decode()
    assert running.end() == 0
    texts |= {"log": running.log} | files_of(Path(environment["STATE_DIRECTORY"]))
    assert leaks(texts) == []
    assert "fetch_422" in texts["healthz"]
