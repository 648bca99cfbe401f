"""When something is told, and how often: by a clock that the test sets."""

from __future__ import annotations

import pytest

from mt5_sentinel.alerting import teller as rules
from mt5_sentinel.alerting.steadiness import CALM_S, HOLDS, Steadiness
from mt5_sentinel.alerting.teller import HOUR_MAX, MATTER_HOUR_MAX
from mt5_sentinel.view.light import Level
from tests.python.alert_floor import NOW_S, shown
from tests.python.teller_desk import Desk, desk

__all__ = ["desk"]


def test_one_failed_cycle_is_no_alert_and_two_minutes_of_it_are(desk: Desk) -> None:
    assert desk.show([shown("ok")], 300) == []
    assert desk.show([shown("bad")], 60) == []
    assert desk.show([shown("ok")], 300) == []
    assert desk.show([shown("bad")], 120) == ["EURUSD data raise bad"]
    assert desk.show([shown("bad")], 600) == []
    assert desk.show([shown("ok")], 60) == []
    assert desk.show([shown("ok")], 60) == ["EURUSD data resolve ok"]


@pytest.mark.parametrize("name", ["daemon", "journal", "halt", "drawdown", "loop", "data", "orders"])
def test_what_is_bad_is_told_within_two_minutes(desk: Desk, name: str) -> None:
    desk.show([shown("ok", name)], 100)
    assert [one.split()[-2:] for one in desk.show([shown("bad", name)], 110)] == [["raise", "bad"]]


def test_a_restart_of_the_daemon_is_no_alert(desk: Desk) -> None:
    desk.show([shown("ok", "daemon", None)], 100)
    assert desk.show([shown("bad", "daemon", None)], 40) == []
    assert desk.show([shown("ok", "daemon", None)], 300) == []


def test_an_unlike_market_is_told_after_hours_alone(desk: Desk) -> None:
    assert desk.show([shown("warn", "drift")], 7000) == []
    assert desk.show([shown("warn", "drift")], 300) == ["EURUSD drift raise warn"]


def test_worse_is_told_and_better_too(desk: Desk) -> None:
    assert desk.show([shown("warn")], 300) == ["EURUSD data raise warn"]
    assert desk.show([shown("bad")], 300) == ["EURUSD data raise bad"]
    assert desk.show([shown("warn")], 300) == ["EURUSD data ease warn"]
    assert desk.show([shown("ok")], 300) == ["EURUSD data resolve ok"]


def test_two_symbols_are_two_matters(desk: Desk) -> None:
    lights = [shown("bad", symbol="EURUSD"), shown("bad", symbol="GBPUSD")]
    assert desk.show(lights, 200) == ["EURUSD data raise bad", "GBPUSD data raise bad"]
    assert desk.show([lights[0], shown("ok", symbol="GBPUSD")], 200) == ["GBPUSD data resolve ok"]


def test_a_symbol_that_is_no_longer_traded_is_well(desk: Desk) -> None:
    desk.show([shown("bad", symbol="GBPUSD")], 200)
    assert desk.show([shown("ok", symbol="EURUSD")], 200) == ["GBPUSD data resolve ok"]
    assert "not looked at" in desk.told[-1].text


def test_what_stays_wrong_is_told_again(desk: Desk) -> None:
    assert desk.show([shown("bad")], 4 * 3600) == ["EURUSD data raise bad"]
    assert desk.show([shown("bad")], 200) == ["EURUSD data repeat bad"]
    assert desk.told[-1].began_s == desk.told[0].began_s


def test_a_dead_daemon_is_one_alert(desk: Desk) -> None:
    well = [shown("ok"), shown("ok", "daemon", None)]
    dead = [shown("bad"), shown("bad", "daemon", None)]
    desk.show(well, 100)
    assert desk.show(dead, 3600) == ["daemon raise bad"]
    assert desk.show(well, 300) == ["daemon resolve ok"]


