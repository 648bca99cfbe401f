"""Several requests for one fetch: what is asked again, after which wait, within one budget, and in which windows."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import format_datetime

import pytest

from mt5_sentinel import _core
from mt5_sentinel.adapters.eodhd import DAY_S, EodhdMarket
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable
from mt5_sentinel.types import Page
from tests.python import bodies
from tests.python.eodhd_feed import Feed
from tests.python.eodhd_server import Answer, EodhdServer, Request, free_port

NOW_S = 1_700_049_658
ROWS = bodies.hourly(NOW_S, 300)
BODY = bodies.body(ROWS)
FROM_S = ROWS[0]["timestamp"]


class Asked:
    """A market whose waits are noted instead of waited, each as long as it may be."""

    def __init__(self, url: str, interval: str = "1h", timeout_s: float = 15.0) -> None:
        self.paid = 0
        self.waits: list[float] = []
        self.bounds: list[tuple[float, float]] = []
        self.market = EodhdMarket(
            url,
            token="s3cr3t-t0ken",
            symbol="EURUSD.FOREX",
            interval=interval,
            timeout_s=timeout_s,
            pause=self.waits.append,
            jitter=self._longest,
            wall=lambda: float(NOW_S),
        )

    def _longest(self, low: float, high: float) -> float:
        self.bounds.append((low, high))
        return high

    def pay(self) -> None:
        self.paid += 1

    def fetch(self, from_s: int = FROM_S, to_s: int = NOW_S) -> Page:
        return self.market.fetch(from_s, to_s, self.pay)

    def failure(self, from_s: int = FROM_S, to_s: int = NOW_S) -> SentinelError:
        with pytest.raises(SentinelError) as caught:
            self.market.fetch(from_s, to_s, self.pay)
        return caught.value


HEALING = [
    Answer(500, b"oops"),
    Answer(502, b"<html>Bad Gateway</html>"),
    Answer(503, b"busy"),
    Answer(504, b""),
    Answer(429, b"Too Many Requests"),
    Answer(200, BODY[:100], {"Content-Length": "5000"}),
    Answer(200, BODY[:100], {"Content-Length": "5000"}, reset=True),
    Answer(200, BODY, {"Content-Encoding": "gzip"}),
    Answer(200, b"", raw=b"220 mail.example ESMTP\r\n"),
]


@pytest.mark.parametrize("answer", HEALING, ids=lambda answer: f"{answer.status} {answer.body[:9]!r} {answer.reset}")
def test_what_can_heal_is_asked_again_after_growing_waits(server: EodhdServer, answer: Answer) -> None:
    for _ in range(2):
        server.say_once(answer)
    server.respond(200, BODY)
    asked = Asked(server.url)
    page = asked.fetch()
    assert (page.body, asked.paid, len(server.requests)) == (BODY, 3, 3)
    assert asked.waits == [0.5, 1.0]
    assert asked.bounds == [(0.25, 0.5), (0.5, 1.0)]
    assert server.requests[0] == server.requests[2]


@pytest.mark.parametrize("answer", HEALING, ids=lambda answer: f"{answer.status} {answer.body[:9]!r} {answer.reset}")
def test_it_is_asked_three_times_at_most(server: EodhdServer, answer: Answer) -> None:
    server.play(lambda request: answer)
    asked = Asked(server.url)
    error = asked.failure()
    assert isinstance(error, Transient)
    assert (asked.paid, len(server.requests), asked.waits) == (3, 3, [0.5, 1.0])


def test_once_an_outage_shows_a_cycle_asks_once(server: EodhdServer) -> None:
    """Hours of it would otherwise eat the day's quota, and blind the daemon until midnight."""
    server.respond(502, b"<html>Bad Gateway</html>")
    asked = Asked(server.url)
    for paid in (3, 4, 5):
        asked.failure()
        assert asked.paid == paid
    server.respond_once(200, BODY)
    assert asked.fetch().body == BODY
    asked.failure()
    assert asked.paid == 9, "a server that was well is worth three"


