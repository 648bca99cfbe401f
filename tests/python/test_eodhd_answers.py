"""What each answer of the API means: who acts, under which name, and for how long asking again is in vain."""

from __future__ import annotations

import pytest
from urllib3 import HTTPHeaderDict

from mt5_sentinel import eodhd_answers
from mt5_sentinel.bounded_http import Answer
from mt5_sentinel.eodhd_answers import Fault
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable

NOON_S = 1_700_049_600.0
"""Wednesday 2023-11-15 12:00 UTC."""

CHALLENGE = (
    b'<!DOCTYPE html>\n<html lang="en-US"><head><title>Just a moment...</title></head><body>'
    b'<script>window._cf_chl_opt = {cType: "managed"};</script></body></html>'
)
NGINX_502 = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head><body><hr><center>nginx/1.19.10</center></body></html>"
)
PORTAL = b"\xef\xbb\xbf  \r\n<html><body>Welcome to the hotel</body></html>"
PERIOD = b'{"errors":{"to":["Max period length is 600 days"],"from":["Max period length is 600 days"]}}'


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, body, HTTPHeaderDict({name.replace("_", "-"): text for name, text in headers.items()}))


def fault(one: Answer) -> Fault:
    found = eodhd_answers.fault(one, "EURUSD.FOREX", NOON_S)
    assert found is not None
    assert "\n" not in str(found.error)
    assert len(str(found.error)) < 400
    return found


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason", "text", "heals"),
    [
        (401, b"Unauthenticated", Misconfigured, "fetch_401", "EODHD_API_TOKEN", False),
        (401, b"<html>Unauthenticated</html>", Misconfigured, "fetch_401", "EODHD_API_TOKEN", False),
        (402, b"You exceeded your daily API requests limit.", Transient, "quota_spent", "00:00 GMT", False),
        (403, b"Forbidden", Misconfigured, "fetch_403", "subscription", False),
        (403, CHALLENGE, Transient, "cdn_challenge", "challenge page of the CDN", False),
        (503, b" \n" + CHALLENGE, Transient, "cdn_challenge", "challenge page of the CDN", False),
        (429, CHALLENGE, Transient, "cdn_challenge", "challenge page of the CDN", False),
        (200, CHALLENGE, Transient, "cdn_challenge", "challenge page of the CDN", False),
        (403, b"error code: 1020", Transient, "cdn_challenge", "CDN", False),
        (403, PORTAL[3:], Transient, "fetch_403", "HTML page", False),
        (503, PORTAL[3:], Transient, "fetch_503", "HTML page", True),
        (200, PORTAL, Transient, "html_page", "captive portal", False),
        (404, b"Ticker Not Found.", Unusable, "fetch_404", "eodhd_symbol", False),
        (404, b"<html>404</html>", Unusable, "fetch_404", "eodhd_symbol", False),
        (422, PERIOD, Misconfigured, "fetch_422", "Max period length is 600 days", False),
        (429, b"Too Many Requests", Transient, "fetch_429", "fewer requests", True),
        (500, b"oops", Transient, "fetch_500", "oops", True),
        (502, NGINX_502, Transient, "fetch_502", "between 05:30 and 06:00 GMT", True),
        (503, b"busy", Transient, "fetch_503", "busy", True),
        (504, b"", Transient, "fetch_504", "(504, EURUSD.FOREX)", True),
        (302, b"", Transient, "fetch_302", "redirects", False),
        (418, b"", Transient, "fetch_418", "(418, EURUSD.FOREX)", False),
        (204, b"", Transient, "fetch_204", "(204, EURUSD.FOREX)", False),
        (200, b"", Transient, "empty_body", "empty body", False),
        (200, b" \r\n", Transient, "empty_body", "empty body", False),
        (200, b' {"code":500,"message":"try later"}', Transient, "error_object", "try later", False),
    ],
)
def test_each_answer_says_who_acts(
    status: int, body: bytes, kind: type[SentinelError], reason: str, text: str, heals: bool
) -> None:
    found = fault(answer(status, body))
    assert (type(found.error), found.error.reason, found.heals) == (kind, reason, heals)
    assert text in str(found.error)
    assert f"({status}, EURUSD.FOREX)" in str(found.error)


