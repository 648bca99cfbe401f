"""A local stand-in of the market data API: one-minute bars by a seed, the bar that forms, the real one's dirt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mt5_sentinel import _core
from mt5_sentinel.ops.soak.walk import INTERVAL_S, MINUTES, POINT, Bar

DAYS_MAX = 120
"""Longest period of one-minute bars that a request may ask for."""

TWICE_EVERY, REVISED_EVERY, EMPTY_EVERY = 50, 37, 20
"""One in so many bars stands twice in an answer, is revised a minute after its close, forms without prices."""

Row = dict[str, Any]


class Feed:
    """What the API would answer, as a function of the request and the moment."""

    def __init__(self, round_: Sequence[Bar], calendar: _core.Calendar, utc_s: Callable[[], float], token: str) -> None:
        """Serve a round of bars again and again, in the hours of a calendar, by a clock, to one token."""
        self._round, self._calendar, self._utc_s, self._token = round_, calendar, utc_s, token

    def answer(self, path: str) -> tuple[int, bytes]:
        """Status and body of the answer to a request's path and query."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if query.get("api_token") != self._token:
            return 401, b"Unauthenticated"
        from_s, to_s = int(query["from"]), int(query["to"])
        if query["interval"] != "1m" or to_s - from_s > DAYS_MAX * 86_400:
            said = f'["Max period length is {DAYS_MAX} days"]'
            return 422, f'{{"errors":{{"to":{said},"from":{said}}}}}'.encode()
        return 200, json.dumps(list(self._rows(from_s, min(to_s, int(self._utc_s()))))).encode()

    def date(self) -> str:
        """The ``Date`` of an answer."""
        return formatdate(self._utc_s(), usegmt=True)

    def _rows(self, from_s: int, to_s: int) -> Iterator[Row]:
        now_s = self._utc_s()
        for minute in range(-(-from_s // INTERVAL_S), to_s // INTERVAL_S + 1):
            if not self._calendar.is_open(minute * INTERVAL_S):
                continue
            row = self._row(minute, now_s - minute * INTERVAL_S)
            yield row
            if minute % TWICE_EVERY == 0:
                yield row

    def _row(self, minute: int, age_s: float) -> Row:
        """The bar of a minute, ``age_s`` after it opened."""
        opened, high, low, close, volume = self._round[minute % MINUTES]
        prices: tuple[int | None, ...] = (opened, high, low, close)
        if age_s < INTERVAL_S:
            now = opened + round((close - opened) * age_s / INTERVAL_S)
            prices = (opened, max(opened, now), min(opened, now), now)
            prices = (None,) * 4 if minute % EMPTY_EVERY == 0 else prices
        elif age_s < 2 * INTERVAL_S and minute % REVISED_EVERY == 0:
            prices = (opened, high, low, min(high, close + 1))
        shown = [None if points is None else round(points * POINT, 5) for points in prices]
        moment = datetime.fromtimestamp(minute * INTERVAL_S, timezone.utc)
        times = {"timestamp": minute * INTERVAL_S, "gmtoffset": 0, "datetime": f"{moment:%Y-%m-%d %H:%M:%S}"}
        return times | dict(zip(("open", "high", "low", "close"), shown, strict=True)) | {"volume": volume}


class EodhdServer(ThreadingHTTPServer):
    """Serves a feed on a free port of the loopback."""

    daemon_threads = True

    def __init__(self, feed: Feed) -> None:
        """Listen."""
        self.feed = feed
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: EodhdServer

    def do_GET(self) -> None:
        status, body = self.server.feed.answer(self.path)
        kind = "application/json" if status in (200, 422) else "text/html"
        self.send_response_only(status)
        for name, value in (("Date", self.server.feed.date()), ("Content-Type", kind), ("Content-Length", len(body))):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class names it so
        """Say nothing."""