def test_a_retry_that_is_not_paid_leaves_the_fault_that_asked_for_it(server: EodhdServer) -> None:
    server.respond(502, b"<html>Bad Gateway</html>")
    asked = Asked(server.url)
    counted = asked.pay

    def pay_once() -> None:
        counted()
        if asked.paid > 1:
            raise Transient("spent", "quota_budget")

    with pytest.raises(Transient) as caught:
        asked.market.fetch(FROM_S, NOW_S, pay_once)
    assert (caught.value.reason, len(server.requests)) == ("fetch_502", 1)
    with pytest.raises(Transient) as refused:
        asked.market.fetch(FROM_S, NOW_S, pay_once)
    assert refused.value.reason == "quota_budget"


def test_a_refused_connection_is_tried_again() -> None:
    asked = Asked(f"http://127.0.0.1:{free_port()}")
    assert (asked.failure().reason, asked.waits) == ("fetch_connection", [0.5, 1.0])


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b"Unauthenticated"),
        (402, b"quota"),
        (403, b"Forbidden"),
        (403, b"<html>Just a moment...</html>"),
        (503, b"<html>Just a moment...</html>"),
        (404, b"Ticker Not Found."),
        (422, b'{"errors":{}}'),
        (418, b""),
        (302, b""),
        (200, b""),
        (200, b"<html></html>"),
        (200, b'{"errors":{}}'),
    ],
)
def test_what_cannot_heal_is_asked_once(server: EodhdServer, status: int, body: bytes) -> None:
    server.respond(status, body)
    asked = Asked(server.url)
    asked.failure()
    assert (asked.paid, len(server.requests), asked.waits) == (1, 1, [])


def http_date(after_s: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW_S + after_s, timezone.utc), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", ["3", http_date(3)])
def test_a_wait_that_fits_is_kept_to(server: EodhdServer, status: int, after: str) -> None:
    server.respond_once(status, b"slow down", {"Retry-After": after, "Date": http_date(0)})
    server.respond(200, BODY)
    asked = Asked(server.url)
    asked.fetch()
    assert (asked.paid, asked.waits) == (2, [3.0])


@pytest.mark.parametrize(("after", "hold_s"), [("3600", 3600.0), (http_date(900), 900.0), ("15", 15.0), ("14", 14.0)])
def test_a_wait_that_does_not_fit_is_told_at_once(server: EodhdServer, after: str, hold_s: float) -> None:
    server.respond(429, b"slow down", {"Retry-After": after, "Date": http_date(0)})
    asked = Asked(server.url)
    error = asked.failure()
    assert (error.reason, error.hold_s, asked.paid, asked.waits) == ("fetch_429", hold_s, 1, [])


def test_silence_is_asked_once_more_and_all_ends_with_the_budget(server: EodhdServer) -> None:
    server.respond(200, BODY, delay_s=60)
    started = time.monotonic()
    asked = Asked(server.url, timeout_s=1.0)
    assert (asked.failure().reason, asked.paid) == ("fetch_timeout", len(server.requests))
    assert 1 <= asked.paid <= 3
    assert time.monotonic() - started < 30
    server.respond_once(200, BODY, delay_s=60)
    server.respond(200, BODY)
    asked = Asked(server.url, timeout_s=8.0)
    assert (asked.fetch().body, asked.paid) == (BODY, 2), "one that hangs does not cost the cycle"


def test_waits_are_part_of_the_budget(server: EodhdServer) -> None:
    server.respond(500, b"")
    asked = Asked(server.url, timeout_s=0.5)
    asked.failure()
    assert (asked.paid, asked.waits) == (1, []), "half a second of wait does not fit into half a second"


def test_the_last_page_tells_date_and_quota(server: EodhdServer) -> None:
    feed = Feed(ROWS, "1h", now_s=lambda: NOW_S - 7, quota=80)
    server.play(feed)
    page = Asked(server.url).fetch()
    assert (page.date, page.remaining) == (http_date(-7), 75)
    assert len(json.loads(page.body)) == 300