@pytest.mark.parametrize("body", [b"[]", b" [ ]", b'[{"timestamp":1}]', b"Timestamp,Open\n1,2\n", b"Not Found", b"[{"])
def test_what_may_be_data_is_left_to_the_parser(body: bytes) -> None:
    assert eodhd_answers.fault(answer(200, body), "X", NOON_S) is None


def test_a_challenge_is_told_by_its_header_alone() -> None:
    assert fault(answer(403, b"Forbidden", Cf_Mitigated="challenge")).error.reason == "cdn_challenge"


def test_a_header_of_the_cdn_is_no_challenge() -> None:
    assert fault(answer(403, b"Forbidden", Server="cloudflare", CF_RAY="8a")).error.reason == "fetch_403"


def test_what_the_other_side_said_is_cleaned_and_bounded() -> None:
    text = str(fault(answer(422, b"\x1b[2Jbad\r\n\x00\xe2\x80\xaefrom \xff" + b"z" * 5000)).error)
    assert "[2Jbad from \N{REPLACEMENT CHARACTER}zzz" in text
    assert text.isprintable()
    assert "[" * 100 in str(fault(answer(422, b"[" * 1_000_000)).error), "quoted, not read"


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://user:pass@elsewhere.example/a?api_token=abc", "https://elsewhere.example,"),
        ("/login?api_token=abc", "another path,"),
        ("http://[", "an address that cannot be read,"),
        ("http://a\x1bb/", "an address that cannot be read,"),
        ("", "another path,"),
    ],
)
def test_a_redirect_is_named_by_its_host_only(location: str, shown: str) -> None:
    text = str(fault(answer(301, Location=location)).error)
    assert shown in text
    assert "abc" not in text
    assert "pass" not in text


@pytest.mark.parametrize(
    ("status", "headers", "hold_s"),
    [
        (402, {"Date": "Wed, 15 Nov 2023 20:59:59 GMT"}, 3 * 3600 + 1),
        (402, {"Date": "Wed, 15 Nov 2023 00:00:00 GMT"}, 86_400),
        (402, {}, 43_200),
        (402, {"Date": "soon"}, 43_200),
        (429, {}, None),
        (429, {"Retry-After": "17"}, 17),
        (429, {"Retry-After": " 0 "}, 0),
        (429, {"Retry-After": "-5"}, None),
        (429, {"Retry-After": "١"}, None),
        (429, {"Retry-After": "99999999999"}, 86_400),
        (429, {"Retry-After": "9" * 5000}, None),
        (429, {"Retry-After": "Wed, 15 Nov 2023 12:00:30 GMT"}, 30),
        (429, {"Retry-After": "Wed, 15 Nov 2023 12:00:30 GMT", "Date": "Wed, 15 Nov 2023 12:00:10 GMT"}, 20),
        (429, {"Retry-After": "Wed, 15 Nov 2023 11:00:00 GMT"}, 0),
        (429, {"Retry-After": "Wed, 15 Nov 9999 12:00:00 GMT"}, 86_400),
        (429, {"Retry-After": "Wed, 15 Nov 2023 12:00:30"}, 30),
        (429, {"Retry-After": "never"}, None),
        (503, {"Retry-After": "5"}, 5),
        (500, {}, None),
    ],
)
def test_how_long_to_hold_back(status: int, headers: dict[str, str], hold_s: float | None) -> None:
    assert fault(answer(status, b"", **headers)).error.hold_s == hold_s


@pytest.mark.parametrize(
    ("text", "left"),
    [(None, None), ("99990", 99990), ("0", 0), ("", None), ("-1", None), ("9" * 13, None), ("1e3", None)],
)
def test_what_is_left_of_the_quota_may_be_absent_or_nonsense(text: str | None, left: int | None) -> None:
    headers = {} if text is None else {"x-ratelimit-remaining": text}
    assert eodhd_answers.remaining(answer(200, b"[]", **headers)) == left


@pytest.mark.parametrize(
    ("text", "kept"),
    [(None, None), ("Wed, 15 Nov 2023 12:00:10 GMT", True), ("nonsense", True), ("x" * 65, None), ("a\x1b", None)],
)
def test_the_date_is_passed_on_as_it_stands(text: str | None, kept: bool | None) -> None:
    headers = {} if text is None else {"Date": text}
    assert eodhd_answers.date(answer(200, b"[]", **headers)) == (text if kept else None)
