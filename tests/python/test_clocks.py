"""The gate and the clocks through the binding: reasons and classes as the daemon sees them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured, Unusable

HOUR_S = 3600
DATE = "Wed, 24 Jun 2026 11:00:58 GMT"


def utc_s(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


def gate(bar: str, now: str, grace_s: int = 900) -> _core.FreshBar:
    calendar = _core.Calendar("EURUSD")
    return _core.check_fresh(calendar, newest_open_s=utc_s(bar), now_s=utc_s(now), interval_s=HOUR_S, grace_s=grace_s)


@pytest.mark.parametrize(
    ("bar", "now", "reason"),
    [
        ("2026-06-26 20:00", "2026-06-27 12:00", "market_closed"),
        ("2026-06-24 10:00", "2026-06-24 10:59", "forming_bar"),
        ("2026-06-26 20:00", "2026-06-28 21:00", "awaiting_bar"),
        ("2026-06-24 10:00", "2026-06-24 13:00", "stale"),
    ],
)
def test_each_refusal_has_its_reason(bar: str, now: str, reason: str) -> None:
    with pytest.raises(Unusable) as caught:
        gate(bar, now)
    assert caught.value.reason == reason


def test_only_the_gate_makes_what_is_decided_on() -> None:
    bar = gate("2026-06-24 10:00", "2026-06-24 11:00:58")
    assert (bar.open_s, bar.interval_s, bar.now_s) == (utc_s("2026-06-24 10:00"), HOUR_S, utc_s("2026-06-24 11:00:58"))
    policy = _core.Policy(threshold=0.6)
    decided = _core.decide([0.1, 0.2, 0.7], policy, bar, price_s=bar.now_s, decided_bar_s=None, position=None)
    assert (decided.action, decided.reason, decided.settles_bar) == ("BUY", "signal", True)
    again = _core.decide([0.1, 0.2, 0.7], policy, bar, price_s=bar.now_s, decided_bar_s=bar.open_s, position=None)
    assert (again.action, again.reason, again.settles_bar) == ("HOLD", "already_decided", False)
    with pytest.raises(TypeError):
        _core.FreshBar()
    with pytest.raises(Misconfigured, match="`stale_grace_s`"):
        gate("2026-06-24 10:00", "2026-06-24 11:00:58", -1)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Unusable) as caught:
        call()
    return caught.value.reason


def test_a_clock_two_hours_off_is_told() -> None:
    now_s = float(utc_s("2026-06-24 11:00:58"))
    assert _core.check_skew(now_s + 0.5, DATE, 30) == 0
    assert _core.check_skew(now_s, "soon", 30) is None
    assert refused(lambda: _core.check_skew(now_s + 7200, DATE, 30)) == "clock_skew"
    watch = _core.ClockWatch()
    assert watch.check(now_s, 0, 30) is None
    watch.note(DATE, 50.0)
    assert watch.skew_s(now_s + 60, 110.0) == 0
    for step_s in (7200, -7200):
        assert refused(lambda step_s=step_s: watch.check(now_s + 60 + step_s, 110.0, 30)) == "clock_skew"  # type: ignore[misc]


def test_a_brokers_clock_agrees_with_zoneinfo() -> None:
    """EET with Europe's rule is Athens; with the American one it is New York and seven hours."""
    athens, new_york = ZoneInfo("Europe/Athens"), ZoneInfo("America/New_York")
    eu, us = _core.BrokerClock(2 * HOUR_S, "eu"), _core.BrokerClock(2 * HOUR_S, "us")
    wrong = []
    for at_s in range(utc_s("2024-01-01 00:00"), utc_s("2028-01-01 00:00"), HOUR_S):
        moment = datetime.fromtimestamp(at_s, timezone.utc)
        in_athens, in_new_york = moment.astimezone(athens).utcoffset(), moment.astimezone(new_york).utcoffset()
        assert in_athens is not None
        assert in_new_york is not None
        if eu.offset_s(at_s) != in_athens.total_seconds():
            wrong.append(("eu", moment))
        if us.offset_s(at_s) != in_new_york.total_seconds() + 7 * HOUR_S:
            wrong.append(("us", moment))
    assert wrong == []


def test_a_measured_clock_shifts_a_series() -> None:
    clock = _core.BrokerClock.measured(3 * HOUR_S - 2, at_utc_s=utc_s("2026-07-01 12:00"), dst="eu")
    assert clock.standard_offset_s == 2 * HOUR_S
    walls = [utc_s(text) for text in ("2026-10-25 03:00", "2026-10-25 03:00", "2026-10-25 04:00")]
    assert clock.to_utc_series(walls) == [utc_s(f"2026-10-25 0{hour}:00") for hour in (0, 1, 2)]
    assert clock.to_utc(walls[1]) == utc_s("2026-10-25 00:00")
    with pytest.raises(Misconfigured, match="quarter"):
        _core.BrokerClock.measured(3 * HOUR_S + 100, at_utc_s=0, dst="eu")
    with pytest.raises(Misconfigured, match="`broker_dst`"):
        _core.BrokerClock(0, "EU")
