"""Logging in to the dashboard: the token, the session, and those who try."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel.dashboard import sessions
from mt5_sentinel.dashboard.door import COOKIE
from tests.python import dashboard_month
from tests.python.dashboard_served import QUESTIONS, TOKEN, Client, served


class Clock:
    """A monotonic clock that a test turns."""

    def __init__(self) -> None:
        """At any moment."""
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hours."""
    place = tmp_path_factory.mktemp("state")
    dashboard_month.build(place, 1_795_000_000, 120)
    return place


@pytest.fixture
def clock() -> Clock:
    """Of the sessions."""
    return Clock()


@pytest.fixture(scope="module")
def shared(state_dir: Path) -> Iterator[Client]:
    """A dashboard that takes a token, the same for several tests."""
    with served(state_dir, token=TOKEN) as running:
        yield running


@pytest.fixture
def locked(state_dir: Path, clock: Clock) -> Iterator[Client]:
    """A dashboard that takes a token."""
    with served(state_dir, token=TOKEN, hosts=("desk.example",), monotonic_s=clock) as running:
        yield running


def test_without_a_session_nothing_is_told(locked: Client) -> None:
    for path in ("/", "/index.html", "/nothing", "/api", "/assets", "//api/overview", "/login/../api/overview"):
        answer = locked.ask(path)
        assert (answer.status, answer.headers["Location"]) == (303, "/login"), path
    for name in QUESTIONS:
        for given in ({}, {"Cookie": f"{COOKIE}="}, {"Cookie": f"{COOKIE}={'A' * 43}"}, {"Authorization": TOKEN}):
            answer = locked.ask(f"/api/{name}?symbol=EURUSD", **given)
            assert answer.status == 401 and answer.json() == {"error": "log in at /login"}
    assert locked.ask("/login").status == 200 and b"<form" in locked.ask("/login").body
    assert locked.ask("/livez").json() == {"status": "ok"}


def test_the_token_opens_and_logging_out_closes(locked: Client) -> None:
    answer = locked.log_in()
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    name, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert re.fullmatch(rf"{COOKIE}=[\w-]{{43}}", name)
    assert set(attributes) == {"HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=strict"}
    assert locked.ask("/").status == 200 and locked.api("overview")["mode"] == "demo"
    assert locked.ask("/login").headers["Location"] == "/"
    gone = locked.ask("/logout", "POST")
    assert (gone.status, gone.headers["Location"]) == (303, "/login") and "Max-Age=0" in gone.headers["Set-Cookie"]
    assert locked.ask("/api/overview").status == 401, "the id is worth nothing any more"


@pytest.mark.parametrize(
    "form",
    (
        *("token=wrong", "token=", "", "user=x", f"token={TOKEN}x", f"token={TOKEN[:-1]}", f"token={TOKEN}&token=x"),
        *("a=" + "x" * 5000, "token=%ff%fe", "%", "token=" + "😀" * 40, f"token={TOKEN}&" * 200),
    ),
)
def test_no_other_form_opens(shared: Client, form: str) -> None:
    answer = shared.ask(
        "/login", "POST", urllib.parse.quote(form, safe="=&%"), X_Forwarded_For=f"192.0.2.{len(form) % 251}"
    )
    assert (answer.status, answer.headers["Location"]) == (303, "/login?refused=token")
    assert "Set-Cookie" not in answer.headers


def test_a_cookie_is_for_https_where_a_proxy_on_this_machine_says_so(locked: Client) -> None:
    assert "Secure" in locked.log_in(X_Forwarded_Proto="https").headers["Set-Cookie"].split("; ")


def test_a_session_ends_unused_and_when_it_is_old(locked: Client, clock: Clock) -> None:
    locked.log_in()
    for _ in range(int(sessions.AGE_MAX_S / sessions.IDLE_MAX_S) - 1):
        clock.now_s += sessions.IDLE_MAX_S
        assert locked.ask("/api/overview").status == 200
    clock.now_s += sessions.IDLE_MAX_S + 1
    assert locked.ask("/api/overview").status == 401
    locked.log_in()
    clock.now_s += sessions.IDLE_MAX_S + 1
    assert locked.ask("/api/overview").status == 401
    locked.log_in()
    for _ in range(int(sessions.AGE_MAX_S / 21_600)):
        clock.now_s += 21_600
        assert locked.ask("/livez").status == 200
        assert locked.ask("/api/overview").status == 200
    clock.now_s += 1
    assert locked.ask("/api/overview").status == 401, "however much it is used"


def test_those_who_fail_wait_longer_each_time_and_others_do_not(locked: Client, clock: Clock) -> None:
    waits = []
    for _ in range(12):
        while "Retry-After" in (answer := locked.log_in("wrong")).headers:
            assert answer.headers["Location"] == "/login?refused=wait"
            assert locked.log_in().headers["Location"] == "/login?refused=wait", "the token is not even looked at"
            clock.now_s += float(answer.headers["Retry-After"])
            waits.append(float(answer.headers["Retry-After"]))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert locked.log_in(X_Forwarded_For="192.0.2.7").headers["Location"] == "/"
    assert locked.log_in().headers["Location"] == "/login?refused=wait"
    clock.now_s += 60
    assert locked.log_in().headers["Location"] == "/"
    assert locked.log_in("wrong").headers["Location"] == "/login?refused=token", "who got in begins anew"


def test_only_so_many_sessions_and_clients_are_remembered() -> None:
    clock = Clock()
    kept, attempts = sessions.Sessions(clock), sessions.Attempts(clock)
    first = kept.begin()
    names = [kept.begin() for _ in range(sessions.SESSIONS_MAX)]
    assert not kept.use(first) and all(kept.use(name) for name in names) and len(set(names)) == len(names)
    for _ in range(9):
        attempts.failed("192.0.2.1")
    assert attempts.wait_s("192.0.2.1") > 0
    for number in range(sessions.CLIENTS_MAX):
        attempts.failed(f"client {number}")
    assert attempts.wait_s("192.0.2.1") == 0


def test_the_token_is_in_no_answer(locked: Client) -> None:
    answers = [locked.log_in("wrong" + TOKEN), locked.log_in(), locked.ask("/"), locked.ask("/login")]
    answers += [locked.ask(f"/api/{name}?symbol=EURUSD") for name in QUESTIONS[:-1]]
    for answer in answers:
        assert TOKEN.encode() not in answer.body and TOKEN not in str(answer.headers)
