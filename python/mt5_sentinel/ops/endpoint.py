"""Sending JSON to an API with a key, once: bounded, never redirected, and every way it can fail has a name."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mt5_sentinel import bounded_http, config, logs
from mt5_sentinel.bounded_http import Answer, FetchError
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable
from mt5_sentinel.secret import Secret

ANSWER_BYTES_MAX = 1 << 20
QUOTED_CHARS_MAX = 200
SECONDS_DIGITS_MAX = 6

CHALLENGE_MARKS = (
    *(b"just a moment", b"__cf_chl", b"cf-chl", b"/cdn-cgi/challenge-platform", b"checking your browser"),
    *(b"attention required! | cloudflare", b"enable javascript and cookies to continue"),
)
"""What stands in the page of a CDN that wants to see a browser."""

CLIENT_FAULTS = {
    401: ("unauthorized", "the key is not accepted; check {key}"),
    403: ("forbidden", "the key may not do this; check its rights"),
    404: ("not_found", "nothing is there; check {url}, and what it names"),
}
"""Reason and what to do, by status."""


class Blocked(SentinelError):
    """A door is shut on purpose; it is not forced, and only a person can have it opened."""

    exit_code = 77


class Endpoint(NamedTuple):
    """An API: what it is called in messages, its base URL, and the settings that a person would have to change."""

    name: str
    url: str
    key: Secret
    url_setting: str
    key_setting: str

    @property
    def host(self) -> str:
        """For evidence: the host alone."""
        return urlsplit(self.url).hostname or ""


def check_url(setting: str, url: str) -> None:
    """Whether a key may be sent there.

    Raises:
        Misconfigured: it is no base URL, or would show the key to the network. The URL is not shown: people put keys
            into URLs.
    """
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, a broken IPv6 address
        has_host = False
    if not has_host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in parts.netloc:
        message = f"{setting}: the value is not a base URL such as https://host/v1, without user or query"
        raise Misconfigured(message, "bad_configuration")
    if parts.scheme == "http" and parts.hostname not in config.LOOPBACK:
        message = f"{setting}: http would show the key to the network; use https (http is for loopback only)"
        raise Misconfigured(message, "bad_configuration")


def send(
    api: Endpoint, path: str, content: Mapping[str, Any], headers: Mapping[str, str], *, budget_s: float, method: str
) -> dict[str, Any]:
    """Send JSON and read a JSON object, in one exchange that is not repeated.

    Args:
        api: where, and with which key; it goes into ``Authorization: Bearer``.
        path: below the base URL, with its slash.
        content: what is sent.
        headers: further ones.
        budget_s: seconds from connecting to the last byte.
        method: ``POST`` or ``PATCH``.

    Raises:
        Transient: it may work later: ``timeout``, ``connection``, ``refused``, ``rate_limited``, ``server_error``.
        Misconfigured: it cannot work so: ``unauthorized``, ``forbidden``, ``not_found``, ``redirect``, ``rejected``,
            ``tls``, ``unknown_host``.
        Blocked: ``challenge``, a page for browsers stands in the way.
        Unusable: ``non_json``, ``too_large``.
    """
    check_url(api.url_setting, api.url)
    sent = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "mt5-sentinel"}
    try:
        answer = bounded_http.get(
            api.url.rstrip("/") + path,
            sent | dict(headers) | {"Authorization": Secret(f"Bearer {api.key.reveal()}")},
            budget_s=budget_s,
            body_bytes_max=ANSWER_BYTES_MAX,
            method=method,
            body=json.dumps(content).encode(),
        )
    except FetchError as error:
        raise _unanswered(api, error) from None
    answer = Answer(answer.status, logs.hide_bytes(answer.body), answer.headers)
    fault = _challenge(api, answer) or _refusal(api, answer)
    if fault is not None:
        raise fault
    return _object(api, answer)


def _unanswered(api: Endpoint, error: FetchError) -> SentinelError:
    """What it means that nothing came."""
    if error.reason == "too_large":
        return Unusable(f"{api.name}: its answer is too large: {error}", "too_large")
    if error.reason == "timeout":
        return Transient(f"{api.name}: timeout: {error}", "timeout")
    if error.cause == "SSLError":
        todo = f"check the certificate of {api.host} and this machine's list of authorities"
        return Misconfigured(f"{api.name}: no trusted TLS connection: {error}; {todo}", "tls")
    if error.cause == "NameResolutionError":
        return Misconfigured(f"{api.name}: the host {api.host} is not known; check {api.url_setting}", "unknown_host")
    if error.cause == "NewConnectionError":
        return Transient(f"{api.name}: {api.host} takes no connection; is it running?", "refused")
    return Transient(f"{api.name}: {error}", "connection")


def _challenge(api: Endpoint, answer: Answer) -> Blocked | None:
    """A page of a CDN; an API's own JSON may speak of such pages, and is none."""
    is_page = answer.body.lstrip()[:1] not in (b"{", b"[")
    body = answer.body.lower()
    is_marked = answer.headers.get("cf-mitigated", "").strip().lower() == "challenge"
    if not is_marked and not (is_page and any(mark in body for mark in CHALLENGE_MARKS)):
        return None
    message = (
        f"{api.name}: a CDN answers with a challenge page for browsers (HTTP {answer.status}); it is not worked around:"
        f" have the owner of {api.host} let this machine in, or set another {api.url_setting}"
    )
    return Blocked(message, "challenge")


def _refusal(api: Endpoint, answer: Answer) -> SentinelError | None:
    """What a status other than success means."""
    status, told = answer.status, f"{api.name}: HTTP {answer.status}"
    if status in (200, 201):
        return None
    if 300 <= status < 400:
        message = f"{told}: a redirect, not followed with the key; set {api.url_setting} to where the API is"
        return Misconfigured(message, "redirect")
    told += _quoted(answer)
    if status == 429:
        wait_s = _retry_after(answer)
        shown = "it does not say for how long" if wait_s is None else f"ask again in {wait_s:g} s"
        error = Transient(f"{told}: too many requests, or the quota is used up; {shown}", "rate_limited")
        error.hold_s = wait_s
        return error
    if status >= 500 or status == 408:
        return Transient(f"{told}: a fault on the other side; try again later", "server_error")
    reason, todo = CLIENT_FAULTS.get(status, ("rejected", "the request is not accepted"))
    return Misconfigured(f"{told}: {todo.format(key=api.key_setting, url=api.url_setting)}", reason)


def _quoted(answer: Answer) -> str:
    """The API's own message, where it gives one."""
    try:
        content = json.loads(answer.body)
    except ValueError:
        return ""
    error = content.get("error", content) if isinstance(content, dict) else None
    text = error.get("message") if isinstance(error, dict) else error
    if not isinstance(text, str):
        return ""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)[:QUOTED_CHARS_MAX]
    return f" ({shown})"


def _retry_after(answer: Answer) -> float | None:
    """Seconds; the form with a date is not read."""
    text = answer.headers.get("Retry-After", "").strip()
    return float(text) if text.isdecimal() and text.isascii() and len(text) <= SECONDS_DIGITS_MAX else None


def _object(api: Endpoint, answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Unusable(f"{api.name}: HTTP {answer.status} and no JSON object; is {api.url_setting} right?", "non_json")
    return content


def now_utc() -> str:
    """ISO 8601, seconds, with a Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
