"""What a letter tells together, what it is not held up by, and what has room whatever else is told."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel.alerting.channels import Channel
from mt5_sentinel.alerting.letters import GROUP_CHARS_MAX, Kind, Letter, Message
from mt5_sentinel.alerting.outbox import Outbox
from mt5_sentinel.alerting.postman import Postman
from mt5_sentinel.alerting.teller import HOUR_MAX
from mt5_sentinel.view.light import Level
from tests.python.alert_floor import NOW_S, Ear, box, shown
from tests.python.teller_desk import Desk, desk

__all__ = ["desk"]

SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY")
CHAT = "12345678"


def message(key: str, kind: Kind = "raise", level: Level = "bad", text: str = "stale", at_s: float = 60) -> Message:
    return Message(key, kind, level, text, NOW_S + at_s, NOW_S)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    one = box(tmp_path)
    yield one
    one.close()


@pytest.fixture
def telegram(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, str]]]:
    """The service as Apprise speaks to it: answers 400 to HTML that it cannot parse; statuses and texts."""
    plugin = pytest.importorskip("apprise.plugins.telegram")
    came: list[tuple[int, str]] = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            is_broken = asked.get("parse_mode") == "HTML" and re.search(r"<(?!/?b>)", asked["text"]) is not None
            came.append((400 if is_broken else 200, asked["text"]))
            body = json.dumps({"ok": not is_broken, "result": {}}).encode()
            self.send_response(came[-1][0])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    monkeypatch.setattr(plugin.NotifyTelegram, "notify_url", f"http://127.0.0.1:{server.server_port}/bot")
    yield came
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_signs_of_html_in_a_text_are_text(telegram: list[tuple[int, str]]) -> None:
    channel = Channel(1, f"tgram://123456789:abcdefg_hijklmnop-abcdefghijklmnopqr/{CHAT}/")
    fault = "internal_error: TypeError: '<' not supported between 'str' & 'int'"
    assert channel.send(Letter((1,), "bad", "a title", f"{fault}\nSince then")) is None
    ((status, text),) = telegram
    assert status == 200
    assert "&lt;" in text
    assert "\n" in text, "lines stay lines"


def run(postman: Postman, seconds: int) -> None:
    for at_s in range(seconds):
        postman.step(float(at_s))


def test_a_letter_that_is_refused_for_good_holds_up_no_other(outbox: Outbox) -> None:
    outbox.queue([message("loop", text="poison"), message("halt"), message("daemon")], [], NOW_S)
    ear = Ear()
    ear.refuses = lambda letter: "poison" in letter.body
    run(Postman(ear, outbox), 60)
    assert [one.title.split(": ", 1)[1] for one in ear.letters] == ["halt: BAD", "daemon: BAD", "alerts: note"]
    assert "refuses a message (not taken); it is set aside: mt5-sentinel on host: loop: BAD" in ear.letters[-1].body
    assert outbox.count("ear") == 0


def test_one_of_a_group_takes_no_other_with_it(outbox: Outbox) -> None:
    texts = {"EURUSD": "stale", "GBPUSD": "poison", "USDJPY": "stale"}
    outbox.queue([message(f"{symbol} data", text=text) for symbol, text in texts.items()], [], NOW_S)
    outbox.queue([message("halt")], [], NOW_S)
    ear = Ear()
    ear.refuses = lambda letter: "poison" in letter.body
    run(Postman(ear, outbox), 60)
    titles = [one.title.split(": ", 1)[1] for one in ear.letters]
    assert titles == ["halt: BAD", "EURUSD data: BAD", "USDJPY data: BAD", "alerts: note"]


@pytest.mark.parametrize("refuses", [True, False])
def test_an_endpoint_that_takes_nothing_loses_nothing(outbox: Outbox, *, refuses: bool) -> None:
    """A token that is wrong for an hour, or a network that is away."""
    outbox.queue([message("a"), message("b"), message("c")], [], NOW_S)
    ear = Ear()
    ear.fails, ear.refuses = not refuses, lambda _: refuses
    postman = Postman(ear, outbox)
    run(postman, 3600)
    assert outbox.count("ear") == 3
    ear.fails, ear.refuses = False, lambda _: False
    for at_s in range(3600, 7200):
        postman.step(float(at_s))
    assert sorted(one.title.split(": ", 1)[1] for one in ear.letters) == ["a: BAD", "b: BAD", "c: BAD"]


def test_what_is_the_same_of_several_symbols_is_one_letter(outbox: Outbox) -> None:
    outbox.queue([message(f"{symbol} data") for symbol in SYMBOLS], [], NOW_S)
    outbox.queue([message("EURUSD loop"), message("CHFJPY data", text="older")], [], NOW_S)
    ear = Ear()
    run(Postman(ear, outbox), 10)
    titles = [one.title.split(": ", 1)[1] for one in ear.letters]
    assert titles == ["data of 4 symbols: BAD", "EURUSD loop: BAD"]
    assert ear.letters[0].body.startswith("EURUSD, GBPUSD, USDJPY: stale\nSince")
    assert "\nCHFJPY: older\n" in ear.letters[0].body


def test_what_came_to_another_end_is_another_letter(outbox: Outbox) -> None:
    outbox.queue([message("EURUSD data"), message("GBPUSD data")], [], NOW_S)
    outbox.queue([message("GBPUSD data", "resolve", "ok", "fresh")], [], NOW_S)
    ear = Ear()
    run(Postman(ear, outbox), 10)
    titles = [one.title.split(": ", 1)[1] for one in ear.letters]
    assert titles == ["EURUSD data: BAD", "GBPUSD data: was BAD, is well again"]


def test_a_letter_is_bounded_and_the_rest_is_the_next(outbox: Outbox) -> None:
    outbox.queue([message(f"S{at} data", text=f"{at} " + "x" * 590) for at in range(30)], [], NOW_S)
    ear = Ear()
    run(Postman(ear, outbox), 40)
    assert sum(len(one.numbers) for one in ear.letters) == 30
    assert all(len(one.body) < GROUP_CHARS_MAX + 300 for one in ear.letters)


def test_many_symbols_leave_room(desk: Desk) -> None:
    names = ("loop", "data", "broker", "model")
    for _ in range(5):
        for level in ("bad", "ok"):
            desk.show([shown(level, name, f"S{at}") for name in names for at in range(30)], 160)
    assert desk.show([shown("bad", "halt", None)], 10)[0] == "halt raise bad"


@pytest.mark.parametrize("name", ["halt", "drawdown", "orders"])
def test_what_must_be_told_has_room_of_its_own(desk: Desk, name: str) -> None:
    others = [shown("bad", f"thing{at}") for at in range(80)]
    assert len(desk.show(others, 160)) == HOUR_MAX
    assert desk.show([*others, shown("bad", name)], 120) == [f"EURUSD {name} raise bad"]
