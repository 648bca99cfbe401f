"""Endpoints by the real Apprise, and the heartbeat: what they say of themselves holds no secret."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest

from mt5_sentinel import logs
from mt5_sentinel.alerting import channels
from mt5_sentinel.alerting.channels import Channel
from mt5_sentinel.alerting.heartbeat import FRESH_S, PERIOD_S, Heartbeat
from mt5_sentinel.alerting.letters import Letter, Refusal
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.view.light import Level
from tests.python.alert_floor import Sink

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by the e-mail part of Apprise

LETTER = Letter((1,), "bad", "title", "body")
SECRETS = ("bobsname", "hunter2secret", "TokenA123456", "queryvalue77", "s3cr%t/x")


@pytest.fixture
def sink() -> Iterator[Sink]:
    one = Sink()
    yield one
    one.close()


@pytest.fixture(autouse=True)
def _apprise_as_it_was() -> Iterator[None]:
    logger = logging.getLogger("apprise")
    before = (logger.propagate, logger.level, logger.handlers[:])
    yield
    logger.propagate, logger.level, logger.handlers[:] = before


@pytest.mark.parametrize(("level", "kind"), [("bad", "failure"), ("warn", "warning"), ("ok", "success")])
def test_a_letter_goes_with_its_severity(sink: Sink, level: Level, kind: str) -> None:
    (channel,) = channels.open_all(sink.url())
    assert channel.send(Letter((1,), level, "a <b> title", "line *one*\nline_two_ {{x}} :smile:")) is None
    assert sink.taken[0]["type"] == kind
    assert sink.taken[0]["title"] == "a <b> title"
    assert sink.taken[0]["message"] == "line *one*\nline_two_ {{x}} :smile:"


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("503", "not taken, HTTP status 503"),
        ("403", "not taken, HTTP status 403"),
        ("429", "not taken, HTTP status 429"),
        ("garbage", "not taken"),
    ],
)
def test_an_endpoint_that_does_not_take_it_says_why(sink: Sink, way: str, why: str) -> None:
    (channel,) = channels.open_all(sink.url())
    sink.way = way
    assert channel.send(LETTER) == Refusal(why, is_answer=way == "403")
    sink.way = "ok"
    assert channel.send(LETTER) is None


def test_one_that_hangs_is_given_up(sink: Sink) -> None:
    (channel,) = channels.open_all(f"{sink.url()}?rto=0.3&cto=0.3")
    sink.way = "hang"
    assert channel.send(LETTER) == Refusal("not taken")


def test_nothing_listens(sink: Sink) -> None:
    (channel,) = channels.open_all("json://127.0.0.1:9/hook")
    assert channel.send(LETTER) == Refusal("not taken")


def test_what_apprise_does_not_know_is_named_by_number_alone() -> None:
    with pytest.raises(Misconfigured, match=r"alert_urls: number 2 \(nosuchthing\)") as told:
        channels.open_all("json://127.0.0.1:9/ nosuchthing://hunter2secret@host")
    assert "hunter2" not in str(told.value)
    with pytest.raises(Misconfigured, match=r"number 1 \(unknown\)"):
        channels.open_all("hunter2secret")


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(Misconfigured, match=r"pip install 'mt5-sentinel\[alerts\]'"):
        channels.open_all("json://127.0.0.1/")


def test_the_same_url_twice_is_one_endpoint() -> None:
    assert len(channels.open_all("json://127.0.0.1/a json://127.0.0.1/a\njson://127.0.0.1/b")) == 2


def test_every_part_of_a_url_is_hidden_and_this_machine_is_not() -> None:
    channels.learn(
        [
            "json://bobsname:hunter2secret@127.0.0.1:8000/TokenA123456?key=queryvalue77",
            "slack://TokenB/TokenC78901@s3cr%25t%2Fx/room",
            "discord://WebhookID123/deeper",
        ]
    )
    text = " ".join([*SECRETS, "WebhookID123", "TokenC78901", "127.0.0.1", "localhost"])
    assert logs.hide(text) == " ".join(["[hidden]"] * 7 + ["127.0.0.1", "localhost"])


def test_a_key_holds_nothing_of_the_url() -> None:
    (channel,) = channels.open_all("json://bobsname:hunter2secret@127.0.0.1/TokenA123456")
    assert channel.name == "1 (json)"
    assert channel.key.startswith("json-")
    assert len(channel.key) == len("json-") + 6
    other = Channel(3, "json://bobsname:hunter2secret@127.0.0.1/TokenA123456")
    assert other.key == channel.key, "its place in the setting is not what it is known by"


def test_apprise_prints_nothing(
    sink: Sink, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    sink.way = "403"
    (channel,) = channels.open_all(f"json://bobsname:hunter2secret@127.0.0.1:{sink.port}/TokenA123456?x=queryvalue77")
    channel.send(LETTER)
    assert sink.seen
    out = "".join(capfd.readouterr()) + "".join(
        record.getMessage() for record in caplog.records if "apprise" in record.name
    )
    assert not any(secret in out for secret in SECRETS)
    assert "apprise" not in {record.name.split(".")[0] for record in caplog.records}


def test_the_heart_beats_each_minute_while_all_lives(sink: Sink) -> None:
    heart = Heartbeat(f"http://127.0.0.1:{sink.port}/beat/TokenA123456")
    assert not heart.step(0.0), "nobody has said that anything lives"
    asked = []
    for at in range(200):
        if at < 130:
            heart.lives(float(at))
        if heart.step(float(at)):
            asked.append(at)
    assert asked == [0, 60, 120]
    assert PERIOD_S == 60
    assert len(sink.asked) == 3
    heart.lives(300.0)
    assert not heart.step(300.0 + FRESH_S + 1), "a watcher that hangs falls silent"


@pytest.mark.parametrize("way", ["500", "302"])
def test_a_heartbeat_that_is_not_taken_is_told_once_without_its_url(
    sink: Sink, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    heart = Heartbeat(f"http://127.0.0.1:{sink.port}/beat/TokenA123456")
    sink.way = way
    for at in (0.0, 60.0, 120.0):
        heart.lives(at)
        heart.step(at)
    sink.way = "ok"
    heart.lives(180.0)
    heart.step(180.0)
    told = [record.getMessage() for record in caplog.records if record.name == "mt5_sentinel"]
    assert told == [f"the heartbeat was not taken: HTTP status {way}"]
    assert len(sink.asked) == 4, "no redirect was followed"


@pytest.mark.parametrize(
    "url", ["http://example.org/TokenA123456", "ftp://127.0.0.1/x", "nonsense", "https://", "http://[/"]
)
def test_a_heartbeat_that_would_show_its_secret_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="alert_heartbeat_url: the value has to be an https URL") as told:
        Heartbeat(url)
    assert url not in str(told.value)
