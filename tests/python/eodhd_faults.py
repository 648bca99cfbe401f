"""Everything the market data API, and what stands before it, can do wrong: one script each."""

from __future__ import annotations

import dataclasses
import gzip
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from tests.python.eodhd_feed import Feed
from tests.python.eodhd_server import Answer, Drip, Request, Script

CHALLENGE = (
    b'<!DOCTYPE html>\n<html lang="en-US">\n<head><title>Just a moment...</title></head>\n<body>\n'
    b'<script>window._cf_chl_opt = {cType: "managed"};</script>\n</body>\n</html>\n'
)
PORTAL = b"<html><head><title>Guest network</title></head><body>Please sign in</body></html>"
NGINX = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center>nginx/1.19.10</center></body>\r\n</html>"
)
PERIOD = b'{"errors":{"to":["Max period length is 600 days"],"from":["Max period length is 600 days"]}}'
HTML = {"Content-Type": "text/html; charset=UTF-8"}

Make = Callable[[Feed], Script]
Rows = list[dict[str, Any]]


def constant(status: int, body: bytes, headers: dict[str, str] | None = None, **more: Any) -> Make:
    """Always the same answer, at the feed's time."""
    return lambda feed: lambda request: Answer(status, body, {"Date": feed.date()} | (headers or {}), **more)


def changed(change: Callable[[Answer], Answer]) -> Make:
    """The right answer, damaged on its way."""
    return lambda feed: lambda request: change(feed(request))


def rows_changed(change: Callable[[Rows], Rows]) -> Make:
    """The right answer with other rows."""
    return changed(
        lambda answer: dataclasses.replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())
    )


def skewed(by_s: float) -> Make:
    """The right answer by a server whose clock is off."""

    def make(feed: Feed) -> Script:
        def script(request: Request) -> Answer:
            answer = feed(request)
            moment = datetime.fromtimestamp(feed.now_s() + by_s, timezone.utc)
            return with_headers(answer, Date=format_datetime(moment, usegmt=True))

        return script

    return make


def retry_at(after_s: float) -> Make:
    """429 with the moment from which on it may be asked again."""

    def make(feed: Feed) -> Script:
        def script(request: Request) -> Answer:
            moment = datetime.fromtimestamp(feed.now_s(), timezone.utc) + timedelta(seconds=after_s)
            return Answer(
                429, b"Too Many Requests", {"Date": feed.date(), "Retry-After": format_datetime(moment, True)}
            )

        return script

    return make


def with_headers(answer: Answer, **headers: str) -> Answer:
    """The answer with these headers besides."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return dataclasses.replace(answer, headers=answer.headers | named)


def twice(rows: Rows) -> Rows:
    """Every row two times, one after the other."""
    return [copy for row in rows for copy in (row, row)]


def shuffled(rows: Rows) -> Rows:
    """The rows in no order."""
    return random.Random(7).sample(rows, len(rows))  # noqa: S311 - no secret


def revised(rows: Rows) -> Rows:
    """The last closed bars come a second time with another close: the later row counts."""
    return rows + [row | {"close": row["low"]} for row in rows[-4:-1]]


def without_prices(rows: Rows) -> Rows:
    """Null in all rows, as the API sends for hours it has no prices of."""
    return [row | dict.fromkeys(("open", "high", "low", "close", "volume")) for row in rows]


def some_without_prices(rows: Rows) -> Rows:
    """Null in every third row, never in the newest two."""
    nulls = without_prices(rows)
    return [nulls[i] if i % 3 == 0 and i < len(rows) - 2 else row for i, row in enumerate(rows)]


def _gzip_cut(answer: Answer) -> Answer:
    packed = gzip.compress(answer.body)
    return with_headers(dataclasses.replace(answer, body=packed[: len(packed) // 2]), Content_Encoding="gzip")


def _reset(answer: Answer) -> Answer:
    half = dataclasses.replace(answer, body=answer.body[: len(answer.body) // 2], reset=True)
    return with_headers(half, Content_Length=str(len(answer.body)))


FAULTS: dict[str, Make] = {
    "401 `Unauthenticated`": constant(401, b"Unauthenticated", HTML),
    "402 quota is spent": constant(402, b"You exceeded your daily API requests limit."),
    "403 `Forbidden`": constant(403, b"Forbidden"),
    "403 challenge page of the CDN": constant(403, CHALLENGE, HTML),
    "503 challenge page of the CDN": constant(503, CHALLENGE, HTML),
    "403 HTML page of a proxy": constant(403, PORTAL, HTML),
    "404 unknown symbol": constant(404, b"Ticker Not Found."),
    "422 period too long": constant(422, PERIOD),
    "429": constant(429, b"Too Many Requests"),
    "429, Retry-After: 1": constant(429, b"Too Many Requests", {"Retry-After": "1"}),
    "429, Retry-After: 3600": constant(429, b"Too Many Requests", {"Retry-After": "3600"}),
    "429, Retry-After: a date in 10 minutes": retry_at(600),
    "500": constant(500, b"Server Error"),
    "502 HTML page": constant(502, NGINX, HTML),
    "503 plain": constant(503, b"Service Unavailable"),
    "redirect to another host": constant(302, b"", {"Location": "https://elsewhere.example/login"}),
    "200 with an HTML page": constant(200, PORTAL, HTML),
    "200 with a challenge page": constant(200, CHALLENGE, HTML),
    "200 with an empty body": constant(200, b""),
    "200 with an error object": constant(200, b'{"code":500,"message":"try again later"}'),
    "200 with plain text": constant(200, b"Ticker Not Found."),
    "empty array": constant(200, b"[]"),
    "JSON cut short, length right": changed(lambda a: dataclasses.replace(a, body=a.body[:-40])),
    "Content-Length too long": changed(lambda a: with_headers(a, Content_Length=str(len(a.body) + 100))),
    "Content-Length too short": changed(lambda a: with_headers(a, Content_Length=str(len(a.body) - 40))),
    "gzip cut short": changed(_gzip_cut),
    "reset in mid-body": changed(_reset),
    "garbage for a status line": constant(200, b"", raw=b"220 mail.example ESMTP\r\n"),
    "accepts and stays silent": constant(200, b"[]", delay_s=60.0),
    "slow drip of the head": constant(200, b"[]", drip=Drip(1, 0.05, head=True), phrase="OK" + " " * 9000),
    "slow drip of the body": constant(200, b" " * 9000 + b"[]", drip=Drip(1, 0.05)),
    "endless body": constant(200, b" " * 65_536, endless=True),
    "rows twice": rows_changed(twice),
    "rows shuffled": rows_changed(shuffled),
    "rows revised in one answer": rows_changed(revised),
    "some rows without prices": rows_changed(some_without_prices),
    "all rows without prices": rows_changed(without_prices),
    "no Date header": changed(lambda a: dataclasses.replace(a, headers={})),
    "server's clock 10 minutes ahead": skewed(600),
    "server's clock 10 minutes behind": skewed(-600),
}
"""Name as the documentation shows it → script made of the feed that is well otherwise."""

REFUSED = "connection refused"
"""The one fault that has no script: nobody listens."""