def windows(server: EodhdServer) -> list[tuple[int, int]]:
    return [(int(request.query["from"][0]), int(request.query["to"][0])) for request in server.requests]


@pytest.mark.parametrize(("interval", "days"), [("1m", 120), ("5m", 600), ("1h", 7200)])
@pytest.mark.parametrize(("widths", "over_s", "parts"), [(1, 0, 1), (1, 1, 2), (2, 1, 2), (2, 2, 3)])
def test_a_window_is_asked_in_parts_of_what_the_api_answers(
    server: EodhdServer, interval: str, days: int, widths: int, over_s: int, parts: int
) -> None:
    widest_s = days * DAY_S
    span_s = widths * widest_s + over_s
    feed = Feed([], interval, now_s=lambda: NOW_S)
    server.play(feed)
    market = Asked(server.url, interval)
    page = market.fetch(NOW_S - span_s, NOW_S)
    asked = windows(server)
    assert (json.loads(page.body), market.paid, len(asked)) == ([], parts, parts)
    assert (asked[0][0], asked[-1][1]) == (NOW_S - span_s, NOW_S)
    assert all(to_s - from_s <= widest_s for from_s, to_s in asked)
    assert all(after[0] == before[1] + 1 for before, after in itertools.pairwise(asked))


def test_the_parts_are_one_body_without_a_bar_lost_or_twice(server: EodhdServer) -> None:
    start_s = NOW_S - 300 * DAY_S
    rows = [bodies.row(at_s, 1.1, 1.2, 1.0, 1.15, 1) for at_s in range(start_s, NOW_S, DAY_S // 2)]
    server.play(Feed(rows, "1m", now_s=lambda: NOW_S))
    page = Asked(server.url, "1m").fetch(start_s, NOW_S)
    assert (json.loads(page.body), len(server.requests)) == (rows, 3)
    assert len(_core.parse(page.body)) == len(rows)


def test_a_fault_in_a_later_part_ends_the_fetch_and_counts_all_requests(server: EodhdServer) -> None:
    answers: list[Callable[[Request], Answer]] = [Feed([], "1m", now_s=lambda: NOW_S)] * 2
    server.play(lambda request: answers.pop()(request) if answers else Answer(401, b"Unauthenticated"))
    asked = Asked(server.url, "1m")
    assert (asked.failure(NOW_S - 300 * DAY_S).reason, asked.paid) == ("fetch_401", 3)


@pytest.mark.parametrize("broken", [b'[{"timestamp":1700000000,"open":1.1,"hi', b"[1],[2]", b"Timestamp,Open\n"])
def test_a_broken_part_is_never_joined_with_others(server: EodhdServer, broken: bytes) -> None:
    server.respond_once(200, BODY)
    server.respond(200, broken)
    error = Asked(server.url, "1m").failure(NOW_S - 300 * DAY_S)
    assert (type(error), len(server.requests)) == (Unusable, 3)


def test_a_window_of_half_a_century_is_refused_before_anything_is_sent(server: EodhdServer) -> None:
    error = Asked(server.url, "1m").failure(0)
    assert (type(error), error.reason, server.requests) == (Misconfigured, "window_too_wide", [])


def test_an_empty_window_is_an_empty_page(server: EodhdServer) -> None:
    assert Asked(server.url).fetch(NOW_S, NOW_S - 1) == Page(b"[]")
    assert server.requests == []


def test_what_may_not_be_paid_is_not_asked(server: EodhdServer) -> None:
    server.respond(500, b"")
    budget = [True, True, False]

    def pay() -> None:
        if not budget.pop(0):
            raise Transient("the day's share is spent", "quota_share")

    with pytest.raises(Transient) as caught:
        Asked(server.url).market.fetch(FROM_S, NOW_S, pay)
    assert (caught.value.reason, len(server.requests), budget) == ("fetch_500", 2, [])