def test_what_cannot_be_seen_is_not_called_well(desk: Desk) -> None:
    well, blind = shown("ok", "journal", None), shown("bad", "journal", None)
    assert desk.show([well, shown("bad", "daemon", None)], 100) == ["daemon raise bad"]
    desk.restart()
    assert desk.show([blind], 600) == ["journal raise bad"], "of the daemon nothing is known then"
    assert desk.show([well, shown("ok", "daemon", None)], 200) == ["journal resolve ok", "daemon resolve ok"]


def test_a_restart_neither_repeats_nor_forgets(desk: Desk) -> None:
    assert desk.show([shown("bad")], 200) == ["EURUSD data raise bad"]
    desk.restart()
    assert desk.show([shown("bad")], 600) == []
    desk.restart()
    assert desk.show([shown("ok")], 200) == ["EURUSD data resolve ok"]


def test_flapping_is_bounded_told_as_such_and_its_end_is_not_lost(desk: Desk) -> None:
    told = []
    for _ in range(12):
        told += desk.show([shown("bad")], 100) + desk.show([shown("ok")], 100)
    assert len(told) == MATTER_HOUR_MAX - 1
    assert told[-1] == "EURUSD data raise bad", "the last word is not that it is well"
    assert "It flaps: 4 changes within the hour" in desk.told[3].text
    assert desk.show([shown("ok")], 2 * 3600)[-1] == "EURUSD data resolve ok"
    assert "changes before this one were not told" in "".join(one.text for one in desk.told[len(told) :])
    assert "flaps" not in desk.told[0].text


def test_a_storm_is_bounded_and_keeps_room_for_what_is_bad(desk: Desk) -> None:
    warned = [shown("warn", f"thing{number}") for number in range(60)]
    assert len(desk.show(warned, 300)) == HOUR_MAX - rules.BAD_RESERVE
    halted = shown("bad", "halt", None)
    assert desk.show([*warned, halted], 60) == ["halt raise bad"]
    assert len(desk.show([*warned, halted], 3600)) == HOUR_MAX - rules.BAD_RESERVE, "the rest has room an hour later"


@pytest.mark.parametrize("step_s", [-1e8, 1e8])
def test_a_clock_that_steps_stops_nothing(desk: Desk, step_s: float) -> None:
    desk.show([shown("bad")], 200)
    again = desk.teller.hear([shown("bad")], NOW_S + desk.at_s + step_s, desk.at_s)
    assert [one.kind for one in again] == ["repeat"]
    assert desk.teller.hear([shown("bad")], NOW_S + desk.at_s + step_s + 10, desk.at_s + 10) == []


def test_a_small_step_back_repeats_nothing(desk: Desk) -> None:
    desk.show([shown("bad")], 200)
    assert desk.teller.hear([shown("bad")], NOW_S, desk.at_s) == []


def test_what_could_not_be_written_is_judged_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(desk.outbox, "queue", full)
        for _ in range(20):
            with pytest.raises(OSError, match="disk full"):
                desk.show([shown("bad")], 10)
            desk.at_s += 10
    assert desk.show([shown("bad")], 20) == ["EURUSD data raise bad"]


def test_a_level_counts_when_it_lasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HOLDS, "thing", (30.0, 60.0))
    steady = Steadiness()
    found: list[Level] = []
    runs: list[tuple[Level, int]] = [("bad", 8), ("warn", 2), ("ok", 12)]
    levels = [level for level, count in runs for _ in range(count)]
    level: Level = "ok"
    for at, seen in enumerate(levels):
        level = steady.level("thing", level, shown(seen, "thing"), NOW_S, at * 10.0)
        found.append(level)
    assert found[:3] == ["ok"] * 3
    assert found[3:6] == ["warn"] * 3, "being bad is being worse than ok too"
    assert found[6] == "bad"
    assert found[int(8 + CALM_S / 10)] == "ok"
    assert found[int(8 + CALM_S / 10) - 1] == "bad"
