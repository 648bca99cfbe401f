"""Market data from the EODHD intraday API."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from urllib3 import HTTPHeaderDict

from mt5_sentinel import _core, bounded_http, eodhd_answers, logs
from mt5_sentinel.bounded_http import Answer
from mt5_sentinel.eodhd_answers import Fault
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient
from mt5_sentinel.secret import Secret
from mt5_sentinel.types import Page

BODY_BYTES_MAX = 64 << 20
"""No intraday answer comes near this; a larger one is refused instead of filling the memory."""

DAY_S = 86_400

WINDOW_S_MAX = {"1m": 120 * DAY_S, "5m": 600 * DAY_S, "1h": 7200 * DAY_S}
"""Longest window of one request; a longer one is answered with 422."""

WINDOWS_MAX = 16
"""No history takes more; each request costs quota."""

TRIES_MAX = 3
"""Requests for one window. A further one would cost quota for what the next minute asks anyway."""

FIRST_WAIT_S = 0.5
"""Longest wait before the second request; it doubles with each further one."""

SILENCE_SHARE = 0.5
"""A server may be silent for this share of the budget, so that one that hangs can be asked once more."""

LEAST_SHARE = 0.1
"""A request is not begun with less of the budget than this left."""

HEADERS = {"Accept-Encoding": "gzip", "User-Agent": "mt5-sentinel"}


class EodhdMarket:
    """Asks for a window of one symbol's bars, within one budget of time, and never shows the token."""

    name = "eodhd"
    tells_time = True
    units_per_call = 5

    def __init__(
        self,
        base_url: str,
        *,
        token: str,
        symbol: str,
        interval: str,
        timeout_s: float,
        pause: Callable[[float], None] = time.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is sent yet.

        Args:
            base_url: scheme and host, for example ``https://eodhd.com``.
            token: the API token; travels in the query, as the API wants it.
            symbol: the API's name of the symbol, for example ``EURUSD.FOREX``.
            interval: ``1m``, ``5m`` or ``1h``.
            timeout_s: budget of one fetch, all its requests and waits, from connecting to the last byte.
            pause: waits for so many seconds.
            jitter: picks a wait between two bounds, seconds.
            wall: UTC unix seconds, for answers that do not show the server's own time.
        """
        self._url = f"{base_url.rstrip('/')}/api/intraday/{symbol}"
        self._token = Secret(token)
        logs.learn([token])
        self._symbol = symbol
        self.origin = f"{base_url.rstrip('/')}/{symbol}"
        self._interval = interval
        self._timeout_s = timeout_s
        self._pause, self._jitter, self._wall = pause, jitter, wall
        self._is_failing = False

    def fetch(self, from_s: int, to_s: int, pay: Callable[[], None]) -> Page:
        """Bars that open within the window; one wider than the API answers is asked in parts, oldest first."""
        deadline = time.monotonic() + self._timeout_s
        answers: list[Answer] = []
        for window in self._windows(from_s, to_s):
            outcome = self._ask(window, deadline, pay)
            self._is_failing = isinstance(outcome, SentinelError)
            if isinstance(outcome, SentinelError):
                raise outcome
            answers.append(outcome)
        if not answers:
            return Page(_core.join_bodies([]))
        newest = answers[-1]
        body = newest.body if len(answers) == 1 else _core.join_bodies([answer.body for answer in answers])
        return Page(body, eodhd_answers.date(newest), eodhd_answers.remaining(newest))

    def _windows(self, from_s: int, to_s: int) -> Iterator[tuple[int, int]]:
        widest_s = WINDOW_S_MAX[self._interval]
        if to_s - from_s > WINDOWS_MAX * widest_s:
            message = f"a window of {to_s - from_s} s takes more than {WINDOWS_MAX} requests; lower history_bars"
            raise Misconfigured(message, "window_too_wide")
        while from_s <= to_s:
            yield from_s, min(from_s + widest_s, to_s)
            from_s += widest_s + 1  # both ends are included

    def _ask(self, window: tuple[int, int], deadline: float, pay: Callable[[], None]) -> Answer | SentinelError:
        """Request one window until it answers, cannot answer, or time is up."""
        # An outage of hours must not eat the day's quota: once it shows, a cycle asks once.
        tries_max = 1 if self._is_failing else TRIES_MAX
        sent, longest_wait_s, least_s = 0, FIRST_WAIT_S, self._timeout_s * LEAST_SHARE
        error: SentinelError = Transient("EODHD: no time was left for a further request", "fetch_timeout")
        while (left_s := deadline - time.monotonic()) > least_s:
            try:
                pay()
            except Transient as unpaid:
                return error if sent else unpaid
            outcome = self._request(window, left_s)
            sent += 1
            if isinstance(outcome, Answer):
                return outcome
            error = outcome.error
            wait_s = max(self._jitter(longest_wait_s / 2, longest_wait_s), error.hold_s or 0.0)
            if not outcome.heals or sent == tries_max or wait_s + least_s > deadline - time.monotonic():
                break
            self._pause(wait_s)
            longest_wait_s *= 2
        return error

    def _request(self, window: tuple[int, int], left_s: float) -> Answer | Fault:
        try:
            answer = bounded_http.get(
                self._address(window),
                HEADERS,
                budget_s=left_s,
                body_bytes_max=BODY_BYTES_MAX,
                silence_s=left_s if self._is_failing else self._timeout_s * SILENCE_SHARE,
            )
        except bounded_http.FetchError as error:
            return Fault(Transient(f"EODHD: {error}", f"fetch_{error.reason}"), heals=error.reason != "too_large")
        # An error may quote the beginning of an echo, and half a token is no match: what comes is cleaned first.
        headers = HTTPHeaderDict({name: logs.hide(text) for name, text in answer.headers.items()})
        answer = Answer(answer.status, logs.hide_bytes(answer.body), headers)
        return eodhd_answers.fault(answer, self._symbol, self._wall()) or answer

    def _address(self, window: tuple[int, int]) -> Secret:
        from_s, to_s = window
        query = {"interval": self._interval, "fmt": "json", "from": from_s, "to": to_s}
        return Secret(f"{self._url}?{urlencode({'api_token': self._token.reveal()} | query)}")
