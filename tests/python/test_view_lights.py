"""Every light, both ways, and what it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from mt5_sentinel import process_place
from mt5_sentinel.view.lights import Level, Light, lights, worst
from tests.python.standing_place import BAR_S, NOW_S, Place, Places, place, places

__all__ = ["place", "places"]

NAMES = ["loop", "data", "model", "broker", "orders", "drift", "halt", "drawdown", "quota", "clock"]
WEEKEND_S = NOW_S + 3 * 86_400


def light(one: Place, name: str, now_s: float = NOW_S, symbol: str | None = None) -> Light:
    (found,) = [light for light in lights(one.look(now_s)) if light.name == name and symbol in (None, light.symbol)]
    return found


def test_all_is_well(place: Place) -> None:
    place.cycle()
    found = lights(place.look())
    assert [(light.name, light.level) for light in found] == [(name, "ok") for name in NAMES]
    assert [light.symbol for light in found] == ["EURUSD"] * 6 + [None] * 4
    assert worst(found) == "ok"


Setting = Callable[[Place], object]

CASES: dict[str, tuple[str, Level, str, Setting]] = {
    "source away": ("loop", "warn", "fetch_timeout: 503",
        lambda one: [one.failed(80.0 - at, reason="fetch_timeout", equity=1.0, bar_open_s=BAR_S) for at in (0, 60)]),
    "silent": ("loop", "bad", "no cycle has ended for 3 min", lambda one: one.cycle(200.0)),
    "one failure": ("loop", "warn", "source_down: 503", lambda one: one.failed()),
    "two failures": ("loop", "bad", "source_down: 503", lambda one: [one.failed(80.0), one.failed()]),
    "failed, then silent": ("loop", "bad", "no cycle has ended for 3 min", lambda one: one.failed(181.0)),
    "never a cycle": ("loop", "bad", "no cycle has ended for 60 min", lambda one: None),
    "just started": ("loop", "warn", "the first cycle has not ended yet", lambda one: one.desk(at_s=NOW_S - 5)),
    "stale": ("data", "bad", " 2 s more than the 75 min that", lambda one: one.cycle(bar_open_s=BAR_S - 4502)),
    "no bar": ("data", "bad", "no bar was brought yet", lambda one: one.cycle(bar_open_s=None)),
    "no bar yet": ("data", "warn", "no bar was brought yet", lambda one: one.desk(at_s=NOW_S - 5)),
    "hub away": ("model", "warn", "the hub failed (hub_down)", lambda one: one.cycle(hub_error="hub_down")),
    "not scored": ("model", "bad", "was not scored: hub_down",
        lambda one: [one.failed(), one.failed(reason="hub_down", stages_s={"features": 1.0, "score": 1.0})]),
    "not scored once": ("model", "warn", "was not scored: hub_down",
        lambda one: [one.cycle(80), one.failed(reason="hub_down", stages_s={"features": 1.0, "score": 1.0})]),
    "broker away": ("broker", "bad", "the broker's book was not read: gateway_down: 503", lambda one: [
        one.failed(80.0), one.failed(reason="gateway_down")]),
    "broker away once": ("broker", "warn", "was not read: source_down", lambda one: one.failed()),
    "broker not asked": ("broker", "warn", "was not asked yet", lambda one: one.desk(at_s=NOW_S - 5)),
    "unknown order": ("orders", "bad", "the fate of 2 orders is not known", lambda one: one.cycle(unknown_orders=2)),
    "guard": ("halt", "bad", "daemon: unsafe", lambda one: one.cycle(halted_because="daemon: unsafe")),
    "halted": ("halt", "bad", "risk: HALTED: kill_switch",
        lambda one: one.cycle(risk_state="HALTED", risk_because="kill_switch")),
    "reducing": ("halt", "warn", "risk: REDUCING: daily_loss",
        lambda one: one.cycle(risk_state="REDUCING", risk_because="daily_loss")),
    "near the drawdown": ("drawdown", "warn", "equity is 400.00 USD below", lambda one: one.cycle(drawdown_max=400.0)),
    "at the drawdown": ("drawdown", "bad", "500.00 halt", lambda one: one.cycle(drawdown_max=500.0)),
    "below the warning": ("drawdown", "ok", "equity is 399.00 USD", lambda one: one.cycle(drawdown_max=399.0)),
    "no drawdown": ("drawdown", "ok", "not known yet", lambda one: one.cycle(drawdown_max=None)),
    "nothing counted": ("quota", "ok", "nothing is counted", lambda one: one.desk(quota_units=0.0)),
    "clock ahead": ("clock", "warn", "2.5 s ahead of", lambda one: one.cycle(clock_skew_s=2.5)),
    "clock behind": ("clock", "warn", "3.0 s behind", lambda one: one.cycle(clock_skew_s=-3.0)),
    "clock near": ("clock", "ok", "1.0 s behind", lambda one: one.cycle(clock_skew_s=-1.0)),
    "no clock": ("clock", "ok", "no source tells the time", lambda one: one.cycle(clock_skew_s=None)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_light_says_what_is_wrong(place: Place, case: str) -> None:
    name, level, text, set_up = CASES[case]
    set_up(place)
    found = light(place, name)
    assert found.level == level
    assert text in found.text
    if level != "ok":
        assert worst(lights(place.look())) in ("bad", level)


@pytest.mark.parametrize(("units", "level"), [(799, "ok"), (800, "warn"), (999, "warn"), (1000, "bad")])
def test_the_quota(place: Place, units: int, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place.cycle()
    monkeypatch.setattr("mt5_sentinel.view.standing._quota_used", lambda *_: units)
    assert light(place, "quota").level == level
    assert f"{units} of 1000 units" in light(place, "quota").text


def test_a_closed_market_makes_nothing_late_and_no_broker_missed(place: Place) -> None:
    place.desk(at_s=WEEKEND_S - 90)
    place.cycle(20.0 - (WEEKEND_S - NOW_S), reason="market_closed", bar_open_s=None, equity=None)
    found = {light.name: light for light in lights(place.look(WEEKEND_S))}
    assert (found["data"].level, found["data"].text) == ("ok", "the market is closed")
    assert found["broker"].level == "warn"
    assert found["loop"].level == "ok"


def test_a_restart_is_not_blamed_for_the_time_before(place: Place) -> None:
    place.cycle(3000.0)
    assert light(place, "loop").level == "bad"
    place.desk(at_s=NOW_S - 30)
    assert light(place, "loop").level == "ok"
    assert light(place, "loop", NOW_S + 151).level == "bad"


def test_a_process_that_is_gone_is_told_before_its_silence_is(places: Places) -> None:
    if not process_place.here():
        pytest.skip("this system does not tell where a process id is valid")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(20)
    one = places().desk("EURUSD", "GBPUSD", pid=ended.pid, pid_place=process_place.here())
    one.cycle(20.0, "EURUSD")
    one.cycle(30.0, "GBPUSD")
    told = f"the daemon's process {ended.pid} is not there any more"
    for symbol in ("EURUSD", "GBPUSD"):
        found = light(one, "loop", symbol=symbol)
        assert (found.level, found.text) == ("warn", told), "it may be a restart"
    assert light(one, "loop", NOW_S + 41, "EURUSD").level == "bad"
    later = light(one, "loop", NOW_S + 300, "EURUSD")
    assert (later.level, later.text) == ("bad", f"{told}; no cycle has ended for 5 min")


def test_of_several_symbols_the_halted_ones_are_named(places: Places) -> None:
    one = places().desk("EURUSD", "GBPUSD")
    one.cycle(20.0, "EURUSD")
    one.cycle(20.0, "GBPUSD", halted_because="daemon: unsafe")
    assert light(one, "halt").text == "GBPUSD: daemon: unsafe"
    one.cycle(10.0, "EURUSD", halted_because="daemon: unsafe")
    assert light(one, "halt").text == "daemon: unsafe"


def test_the_worst_of_none_is_well() -> None:
    assert worst([]) == "ok"
    assert worst([Light("a", "warn", ""), Light("b", "bad", ""), Light("c", "ok", "")]) == "bad"


def test_the_gateways_halt_is_not_forgotten_while_it_is_away(place: Place) -> None:
    place.cycle(80.0, halted_because="gateway: its kill switch is on")
    place.failed(reason="gateway_timeout", stages_s={"book": 5.0})
    assert light(place, "halt").level == "bad"
    assert light(place, "halt").text == "gateway: its kill switch is on"
    place.cycle(10.0)
    assert light(place, "halt").level == "ok"


def test_a_halt_by_risk_is_of_the_account(places: Places) -> None:
    one = places().desk("EURUSD", "GBPUSD")
    one.cycle(80.0, "EURUSD")
    one.cycle(20.0, "GBPUSD", risk_state="HALTED", risk_because="kill_switch")
    assert light(one, "halt").text == "risk: HALTED: kill_switch"
    one.cycle(10.0, "EURUSD", halted_because="daemon: unsafe")
    assert light(one, "halt").text == "EURUSD: daemon: unsafe"


def test_the_quota_is_that_of_the_symbol_that_is_counted(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    one = places().desk("EURUSD", bars_source="gateway", quota_units=0.0)
    one.desk("GBPUSD")
    asked: list[str] = []

    def used(_: object, source: str, now_s: float) -> int:
        asked.append(source)
        return 1000

    monkeypatch.setattr("mt5_sentinel.view.standing._quota_used", used)
    found = light(one, "quota")
    assert (found.level, asked) == ("bad", ["eodhd"])
