"""What passes the dashboard's door, and what every answer carries."""

from __future__ import annotations

import random
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel.dashboard import candles
from mt5_sentinel.dashboard.door import HEADERS
from tests.python import dashboard_month
from tests.python.dashboard_served import QUESTIONS, TOKEN, Client, served


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours."""
    place = tmp_path_factory.mktemp("state")
    dashboard_month.build(place, 1_795_000_000, 120)
    return place


@pytest.fixture(scope="module")
def unlocked(state_dir: Path) -> Iterator[Client]:
    """One that takes none."""
    with served(state_dir) as running:
        yield running


@pytest.fixture(scope="module")
def locked(state_dir: Path) -> Iterator[Client]:
    """One that takes a token."""
    with served(state_dir, token=TOKEN, hosts=("desk.example",)) as running:
        yield running


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8001", "127.0.0.1:1", "[::1]:8001", "192.0.2.9", "Desk.example:443"]
)
def test_known_names_and_addresses_are_answered(locked: Client, host: str) -> None:
    assert locked.ask("/livez", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    (
        *("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "desk.example.", "", "127.1", "[::1"),
        *("localhost@evil.example", "evil.example/localhost", "localhost:80:80", "0x7f000001", "xdesk.example"),
        "desk.example:99999999",
    ),
)
def test_a_name_of_somebody_else_is_refused(locked: Client, unlocked: Client, host: str) -> None:
    locked.log_in()
    for client in (locked, unlocked):
        for path in ("/", "/api/overview", "/login", "/livez", "/assets/style.css"):
            answer = client.ask(path, Host=host)
            assert answer.status == 400 and b"dashboard_hosts" in answer.body


def test_a_page_of_another_site_reads_and_changes_nothing(locked: Client, unlocked: Client) -> None:
    locked.log_in()
    for site in ("cross-site", "same-site"):
        for name in QUESTIONS:
            assert unlocked.ask(f"/api/{name}?symbol=EURUSD", Sec_Fetch_Site=site).status == 403
        assert locked.ask("/logout", "POST", Sec_Fetch_Site=site).status == 403
        assert locked.log_in(Sec_Fetch_Site=site).status == 403
        assert locked.ask("/", Sec_Fetch_Site=site).status == 200, "a link to the page is no harm"
    assert locked.ask("/api/overview", Sec_Fetch_Site="same-origin").status == 200
    assert unlocked.ask("/api/overview", Origin="https://evil.example").headers["Access-Control-Allow-Origin"] is None


def test_every_answer_carries_the_headers_of_security(locked: Client, unlocked: Client) -> None:
    asked = [
        *(
            (unlocked, path, "GET")
            for path in ("/", "/login", "/nothing", "/assets/app.js", "/assets/none.js", "/livez")
        ),
        *(
            (unlocked, f"/api/{path}", "GET")
            for path in ("overview", "series", "cycles?limit=x", "none", "bars?symbol=X")
        ),
        *((unlocked, path, "POST") for path in ("/", "/api/overview", "/logout", "/assets/app.js")),
        *((locked, path, "GET") for path in ("/", "/api/overview", "/login")),
        *((locked, path, "POST") for path in ("/login", "/logout")),
        *((unlocked, path, "HEAD") for path in ("/", "/api/overview", "/api/events", "/assets/app.js")),
    ]
    for client, path, method in asked:
        answer = client.ask(path, method)
        for name, value in HEADERS.items():
            assert answer.headers.get_all(name) == [value], (path, method, name)
        wanted = "no-cache" if path == "/assets/app.js" and answer.status == 200 else "no-store"
        assert answer.headers.get_all("Cache-Control") == [wanted], (path, method)
        assert "Server" not in answer.headers
        assert method != "HEAD" or answer.body == b""
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


def test_an_error_within_carries_them_too_and_tells_nothing(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("inner secret")

    monkeypatch.setattr(candles, "bars", fail)
    with served(state_dir) as client:
        answer = client.ask("/api/bars?symbol=EURUSD")
        assert answer.status == 500 and answer.json() == {"error": "it failed"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert client.ask("/livez").status == 200
    assert "inner secret" in caplog.text, "it is told in the log"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_no_method_but_reading(unlocked: Client, method: str) -> None:
    for path in ("/", *(f"/api/{name}" for name in QUESTIONS), "/assets/app.js", "/livez"):
        assert unlocked.ask(path, method).status == 405, path


@pytest.mark.parametrize(
    "path",
    (
        *("../app.py", "..%2fapp.py", "%2e%2e/app.py", "%2e%2e%2fapp.py", "....//app.py", "..\\app.py", "..%5capp.py"),
        *("%00", "app.js%00.css", "/etc/passwd", "%2fetc%2fpasswd", "..%c0%afapp.py", "", ".", "vendor", "vendor/"),
        "vendor/../../app.py",
    ),
)
def test_assets_are_the_files_of_the_page_alone(unlocked: Client, path: str) -> None:
    answer = unlocked.ask(f"/assets/{path}")
    assert answer.status in (400, 404) and b"import" not in answer.body


def test_a_link_out_of_the_folder_is_not_followed(state_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "outside.js").write_text("secret", encoding="utf-8")
    (tmp_path / "page" / "link.js").symlink_to(tmp_path / "outside.js")
    with served(state_dir, page=tmp_path / "page") as client:
        assert client.ask("/assets/link.js").status == 404


def test_assets_are_asked_for_again_and_sent_once(unlocked: Client) -> None:
    answer = unlocked.ask("/assets/app.js")
    assert answer.headers["Content-Type"].split(";")[0] in ("text/javascript", "application/javascript")
    again = unlocked.ask("/assets/app.js", If_None_Match=answer.headers["ETag"])
    assert again.status == 304 and again.body == b""
    small = unlocked.ask("/assets/app.js", Accept_Encoding="gzip")
    assert small.headers["Content-Encoding"] == "gzip" and small.body == answer.body


WRONG = (
    *("series", "series?symbol=", "series?symbol=%00", f"series?symbol={'X' * 65}", "series?symbol=EURUSD&x=1"),
    *("series?symbol=EURUSD&symbol=EURUSD", "series?symbol=EURUSD&from_s=nan", "series?symbol=EURUSD&from_s=inf"),
    *("series?symbol=EURUSD&to_s=-1", "series?symbol=EURUSD&to_s=1e99", "series?symbol=EURUSD&from_s=2&to_s=1"),
    *("series?symbol=EURUSD&points=9", "bars?symbol=EURUSD&points=5001", "bars?symbol=EURUSD&points=1e3"),
    *("bars?symbol=EURUSD&points=٣٣", "trades?symbol=EURUSD&points=100", "cycles?limit=0", "cycles?limit=501"),
    *("cycles?limit=-1", "cycles?before_id=0", "cycles?before_id=99999999999999999999", "overview?x", "events?y=1"),
    *("start?symbol=EURUSD", "start?wanted=", "start?wanted=%00", "start?last_s=0", "start?last_s=1e3"),
    *("start?last_s=999999999", "start?points=9", "start?bars=5001", "start?limit=501", "start?from_s=1"),
)


@pytest.mark.parametrize("question", WRONG)
def test_a_wrong_parameter_is_told_in_one_line(unlocked: Client, question: str) -> None:
    if question == "overview?x":
        question += "=1"
    answer = unlocked.ask(f"/api/{urllib.parse.quote(question, safe='?=&%')}")
    told = answer.json()
    assert answer.status == 400 and list(told) == ["error"] and told["error"].isprintable(), told


def test_a_symbol_that_was_never_traded_is_not_found(unlocked: Client) -> None:
    for name in ("series", "bars", "trades", "stages", "cycles"):
        answer = unlocked.ask(f"/api/{name}?symbol=%27%20OR%201%3D1--")
        assert answer.status == 404 and answer.json()["error"] == "symbol ' OR 1=1-- was never traded by this journal"


def test_no_query_makes_it_fail(unlocked: Client) -> None:
    chance = random.Random(8)  # noqa: S311 - queries of a test
    names = ["symbol", "wanted", "last_s", "bars", "from_s", "to_s", "points", "limit", "before_id", "", "%", "x" * 300]
    values = [
        "EURUSD",
        "0",
        "-1",
        "1e400",
        "nan",
        "1795000000",
        "10",
        "%00",
        "%ff%fe",
        "𝟙",
        "' --",
        "x" * 2000,
        "1_0",
        "+5",
    ]
    for _ in range(300):
        query = "&".join(f"{chance.choice(names)}={chance.choice(values)}" for _ in range(chance.randrange(4)))
        name = chance.choice(QUESTIONS[:-1])
        answer = unlocked.ask(f"/api/{name}?{urllib.parse.quote(query, safe='=&%')}")
        assert answer.status in (200, 400, 404), query
        answer.json()
