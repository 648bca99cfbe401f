"""PagerDuty through the real Apprise: each matter is an incident, which its end closes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.alerting import channels
from mt5_sentinel.alerting.channels import Channel
from mt5_sentinel.alerting.letters import Kind, Letter, Message
from mt5_sentinel.alerting.postman import Postman
from mt5_sentinel.view.light import Level
from tests.python.alert_floor import NOW_S, Sink, box

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")

URL = "pagerduty://integrationkey01@apikey01/"


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Any:
    plugin = pytest.importorskip("apprise.plugins.pagerduty")
    one = Sink()
    monkeypatch.setattr(plugin, "PAGERDUTY_API_LOOKUP", {"us": f"http://127.0.0.1:{one.port}/v2/enqueue"})
    yield one
    one.close()


def send_all(path: Path, messages: list[tuple[str, Kind, Level]], url: str = URL) -> None:
    channel = Channel(1, url)
    outbox = box(path, channel.key)
    postman = Postman(channel, outbox)
    for at_s, (key, kind, level) in enumerate(messages):
        outbox.queue([Message(key, kind, level, "a text", NOW_S + at_s, NOW_S)], [], NOW_S)
        while postman.step(float(at_s)):
            pass
    outbox.close()


def events(sink: Sink) -> list[tuple[str, str]]:
    return [(one["event_action"], one["dedup_key"].removeprefix("mt5-sentinel/host/")) for one in sink.taken]


@pytest.mark.parametrize("url", [URL, f"{URL}src/part?region=us&dedup=mine&action=trigger"])
def test_the_end_of_a_matter_closes_its_incident(sink: Sink, tmp_path: Path, url: str) -> None:
    told: list[tuple[str, Kind, Level]] = [
        ("EURUSD data", "raise", "bad"),
        ("halt", "raise", "bad"),
        ("EURUSD data", "ease", "warn"),
        ("EURUSD data", "resolve", "ok"),
    ]
    send_all(tmp_path, told, url)
    assert events(sink) == [
        ("trigger", "EURUSD data"),
        ("trigger", "halt"),
        ("trigger", "EURUSD data"),
        ("resolve", "EURUSD data"),
    ]
    assert [one["payload"]["severity"] for one in sink.taken[:3]] == ["critical", "critical", "warning"]


def test_two_symbols_are_two_incidents_though_they_are_one_letter_elsewhere(sink: Sink, tmp_path: Path) -> None:
    channel = Channel(1, URL)
    outbox = box(tmp_path, channel.key)
    outbox.queue([Message(f"{of} data", "raise", "bad", "a", NOW_S, NOW_S) for of in ("A", "B")], [], NOW_S)
    postman = Postman(channel, outbox)
    while postman.step(0.0):
        pass
    outbox.close()
    assert events(sink) == [("trigger", "A data"), ("trigger", "B data")]


def test_an_older_apprise_opens_no_incident_for_good_news(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(channels, "_closes", lambda _: False)
    caplog.set_level(logging.WARNING)
    channel = Channel(1, URL)
    assert "closes no incident" in caplog.text
    assert channel.send(Letter((1,), "ok", "a", "b", topic="t")) is None
    assert not sink.seen
    assert channel.send(Letter((1,), "bad", "a", "b", topic="t")) is None
    assert len(sink.seen) == 1


def test_a_test_opens_one(sink: Sink) -> None:
    assert Channel(1, URL).send(Letter((), "ok", "test", "b")) is None
    assert [one["event_action"] for one in sink.taken] == ["trigger"]
