"""Market data from the EODHD intraday API."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import urllib3

from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable

BODY_BYTES_MAX = 64 << 20
"""No intraday answer comes near this; a larger one is refused instead of filling the memory."""

WINDOW_SHARE = 1.6
"""The FX week has 120 of 168 hours; the rest of the factor is for holidays and missing bars."""

CHUNK_BYTES = 1 << 16

REFUSALS: dict[int, tuple[type[SentinelError], str]] = {
    401: (Misconfigured, "EODHD refused the token; check EODHD_API_TOKEN"),
    402: (Transient, "EODHD's daily quota is spent; it is reset at 00:00 GMT"),
    403: (Misconfigured, "EODHD forbids this data to this token; check the subscription"),
    404: (Unusable, "EODHD does not know the symbol; check symbol and eodhd_symbol"),
    422: (Misconfigured, "EODHD refused the window; lower history_bars"),
    429: (Transient, "EODHD asks for fewer requests"),
}
"""What a status means and who has to act; anything else may heal by itself."""


class EodhdMarket:
    """Asks for the newest bars of one symbol, with a deadline, and never shows the token."""

    name = "eodhd"

    def __init__(
        self, base_url: str, *, token: str, symbol: str, interval: str, window_s: int, timeout_s: float
    ) -> None:
        """Prepare the connection pool; nothing is sent yet.

        Args:
            base_url: scheme and host, for example ``https://eodhd.com``.
            token: the API token; travels in the query, as the API wants it.
            symbol: the API's name of the symbol, for example ``EURUSD.FOREX``.
            interval: ``1m``, ``5m`` or ``1h``.
            window_s: how far back trading time is to be asked for, seconds.
            timeout_s: budget of one fetch, from connecting to the last byte.
        """
        self._url = f"{base_url.rstrip('/')}/api/intraday/{symbol}"
        self._token = token
        self._symbol = symbol
        self._interval = interval
        self._window_s = window_s
        self._timeout_s = timeout_s
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, retries=False)

    def history(self, now_s: float) -> bytes:
        """Body with the newest bars, the one still forming included."""
        query = {
            "api_token": self._token,
            "interval": self._interval,
            "fmt": "json",
            "from": int(now_s - self._window_s * WINDOW_SHARE),
            "to": int(now_s),
        }
        deadline = time.monotonic() + self._timeout_s
        # Errors of urllib3 quote the URL, and with it the token: none of them is chained or quoted.
        try:
            response = self._pool.request(
                "GET",
                f"{self._url}?{urlencode(query)}",
                headers={"Accept-Encoding": "gzip", "User-Agent": "mt5-sentinel"},
                timeout=urllib3.Timeout(connect=min(5.0, self._timeout_s), read=self._timeout_s),
                redirect=False,
                preload_content=False,
            )
            try:
                body = self._read(response, deadline)
            finally:
                response.close()
        except urllib3.exceptions.TimeoutError:
            raise Transient(f"EODHD did not answer within {self._timeout_s:g} s", "fetch_timeout") from None
        except urllib3.exceptions.HTTPError as error:
            raise Transient(f"EODHD cannot be reached: {type(error).__name__}", "fetch_connection") from None
        if response.status != 200:
            raise self._refusal(response.status, body)
        return body

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        body = bytearray()
        while chunk := response.read1(CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise Transient(f"EODHD sent more than {BODY_BYTES_MAX} bytes", "fetch_too_large")
            if time.monotonic() > deadline:
                raise Transient(f"EODHD was still sending after {self._timeout_s:g} s", "fetch_timeout")
        return bytes(body)

    def _refusal(self, status: int, body: bytes) -> SentinelError:
        if status in (403, 503) and body.lstrip().startswith(b"<"):
            return Transient(f"a challenge page of the CDN came instead of EODHD ({status})", f"fetch_{status}")
        kind, meaning = REFUSALS.get(status, (Transient, "EODHD did not serve the request"))
        return kind(f"{meaning} ({status}, {self._symbol})", f"fetch_{status}")
