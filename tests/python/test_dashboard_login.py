"""Logging in to the dashboard: the token, the session, and those who try."""

from __future__ import annotations

import asyncio
import re
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mt5_sentinel.dashboard import login, sessions
from tests.python import dashboard_month
from tests.python.dashboard_served import QUESTIONS, TOKEN, Client, served

COOKIE = r"mt5_sentinel_session_[0-9a-f]{12}"


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
    name = locked.log_in().headers["Set-Cookie"].split("=")[0]
    locked.cookie = None
    for path in ("/", "/index.html", "/nothing", "/api", "/assets", "//api/overview", "/login/../api/overview"):
        answer = locked.ask(path)
        assert (answer.status, answer.headers["Location"]) == (303, "/login"), path
    for question in QUESTIONS:
        for given in ({}, {"Cookie": f"{name}="}, {"Cookie": f"{name}={'A' * 43}"}, {"Authorization": TOKEN}):
            answer = locked.ask(f"/api/{question}?symbol=EURUSD", **given)
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


def test_dashboards_of_one_host_leave_each_other_their_sessions(state_dir: Path, tmp_path: Path) -> None:
    """A browser sends the cookies of one to the other: it does not look at ports."""
    dashboard_month.build(tmp_path, 1_795_000_000, 60)
    with (
        served(state_dir, token=TOKEN, port=8001) as first,
        served(tmp_path, token=TOKEN, port=8001) as second,
        served(state_dir, token=TOKEN, port=8002) as third,
    ):
        jar = dict[str, str]()
        for client in (first, second, third):
            answer = client.log_in()
            assert client.cookie
            name, value = client.cookie.split("=")
            jar[name] = value
            assert re.fullmatch(COOKIE, name)
            assert TOKEN not in answer.headers["Set-Cookie"]
        sent = "; ".join(f"{name}={value}" for name, value in jar.items())
        for client in (first, second, third):
            client.cookie = sent
            assert client.ask("/api/overview").status == 200
        with served(state_dir, token=TOKEN, port=8001) as again:
            assert (again.log_in().headers["Set-Cookie"].split("=")[0]) in jar, "no heap of cookies grows"


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


def test_tries_are_looked_at_one_after_the_other_whoever_makes_them(
    locked: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers of who asks do not help; and who fails keeps nobody out, not even from the same address."""
    under_way: list[int] = []
    counts: list[int] = []

    async def hold_up() -> None:
        under_way.append(1)
        await asyncio.sleep(0.005)
        counts.append(len(under_way))
        under_way.pop()

    monkeypatch.setattr(login, "_hold_up", hold_up)
    with ThreadPoolExecutor(8) as threads:
        sent = [threads.submit(locked.log_in, f"wrong{at}", X_Forwarded_For=f"192.0.2.{at}") for at in range(40)]
        assert {one.result().headers["Location"] for one in sent} == {"/login?refused=token"}
    assert counts == [1] * 40
    assert locked.log_in().headers["Location"] == "/"


def test_a_form_that_does_not_come_opens_nothing_and_holds_up_nobody(
    locked: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "FORM_WITHIN_S", 0.3)
    with closing(locked.connection()) as slow:
        slow.putrequest("POST", "/login")
        slow.putheader("Content-Length", "100")
        slow.endheaders(b"token=")
        assert locked.log_in().headers["Location"] == "/"
        assert slow.getresponse().headers["Location"] == "/login?refused=token"


def test_only_so_many_sessions_are_remembered() -> None:
    kept = sessions.Sessions(Clock(), "session")
    first = kept.begin()
    names = [kept.begin() for _ in range(sessions.SESSIONS_MAX)]
    assert not kept.use(first) and all(kept.use(name) for name in names) and len(set(names)) == len(names)


def test_the_token_is_in_no_answer(locked: Client) -> None:
    answers = [locked.log_in("wrong" + TOKEN), locked.log_in(), locked.ask("/"), locked.ask("/login")]
    answers += [locked.ask(f"/api/{name}?symbol=EURUSD") for name in QUESTIONS[:-1]]
    for answer in answers:
        assert TOKEN.encode() not in answer.body and TOKEN not in str(answer.headers)
