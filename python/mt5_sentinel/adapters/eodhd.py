"""Market data from the EODHD intraday API."""

from __future__ import annotations

from urllib.parse import urlencode

from mt5_sentinel import bounded_http, logs
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable

BODY_BYTES_MAX = 64 << 20
"""No intraday answer comes near this; a larger one is refused instead of filling the memory."""

WINDOW_SHARE = 1.6
"""The FX week has 120 of 168 hours; the rest of the factor is for missing bars."""

CLOSED_S = 4 * 86_400
"""A weekend with a holiday beside it: on a Monday morning one-minute bars lie this far back."""

HEADERS = {"Accept-Encoding": "gzip", "User-Agent": "mt5-sentinel"}

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
        """Nothing is sent yet.

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
        logs.learn([token])
        self._symbol = symbol
        self._interval = interval
        self._window_s = window_s
        self._timeout_s = timeout_s

    def history(self, now_s: float) -> bytes:
        """Body with the newest bars, the one still forming included."""
        query = {
            "api_token": self._token,
            "interval": self._interval,
            "fmt": "json",
            "from": int(now_s - self._window_s * WINDOW_SHARE - CLOSED_S),
            "to": int(now_s),
        }
        try:
            status, body = bounded_http.get(
                f"{self._url}?{urlencode(query)}", HEADERS, budget_s=self._timeout_s, body_bytes_max=BODY_BYTES_MAX
            )
        except bounded_http.FetchError as error:
            raise Transient(f"EODHD: {error}", f"fetch_{error.reason}") from None
        if status != 200:
            raise self._refusal(status, body)
        return logs.hide_bytes(body)  # an error may quote the beginning of an echo, and half a token is no match

    def _refusal(self, status: int, body: bytes) -> SentinelError:
        if status in (403, 503) and body.lstrip().startswith(b"<"):
            return Transient(f"a challenge page of the CDN came instead of EODHD ({status})", f"fetch_{status}")
        kind, meaning = REFUSALS.get(status, (Transient, "EODHD did not serve the request"))
        return kind(f"{meaning} ({status}, {self._symbol})", f"fetch_{status}")
