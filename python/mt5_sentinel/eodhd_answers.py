"""What an answer of EODHD, or of whatever stands in front of it, means: data, or a fault that says who acts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from mt5_sentinel.bounded_http import Answer
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable

SAID_CHARS = 160
"""How much of a body an error quotes."""

HOLD_S_MAX = 86_400.0
"""No request to wait is believed beyond a day."""

SEARCHED_BYTES = 1 << 16
"""A challenge page shows its marks early; a body of data is not searched to its end."""

CHALLENGE = re.compile(
    rb"_cf_chl|/cdn-cgi/challenge-platform|cf-browser-verification|cf-error-details|cf_captcha"
    rb"|Just a moment\.\.\.|Checking your browser|Attention Required! \| Cloudflare",
    re.IGNORECASE,
)
BLOCKED = re.compile(rb"\s*error code: 10\d\d\b")
"""Cloudflare's plain refusals of a client, for example 1020."""

MEANINGS: dict[int, tuple[type[SentinelError], str, str]] = {
    401: (Misconfigured, "fetch_401", "EODHD refused the token; check EODHD_API_TOKEN"),
    402: (Transient, "quota_spent", "EODHD's daily quota is spent; it is reset at 00:00 GMT"),
    403: (Misconfigured, "fetch_403", "EODHD forbids this data to this token; check the subscription"),
    404: (Unusable, "fetch_404", "EODHD does not know the symbol; check symbol and eodhd_symbol"),
    422: (Misconfigured, "fetch_422", "EODHD refused the request; lower history_bars if it is the period"),
    429: (Transient, "fetch_429", "EODHD asks for fewer requests"),
    502: (Transient, "fetch_502", "EODHD's server is away, which is usual between 05:30 and 06:00 GMT"),
}
"""What a status means and who has to act; any other may heal by itself."""

PORTAL = "an HTML page came instead of EODHD's data, perhaps of a proxy or a captive portal"


class Fault(NamedTuple):
    """Why an answer is not data, and whether asking again within the cycle can help."""

    error: SentinelError
    heals: bool


def fault(answer: Answer, symbol: str, wall_s: float) -> Fault | None:
    """What is wrong with an answer; None for a body that only the parser can judge.

    Args:
        answer: cleaned of secrets.
        symbol: the API's name, for the message.
        wall_s: the time, UTC unix seconds, where the answer does not tell its own.
    """
    found = _fault(answer, symbol)
    if found is not None:
        found.error.hold_s = _hold_s(answer, wall_s)
    return found


def date(answer: Answer) -> str | None:
    """The ``Date`` header as it stands; None where it is absent or too long to be one."""
    text = answer.headers.get("Date")
    return text if text is not None and len(text) <= 64 and text.isprintable() else None


def remaining(answer: Answer) -> int | None:
    """What ``X-RateLimit-Remaining`` says, where it is there and a count."""
    text = answer.headers.get("X-RateLimit-Remaining", "").strip()
    return int(text) if re.fullmatch("[0-9]{1,12}", text) else None


def _fault(answer: Answer, symbol: str) -> Fault | None:
    status, start = answer.status, _first(answer.body)
    where = f"({status}, {symbol})"
    if _is_challenge(answer):
        meaning = f"a challenge page of the CDN came instead of EODHD's data {where}"
        return Fault(Transient(meaning, "cdn_challenge"), heals=False)
    if start == b"<" and status in (200, 403, 503):
        reason = "html_page" if status == 200 else f"fetch_{status}"
        return Fault(Transient(f"{PORTAL} {where}", reason), heals=status == 503)
    if status == 200:
        return _fault_of_data(answer, start, where)
    if 300 <= status < 400:
        meaning = f"EODHD redirects to {_host(answer)}, which is not followed; check eodhd_url {where}"
        return Fault(Transient(meaning, f"fetch_{status}"), heals=False)
    kind, reason, meaning = MEANINGS.get(status, (Transient, f"fetch_{status}", "EODHD did not serve the request"))
    said = "" if start == b"<" else _said(answer.body)
    return Fault(kind(f"{meaning} {where}{said}", reason), heals=status == 429 or 500 <= status < 600)


def _fault_of_data(answer: Answer, start: bytes, where: str) -> Fault | None:
    if not start:
        return Fault(Transient(f"EODHD sent an empty body {where}", "empty_body"), heals=False)
    if start == b"{":
        meaning = f"EODHD sent an error instead of rows {where}{_said(answer.body)}"
        return Fault(Transient(meaning, "error_object"), heals=False)
    return None


def _is_challenge(answer: Answer) -> bool:
    if "cf-mitigated" in answer.headers:
        return True
    head = answer.body[:SEARCHED_BYTES]
    if _first(head) == b"<":
        return answer.status in (200, 403, 429, 503) and CHALLENGE.search(head) is not None
    return answer.status in (403, 429) and BLOCKED.match(head) is not None


def _first(body: bytes) -> bytes:
    """The first character that is no blank; empty where there is none."""
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _said(body: bytes) -> str:
    """The beginning of a body on one line, without characters that act on a terminal."""
    text = body[: 4 * SAID_CHARS].decode("utf-8", "replace")
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:SAID_CHARS]
    return f": {shown}" if shown else ""


def _host(answer: Answer) -> str:
    """Scheme and host of a redirect; the rest may repeat the query."""
    try:
        target = urlsplit(answer.headers.get("Location", ""))
        host = target.hostname
    except ValueError:
        return "an address that cannot be read"
    shown = f"{target.scheme}://{host}" if host else "another path"
    return shown[:100] if shown.isprintable() else "an address that cannot be read"


def _hold_s(answer: Answer, wall_s: float) -> float | None:
    """Seconds that asking again is in vain, from the server's own clock where it shows one."""
    now = _moment(answer.headers.get("Date", "")) or datetime.fromtimestamp(wall_s, timezone.utc)
    if answer.status == 402:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (midnight - now).total_seconds()
    asked = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,18}", asked):
        return min(float(asked), HOLD_S_MAX)
    until = _moment(asked)
    return None if until is None else min(max((until - now).total_seconds(), 0.0), HOLD_S_MAX)


def _moment(text: str) -> datetime | None:
    """An HTTP date, UTC."""
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else found.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
