"""How long something has to last until it is told: over restarts, by bars, and for what comes and goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from mt5_sentinel.alerting.eyes import Eyes
from mt5_sentinel.alerting.letters import Message
from mt5_sentinel.alerting.matters import Matter
from mt5_sentinel.alerting.shown import Shown, SlowLight
from mt5_sentinel.alerting.steadiness import GAP_S, OFTEN_S
from mt5_sentinel.alerting.teller import MATTER_HOUR_MAX
from mt5_sentinel.types import DeskFacts, ModelFacts
from mt5_sentinel.view.light import Level, Light
from mt5_sentinel.view.pulse import Pulse
from tests.python.alert_floor import NOW_S, shown
from tests.python.standing_place import Place, Places, places
from tests.python.teller_desk import LOOK_S, Desk, desk

__all__ = ["desk", "places"]

WEEKEND_S = NOW_S + 3 * 86_400
CYCLE_S = 60.0


def dead(level: Level) -> list[Light]:
    return [shown(level, "daemon", None), shown("ok", "journal", None)]


def slow(level: Level, step_s: float = 3600.0) -> Light:
    return SlowLight("drift", level, "unusual", "EURUSD", step_s=step_s)


def minutes(desk: Desk, pattern: str, count: int, name: str = "loop") -> list[str]:
    """A light that is warned of in the minutes marked F."""
    told = []
    for at in range(count):
        fails = pattern[at % len(pattern)] == "F"
        told += desk.show([shown("warn" if fails else "ok", name, text="503" if fails else "cycles end")], CYCLE_S)
    return told


def test_a_daemon_that_dies_for_good_is_told_after_any_number_of_outages(desk: Desk) -> None:
    for _ in range(3):
        desk.show(dead("bad"), 180)
        desk.show(dead("ok"), 420)
    desk.show(dead("ok"), 100)
    assert desk.show(dead("bad"), 60) == ["daemon raise bad"]
    for _ in range(4):
        desk.show(dead("ok"), 100)
        desk.show(dead("bad"), 100)
    assert desk.told[-1].level == "bad"


@pytest.mark.parametrize("level", ["warn", "bad"])
@pytest.mark.parametrize("outages", range(1, 8))
def test_the_last_word_is_not_that_it_is_well_while_it_is_not(desk: Desk, level: Level, outages: int) -> None:
    for _ in range(outages):
        desk.show([shown("ok")], 160)
        desk.show([shown(level)], 160)
    assert desk.told[-1].level == level
    assert len(desk.told) <= MATTER_HOUR_MAX


def test_nor_where_others_filled_the_hour(desk: Desk) -> None:
    others = [shown("bad", f"thing{number}") for number in range(60)]
    desk.show([shown("bad", "broker")], 100)
    desk.show([shown("ok", "broker")], 100)
    desk.show([*others, shown("ok", "broker")], 100)
    assert [one.split()[:2] for one in desk.show([*others, shown("bad", "broker")], 100)] == [["EURUSD", "broker"]]


@pytest.mark.parametrize("name", ["loop", "model", "data", "broker"])
@pytest.mark.parametrize("pattern", ["FG", "FGG", "FGGG"])
def test_what_comes_and_goes_is_told_once_and_for_all(desk: Desk, name: str, pattern: str) -> None:
    assert minutes(desk, pattern, 60, name) == [f"EURUSD {name} raise warn"]
    assert desk.told[0].text == "503. It comes and goes: 5 times within half an hour"
    assert desk.told[0].began_s == NOW_S, "since the first of them"
    assert minutes(desk, "G", 10, name) == []
    assert minutes(desk, "G", 30, name) == [f"EURUSD {name} resolve ok"]
    assert desk.told[-1].text == "cycles end"


def test_a_daemon_that_dies_again_and_again_is_told(desk: Desk) -> None:
    told = []
    for _ in range(10):
        told += desk.show(dead("bad"), 30) + desk.show(dead("ok"), 90)
    assert told == ["daemon raise warn"]


def test_a_failure_now_and_then_is_no_alert(desk: Desk) -> None:
    assert minutes(desk, "FGGGGGGG", 120) == []
    assert minutes(desk, "FG", 120, "clock") == [], "what does not follow a cycle has waits of its own"


def test_an_outage_that_was_one_is_well_at_once(desk: Desk) -> None:
    assert minutes(desk, "F", 20) == ["EURUSD loop raise warn"]
    assert minutes(desk, "G", 3) == ["EURUSD loop resolve ok"]


def test_a_restart_does_not_end_what_comes_and_goes(desk: Desk) -> None:
    minutes(desk, "FG", 20)
    desk.restart()
    assert minutes(desk, "FG", 20) == []
    assert minutes(desk, "G", int(OFTEN_S / CYCLE_S) + 5) == ["EURUSD loop resolve ok"]


def test_since_is_when_it_began_not_when_it_was_told(desk: Desk) -> None:
    assert desk.show([shown("warn", "drift")], 7300) == ["EURUSD drift raise warn"]
    assert desk.told[0].began_s == NOW_S
    assert desk.told[0].at_s == NOW_S + 7200


@pytest.mark.parametrize("every_s", [50.0, 3000.0])
def test_restarts_of_this_process_hide_nothing(desk: Desk, every_s: float) -> None:
    for _ in range(int(8000 / every_s)):
        desk.show([slow("bad")], every_s)
        desk.restart()
    assert [one.kind for one in desk.told] == ["raise"]
    assert desk.told[0].began_s == pytest.approx(NOW_S, abs=1)
    assert desk.told[0].at_s == pytest.approx(NOW_S + 5400, abs=60)


def test_restarts_of_this_process_hide_no_end(desk: Desk) -> None:
    desk.show([shown("bad")], 200)
    for _ in range(4):
        desk.show([shown("ok")], 30)
        desk.restart()
    assert [one.kind for one in desk.told] == ["raise", "resolve"]


def test_what_was_not_looked_at_for_long_begins_anew(desk: Desk) -> None:
    desk.show([slow("bad")], 5000)
    desk.outbox.close()
    desk.at_s += GAP_S + 60
    desk.open()
    assert desk.show([slow("bad")], 5300) == []
    assert desk.show([slow("bad")], 200) == ["EURUSD drift raise bad"]


def test_little_is_written_and_nothing_of_what_is_well(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Sequence[Shown]] = []
    queue = desk.outbox.queue

    def note(messages: list[Message], matters: list[Matter], now_s: float, shown: Sequence[Shown] = ()) -> None:
        written.append(shown)
        queue(messages, matters, now_s, shown)

    monkeypatch.setattr(desk.outbox, "queue", note)
    desk.show([shown("ok"), shown("ok", "loop")], 3600)
    assert written == []
    desk.show([shown("warn", "drift")], 3600)
    assert 55 <= len(written) <= 62, "once a minute"
    desk.show([shown("ok", "drift")], 3600)
    assert desk.outbox.shown() == []


def test_two_cycles_by_the_other_model_are_told_within_two_minutes(desk: Desk) -> None:
    assert desk.show([shown("warn", "model")], 70) == []
    assert desk.show([shown("warn", "model")], 30) == ["EURUSD model raise warn"]


@pytest.mark.parametrize(("step_s", "after_s"), [(60.0, 3600), (3600.0, 5400), (14_400.0, 21_600)])
def test_one_unusual_bar_is_no_other_market(desk: Desk, step_s: float, after_s: float) -> None:
    assert desk.show([slow("bad", step_s)], after_s) == []
    assert desk.show([slow("bad", step_s)], 2 * LOOK_S) == ["EURUSD drift raise bad"]


def unlike(places: Places, interval: str = "1h") -> Place:
    model = ModelFacts("ab", "lightgbm", ranges={"a": (0.0, 1.0), "b": (0.0, 1.0)})
    return places().desk(model=model, interval=interval)


def alive(facts: DeskFacts) -> Pulse:
    return Pulse(True, "it answers", facts.pid, None)


def drift(one: Place, now_s: float = NOW_S) -> Light:
    (found,) = [light for light in Eyes(one.directory, alive).look(now_s, 0.0) if light.name == "drift"]
    return found


@pytest.mark.parametrize(("interval", "step_s"), [("1h", 3600.0), ("1m", 60.0)])
def test_the_wait_is_that_of_the_bars(places: Places, interval: str, step_s: float) -> None:
    one = unlike(places, interval)
    one.cycle(features=[3.0, 3.0])
    found = drift(one)
    assert (found.level, found.symbol) == ("bad", "EURUSD")
    assert msgspec.structs.asdict(found)["step_s"] == step_s


def test_a_closed_market_is_no_other_market(places: Places) -> None:
    one = unlike(places)
    one.cycle(features=[3.0, 3.0])
    one.desk(at_s=WEEKEND_S - 90, model=ModelFacts("ab", "lightgbm", ranges={"a": (0.0, 1.0), "b": (0.0, 1.0)}))
    one.cycle(NOW_S - WEEKEND_S + 20, reason="market_closed", bar_open_s=None, features=None, scores=None)
    found = drift(one, WEEKEND_S)
    assert (found.level, found.text) == ("ok", "the market is closed")


def test_an_outbox_of_before_is_read(tmp_path: Path) -> None:
    one = Desk(tmp_path)
    one.show([shown("bad")], 200)
    one.outbox._db.execute("DROP TABLE shown")
    one.restart()
    assert one.show([shown("ok")], 100) == ["EURUSD data resolve ok"]
    one.outbox.close()
